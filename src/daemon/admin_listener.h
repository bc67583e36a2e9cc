#ifndef ADMIN_LISTENER_H
#define ADMIN_LISTENER_H

#include <uv.h>

#include "admin/probes.h"
#include "admin_status.h"
#include "base/id.h"

struct options;

/*
 * The ways in for those who run the daemon: the admin socket, and the ports of
 * admin-listen, on which it can only be watched.
 */
struct admin_doors;

struct admin_doors_config {
	uv_loop_t *loop;
	struct id_key log_key;		/* of the tags of sessions in logs */
	struct watch watch;
	struct operate_config operate;
};

/* What operate points to is lent for the life of the doors. */
struct admin_doors *admin_doors_new(const struct admin_doors_config *config);
/*
 * Listen where the options say; -1, which was logged, if that must be and is
 * not possible.
 */
int	 admin_doors_open(struct admin_doors *doors,
	    const struct options *options)
	    __attribute__((warn_unused_result));
/* Take over the times for requests. */
void	 admin_doors_configure(struct admin_doors *doors,
	    const struct options *options);
/* As http_run(). */
int	 admin_doors_run(struct admin_doors *doors);
/* Nothing that takes time is begun any more. */
void	 admin_doors_drain(struct admin_doors *doors);
/* End all connections, and let no more in.  NULL is allowed. */
void	 admin_doors_stop(struct admin_doors *doors);
/* After the loop's close callbacks.  NULL is allowed. */
void	 admin_doors_free(struct admin_doors *doors);

#endif
