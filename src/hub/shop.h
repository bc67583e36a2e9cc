#ifndef SHOP_H
#define SHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "session/session_name.h"
#include "wire/ticket.h"

struct api_keys;
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
};

struct shop {
	STAILQ_ENTRY(shop) entry;
	char	 name[SESSION_NAME_SHOP_MAX + 1];
	bool	 is_served;		/* otherwise there are no settings */
	struct shop_settings settings;
};

/* Of count shops, 1 or more. */
struct shops *shops_new(const struct shop_settings *settings, size_t count);
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

#endif
