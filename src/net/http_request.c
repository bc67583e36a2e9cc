#include "http_request.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "config/address.h"
#include "deferred.h"
#include "http_connection.h"
#include "http_head.h"
#include "http_held.h"
#include "http_refusal.h"
#include "http_upgrade.h"
#include "wire/http_text.h"

#define SKIP_BYTES 1048576	/* of a body, to answer behind it */

/* A suspended request has its answer. */
static void
answer_suspended(struct http_connection *connection,
    const struct exchange_answer *answer)
{
	TAILQ_REMOVE(&connection->http->suspended, connection, suspended_entry);
	connection->deferred = NULL;
	/* If it cannot be queued, resuming ends the connection. */
	(void)http_connection_answer(connection, answer);
	MHD_resume_connection(connection->mhd);
	connection->http->is_dirty = true;
}

void
http_request_drop(struct http_connection *connection)
{
	if (connection->phase == HTTP_PHASE_UPGRADING ||
	    connection->answer.status == MHD_HTTP_SWITCHING_PROTOCOLS) {
		if (connection->phase == HTTP_PHASE_UPGRADING)
			close(connection->fd);
		http_upgrade_give_up(connection);
	} else if (connection->answer.status != 0) {
		payload_unref(connection->answer.lead);
		payload_unref(connection->answer.body);
		payload_unref(connection->answer.tail);
	}
	if (connection->deferred != NULL)
		deferred_cancel(connection->deferred);
	if (connection->phase == HTTP_PHASE_SUSPENDED)
		TAILQ_REMOVE(&connection->http->suspended, connection,
		    suspended_entry);
	connection->deferred = NULL;
	connection->answer.status = 0;
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
		.accept_encoding = head->values[HTTP_FIELD_ACCEPT_ENCODING],
		.if_none_match = head->values[HTTP_FIELD_IF_NONE_MATCH],
		.forwarded_for = head->values[HTTP_FIELD_FORWARDED_FOR],
		.content_length = head->audit.content_length,
		.address = address_from_sockaddr(
		    http_connection_address(connection)),
		.is_counted = connection->place == HTTP_PLACE_TAKEN,
		.fd = http_connection_fd(connection),
		.handshake = &handshake,
	};

	connection->answer = (struct exchange_answer){ .status = 0 };
	config->owner->request(config->ctx, &request, &connection->answer);
	connection->deferred = connection->answer.deferred;
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

/*
 * What becomes of the connection when the request is answered, where that is
 * plain.
 */
static enum http_persistence
persistence(const struct http_request_line *line, const struct http_head *head)
{
	const char *said = head->values[HTTP_FIELD_CONNECTION];
	bool is_1_1 = strcmp(line->version, MHD_HTTP_VERSION_1_1) == 0;

	if (said == NULL)
		return is_1_1 ? HTTP_PERSISTENCE_KEEP : HTTP_PERSISTENCE_CLOSE;
	if (http_text_is(said, strlen(said), "close"))
		return HTTP_PERSISTENCE_CLOSE;
	return is_1_1 && http_text_is(said, strlen(said), "keep-alive") ?
	    HTTP_PERSISTENCE_KEEP : HTTP_PERSISTENCE_OTHER;
}

/* The head of a request has come. */
static enum MHD_Result
on_head(struct http_connection *connection,
    const struct http_request_line *line)
{
	struct http_head head;
	unsigned status;

	http_connection_stop_waiting(connection);
	http_connection_end_fields(connection);
	connection->phase = HTTP_PHASE_HEAD;
	http_head_read(&head, connection->mhd, line);
	if (head.is_too_large) {
		http_refusal_large_head(connection, line->method);
		return MHD_NO;
	}
	if (!head.is_acceptable)
		return http_refusal_malformed(connection);
	/* Versions of libmicrohttpd forgive bare LFs, or CRs in extensions, or
	 * lose a byte behind those (1.0.1), and we do not see any of it.  Where
	 * others end such a body elsewhere, nothing behind it is a request. */
	connection->is_last = head.audit.is_chunked;
	connection->bytes += head.size;
	connection->persistence = persistence(line, &head);
	ask_http_owner(connection, line, &head);
	if (connection->deferred == NULL)
		http_held_leave(connection);
	status = connection->answer.status;
	if (!http_validate_has_body(&head.audit))
		return MHD_YES;
	if (status == MHD_HTTP_SWITCHING_PROTOCOLS) {
		http_upgrade_give_up(connection);
		return http_refusal_malformed(connection);
	}
	if (status != 0 && !is_worth_skipping(connection, &head.audit))
		return http_connection_answer(connection, &connection->answer);
	http_connection_wait_for(connection, HTTP_WAIT_BODY);
	return MHD_YES;
}

/* The client is gone, or says no more. */
static void
on_client_gone(uv_poll_t *watch, int status, int events)
{
	struct http_connection *connection = watch->data;
	static const struct exchange_answer nobody = {
		.status = MHD_HTTP_SERVICE_UNAVAILABLE,
	};

	(void)status;	/* whatever it is, nobody reads an answer */
	(void)events;
	uv_poll_stop(watch);
	if (connection->phase != HTTP_PHASE_SUSPENDED)
		return;
	deferred_cancel(connection->deferred);
	answer_suspended(connection, &nobody);
}

/*
 * Watch the socket for its end from now on; libmicrohttpd does not while the
 * request is suspended.
 */
static void
watch_client(struct http_connection *connection)
{
	uv_loop_t *loop = connection->http->config.loop;

	if (!connection->is_watchable) {
		if (uv_poll_init(loop, &connection->watch,
		    http_connection_fd(connection)) != 0)
			return;
		connection->watch.data = connection;
		connection->is_watchable = true;
	}
	/* Where it fails the poll's own end has to do. */
	if (!uv_is_active((uv_handle_t *)&connection->watch))
		(void)uv_poll_start(&connection->watch, UV_DISCONNECT,
		    on_client_gone);
}

/* At once, or when its request was suspended. */
static void
on_deferred_answered(void *ctx, const struct exchange_answer *answer)
{
	struct http_connection *connection = ctx;

	if (connection->phase == HTTP_PHASE_SUSPENDED)
		answer_suspended(connection, answer);
	else {
		connection->deferred = NULL;
		connection->answer = *answer;
	}
}

/*
 * Whether the connection is for http_held.h: it was before, or the request may
 * have to wait for long.
 */
static bool
is_worth_taking(const struct http_connection *connection)
{
	return connection->held != NULL || (connection->deferred != NULL &&
	    deferred_is_held(connection->deferred));
}

/* Answer the request, or let it wait. */
static enum MHD_Result
on_request_complete(struct http_connection *connection)
{
	http_connection_stop_waiting(connection);
	if (connection->answer.status == MHD_HTTP_SWITCHING_PROTOCOLS)
		return http_upgrade_respond(connection);
	if (connection->deferred != NULL) {
		connection->phase = HTTP_PHASE_STARTING;
		if (connection->is_too_large)
			deferred_refuse_body(connection->deferred,
			    on_deferred_answered, connection);
		else
			deferred_start(connection->deferred,
			    on_deferred_answered, connection);
	}
	if (is_worth_taking(connection) && http_held_take(connection))
		return MHD_NO;
	if (connection->deferred == NULL)
		return http_connection_answer(connection, &connection->answer);
	connection->phase = HTTP_PHASE_SUSPENDED;
	TAILQ_INSERT_TAIL(&connection->http->suspended, connection,
	    suspended_entry);
	MHD_suspend_connection(connection->mhd);
	watch_client(connection);
	return MHD_YES;
}

enum MHD_Result
http_request_on_data(void *cls, struct MHD_Connection *mhd, const char *url,
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
	/* What is refused may have said more before it was shut down. */
	if (http->is_stopping || line.target == NULL ||
	    connection->place == HTTP_PLACE_REFUSED ||
	    connection->phase == HTTP_PHASE_REFUSED)
		return MHD_NO;
	http->idle_runs = 0;
	connection->unread = 0;
	if (connection->phase == HTTP_PHASE_FIELDS)
		return on_head(connection, &line);
	if (*upload_len == 0)
		return on_request_complete(connection);
	connection->bytes += *upload_len;
	/* What is too large is read on, or its sender would not see why. */
	if (connection->deferred != NULL && !connection->is_too_large &&
	    deferred_add_body(connection->deferred, upload, *upload_len) == -1)
		connection->is_too_large = true;
	*upload_len = 0;
	return MHD_YES;
}

/* Also where there was no request yet, and after an upgrade. */
void
http_request_on_completed(void *cls, struct MHD_Connection *mhd,
    void **con_cls, enum MHD_RequestTerminationCode code)
{
	struct http_connection *connection = *con_cls;
	const struct http_config *config;

	(void)cls;	/* is connection->http */
	(void)mhd;	/* is connection's */
	if (connection == NULL || connection->phase == HTTP_PHASE_UPGRADED ||
	    connection->phase == HTTP_PHASE_TAKEN)
		return;
	unsent_end(&connection->unsent);
	config = &connection->http->config;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK &&
	    connection->news.is_multicart)
		config->owner->delivered(config->ctx, &connection->news);
	connection->news.is_multicart = false;
	http_request_drop(connection);
	http_connection_end_fields(connection);
	connection->phase = HTTP_PHASE_TARGET;
	http_connection_wait_for(connection, HTTP_WAIT_NEXT);
}

/* libmicrohttpd decodes the target in place after this. */
void *
http_request_on_target(void *cls, const char *target,
    struct MHD_Connection *mhd)
{
	struct http_connection *connection = MHD_get_connection_info(mhd,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

	(void)cls;	/* is connection->http */
	connection->is_last = false;
	connection->measured = 0;
	connection->is_too_large = false;
	payload_unref(connection->target);
	connection->target = payload_new(target, strlen(target));
	connection->phase = HTTP_PHASE_FIELDS;
	http_partial_add(&connection->http->partial, &connection->partial,
	    http_connection_fd(connection));
	http_head_skip_cookies(mhd);
	return connection;
}

void
http_request_answer_suspended(struct http *http)
{
	static const struct exchange_answer nothing = {
		.status = MHD_HTTP_SERVICE_UNAVAILABLE,
		.retry_after_s = EXCHANGE_RETRY_STOPPED_S,
	};
	struct http_connection *connection;

	while ((connection = TAILQ_FIRST(&http->suspended)) != NULL) {
		deferred_cancel(connection->deferred);
		answer_suspended(connection, &nothing);
	}
}
