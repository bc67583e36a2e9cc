#include "commands.h"

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
	INTERVAL_MS = 1000,
	END_OF_INPUT = 4	/* what the key ^D is then */
};

static struct termios original;

static void
restore_terminal(void)
{
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &original);
	(void)!write(STDOUT_FILENO, END_DRAWING, sizeof(END_DRAWING) - 1);
}

/* Also in the middle of a request, which a daemon may not answer for long. */
static void
on_signal(int number)
{
	(void)number;
	restore_terminal();
	_exit(CTL_OK);
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

/* Wait for a second; false if a key says that it is enough. */
static bool
wait_for_next(void)
{
	struct pollfd key = { .fd = STDIN_FILENO, .events = POLLIN };
	char c;

	if (poll(&key, 1, INTERVAL_MS) <= 0)
		return true;
	/* Nobody types any more. */
	if (read(STDIN_FILENO, &c, 1) != 1)
		return false;
	return c != 'q' && c != 'Q' && c != END_OF_INPUT;
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
draw_until_stopped(const struct ctl *ctl)
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
	} while (wait_for_next());
	clear_reading(&before);
	return status;
}

static void
catch_signals(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = on_signal };
	size_t i;

	(void)sigfillset(&action.sa_mask);
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaction(numbers[i], &action, NULL);
}

/* Keys come one by one and are not shown; ^Z and ^\\ do nothing. */
static enum ctl_status
show_on_terminal(const struct ctl *ctl)
{
	enum ctl_status status;
	struct termios keys;

	if (tcgetattr(STDIN_FILENO, &original) == -1 ||
	    isatty(STDOUT_FILENO) == 0)
		return ctl_usage_error("top: needs a terminal, or --json");
	catch_signals();
	keys = original;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	keys.c_cc[VSUSP] = _POSIX_VDISABLE;
	keys.c_cc[VQUIT] = _POSIX_VDISABLE;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &keys);
	(void)fputs(BEGIN_DRAWING, stdout);
	status = draw_until_stopped(ctl);
	(void)fflush(stdout);
	restore_terminal();
	return status;
}

static enum ctl_status
show_json(const struct ctl *ctl)
{
	const struct timespec second = { .tv_sec = INTERVAL_MS / 1000 };
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
