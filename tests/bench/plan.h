#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "link.h"
#include "stream.h"

/*
 * What is to be done, as the command line says it, and what follows from it for
 * the connections.
 */

enum plan_mode {
	PLAN_CLOSED,		/* one sends when its last came back */
	PLAN_RATE,		/* at fixed times, whatever comes back */
	PLAN_IDLE,		/* only connect and hold */
	PLAN_JOIN,		/* connect, join, one cart each, and hold */
	PLAN_HOLD		/* likewise over HTTP, and then ask: hold.h */
};

struct plan {
	enum plan_mode mode;
	enum transport transport;
	uint32_t sessions;
	uint32_t session_size;		/* participants in each */
	uint32_t watchers;		/* more polls in each */
	uint32_t rounds;		/* of PLAN_HOLD */
	size_t	 message_bytes;		/* of an update over nchan */
	size_t	 cart_bytes;
	double	 rate;			/* updates/s a session, PLAN_RATE */
	uint64_t warmup_ns;
	uint64_t duration_ns;
	uint64_t updates;		/* end after as many; 0: by duration */
	pid_t	 pid;			/* the server's; 0: no figures of it */
	bool	 counts_syscalls;	/* that it makes */
	struct stream_target target;
	char	 host[256];		/* as the handshake says it */
	char	 base_path[128];	/* ends in a slash */
	const char *prefix;		/* of session ids */
	const char *subprotocol;
};

/* How many receive, and how many connections all have together. */
uint64_t plan_receivers(const struct plan *plan);
uint64_t plan_connections(const struct plan *plan);

/* Which connections the i-th participant has. */
enum link_width plan_width(const struct plan *plan, uint32_t i);
/* Where it connects from and to, for this session. */
struct link_place plan_place(const struct plan *plan, uint32_t i,
	    const char *session);

#endif
