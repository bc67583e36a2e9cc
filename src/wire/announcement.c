#include "announcement.h"

#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "message.h"

static void
append(struct buf *buf, const char *text, size_t len)
{
	if (buf_append(buf, text, len) == -1)
		fatalx("out of memory (%zu bytes to be told)", buf->len + len);
}

static void
append_text(struct buf *buf, const char *text)
{
	append(buf, text, strlen(text));
}

/* The id in quotes. */
static void
append_id(struct buf *buf, const struct customer_id *id)
{
	char hex[ID_CUSTOMER_HEX + 1];

	customer_id_format(id, hex);
	append(buf, "\"", 1);
	append(buf, hex, ID_CUSTOMER_HEX);
	append(buf, "\"", 1);
}

struct payload *
announcement_present(const struct customer_id *ids, size_t count)
{
	struct buf buf;
	size_t i;

	buf_init(&buf, UINT32_MAX);
	append_text(&buf, "{\"event\":\"presenceUpdate\",\"payload\":{"
	    "\"present\":[");
	for (i = 0; i < count; i++) {
		if (i > 0)
			append(&buf, ",", 1);
		append_id(&buf, &ids[i]);
	}
	append_text(&buf, "]}");
	return buf_freeze(&buf);
}

struct payload *
announcement_said(const struct customer_id *from, const struct message *message)
{
	struct buf buf;

	buf_init(&buf, UINT32_MAX);
	append_text(&buf, "{\"event\":\"say\",\"payload\":{\"from\":");
	append_id(&buf, from);
	append_text(&buf, ",\"what\":");
	append(&buf, message->what->data, message->what->len);
	if (message->has_to) {
		append_text(&buf, ",\"to\":");
		append_id(&buf, &message->to);
	}
	append(&buf, "}", 1);
	return buf_freeze(&buf);
}

struct payload *
announcement_missed(uint64_t count)
{
	struct text text = { .len = 0 };

	text_add(&text, "{\"event\":\"say\",\"payload\":{\"missed\":%" PRIu64
	    "}", count);
	return payload_new(text.bytes, text.len);
}
