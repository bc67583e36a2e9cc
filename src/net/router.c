#include "router.h"

#include <stdlib.h>
#include <string.h>

#include "answer_body.h"
#include "base/query.h"
#include "base/xalloc.h"
#include "client_quota.h"
#include "demo.h"
#include "longpoll.h"
#include "session_path.h"
#include "wire/message.h"
#include "wire/origin.h"
#include "ws_peer.h"

#define METHODS "GET, POST, OPTIONS"

/* What a client is told to wait that has too many connections, ... */
#define RETRY_CONNECTIONS_S 10
/* ... or comes when the service stops. */
#define RETRY_STOPPED_S 5

struct router {
	struct ws_peers *peers;
	struct longpolls *polls;
	struct router_settings settings;
	bool	 is_draining;
	struct router_counts counts;
};

/* A WebSocket between its request and its socket. */
struct upgrade {
	struct ws_peer *peer;
	struct ws_handshake handshake;
};

struct router *
router_new(struct ws_peers *peers, struct longpolls *polls,
    const struct router_settings *settings)
{
	struct router *front = xcalloc(1, sizeof(*front));

	front->peers = peers;
	front->polls = polls;
	front->settings = *settings;
	return front;
}

void
router_configure(struct router *front, const struct router_settings *settings)
{
	front->settings = *settings;
}

void
router_drain(struct router *front)
{
	front->is_draining = true;
}

void
router_free(struct router *front)
{
	free(front);
}

void
router_copy_counts(const struct router *front, struct router_counts *counts)
{
	*counts = front->counts;
}

static void
refuse_request(struct router *front, struct exchange_answer *answer,
    enum refusal code, const char *field)
{
	struct message_error error = { .code = code, .field = field };

	front->counts.refusals[code]++;
	if (code == REFUSAL_RATE_LIMITED)
		error.retry_after_s = RETRY_CONNECTIONS_S;
	if (code == REFUSAL_SHUTTING_DOWN)
		error.retry_after_s = RETRY_STOPPED_S;
	answer->status = message_refusal_status(code);
	answer->retry_after_s = error.retry_after_s;
	answer->body = answer_body_error(&error);
}

/* Let the request become a WebSocket for session. */
static void
upgrade(struct router *front, const struct exchange_request *request,
    const char *session, const struct client_address *client,
    struct exchange_answer *answer)
{
	struct ws_handshake_policy policy = {
		.subprotocol = front->settings.subprotocol,
		.compression = front->settings.compression,
	};
	struct upgrade *up;

	if (front->is_draining) {
		refuse_request(front, answer, REFUSAL_SHUTTING_DOWN, NULL);
		return;
	}
	up = xcalloc(1, sizeof(*up));
	ws_handshake_decide(request->handshake, &policy, &up->handshake);
	if (up->handshake.status != 101) {
		refuse_request(front, answer, REFUSAL_INVALID_MESSAGE,
		    "request");
		answer->status = (unsigned)up->handshake.status;
		answer->closes = true;
		free(up);
		return;
	}
	answer->status = 101;
	up->peer = ws_peer_new(front->peers, session, client);
	if (up->peer == NULL) {
		free(up);
		refuse_request(front, answer, REFUSAL_RATE_LIMITED, NULL);
		return;
	}
	answer->handshake = &up->handshake;
	answer->upgrade = up;
}

/* Whether a query says protocol=KEY, as it must where KEY is configured. */
static bool
says_subprotocol(const char *query, const char *key)
{
	char value[WS_SUBPROTOCOL_MAX + 1];
	struct query_field field;

	if (key[0] == '\0')
		return true;
	while (query_next(&query, &field) == 0) {
		if (!query_field_is(&field, "protocol"))
			continue;
		/* A + of the key's need not be escaped. */
		if (field.value_len == strlen(key) &&
		    memcmp(field.value, key, field.value_len) == 0)
			return true;
		if (query_decode(&field, value, sizeof(value)) == 0 &&
		    strcmp(value, key) == 0)
			return true;
	}
	return false;
}

/* Answer the request by polling, or say why not. */
static void
start_longpoll(struct router *front, const struct exchange_request *request,
    const char *session, const struct client_address *client,
    struct exchange_answer *answer)
{
	bool is_get = strcmp(request->method, "GET") == 0;
	size_t max = front->settings.max_message;

	if (!says_subprotocol(request->target->query,
		front->settings.subprotocol)) {
		refuse_request(front, answer, REFUSAL_INVALID_MESSAGE,
		    "protocol");
		return;
	}
	if (!is_get && !exchange_takes_type(request->content_type)) {
		refuse_request(front, answer, REFUSAL_UNSUPPORTED_MEDIA_TYPE,
		    NULL);
		return;
	}
	if (max != 0 && request->content_length > max) {
		refuse_request(front, answer, REFUSAL_MESSAGE_TOO_LARGE, NULL);
		return;
	}
	answer->longpoll = longpoll_new(front->polls, request->transport,
	    session, client);
	if (answer->longpoll == NULL) {
		refuse_request(front, answer, REFUSAL_RATE_LIMITED, NULL);
		return;
	}
	answer->status = 0;
	longpoll_set_authorization(answer->longpoll, request->authorization);
	if (is_get)
		longpoll_set_query(answer->longpoll, request->target->query);
}

static void
upgrade_or_poll(struct router *front, const struct exchange_request *request,
    const char *session, struct exchange_answer *answer)
{
	struct client_address client = {
		.address = request->address,
		.is_counted = request->is_counted,
	};

	/* Who was no proxy when it was counted is none. */
	if (!client.is_counted)
		client.address = address_from_forwarded(
		    front->settings.trusted_proxies,
		    front->settings.trusted_proxies_count, &request->address,
		    request->forwarded_for);

	if (request->handshake != NULL &&
	    ws_handshake_is_wanted(request->handshake->upgrade))
		upgrade(front, request, session, &client, answer);
	else
		start_longpoll(front, request, session, &client, answer);
}

/* Refuse a method that is not ours; whether it was. */
static bool
refuse_method(struct router *front, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	const char *method = request->method;

	if (strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0 ||
	    strcmp(method, "OPTIONS") == 0)
		return false;
	refuse_request(front, answer, REFUSAL_METHOD_NOT_ALLOWED, NULL);
	answer->allow = METHODS;
	/* RFC 9110, section 9.1: nobody knows what it would do. */
	if (!http_method_is_known(method))
		answer->status = 501;
	return true;
}

static void
answer_options(struct exchange_answer *answer)
{
	answer->status = 204;
	answer->allow = METHODS;
	answer->is_preflight = true;
}

void
router_request(struct router *front, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	bool is_options = strcmp(request->method, "OPTIONS") == 0;
	char session[SESSION_ID_MAX + 1];
	enum refusal code;

	if (refuse_method(front, request, answer))
		return;
	code = session_path_parse(front->settings.base_path, request->target,
	    session);
	if (code != REFUSAL_NONE && front->settings.has_demo &&
	    demo_answer(front->settings.base_path, request, answer))
		return;
	if (request->target->form == HTTP_FORM_ASTERISK)
		code = REFUSAL_NONE;	/* of OPTIONS alone */
	if (code == REFUSAL_NONE &&
	    !origin_is_allowed(front->settings.allowed_origins,
	    front->settings.allowed_origins_count, request->origin))
		code = REFUSAL_ORIGIN_NOT_ALLOWED;
	if (code != REFUSAL_NONE)
		refuse_request(front, answer, code, NULL);
	else if (is_options)
		answer_options(answer);
	else
		upgrade_or_poll(front, request, session, answer);
}

void
router_upgraded(void *arg, int fd, const void *extra, size_t extra_len)
{
	struct upgrade *up = arg;

	ws_peer_open(up->peer, fd,
	    up->handshake.deflate ? &up->handshake.params : NULL,
	    extra, extra_len);
	free(up);
}
