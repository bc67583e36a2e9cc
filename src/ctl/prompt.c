#include "prompt.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Wait for an answer; false if a signal comes first. */
static bool
wait_for_answer(const sigset_t *signals)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signalfd(-1, signals, SFD_CLOEXEC), .events = POLLIN },
	};
	int n = poll(fds, sizeof(fds) / sizeof(fds[0]), -1);

	if (fds[1].fd != -1)
		(void)close(fds[1].fd);	/* nothing was written to it */
	return n > 0 && fds[1].revents == 0;
}

bool
prompt_is_yes(const sigset_t *signals)
{
	char answer[16] = "";

	if (signals != NULL && !wait_for_answer(signals))
		return false;
	return fgets(answer, sizeof(answer), stdin) != NULL &&
	    (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0);
}
