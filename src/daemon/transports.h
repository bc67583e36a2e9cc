#ifndef TRANSPORTS_H
#define TRANSPORTS_H

#include <stddef.h>
#include <stdint.h>

#include <stdbool.h>

#include <uv.h>

#include "base/id.h"
#include "config/address.h"
#include "config/endpoint.h"

struct fcgi_service;
struct router;
struct http;
struct hub;
struct listener;
struct metrics;
struct options;
struct longpolls;
struct quiet;
struct quota;
struct unsent;
struct ws_peers;
struct ws_service;

/*
 * The clients' side of the daemon: the sockets on which they come, what speaks
 * HTTP, FastCGI and WebSocket with them, and what their requests get.
 *
 * All of it is zero before network_init(); the functions that end it take it
 * as far as it got.
 */
struct network {
	uv_loop_t *loop;
	struct quiet *quiet;
	struct quota *quota;
	/* Of the options; lent until network_configure(). */
	const struct address_prefix *trusted_proxies;
	size_t	 trusted_proxies_count;
	enum address_detail log_addresses;
	uint64_t limited; /* not let in: too many of an address */
	uint64_t warn_ms;		/* not to be said again before */
	/* From network_init() on. */
	struct unsent *unsent;
	struct ws_service *ws;
	struct ws_peers *peers;
	struct longpolls *polls;
	struct router *front;
	/* From network_open() on. */
	struct listener *listener;
	struct http *http;
	struct fcgi_service *fcgi;
};

/* All but the key is lent, options for the call and the rest until the end. */
struct network_config {
	uv_loop_t *loop;
	const struct options *options;
	struct hub *hub;
	struct quota *quota;
	struct quiet *quiet;
	struct id_key log_key;		/* of the tags of peers in logs */
};

void	 network_init(struct network *network,
	    const struct network_config *config);
/* Listen; the status and text are those of sockets_open(). */
int	 network_open(struct network *network, const struct options *options,
	    char text[ENDPOINT_TEXT_MAX + 1])
	    __attribute__((warn_unused_result));
/* Take over what a reload may change. */
void	 network_configure(struct network *network,
	    const struct options *options);
/* A turn of the loop begins, and sends what there is to send. */
void	 network_turn(struct network *network);
/* Whether there is more, for the next turn. */
bool	 network_is_behind(const struct network *network);
/* As http_run(). */
int	 network_run(struct network *network);
/* Fill in the counts of its modules and connections_max. */
void	 network_copy_counts(const struct network *network,
	    struct metrics *metrics);

/* Accept nobody any more; once, whether to drain or to stop. */
void	 network_stop_accepting(struct network *network);
/* End all connections, and turn the loop until all peers have left the hub. */
void	 network_stop(struct network *network);
/* Close its handles, when the hub settles nothing any more. */
void	 network_close(struct network *network);
/* After the loop's close callbacks. */
void	 network_clear(struct network *network);

#endif
