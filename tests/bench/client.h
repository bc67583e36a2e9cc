#ifndef CLIENT_H
#define CLIENT_H

#include <stdbool.h>

#include "span.h"
#include "stream.h"

#include "base/buf.h"

/*
 * The client's end of one WebSocket connection (RFC 6455): handshake, masked
 * text frames out, messages in.  Pings are answered on the way.
 */

struct client {
	struct stream stream;
	bool	 is_open;	/* the handshake is done */
	struct buf message;	/* the fragments of a message so far */
};

enum client_event {
	CLIENT_NOTHING,		/* all is read; wait for the socket */
	CLIENT_OPENED,		/* the handshake is done */
	CLIENT_MESSAGE,		/* a text message is whole */
	CLIENT_LOST		/* see the stream's reason; it is of no use */
};

/* No connection yet. */
void	 client_init(struct client *client, int epoll_fd, void *owner);
/*
 * Begin to connect and queue the handshake for path; host and subprotocol go
 * into it as they are, an empty subprotocol stays out.
 */
int	 client_connect(struct client *client,
	    const struct stream_target *target, const char *host,
	    const char *path, const char *subprotocol)
	    __attribute__((warn_unused_result));
/* Close the socket without a word and free everything. */
void	 client_close(struct client *client);

/* Send a text message.  -1: lost. */
int	 client_send(struct client *client, struct span text)
	    __attribute__((warn_unused_result));
/*
 * The next event of what stream_fill() brought; a message's bytes last until
 * the following call.
 */
enum client_event client_next(struct client *client, struct inbox *inbox,
	    struct span *message);

#endif
