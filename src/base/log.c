#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "hex.h"
#include "mutex.h"
#include "text.h"

/* What log_finish() and the line of an abort wait, in all. */
#define FINISH_US 1000000

/* Longer lines are cut; an escaped byte takes four. */
#define LINE_BYTES 1024
/* Between two lines that are the same but for a number. */
#define INTERVAL_MS 60000

/* A reload changes it while the storage thread logs; each line asks. */
static atomic_int log_max = LOG_LEVEL_INFO;
static const char *program;	/* NULL: lines begin with their priority, ... */
static bool has_priority = true; /* ... or with nothing */

/* How bytes get to standard error. */
enum sink {
	SINK_WAITS,		/* write() takes as long as it takes */
	SINK_SOCKET,		/* it may refuse a single call to wait */
	SINK_OURS,		/* the same pipe or terminal, opened by us */
	SINK_ASKED		/* not to be opened: asked before each write */
};

static enum sink sink = SINK_WAITS;
static int sink_fd = STDERR_FILENO;

/* Over what follows, which only sinks that never wait use. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char rest[LINE_BYTES];	/* of a line that got out in part */
static size_t rest_len;
static uint64_t lost;		/* lines, of which nobody was told */
static uint64_t lost_total;
static char last_error[LINE_BYTES];	/* kept for later, and not in lost */
static size_t last_error_len;

void
log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_max, (int)level, memory_order_relaxed);
}

enum log_level
log_level(void)
{
	return (enum log_level)atomic_load_explicit(&log_max,
	    memory_order_relaxed);
}

void
log_set_program(const char *name)
{
	program = name;
}

void
log_omit_priority_on_terminal(void)
{
	has_priority = isatty(STDERR_FILENO) == 0;
}

/* Escape text into line from offset n on and return the new length. */
static size_t
append_escaped(char *line, size_t n, const char *text)
{
	for (; *text != '\0' && n + 5 < LINE_BYTES; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c < 0x7f) {
			line[n++] = (char)c;
			continue;
		}
		line[n++] = '\\';
		line[n++] = 'x';
		hex_format(&c, 1, line + n);
		n += 2;
	}
	return n;
}

void
log_never_block(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) == -1 || S_ISREG(st.st_mode))
		return;
	sink = S_ISSOCK(st.st_mode) ? SINK_SOCKET : SINK_ASKED;
	if (sink == SINK_SOCKET)
		return;
	/* O_NONBLOCK on the description that we were given would be that of
	 * the shell's terminal too. */
	sink_fd = open("/proc/self/fd/2",
	    O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (sink_fd != -1)
		sink = SINK_OURS;
	else
		sink_fd = STDERR_FILENO;
}

/* Write what goes out at once; how much that was, and in errno why not more. */
static size_t
write_some(const char *bytes, size_t len)
{
	struct pollfd ready = { .fd = sink_fd, .events = POLLOUT };
	ssize_t n;

	errno = EAGAIN;		/* no call that succeeds changes it */
	if (sink == SINK_ASKED && poll(&ready, 1, 0) != 1)
		return 0;
	n = sink == SINK_SOCKET ?
	    send(sink_fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) :
	    write(sink_fd, bytes, len);
	return n > 0 ? (size_t)n : 0;
}

/* Complete the line that got out in part; false if it still is. */
static bool
write_rest(void)
{
	size_t n;

	if (rest_len == 0)
		return true;
	n = write_some(rest, rest_len);
	rest_len -= n;
	memmove(rest, rest + n, rest_len);
	return rest_len == 0;
}

/* Get a line out, or its beginning at least; false if nothing of it is. */
static bool
write_line(const char *line, size_t len)
{
	size_t n;

	if (!write_rest())
		return false;
	n = write_some(line, len);
	if (n == 0)
		return false;
	rest_len = len - n;
	memcpy(rest, line + n, rest_len);
	return true;
}

/* Begin a line of the level, and return its length so far. */
static size_t
begin_line(char line[LINE_BYTES], enum log_level level)
{
	if (program == NULL && !has_priority)
		return 0;
	if (program == NULL)
		return xsnprintf(line, LINE_BYTES, "<%d>", (int)level);
	return append_escaped(line, append_escaped(line, 0, program), ": ");
}

/* Say how many lines were lost before the next one that is not; with lock. */
static bool
write_lost_count(void)
{
	char line[LINE_BYTES], text[LINE_BYTES];
	size_t n = begin_line(line, LOG_LEVEL_WARNING);

	xsnprintf(text, sizeof(text), "log: %" PRIu64 " lines were lost: "
	    "nobody read them", lost);
	n = append_escaped(line, n, text);
	line[n++] = '\n';
	if (!write_line(line, n))
		return false;
	lost = 0;
	return true;
}

/* Get out what was kept; false if something still is.  With lock. */
static bool
write_kept(void)
{
	if (!write_rest() || (lost > 0 && !write_lost_count()))
		return false;
	if (last_error_len > 0 && !write_line(last_error, last_error_len))
		return false;
	last_error_len = 0;
	return rest_len == 0;
}

/* Only the last error is kept, in the place of the one before; with lock. */
static void
keep_or_lose(enum log_level level, const char *line, size_t len)
{
	bool is_kept = level == LOG_LEVEL_ERROR;

	if (!is_kept || last_error_len > 0) {
		lost++;
		lost_total++;
	}
	if (is_kept) {
		memcpy(last_error, line, len);
		last_error_len = len;
	}
}

static void
write_or_lose(enum log_level level, const char *line, size_t len)
{
	mutex_lock(&lock);
	if (!write_kept() || !write_line(line, len))
		keep_or_lose(level, line, len);
	mutex_unlock(&lock);
}

/*
 * Wait until the sink takes something, a signal comes, or end_us; false if the
 * sink never will, or end_us was before.
 */
static bool
wait_until_writable(uint64_t end_us)
{
	struct pollfd ready = { .fd = sink_fd, .events = POLLOUT };
	uint64_t now_us = clock_us();

	return now_us < end_us &&
	    (poll(&ready, 1, (int)((end_us - now_us) / 1000) + 1) != -1 ||
	    errno == EINTR) &&
	    (ready.revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

void
log_finish(void)
{
	uint64_t end_us = clock_us() + FINISH_US;
	int saved = errno;

	if (sink == SINK_WAITS)
		return;
	mutex_lock(&lock);
	while (!write_kept() && errno == EAGAIN && wait_until_writable(end_us))
		continue;
	mutex_unlock(&lock);
	errno = saved;
}

/* Of what stdio and the lock are for, nothing is safe in a signal handler. */
static void
on_abort(int number)
{
	static const char priority[] = "<3>";
	static const char begin[] = "aborted: the last error was: ";
	const char *error = strerrordesc_np(errno);
	uint64_t end_us = clock_us() + FINISH_US;
	char line[LINE_BYTES];
	size_t n = has_priority ? append_escaped(line, 0, priority) : 0;

	n = append_escaped(line, n, begin);
	n = append_escaped(line, n, error == NULL ? "unknown" : error);
	line[n++] = '\n';
	while (write_some(line, n) == 0 && errno == EAGAIN &&
	    wait_until_writable(end_us))
		continue;
	/* Its action is the default one again, and it waits for our return. */
	(void)raise(number);
}

void
log_aborts(void)
{
	struct sigaction action = {
		.sa_handler = on_abort,
		.sa_flags = (int)SA_RESETHAND,
	};

	/* Neither can fail. */
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGABRT, &action, NULL);
}

uint64_t
log_lost(void)
{
	uint64_t total;

	mutex_lock(&lock);
	total = lost_total;
	mutex_unlock(&lock);
	return total;
}

static void LOG_FORMAT(3, 0)
log_line(enum log_level level, int error, const char *format, va_list ap)
{
	char text[LINE_BYTES], line[LINE_BYTES];
	size_t n;

	if (level > log_level())
		return;
	if (vsnprintf(text, sizeof(text), format, ap) < 0)
		return;
	n = append_escaped(line, begin_line(line, level), text);
	if (error != 0) {
		n = append_escaped(line, n, ": ");
		n = append_escaped(line, n, strerror(error));
	}
	line[n++] = '\n';
	if (sink != SINK_WAITS)
		write_or_lose(level, line, n);
	/* Nowhere is left to report a log that cannot be written. */
	else if (write(STDERR_FILENO, line, n) == -1)
		return;
}

#define EMIT(level, error) do {						\
	int saved = errno;						\
	va_list ap;							\
	va_start(ap, format);						\
	log_line((level), (error), format, ap);				\
	va_end(ap);							\
	errno = saved;							\
} while (0)

void
log_warn(const char *format, ...)
{
	EMIT(LOG_LEVEL_WARNING, saved);
}

void
log_warnx(const char *format, ...)
{
	EMIT(LOG_LEVEL_WARNING, 0);
}

void
log_info(const char *format, ...)
{
	EMIT(LOG_LEVEL_INFO, 0);
}

void
log_debug(const char *format, ...)
{
	EMIT(LOG_LEVEL_DEBUG, 0);
}

void
log_error(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR, saved);
}

bool
log_is_due(uint64_t *next_ms, uint64_t now_ms)
{
	if (now_ms < *next_ms)
		return false;
	*next_ms = now_ms + INTERVAL_MS;
	return true;
}

void
log_errorx(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR, 0);
}

void
fatal(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR, saved);
	log_finish();
	exit(EX_SOFTWARE);
}

void
fatalx(const char *format, ...)
{
	EMIT(LOG_LEVEL_ERROR, 0);
	log_finish();
	exit(EX_SOFTWARE);
}
