#ifndef TRANSPORTS_H
#define TRANSPORTS_H

#include <stdbool.h>

#include <uv.h>

#include "address_limit.h"
#include "base/id.h"
#include "config/endpoint.h"

struct api_listener;
struct fcgi_service;
struct http;
struct hub;
struct listener;
struct longpolls;
struct memory_trim;
struct metrics;
struct options;
struct quota;
struct router;
struct shops;
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
struct transports {
	uv_loop_t *loop;
	struct memory_trim *memory_trim;
	struct address_limit address_limit;
	/* From transports_init() on. */
	struct unsent *unsent;
	struct ws_service *ws;
	struct ws_peers *peers;
	struct longpolls *longpolls;
	struct router *router;
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
	const struct shops *shops;
	struct memory_trim *memory_trim;
	struct id_key log_key;		/* of the tags of peers in logs */
};

void	 transports_init(struct transports *transports,
	    const struct transports_config *config);
/*
 * Listen, for api too; the status and text are those of listen_sockets_open().
 */
int	 transports_open(struct transports *transports,
	    const struct options *options, struct api_listener *api,
	    char text[ENDPOINT_TEXT_MAX + 1])
	    __attribute__((warn_unused_result));
/* Take over what a reload may change. */
void	 transports_configure(struct transports *transports,
	    const struct options *options);
/* A turn of the loop begins, and sends what there is to send. */
void	 transports_turn(struct transports *transports);
/* Whether there is more, for the next turn. */
bool	 transports_have_more(const struct transports *transports);
/* As http_run(). */
int	 transports_run_http(struct transports *transports);
/* Fill in the counts of its modules and connections_max. */
void	 transports_copy_counts(const struct transports *transports,
	    struct metrics *metrics);

/* Accept nobody any more; once, whether to drain or to stop. */
void	 transports_stop_accepting(struct transports *transports);
/* End all connections, and turn the loop until all peers have left the hub. */
void	 transports_stop(struct transports *transports);
/* Close its handles, when no job is completed any more. */
void	 transports_close(struct transports *transports);
/* After the loop's close callbacks. */
void	 transports_clear(struct transports *transports);

#endif
