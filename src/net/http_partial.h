#ifndef HTTP_PARTIAL_H
#define HTTP_PARTIAL_H

#include <stdbool.h>
#include <sys/queue.h>

/*
 * Requests whose heads have begun to come, and those among them for which
 * something came of late.  libmicrohttpd says that it refuses a request, and
 * not which: it is one of those few, however many wait.
 *
 * Nobody pays for this but those whose heads come in pieces: each such head is
 * known to an epoll of its own, which is asked when somebody wants to know.
 */

struct http_begun_item {
	TAILQ_ENTRY(http_begun_item) entry;
	int	 fd;
	bool	 is_recent;	/* it is in the list */
	bool	 is_watched;	/* by epoll, which says when it is recent */
};

TAILQ_HEAD(http_begun_list, http_begun_item);

struct http_begun {
	int	 epoll;
	struct http_begun_list recent;
};

/* 0; or -1 if there is no descriptor, errno says why. */
int	 http_begun_init(struct http_begun *begun)
	    __attribute__((warn_unused_result));
void	 http_begun_clear(struct http_begun *begun);

/*
 * A head begins to come on the socket fd; and has come, or will not, before fd
 * is closed.  item is the caller's, and neither list nor epoll has it outside
 * of the two.
 */
void	 http_begun_add(struct http_begun *begun, struct http_begun_item *item,
	    int fd);
void	 http_begun_remove(struct http_begun *begun,
	    struct http_begun_item *item);

/*
 * The first and the next of those that are recent: begun since the last
 * http_begun_settle(), or with bytes that had not been read by then, whether or
 * not they are now.  A few besides may be among them.  NULL if there is none.
 */
struct http_begun_item *http_begun_first(struct http_begun *begun);
struct http_begun_item *http_begun_next(struct http_begun_item *item);

/* libmicrohttpd has made something of all bytes that it has read. */
void	 http_begun_settle(struct http_begun *begun);

#endif
