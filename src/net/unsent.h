#ifndef UNSENT_H
#define UNSENT_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "deadline.h"

struct payload;

/*
 * What clients have begun to take and not taken to its end, over all
 * transports: messages and answers, whose bytes stay in memory for them.  Many
 * are sent the same bytes, which count once.  Together they have a budget, and
 * over it those go of which nothing was taken for longest; each has an absolute
 * deadline besides, however steadily it is taken.
 */
struct unsent;

/* All of them may change: unsent_configure(). */
struct unsent_settings {
	size_t	 max_bytes;	/* 0 for no limit */
	unsigned timeout_s;	/* 0 for never */
};

struct unsent_counts {
	size_t	 bytes;		/* now */
	uint64_t late;		/* ended for their deadline, ... */
	uint64_t crowded_out;	/* ... or for the budget */
};

/* One message or answer; embedded in what sends it, zero at first. */
struct unsent_item {
	struct deadline deadline;
	struct unsent *unsent;
	uint64_t moved_ms;	/* when it began, or was last seen to go on */
	uint64_t acked;		/* of the connection's bytes, then */
	int	 fd;
	struct payload *body;	/* a reference; NULL: nothing is being sent */
	/* The connection is to be ended; the item counts no longer.  Called
	 * from the loop, or for any item from within unsent_begin() and
	 * unsent_configure(). */
	void	(*cut)(struct unsent_item *item);
};

struct unsent *unsent_new(uv_loop_t *loop,
	    const struct unsent_settings *settings);
/* Take over the settings, also for what has begun. */
void	 unsent_configure(struct unsent *unsent,
	    const struct unsent_settings *settings);
/* Nothing may be under way.  The loop's close callbacks free the memory. */
void	 unsent_free(struct unsent *unsent);
void	 unsent_copy_counts(const struct unsent *unsent,
	    struct unsent_counts *counts);

/*
 * body begins to be sent on fd, which stays open until its end; item must not
 * be under way.
 */
void	 unsent_begin(struct unsent *unsent, struct unsent_item *item,
	    struct payload *body, int fd);
/* It is sent, or never will be; item need not be under way. */
void	 unsent_end(struct unsent_item *item);

#endif
