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
struct memory_trim;
struct quota;
struct unsent;
struct ws_peers;
struct ws_service;

/*
 * The clients' side of the daemon: the sockets on which they come, what speaks
 * HTTP, FastCGI and WebSocket with them, and what their requests get.
 *
 * All of it is zero before transports_init(); the functions that end it take it
 * as far as it got.
 */
struct network {
	uv_loop_t *loop;
	struct memory_trim *memory_trim;
	struct quota *quota;
	/* Of the options; lent until transports_configure(). */
	const struct address_prefix *trusted_proxies;
	size_t	 trusted_proxies_count;
	enum address_detail log_addresses;
	uint64_t limited; /* not let in: too many of an address */
	uint64_t warn_ms;		/* not to be said again before */
	/* From transports_init() on. */
	struct unsent *unsent;
	struct ws_service *ws;
	struct ws_peers *peers;
	struct longpolls *polls;
	struct router *front;
	/* From transports_open() on. */
	struct listener *listener;
	struct http *http;
	struct fcgi_service *fcgi;
};

/* All but the key is lent, options for the call and the rest until the end. */
struct transports_config {
	uv_loop_t *loop;
	const struct options *options;
	struct hub *hub;
	struct quota *quota;
	struct memory_trim *memory_trim;
	struct id_key log_key;		/* of the tags of peers in logs */
};

void	 transports_init(struct network *network,
	    const struct transports_config *config);
/* Listen; the status and text are those of listen_sockets_open(). */
int transports_open(struct network *network, const struct options *options,
    char text[ENDPOINT_TEXT_MAX + 1]) __attribute__((warn_unused_result));
/* Take over what a reload may change. */
void	 transports_configure(struct network *network,
	    const struct options *options);
/* A turn of the loop begins, and sends what there is to send. */
void	 transports_turn(struct network *network);
/* Whether there is more, for the next turn. */
bool	 transports_have_more(const struct network *network);
/* As http_run(). */
int	 transports_run_http(struct network *network);
/* Fill in the counts of its modules and connections_max. */
void	 transports_copy_counts(const struct network *network,
	    struct metrics *metrics);

/* Accept nobody any more; once, whether to drain or to stop. */
void	 transports_stop_accepting(struct network *network);
/* End all connections, and turn the loop until all peers have left the hub. */
void	 transports_stop(struct network *network);
/* Close its handles, when the hub settles nothing any more. */
void	 transports_close(struct network *network);
/* After the loop's close callbacks. */
void	 transports_clear(struct network *network);

#endif
