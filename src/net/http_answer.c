#include "http_answer.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "exchange.h"
#include "http_head.h"
#include "wire/ws_handshake.h"

static void
drop_body(void *cls)
{
	payload_unref(cls);
}

/* Takes body; NULL if there is no memory. */
static struct MHD_Response *
response_of_body(struct payload *body)
{
	static char empty[1];
	struct MHD_Response *response;

	if (body == NULL)
		return MHD_create_response_from_buffer(0, empty,
		    MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_buffer_with_free_callback_cls(
	    body->len, body->data, drop_body, body);
	if (response == NULL)
		payload_unref(body);
	return response;
}

struct field_value {
	const char *name;
	const char *value;	/* NULL or "": leave it out */
};

/* response with these fields, or NULL, and response is gone. */
static struct MHD_Response *
with_fields(struct MHD_Response *response, const struct field_value *fields,
    size_t n)
{
	size_t i;

	if (response == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		if (fields[i].value == NULL || fields[i].value[0] == '\0')
			continue;
		if (MHD_add_response_header(response, fields[i].name,
		    fields[i].value) == MHD_YES)
			continue;
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

struct MHD_Response *
http_answer_plain(const struct exchange_answer *answer)
{
	bool is_426 = answer->status == MHD_HTTP_UPGRADE_REQUIRED;
	bool is_204 = answer->status == MHD_HTTP_NO_CONTENT;
	const char *type = answer->content_type != NULL ?
	    answer->content_type : "application/json";
	char seconds[16] = "";
	const struct field_value fields[] = {
		{ MHD_HTTP_HEADER_CONNECTION, is_426 ? "close, Upgrade" :
		    answer->closes ? "close" : "" },
		{ MHD_HTTP_HEADER_CONTENT_TYPE,
		    answer->body == NULL ? "" : type },
		{ "Content-Security-Policy", answer->security_policy },
		{ MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Access-Control-Allow-Origin", "*" },
		{ "Access-Control-Allow-Methods",
		    is_204 ? "GET, POST, OPTIONS" : "" },
		{ "Access-Control-Allow-Headers",
		    is_204 ? "Authorization, Content-Type" : "" },
		{ "Access-Control-Max-Age", is_204 ? "86400" : "" },
		{ MHD_HTTP_HEADER_ALLOW, answer->allow },
		{ MHD_HTTP_HEADER_RETRY_AFTER, seconds },
		{ "Access-Control-Expose-Headers", answer->retry_after_s != 0 ?
		    MHD_HTTP_HEADER_RETRY_AFTER : "" },
		{ MHD_HTTP_HEADER_UPGRADE, is_426 ? "websocket" : "" },
		{ http_field_name(HTTP_FIELD_VERSION),
		    is_426 ? WS_VERSION : "" },
	};

	if (answer->retry_after_s != 0)
		(void)snprintf(seconds, sizeof(seconds), "%u",
		    answer->retry_after_s);	/* ten digits at most */
	return with_fields(response_of_body(answer->body), fields,
	    sizeof(fields) / sizeof(fields[0]));
}

struct MHD_Response *
http_answer_upgrade(const struct ws_handshake *handshake,
    MHD_UpgradeHandler upgraded, void *ctx)
{
	const struct field_value fields[] = {
		{ MHD_HTTP_HEADER_UPGRADE, "websocket" },
		{ "Sec-WebSocket-Accept", handshake->accept },
		{ http_field_name(HTTP_FIELD_PROTOCOL),
		    handshake->subprotocol },
		{ http_field_name(HTTP_FIELD_EXTENSIONS),
		    handshake->extensions },
	};

	return with_fields(MHD_create_response_for_upgrade(upgraded, ctx),
	    fields, sizeof(fields) / sizeof(fields[0]));
}
