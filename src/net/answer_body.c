#include "answer_body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const char head[] = "{\"messages\":[";

_Static_assert(sizeof(head) - 1 == ANSWER_BODY_HEAD_BYTES, "is its length");

/* Room for a cursor with all digits and the closing brackets. */
#define TAIL_BYTES 64

static void
append(struct answer_body *envelope, const char *bytes, size_t len)
{
	/* What is said here was in memory before. */
	if (buf_append(&envelope->body, bytes, len) == -1)
		fatalx("out of memory (answer over HTTP)");
}

void
answer_body_init(struct answer_body *envelope)
{
	buf_init(&envelope->body, UINT32_MAX);
	envelope->count = 0;
	append(envelope, head, ANSWER_BODY_HEAD_BYTES);
}

void
answer_body_add(struct answer_body *envelope, const char *message, size_t len,
    const char *tail)
{
	if (envelope->count++ > 0)
		append(envelope, ",", 1);
	append(envelope, message, len);
	append(envelope, tail, strlen(tail));
}

struct payload *
answer_body_lead(struct answer_body *envelope)
{
	append(envelope, ",", 1);
	return buf_freeze(&envelope->body);
}

struct payload *
answer_body_end(struct answer_body *envelope, uint64_t incarnation,
    uint64_t revision)
{
	char tail[TAIL_BYTES] = "]}";

	if (incarnation != 0)
		(void)snprintf(tail, sizeof(tail), "],\"cursor\":\"%" PRIu64
		    ".%" PRIu64 "\"}", incarnation, revision); /* fits */
	append(envelope, tail, strlen(tail));
	return buf_freeze(&envelope->body);
}

struct payload *
answer_body_error(const struct message_error *error)
{
	struct payload *message = message_reply_error(error);
	struct answer_body envelope;

	answer_body_init(&envelope);
	answer_body_add(&envelope, message->data, message->len, "");
	payload_unref(message);
	return answer_body_end(&envelope, 0, 0);
}
