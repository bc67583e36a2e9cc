#ifndef WS_H
#define WS_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/ws_frame.h"
#include "ws_connection.h"

struct ws_compressed;
struct ws_deflate_params;
struct ws_outgoing;

/*
 * One WebSocket connection (RFC 6455) after its handshake: socket, frames,
 * pings, closing, deadlines.  What it carries is its owner's business: messages
 * are handed to the owner as they come, and messages to send are asked for one
 * by one when the socket can take them, so that nothing is queued here and a
 * slow reader costs nothing but what its owner keeps for it.
 */

/*
 * What all connections share: loop, deadlines, the buffer for reading, and the
 * streams of zlib.
 */
struct ws_service *ws_service_new(const struct ws_config *config,
	    const struct ws_settings *settings);
/*
 * Take over the settings: times and rates for all connections, the size for
 * those that are opened from now on.
 */
void	 ws_service_configure(struct ws_service *service,
	    const struct ws_settings *settings);
/*
 * A turn of the loop begins.  All connections together send a bounded amount
 * in one, so that large messages of some do not keep the others from small
 * ones; until it is called again, only what is small goes out beyond that.
 */
void	 ws_service_turn(struct ws_service *service);
/* Whether any has more to send that waits for the next turn. */
bool	 ws_service_is_behind(const struct ws_service *service);
void	 ws_service_copy_counts(const struct ws_service *service,
	    struct ws_service_counts *counts);
/* No connection may be left.  The loop's close callbacks free the memory. */
void	 ws_service_free(struct ws_service *service);

/*
 * Take over fd, a connected non-blocking stream socket whose handshake is
 * done.  extra are the extra_len bytes that the client sent behind it.
 * deflate is what was negotiated, or NULL.  ws is the owner's memory and stays
 * where it is until closed().  closed() is never called from within this.
 */
void	 ws_open(struct ws_service *service, struct ws *ws,
	    const struct ws_owner *owner, int fd,
	    const struct ws_deflate_params *deflate,
	    const void *extra, size_t extra_len);

/*
 * The owner has something to send, or takes messages again.  Sends what the
 * socket takes and goes on with bytes that were read but not handed over.
 */
void	 ws_wake(struct ws *ws);

/*
 * Within next(): replace message, which is filled in, by its compressed form
 * where the peer agreed to that and it pays.  shared are the forms of a message
 * that goes to others too, NULL of one that does not.
 */
void	 ws_compress(struct ws *ws, struct ws_outgoing *message,
	    struct ws_compressed *shared);

/*
 * Start the closing handshake: nothing more is asked of the owner, a close
 * frame follows what is half sent, and closed() comes when the peer answered
 * or after a few seconds.  Calling it again changes nothing.
 */
void	 ws_close(struct ws *ws, enum ws_close_code code);

#endif
