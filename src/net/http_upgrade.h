#ifndef HTTP_UPGRADE_H
#define HTTP_UPGRADE_H

#include <stdint.h>

#include <microhttpd.h>

struct http;
struct http_connection;

/*
 * Connections that become WebSockets.  libmicrohttpd would keep the whole pool
 * of each, which slows down the others, so the socket is duplicated for its
 * new owner and libmicrohttpd closes the original: many at a time, as that
 * walks over all suspended connections.
 */

enum { HTTP_RELEASES = 256 };	/* to close at once, at the latest */

/* Answer 101, or 503 if there is no descriptor. */
enum MHD_Result http_upgrade_respond(struct http_connection *connection);
/* Nothing comes of the upgrade that was decided upon: tell whose it was. */
void	 http_upgrade_give_up(struct http_connection *connection);

/* Let libmicrohttpd close what is due; and all that is upgraded. */
void	 http_upgrade_release_due(struct http *http, uint64_t now_ms);
void	 http_upgrade_release_all(struct http *http);

#endif
