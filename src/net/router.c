#include "router.h"

#include <stdlib.h>
#include <string.h>

#include "answer_body.h"
#include "base/query.h"
#include "base/xalloc.h"
#include "client_quota.h"
#include "client_script.h"
#include "hub/shop.h"
#include "longpoll.h"
#include "net/demo_page.h"
#include "session_path.h"
#include "wire/message.h"
#include "wire/origin.h"
#include "ws_peer.h"

#define METHODS "GET, POST, OPTIONS"

/* What a client is told to wait that has too many connections. */
#define RETRY_CONNECTIONS_S 10

struct router {
	const struct shops *shops;
	struct ws_peers *peers;
	struct longpolls *polls;
	struct client_script *script;
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
router_new(const struct shops *shops, struct ws_peers *peers,
    struct longpolls *polls, const struct router_settings *settings)
{
	struct router *router = xcalloc(1, sizeof(*router));

	router->shops = shops;
	router->peers = peers;
	router->polls = polls;
	router->script = client_script_new();
	router->settings = *settings;
	return router;
}

void
router_configure(struct router *router, const struct router_settings *settings)
{
	router->settings = *settings;
}

void
router_drain(struct router *router)
{
	router->is_draining = true;
}

void
router_free(struct router *router)
{
	if (router == NULL)
		return;
	client_script_free(router->script);
	free(router);
}

void
router_copy_counts(const struct router *router, struct router_counts *counts)
{
	*counts = router->counts;
}

static void
refuse_request(struct router *router, struct exchange_answer *answer,
    enum refusal code, const char *field)
{
	struct message_error error = { .code = code, .field = field };

	router->counts.refusals[code]++;
	if (code == REFUSAL_RATE_LIMITED)
		error.retry_after_s = RETRY_CONNECTIONS_S;
	if (code == REFUSAL_SHUTTING_DOWN)
		error.retry_after_s = EXCHANGE_RETRY_STOPPED_S;
	answer->status = message_refusal_status(code);
	answer->retry_after_s = error.retry_after_s;
	answer->body = answer_body_error(&error);
}

/* Its address or its shop has too many connections. */
static void
refuse_place(struct router *router, const struct client_origin *client,
    struct exchange_answer *answer)
{
	if (shop_is_full(client->shop))
		ws_peers_make_room_in(router->peers, client->shop);
	refuse_request(router, answer, REFUSAL_RATE_LIMITED, NULL);
}

/* Let the request become a WebSocket of client. */
static void
upgrade_to_ws(struct router *router, const struct exchange_request *request,
    const struct client_origin *client, struct exchange_answer *answer)
{
	struct ws_handshake_policy policy = {
		.subprotocol = router->settings.subprotocol,
		.compression = router->settings.compression,
	};
	struct upgrade *up;

	if (router->is_draining) {
		refuse_request(router, answer, REFUSAL_SHUTTING_DOWN, NULL);
		return;
	}
	up = xcalloc(1, sizeof(*up));
	ws_handshake_decide(request->handshake, &policy, &up->handshake);
	if (up->handshake.status != 101) {
		refuse_request(router, answer, REFUSAL_INVALID_MESSAGE,
		    "request");
		answer->status = (unsigned)up->handshake.status;
		answer->closes = true;
		free(up);
		return;
	}
	answer->status = 101;
	up->peer = ws_peer_new(router->peers, client);
	if (up->peer == NULL) {
		free(up);
		refuse_place(router, client, answer);
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
start_longpoll(struct router *router, const struct exchange_request *request,
    const struct client_origin *client, struct exchange_answer *answer)
{
	bool is_get = strcmp(request->method, "GET") == 0;
	size_t max = router->settings.max_message;
	struct longpoll *poll;

	if (!says_subprotocol(request->target->query,
		router->settings.subprotocol)) {
		refuse_request(router, answer, REFUSAL_INVALID_MESSAGE,
		    "protocol");
		return;
	}
	if (!is_get && !exchange_takes_type(request->content_type)) {
		refuse_request(router, answer, REFUSAL_UNSUPPORTED_MEDIA_TYPE,
		    NULL);
		return;
	}
	if (max != 0 && request->content_length > max) {
		refuse_request(router, answer, REFUSAL_MESSAGE_TOO_LARGE, NULL);
		return;
	}
	poll = longpoll_new(router->polls, request->transport, client);
	if (poll == NULL) {
		refuse_place(router, client, answer);
		return;
	}
	answer->status = 0;
	answer->deferred = longpoll_defer(poll);
	longpoll_set_authorization(poll, request->authorization);
	if (is_get)
		longpoll_set_query(poll, request->target->query);
}

static void
upgrade_or_poll(struct router *router, const struct exchange_request *request,
    struct shop *shop, const char *id, struct exchange_answer *answer)
{
	char session[SESSION_NAME_MAX + 1];
	struct client_origin client = {
		.shop = shop,
		.session = session,
		.address = request->address,
		.is_counted = request->is_counted,
	};

	session_name_make(shop->name, id, session);
	/* Who was no proxy when it was counted is none. */
	if (!client.is_counted)
		client.address = address_from_forwarded(
		    router->settings.trusted_proxies,
		    router->settings.trusted_proxies_count, &request->address,
		    request->forwarded_for);

	if (request->handshake != NULL &&
	    ws_handshake_is_wanted(request->handshake->upgrade))
		upgrade_to_ws(router, request, &client, answer);
	else
		start_longpoll(router, request, &client, answer);
}

/* Refuse a method that is not ours; whether it was. */
static bool
refuse_method(struct router *router, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	const char *method = request->method;

	if (strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0 ||
	    strcmp(method, "OPTIONS") == 0)
		return false;
	refuse_request(router, answer, REFUSAL_METHOD_NOT_ALLOWED, NULL);
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

/* What is below no session: the client's script, and the demonstration. */
static bool
answer_file(struct router *router, const struct shop *shop,
    const struct exchange_request *request, struct exchange_answer *answer)
{
	const char *base_path = shop->settings.base_path;

	if (strcmp(request->method, "GET") != 0)
		return false;
	if (session_path_is_file(base_path, CLIENT_SCRIPT_PATH,
	    request->target)) {
		client_script_answer(router->script, request, answer);
		return true;
	}
	if (!router->settings.has_demo ||
	    !session_path_is_file(base_path, "", request->target))
		return false;
	answer->status = 200;
	answer->body = payload_new(demo_page, sizeof(demo_page) - 1);
	answer->content_type = "text/html; charset=utf-8";
	answer->security_policy = demo_policy;
	return true;
}

/* The shop whose base path is the longest with which the target begins. */
static struct shop *
choose_shop(const struct router *router, const struct http_target *target)
{
	struct shop *best = shops_first(router->shops), *shop;
	size_t best_len = 0, len;
	char *path;

	if (shops_has_one(router->shops))
		return best;
	path = session_path_normalize(target);
	for (shop = best; shop != NULL; shop = shops_next(shop)) {
		len = shop->is_served ? strlen(shop->settings.base_path) : 0;
		if (len > best_len &&
		    strncmp(path, shop->settings.base_path, len) == 0) {
			best = shop;
			best_len = len;
		}
	}
	free(path);
	return best;
}

void
router_request(struct router *router, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	bool is_options = strcmp(request->method, "OPTIONS") == 0;
	char id[SESSION_ID_MAX + 1];
	struct shop *shop;
	enum refusal code;

	if (refuse_method(router, request, answer))
		return;
	shop = choose_shop(router, request->target);
	code = session_path_parse(shop->settings.base_path, request->target,
	    id);
	if (code != REFUSAL_NONE && answer_file(router, shop, request, answer))
		return;
	if (request->target->form == HTTP_FORM_ASTERISK)
		code = REFUSAL_NONE;	/* of OPTIONS alone */
	if (code == REFUSAL_NONE &&
	    !origin_is_allowed(shop->settings.allowed_origins,
	    shop->settings.allowed_origins_count, request->origin))
		code = REFUSAL_ORIGIN_NOT_ALLOWED;
	if (code != REFUSAL_NONE)
		refuse_request(router, answer, code, NULL);
	else if (is_options)
		answer_options(answer);
	else
		upgrade_or_poll(router, request, shop, id, answer);
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
