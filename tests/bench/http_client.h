#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>

#include "span.h"
#include "stream.h"

#include "base/buf.h"

/*
 * The client's end of a persistent HTTP/1.1 connection: one request after the
 * other, each when the one before it was answered.  It reads answers whose
 * length is said by Content-Length, as those of the servers measured here are.
 */

struct http_client {
	struct stream stream;
	struct stream_target target;
	bool	 is_busy;	/* a request waits for its answer */
	struct buf queue;	/* requests behind it, each after its length */
};

struct http_answer {
	unsigned status;
	struct span head;	/* the status line and the fields */
	struct span body;
};

enum http_event {
	HTTP_NOTHING,		/* all is read; wait for the socket */
	HTTP_ANSWER,
	HTTP_LOST		/* see the stream's reason */
};

/* No connection yet. */
void	 http_client_init(struct http_client *client, int epoll_fd,
	    void *owner);
/* Begin to connect.  -1: lost. */
int	 http_client_connect(struct http_client *client,
	    const struct stream_target *target)
	    __attribute__((warn_unused_result));
void	 http_client_close(struct http_client *client);

/*
 * Send a request, head and body, as soon as those before it are answered.  A
 * connection that the server has closed meanwhile is opened again.  -1: lost.
 */
int	 http_client_send(struct http_client *client, struct span request)
	    __attribute__((warn_unused_result));

/* As stream_fill(), but a server may close while nothing is asked of it. */
int	 http_client_fill(struct http_client *client, struct inbox *inbox)
	    __attribute__((warn_unused_result));
/*
 * The next answer of what http_client_fill() brought; its bytes last until the
 * inbox is filled again.
 */
enum http_event http_client_next(struct http_client *client,
	    struct inbox *inbox, struct http_answer *answer);

/* The value of a field in an answer's head; nothing if it is not there. */
struct span http_answer_field(const struct http_answer *answer,
	    const char *name);

#endif
