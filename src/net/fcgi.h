#ifndef FCGI_H
#define FCGI_H

#include <stddef.h>
#include <sys/socket.h>

#include "fcgi_config.h"

/*
 * FastCGI (Specification 1.0): requests that a web server hands on, on
 * connections that we accepted.  Each request's head is shown to the owner, as
 * one of HTTP is (http.h), who answers it or lets it wait for a long-poll.  A
 * connection carries several requests at a time, one after the other, or just
 * one, as the web server likes; nothing of a waiting one is kept but its
 * long-poll and its place on the connection.
 *
 * A web server on a UNIX-domain socket is believed, as the file's mode says
 * who may connect; one on TCP if its address is trusted, else it is closed.
 */
struct fcgi_service;

struct fcgi_service *fcgi_service_new(
	    const struct fcgi_service_config *config,
	    const struct fcgi_service_settings *settings);
/*
 * Take over the settings: the times also for those who wait, the proxies for
 * connections that come from now on.
 */
void	 fcgi_service_configure(struct fcgi_service *service,
	    const struct fcgi_service_settings *settings);
/* Takes fd, as accepted. */
void	 fcgi_service_add(struct fcgi_service *service, int fd,
	    const struct sockaddr *address, socklen_t len);
/* How many answers still have to be taken by a web server. */
size_t	 fcgi_service_pending(const struct fcgi_service *service);
void	 fcgi_service_copy_counts(const struct fcgi_service *service,
	    struct fcgi_counts *counts);
/* End all connections at once. */
void	 fcgi_service_stop(struct fcgi_service *service);
/* After fcgi_service_stop() and the loop's close callbacks. */
void	 fcgi_service_free(struct fcgi_service *service);

#endif
