#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* How far long work is, in one line of a terminal; elsewhere nothing. */
struct progress {
	bool	 is_shown;	/* standard error is a terminal */
	uint64_t begun_ms;
	uint64_t next_ms;	/* when it may be drawn again */
};

void	 progress_begin(struct progress *progress);
/*
 * Draw it, if the last time was long enough ago: what is being done, how much
 * of it, how fast, and how long it will take.  done is at most total.
 */
void	 progress_show(struct progress *progress, const char *what,
	    uint64_t done, uint64_t total);
/* Wipe the line, for something else to be written. */
void	 progress_end(const struct progress *progress);

#endif
