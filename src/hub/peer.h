#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/hash_table.h"
#include "outbox.h"
#include "quota.h"
#include "rate.h"
#include "session/record.h"
#include "session/refusal.h"

struct message;
struct peer;
struct seat;
struct shop;

/*
 * One end of a conversation: a WebSocket connection, or one held request.  The
 * net layer embeds it, attaches it, hands it messages, and sends what is in
 * its outbox whenever it is woken.
 */

/*
 * What a peer that is a single request has besides.  It says one thing, proves
 * its customer each time, and ends with its answer.
 */
struct peer_request {
	const char *bearer;	/* the request's token; "" for none */

	/* What the hub makes of it. */
	bool	 is_held;	/* answered with the next multicart */
	unsigned wait_s;	/* for which it waits at the most */
	uint64_t incarnation;	/* of the cursor that it gave; 0 for none */
	uint64_t revision;
	enum refusal refused;	/* REFUSAL_NONE if it was not */
	unsigned retry_after_s;
};

/* Whether a peer is to be shown its room. */
enum peer_due {
	PEER_NOT_DUE,
	PEER_ASKED,		/* it came, or wants to see it again */
	PEER_HAS_NEWS
};

struct peer_ops {
	/* Something in peer changed: messages to send, readiness for another
	 * message, or one of the two wishes below. */
	void	(*wake)(struct peer *peer);
	/* Whether its end, pinged at the hub's wish, may well be there without
	 * having answered: it is busy taking what waited for it before. */
	bool	(*is_excused)(const struct peer *peer);
};

/*
 * What a peer was told of its room besides multicarts: see live.h.
 */
struct peer_told {
	bool	 waits;			/* for its first multicart */
	uint64_t said;			/* up to that number */
	uint64_t present;		/* version; 0 for none */
	char	 number[64];		/* the cursor's third part, ... */
	char	 tail[128];		/* ... and a message's end with it */
};

TAILQ_HEAD(peer_list, peer);

struct peer {
	/* Set before hub_attach() and constant. */
	const struct peer_ops *ops;
	struct shop *shop;		/* the session's */
	struct payload *session_id;	/* a reference of the peer's: its */
					/* name, shop and all */
	struct payload *address;	/* in text, likewise; NULL if unknown */
	struct peer_request *request;		/* NULL for a connection */
	enum transport transport;
	uint8_t	 quota_key[QUOTA_KEY_BYTES];	/* if is_limited */
	bool	 is_limited;		/* per-address limits apply */
	bool	 has_place;		/* of a connection in quota: the net */
	/* layer's to give up */

	/* Wishes of the hub's that the net layer fulfils and resets. */
	bool	 wants_ping;
	bool	 wants_close;

	/* The hub's. */
	bool	 is_moving;		/* a job under way changes its seat */
	bool	 is_woken;
	bool	 is_unjoined;		/* in hub->unjoined */
	bool	 is_throttled;		/* in hub->throttled: not read from */
	enum peer_due due;
	unsigned features;		/* that are on: wire/features.h */
	uint64_t seen_incarnation;	/* of a connection: of the multicart */
	uint64_t seen_revision;		/* that it took last; 0 for none */
	struct peer_told *told;		/* NULL if it never asked for it */
	unsigned jobs;			/* in flight for it */
	uint64_t id;
	UT_hash_handle hh;		/* hub->peers, by id */
	STAILQ_ENTRY(peer) woken;
	struct seat *seat;		/* NULL: speaks for nobody, ... */
	uint64_t unjoined_since_ms;	/* ... if is_unjoined since then */
	TAILQ_ENTRY(peer) entry;	/* in seat->peers or hub->unjoined */
	TAILQ_ENTRY(peer) unjoined;	/* in shop->unjoined, if is_unjoined */
	struct message *parked;		/* waits in the list waiting_in */
	struct peer_list *waiting_in;	/* or NULL */
	TAILQ_ENTRY(peer) waiting;
	struct rate rate;		/* of a connection's messages */
	uint64_t throttled_until_ms;		/* if is_throttled */
	TAILQ_ENTRY(peer) throttled;
	struct outbox outbox;
};

#endif
