#ifndef ACTIVATION_H
#define ACTIVATION_H

#include <stdbool.h>

/*
 * Listening sockets that the service manager made for us and hands over by
 * name (sd_listen_fds_with_names(3); FileDescriptorName= in systemd.socket(5)).
 */

enum activation_name {
	ACTIVATION_HTTP,
	ACTIVATION_FASTCGI,
	ACTIVATION_API,
	ACTIVATION_NAMES
};

struct activation {
	int	 count;
	int	 *fds;		/* -1: was taken */
	enum activation_name *names;	/* of each */
};

/*
 * Read what was handed over, which may be nothing.  0, or -1 if that cannot be
 * told or something has a name that we do not know, which was logged.  Either
 * way activation_clear() it.
 */
int	 activation_read(struct activation *activation)
	    __attribute__((warn_unused_result));

/* The next descriptor of that name, now the caller's; -1 if there is none. */
int	 activation_take(struct activation *activation,
	    enum activation_name name);

/* Whether there is one. */
bool	 activation_has(const struct activation *activation,
	    enum activation_name name);

/* Close what was not taken. */
void	 activation_clear(struct activation *activation);

#endif
