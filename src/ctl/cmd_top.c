#include "commands.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "ctl.h"
#include "daemon_request.h"
#include "top_figures.h"

enum { OPTION_JSON };

static const struct ctl_option command_options[] = {
	[OPTION_JSON] = { "json", NULL, "a JSON object, of one second" },
	{ .name = NULL },
};

/* Without a line that wraps, and without the cursor; and as it was. */
#define BEGIN_DRAWING "\033[?7l\033[?25l"
#define END_DRAWING "\033[?7h\033[?25h"
#define UP "\033[%dA"
#define REST_OF_LINE "\033[K"

enum {
	INTERVAL_US = 1000000,
	INTERRUPT = 3,		/* what the keys are then: ^C, ^D */
	END_OF_INPUT = 4
};

static volatile sig_atomic_t is_stopped;

static void
on_signal(int number)
{
	(void)number;
	is_stopped = 1;
}

/* What /metrics said, and when. */
struct reading {
	char	*text;		/* or NULL */
	uint64_t at_us;
};

static void
clear_reading(struct reading *reading)
{
	free(reading->text);
	reading->text = NULL;
}

static enum ctl_status
take_reading(const struct ctl *ctl, struct reading *reading)
{
	const struct daemon_request request = {
		.method = "GET",
		.target = "/metrics",
	};
	struct daemon_answer answer;
	enum ctl_status status = daemon_request_send(ctl, &request, &answer);

	if (status != CTL_OK)
		return status;
	reading->text = xstrdup(answer.body);
	reading->at_us = clock_us();
	daemon_answer_clear(&answer);
	return CTL_OK;
}

/*
 * Take another reading and make figures of it and the one before, if there is
 * one, whose place it takes.
 */
static enum ctl_status
read_figures(const struct ctl *ctl, struct reading *before,
    struct top_figures *figures)
{
	struct reading after = { .text = NULL };
	enum ctl_status status = take_reading(ctl, &after);
	const char *lacking;

	if (status != CTL_OK)
		return status;
	if (before->text == NULL)
		lacking = top_figures_read(figures, after.text, after.text, 1);
	else
		lacking = top_figures_read(figures, before->text, after.text,
		    (double)(after.at_us - before->at_us + 1) / 1e6);
	clear_reading(before);
	*before = after;
	return lacking == NULL ? CTL_OK : daemon_answer_malformed(lacking);
}

/* Wait for a second; false if a key or a signal says that it is enough. */
static bool
wait_for_next(const sigset_t *waiting)
{
	const struct timespec second = { .tv_sec = INTERVAL_US / 1000000 };
	struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };
	char c;

	if (is_stopped)
		return false;
	switch (ppoll(&key, 1, &second, waiting)) {
	case 0:
		return true;
	case -1:
		return errno == EINTR && !is_stopped;
	}
	/* Nobody types any more. */
	if (read(STDIN_FILENO, &c, 1) != 1)
		return false;
	return c != 'q' && c != 'Q' && c != INTERRUPT && c != END_OF_INPUT;
}

/* From the top of what was drawn before; each line to its end. */
static void
draw(const struct top_figures *figures, bool is_first)
{
	char *text, *line, *end;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		fatal("out of memory (figures)");
	top_figures_draw(out, figures);
	if (fclose(out) == EOF)
		fatal("out of memory (figures)");
	if (!is_first)
		(void)printf(UP, TOP_LINES);
	for (line = text; (end = strchr(line, '\n')) != NULL; line = end + 1)
		(void)printf("\r%.*s" REST_OF_LINE "\r\n",
		    (int)(end - line), line);
	(void)fflush(stdout);
	free(text);
}

static enum ctl_status
draw_until_stopped(const struct ctl *ctl, const sigset_t *waiting)
{
	struct reading before = { .text = NULL };
	struct top_figures figures;
	enum ctl_status status;
	bool is_first = true;

	do {
		status = read_figures(ctl, &before, &figures);
		if (status != CTL_OK)
			break;
		draw(&figures, is_first);
		is_first = false;
	} while (wait_for_next(waiting));
	clear_reading(&before);
	return status;
}

/* Signals come while we wait only, whose mask waiting is. */
static void
catch_signals(sigset_t *waiting)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	const struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;
	size_t i;

	(void)sigemptyset(&blocked);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		(void)sigaddset(&blocked, numbers[i]);
		(void)sigaction(numbers[i], &action, NULL);
	}
	(void)sigprocmask(SIG_BLOCK, &blocked, waiting);
}

/* Keys come one by one and are not shown; ^C is one, ^Z does nothing. */
static enum ctl_status
show_on_terminal(const struct ctl *ctl)
{
	struct termios original, keys;
	enum ctl_status status;
	sigset_t waiting;

	if (tcgetattr(STDIN_FILENO, &original) == -1 ||
	    isatty(STDOUT_FILENO) == 0)
		return ctl_usage_error("top: needs a terminal, or --json");
	catch_signals(&waiting);
	keys = original;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	(void)fputs(BEGIN_DRAWING, stdout);
	status = draw_until_stopped(ctl, &waiting);
	(void)fputs(END_DRAWING, stdout);
	(void)fflush(stdout);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &original);
	return status;
}

static enum ctl_status
show_json(const struct ctl *ctl)
{
	const struct timespec second = { .tv_sec = INTERVAL_US / 1000000 };
	struct reading before = { .text = NULL };
	enum ctl_status status = take_reading(ctl, &before);
	struct top_figures figures;

	if (status != CTL_OK)
		return status;
	(void)nanosleep(&second, NULL);	/* less is as good */
	status = read_figures(ctl, &before, &figures);
	if (status == CTL_OK)
		top_figures_write_json(stdout, &figures);
	clear_reading(&before);
	return status;
}

static enum ctl_status
run_top(const struct ctl *ctl)
{
	return ctl->values[OPTION_JSON] != NULL ? show_json(ctl) :
	    show_on_terminal(ctl);
}

const struct ctl_command cmd_top = {
	.words = "top",
	.operands = "",
	.options = command_options,
	.help = "show what the daemon does, once a second",
	.run = run_top,
};
