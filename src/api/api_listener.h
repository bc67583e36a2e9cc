#ifndef API_LISTENER_H
#define API_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "api_access.h"
#include "net/bad_request.h"
#include "net/listener.h"
#include "net/status_counts.h"

struct http_settings;
struct hub;
struct shops;
struct unsent;

/*
 * The sockets for the shop's own servers: HTTP with connections of its own, so
 * that customers cannot take them all.  Until it is started there is nothing.
 */
struct api_listener;

struct api_listener_config {
	uv_loop_t *loop;
	struct hub *hub;
	const char *database;		/* its path; copied */
	const struct shops *shops;	/* outlive api_listener_free() */
	struct unsent *unsent;		/* outlives api_listener_stop() */
	unsigned idle_timeout_s;	/* as that of http_config */
	bool	 (*is_draining)(const void *ctx);
	const void *ctx;
};

struct api_counts {
	struct status_counts answers;
	struct bad_requests refused;	/* which are not among these */
	size_t	 connections;		/* open */
};

/* Connections to all of its sockets together. */
enum { API_CONNECTIONS_MAX = 64 };

struct api_listener *api_listener_new(const struct api_listener_config *config,
	    const struct api_access_settings *access,
	    const struct http_settings *http);
/* Get ready for sockets; -1, which was logged, if that is not possible. */
int	 api_listener_start(struct api_listener *api)
	    __attribute__((warn_unused_result));
/* Once it was started: who listens, and what becomes of connections. */
struct listener *api_listener_sockets(const struct api_listener *api);
struct listener_user api_listener_user(struct api_listener *api);

/* Take over keys, proxies and times. */
void	 api_listener_configure(struct api_listener *api,
	    const struct api_access_settings *access,
	    const struct http_settings *http);
/* As http_run(). */
int	 api_listener_run(struct api_listener *api);
/* Calls that have no answer yet. */
size_t	 api_listener_pending(const struct api_listener *api);
/* Rows of the journal may have been committed: who waits for them hears. */
void	 api_listener_committed(struct api_listener *api);
/* Answer who waits for events: the service is stopping. */
void	 api_listener_drain(struct api_listener *api);
void	 api_listener_copy_counts(const struct api_listener *api,
	    struct api_counts *counts);
/* End all connections and calls, and let no more in.  NULL is allowed. */
void	 api_listener_stop(struct api_listener *api);
/* After the loop's close callbacks.  NULL is allowed. */
void	 api_listener_free(struct api_listener *api);

#endif
