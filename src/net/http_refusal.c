#include "http_refusal.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "bad_request.h"
#include "base/buf.h"
#include "http_answer.h"
#include "http_connection.h"
#include "http_head.h"

enum {
	STILL_RUNS = 64,	/* without a rest, until one may stand still */
	IDLE_RUNS = 1024	/* likewise, and nothing was shown to us */
};

static void
count_refused(struct http *http, unsigned status)
{
	bad_request_count(&http->counts.refused, http->config.name, status,
	    uv_now(http->config.loop));
}

/* The answer to what is no request, with its body. */
static struct exchange_answer
refusal(const struct http *http, unsigned status)
{
	struct payload *(*body)(unsigned status) = http->config.refusal_body;

	return (struct exchange_answer){
		.status = status,
		.body = body != NULL ? body(status) : bad_request_body(status),
		.is_private = body != NULL,
		.closes = true,
	};
}

enum MHD_Result
http_refusal_malformed(struct http_connection *connection)
{
	const struct exchange_answer answer = refusal(connection->http,
	    MHD_HTTP_BAD_REQUEST);

	count_refused(connection->http, answer.status);
	return http_connection_answer(connection, &answer);
}

/*
 * Answer what libmicrohttpd has no room to answer, or would answer in its own
 * way: whatever it still has to say goes nowhere.
 */
static void
refuse_head(struct http_connection *connection, unsigned status,
    const char *method)
{
	const struct exchange_answer answer = refusal(connection->http,
	    status);

	http_connection_end_fields(connection);
	connection->phase = HTTP_PHASE_REFUSED;
	count_refused(connection->http, status);
	http_answer_send(&answer, method, http_connection_fd(connection));
	http_connection_shut_down(connection);
}

void
http_refusal_large_head(struct http_connection *connection, const char *method)
{
	const struct payload *target = connection->target;

	refuse_head(connection,
	    target != NULL && target->len > HTTP_HEAD_BYTES ?
	    MHD_HTTP_URI_TOO_LONG :
	    MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, method);
}

static struct http_connection *
http_of_partial(struct http_partial_item *item)
{
	return (void *)((char *)item -
	    offsetof(struct http_connection, partial));
}

/*
 * Refuse the request whose head has come, and which was not shown to us as all
 * others are as soon as that is so: it is the one that libmicrohttpd refuses.
 */
static int
refuse_complete_head(struct http *http, unsigned status)
{
	struct http_partial_item *item;

	for (item = http_partial_first(&http->partial); item != NULL;
	    item = http_partial_next(item)) {
		if (!http_head_has_come(http_of_partial(item)->mhd))
			continue;
		refuse_head(http_of_partial(item), status, NULL);
		return 0;
	}
	return -1;
}

/* Whether there is no room in connection's pool, as far as may be asked. */
static bool
is_pool_full(struct http_connection *connection)
{
	return connection->measured++ < HTTP_MEASURES &&
	    http_head_is_full(connection->mhd);
}

/*
 * Refuse the requests that fill their pools, which are too large whether or
 * not they are the one.  What libmicrohttpd says of the others was counted.
 */
static int
refuse_full_pools(struct http *http)
{
	struct http_partial_item *item, *next;
	struct http_connection *connection;
	unsigned count = 0;

	for (item = http_partial_first(&http->partial); item != NULL;
	    item = next) {
		next = http_partial_next(item);
		connection = http_of_partial(item);
		if (!is_pool_full(connection))
			continue;
		http_refusal_large_head(connection, NULL);
		connection->is_full = true;
		count++;
	}
	if (count == 0)
		return -1;
	http->full_count += count;
	http->lines_due += count - 1;
	return 0;
}

/*
 * libmicrohttpd does not say which request it is, and 0.9.75 sends the head of
 * its answer twice if the whole head has come.
 */
void
http_refusal_by_library(struct http *http, unsigned status)
{
	if (refuse_complete_head(http, status) == 0)
		return;
	if ((status == MHD_HTTP_URI_TOO_LONG ||
	    status == MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE) &&
	    refuse_full_pools(http) == 0)
		return;
	if (http->lines_due > 0)
		http->lines_due--;
	else
		count_refused(http, status);
}

void
http_refusal_forget_full(struct http *http)
{
	http->full_count--;
	if (http->lines_due > http->full_count)
		http->lines_due = http->full_count;
}

/*
 * Whether libmicrohttpd reads no further: what waits is not less than at the
 * look before; or nothing waits, as all the room is taken just so.  Others that
 * take their time may have no room, either, but with them alone it rests.
 */
static bool
is_stuck_in_chunk(struct http_connection *connection)
{
	int before = connection->unread;

	if (ioctl(http_connection_fd(connection), FIONREAD,
	    &connection->unread) == -1)
		connection->unread = 0;
	if (connection->unread > 0)
		return before > 0 && connection->unread >= before;
	return connection->http->idle_runs >= IDLE_RUNS &&
	    is_pool_full(connection);
}

/*
 * Where the line with the size of a chunk has no room, libmicrohttpd reads no
 * further, says nothing, and wants to be run again and again.  If it never
 * rests end such requests, which are among those that bring a body.
 */
static void
close_stuck_in_chunk(struct http *http)
{
	struct deadline *deadline, *next;
	struct http_connection *connection;

	for (deadline = deadlines_first(http->deadlines, HTTP_WAIT_BODY);
	    deadline != NULL; deadline = next) {
		next = deadline_next(deadline);
		connection = http_connection_of_deadline(deadline);
		if (!connection->is_last || !is_stuck_in_chunk(connection))
			continue;
		count_refused(http, MHD_HTTP_BAD_REQUEST);
		http_connection_shut_down(connection);
	}
}

void
http_refusal_count_run(struct http *http, int wait_ms)
{
	if (wait_ms != 0) {
		http->busy_runs = 0;
		http->idle_runs = 0;
		return;
	}
	http->idle_runs++;
	if (++http->busy_runs < STILL_RUNS)
		return;
	http->busy_runs = 0;
	close_stuck_in_chunk(http);
}
