#ifndef HOLD_H
#define HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"
#include "link.h"

struct crowd;
struct participant;

/*
 * What is measured while everybody holds a poll: changes in one session, each
 * answering all polls of that session, and the round trip of polls that are
 * answered at once, beside those which are held.
 */

enum { HOLD_PROBES = 1000 };	/* while nothing changes */

struct hold_figures {
	struct histogram round_ns;	/* from a change to its last answer */
	struct histogram spread_ns;	/* from its first answer to the last */
	struct histogram trip_ns;	/* while nothing changes */
	struct histogram trip_in_round_ns;	/* while answers go out */
};

struct hold {
	struct participant *changer;	/* with connections for both */
	struct hold_figures *figures;
	struct link prober;
	uint32_t rounds;		/* still to come */
	uint32_t probes;		/* likewise, behind them */
	bool	 is_changing;		/* a round is under way */
	bool	 is_probing;		/* a probe is */
	bool	 probed_in_round;	/* a round was, in its time */
	uint64_t next_round_ns;
	uint64_t next_probe_ns;
	uint64_t changed_ns;
	uint64_t first_ns;		/* answer of the round; 0: none yet */
	uint64_t last_ns;
	uint64_t asked_ns;
};

/* The prober speaks for changer; link_connect() is the caller's to do. */
void	 hold_init(struct hold *hold, struct participant *changer,
	    struct hold_figures *figures, int epoll_fd);
void	 hold_clear(struct hold *hold);

/* All polls are held now. */
void	 hold_begin(struct hold *hold, uint32_t rounds, uint64_t now_ns);
/* Do what is due.  -1: lost (logged). */
int	 hold_step(struct hold *hold, struct crowd *crowd, uint64_t now_ns)
	    __attribute__((warn_unused_result));
/* When hold_step() has something to do if nothing arrives before. */
uint64_t hold_due_ns(const struct hold *hold);
/* Whether all changes are over, so that only HOLD_PROBES probes are left. */
bool	 hold_only_probes(const struct hold *hold);
bool	 hold_is_over(const struct hold *hold);

/* A multicart came to a participant. */
void	 hold_take_multicart(struct hold *hold, uint64_t now_ns);
/* The prober's came. */
void	 hold_take_probe(struct hold *hold, uint64_t now_ns);

#endif
