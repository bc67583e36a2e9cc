#ifndef HTTP_H
#define HTTP_H

#include <stdint.h>
#include <sys/socket.h>

#include "http_config.h"

/*
 * HTTP/1.1 by libmicrohttpd, driven by our loop, on connections that we
 * accepted.  Each request's head is shown to the owner, who answers it, lets
 * it wait for a poll, or lets it become a WebSocket; then libmicrohttpd is
 * done with it and the socket is handed over.  Where a poll waits for long,
 * http_held.h has the socket.
 */
struct http;

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
