#ifndef ROUTER_H
#define ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exchange.h"
#include "session/refusal.h"

struct address_prefix;
struct polls;
struct ws_peers;

/*
 * What a request gets, whatever brought it here: the session that its path
 * names, if its page may ask, or the refusal in JSON.
 */
struct front;

/*
 * What may change: front_configure().  Strings and lists are lent until then,
 * or until front_free().
 */
struct front_settings {
	const char *base_path;
	const char *subprotocol;	/* "" for none */
	bool	 compression;
	char	**allowed_origins;
	size_t	 allowed_origins_count;
	const struct address_prefix *trusted_proxies;
	size_t	 trusted_proxies_count;
	size_t	 max_message;		/* bytes; 0 for no limit */
	bool	 has_demo;
};

struct front *front_new(struct ws_peers *peers, struct polls *polls,
	    const struct front_settings *settings);
/* Take over the settings, for requests that come from now on. */
void	 front_configure(struct front *front,
	    const struct front_settings *settings);
/* No WebSockets any more: the service is stopping. */
void	 front_drain(struct front *front);
void	 front_free(struct front *front);

struct front_counts {
	uint64_t refusals[REFUSALS];	/* of requests, by code */
};

void	 front_copy_counts(const struct front *front,
	    struct front_counts *counts);

/* Decide about a request. */
void	 front_request(struct front *front,
	    const struct exchange_request *request,
	    struct exchange_answer *answer);

/*
 * The upgrade that was decided upon has its socket, as for ws_peer_open(); or
 * none, with fd -1.
 */
void	 front_upgraded(void *upgrade, int fd, const void *extra,
	    size_t extra_len);

#endif
