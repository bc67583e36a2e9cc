#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

const char suite_name[] = "log";

/* Longer than any line, shorter than what a pipe takes at once. */
enum { LONG = 4000 };

/* With the thread sanitizer every handler begins with another errno. */
enum { ERRNO_IS_OURS = !HAS_THREAD_SANITIZER };

/* Standard error while a test captures it. */
static int captured[2], original;

static void
capture_start(void)
{
	ck_assert_int_eq(pipe2(captured, O_CLOEXEC), 0);
	original = dup(STDERR_FILENO);
	ck_assert_int_ne(original, -1);
	ck_assert_int_eq(dup2(captured[1], STDERR_FILENO), STDERR_FILENO);
}

/* Undo that; returns what was written meanwhile, in memory of this function. */
static const char *
capture_end(void)
{
	static char text[LONG];
	size_t len = 0;
	ssize_t n;

	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	close(original);
	close(captured[1]);
	while ((n = read(captured[0], text + len,
	    sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	ck_assert_int_eq(n, 0);
	close(captured[0]);
	text[len] = '\0';
	ck_assert_uint_eq(strlen(text), len);
	return text;
}

START_TEST(each_kind_of_line_has_its_priority)
{
	log_set_level(LOG_LEVEL_DEBUG);
	capture_start();
	log_errorx("a %s", "wrong");
	log_warnx("b %d", 1);
	log_info("c");
	log_debug("d");

	ck_assert_str_eq(capture_end(),
	    "<3>a wrong\n<4>b 1\n<6>c\n<7>d\n");
}
END_TEST

START_TEST(warning_says_what_errno_means)
{
	capture_start();
	errno = ENOSPC;
	log_warn("disk %d", 7);
	errno = 0;
	log_warn("nothing");

	ck_assert_str_eq(capture_end(),
	    "<4>disk 7: No space left on device\n<4>nothing\n");
}
END_TEST

START_TEST(debug_lines_are_dropped_at_first)
{
	capture_start();
	log_debug("unseen");
	log_info("seen");

	ck_assert_str_eq(capture_end(), "<6>seen\n");
}
END_TEST

static const struct {
	enum log_level level;
	const char *seen;
} levels[] = {
	{ LOG_LEVEL_ERROR, "<3>e\n" },
	{ LOG_LEVEL_WARNING, "<3>e\n<4>w\n" },
	{ LOG_LEVEL_INFO, "<3>e\n<4>w\n<6>i\n" },
	{ LOG_LEVEL_DEBUG, "<3>e\n<4>w\n<6>i\n<7>d\n" },
};

enum { LEVELS = sizeof(levels) / sizeof(levels[0]) };

START_TEST(level_drops_what_matters_less)
{
	log_set_level(levels[_i].level);
	capture_start();
	log_errorx("e");
	log_warnx("w");
	log_info("i");
	log_debug("d");

	ck_assert_str_eq(capture_end(), levels[_i].seen);
}
END_TEST

START_TEST(errno_survives)
{
	log_set_level(LOG_LEVEL_ERROR);
	capture_start();
	errno = EBADF;
	log_errorx("said");
	ck_assert_int_eq(errno, EBADF);
	log_warn("dropped");
	ck_assert_int_eq(errno, EBADF);
	log_info("dropped");
	log_debug("dropped");

	ck_assert_int_eq(errno, EBADF);
	ck_assert_str_eq(capture_end(), "<3>said\n");
}
END_TEST

START_TEST(errno_survives_a_log_that_cannot_be_written)
{
	capture_start();
	close(STDERR_FILENO);
	errno = EAGAIN;
	log_warnx("lost");

	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_str_eq(capture_end(), "");
}
END_TEST

static const struct {
	const char *text;
	const char *line;
} escapes[] = {
	{ "", "<6>\n" },
	{ "plain ~!", "<6>plain ~!\n" },
	{ "two\nlines", "<6>two\\x0alines\n" },
	{ "\n<3>forged\n", "<6>\\x0a<3>forged\\x0a\n" },
	{ "\r\t\x1b[31m", "<6>\\x0d\\x09\\x1b[31m\n" },
	{ "\x01\x1f\x7f", "<6>\\x01\\x1f\\x7f\n" },
	/* C1 controls, a letter outside ASCII, bytes that are not UTF-8 */
	{ "\xc2\x9b\xc3\xa4\xff\x80", "<6>\\xc2\\x9b\\xc3\\xa4\\xff\\x80\n" },
	{ "100%s", "<6>100%s\n" },
};

enum { ESCAPES = sizeof(escapes) / sizeof(escapes[0]) };

START_TEST(one_event_is_one_line_of_printable_ascii)
{
	capture_start();
	log_info("%s", escapes[_i].text);

	ck_assert_str_eq(capture_end(), escapes[_i].line);
}
END_TEST

START_TEST(every_byte_is_printed_or_escaped)
{
	char byte[2] = { (char)_i, '\0' }, expected[16];

	if (_i >= ' ' && _i <= '~')
		snprintf(expected, sizeof(expected), "<4>%c\n", _i);
	else
		snprintf(expected, sizeof(expected), "<4>\\x%02x\n", _i);
	capture_start();
	log_warnx("%s", byte);

	ck_assert_str_eq(capture_end(), expected);
}
END_TEST

START_TEST(long_line_is_cut)
{
	char text[LONG];
	const char *line;
	size_t len;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	capture_start();
	log_info("%s", text);
	line = capture_end();

	len = strlen(line);
	ck_assert_uint_gt(len, 1000);
	ck_assert_uint_le(len, 1024);
	ck_assert_uint_eq(strspn(line + 3, "x"), len - 4);
	ck_assert_int_eq(line[len - 1], '\n');
}
END_TEST

/* Lines that begin with 0 to 7 characters, so that the cut falls anywhere. */
START_TEST(long_line_is_not_cut_within_an_escape)
{
	char text[LONG];
	const char *line;
	size_t len, lead = (size_t)_i;

	memset(text, '\n', sizeof(text) - 1);
	memset(text, 'x', lead);
	text[sizeof(text) - 1] = '\0';
	capture_start();
	errno = EIO;
	log_warn("%s", text);
	line = capture_end();

	len = strlen(line);
	ck_assert_uint_gt(len, 1000);
	ck_assert_uint_le(len, 1024);
	ck_assert_uint_eq((len - 3 - lead - 1) % 4, 0);
	ck_assert_str_eq(line + len - 5, "\\x0a\n");
}
END_TEST

/* Run end in a child; returns its wait status, and what it said in *said. */
static int
run_child(void (*end)(void), const char **said)
{
	int status;
	pid_t pid;

	capture_start();
	pid = fork();
	if (pid == 0) {
		errno = EMFILE;
		end();
		_exit(EX_OK);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	*said = capture_end();
	return status;
}

static void
end_with_errno(void)
{
	fatal("the %s", "end");
}

static void
end_without_errno(void)
{
	fatalx("the %s", "end");
}

/* Without a core dump, whatever this machine thinks of them. */
static void
expect_abort(void)
{
	const struct rlimit no_core = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &no_core);
	log_aborts();
	errno = EMFILE;
}

static void
end_by_abort(void)
{
	expect_abort();
	abort();
}

static void
end_by_signal(void)
{
	expect_abort();
	(void)kill(getpid(), SIGABRT);
}

static void (*const aborts[])(void) = { end_by_abort, end_by_signal };

START_TEST(abort_ends_the_process_with_a_line)
{
	const char *said;
	int status = run_child(aborts[_i], &said);

	ck_assert_str_eq(said,
	    "<3>aborted: the last error was: Too many open files\n");
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
END_TEST

START_TEST(fatal_error_ends_the_process_with_its_status)
{
	const char *said;
	int status;

	status = run_child(end_with_errno, &said);
	ck_assert_str_eq(said, "<3>the end: Too many open files\n");
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EX_SOFTWARE);

	status = run_child(end_without_errno, &said);
	ck_assert_str_eq(said, "<3>the end\n");
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EX_SOFTWARE);
}
END_TEST

/* What a program may be given for standard error: our end, its end. */

static void
make_pipe(int fds[2])
{
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
}

/* One end is closed, so that the other cannot be opened once more. */
static void
make_pipe_of_others(int fds[2])
{
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	fds[0] = -1;
}

static void
make_stream(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fds), 0);
}

static void
make_datagrams(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0,
	    fds), 0);
}

/* It takes what it has room for, be that a part of a line. */
static void
make_terminal(int fds[2])
{
	struct termios termios;

	fds[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ne(fds[0], -1);
	ck_assert_int_eq(grantpt(fds[0]), 0);
	ck_assert_int_eq(unlockpt(fds[0]), 0);
	fds[1] = open(ptsname(fds[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ne(fds[1], -1);
	ck_assert_int_eq(tcgetattr(fds[1], &termios), 0);
	cfmakeraw(&termios);
	ck_assert_int_eq(tcsetattr(fds[1], TCSANOW, &termios), 0);
}

static void (*const unread[])(int fds[2]) = {
	make_pipe, make_pipe_of_others, make_stream, make_datagrams,
	make_terminal,
};

enum {
	UNREAD = sizeof(unread) / sizeof(unread[0]),
	LINES_LOST = 3,
	LINES_MAX = 65536,
	LINES_OF_THREAD = 20000,
	THREAD_LINE = 300
};

/* Let standard error be of that kind for a program that serves; our end. */
static int
serve_into(void (*make)(int fds[2]))
{
	int fds[2];

	/* As in the daemon. */
	ck_assert(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	make(fds);
	original = dup(STDERR_FILENO);
	ck_assert_int_ne(original, -1);
	ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	close(fds[1]);
	log_never_block();
	if (fds[0] == -1)
		fds[0] = open("/proc/self/fd/2", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ne(fds[0], -1);
	return fds[0];
}

/* Lines of many lengths, also none that fit into what others leave. */
#define DOTS(i) ((i) * 37 % 900)

static void
log_line(unsigned i)
{
	char dots[900];

	memset(dots, '.', sizeof(dots));
	log_info("line %u %.*s", i, (int)DOTS(i), dots);
}

/* What was read of the log, and what it says. */
struct seen {
	char	 text[262144];	/* after the last newline */
	unsigned next;		/* number of the line that comes next */
	uint64_t told;		/* of lost lines */
};

/* Take a line: none is missing that is not told of, and each is whole. */
static void
see_line(struct seen *seen, const char *line)
{
	char expected[128];
	uint64_t n;
	unsigned i;

	if (sscanf(line, "<4>log: %" SCNu64, &n) == 1) {
		snprintf(expected, sizeof(expected), "<4>log: %" PRIu64
		    " lines were lost: nobody read them", n);
		ck_assert_str_eq(line, expected);
		seen->told += n;
		seen->next += (unsigned)n;
		return;
	}
	ck_assert_int_eq(sscanf(line, "<6>line %u ", &i), 1);
	ck_assert_uint_eq(i, seen->next++);
	ck_assert_uint_eq(strlen(strrchr(line, ' ') + 1), DOTS(i));
}

/* Read what is there, and wait if nothing is. */
static void
see(struct seen *seen, int fd)
{
	struct pollfd more = { .fd = fd, .events = POLLIN };
	char *line = seen->text, *end;
	size_t len = strlen(seen->text);
	ssize_t n;

	do {
		n = read(fd, seen->text + len, sizeof(seen->text) - len - 1);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
	} while (poll(&more, 1, 0) == 1);
	seen->text[len] = '\0';
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		see_line(seen, line);
	}
	memmove(seen->text, line, strlen(line) + 1);
}

static const struct {
	void	(*make)(int fds[2]);
	const char *lines;
	const char *aborted;
} sinks[] = {
	{ make_terminal, "why\n", "aborted: " },
	{ make_pipe, "<3>why\n", "<3>aborted: " },
	{ make_stream, "<3>why\n", "<3>aborted: " },
};

enum { SINKS = sizeof(sinks) / sizeof(sinks[0]) };

/* Read as much as expected says, which has to be that. */
static void
expect(int fd, const char *expected)
{
	size_t len = 0, end = strlen(expected);
	char text[LONG];
	ssize_t n;

	while (len < end) {
		n = read(fd, text + len, end - len);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
	}
	text[len] = '\0';
	ck_assert_str_eq(text, expected);
}

START_TEST(a_terminal_is_not_shown_priorities)
{
	int fd, status;
	pid_t pid;

	fd = serve_into(sinks[_i].make);
	log_omit_priority_on_terminal();
	log_errorx("why");
	expect(fd, sinks[_i].lines);
	pid = fork();
	if (pid == 0)
		end_by_abort();
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	expect(fd, sinks[_i].aborted);

	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}
END_TEST

START_TEST(lines_that_nobody_reads_are_lost_whole_and_told_later)
{
	static struct seen seen;
	unsigned written = 0;
	int fd = serve_into(unread[_i]);

	while (log_lost() < LINES_LOST && written < LINES_MAX)
		log_line(written++);
	ck_assert_uint_eq(log_lost(), LINES_LOST);
	while (seen.next < written) {
		if (seen.told < log_lost())
			log_line(written++);
		see(&seen, fd);
	}

	ck_assert_str_eq(seen.text, "");
	ck_assert_uint_ge(seen.told, LINES_LOST);
	ck_assert_uint_eq(seen.told, log_lost());
	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}
END_TEST

#define REASON "<3>the reason\n"

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) &&
	    strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* Read until the reason comes. */
static void *
read_to_the_reason(void *ctx)
{
	static char text[262144];
	const int *fd = ctx;
	size_t len = 0;
	ssize_t n;

	while (!ends_with(text, REASON)) {
		n = read(*fd, text + len, sizeof(text) - len - 1);
		ck_assert_int_gt(n, 0);
		len += (size_t)n;
	}
	return text;
}

/* Who begins to read when the program ends still learns why it does. */
START_TEST(last_error_gets_out_at_the_end)
{
	int fd = serve_into(make_pipe);
	pthread_t reader;
	void *text;

	/* Nothing is shorter. */
	while (log_lost() < LINES_LOST)
		log_info(".");
	log_errorx("an earlier one");
	log_errorx("the reason");
	log_info("stopped");

	ck_assert_int_eq(pthread_create(&reader, NULL, read_to_the_reason,
	    &fd), 0);
	log_finish();
	ck_assert_int_eq(pthread_join(reader, &text), 0);

	ck_assert(ends_with(text, "\n<4>log: 5 lines were lost: nobody read "
	    "them\n" REASON));
	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}
END_TEST

/* A line that comes after the error, when somebody reads, does not hide it. */
START_TEST(last_error_comes_before_the_next_line)
{
	static char text[262144];
	int fd = serve_into(make_pipe);
	ssize_t n;

	while (log_lost() < LINES_LOST)
		log_info(".");
	log_errorx("the reason");
	ck_assert_int_gt(read(fd, text, sizeof(text)), 0);
	log_info("stopped");
	log_finish();

	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	ck_assert_str_eq(text, "<4>log: 3 lines were lost: nobody read them\n"
	    REASON "<6>stopped\n");
	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}
END_TEST

static int read_on_signal;

static void
read_all(int number)
{
	static char text[262144];

	(void)number;
	(void)!read(read_on_signal, text, sizeof(text));
}

START_TEST(signal_does_not_cut_the_end_short)
{
	const struct itimerval soon = { .it_value.tv_usec = 50000 };
	const struct sigaction action = { .sa_handler = read_all };
	struct pollfd more = { .events = POLLIN };
	int fd = serve_into(make_pipe);

	while (log_lost() < LINES_LOST)
		log_info(".");
	log_errorx("the reason");
	read_on_signal = more.fd = fd;
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	log_finish();

	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_eq(poll(&more, 1, 0), 1);
	close(fd);
}
END_TEST

START_TEST(line_of_an_abort_waits_for_who_reads_it)
{
	static const char line[] =
	    "<3>aborted: the last error was: Too many open files\n";
	const struct itimerval soon = { .it_value.tv_usec = 50000 };
	const struct sigaction action = { .sa_handler = read_all };
	struct pollfd more = { .events = POLLIN };
	char text[LONG] = "";
	int fd = serve_into(make_pipe), status;
	pid_t pid;

	while (log_lost() < LINES_LOST)
		log_info(".");
	read_on_signal = more.fd = fd;
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	pid = fork();
	if (pid == 0) {
		(void)setitimer(ITIMER_REAL, &soon, NULL);
		end_by_abort();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);

	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	ck_assert_int_eq(poll(&more, 1, 0), 1);
	ck_assert_int_gt(read(fd, text, sizeof(text) - 1), 0);
	ck_assert(strcmp(text, line) == 0);	/* too long to be shown */
	close(fd);
}
END_TEST

/* It is always ready, and refuses everything. */
START_TEST(log_without_room_is_not_tried_for_a_second)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	clock_t began = clock();

	ck_assert_int_ne(fd, -1);
	original = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	log_never_block();
	log_errorx("the reason");
	errno = EMFILE;
	log_finish();

	ck_assert_int_eq(errno, EMFILE);
	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	ck_assert_int_lt(clock() - began, CLOCKS_PER_SEC / 4);
}
END_TEST

START_TEST(end_comes_although_nobody_reads)
{
	int fd = serve_into(make_pipe);

	while (log_lost() < LINES_LOST)
		log_errorx(".");

	log_finish();

	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}
END_TEST

START_TEST(what_the_shell_gave_us_still_waits_for_others)
{
	int fd = serve_into(unread[_i]);

	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}
END_TEST

START_TEST(file_takes_every_line)
{
	char text[64] = "";
	FILE *file = tmpfile();

	ck_assert_ptr_nonnull(file);
	original = dup(STDERR_FILENO);
	ck_assert_int_eq(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
	log_never_block();
	log_info("one");
	log_info("two");
	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);

	rewind(file);
	ck_assert_uint_eq(fread(text, 1, sizeof(text) - 1, file), 14);
	ck_assert_str_eq(text, "<6>one\n<6>two\n");
	fclose(file);
}
END_TEST

START_TEST(log_that_is_closed_keeps_nobody)
{
	original = dup(STDERR_FILENO);
	close(STDERR_FILENO);
	log_never_block();
	log_info("unseen");

	ck_assert_uint_eq(log_lost(), 0);
	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
}
END_TEST

static void *
log_many(void *arg)
{
	unsigned i;

	for (i = 0; i < LINES_OF_THREAD; i++)
		log_info("%s", (const char *)arg);
	return NULL;
}

/* Log from two threads at once, and then that it is done. */
static void *
log_both(void *arg)
{
	static char a[THREAD_LINE + 1], b[THREAD_LINE + 1];
	pthread_t threads[2];
	uint64_t before;

	memset(a, 'a', THREAD_LINE);
	memset(b, 'b', THREAD_LINE);
	ck_assert_int_eq(pthread_create(&threads[0], NULL, log_many, a), 0);
	ck_assert_int_eq(pthread_create(&threads[1], NULL, log_many, b), 0);
	ck_assert_int_eq(pthread_join(threads[0], NULL), 0);
	ck_assert_int_eq(pthread_join(threads[1], NULL), 0);
	do {
		before = log_lost();
		log_info("end");
	} while (log_lost() > before);
	return arg;
}

/* For the thread sanitizer, which sees what goes wrong once in a year. */
START_TEST(a_level_changes_while_another_thread_logs)
{
	static char a[] = "a";
	pthread_t thread;
	unsigned i;

	capture_start();
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_eq(pthread_create(&thread, NULL, log_many, a), 0);
	for (i = 0; i < LINES_OF_THREAD; i++)
		log_set_level(i % 2 == 0 ? LOG_LEVEL_WARNING :
		    LOG_LEVEL_ERROR);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(log_level(), LOG_LEVEL_ERROR);
	ck_assert_str_eq(capture_end(), "");
}
END_TEST

START_TEST(lines_of_two_threads_do_not_mix)
{
	char line[THREAD_LINE + 16];
	int fd = serve_into(make_terminal);
	FILE *file = fdopen(fd, "r");
	pthread_t thread;
	uint64_t n;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(pthread_create(&thread, NULL, log_both, NULL), 0);
	for (;;) {
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), file));
		if (strcmp(line, "<6>end\n") == 0)
			break;
		if (sscanf(line, "<4>log: %" SCNu64, &n) == 1)
			continue;
		ck_assert_uint_eq(strlen(line), THREAD_LINE + 4);
		ck_assert_uint_eq(strspn(line + 3, line[3] == 'a' ? "a" : "b"),
		    THREAD_LINE);
	}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);

	ck_assert_int_eq(dup2(original, STDERR_FILENO), STDERR_FILENO);
	fclose(file);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, abort_ends_the_process_with_a_line, 0,
	    2 * ERRNO_IS_OURS);
	tcase_add_loop_test(tc, line_of_an_abort_waits_for_who_reads_it, 0,
	    ERRNO_IS_OURS);
	tcase_add_test(tc, each_kind_of_line_has_its_priority);
	tcase_add_test(tc, warning_says_what_errno_means);
	tcase_add_test(tc, debug_lines_are_dropped_at_first);
	tcase_add_loop_test(tc, level_drops_what_matters_less, 0, LEVELS);
	tcase_add_test(tc, errno_survives);
	tcase_add_test(tc, errno_survives_a_log_that_cannot_be_written);
	tcase_add_loop_test(tc, one_event_is_one_line_of_printable_ascii, 0,
	    ESCAPES);
	tcase_add_loop_test(tc, every_byte_is_printed_or_escaped, 1, 256);
	tcase_add_test(tc, long_line_is_cut);
	tcase_add_loop_test(tc, long_line_is_not_cut_within_an_escape, 0, 8);
	tcase_add_test(tc, fatal_error_ends_the_process_with_its_status);
	tcase_add_loop_test(tc, a_terminal_is_not_shown_priorities, 0, SINKS);
	tcase_add_loop_test(tc,
	    lines_that_nobody_reads_are_lost_whole_and_told_later, 0, UNREAD);
	tcase_add_test(tc, last_error_gets_out_at_the_end);
	tcase_add_test(tc, last_error_comes_before_the_next_line);
	tcase_add_test(tc, signal_does_not_cut_the_end_short);
	tcase_add_test(tc, log_without_room_is_not_tried_for_a_second);
	tcase_add_test(tc, end_comes_although_nobody_reads);
	tcase_add_loop_test(tc, what_the_shell_gave_us_still_waits_for_others,
	    0, UNREAD);
	tcase_add_test(tc, file_takes_every_line);
	tcase_add_test(tc, log_that_is_closed_keeps_nobody);
	tcase_add_test(tc, a_level_changes_while_another_thread_logs);
	tcase_add_test(tc, lines_of_two_threads_do_not_mix);
}
