#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"

const char suite_name[] = "log";

/* Longer than any line, shorter than what a pipe takes at once. */
enum { LONG = 4000 };

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

void
suite_add(TCase *tc)
{
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
}
