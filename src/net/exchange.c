#include "exchange.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "wire/http_text.h"

#define TYPE_JSON "application/json"
#define TYPE_TEXT "text/plain"

/* Messages are JSON, and pages may say text/plain to do without a preflight. */
bool
exchange_takes_type(const char *type)
{
	static const char *const types[] = { TYPE_JSON, TYPE_TEXT };
	size_t i, len;

	if (type == NULL)
		return true;
	len = strcspn(type, "; \t");
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (http_text_is(type, len, types[i]))
			return true;
	return false;
}

size_t
exchange_body_len(const struct exchange_answer *answer)
{
	size_t len = answer->lead == NULL ? 0 : answer->lead->len;

	if (answer->body != NULL)
		len += answer->body->len - answer->body_from;
	return answer->tail == NULL ? len : len + answer->tail->len;
}

bool
exchange_is_whole(const struct exchange_answer *answer)
{
	return answer->lead == NULL && answer->tail == NULL;
}

static void
add_field(struct exchange_fields *fields, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	assert(fields->count < EXCHANGE_FIELDS_MAX);
	fields->list[fields->count].name = name;
	fields->list[fields->count].value = value;
	fields->count++;
}

/*
 * What a page asks before it sends a request of another origin.  Neither
 * cookies nor other credentials of the browser's are ever used, so * stands for
 * every field, whatever measures a page's requests adds, in browsers since
 * 2019.  But not for Authorization (Fetch, CORS-preflight fetch).
 */
static void
add_preflight(struct exchange_fields *fields, const char *methods)
{
	add_field(fields, "Access-Control-Allow-Methods", methods);
	add_field(fields, "Access-Control-Allow-Headers",
	    "Authorization, Content-Type, *");
	add_field(fields, "Access-Control-Max-Age", "86400");
}

/* What a status says with a field besides (RFC 9110, section 15). */
static void
add_of_status(struct exchange_fields *fields, unsigned status)
{
	static const struct {
		unsigned status;
		struct exchange_field field;
	} of_status[] = {
		{ 401, { "WWW-Authenticate", "Bearer" } },
		{ 415, { "Accept", TYPE_JSON ", " TYPE_TEXT } },
		{ 426, { "Upgrade", "websocket" } },
		{ 426, { "Sec-WebSocket-Version", WS_VERSION } },
	};
	size_t i;

	for (i = 0; i < sizeof(of_status) / sizeof(of_status[0]); i++)
		if (of_status[i].status == status)
			add_field(fields, of_status[i].field.name,
			    of_status[i].field.value);
}

static void
add_retry(struct exchange_fields *fields, unsigned seconds, bool is_private)
{
	xsnprintf(fields->seconds, sizeof(fields->seconds), "%u", seconds);
	add_field(fields, "Retry-After", fields->seconds);
	if (!is_private)
		add_field(fields, "Access-Control-Expose-Headers",
		    "Retry-After");
}

static void
add_caching(struct exchange_fields *fields,
    const struct exchange_answer *answer)
{
	const struct exchange_file *file = answer->file;

	if (file == NULL) {
		add_field(fields, "Cache-Control", "no-store");
		return;
	}
	add_field(fields, "Cache-Control", "public, max-age=3600");
	add_field(fields, "ETag", file->etag);
	if (answer->body != NULL)
		add_field(fields, "Content-Encoding", file->encoding);
	add_field(fields, "Vary", "Accept-Encoding");
}

void
exchange_fields(const struct exchange_answer *answer,
    struct exchange_fields *fields)
{
	assert(answer->status != 405 || answer->allow != NULL);
	fields->count = 0;
	if (answer->body != NULL)
		add_field(fields, "Content-Type", answer->content_type != NULL ?
		    answer->content_type : TYPE_JSON);
	add_field(fields, "Content-Security-Policy", answer->security_policy);
	add_caching(fields, answer);
	add_field(fields, "X-Content-Type-Options", "nosniff");
	if (!answer->is_private)
		add_field(fields, "Access-Control-Allow-Origin", "*");
	if (answer->is_preflight)
		add_preflight(fields, answer->allow);
	add_of_status(fields, answer->status);
	add_field(fields, "Allow", answer->allow);
	if (answer->retry_after_s != 0)
		add_retry(fields, answer->retry_after_s, answer->is_private);
}

const char *
exchange_reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 204, "No Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
	};
	size_t i, count = sizeof(reasons) / sizeof(reasons[0]);

	for (i = 0; i < count && reasons[i].status != status; i++)
		;
	assert(i < count);
	return i < count ? reasons[i].reason : "";
}
