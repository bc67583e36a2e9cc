#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "hold.h"
#include "participant.h"
#include "process.h"

struct plan;

/*
 * The load: sessions of participants who connect, join, send carts as planned
 * and are asked at the end what they hold.  It runs in one thread.
 */

struct load_result {
	bool	 verified;
	uint64_t elapsed_ns;		/* of what was counted */
	uint64_t client_cpu_us;		/* in that time, this process */
	struct process_usage server_empty;	/* before connections */
	struct process_usage server_before;	/* at the ends of that time */
	struct process_usage server_after;
	bool	 syscalls_counted;	/* the plan wanted it, and it went */
	uint64_t syscalls;		/* in that time; PLAN_HOLD: of probes */
	struct tally tally;
	struct hold_figures hold;
};

/*
 * Carry out the plan.  0, whether verified or not; -1 if it came to a halt: a
 * connection lost, the protocol broken, no progress (logged).
 */
int	 load_run(const struct plan *plan, struct load_result *result)
	    __attribute__((warn_unused_result));

#endif
