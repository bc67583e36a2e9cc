#ifndef HUB_WORLD_H
#define HUB_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "hub/hub_config.h"
#include "hub/peer.h"
#include "hub/quota.h"
#include "hub/shop.h"
#include "session/record.h"

/*
 * A hub with everything around it that is otherwise outside: a clock that the
 * test moves, a storage that keeps records and replays them, and clients whose
 * network takes what the hub has for them after each turn.
 */

struct retention;
struct session;
struct world;

struct line {
	STAILQ_ENTRY(line) entry;
	char	 text[];
};

STAILQ_HEAD(line_list, line);

/* A cursor: two numbers and a dot, or three parts. */
enum { CLIENT_CURSOR_CHARS = 127 };

/* A connection, or a request, which ends with its answer. */
struct client {
	struct peer peer;
	struct world *world;
	TAILQ_ENTRY(client) entry;	/* world->clients */
	/* As in the last reply that had them. */
	char	 id[ID_CUSTOMER_HEX + 1];
	char	 token[ID_TOKEN_CHARS + 1];
	/* Likewise in a message; of a request that of the answer; or "". */
	char	 cursor[CLIENT_CURSOR_CHARS + 1];
	bool	 is_slow;	/* its network takes nothing now */
	bool	 is_excused;	/* it may be there without a pong */
	bool	 is_connected;
	bool	 was_closed;	/* by the hub */
	unsigned pings;		/* sent to it and not answered */
	struct line_list heard;	/* and not yet expected */

	/* Of a request. */
	struct peer_request poll;		/* of peer */
	char	 bearer[ID_TOKEN_CHARS + 1];
	bool	 is_held;		/* by the hub, ... */
	uint64_t held_until_ms; /* ... which answers then at last */
	bool	 is_answered;
};

TAILQ_HEAD(client_list, client);

/* What the storage has of one session. */
struct stored {
	TAILQ_ENTRY(stored) entry;
	struct session *session;	/* what its records make */
	struct record *records;		/* all, in order */
	struct multicart **shown;	/* what each of them shows */
	size_t	 count;
	size_t	 erased_upto;	/* so many of which some are being erased; */
				/* 0 if that is over */
};

TAILQ_HEAD(stored_list, stored);

struct world_config {
	bool	 has_store;		/* a real one, which is asked first: */
					/* that of storage.h */
	struct id_key key;		/* of tokens */
	struct hub_settings hub;
	struct shop_settings shop;	/* outside of sections */
	unsigned sessions_per_minute;
	unsigned joins_per_minute;
	struct quota_writes address_writes;
};

/* What is said in front of what any world finds wrong; lent. */
void	 world_say_first(const char *words);

/* The protocol's defaults, but no limit of rates, nor of strangers. */
void	 world_defaults(struct world_config *config);

struct world *world_new(void);
struct world *world_new_with(const struct world_config *config);
/* Take over world_config() as it is now, for hub and shop. */
void	 world_configure(struct world *world);
void	 world_free(struct world *world);

/* Of the hub. */
struct hub *world_hub(struct world *world);
/* One at first: that of the configuration. */
struct shops *world_shops(struct world *world);
const struct now *world_now(const struct world *world);

/* A WebSocket connection to a session's URL; the world's until world_free. */
struct client *world_connect(struct world *world, const char *session);
/* One of another transport. */
struct client *world_connect_by(struct world *world, const char *session,
	    enum transport transport);
/* One from an address, 1 to 255, whose new sessions are counted. */
struct client *world_connect_from(struct world *world, const char *session,
	    uint8_t address);
/* The address of a client that has none: counted as that of the former. */
void	 client_come_from(struct client *client, uint8_t address);
/*
 * A request that shows a bearer's token ("" for none), not yet sent.  Its
 * client waits for the answer, and hang_up() cancels it.
 */
struct client *world_request(struct world *world, const char *session,
	    const char *bearer);
struct client_list *world_clients(struct world *world);
/* Free a client that is gone. */
void	 world_forget(struct client *client);

/* Turns until nothing is left to do or the storage holds what is. */
void	 world_run(struct world *world);
/* Let time pass, stopping wherever the hub wants to be woken. */
void	 world_wait(struct world *world, uint64_t ms);
/* Somebody sets the wall clock, to ms since 1970. */
void	 world_set_clock(struct world *world, uint64_t wall_ms);
/* The machine sleeps for ms. */
void	 world_suspend(struct world *world, uint64_t ms);

/* The storage keeps lists to itself until it is told to go on. */
void	 world_hold(struct world *world);
void	 world_go_on(struct world *world);
/* It does the list that it holds and is given the next one. */
void	 world_do_one(struct world *world);
/* The storage fails the next n lists; or those that write; or n LOADs. */
void	 world_refuse(struct world *world, unsigned n);
void	 world_refuse_writing(struct world *world, unsigned n);
void	 world_refuse_reading(struct world *world, unsigned n);
/* How many lists the storage has done so far, and how many reads. */
unsigned world_lists_done(const struct world *world);
unsigned world_loads_done(const struct world *world);

/* The notes in its journal. */
size_t world_notes(const struct world *world, const struct record **notes);
/* A reader of the database is in the way of the next n SCRUBs. */
void	 world_hinder(struct world *world, unsigned n);
/* How many slices of retention it did; what the last one was given. */
unsigned world_retention_slices(const struct world *world,
	    struct retention *last);
/* So many bytes are free on its disk, which is endless at first. */
void	 world_set_free(struct world *world, uint64_t bytes);
/* How often it measured that. */
unsigned world_measured(const struct world *world);
/* How often it logged the chain's end. */
unsigned world_heads_logged(const struct world *world);

/* The daemon stops with everything settled and starts again. */
void	 world_restart(struct world *world);
/* The daemon is killed: what the storage has not done is lost. */
void	 world_crash(struct world *world);
/* As the next start has them. */
struct world_config *world_config(struct world *world);

/* What is stored of a session; NULL if nothing. */
const struct stored *world_stored(struct world *world, const char *session);
/* The newest record of it. */
const struct record *world_record(struct world *world, const char *session);
struct stored_list *world_all_stored(struct world *world);

/* client sends a message; nothing happens before the next turn. */
void	 client_send_message(struct client *client, const char *text);
/* The next text received, taken out; NULL if there is none.  free() it. */
struct line *client_take(struct client *client);
/* Whatever was received is of no interest. */
void	 ignore(struct client *client);

/* The connection ends. */
void	 hang_up(struct client *client);
/* client answers the hub's ping, of which there must be one. */
void	 pong(struct client *client);
/* The network takes everything that waited for a slow client. */
void	 catch_up(struct client *client);
/* Whatever anybody received is of no interest. */
void	 world_ignore(struct world *world);

#endif
