#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One line an event on standard error, in front of it the priority that
 * journald understands (sd-daemon(3): "<6>").  Bytes outside printable ASCII
 * come out as \xHH, so that nothing from outside can forge a line.  May be
 * called from any thread; errno survives every call but the fatal ones.
 */

#define LOG_FORMAT(f, a) __attribute__((format(printf, f, a)))

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/* Lines of a higher number than level are dropped; LOG_LEVEL_INFO at first. */
void	 log_set_level(enum log_level level);
enum log_level log_level(void);
/*
 * For a program that people run: its name, which is kept, stands in front of
 * each line instead of the priority.
 */
void	 log_set_program(const char *name);
/*
 * Leave the priority out if standard error is a terminal: there people read,
 * and no journald.  To be called before there is another thread.
 */
void	 log_omit_priority_on_terminal(void);
/*
 * For a program that serves: from here on no line waits for whoever reads
 * standard error, a pipe, a socket or a terminal.  A line that does not go out
 * at once is lost, and the next one that does comes behind a line that says how
 * many were; the last error is kept, and comes behind that one.  To be called
 * once, before there is another thread.
 *
 * Files take their lines as ever: a disk that hangs keeps waiting who logs.  A
 * pipe or terminal of another user, which we may not open, is asked whether it
 * takes a line: that waits where another process fills it meanwhile, or where
 * a terminal has room for a part of the line only.
 */
void	 log_never_block(void);
/*
 * The program ends, and nothing is served any more: wait up to a second, if it
 * has to be, until what log_never_block() kept is out: the rest of a line, how
 * many were lost, and the last error, as it may say why the program ends.
 * fatal() and fatalx() do so by themselves.
 */
void	 log_finish(void);
/* How many lines were lost so far; one that is kept is not. */
uint64_t log_lost(void);
/*
 * Let SIGABRT log a line before it ends the process: libraries that cannot go
 * on end it so, without a word.  libuv does where no more can be watched
 * (epoll(7), max_user_watches); errno is in the line, as it is when that
 * happens.  The line waits for up to a second as log_finish() does, but alone:
 * a handler may not look at what was kept.
 */
void	 log_aborts(void);

/* log_warn appends strerror(errno), log_warnx does not. */
void	 log_warn(const char *format, ...) LOG_FORMAT(1, 2);
void	 log_warnx(const char *format, ...) LOG_FORMAT(1, 2);
void	 log_info(const char *format, ...) LOG_FORMAT(1, 2);
void	 log_debug(const char *format, ...) LOG_FORMAT(1, 2);

/*
 * Whether a line may come of which there is to be one a minute: *next_ms, 0 at
 * first, says when, and is moved on if so.  Both are of the same clock.
 */
bool	 log_is_due(uint64_t *next_ms, uint64_t now_ms);

/* The same two for what somebody has to act upon; the process goes on. */
void	 log_error(const char *format, ...) LOG_FORMAT(1, 2);
void	 log_errorx(const char *format, ...) LOG_FORMAT(1, 2);

/* Log an error and end the process with status 70 (EX_SOFTWARE). */
void	 fatal(const char *format, ...) LOG_FORMAT(1, 2)
	    __attribute__((noreturn));
void	 fatalx(const char *format, ...) LOG_FORMAT(1, 2)
	    __attribute__((noreturn));

#endif
