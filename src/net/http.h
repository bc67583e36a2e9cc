#ifndef HTTP_H
#define HTTP_H

#include <stddef.h>
#include <sys/socket.h>

#include <uv.h>

#include "bad_request.h"

struct exchange_answer;
struct exchange_request;
struct outbox_news;
struct unsent;

/*
 * HTTP/1.1 by libmicrohttpd, driven by our loop, on connections that we
 * accepted.  Each request's head is shown to the owner, who answers it, lets
 * it wait for a poll, or lets it become a WebSocket; then libmicrohttpd is
 * done with it and the socket is handed over.
 */
struct http;

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
	void (*request)(void *ctx, const struct exchange_request *request,
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
	size_t max_connections; /* 0: the listener counts alone */
	struct unsent *unsent; /* outlives it; NULL: nobody counts */
	const struct http_owner *owner;
	void	*ctx;
	unsigned idle_timeout_s;	/* between two bytes; 0 for none */
};

/* What may change: http_configure(). */
struct http_settings {
	unsigned head_timeout_s;	/* absolute; 0 for none */
	unsigned body_timeout_s;
};

/* NULL if libmicrohttpd cannot start, which was logged. */
struct http *http_new(const struct http_config *config,
	    const struct http_settings *settings);
/*
 * Take over the timeouts, also for requests that are being received:
 * from when these began, or from now on if there was no limit.
 */
void	 http_configure(struct http *http,
	    const struct http_settings *settings);
/* Takes fd, as accepted. */
void	 http_add(struct http *http, int fd, const struct sockaddr *address,
	    socklen_t len);
/*
 * Let libmicrohttpd do what is due; called once in every turn of the loop,
 * before it waits.  Returns how many milliseconds the loop may wait, -1 for
 * any time.
 */
int	 http_run(struct http *http);
/*
 * The connections that wait for their clients: for a head, a body, or another
 * request.  Since when the longest one does, on the loop's clock, UINT64_MAX
 * if there is none; and end that one, which must be there.
 */
uint64_t http_waiting_since_ms(const struct http *http);
void	 http_make_room(struct http *http);
/* The shorter of two waits as http_run() returns them. */
int	 http_sooner(int a_ms, int b_ms);
void	 http_copy_counts(const struct http *http,
	    struct http_counts *counts);
/* End all connections that are still HTTP. */
void	 http_stop(struct http *http);
/* After the loop's close callbacks. */
void	 http_free(struct http *http);

#endif
