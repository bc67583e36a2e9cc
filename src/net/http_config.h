#ifndef HTTP_CONFIG_H
#define HTTP_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <uv.h>

#include "bad_request.h"

struct exchange_answer;
struct exchange_request;
struct outbox_news;
struct payload;
struct unsent;

/* What an owner of HTTP connections says, is asked, and can count. */

/* What the owner makes of a connection that begins. */
enum http_place {
	HTTP_PLACE_NONE,	/* it is not counted */
	HTTP_PLACE_TAKEN,	/* it is: its requests and ended() say so */
	HTTP_PLACE_REFUSED	/* there are too many: it is ended */
};

struct http_owner {
	/* A connection from there begins; NULL if none is counted. */
	enum http_place (*begun)(void *ctx, const struct sockaddr *from);
	/* Decide about a request. */
	void	(*request)(void *ctx, const struct exchange_request *request,
		    struct exchange_answer *answer);
	/*
	 * What was to be upgraded has its socket, which is the owner's, and
	 * the client already sent the extra_len bytes of extra behind its
	 * request.  fd is -1 if nothing came of it: the client is gone, or
	 * there are no descriptors (it was told 503).
	 */
	void	(*upgraded)(void *upgrade, int fd, const void *extra,
		    size_t extra_len);
	/* An answer that shows news was written to its last byte. */
	void	(*delivered)(void *ctx, const struct outbox_news *news);
	/*
	 * A connection ended, and upgraded() got no socket of it; its address
	 * if its place was taken, else NULL.
	 */
	void	(*ended)(void *ctx, const struct sockaddr *counted);
};

/* Why a connection is one of libmicrohttpd's no more. */
enum http_end {
	HTTP_END_CLOSED,	/* by either side, at any time */
	HTTP_END_LATE,		/* head or body took too long */
	HTTP_END_SLOW,		/* its answer was not taken */
	HTTP_END_UPGRADED,	/* it is a WebSocket now */
	HTTP_ENDS
};

struct http_counts {
	size_t	 open;
	uint64_t opened;
	uint64_t closed[HTTP_ENDS];
	struct bad_requests refused;
	uint64_t made_room;	/* connections ended by http_make_room() */
};

struct http_config {
	uv_loop_t *loop;
	const char *name;		/* of who listens, in log lines */
	size_t	 max_connections;	/* 0: the listener counts alone */
	struct unsent *unsent;		/* outlives it; NULL: nobody counts */
	const struct http_owner *owner;
	void	*ctx;
	unsigned idle_timeout_s;	/* between two bytes; 0 for none */
	/* How what is no request is answered, if not as the protocol has it:
	 * a body, which says why, for no page to read. */
	struct payload *(*refusal_body)(unsigned status);
	size_t	 reserved_fd;		/* descriptors from this number on are
					   not for held polls; 0: all are */
};

/* What may change: http_configure(). */
struct http_settings {
	unsigned head_timeout_s;	/* absolute; 0 for none */
	unsigned body_timeout_s;
};

#endif
