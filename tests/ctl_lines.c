#include <err.h>
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"

/*
 * ctl_lines: runs buddyshoppingctl for each command line that comes in, for
 * tests that have thousands: all in this process.  Behind each word is a NUL,
 * and one more behind the line.  What comes out is "STATUS SIZE SIZE\n", what
 * was printed, and what was complained of: standard error has to be a file that
 * can be read, in which is left what ended the process, if anything did.
 */

enum {
	WORDS_MAX = 64
};

struct line {
	int	 argc;
	char	*argv[WORDS_MAX + 1];
};

static void
add_word(struct line *line, const char *word)
{
	if (line->argc == WORDS_MAX)
		errx(1, "more than %d words", WORDS_MAX);
	line->argv[line->argc++] = xstrdup(word);
	line->argv[line->argc] = NULL;
}

static void
clear_line(struct line *line)
{
	while (line->argc > 0)
		free(line->argv[--line->argc]);
}

/* Returns -1 when no more lines come. */
static int
read_line(struct line *line)
{
	char *word = NULL;
	size_t room = 0;
	int result = -1;

	add_word(line, "buddyshoppingctl");
	while (getdelim(&word, &room, '\0', stdin) > 0) {
		if (*word == '\0') {
			result = 0;
			break;
		}
		add_word(line, word);
	}
	free(word);
	return result;
}

static off_t
size_of(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size == -1)
		err(1, "lseek");
	return size;
}

/* Pass on what is in a file, and empty it. */
static void
pass_on(int fd, int answers)
{
	off_t size = size_of(fd), at = 0;

	while (at < size)
		if (sendfile(answers, fd, &at, (size_t)(size - at)) == -1)
			err(1, "sendfile");
	if (ftruncate(fd, 0) == -1 || lseek(fd, 0, SEEK_SET) == -1)
		err(1, "ftruncate");
}

static void
run_line(const struct line *line, int answers)
{
	struct line moved = *line;	/* by who reads options */
	int status = ctl_run(commands, moved.argc, moved.argv);

	if (fflush(stdout) == EOF)
		err(1, "fflush");
	if (dprintf(answers, "%d %jd %jd\n", status,
	    (intmax_t)size_of(STDOUT_FILENO),
	    (intmax_t)size_of(STDERR_FILENO)) == -1)
		err(1, "write");
	pass_on(STDOUT_FILENO, answers);
	pass_on(STDERR_FILENO, answers);
}

int
main(void)
{
	struct line line = { .argc = 0 };
	int answers = dup(STDOUT_FILENO);
	int printed = memfd_create("printed", MFD_CLOEXEC);

	if (answers == -1 || printed == -1 ||
	    dup2(printed, STDOUT_FILENO) == -1)
		err(1, "standard output");
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		errx(1, "there is no C.UTF-8");
	while (read_line(&line) == 0) {
		run_line(&line, answers);
		clear_line(&line);
	}
	clear_line(&line);
	return 0;
}
