#ifndef PAGER_H
#define PAGER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Standard output through the program that PAGER names, "less -FRX" without
 * it, and straight where there is none; only if it is a terminal.  Until
 * pager_stop() an interrupt is the pager's, not ours.
 */
struct pager {
	bool	 is_running;
	pid_t	 pid;
	int	 terminal;	/* what standard output was */
};

/* Nothing may have been written to standard output yet. */
void	 pager_start(struct pager *pager);
/* Whether its reader has had enough: what is written further is lost. */
bool	 pager_is_left(const struct pager *pager);
/* Wait until it was read to the end; standard output is as it was. */
void	 pager_stop(struct pager *pager);

#endif
