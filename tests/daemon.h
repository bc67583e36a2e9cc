#ifndef DAEMON_H
#define DAEMON_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/*
 * The daemon as a child process, and a plain client of it.  Nothing here
 * waits for time to pass: a start is told by READY=1 on a socket of its own,
 * a log line by the line, an end by the end.  What goes wrong fails the test.
 */

enum {
	DAEMON_PATH_MAX = 256,
	DAEMON_ARGS_MAX = 16,
	DAEMON_LOG_MAX = 65536,		/* what is read of a log */
	DAEMON_NOTICE_MAX = 256,	/* for a service manager */
	FRAME_MAX = 65536		/* payload of a frame that is read */
};

/* The status of a process that a signal ended is this and the signal. */
#define DAEMON_SIGNALLED 256

struct daemon {
	pid_t	 pid;
	int	 notify;	/* its NOTIFY_SOCKET, at our end */
	int	 output;	/* what it prints and logs, at our end */
	char	 notice[DAEMON_NOTICE_MAX];	/* the latest, with a NUL */
	unsigned port;		/* once it is ready */
	char	 log[DAEMON_LOG_MAX];	/* what was read, with a NUL */
	size_t	 log_len;
};

/* A new directory for one test, and its end with all files in it. */
void	 directory_make(char path[DAEMON_PATH_MAX]);
void	 directory_remove(const char *path);
/* Names in it, sorted, each with a space behind; in memory of this function. */
const char *directory_list(const char *path);

/*
 * Run a program of the build with these arguments (the last is NULL); NULL is
 * the daemon itself, which then may be looked into.  Permissions count for it
 * even if we are root.
 */
void	 daemon_spawn(struct daemon *daemon, const char *program,
	    const char *const *args);
/* Wait until it serves clients. */
void	 daemon_await_ready(struct daemon *daemon);
/*
 * Both, with "-d DATABASE", no time to drain, the given arguments (or NULL) and
 * port 0; with a key in the directory made last, if the database is no file.
 */
void	 daemon_start(struct daemon *daemon, const char *database,
	    const char *const *args);
/*
 * Wait until it tells its service manager something with text, which is in
 * notice then; others are skipped.
 */
void	 daemon_await_notice(struct daemon *daemon, const char *text);
/* Skip all that it has told so far; returns how often it did. */
size_t	 daemon_skip_notices(struct daemon *daemon);
/* Wait until its log has text. */
void	 daemon_await_log(struct daemon *daemon, const char *text);
void	 daemon_signal(const struct daemon *daemon, int number);
/* Wait for its end; returns the exit status.  The log is whole then. */
int	 daemon_await_end(struct daemon *daemon);
/* Stop it with SIGTERM; returns the exit status. */
int	 daemon_stop(struct daemon *daemon);

size_t	 daemon_log_lines(const struct daemon *daemon);
/* Processor time that it has used so far. */
uint64_t daemon_cpu_ms(const struct daemon *daemon);
/* The RLIMIT_NOFILE that leaves it n descriptors. */
rlim_t	 daemon_descriptor_limit(const struct daemon *daemon, size_t n);

/* A frame of the daemon's (RFC 6455, section 5.2), with a NUL behind it. */
struct frame {
	int	 opcode;
	size_t	 len;
	char	 data[FRAME_MAX + 1];
};

/* Connect to port of this machine; a blocking socket. */
int	 client_connect(const struct daemon *daemon);
/* Connect to a UNIX-domain socket, likewise. */
int	 client_connect_unix(const char *path);
void	 client_send(int fd, const void *bytes, size_t len);
/*
 * Read the head of a response, without a byte of what follows, in memory of
 * this function.
 */
const char *client_read_head(int fd);
/* The same with the body that its Content-Length announces. */
const char *client_read_answer(int fd);
/* Read to the end of the connection, likewise. */
const char *client_read_rest(int fd);
/* A WebSocket for target. */
int	 client_open(const struct daemon *daemon, const char *target);
void	 client_send_text(int fd, const char *text);
void	 client_read_frame(int fd, struct frame *frame);
/* Read a text frame that has to hold event, behind other texts and pings. */
void	 client_await_event(int fd, const char *event, struct frame *frame);
/* The code of a close frame. */
unsigned frame_close_code(const struct frame *frame);

#endif
