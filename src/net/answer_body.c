#include "answer_body.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

static const char head[] = "{\"messages\":[";

_Static_assert(sizeof(head) - 1 == ANSWER_BODY_HEAD_BYTES, "is its length");

/* Room for a cursor with all digits and the closing brackets. */
#define TAIL_BYTES 128

static void
append(struct answer_body *body, const char *bytes, size_t len)
{
	/* What is said here was in memory before. */
	if (buf_append(&body->bytes, bytes, len) == -1)
		fatalx("out of memory (answer over HTTP)");
}

void
answer_body_init(struct answer_body *body)
{
	buf_init(&body->bytes, UINT32_MAX);
	body->count = 0;
	append(body, head, ANSWER_BODY_HEAD_BYTES);
}

void
answer_body_add(struct answer_body *body, const char *message, size_t len,
    const char *tail)
{
	if (body->count++ > 0)
		append(body, ",", 1);
	append(body, message, len);
	append(body, tail, strlen(tail));
}

struct payload *
answer_body_lead(struct answer_body *body)
{
	append(body, ",", 1);
	return buf_freeze(&body->bytes);
}

struct payload *
answer_body_begin(struct answer_body *body)
{
	return buf_freeze(&body->bytes);
}

static void
end_body(struct answer_body *body, const struct answer_cursor *cursor)
{
	char tail[TAIL_BYTES] = "]}";

	if (cursor->incarnation != 0)
		xsnprintf(tail, sizeof(tail), "],\"cursor\":\"%" PRIu64
		    ".%" PRIu64 "%s%s\"}", cursor->incarnation,
		    cursor->revision, cursor->number[0] == '\0' ? "" : ".",
		    cursor->number);
	append(body, tail, strlen(tail));
}

struct payload *
answer_body_tail(const char *tail, const struct answer_cursor *cursor)
{
	struct answer_body body = { .count = 0 };

	buf_init(&body.bytes, UINT32_MAX);
	append(&body, tail, strlen(tail));
	end_body(&body, cursor);
	return buf_freeze(&body.bytes);
}

struct payload *
answer_body_end(struct answer_body *body, const struct answer_cursor *cursor)
{
	end_body(body, cursor);
	return buf_freeze(&body->bytes);
}

struct payload *
answer_body_error(const struct message_error *error)
{
	static const struct answer_cursor none = { .incarnation = 0 };
	struct payload *message = message_reply_error(error);
	struct answer_body body;

	answer_body_init(&body);
	answer_body_add(&body, message->data, message->len, "");
	payload_unref(message);
	return answer_body_end(&body, &none);
}
