#include "outbox.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "wire/multicart.h"

struct outbox_reply {
	STAILQ_ENTRY(outbox_reply) entry;
	struct payload *body;
};

void
outbox_init(struct outbox *outbox, struct outbox_counts *counts)
{
	outbox->counts = counts;
	STAILQ_INIT(&outbox->replies);
	outbox->reply_count = 0;
	outbox->multicart = NULL;
	outbox->since_us = 0;
}

static struct payload *
take_reply(struct outbox *outbox)
{
	struct outbox_reply *reply = STAILQ_FIRST(&outbox->replies);
	struct payload *body = reply->body;

	STAILQ_REMOVE_HEAD(&outbox->replies, entry);
	outbox->reply_count--;
	outbox->counts->replies--;
	free(reply);
	return body;
}

/* The multicart with its reference, which may be NULL. */
static struct multicart *
take_multicart(struct outbox *outbox)
{
	struct multicart *multicart = outbox->multicart;

	if (multicart == NULL)
		return NULL;
	outbox->multicart = NULL;
	outbox->since_us = 0;
	outbox->counts->multicarts--;
	return multicart;
}

void
outbox_drop_multicart(struct outbox *outbox)
{
	multicart_unref(take_multicart(outbox));
}

void
outbox_clear(struct outbox *outbox)
{
	while (!STAILQ_EMPTY(&outbox->replies))
		payload_unref(take_reply(outbox));
	outbox_drop_multicart(outbox);
}

void
outbox_add_reply(struct outbox *outbox, struct payload *body)
{
	struct outbox_reply *reply = xcalloc(1, sizeof(*reply));

	reply->body = body;
	STAILQ_INSERT_TAIL(&outbox->replies, reply, entry);
	outbox->reply_count++;
	outbox->counts->replies++;
}

void
outbox_set_multicart(struct outbox *outbox, struct multicart *multicart,
    uint64_t since_us)
{
	multicart_ref(multicart);
	if (outbox->multicart == NULL) {
		outbox->counts->multicarts++;
	} else {
		outbox->counts->conflations++;
		multicart_unref(outbox->multicart);
	}
	/* What the old one was to show is as old in the new one. */
	if (outbox->since_us == 0)
		outbox->since_us = since_us;
	outbox->multicart = multicart;
}

bool
outbox_is_empty(const struct outbox *outbox)
{
	return outbox->reply_count == 0 && outbox->multicart == NULL;
}

bool
outbox_has_delta(const struct outbox *outbox)
{
	return outbox->multicart != NULL && outbox->multicart->from != 0;
}

size_t
outbox_multicart_bytes(const struct outbox *outbox)
{
	return outbox->multicart == NULL ? 0 : outbox->multicart->bytes->len;
}

size_t
outbox_next_bytes(const struct outbox *outbox)
{
	const struct outbox_reply *reply = STAILQ_FIRST(&outbox->replies);

	return reply != NULL ? reply->body->len :
	    outbox_multicart_bytes(outbox);
}

struct outbox_news
outbox_news(const struct outbox *outbox)
{
	return (struct outbox_news){
		.is_multicart = outbox->multicart != NULL,
		.since_us = outbox->since_us,
	};
}

bool
outbox_take(struct outbox *outbox, bool with_cursor, struct outbox_item *item)
{
	struct multicart *multicart = outbox->multicart;

	item->is_live = false;
	if (outbox->reply_count > 0) {
		item->body = take_reply(outbox);
		item->len = item->body->len;
		item->tail = "";
		item->multicart = NULL;
		item->news = (struct outbox_news){ .is_multicart = false };
		return true;
	}
	if (multicart == NULL)
		return false;
	item->body = payload_ref(multicart->bytes);
	item->len = with_cursor ? multicart->bytes->len : multicart->plain_len;
	item->tail = with_cursor ? "" : "}";
	item->news = outbox_news(outbox);
	item->multicart = take_multicart(outbox);
	return true;
}
