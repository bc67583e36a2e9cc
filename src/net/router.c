#include "router.h"

#include <stdlib.h>
#include <string.h>

#include "answer_body.h"
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

struct front {
	struct ws_peers *peers;
	struct polls *polls;
	struct front_settings settings;
	bool	 is_draining;
	struct front_counts counts;
};

/* A WebSocket between its request and its socket. */
struct upgrade {
	struct ws_peer *peer;
	struct ws_handshake handshake;
};

struct front *
front_new(struct ws_peers *peers, struct polls *polls,
    const struct front_settings *settings)
{
	struct front *front = xcalloc(1, sizeof(*front));

	front->peers = peers;
	front->polls = polls;
	front->settings = *settings;
	return front;
}

void
front_configure(struct front *front, const struct front_settings *settings)
{
	front->settings = *settings;
}

void
front_drain(struct front *front)
{
	front->is_draining = true;
}

void
front_free(struct front *front)
{
	free(front);
}

void
front_copy_counts(const struct front *front, struct front_counts *counts)
{
	*counts = front->counts;
}

static void
refuse(struct front *front, struct exchange_answer *answer, enum refusal code,
    const char *field)
{
	struct message_error error = { .code = code, .field = field };

	front->counts.refusals[code]++;
	if (code == REFUSAL_RATE_LIMITED)
		error.retry_after_s = RETRY_CONNECTIONS_S;
	if (code == REFUSAL_SHUTTING_DOWN)
		error.retry_after_s = RETRY_STOPPED_S;
	answer->status = message_refusal_status(code);
	answer->retry_after_s = error.retry_after_s;
	answer->body = envelope_error(&error);
}

/* Let the request become a WebSocket for session. */
static void
upgrade(struct front *front, const struct exchange_request *request,
    const char *session, const struct visitor *client,
    struct exchange_answer *answer)
{
	struct ws_handshake_policy policy = {
		.subprotocol = front->settings.subprotocol,
		.compression = front->settings.compression,
	};
	struct upgrade *up;

	if (front->is_draining) {
		refuse(front, answer, REFUSAL_SHUTTING_DOWN, NULL);
		return;
	}
	up = xcalloc(1, sizeof(*up));
	ws_handshake_decide(request->handshake, &policy, &up->handshake);
	if (up->handshake.status != 101) {
		refuse(front, answer, REFUSAL_INVALID_MESSAGE, "request");
		answer->status = (unsigned)up->handshake.status;
		answer->closes = true;
		free(up);
		return;
	}
	answer->status = 101;
	up->peer = ws_peer_new(front->peers, session, client);
	if (up->peer == NULL) {
		free(up);
		refuse(front, answer, REFUSAL_RATE_LIMITED, NULL);
		return;
	}
	answer->handshake = &up->handshake;
	answer->upgrade = up;
}

/* Whether a query says protocol=KEY, as it must where KEY is configured. */
static bool
has_protocol(const char *query, const char *key)
{
	static const char name[] = "protocol=";
	size_t key_len = strlen(key), len;

	if (key_len == 0)
		return true;
	for (; *query != '\0'; query += len + (query[len] != '\0')) {
		len = strcspn(query, "&");
		if (len == sizeof(name) - 1 + key_len &&
		    strncmp(query, name, sizeof(name) - 1) == 0 &&
		    strncmp(query + sizeof(name) - 1, key, key_len) == 0)
			return true;
	}
	return false;
}

/* Answer the request by polling, or say why not. */
static void
accept_poll(struct front *front, const struct exchange_request *request,
    const char *session, const struct visitor *client,
    struct exchange_answer *answer)
{
	bool is_get = strcmp(request->method, "GET") == 0;
	size_t max = front->settings.max_message;

	if (!has_protocol(request->target->query, front->settings.subprotocol)) {
		refuse(front, answer, REFUSAL_INVALID_MESSAGE, "protocol");
		return;
	}
	if (!is_get && !exchange_takes_type(request->content_type)) {
		refuse(front, answer, REFUSAL_UNSUPPORTED_MEDIA_TYPE, NULL);
		return;
	}
	if (max != 0 && request->content_length > max) {
		refuse(front, answer, REFUSAL_MESSAGE_TOO_LARGE, NULL);
		return;
	}
	answer->poll = poll_new(front->polls, request->transport,
	    session, client);
	if (answer->poll == NULL) {
		refuse(front, answer, REFUSAL_RATE_LIMITED, NULL);
		return;
	}
	answer->status = 0;
	poll_set_authorization(answer->poll, request->authorization);
	if (is_get)
		poll_set_query(answer->poll, request->target->query);
}

static void
accept_request(struct front *front, const struct exchange_request *request,
    const char *session, struct exchange_answer *answer)
{
	struct visitor client = {
		.address = request->address,
		.is_counted = request->is_counted,
	};

	/* Who was no proxy when it was counted is none. */
	if (!client.is_counted)
		client.address = address_of_client(
		    front->settings.trusted_proxies,
		    front->settings.trusted_proxies_count, &request->address,
		    request->forwarded_for);

	if (request->handshake != NULL &&
	    ws_handshake_is_wanted(request->handshake->upgrade))
		upgrade(front, request, session, &client, answer);
	else
		accept_poll(front, request, session, &client, answer);
}

/* Refuse a method that is not ours; whether it was. */
static bool
refuse_method(struct front *front, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	const char *method = request->method;

	if (strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0 ||
	    strcmp(method, "OPTIONS") == 0)
		return false;
	refuse(front, answer, REFUSAL_METHOD_NOT_ALLOWED, NULL);
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
front_request(struct front *front, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	bool is_options = strcmp(request->method, "OPTIONS") == 0;
	char session[SESSION_ID_MAX + 1];
	enum refusal code;

	if (refuse_method(front, request, answer))
		return;
	code = route_session(front->settings.base_path, request->target,
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
		refuse(front, answer, code, NULL);
	else if (is_options)
		answer_options(answer);
	else
		accept_request(front, request, session, answer);
}

void
front_upgraded(void *arg, int fd, const void *extra, size_t extra_len)
{
	struct upgrade *up = arg;

	ws_peer_open(up->peer, fd,
	    up->handshake.deflate ? &up->handshake.params : NULL,
	    extra, extra_len);
	free(up);
}
