#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "client.h"
#include "http_client.h"
#include "span.h"
#include "stream.h"

/*
 * What a participant sends and receives messages through: a WebSocket; or
 * requests of HTTP, where what is sent is posted and what is received comes by
 * polls that follow one another.  The polls are long ones of
 * buddyshopping-protocol(7), or of nginx's nchan, which hands on what was
 * posted as it is.
 */

enum transport {
	TRANSPORT_WS,
	TRANSPORT_POLL,
	TRANSPORT_NCHAN
};

/* How posts and polls go; a poll that is held keeps its connection. */
enum link_width {
	LINK_ONE,		/* connection for both */
	LINK_TWO		/* one for each */
};

enum { LINK_WORD_MAX = 63 };

struct link {
	enum transport transport;
	enum link_width width;
	void	*owner;
	bool	 is_open;
	struct client ws;
	struct http_client posts;	/* polls too if width is LINK_ONE */
	struct http_client polls;
	const char *host;
	const char *base_path;
	char	 session[LINK_WORD_MAX + 1];
	bool	 follows;		/* each poll is followed by another */
	uint32_t posted;		/* that were not yet answered */
	char	 id[LINK_WORD_MAX + 1];		/* of the customer */
	char	 token[LINK_WORD_MAX + 1];	/* that proves it */
	char	 cursor[LINK_WORD_MAX + 1];	/* nchan: the entity tag */
	char	 modified[LINK_WORD_MAX + 1];	/* nchan only */
	struct span messages;		/* of the last answer, still to give */
};

enum link_event {
	LINK_NOTHING,		/* all is read; wait for the socket */
	LINK_OPENED,		/* messages may be sent */
	LINK_MESSAGE,
	LINK_LOST		/* see link_reason() */
};

/* Where to; the strings are kept, the session's id is copied. */
struct link_place {
	struct stream_target target;
	const char *host;
	const char *base_path;	/* ends in a slash */
	const char *session;
	const char *subprotocol;	/* of a WebSocket */
};

/* No connection yet. */
void	 link_init(struct link *link, enum transport transport, int epoll_fd,
	    void *owner);
/* Begin to connect.  -1: lost. */
int	 link_connect(struct link *link, const struct link_place *place,
	    enum link_width width) __attribute__((warn_unused_result));
void	 link_close(struct link *link);
/* Why it was lost. */
const char *link_reason(const struct link *link);

/* Send a message.  -1: lost. */
int	 link_send(struct link *link, struct span message)
	    __attribute__((warn_unused_result));
/* Poll from now on, if that has not begun; a WebSocket need not.  -1: lost. */
int	 link_follow(struct link *link) __attribute__((warn_unused_result));
/* Poll once, for what there is already.  -1: lost. */
int	 link_ask(struct link *link) __attribute__((warn_unused_result));
/* Speak for the customer that from speaks for. */
void	 link_share(struct link *link, const struct link *from);

/* Read what stream, one of the link's, has.  -1: lost. */
int	 link_fill(struct link *link, struct stream *stream,
	    struct inbox *inbox) __attribute__((warn_unused_result));
/*
 * The next event of what link_fill() brought, until that is used up; a
 * message's bytes last until the inbox is filled again.
 */
enum link_event link_next(struct link *link, struct stream *stream,
	    struct inbox *inbox, struct span *message);

#endif
