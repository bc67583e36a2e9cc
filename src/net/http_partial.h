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

struct http_partial_item {
	TAILQ_ENTRY(http_partial_item) entry;
	int	 fd;
	bool	 is_recent;	/* it is in the list */
	bool is_watched; /* by epoll, which says when it is recent */
};

TAILQ_HEAD(http_partial_list, http_partial_item);

struct http_partial {
	int	 epoll;
	struct http_partial_list recent;
};

/* 0; or -1 if there is no descriptor, errno says why. */
int	 http_partial_init(struct http_partial *begun)
	    __attribute__((warn_unused_result));
void	 http_partial_clear(struct http_partial *begun);

/*
 * A head begins to come on the socket fd; and has come, or will not, before fd
 * is closed.  item is the caller's, and neither list nor epoll has it outside
 * of the two.
 */
void	 http_partial_add(struct http_partial *begun,
	    struct http_partial_item *item, int fd);
void	 http_partial_remove(struct http_partial *begun,
	    struct http_partial_item *item);

/*
 * The first and the next of those that are recent: begun since the last
 * http_partial_all_read(), or with bytes that had not been read by then,
 * whether or not they are now.  A few besides may be among them.  NULL if there
 * is none.
 */
struct http_partial_item *http_partial_first(struct http_partial *begun);
struct http_partial_item *http_partial_next(struct http_partial_item *item);

/* libmicrohttpd has made something of all bytes that it has read. */
void	 http_partial_all_read(struct http_partial *begun);

#endif
