#ifndef HTTP_H
#define HTTP_H

#include <stddef.h>
#include <sys/socket.h>

#include <uv.h>

struct exchange_answer;
struct exchange_request;

/*
 * HTTP/1.1 by libmicrohttpd, driven by our loop, on connections that we
 * accepted.  Each request's head is shown to the owner, who answers it, lets
 * it wait for a poll, or lets it become a WebSocket; then libmicrohttpd is
 * done with it and the socket is handed over.
 */
struct http;

struct http_owner {
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
	/* A connection ended, and upgraded() got no socket of it. */
	void	(*ended)(void *ctx);
};

struct http_config {
	uv_loop_t *loop;
	size_t	 max_connections;	/* 0: the listener counts alone */
	const struct http_owner *owner;
	void	*ctx;
	/* The rest may change: http_configure(). */
	unsigned head_timeout_s;	/* absolute; 0 for none */
	unsigned body_timeout_s;
};

/* NULL if libmicrohttpd cannot start, which was logged. */
struct http *http_new(const struct http_config *config);
/*
 * Take over the timeouts of config, also for requests that are being received:
 * from when these began, or from now on if there was no limit.
 */
void	 http_configure(struct http *http, const struct http_config *config);
/* Takes fd, as accepted. */
void	 http_add(struct http *http, int fd, const struct sockaddr *address,
	    socklen_t len);
/*
 * Let libmicrohttpd do what is due; called once in every turn of the loop,
 * before it waits.  Returns how many milliseconds the loop may wait, -1 for
 * any time.
 */
int	 http_run(struct http *http);
/* End all connections that are still HTTP. */
void	 http_stop(struct http *http);
/* After the loop's close callbacks. */
void	 http_free(struct http *http);

#endif
