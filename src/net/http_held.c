#include "http_held.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "deferred.h"
#include "http_answer.h"
#include "http_connection.h"
#include "loop_lag.h"
#include "read_count.h"

enum { LENDS_PER_RUN = 16 };	/* of libmicrohttpd, at the most */

enum held_state {
	HELD_WAITING,	/* for the answer to its request */
	HELD_SENDING,	/* for room, for the rest of an answer */
	HELD_IDLE,	/* for another request */
	HELD_LENT	/* until libmicrohttpd has read that */
};

/* What a socket had no room for. */
struct rest {
	struct payload *lead;	/* from its first byte on, and then ... */
	struct payload *body;	/* ... this; NULL: nothing, ... */
	size_t	 body_from;	/* ... but for so many bytes of it, ... */
	struct payload *tail;	/* ... and this; NULL: nothing */
	size_t	 sent;		/* of all these */
	struct outbox_news news;
	struct http_held *held;
	struct unsent_item unsent;
};

struct http_held {
	TAILQ_ENTRY(http_held) entry;
	TAILQ_ENTRY(http_held) lent_entry;
	int	 lent_fd;	/* while it is in http->lent, else -1 */
	struct http *http;
	enum held_state state;
	enum http_place place;
	bool	 closes;	/* the answer ends the connection */
	int	 fd;
	int	 events;	/* for which watch looks; 0: it is stopped */
	uv_poll_t watch;
	struct deadline deadline;	/* with HELD_SENDING and HELD_IDLE */
	uint64_t waiting_ms;		/* with HELD_IDLE: since then */
	uint64_t bytes;			/* of all requests */
	uint64_t turn;			/* in which it was taken last */
	struct deferred *deferred;	/* with HELD_WAITING */
	struct rest *rest;		/* with HELD_SENDING */
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} address;
};

static void	 on_held_event(uv_poll_t *watch, int status, int events);

static void
watch_for(struct http_held *held, int events)
{
	if (held->events == events)
		return;
	held->events = events;
	if (events == 0)
		(void)uv_poll_stop(&held->watch);	/* returns 0 */
	else
		(void)uv_poll_start(&held->watch, events, on_held_event);
}

static void
rest_free(struct rest *rest)
{
	if (rest == NULL)
		return;
	unsent_end(&rest->unsent);
	payload_unref(rest->lead);
	payload_unref(rest->body);
	payload_unref(rest->tail);
	free(rest);
}

static void
on_held_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* Forget the connection, but for its place and its count. */
static void
forget_held(struct http_held *held)
{
	struct http *http = held->http;

	deadline_clear(http->deadlines, &held->deadline);
	TAILQ_REMOVE(&http->held, held, entry);
	if (held->deferred != NULL)
		deferred_cancel(held->deferred);
	rest_free(held->rest);
	/* No descriptor of that number may be watched before. */
	uv_close((uv_handle_t *)&held->watch, on_held_closed);
	if (held->fd != -1)
		close(held->fd);
}

static void
end_held(struct http_held *held, enum http_end end)
{
	struct http *http = held->http;

	http->counts.open--;
	http->counts.closed[end]++;
	/* libmicrohttpd may have a duplicate for a moment. */
	(void)shutdown(held->fd, SHUT_WR);
	http->config.owner->ended(http->config.ctx,
	    held->place == HTTP_PLACE_TAKEN ? &held->address.any : NULL);
	forget_held(held);
}

/* An answer was sent, to its last byte. */
static void
on_sent(struct http_held *held, const struct outbox_news *news)
{
	struct http *http = held->http;

	if (news->is_multicart)
		http->config.owner->delivered(http->config.ctx, news);
	if (held->closes) {
		end_held(held, HTTP_END_CLOSED);
		return;
	}
	held->state = HELD_IDLE;
	held->waiting_ms = uv_now(http->config.loop);
	deadline_set(http->deadlines, &held->deadline, HTTP_WAIT_IDLE);
	watch_for(held, UV_READABLE | UV_DISCONNECT);
}

/* Its answer takes too long, or too much memory with all others. */
static void
on_held_too_slow(struct unsent_item *item)
{
	struct rest *rest = (void *)((char *)item -
	    offsetof(struct rest, unsent));

	log_debug("http: client is too slow");
	end_held(rest->held, HTTP_END_SLOW);
}

/* Add what is left of len bytes when *from bytes of all are left out. */
static size_t
add_piece(struct iovec *list, size_t count, size_t *from, const void *data,
    size_t len)
{
	size_t skip = *from < len ? *from : len;

	*from -= skip;
	if (skip == len)
		return count;
	/* They are only read. */
	list[count].iov_base = (char *)(uintptr_t)data + skip;
	list[count].iov_len = len - skip;
	return count + 1;
}

/* How much of it was sent now; -1 if it never will be. */
static ssize_t
send_pieces(int fd, struct iovec *list, size_t count)
{
	struct msghdr msg = { .msg_iov = list, .msg_iovlen = count };
	ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

	return n == -1 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

static size_t
add_payload(struct iovec *list, size_t count, size_t *from,
    const struct payload *payload)
{
	return payload == NULL ? count :
	    add_piece(list, count, from, payload->data, payload->len);
}

static void
send_rest(struct http_held *held)
{
	struct rest *rest = held->rest;
	size_t body = rest->body == NULL ? 0 :
	    rest->body->len - rest->body_from;
	size_t tail = rest->tail == NULL ? 0 : rest->tail->len;
	size_t sent = rest->sent, count;
	struct outbox_news news = rest->news;
	struct iovec list[3];
	ssize_t n;

	count = add_piece(list, 0, &sent, rest->lead->data, rest->lead->len);
	if (body > 0)
		count = add_piece(list, count, &sent,
		    rest->body->data + rest->body_from, body);
	count = add_payload(list, count, &sent, rest->tail);
	n = send_pieces(held->fd, list, count);
	if (n == -1) {
		end_held(held, HTTP_END_CLOSED);
		return;
	}
	if (n > 0)
		deadline_set(held->http->deadlines, &held->deadline,
		    HTTP_WAIT_ROOM);
	rest->sent += (size_t)n;
	if (rest->sent < rest->lead->len + body + tail)
		return;
	rest_free(rest);
	held->rest = NULL;
	on_sent(held, &news);
}

/* Of an answer and its head n bytes are sent: keep the others. */
static void
keep_rest(struct http_held *held, const struct exchange_answer *answer,
    const struct text *head, size_t n)
{
	struct unsent *unsent = held->http->config.unsent;
	size_t lead_len = answer->lead == NULL ? 0 : answer->lead->len;
	struct rest *rest = xcalloc(1, sizeof(*rest));
	struct buf lead;

	buf_init(&lead, UINT32_MAX);
	if (buf_append(&lead, head->bytes, head->len) == -1 || (lead_len > 0 &&
	    buf_append(&lead, answer->lead->data, lead_len) == -1))
		fatalx("out of memory (answer over HTTP)");
	rest->lead = buf_freeze(&lead);
	rest->body = payload_ref(answer->body);
	rest->body_from = answer->body_from;
	rest->tail = payload_ref(answer->tail);
	rest->sent = n;
	rest->news = answer->news;
	rest->held = held;
	rest->unsent.cut = on_held_too_slow;
	held->rest = rest;
	held->state = HELD_SENDING;
	watch_for(held, UV_WRITABLE);
	deadline_set(held->http->deadlines, &held->deadline, HTTP_WAIT_ROOM);
	if (unsent != NULL && rest->body != NULL)
		unsent_begin(unsent, &rest->unsent, rest->body, held->fd);
}

/* Takes the answer's references. */
static void
answer_held(struct http_held *held, const struct exchange_answer *answer)
{
	struct text head = { .len = 0 };
	struct iovec list[4];
	size_t count, none = 0, from = answer->body_from, all;
	ssize_t n;

	if (answer->closes)
		held->closes = true;
	http_answer_head(answer, held->closes, &head);
	all = head.len + exchange_body_len(answer);
	count = add_piece(list, 0, &none, head.bytes, head.len);
	count = add_payload(list, count, &none, answer->lead);
	count = add_payload(list, count, &from, answer->body);
	count = add_payload(list, count, &none, answer->tail);
	n = send_pieces(held->fd, list, count);
	if (n == -1)
		end_held(held, HTTP_END_CLOSED);
	else if ((size_t)n == all)
		on_sent(held, &answer->news);
	else
		keep_rest(held, answer, &head, (size_t)n);
	payload_unref(answer->lead);
	payload_unref(answer->body);
	payload_unref(answer->tail);
}

static void
on_held_answered(void *ctx, const struct exchange_answer *answer)
{
	struct http_held *held = ctx;

	held->deferred = NULL;
	answer_held(held, answer);
}

static void
stop_lending(struct http_held *held)
{
	TAILQ_REMOVE(&held->http->lent, held, lent_entry);
	held->lent_fd = -1;
}

/* libmicrohttpd does not want it, and has closed what it was given. */
static void
end_lent(struct http_held *held)
{
	stop_lending(held);
	end_held(held, HTTP_END_CLOSED);
}

/* Of what matters: who connects from a UNIX-domain socket is nobody. */
static socklen_t
address_len(const struct sockaddr *address)
{
	switch (address->sa_family) {
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	case AF_INET:
		return sizeof(struct sockaddr_in);
	default:
		return sizeof(address->sa_family);
	}
}

/* -1 if there is no descriptor that others do not need. */
static int
duplicate(const struct http *http, int fd)
{
	size_t reserved = http->config.reserved_fd;
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (copy == -1 || reserved == 0 || (size_t)copy < reserved)
		return copy;
	close(copy);
	return -1;
}

/*
 * Let libmicrohttpd read a request from a duplicate of the socket; if there is
 * no descriptor for that, the socket is its own from now on.
 */
static void
lend(struct http_held *held)
{
	struct http *http = held->http;
	int fd = duplicate(http, held->fd);

	deadline_clear(http->deadlines, &held->deadline);
	held->state = HELD_LENT;
	if (fd == -1) {
		watch_for(held, 0);
		fd = held->fd;
		held->fd = -1;
	}
	held->lent_fd = fd;
	TAILQ_INSERT_TAIL(&http->lent, held, lent_entry);
	/* If it fails fd is closed already. */
	if (MHD_add_connection(http->daemon, fd, &held->address.any,
	    address_len(&held->address.any)) == MHD_NO && held->lent_fd != -1)
		end_lent(held);
	http->is_dirty = true;
	/* Each takes memory until it has been read. */
	if (++http->lent_count == LENDS_PER_RUN)
		http_run_library(http);
}

/* While a poll waits: the client is gone, or asks for something else. */
static void
on_waiting_event(struct http_held *held, int status, int events)
{
	if (status < 0 || (events & UV_DISCONNECT) != 0)
		end_held(held, HTTP_END_CLOSED);
	else
		watch_for(held, UV_DISCONNECT);
}

static void
on_held_event(uv_poll_t *watch, int status, int events)
{
	struct http_held *held = watch->data;

	loop_lag_begin(watch->loop);
	/* libuv does not look any more. */
	if (status < 0)
		held->events = 0;
	/* What was read since the loop saw it may be what it saw: if not, it
	 * sees it again, but for errors. */
	if (status == 0 && held->turn == held->http->turn)
		return;
	switch (held->state) {
	case HELD_WAITING:
		on_waiting_event(held, status, events);
		break;
	case HELD_SENDING:
		send_rest(held);	/* it finds out what is wrong */
		break;
	case HELD_IDLE:
		lend(held);		/* likewise */
		break;
	case HELD_LENT:
		watch_for(held, 0);	/* not all of it came at once */
		break;
	}
}

/*
 * Whether the request can be answered here: libmicrohttpd has read nothing of
 * what may come behind it.
 */
static bool
can_take(const struct http_connection *connection)
{
	return connection->persistence != HTTP_PERSISTENCE_OTHER &&
	    !connection->is_last &&
	    read_count_is(http_connection_fd(connection),
	    http_connection_address(connection)->sa_family,
	    connection->bytes);
}

static struct http_held *
held_new(struct http_connection *connection)
{
	const struct sockaddr *address = http_connection_address(connection);
	struct http *http = connection->http;
	struct http_held *held;
	int fd, one = 1;

	fd = duplicate(http, http_connection_fd(connection));
	if (fd == -1)
		return NULL;
	held = xcalloc(1, sizeof(*held));
	if (uv_poll_init(http->config.loop, &held->watch, fd) != 0) {
		close(fd);
		free(held);
		return NULL;
	}
	held->http = http;
	held->place = connection->place;
	held->fd = fd;
	held->lent_fd = -1;
	held->watch.data = held;
	memcpy(&held->address, address, address_len(address));
	/* The end of an answer is not to wait for what acknowledges it; it
	 * fails where there is no TCP. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	TAILQ_INSERT_TAIL(&http->held, held, entry);
	return held;
}

bool
http_held_take(struct http_connection *connection)
{
	struct http_held *held = connection->held;

	if (!can_take(connection) || (held == NULL &&
	    (held = held_new(connection)) == NULL)) {
		http_held_leave(connection);
		return false;
	}
	connection->held = NULL;
	connection->phase = HTTP_PHASE_TAKEN;
	connection->http->is_taking = true;
	held->bytes = connection->bytes;
	held->turn = connection->http->turn;
	held->closes = connection->persistence == HTTP_PERSISTENCE_CLOSE;
	held->deferred = connection->deferred;
	connection->deferred = NULL;
	if (held->deferred == NULL) {
		connection->answer.deferred = NULL;
		answer_held(held, &connection->answer);
		connection->answer.status = 0;
		return true;
	}
	held->state = HELD_WAITING;
	deferred_redirect(held->deferred, on_held_answered, held);
	watch_for(held, UV_READABLE | UV_DISCONNECT);
	return true;
}

bool
http_held_begin(struct http_connection *connection)
{
	struct http *http = connection->http;
	int fd = http_connection_fd(connection);
	struct http_held *held;

	TAILQ_FOREACH(held, &http->lent, lent_entry)
		if (held->lent_fd == fd)
			break;
	if (held == NULL)
		return false;
	stop_lending(held);
	connection->place = held->place;
	connection->bytes = held->bytes;
	if (held->fd == -1)
		forget_held(held);
	else
		connection->held = held;
	return true;
}

void
http_held_end_lent(struct http *http)
{
	struct http_held *held;

	while ((held = TAILQ_FIRST(&http->lent)) != NULL)
		end_lent(held);
}

void
http_held_leave(struct http_connection *connection)
{
	if (connection->held != NULL)
		forget_held(connection->held);
	connection->held = NULL;
}

static struct http_held *
held_of_deadline(struct deadline *deadline)
{
	return (void *)((char *)deadline -
	    offsetof(struct http_held, deadline));
}

void
http_held_on_deadline(struct deadline *deadline)
{
	struct http_held *held = held_of_deadline(deadline);

	end_held(held, held->state == HELD_SENDING ? HTTP_END_SLOW :
						     HTTP_END_CLOSED);
}

static struct http_held *
longest_waiting(const struct http *http)
{
	struct deadline *first = deadlines_first(http->deadlines,
	    HTTP_WAIT_IDLE);

	return first == NULL ? NULL : held_of_deadline(first);
}

uint64_t
http_held_waiting_since_ms(const struct http *http)
{
	const struct http_held *longest = longest_waiting(http);

	return longest != NULL ? longest->waiting_ms : UINT64_MAX;
}

void
http_held_make_room(struct http *http)
{
	end_held(longest_waiting(http), HTTP_END_CLOSED);
}

void
http_held_stop(struct http *http)
{
	static const struct exchange_answer nothing = {
		.status = MHD_HTTP_SERVICE_UNAVAILABLE,
		.retry_after_s = EXCHANGE_RETRY_STOPPED_S,
		.closes = true,
	};
	struct http_held *held, *next;

	for (held = TAILQ_FIRST(&http->held); held != NULL; held = next) {
		next = TAILQ_NEXT(held, entry);
		if (held->state == HELD_LENT)
			continue;
		if (held->state != HELD_WAITING) {
			end_held(held, HTTP_END_CLOSED);
			continue;
		}
		deferred_cancel(held->deferred);
		on_held_answered(held, &nothing);
		if (held->state == HELD_SENDING)
			end_held(held, HTTP_END_CLOSED);
	}
}
