#ifndef HUB_H
#define HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "hub_config.h"

struct hub_counts;
struct job_list;
struct outbox_item;
struct payload;
struct peer;
struct shop;
struct webhook_state;

/*
 * All sessions and everybody connected to them.  Messages go in, jobs for the
 * storage come out; what the storage has settled goes in, and outboxes fill.
 * The hub does no I/O and never asks for the time: it gets everything as an
 * argument, and the same calls have the same effects again.
 */
struct hub;

struct hub *hub_new(const struct hub_config *config,
	    const struct hub_settings *settings, const struct now *now);
/*
 * Take over the settings.  Limits and rates hold for what happens
 * from now on, and nobody leaves because of them; times hold also for those
 * who wait already, from when they began, or from now on if there was no end.
 * Who is with a shop that is not served any more is disconnected.
 */
void	 hub_configure(struct hub *hub,
	    const struct hub_settings *settings, const struct now *now);
/* No peer may be attached any more. */
void	 hub_free(struct hub *hub);

/* peer, filled in as peer.h says, takes part until hub_detach(). */
void	 hub_attach(struct hub *hub, struct peer *peer,
	    const struct now *now);
/* The peer's connection is gone; its memory is the caller's again. */
void	 hub_detach(struct hub *hub, struct peer *peer,
	    const struct now *now);

/*
 * peer sent a message.  Only while hub_peer_is_ready(); whatever comes of it
 * comes through the outbox.
 */
void	 hub_receive(struct hub *hub, struct peer *peer, const char *text,
	    size_t len, const struct now *now);
/* Likewise a request, whose message stands in the query of its URL. */
void	 hub_receive_query(struct hub *hub, struct peer *peer,
	    const char *query, const struct now *now);
/* peer sent one that was too large to be received. */
void	 hub_receive_too_large(struct hub *hub, struct peer *peer,
	    const struct now *now);
/* Whether another message of peer may be received; it is woken when it may. */
bool	 hub_peer_is_ready(const struct hub *hub, const struct peer *peer);
/* Whether that is because it sent too much. */
bool	 hub_peer_is_throttled(const struct peer *peer);
/* Whether peer, a request, has its answer in its outbox. */
bool	 hub_peer_is_answered(const struct peer *peer);
/* Take the next message to send to peer; false if there is none. */
bool	 hub_peer_next_message(struct hub *hub, struct peer *peer,
	    struct outbox_item *item);
/* Bytes of it; 0 if there is none. */
size_t	 hub_peer_next_bytes(const struct peer *peer);
/* Whether there is one besides replies and a multicart. */
bool	 hub_peer_has_live(const struct peer *peer);
/*
 * The third part of the cursor of peer, who was told all that it has taken;
 * valid until the next call, and "" for none.
 */
const char *hub_peer_number(struct peer *peer);
/*
 * The connection of a shop, or (NULL) of any, to end if one has to: that which
 * has spoken for nobody for longest, on the monotonic clock since since_ms at the latest, and waits for
 * nothing.  NULL if there is none.  Each is given once.
 */
struct peer *hub_take_unjoined(struct hub *hub,
	    const struct shop *shop, uint64_t since_ms,
	    const struct now *now);
/* peer, a connection, answered a ping; which counts as a message. */
void	 hub_receive_pong(struct hub *hub, struct peer *peer,
	    const struct now *now);
/*
 * Its frames, whatever is in them, were so many that they count as n messages
 * more; a ping of its own counts as one.
 */
void	 hub_charge_frames(struct hub *hub, struct peer *peer, unsigned n,
	    const struct now *now);

/* Do what has become due. */
void	 hub_tick(struct hub *hub, const struct now *now);
/* When something becomes due, on the monotonic clock; UINT64_MAX: never. */
uint64_t hub_next_tick_ms(const struct hub *hub);

/*
 * The end of a turn: encode what changed and move all jobs made since the last
 * time to jobs, which must be empty and go to the storage.  At most one such
 * list is out at a time: the next one gathers until hub_complete_jobs().
 */
void	 hub_take_jobs(struct hub *hub, struct job_list *jobs);
/* Takes state, for the next list. */
void	 hub_keep_webhook(struct hub *hub, struct webhook_state *state);
/* Whether a list is out. */
bool	 hub_has_jobs_out(const struct hub *hub);
/* The list came back: answer everybody, show what is durable.  Frees jobs. */
void	 hub_complete_jobs(struct hub *hub, struct job_list *jobs,
	    const struct now *now);
/* Wake every peer that has a reason; at the end of a turn. */
void	 hub_wake_peers(struct hub *hub);

/* Whether peers wait to be woken. */
bool	 hub_has_woken(const struct hub *hub);

/* What the hub has done so far, and has at the moment. */
void	 hub_copy_counts(const struct hub *hub, struct hub_counts *counts);

/*
 * Receive nothing more from anybody, and let time pass without effect: who is
 * disconnected from now on is no more absent than those who are not yet.
 */
void	 hub_drain(struct hub *hub);
/* Whether everything received is settled. */
bool	 hub_is_drained(const struct hub *hub);

#endif
