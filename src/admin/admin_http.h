#ifndef ADMIN_HTTP_H
#define ADMIN_HTTP_H

#include <stddef.h>

#include <uv.h>

struct endpoint;
struct exchange_answer;
struct exchange_request;
struct http_settings;
struct socket_access;

/*
 * A way in beside that of the clients: HTTP whose requests are answered at
 * once, and which has connections of its own, so that who comes by another
 * door cannot take them all.
 */
struct door;

struct admin_http_config {
	uv_loop_t *loop;
	const char *name;		/* of its connections, in the log */
	size_t	 max_connections;
	unsigned idle_timeout_s;	/* as that of http_config */
	/* Answer a request, which cannot become a WebSocket. */
	void (*request)(void *ctx, const struct exchange_request *request,
	    struct exchange_answer *answer);
	void	*ctx;
};

/* NULL if there is no HTTP, as logged. */
struct door *admin_http_new(const struct admin_http_config *config,
	    const struct http_settings *settings);
/* Take over the times for requests. */
void	 admin_http_configure(struct door *door,
	    const struct http_settings *settings);
/* As listener_add(). */
int	 admin_http_open(struct door *door, struct endpoint *endpoint,
	    const struct socket_access *access)
	    __attribute__((warn_unused_result));
/* As http_run(). */
int	 admin_http_run(struct door *door);
/* End all connections, and let no more in.  NULL is allowed. */
void	 admin_http_stop(struct door *door);
/* After the loop's close callbacks.  NULL is allowed. */
void	 admin_http_free(struct door *door);

#endif
