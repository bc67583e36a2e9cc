#include "pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

/* -F: not for what fits the screen; -R: colours; -X: leave it on the screen. */
#define LESS_FLAGS "FRX"

/* What follows exec may be missing. */
static const char usual_pager[] =
    "command -v less >/dev/null && exec less; exec cat";

/* As the user has it; NULL for none. */
static const char *
pager_command(void)
{
	const char *command = getenv("PAGER");

	if (command == NULL)
		return usual_pager;
	return *command == '\0' || strcmp(command, "cat") == 0 ? NULL :
	    command;
}

/* The pager with the descriptor as its standard input; -1 without one. */
static pid_t
spawn(const char *command, int input)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, strdup(command),
	    NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	pid_t pid = -1;

	/* These fail for want of memory alone. */
	if (argv[2] == NULL || posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawnattr_init(&attributes) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, input,
	    STDIN_FILENO) != 0 || sigemptyset(&signals) != 0 ||
	    sigaddset(&signals, SIGINT) != 0 ||
	    sigaddset(&signals, SIGPIPE) != 0 ||
	    posix_spawnattr_setsigdefault(&attributes, &signals) != 0 ||
	    posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETSIGDEF) != 0)
		fatalx("out of memory (pager)");
	if (posix_spawn(&pid, "/bin/sh", &actions, &attributes, argv,
	    environ) != 0)
		pid = -1;
	(void)posix_spawnattr_destroy(&attributes);	/* cannot fail */
	(void)posix_spawn_file_actions_destroy(&actions);
	free(argv[2]);
	return pid;
}

/* Let standard output be the pager's input. */
static void
redirect(struct pager *pager, const char *command)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return;
	pager->terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	pager->pid = pager->terminal == -1 ? -1 : spawn(command, ends[0]);
	pager->is_running = pager->pid != -1 &&
	    dup2(ends[1], STDOUT_FILENO) != -1;
	(void)close(ends[0]);	/* the pager has them now */
	(void)close(ends[1]);
}

void
pager_start(struct pager *pager)
{
	const char *command = pager_command();

	*pager = (struct pager){ .is_running = false };
	if (command == NULL || !isatty(STDOUT_FILENO))
		return;
	/* Without memory for it, less does what it does without flags. */
	(void)setenv("LESS", LESS_FLAGS, 0);
	redirect(pager, command);
	if (!pager->is_running)
		return;
	/* These two can be ignored. */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
}

bool
pager_is_left(const struct pager *pager)
{
	return pager->is_running && ferror(stdout);
}

void
pager_stop(struct pager *pager)
{
	if (!pager->is_running)
		return;
	/* It may have been left before the end. */
	(void)fflush(stdout);
	(void)dup2(pager->terminal, STDOUT_FILENO);	/* both are open */
	(void)close(pager->terminal);
	clearerr(stdout);
	while (waitpid(pager->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	pager->is_running = false;
}
