#include "http.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "config/address.h"
#include "deadline.h"
#include "exchange.h"
#include "http_answer.h"
#include "http_head.h"
#include "http_partial.h"
#include "longpoll.h"
#include "unsent.h"

/*
 * libmicrohttpd in its external epoll mode: its epoll descriptor is one
 * more descriptor of our loop, and besides it wants to be run whenever it has
 * work left (MHD_get_timeout) or we changed something behind its back
 * (is_dirty).  An upgraded connection would keep its whole pool and slow down
 * the others, so its socket is duplicated for the new owner and libmicrohttpd
 * closes the original, many at a time because each batch walks over all
 * suspended connections.  A request that is held is suspended; libmicrohttpd
 * does not look at its socket then, so we watch that for the client's end.
 */

enum {
	RETRY_AFTER_S = 1,	/* where descriptors have run out */
	RELEASE_COUNT = 256, /* upgraded connections to close at once ... */
	RELEASE_MS = 20,	/* ... or those that waited for this long */
	STOP_RUNS = 8,		/* for the last answers to be written */
	SKIP_BYTES = 1048576,	/* of a body, to answer behind it */
	UNSENT_BYTES_MIN = 16384, /* of a body, to count until it is taken */
	STILL_RUNS = 64,	/* without a rest, until one may stand still */
	IDLE_RUNS = 1024,	/* likewise, and nothing was shown to us */
	LOG_LINE_BYTES = 256
};

/* What libmicrohttpd logs before it answers something by itself. */
#define REFUSAL_LINE "Error processing request (HTTP response code is %u"

enum phase {
	PHASE_TARGET, /* a part of a request line may have come */
	PHASE_FIELDS,		/* the target has come */
	PHASE_REFUSED, /* it was answered, the connection is ended */
	PHASE_HEAD,		/* the head has come, the body may follow */
	PHASE_STARTING,		/* its poll is being started */
	PHASE_HELD,		/* suspended until its poll is answered */
	PHASE_ANSWERED,		/* its answer is on its way */
	PHASE_UPGRADING,	/* a 101 is on its way */
	PHASE_UPGRADED		/* upgraded() was called */
};

/* Kinds of deadlines: absolute limits. */
enum http_wait {
	WAIT_NONE = DEADLINE_NONE,
	WAIT_HEAD = DEADLINE_FIRST,	/* of a connection's first request */
	WAIT_BODY,
	WAIT_NEXT,	/* for the next one: idle time, and its head */
	WAITS
};

_Static_assert((int)WAITS <= (int)DEADLINE_KINDS_MAX,
    "each kind has its list");

struct http_connection {
	STAILQ_ENTRY(http_connection) release_entry;
	TAILQ_ENTRY(http_connection) held_entry;
	struct http *http;
	struct MHD_Connection *mhd;
	struct deadline deadline;
	uint64_t waiting_ms;	/* for that, since then */
	enum phase phase;
	enum http_end end;		/* why it will have ended */
	enum http_place place;		/* by the owner's count */
	struct http_partial_item begun;	/* with PHASE_FIELDS */
	struct payload *target;	/* as it was sent; or NULL */

	/* Of the request in hand. */
	bool	 is_last;	/* its answer ends the connection */
	unsigned measured;	/* how often its head had room left */
	bool	 is_full;	/* it was refused for a full pool */
	bool	 is_too_large;	/* its body, which is being skipped */
	int unread; /* bytes that waited when nothing came of them */
	struct exchange_answer answer;	/* status 0: none yet */
	struct longpoll *poll;	/* that will answer it; or NULL */
	struct outbox_news news;	/* of the answer on its way */
	struct unsent_item unsent;	/* its body */

	uv_poll_t watch;	/* of the socket, once it was held */
	bool	 is_watchable;	/* watch was set up */
	int fd; /* with PHASE_UPGRADING: the owner's to be */
	struct MHD_UpgradeResponseHandle *handle; /* from PHASE_UPGRADED on */
};

TAILQ_HEAD(connection_list, http_connection);
STAILQ_HEAD(release_list, http_connection);

struct http {
	struct http_config config;
	struct http_settings settings;
	struct http_counts counts;
	struct MHD_Daemon *daemon;
	uv_poll_t poll; /* libmicrohttpd's epoll descriptor */
	bool	 is_dirty;		/* MHD_run() is due */
	unsigned busy_runs;		/* it was due again at once */
	unsigned quiet_runs;		/* likewise, and was for nothing */
	bool	 is_stopping;
	bool is_added; /* the connection of http_add() began */
	struct deadlines *deadlines;
	struct connection_list held;
	struct http_partial begun;	/* those with PHASE_FIELDS */
	unsigned full_count;		/* those with is_full */
	unsigned lines_due; /* that the library may say of these */
	struct release_list releases;
	unsigned release_count;
	uint64_t release_ms;		/* when the first of them came in */
	struct MHD_Response *shared; /* of the last body that had others */
	const struct payload *shared_body;	/* it keeps this; or NULL */
};

/* Forget the response that several answers had. */
static void
drop_shared(struct http *http)
{
	if (http->shared != NULL)
		MHD_destroy_response(http->shared);
	http->shared = NULL;
	http->shared_body = NULL;
}

/*
 * The response for answer, with a reference.  Many polls are answered with the
 * same body one after the other: they share one response.
 */
static struct MHD_Response *
response_for(struct http *http, const struct exchange_answer *answer)
{
	struct MHD_Response *response;

	if (answer->lead == NULL && answer->body != NULL &&
	    answer->body == http->shared_body && !answer->closes) {
		payload_unref(answer->body);
		return http->shared;
	}
	response = http_answer_plain(answer);
	if (response == NULL || answer->status != MHD_HTTP_OK ||
	    answer->lead != NULL || answer->body == NULL ||
	    answer->body->refs < 2 || answer->closes)
		return response;
	drop_shared(http);
	http->shared = response;
	http->shared_body = answer->body;
	return response;
}

/* libmicrohttpd's own descriptor of the connection. */
static int
connection_fd(const struct http_connection *connection)
{
	return MHD_get_connection_info(connection->mhd,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static enum MHD_Result
respond(struct http_connection *connection, unsigned status,
    struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	result = MHD_queue_response(connection->mhd, status, response);
	if (response != connection->http->shared)
		MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
respond_plain(struct http_connection *connection,
    const struct exchange_answer *answer)
{
	struct unsent *unsent = connection->http->config.unsent;
	struct exchange_answer whole = *answer;
	struct MHD_Response *response;

	connection->phase = PHASE_ANSWERED;
	connection->news = answer->news;
	whole.closes = answer->closes || connection->is_last;
	response = response_for(connection->http, &whole);
	/* The body is the response's now; a small one the kernel takes. */
	if (answer->body != NULL && answer->body->len >= UNSENT_BYTES_MIN &&
	    response != NULL && unsent != NULL)
		unsent_begin(unsent, &connection->unsent, answer->body,
		    connection_fd(connection));
	/* The body is libmicrohttpd's now. */
	connection->answer = (struct exchange_answer){ .status = 0 };
	return respond(connection, whole.status, response);
}

static void
count_refused(struct http *http, unsigned status)
{
	bad_request_count(&http->counts.refused, http->config.name, status,
	    uv_now(http->config.loop));
}

/* The answer to what is no request, with its body. */
static struct exchange_answer
refusal(unsigned status)
{
	return (struct exchange_answer){
		.status = status,
		.body = bad_request_body(status),
		.closes = true,
	};
}

static enum MHD_Result
respond_malformed(struct http_connection *connection)
{
	const struct exchange_answer answer = refusal(MHD_HTTP_BAD_REQUEST);

	count_refused(connection->http, answer.status);
	return respond_plain(connection, &answer);
}

static const struct sockaddr *
connection_address(const struct http_connection *connection)
{
	return MHD_get_connection_info(connection->mhd,
	    MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
}

static void
tell_upgraded(const struct http_connection *connection, int fd,
    const void *extra, size_t extra_len)
{
	connection->http->config.owner->upgraded(connection->answer.upgrade,
	    fd, extra, extra_len);
}

static void
http_stop_waiting(struct http_connection *connection)
{
	deadline_clear(connection->http->deadlines, &connection->deadline);
}

/* End the connection; libmicrohttpd then sees it. */
static void
cut(struct http_connection *connection)
{
	http_stop_waiting(connection);
	/* It fails if the client is gone, which is as good. */
	(void)shutdown(connection_fd(connection), SHUT_RDWR);
	connection->http->is_dirty = true;
}

/* The fields of a request have come, or will not. */
static void
end_fields(struct http_connection *connection)
{
	if (connection->phase == PHASE_FIELDS)
		http_partial_remove(&connection->http->begun,
		    &connection->begun);
}

/*
 * Answer what libmicrohttpd has no room to answer, or would answer in its own
 * way: whatever it still has to say goes nowhere.  method may be NULL, as it
 * does not tell the one of a request that it did not show to us.
 */
static void
refuse(struct http_connection *connection, unsigned status,
    const char *method)
{
	const struct exchange_answer answer = refusal(status);

	end_fields(connection);
	connection->phase = PHASE_REFUSED;
	count_refused(connection->http, status);
	http_answer_send(&answer, method, connection_fd(connection));
	cut(connection);
}

static void
refuse_large_head(struct http_connection *connection, const char *method)
{
	const struct payload *target = connection->target;

	refuse(connection, target != NULL && target->len > HTTP_HEAD_BYTES ?
	    MHD_HTTP_URI_TOO_LONG :
	    MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, method);
}

static void
http_wait_for(struct http_connection *connection, enum http_wait kind)
{
	struct http *http = connection->http;

	connection->waiting_ms = uv_now(http->config.loop);
	deadline_set(http->deadlines, &connection->deadline, kind);
}

/* A held request has its answer. */
static void
answer_suspended(struct http_connection *connection,
    const struct exchange_answer *answer)
{
	TAILQ_REMOVE(&connection->http->held, connection, held_entry);
	connection->poll = NULL;
	/* If it cannot be queued, resuming ends the connection. */
	(void)respond_plain(connection, answer);
	MHD_resume_connection(connection->mhd);
	connection->http->is_dirty = true;
}

/* Nothing comes of the request any more, if it was not answered. */
static void
drop_request(struct http_connection *connection)
{
	if (connection->phase == PHASE_UPGRADING ||
	    connection->answer.status == MHD_HTTP_SWITCHING_PROTOCOLS) {
		if (connection->phase == PHASE_UPGRADING)
			close(connection->fd);
		tell_upgraded(connection, -1, NULL, 0);
	} else if (connection->answer.status != 0) {
		payload_unref(connection->answer.lead);
		payload_unref(connection->answer.body);
	}
	if (connection->poll != NULL)
		longpoll_cancel(connection->poll);
	if (connection->phase == PHASE_HELD)
		TAILQ_REMOVE(&connection->http->held, connection, held_entry);
	connection->poll = NULL;
	connection->answer.status = 0;
}

/* The socket is the owner's from here on. */
static void
on_mhd_upgrade(void *cls, struct MHD_Connection *mhd, void *con_cls,
    const char *extra, size_t extra_len, MHD_socket fd,
    struct MHD_UpgradeResponseHandle *handle)
{
	struct http_connection *connection = cls;
	struct http *http = connection->http;

	(void)mhd;	/* is connection's */
	(void)con_cls;	/* is connection */
	(void)fd;	/* is what connection->fd is a duplicate of */
	http_stop_waiting(connection);
	connection->phase = PHASE_UPGRADED;
	http->counts.open--;
	http->counts.closed[HTTP_END_UPGRADED]++;
	connection->handle = handle;
	if (http->release_count++ == 0)
		http->release_ms = uv_now(http->config.loop) + RELEASE_MS;
	STAILQ_INSERT_TAIL(&http->releases, connection, release_entry);
	tell_upgraded(connection, connection->fd, extra, extra_len);
}

static enum MHD_Result
respond_upgrade(struct http_connection *connection)
{
	static const struct exchange_answer no_descriptor = {
		.status = MHD_HTTP_SERVICE_UNAVAILABLE,
		.retry_after_s = RETRY_AFTER_S,
	};

	connection->fd = fcntl(connection_fd(connection), F_DUPFD_CLOEXEC, 0);
	if (connection->fd == -1) {
		tell_upgraded(connection, -1, NULL, 0);
		return respond_plain(connection, &no_descriptor);
	}
	connection->phase = PHASE_UPGRADING;
	return respond(connection, MHD_HTTP_SWITCHING_PROTOCOLS,
	    http_answer_upgrade(connection->answer.handshake, on_mhd_upgrade,
	    connection));
}

static void
ask_http_owner(struct http_connection *connection,
    const struct http_request_line *line, const struct http_head *head)
{
	const struct http_config *config = &connection->http->config;
	const struct ws_handshake_request handshake = {
		.method = line->method,
		.http_version = line->version,
		.connection = head->values[HTTP_FIELD_CONNECTION],
		.upgrade = head->values[HTTP_FIELD_UPGRADE],
		.key = head->values[HTTP_FIELD_KEY],
		.version = head->values[HTTP_FIELD_VERSION],
		.protocol = head->values[HTTP_FIELD_PROTOCOL],
		.extensions = head->values[HTTP_FIELD_EXTENSIONS],
	};
	const struct exchange_request request = {
		.transport = TRANSPORT_HTTP,
		.method = line->method,
		.target = &head->audit.target,
		.host = head->values[HTTP_FIELD_HOST],
		.origin = head->values[HTTP_FIELD_ORIGIN],
		.content_type = head->values[HTTP_FIELD_CONTENT_TYPE],
		.authorization = head->values[HTTP_FIELD_AUTHORIZATION],
		.forwarded_for = head->values[HTTP_FIELD_FORWARDED_FOR],
		.content_length = head->audit.content_length,
		.address = address_from_sockaddr(
		    connection_address(connection)),
		.is_counted = connection->place == HTTP_PLACE_TAKEN,
		.fd = connection_fd(connection),
		.handshake = &handshake,
	};

	connection->answer = (struct exchange_answer){ .status = 0 };
	config->owner->request(config->ctx, &request, &connection->answer);
	connection->poll = connection->answer.poll;
}

/*
 * Whether to read a body although the answer is known.  An answer before it
 * ends the connection with what is unread, and where a proxy is still sending
 * that, the answer is lost on the way.
 */
static bool
is_worth_skipping(struct http_connection *connection,
    const struct http_validation *audit)
{
	return audit->content_length > 0 &&
	    audit->content_length <= SKIP_BYTES &&
	    MHD_lookup_connection_value(connection->mhd, MHD_HEADER_KIND,
	    MHD_HTTP_HEADER_EXPECT) == NULL;
}

/* The head of a request has come. */
static enum MHD_Result
on_head(struct http_connection *connection,
    const struct http_request_line *line)
{
	struct http_head head;
	unsigned status;

	http_stop_waiting(connection);
	end_fields(connection);
	connection->phase = PHASE_HEAD;
	http_head_read(&head, connection->mhd, line);
	if (head.is_too_large) {
		refuse_large_head(connection, line->method);
		return MHD_NO;
	}
	if (!head.is_acceptable)
		return respond_malformed(connection);
	/* Versions of libmicrohttpd forgive bare LFs, or CRs in extensions, or
	 * lose a byte behind those (1.0.1), and we do not see any of it.  Where
	 * others end such a body elsewhere, nothing behind it is a request. */
	connection->is_last = head.audit.is_chunked;
	ask_http_owner(connection, line, &head);
	status = connection->answer.status;
	if (!http_validate_has_body(&head.audit))
		return MHD_YES;
	if (status == MHD_HTTP_SWITCHING_PROTOCOLS) {
		tell_upgraded(connection, -1, NULL, 0);
		return respond_malformed(connection);
	}
	if (status != 0 && !is_worth_skipping(connection, &head.audit))
		return respond_plain(connection, &connection->answer);
	http_wait_for(connection, WAIT_BODY);
	return MHD_YES;
}

/* The client is gone, or says no more. */
static void
on_watch(uv_poll_t *watch, int status, int events)
{
	struct http_connection *connection = watch->data;
	static const struct exchange_answer nobody = {
		.status = MHD_HTTP_SERVICE_UNAVAILABLE,
	};

	(void)status;	/* whatever it is, nobody reads an answer */
	(void)events;
	(void)uv_poll_stop(watch);	/* cannot fail */
	if (connection->phase != PHASE_HELD)
		return;
	longpoll_cancel(connection->poll);
	answer_suspended(connection, &nobody);
}

/*
 * Watch the socket for its end from now on; libmicrohttpd does so only while
 * nothing is held.
 */
static void
watch_client(struct http_connection *connection)
{
	uv_loop_t *loop = connection->http->config.loop;

	if (!connection->is_watchable) {
		if (uv_poll_init(loop, &connection->watch,
		    connection_fd(connection)) != 0)
			return;
		connection->watch.data = connection;
		connection->is_watchable = true;
	}
	/* Where it fails the poll's own end has to do. */
	if (!uv_is_active((uv_handle_t *)&connection->watch))
		(void)uv_poll_start(&connection->watch, UV_DISCONNECT,
		    on_watch);
}

/* A poll is answered: at once, or when its request was held. */
static void
on_answered(void *ctx, const struct exchange_answer *answer)
{
	struct http_connection *connection = ctx;

	if (connection->phase == PHASE_HELD)
		answer_suspended(connection, answer);
	else {
		connection->poll = NULL;
		connection->answer = *answer;
	}
}

static const struct longpoll_owner longpoll_owner = { .answered = on_answered };

/* The request is complete: answer it, or hold it. */
static enum MHD_Result
on_request_complete(struct http_connection *connection)
{
	http_stop_waiting(connection);
	if (connection->answer.status == MHD_HTTP_SWITCHING_PROTOCOLS)
		return respond_upgrade(connection);
	if (connection->poll != NULL) {
		connection->phase = PHASE_STARTING;
		if (connection->is_too_large)
			longpoll_refuse_body(connection->poll, &longpoll_owner,
			    connection);
		else
			longpoll_start(connection->poll, &longpoll_owner,
			    connection);
	}
	if (connection->poll == NULL)
		return respond_plain(connection, &connection->answer);
	connection->phase = PHASE_HELD;
	TAILQ_INSERT_TAIL(&connection->http->held, connection, held_entry);
	MHD_suspend_connection(connection->mhd);
	watch_client(connection);
	return MHD_YES;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *mhd, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_len, void **con_cls)
{
	struct http_connection *connection = *con_cls;
	struct http *http = cls;
	const struct http_request_line line = {
		.method = method,
		.url = url,
		.target = connection->target == NULL ? NULL :
		    connection->target->data,
		.version = version,
	};

	(void)mhd;	/* is connection's */
	/* What is refused may have said something before it was cut. */
	if (http->is_stopping || line.target == NULL ||
	    connection->place == HTTP_PLACE_REFUSED ||
	    connection->phase == PHASE_REFUSED)
		return MHD_NO;
	http->quiet_runs = 0;
	connection->unread = 0;
	if (connection->phase == PHASE_FIELDS)
		return on_head(connection, &line);
	if (*upload_len == 0)
		return on_request_complete(connection);
	/* What is too large is read on, or its sender would not see why. */
	if (connection->poll != NULL && !connection->is_too_large &&
	    longpoll_add_body(connection->poll, upload, *upload_len) == -1)
		connection->is_too_large = true;
	*upload_len = 0;
	return MHD_YES;
}

/* The answer was sent, or the connection is gone before. */
static void
on_mhd_completed(void *cls, struct MHD_Connection *mhd, void **con_cls,
    enum MHD_RequestTerminationCode code)
{
	struct http_connection *connection = *con_cls;
	const struct http_config *config;

	(void)cls;	/* is connection->http */
	(void)mhd;	/* is connection's */
	if (connection == NULL || connection->phase == PHASE_UPGRADED)
		return;
	unsent_end(&connection->unsent);
	config = &connection->http->config;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK &&
	    connection->news.is_multicart)
		config->owner->delivered(config->ctx, &connection->news);
	connection->news.is_multicart = false;
	drop_request(connection);
	end_fields(connection);
	connection->phase = PHASE_TARGET;
	http_wait_for(connection, WAIT_NEXT);
}

/* libmicrohttpd decodes the target in place after this. */
static void *
on_mhd_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	struct http_connection *connection = MHD_get_connection_info(mhd,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

	(void)cls;	/* is connection->http */
	connection->is_last = false;
	connection->measured = 0;
	connection->is_too_large = false;
	payload_unref(connection->target);
	connection->target = payload_new(target, strlen(target));
	connection->phase = PHASE_FIELDS;
	http_partial_add(&connection->http->begun, &connection->begun,
	    connection_fd(connection));
	http_head_skip_cookies(mhd);
	return connection;
}

/* Its answer takes too long, or too much memory with all others. */
static void
on_http_too_slow(struct unsent_item *item)
{
	struct http_connection *connection = (void *)((char *)item -
	    offsetof(struct http_connection, unsent));

	log_debug("http: client is too slow");
	connection->end = HTTP_END_SLOW;
	cut(connection);
}

static void
connection_begin(struct http *http, struct MHD_Connection *mhd,
    void **socket_context)
{
	struct http_connection *connection = xcalloc(1, sizeof(*connection));

	connection->http = http;
	connection->mhd = mhd;
	connection->unsent.cut = on_http_too_slow;
	http_wait_for(connection, WAIT_HEAD);
	http->is_added = true;
	http->counts.open++;
	http->counts.opened++;
	*socket_context = connection;
	if (http->config.owner->begun != NULL)
		connection->place = http->config.owner->begun(http->config.ctx,
		    connection_address(connection));
	if (connection->place == HTTP_PLACE_REFUSED)
		cut(connection);
}

static void
on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* One that was refused for a full pool has said all that it will. */
static void
forget_full_pool(struct http *http)
{
	http->full_count--;
	if (http->lines_due > http->full_count)
		http->lines_due = http->full_count;
}

static void
connection_end(struct http_connection *connection)
{
	struct http *http = connection->http;

	http_stop_waiting(connection);
	unsent_end(&connection->unsent);
	if (connection->phase != PHASE_UPGRADED) {
		end_fields(connection);
		drop_request(connection);
		http->counts.open--;
		http->counts.closed[connection->end]++;
		http->config.owner->ended(http->config.ctx,
		    connection->place == HTTP_PLACE_TAKEN ?
		    connection_address(connection) : NULL);
	}
	if (connection->is_full)
		forget_full_pool(http);
	payload_unref(connection->target);
	if (connection->is_watchable)
		uv_close((uv_handle_t *)&connection->watch, on_watch_closed);
	else
		free(connection);
}

static void
on_mhd_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		connection_begin(cls, mhd, socket_context);
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		connection_end(*socket_context);
		break;
	}
}

static struct http_connection *
http_of_partial(struct http_partial_item *item)
{
	return (void *)((char *)item -
	    offsetof(struct http_connection, begun));
}

/*
 * Refuse the request whose head has come, and which was not shown to us as all
 * others are as soon as that is so: it is the one that libmicrohttpd refuses.
 */
static int
refuse_complete_head(struct http *http, unsigned status)
{
	struct http_partial_item *item;

	for (item = http_partial_first(&http->begun); item != NULL;
	    item = http_partial_next(item)) {
		if (!http_head_has_come(http_of_partial(item)->mhd))
			continue;
		refuse(http_of_partial(item), status, NULL);
		return 0;
	}
	return -1;
}

/* Whether there is no room in connection's pool, as far as may be asked. */
static bool
is_full(struct http_connection *connection)
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

	for (item = http_partial_first(&http->begun); item != NULL;
	     item = next) {
		next = http_partial_next(item);
		connection = http_of_partial(item);
		if (!is_full(connection))
			continue;
		refuse_large_head(connection, NULL);
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
 * libmicrohttpd is about to refuse a request with status.  It does not say
 * which, and 0.9.75 sends the head of its answer twice if the whole head has
 * come.
 */
static void
on_mhd_refusal(struct http *http, unsigned status)
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

/* Clients' faults mostly, one line each. */
static void LOG_FORMAT(2, 0)
on_mhd_log(void *cls, const char *format, va_list ap)
{
	char line[LOG_LINE_BYTES];
	unsigned status;

	if (vsnprintf(line, sizeof(line), format, ap) < 0)
		return;
	line[strcspn(line, "\n")] = '\0';
	log_debug("http: %s", line);
	if (sscanf(line, REFUSAL_LINE, &status) == 1)
		on_mhd_refusal(cls, status);
}

/* It would print this and abort. */
static void
on_mhd_panic(void *cls, const char *file, unsigned line, const char *reason)
{
	(void)cls;	/* NULL */
	fatalx("http: libmicrohttpd: %s:%u: %s", file, line,
	    reason == NULL ? "no reason" : reason);
}

static void
on_mhd_readable(uv_poll_t *poll, int status, int events)
{
	struct http *http = poll->data;

	(void)status;	/* MHD_run() will find out */
	(void)events;	/* is UV_READABLE */
	http->is_dirty = true;
}

static struct MHD_Daemon *
start_mhd_daemon(struct http *http)
{
	size_t max = http->config.max_connections;

	MHD_set_panic_func(on_mhd_panic, NULL);
	/* The logger has to come first. */
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
	    MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG, 0, NULL, NULL,
	    on_request, http,
	    MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, http,
	    MHD_OPTION_CONNECTION_LIMIT,
	    max == 0 || max > INT_MAX - RELEASE_COUNT ? (unsigned)INT_MAX :
	    (unsigned)max + RELEASE_COUNT,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_POOL_BYTES,
	    MHD_OPTION_CONNECTION_TIMEOUT, http->config.idle_timeout_s,
	    MHD_OPTION_STRICT_FOR_CLIENT, http_head_strictness(),
	    MHD_OPTION_NOTIFY_CONNECTION, on_mhd_connection, http,
	    MHD_OPTION_NOTIFY_COMPLETED, on_mhd_completed, http,
	    MHD_OPTION_URI_LOG_CALLBACK, on_mhd_target, http,
	    MHD_OPTION_END);
}

static void
http_durations(const struct http *http, uint64_t wait_ms[DEADLINE_KINDS_MAX])
{
	uint64_t head_ms = (uint64_t)http->settings.head_timeout_s * 1000;
	uint64_t idle_ms = (uint64_t)http->config.idle_timeout_s * 1000;

	wait_ms[WAIT_HEAD] = head_ms;
	wait_ms[WAIT_BODY] = (uint64_t)http->settings.body_timeout_s * 1000;
	wait_ms[WAIT_NEXT] = head_ms == 0 ? 0 : idle_ms + head_ms;
}

static struct http_connection *
http_of_deadline(struct deadline *deadline)
{
	return (void *)((char *)deadline -
	    offsetof(struct http_connection, deadline));
}

/* What is waited for takes too long. */
static void
on_http_deadline(struct deadline *deadline, unsigned kind)
{
	struct http_connection *connection = http_of_deadline(deadline);

	if (kind != WAIT_NEXT)
		connection->end = HTTP_END_LATE;
	cut(connection);
}

/* Whether libmicrohttpd can do what we need, which depends on its build. */
static bool
is_able(void)
{
	const char *lack = NULL;

	if (http_head_strictness() == 0)
		lack = "cannot be strict";
	else if (MHD_is_feature_supported(MHD_FEATURE_MESSAGES) != MHD_YES)
		lack = "was built without messages";
	if (lack != NULL)
		log_errorx("http: libmicrohttpd %s %s", MHD_get_version(),
		    lack);
	return lack == NULL;
}

/* Have libmicrohttpd run in our loop. */
static int
start(struct http *http)
{
	int error, fd;

	http->daemon = start_mhd_daemon(http);
	/* It sets itself up to its end when it runs first: where that fails it
	 * would do nothing, and ask for more. */
	if (http->daemon == NULL || MHD_run(http->daemon) == MHD_NO) {
		log_error("http: libmicrohttpd does not start");
		goto fail;
	}
	fd = MHD_get_daemon_info(http->daemon,
	    MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	http->poll.data = http;
	error = uv_poll_init(http->config.loop, &http->poll, fd);
	if (error < 0) {
		log_errorx("http: %s", uv_strerror(error));
		goto fail;
	}
	uv_poll_start(&http->poll, UV_READABLE, on_mhd_readable);
	return 0;
fail:
	if (http->daemon != NULL)
		MHD_stop_daemon(http->daemon);
	return -1;
}

struct http *
http_new(const struct http_config *config,
    const struct http_settings *settings)
{
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };
	struct http *http;

	if (!is_able())
		return NULL;
	http = xcalloc(1, sizeof(*http));
	http->config = *config;
	http->settings = *settings;
	TAILQ_INIT(&http->held);
	STAILQ_INIT(&http->releases);
	if (http_partial_init(&http->begun) == -1) {
		log_error("http: epoll");
		free(http);
		return NULL;
	}
	if (start(http) == -1) {
		http_free(http);
		return NULL;
	}
	http_durations(http, wait_ms);
	http->deadlines = deadlines_new(config->loop, wait_ms,
	    on_http_deadline);
	return http;
}

void
http_configure(struct http *http, const struct http_settings *settings)
{
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	http->settings = *settings;
	http_durations(http, wait_ms);
	deadlines_configure(http->deadlines, wait_ms);
}

void
http_add(struct http *http, int fd, const struct sockaddr *address,
    socklen_t len)
{
	http->is_dirty = true;
	http->is_added = false;
	/* If it fails fd is closed already. */
	if (MHD_add_connection(http->daemon, fd, address, len) == MHD_NO &&
	    !http->is_added)
		http->config.owner->ended(http->config.ctx, NULL);
}

/* The one that has waited for longest, whatever for; or NULL. */
static struct http_connection *
longest_waiting(const struct http *http)
{
	struct http_connection *longest = NULL, *first;
	struct deadline *deadline;
	unsigned kind;

	for (kind = WAIT_HEAD; kind < WAITS; kind++) {
		deadline = deadlines_first(http->deadlines, kind);
		if (deadline == NULL)
			continue;
		first = http_of_deadline(deadline);
		if (longest == NULL || first->waiting_ms < longest->waiting_ms)
			longest = first;
	}
	return longest;
}

uint64_t
http_waiting_since_ms(const struct http *http)
{
	const struct http_connection *longest = longest_waiting(http);

	return longest != NULL ? longest->waiting_ms : UINT64_MAX;
}

void
http_make_room(struct http *http)
{
	http->counts.made_room++;
	cut(longest_waiting(http));
}

/* Let libmicrohttpd close its descriptors of upgraded connections. */
static void
release_upgraded(struct http *http)
{
	struct http_connection *connection;

	while ((connection = STAILQ_FIRST(&http->releases)) != NULL) {
		STAILQ_REMOVE_HEAD(&http->releases, release_entry);
		(void)MHD_upgrade_action(connection->handle,
		    MHD_UPGRADE_ACTION_CLOSE); /* cannot fail the first time */
		http->is_dirty = true;
	}
	http->release_count = 0;
}

/* Milliseconds until libmicrohttpd wants to be run, -1 for never. */
static int
mhd_wait_ms(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (http->is_dirty)
		return 0;
	if (MHD_get_timeout(http->daemon, &ms) == MHD_NO)
		return -1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* The earlier of a wait and a point in time. */
static int
wait_at_most(int wait_ms, uint64_t now_ms, uint64_t due_ms)
{
	int until = due_ms <= now_ms ? 0 : due_ms - now_ms > INT_MAX ?
	    INT_MAX : (int)(due_ms - now_ms);

	return wait_ms == -1 || until < wait_ms ? until : wait_ms;
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

	if (ioctl(connection_fd(connection), FIONREAD,
	    &connection->unread) == -1)
		connection->unread = 0;
	if (connection->unread > 0)
		return before > 0 && connection->unread >= before;
	return connection->http->quiet_runs >= IDLE_RUNS &&
	    is_full(connection);
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

	for (deadline = deadlines_first(http->deadlines, WAIT_BODY);
	    deadline != NULL; deadline = next) {
		next = deadline_next(deadline);
		connection = http_of_deadline(deadline);
		if (!connection->is_last || !is_stuck_in_chunk(connection))
			continue;
		count_refused(http, MHD_HTTP_BAD_REQUEST);
		cut(connection);
	}
}

/* MHD_run() is due again in wait_ms. */
static void
count_run(struct http *http, int wait_ms)
{
	if (wait_ms != 0) {
		http->busy_runs = 0;
		http->quiet_runs = 0;
		return;
	}
	http->quiet_runs++;
	if (++http->busy_runs < STILL_RUNS)
		return;
	http->busy_runs = 0;
	close_stuck_in_chunk(http);
}

int
http_run(struct http *http)
{
	uint64_t now_ms = uv_now(http->config.loop);
	int wait_ms;

	if (http->release_count >= RELEASE_COUNT ||
	    (http->release_count > 0 && http->release_ms <= now_ms))
		release_upgraded(http);
	if (mhd_wait_ms(http) == 0) {
		http->is_dirty = false;
		/* What can go wrong concerns a connection, and ends that. */
		(void)MHD_run(http->daemon);
		http_partial_all_read(&http->begun);
	}
	wait_ms = mhd_wait_ms(http);
	count_run(http, wait_ms);
	if (http->release_count > 0)
		wait_ms = wait_at_most(wait_ms, now_ms, http->release_ms);
	return wait_ms;
}

int
http_sooner(int a_ms, int b_ms)
{
	return a_ms == -1 || (b_ms != -1 && b_ms < a_ms) ? b_ms : a_ms;
}

void
http_copy_counts(const struct http *http, struct http_counts *counts)
{
	*counts = http->counts;
}

/* Nobody waits for their answers any longer. */
static void
answer_all_suspended(struct http *http)
{
	static const struct exchange_answer nothing = {
		.status = MHD_HTTP_SERVICE_UNAVAILABLE,
	};
	struct http_connection *connection;

	while ((connection = TAILQ_FIRST(&http->held)) != NULL) {
		longpoll_cancel(connection->poll);
		answer_suspended(connection, &nothing);
	}
}

void
http_stop(struct http *http)
{
	int i;

	uv_close((uv_handle_t *)&http->poll, NULL);
	/* It aborts if it is stopped with suspended connections: no request
	 * that a run may read from here on, behind an answered one or from
	 * the network, is taken in and held. */
	http->is_stopping = true;
	answer_all_suspended(http);
	/* What is answered already should get out, and upgrades already queued
	 * still come. */
	for (i = 0; i < STOP_RUNS || http->release_count > 0; i++) {
		release_upgraded(http);
		(void)MHD_run(http->daemon);	/* as in http_run() */
	}
	MHD_stop_daemon(http->daemon);
	deadlines_free(http->deadlines);
	drop_shared(http);
}

void
http_free(struct http *http)
{
	http_partial_clear(&http->begun);
	free(http);
}
