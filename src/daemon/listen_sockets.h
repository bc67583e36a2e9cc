#ifndef LISTEN_SOCKETS_H
#define LISTEN_SOCKETS_H

#include "config/endpoint.h"
#include "net/listener.h"

struct api_listener;
struct options;

/* Who gets the connections of each kind of socket. */
struct listen_sockets_users {
	struct listener_user http;
	struct listener_user fastcgi;
	struct api_listener *api;	/* is started if there is one for it */
};

/*
 * Listen on the sockets that the service manager handed over; where there are
 * none of a kind, on those that the options name.  Returns EX_OK, and in text
 * the first place where HTTP is spoken, which stays as it is if there is none;
 * or another status, which was logged.
 */
int	 listen_sockets_open(struct listener *listener,
	    const struct options *options,
	    const struct listen_sockets_users *users,
	    char text[ENDPOINT_TEXT_MAX + 1])
	    __attribute__((warn_unused_result));

#endif
