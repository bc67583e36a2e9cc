#include "api_answer.h"

#include <stddef.h>

#include "base/buf.h"
#include "hub/reply.h"
#include "net/exchange.h"
#include "wire/json_write.h"
#include "wire/message.h"

enum { ERROR_BYTES_MAX = 512 };

/* Those that there are here. */
static const char *const texts[REFUSALS] = {
	[REFUSAL_INVALID_MESSAGE] = "the request is malformed",
	[REFUSAL_INVALID_SESSION] = "this is not the id of a session",
	[REFUSAL_SESSION_NOT_FOUND] = "no session of that id runs",
	[REFUSAL_UNKNOWN_CUSTOMER] = "the session has no such customer",
	[REFUSAL_NOT_FOUND] = "there is no such path",
	[REFUSAL_METHOD_NOT_ALLOWED] = "not with this method",
	[REFUSAL_MESSAGE_TOO_LARGE] = "the body is too large",
	[REFUSAL_UNSUPPORTED_MEDIA_TYPE] = "a body is application/json",
	[REFUSAL_RATE_LIMITED] = "too many requests without a valid key",
	[REFUSAL_STORAGE_UNAVAILABLE] = "the storage does not answer: repeat "
	    "the request later",
	[REFUSAL_SHUTTING_DOWN] = "the service stops: repeat the request later",
};

static struct payload *
error_body(const char *code, const char *why)
{
	struct json_write json;

	json_write_begin(&json, ERROR_BYTES_MAX);
	json_write_open(&json, "error", "{");
	json_write_string(&json, "code", code);
	json_write_string(&json, "message", why);
	json_write_close(&json, "}");
	return json_write_end(&json);
}

void
api_answer_json(struct exchange_answer *answer, struct payload *json)
{
	answer->status = 200;
	answer->body = json;
	answer->is_private = true;
}

void
api_answer_refusal(struct exchange_answer *answer, enum refusal code,
    const char *why)
{
	answer->status = message_refusal_status(code);
	answer->body = error_body(message_refusal_name(code),
	    why != NULL ? why : texts[code]);
	answer->is_private = true;
	if (code == REFUSAL_STORAGE_UNAVAILABLE)
		answer->retry_after_s = REPLY_RETRY_STORAGE_S;
	if (code == REFUSAL_SHUTTING_DOWN)
		answer->retry_after_s = EXCHANGE_RETRY_STOPPED_S;
}

void
api_answer_invalid_key(struct exchange_answer *answer, unsigned retry_after_s)
{
	/* Whoever has no key keeps no connection from those who have one. */
	answer->closes = true;
	if (retry_after_s > 0) {
		api_answer_refusal(answer, REFUSAL_RATE_LIMITED, NULL);
		answer->retry_after_s = retry_after_s;
		return;
	}
	answer->status = 401;
	answer->body = error_body("invalidKey",
	    "Authorization has to be Bearer and a key that is known");
	answer->is_private = true;
}

void
api_answer_cursor_gone(struct exchange_answer *answer, const char *why)
{
	answer->status = 410;
	answer->body = error_body("cursorGone", why);
	answer->is_private = true;
}

struct payload *
api_answer_malformed(unsigned status)
{
	enum refusal code = status == 413 ? REFUSAL_MESSAGE_TOO_LARGE :
	    REFUSAL_INVALID_MESSAGE;

	return error_body(message_refusal_name(code), texts[code]);
}
