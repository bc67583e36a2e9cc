#ifndef HTTP_HELD_H
#define HTTP_HELD_H

#include <stdbool.h>
#include <stdint.h>

struct deadline;
struct http;
struct http_connection;

/*
 * Connections whose polls are held.  libmicrohttpd would keep its memory for
 * each, walk over all of them whenever one goes on, and put each into its epoll
 * and take it out again.  So their sockets are taken over, as those of
 * WebSockets are, and lent to it for each further request: what it reads there
 * is a request that was not looked at here, and whatever is read here belongs
 * to none.
 *
 * The border: http_held_take() when a request has been read, http_held_leave()
 * when one that was read from a lent socket is libmicrohttpd's to answer, or
 * the connection has ended there.
 */
struct http_held;

/*
 * Take the connection over with its request, which has come to its last byte:
 * its answer was decided (connection->answer) or is deferred.
 * libmicrohttpd has to be told to end the connection then, and has done so
 * before the loop goes on.  False where it cannot be: libmicrohttpd may have
 * read more behind the request, or is to decide what becomes of the connection.
 */
bool	 http_held_take(struct http_connection *connection)
	    __attribute__((warn_unused_result));
/*
 * A connection of libmicrohttpd's begins: whether its socket is one that is
 * lent, so that it has its place and is counted.
 */
bool	 http_held_begin(struct http_connection *connection)
	    __attribute__((warn_unused_result));
/* libmicrohttpd was run: it refused those that have not begun. */
void	 http_held_end_lent(struct http *http);
/* Of a connection that was lent: it is libmicrohttpd's alone from now on. */
void	 http_held_leave(struct http_connection *connection);

/*
 * A connection that waits for another request does so for too long, or its
 * client takes nothing of an answer.
 */
void	 http_held_on_deadline(struct deadline *deadline);
/*
 * Since when the one does that has waited for longest, UINT64_MAX if there is
 * none; and end that one, which must be there.
 */
uint64_t http_held_waiting_since_ms(const struct http *http);
void	 http_held_make_room(struct http *http);
/* Answer those that still wait, and end all but the lent ones. */
void	 http_held_stop(struct http *http);

#endif
