#include "api_body.h"

#include <string.h>

#include "net/exchange.h"
#include "wire/http_text.h"

enum { BODY_BYTES_MAX = 1024 };

static bool
is_json_type(const char *type)
{
	return type == NULL || http_text_is(type, strcspn(type, "; \t"),
	    "application/json");
}

void
api_body_init(struct api_body *body, const struct exchange_request *request)
{
	body->is_json = is_json_type(request->content_type);
	buf_init(&body->text, BODY_BYTES_MAX);
}

void
api_body_clear(struct api_body *body)
{
	buf_clear(&body->text);
}

int
api_body_add(struct api_body *body, const void *data, size_t len)
{
	return buf_append(&body->text, data, len);
}

/* Whether all that the body says is {}. */
static bool
is_empty_object(const struct buf *body)
{
	static const char wanted[] = "{}";
	const char *at = buf_data(body), *end = at + body->len;
	size_t found = 0;

	for (; at < end; at++) {
		if (memchr(" \t\r\n", *at, 4) != NULL)
			continue;
		if (found == sizeof(wanted) - 1 || *at != wanted[found++])
			return false;
	}
	return found == sizeof(wanted) - 1;
}

enum refusal
api_body_judge(const struct api_body *body, const char **why)
{
	*why = NULL;
	if (body->text.len == 0)
		return REFUSAL_NONE;
	if (!body->is_json)
		return REFUSAL_UNSUPPORTED_MEDIA_TYPE;
	if (is_empty_object(&body->text))
		return REFUSAL_NONE;
	*why = "a body has to be empty or {}";
	return REFUSAL_INVALID_MESSAGE;
}
