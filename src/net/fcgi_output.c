#include "fcgi_output.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "exchange.h"
#include "wire/fcgi_encode.h"

enum {
	HEAD_MAX_BYTES = 8192,	/* of an answer: all of it is ours */
	RECORDS_PER_CALL = 4,	/* of the body, each with its header */
	PIECES = 2 * RECORDS_PER_CALL + 3,
	STATUS_NO_CONTENT = 204,
	STATUS_NOT_MODIFIED = 304
};

/* The part of an output that sendmsg() is to be given. */
struct pieces {
	struct iovec list[PIECES];
	size_t	 count;
	size_t	 skip;		/* bytes that were sent before */
	uint8_t	 headers[RECORDS_PER_CALL][FCGI_HEADER_BYTES];
	size_t	 headers_count;
	uint8_t	 tail[FCGI_TAIL_MAX];
};

/* The head of a CGI response. */
static void
put_head(struct text *head, const struct exchange_answer *answer)
{
	struct exchange_fields fields;
	size_t i;

	text_add(head, "Status: %u %s\r\n", answer->status,
	    exchange_reason(answer->status));
	exchange_fields(answer, &fields);
	for (i = 0; i < fields.count; i++)
		text_add(head, "%s: %s\r\n", fields.list[i].name,
		    fields.list[i].value);
	/* RFC 9110, section 8.6: a 204 has none, and a 304 none of its own. */
	if (answer->status != STATUS_NO_CONTENT &&
	    answer->status != STATUS_NOT_MODIFIED)
		text_add(head, "Content-Length: %zu\r\n",
		    exchange_body_len(answer));
	text_add(head, "\r\n");
}

static size_t
body_len(const struct fcgi_output *out)
{
	return out->body == NULL ? 0 : out->body->len - out->body_from;
}

/* Takes tail, which is to follow the body of out. */
static void
set_more(struct fcgi_output *out, struct payload *tail)
{
	static const uint8_t zeros[FCGI_HEADER_BYTES];
	struct buf more;

	if (tail == NULL)
		return;
	buf_init(&more, UINT32_MAX);
	if (buf_append(&more, zeros, fcgi_padding(body_len(out))) == -1 ||
	    fcgi_append_stdout(&more, out->id, tail->data, tail->len) == -1)
		fatalx("out of memory (end of an answer)");
	out->more = buf_freeze(&more);
	payload_unref(tail);
}

struct fcgi_output *
fcgi_output_answer(uint16_t id, const struct exchange_answer *answer)
{
	struct fcgi_output *out = xcalloc(1, sizeof(*out));
	struct text head = { .len = 0 };
	struct buf text, records;

	buf_init(&text, HEAD_MAX_BYTES);
	buf_init(&records, HEAD_MAX_BYTES + FCGI_HEADER_BYTES +
	    FCGI_HEADER_BYTES);
	put_head(&head, answer);
	if (buf_append(&text, head.bytes, head.len) == -1 ||
	    (answer->lead != NULL && buf_append(&text, answer->lead->data,
	    answer->lead->len) == -1))
		fatalx("the first part of an answer is too long");
	payload_unref(answer->lead);
	if (fcgi_append_stdout(&records, id, buf_data(&text), text.len) == -1)
		fatalx("out of memory (head of an answer)");
	buf_clear(&text);
	out->lead = buf_freeze(&records);
	out->body = answer->body;
	out->body_from = answer->body_from;
	out->news = answer->news;
	out->id = id;
	out->has_tail = true;
	set_more(out, answer->tail);
	return out;
}

struct fcgi_output *
fcgi_output_end(uint16_t id)
{
	struct fcgi_output *out = fcgi_output_records("", 0);

	out->id = id;
	out->has_tail = true;
	return out;
}

struct fcgi_output *
fcgi_output_records(const void *data, size_t len)
{
	struct fcgi_output *out = xcalloc(1, sizeof(*out));

	out->lead = payload_new(data, len);
	return out;
}

void
fcgi_output_free(struct fcgi_output *out)
{
	unsent_end(&out->unsent);
	payload_unref(out->lead);
	payload_unref(out->body);
	payload_unref(out->more);
	free(out);
}

/* Add what was not sent of len bytes. */
static void
add_unsent(struct pieces *pieces, const void *data, size_t len)
{
	if (pieces->skip >= len) {
		pieces->skip -= len;
		return;
	}
	/* They are only read. */
	pieces->list[pieces->count].iov_base =
	    (char *)(uintptr_t)data + pieces->skip;
	pieces->list[pieces->count].iov_len = len - pieces->skip;
	pieces->count++;
	pieces->skip = 0;
}

/* Add records of the body; false if there are more than go into one call. */
static bool
add_body_records(struct pieces *pieces, const struct fcgi_output *out)
{
	uint8_t header[FCGI_HEADER_BYTES];
	size_t left = body_len(out), n;

	for (; left > 0; left -= n) {
		const char *data = out->body->data + out->body->len - left;
		uint8_t *place = header;

		n = left < FCGI_CONTENT_MAX ? left : FCGI_CONTENT_MAX;
		if (pieces->skip < FCGI_HEADER_BYTES + n) {
			if (pieces->headers_count == RECORDS_PER_CALL)
				return false;
			place = pieces->headers[pieces->headers_count++];
		}
		(void)fcgi_encode_stdout_header(place, out->id,
		    left); /* is n */
		add_unsent(pieces, place, FCGI_HEADER_BYTES);
		add_unsent(pieces, data, n);
	}
	return true;
}

/* What follows the body and more; returns its length. */
static size_t
encode_tail(uint8_t tail[FCGI_TAIL_MAX], const struct fcgi_output *out)
{
	if (!out->has_tail)
		return 0;
	return fcgi_encode_tail(tail, out->id, out->more != NULL ? 0 :
	    body_len(out), 0);
}

/* Add what follows the body. */
static void
add_end(struct pieces *pieces, const struct fcgi_output *out)
{
	if (out->more != NULL)
		add_unsent(pieces, out->more->data, out->more->len);
	add_unsent(pieces, pieces->tail, encode_tail(pieces->tail, out));
}

ssize_t
fcgi_output_send(struct fcgi_output *out, int fd)
{
	struct pieces pieces = { .skip = out->sent };
	struct msghdr msg = { .msg_iov = pieces.list };
	ssize_t n;

	add_unsent(&pieces, out->lead->data, out->lead->len);
	if (add_body_records(&pieces, out))
		add_end(&pieces, out);
	msg.msg_iovlen = pieces.count;
	n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	if (n > 0)
		out->sent += (size_t)n;
	return n;
}

bool
fcgi_output_is_sent(const struct fcgi_output *out)
{
	size_t body = body_len(out);
	size_t records = (body + FCGI_CONTENT_MAX - 1) / FCGI_CONTENT_MAX;
	uint8_t tail[FCGI_TAIL_MAX];

	return out->sent ==
	    out->lead->len + records * FCGI_HEADER_BYTES + body +
	    (out->more == NULL ? 0 : out->more->len) + encode_tail(tail, out);
}
