#ifndef HUB_CONFIG_H
#define HUB_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "quota.h"
#include "session/session.h"

struct shops;

/* What stays as it is while the hub lives. */
struct hub_config {
	struct id_key key;		/* of tokens */
	struct id_key seed;		/* of ids and salts: random */
	int64_t	 session_row;		/* the highest given before */
	int64_t	 customer_row;
	bool	 has_locked;		/* sessions: the storage has some */
	struct quota *quota;		/* of addresses; outlives the hub, ... */
	const struct shops *shops;	/* ... as these, which have those of */
					/* all peers; configured before it is */
};

/* What may change: hub_configure(). */
struct hub_settings {
	struct session_limits limits;
	size_t	 max_sessions;		/* that somebody takes part in; 0: */
					/* no limit */
	unsigned message_rate;		/* a second and peer; 0: no limit */
	unsigned message_burst;
	struct quota_writes session_writes;
	uint64_t min_free_bytes;	/* see disk_space.h; 0: none */
	uint64_t join_timeout_ms;	/* of strangers; 0: never */
	uint64_t absence_window_ms[2];	/* without a token, with one */
	uint64_t poll_presence_ms;	/* after a request; 0: for good */
	uint64_t presence_grace_ms;	/* of presenceUpdate; 0: for good */
	size_t	 max_say;		/* bytes of one; 0: no limit */
	size_t	 max_said;		/* of all that is kept; likewise */
	unsigned say_rate;		/* a second and customer; likewise */
	unsigned say_burst;
	uint64_t session_output_rate;	/* bytes a second; 0: no limit */
	size_t	 max_held_polls;	/* of a customer; 0: no limit */
	size_t	 max_customer_connections;	/* likewise; WebSockets */
	uint64_t session_ttl_ms;	/* 0: sessions never end */
	uint64_t lock_time_ms;		/* of a locked one; 0: for ever */
	uint64_t journal_retention_ms;	/* of bodies; 0: for ever */
	uint64_t audit_retention_ms;	/* of rows; 0: for ever */
	uint64_t clock_grace_ms;	/* see wall_clock.h; 0: none */
	uint64_t log_head_ms;		/* between two lines; 0: none */
	bool	 require_tokens;
};

#endif
