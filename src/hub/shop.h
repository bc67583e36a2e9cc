#ifndef SHOP_H
#define SHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "session/session_name.h"
#include "wire/ticket.h"

struct api_keys;
struct id_key;
struct quota;
struct ticket_keys;

/*
 * The shops that one daemon serves, each with its own sessions, pages, tickets
 * and keys.  The first one is what stands outside of the configuration's
 * sections; its name is "", and there is always one.  A shop that is served no
 * more stays, for those who have not left it yet.
 */
struct shops;

/* Lent until the next shops_configure(), or until shops_free(). */
struct shop_settings {
	const char *name;
	const char *base_path;		/* begins and ends with a slash */
	char **allowed_origins;
	size_t	 allowed_origins_count;
	const struct api_keys *api_keys;	/* NULL for none */
	enum ticket_requirement require_tickets;
	const char *ticket_audience;	/* "" for none */
	const struct ticket_keys *ticket_keys;	/* NULL: what looks like a */
				/* ticket is ignored */
	/* 0 for no limit.  Those of the first shop hold for all shops together,
	 * and are looked after elsewhere: here they are 0. */
	size_t	 max_connections;
	size_t	 max_sessions;
	unsigned sessions_per_minute;	/* of one address */
};

/* What a shop has done since it was first served. */
struct shop_counts {
	uint64_t started;		/* sessions */
	uint64_t limited_connections;	/* refused for max-connections, ... */
	uint64_t limited_sessions;	/* ... or max-sessions, ... */
	uint64_t limited_starts;	/* ... or new-session-rate */
};

struct shop {
	STAILQ_ENTRY(shop) entry;
	char	 name[SESSION_NAME_SHOP_MAX + 1];
	bool	 is_served;		/* otherwise there are no settings */
	struct shop_settings settings;
	size_t	 connections;		/* and requests under way */
	TAILQ_HEAD(, peer) unjoined;	/* as those of the hub; its to fill */
	size_t	 sessions;		/* that somebody takes part in */
	/* Starts and connections of addresses; NULL of the first shop. */
	struct quota *quota;
	struct shop_counts counts;
};

/* Of count shops, 1 or more; hash_key is secret and random. */
struct shops *shops_new(const struct id_key *hash_key,
	    const struct shop_settings *settings, size_t count);
/* Take over what is served from now on. */
void	 shops_configure(struct shops *shops,
	    const struct shop_settings *settings, size_t count);
/* When nobody has a shop of these any more. */
void	 shops_free(struct shops *shops);

/* The shop outside of sections, and the one behind another; NULL: no more. */
struct shop *shops_first(const struct shops *shops);
struct shop *shops_next(const struct shop *shop);
/* Whether it is the only one that was ever served. */
bool	 shops_has_one(const struct shops *shops);
/* The shop of a session by its name; NULL if none was served of that name. */
struct shop *shops_of_session(const struct shops *shops, const char *session);

/* Whether there are as many connections as may be. */
bool	 shop_is_full(const struct shop *shop);
/*
 * One more connection, of the address with that key for quotas or of NULL, which
 * has no limit of its own; -1 if there are too many, or as many of the address
 * as it may have of them, and it is not counted.
 */
int	 shop_connect(struct shop *shop, const uint8_t *address)
	    __attribute__((warn_unused_result));
void	 shop_disconnect(struct shop *shop, const uint8_t *address,
	    uint64_t now_ms);
/*
 * Whether another session may be started, as far as max-sessions goes; if not,
 * that is counted.
 */
bool	 shop_has_room(struct shop *shop);

#endif
