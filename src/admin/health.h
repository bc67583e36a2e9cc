#ifndef HEALTH_H
#define HEALTH_H

#include <stdbool.h>
#include <stdint.h>

struct payload;

/* Whether this daemon is one to send clients to. */

enum health {
	HEALTH_READY,
	HEALTH_DRAINING,	/* it takes in nothing new: it stops */
	HEALTH_REFUSED,		/* the storage refused the last changes */
	HEALTH_STUCK,		/* the storage does not come back */
	HEALTH_UNREACHABLE	/* the database's server is not there */
};

enum {
	/* A refusal counts for so long if nobody tries again: a daemon that
	 * gets no clients would never find out that it works. */
	HEALTH_REFUSED_MS = 15000,
	/* The storage is stuck if a list of changes takes longer. */
	HEALTH_STUCK_MS = 5000
};

struct health_signs {
	bool	 is_draining;
	uint64_t now_us;	/* these are of the monotonic clock */
	uint64_t refused_us;	/* as in struct writer_counts */
	uint64_t busy_since_us;
	bool	 is_unreachable;	/* a database that is a server's */
};

enum health health_judge(const struct health_signs *signs);
/* It in JSON, with one reference. */
struct payload *health_format(enum health health)
	    __attribute__((warn_unused_result));

#endif
