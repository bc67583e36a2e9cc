#ifndef ROUTER_H
#define ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"
#include "session/refusal.h"

struct address_prefix;
struct longpolls;
struct shops;
struct ws_peers;

/*
 * What a request gets, whatever brought it here: the session that its path
 * names, if its page may ask, or the refusal in JSON.  The shop is that of the
 * longest base path with which the request's begins.
 */
struct router;

/*
 * What may change: router_configure().  Strings and lists are lent until then,
 * or until router_free().
 */
struct router_settings {
	const char *subprotocol;	/* "" for none */
	bool	 compression;
	const struct address_prefix *trusted_proxies;
	size_t	 trusted_proxies_count;
	size_t	 max_message;		/* bytes; 0 for no limit */
	bool	 has_demo;
};

/* All but the settings are lent until router_free(). */
struct router *router_new(const struct shops *shops, struct ws_peers *peers,
	    struct longpolls *polls, const struct router_settings *settings);
/* Take over the settings, for requests that come from now on. */
void	 router_configure(struct router *router,
	    const struct router_settings *settings);
/* No WebSockets any more: the service is stopping. */
void	 router_drain(struct router *router);
void	 router_free(struct router *router);

struct router_counts {
	uint64_t refusals[REFUSALS];	/* of requests, by code */
};

void	 router_copy_counts(const struct router *router,
	    struct router_counts *counts);

/* Decide about a request. */
void	 router_request(struct router *router,
	    const struct exchange_request *request,
	    struct exchange_answer *answer);

/*
 * The upgrade that was decided upon has its socket, as for ws_peer_open(); or
 * none, with fd -1.
 */
void	 router_upgraded(void *upgrade, int fd, const void *extra,
	    size_t extra_len);

#endif
