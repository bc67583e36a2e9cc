#ifndef ADMIN_LISTENER_H
#define ADMIN_LISTENER_H

#include <uv.h>

#include "admin_status.h"
#include "base/id.h"
#include "probes.h"

struct http_settings;
struct options;

/*
 * The ways in for those who run the daemon: the admin socket, and the ports of
 * admin-listen, on which it can only be watched.
 */
struct admin_listener;

struct admin_listener_config {
	uv_loop_t *loop;
	unsigned idle_timeout_s;	/* as that of http_config */
	struct id_key log_key; /* of the tags of sessions in logs */
	struct watch watch;
	struct operate_config operate;
};

/* What operate points to is lent for the life of the doors. */
struct admin_listener *
admin_listener_new(const struct admin_listener_config *config,
	    const struct http_settings *settings);
/*
 * Listen where the options say; -1, which was logged, if that must be and is
 * not possible.
 */
int	 admin_listener_open(struct admin_listener *doors,
	    const struct options *options)
	    __attribute__((warn_unused_result));
/* Take over the times for requests. */
void	 admin_listener_configure(struct admin_listener *doors,
	    const struct http_settings *settings);
/* As http_run(). */
int	 admin_listener_run(struct admin_listener *doors);
/* Nothing that takes time is begun any more. */
void	 admin_listener_drain(struct admin_listener *doors);
/* End all connections, and let no more in.  NULL is allowed. */
void	 admin_listener_stop(struct admin_listener *doors);
/* After the loop's close callbacks.  NULL is allowed. */
void	 admin_listener_free(struct admin_listener *doors);

#endif
