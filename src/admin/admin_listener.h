#ifndef ADMIN_LISTENER_H
#define ADMIN_LISTENER_H

#include <uv.h>

#include "admin_request.h"

struct http_settings;

/*
 * The sockets for those who run the daemon: the admin socket, and the ports of
 * admin-listen, on which it can only be watched.  They have connections of
 * their own, so that clients cannot take them all.
 */
struct admin_listener;

struct admin_listener_config {
	uv_loop_t *loop;
	unsigned idle_timeout_s;	/* as that of http_config */
	struct admin_config admin;
};

struct admin_listener *admin_listener_new(
	    const struct admin_listener_config *config,
	    const struct http_settings *settings);
/*
 * Listen where the options say; -1, which was logged, if that must be and is
 * not possible.
 */
int	 admin_listener_open(struct admin_listener *listener)
	    __attribute__((warn_unused_result));
/* Take over the times for requests. */
void	 admin_listener_configure(struct admin_listener *listener,
	    const struct http_settings *settings);
/* As http_run(). */
int	 admin_listener_run(struct admin_listener *listener);
/* End all connections, and let no more in.  NULL is allowed. */
void	 admin_listener_stop(struct admin_listener *listener);
/* After the loop's close callbacks.  NULL is allowed. */
void	 admin_listener_free(struct admin_listener *listener);

#endif
