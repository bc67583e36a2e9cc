#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <microhttpd.h>
#include <uv.h>

#include "deadline.h"
#include "exchange.h"
#include "http_config.h"
#include "http_partial.h"
#include "unsent.h"

/*
 * A connection of HTTP and the daemon of libmicrohttpd that has it: the fields
 * that the modules of http.h have in common, and what each of them does to a
 * connection.
 */

enum http_phase {
	HTTP_PHASE_TARGET,	/* a part of a request line may have come */
	HTTP_PHASE_FIELDS,	/* the target has come */
	HTTP_PHASE_REFUSED,	/* it was answered, the connection is ended */
	HTTP_PHASE_HEAD,	/* the head has come, the body may follow */
	HTTP_PHASE_STARTING,	/* what is deferred is being started */
	HTTP_PHASE_SUSPENDED,	/* until what is deferred is answered */
	HTTP_PHASE_TAKEN,	/* http_held.h has it, this is to end */
	HTTP_PHASE_ANSWERED,	/* its answer is on its way */
	HTTP_PHASE_UPGRADING,	/* a 101 is on its way */
	HTTP_PHASE_UPGRADED	/* upgraded() was called */
};

/* Kinds of deadlines: absolute limits. */
enum http_wait {
	HTTP_WAIT_NONE = DEADLINE_NONE,
	HTTP_WAIT_HEAD = DEADLINE_FIRST, /* of a connection's first request */
	HTTP_WAIT_BODY,
	HTTP_WAIT_NEXT,		/* for the next one: idle time, and its head */
	HTTP_WAITS,		/* those of an http_connection */
	HTTP_WAIT_IDLE = HTTP_WAITS, /* likewise, where http_held.h has it */
	HTTP_WAIT_ROOM,		/* there, for the client to read its answer */
	HTTP_WAIT_KINDS
};

_Static_assert((int)HTTP_WAIT_KINDS <= (int)DEADLINE_KINDS_MAX,
    "each kind has its list");

/* What becomes of a connection when its request is answered. */
enum http_persistence {
	HTTP_PERSISTENCE_OTHER,	/* libmicrohttpd knows */
	HTTP_PERSISTENCE_KEEP,
	HTTP_PERSISTENCE_CLOSE
};

struct http_connection {
	STAILQ_ENTRY(http_connection) release_entry;
	TAILQ_ENTRY(http_connection) suspended_entry;
	struct http *http;
	struct MHD_Connection *mhd;
	struct deadline deadline;
	uint64_t waiting_ms;	/* for that, since then */
	enum http_phase phase;
	enum http_end end;		/* why it will have ended */
	enum http_place place;		/* by the owner's count */
	struct http_partial_item partial;	/* with HTTP_PHASE_FIELDS */
	struct payload *target;	/* as it was sent; or NULL */
	struct http_held *held;	/* that lent it; or NULL */
	uint64_t bytes;		/* of its requests, as far as they came */

	/* Of the request in hand. */
	bool	 is_last;	/* its answer ends the connection */
	enum http_persistence persistence;
	unsigned measured;	/* how often its head had room left */
	bool	 is_full;	/* it was refused for a full pool */
	bool	 is_too_large;	/* its body, which is being skipped */
	int	 unread;	/* bytes that waited and nothing came of */
	struct exchange_answer answer;	/* status 0: none yet */
	struct deferred *deferred;	/* that will answer it; or NULL */
	struct outbox_news news;	/* of the answer on its way */
	struct unsent_item unsent;	/* its body */

	uv_poll_t watch;	/* of the socket, once it was suspended */
	bool	 is_watchable;	/* watch was set up */
	int	 fd;		/* with HTTP_PHASE_UPGRADING: to be handed on */
	struct MHD_UpgradeResponseHandle *handle; /* once it was upgraded */
};

TAILQ_HEAD(http_connection_list, http_connection);
TAILQ_HEAD(http_held_list, http_held);
STAILQ_HEAD(http_release_list, http_connection);

struct http {
	struct http_config config;
	struct http_settings settings;
	struct http_counts counts;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;			/* libmicrohttpd's epoll descriptor */
	bool	 is_dirty;		/* MHD_run() is due */
	unsigned busy_runs;		/* it was due again at once */
	unsigned idle_runs;		/* likewise, and was for nothing */
	bool	 is_stopping;
	bool	 is_added;		/* the connection of http_add() began */
	struct deadlines *deadlines;
	struct http_connection_list suspended;
	struct http_held_list held;
	struct http_held_list lent;	/* since the library was run, */
	unsigned lent_count;		/* ... and how many */
	uint64_t turn;		/* of the loop, from 1 on */
	bool	 is_taking;	/* what the library says next is that */
	struct http_partial partial;	/* those with HTTP_PHASE_FIELDS */
	unsigned full_count;		/* those with is_full */
	unsigned lines_due;		/* that the library may say of these */
	struct http_release_list releases;
	unsigned release_count;
	uint64_t release_ms;		/* when they are due */
	struct MHD_Response *shared;	/* of the last body that had others */
	const struct payload *shared_body;	/* it keeps this; or NULL */
};

/* Let libmicrohttpd do what there is to be done. */
void	 http_run_library(struct http *http);

/* libmicrohttpd's own descriptor of the connection, and the other end. */
int	 http_connection_fd(const struct http_connection *connection);
const struct sockaddr *http_connection_address(
	    const struct http_connection *connection);

/* The connection that waits so. */
struct http_connection *http_connection_of_deadline(
	    struct deadline *deadline);
void	 http_connection_wait_for(struct http_connection *connection,
	    enum http_wait kind);
void	 http_connection_stop_waiting(struct http_connection *connection);

/* End the connection; libmicrohttpd then sees it. */
void	 http_connection_shut_down(struct http_connection *connection);
/* The fields of a request have come, or will not. */
void	 http_connection_end_fields(struct http_connection *connection);

/* Give libmicrohttpd the response, which is taken; NULL: there is none. */
enum MHD_Result http_connection_respond(struct http_connection *connection,
	    unsigned status, struct MHD_Response *response);
/* Answer the request in hand, with anything but a 101; takes the body. */
enum MHD_Result http_connection_answer(struct http_connection *connection,
	    const struct exchange_answer *answer);
/* Forget the response that several answers had. */
void	 http_connection_drop_shared(struct http *http);

#endif
