#ifndef HUB_COUNTS_H
#define HUB_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outbox.h"
#include "quota.h"
#include "session/refusal.h"
#include "wire/message.h"
#include "wire/ticket.h"

/* What became of a message, as far as that is known before it is on disk. */
enum hub_judgement {
	HUB_ACCEPTED,
	HUB_STALE,		/* its seq was not higher than the last one */
	HUB_REFUSED,
	HUB_JUDGEMENTS
};

/* What a hub has done since it was made, and what it has now. */
struct hub_counts {
	uint64_t messages[MESSAGE_EVENTS][HUB_JUDGEMENTS];
	uint64_t refusals[REFUSALS];	/* errors told, by their code */
	uint64_t refused_tickets[TICKET_FAULTS];
	uint64_t limited_messages;	/* refused, or left waiting, for */
					/* message-rate, ... */
	uint64_t limited_sessions;	/* ... refused for new-session-rate */
					/* or max-sessions, */
	uint64_t limited_joins;		/* ... for join-rate, ... */
	uint64_t limited_session_writes[QUOTA_WINDOWS];	/* ... or for what */
	uint64_t limited_address_writes[QUOTA_WINDOWS];	/* may be written, */
	uint64_t limited_space;		/* ... or for min-free-space */
	uint64_t limited_says;	/* ... refused for say-rate */
	uint64_t limited_connections;	/* ended for one more of a customer */
	uint64_t late_unjoined;	/* closed for join-timeout */
	uint64_t delayed_publishes;		/* for session-output-rate */
	uint64_t missed_says;	/* that peers were told to have missed */
	uint64_t starts;	/* of sessions, without seats taken over */
	uint64_t all_ready;	/* times all of a session became ready */

	bool	 has_free_bytes;	/* of the disk, as last measured */
	uint64_t free_bytes;
	uint64_t min_free_bytes;	/* as configured */
	uint64_t retention_behind_ms;	/* since a pass was due */

	size_t	 sessions;	/* in memory */
	size_t	 locked;	/* of these */
	size_t	 said_bytes;	/* of memory, for what was said lately */
	size_t	 present;	/* customers */
	size_t	 awaited;	/* absent customers whose window runs */
	size_t	 jobs_pending;
	size_t	 jobs_in_flight;	/* with the storage */
	size_t	 peers_woken;	/* and not yet served */
	struct outbox_counts outboxes;
};

#endif
