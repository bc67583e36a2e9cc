#ifndef FCGI_CONNECTION_H
#define FCGI_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <uv.h>

#include "deadline.h"
#include "fcgi_config.h"
#include "wire/fcgi_parser.h"

struct fcgi_output;
struct deferred;

/*
 * A connection of FastCGI, with what the modules of fcgi.h have in common:
 * what it has to send, what the web server has to do, and its end.
 */

/* Kinds of deadlines. */
enum fcgi_wait {
	FCGI_WAIT_NONE = DEADLINE_NONE,
	FCGI_WAIT_TURN = DEADLINE_TURN,	/* to close what broke */
	FCGI_WAIT_HEAD,		/* for the params of a request */
	FCGI_WAIT_NEXT,		/* for another one's, and before it idle */
	FCGI_WAIT_CLOSE,
	FCGI_WAIT_STALL,	/* for room to send; the only one of stall */
	FCGI_WAIT_BODY		/* the only one of a request */
};

enum fcgi_state {
	FCGI_STATE_OPEN,
	FCGI_STATE_ENDING,	/* what is queued is sent, nothing is heard */
	FCGI_STATE_LINGERING,	/* the web server is to end the stream */
	FCGI_STATE_BROKEN,	/* nothing can be sent: closed in a turn */
	FCGI_STATE_CLOSED
};

struct fcgi_connection {
	uv_poll_t poll;
	struct fcgi_service *service;
	TAILQ_ENTRY(fcgi_connection) entry;	/* service->connections */
	struct fcgi_parser parser;
	uint32_t shown;		/* requests whose head has come */
	STAILQ_HEAD(, fcgi_output) outputs;	/* to be sent */
	struct deadline wait;	/* what the web server has to do next */
	struct deadline stall;	/* until when it has to take something */
	int	 fd;
	uint8_t	 state;		/* enum fcgi_state */
	uint8_t	 events;	/* what the loop watches for */
	uint8_t	 end;		/* enum fcgi_end */
	bool	 is_blocked;	/* sending waits until the socket is writable */
	bool	 is_reading;	/* answers are sent when all is read */
	bool	 has_spoken;	/* a request came */
};

/* A request from its head to its answer. */
struct fcgi_exchange {
	struct fcgi_connection *connection;
	struct fcgi_request *request;
	/* Until the body is there, one of these, then only deferred. */
	struct deferred *deferred;
	struct fcgi_output *answer;
	struct deadline body;
	uint64_t body_len;	/* that has come */
	uint64_t content_length;
	bool	 has_length;	/* content_length is known */
	bool	 is_too_large;	/* the body, which is being skipped */
};

enum { FCGI_SCRATCH_BYTES = 32768 };	/* read at most per turn */

struct fcgi_service {
	struct fcgi_service_config config;
	struct fcgi_service_settings settings;
	uv_poll_cb on_socket;		/* of each connection's poll */
	struct fcgi_parser_config parser;
	struct deadlines *deadlines;
	struct fcgi_counts counts;
	TAILQ_HEAD(, fcgi_connection) connections;
	size_t	 pending;		/* outputs of all connections */
	uint64_t untrusted_ms;		/* when either may be logged again */
	uint64_t no_client_ms;
	uint8_t	 scratch[FCGI_SCRATCH_BYTES];
};

/* One of the connection's deadlines, or of its requests'. */
void	 fcgi_connection_wait_for(struct fcgi_connection *connection,
	    struct deadline *deadline, enum fcgi_wait kind);
void	 fcgi_connection_stop_waiting(struct fcgi_connection *connection,
	    struct deadline *deadline);

/* Put output behind what is to be sent; takes it. */
void	 fcgi_connection_queue(struct fcgi_connection *connection,
	    struct fcgi_output *out);
/* Send what there is and the socket takes, then go on. */
void	 fcgi_connection_flush(struct fcgi_connection *connection);
/* Go on to what is due when all is sent that can be. */
void	 fcgi_connection_go_on(struct fcgi_connection *connection);

/* Forget an exchange that was answered or given up. */
void	 fcgi_connection_end_exchange(struct fcgi_exchange *exchange);
/* Nobody waits for answers on the connection any more. */
void	 fcgi_connection_end_all(struct fcgi_connection *connection);
/* End the connection at once; the loop's close callback frees it. */
void	 fcgi_connection_close(struct fcgi_connection *connection);

#endif
