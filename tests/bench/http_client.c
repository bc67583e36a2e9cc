#include "http_client.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	HEAD_MAX_BYTES = 16 * 1024,
	BODY_DIGITS_MAX = 9,
	STATUS_AT = 9,		/* in a status line: "HTTP/1.1 200 OK" */
	STATUS_NO_CONTENT = 204,
	STATUS_NOT_MODIFIED = 304
};

void
http_client_init(struct http_client *client, int epoll_fd, void *owner)
{
	stream_init(&client->stream, epoll_fd, owner);
	client->is_busy = false;
	buf_init(&client->queue, STREAM_MAX_BYTES);
}

int
http_client_connect(struct http_client *client,
    const struct stream_target *target)
{
	client->target = *target;
	return stream_connect(&client->stream, target);
}

void
http_client_close(struct http_client *client)
{
	stream_close(&client->stream);
	buf_clear(&client->queue);
}

static int
begin(struct http_client *client, struct span request)
{
	client->is_busy = true;
	if (buf_append(&client->stream.out, request.at, request.len) == -1)
		return stream_lose(&client->stream, "a request is too long");
	if (client->stream.fd == -1)
		return stream_connect(&client->stream, &client->target);
	return stream_flush(&client->stream);
}

int
http_client_send(struct http_client *client, struct span request)
{
	if (!client->is_busy)
		return begin(client, request);
	if (buf_append(&client->queue, &request.len,
	    sizeof(request.len)) == -1 ||
	    buf_append(&client->queue, request.at, request.len) == -1)
		return stream_lose(&client->stream,
		    "the server answers nothing any more");
	return 0;
}

/* Send what was queued first. */
static int
begin_next(struct http_client *client)
{
	const char *at = buf_data(&client->queue);
	struct span request;
	int result;

	if (client->queue.len == 0)
		return 0;
	memcpy(&request.len, at, sizeof(request.len));
	request.at = at + sizeof(request.len);
	result = begin(client, request);
	buf_consume(&client->queue, sizeof(request.len) + request.len);
	return result;
}

int
http_client_fill(struct http_client *client, struct inbox *inbox)
{
	if (stream_fill(&client->stream, inbox) == 0)
		return 0;
	if (client->is_busy || !client->stream.is_connected)
		return -1;
	stream_close(&client->stream);
	return 0;
}

struct span
http_answer_field(const struct http_answer *answer, const char *name)
{
	const char *line = answer->head.at, *end = line + answer->head.len;
	const char *next;
	size_t len = strlen(name);

	for (; line != NULL; line = next) {
		next = memmem(line, (size_t)(end - line), "\r\n", 2);
		if (next == NULL)
			break;
		next += 2;
		if ((size_t)(end - next) <= len || next[len] != ':' ||
		    strncasecmp(next, name, len) != 0)
			continue;
		line = next + len + 1;
		line += strspn(line, " ");
		return (struct span){ line, strcspn(line, "\r\n") };
	}
	return (struct span){ NULL, 0 };
}

/* -1, with the reason, if it is not said in a way understood here. */
static int
read_body_length(struct stream *stream, const struct http_answer *answer,
    size_t *len)
{
	struct span value = http_answer_field(answer, "Content-Length");
	size_t i;

	*len = 0;
	if (answer->status == STATUS_NO_CONTENT ||
	    answer->status == STATUS_NOT_MODIFIED)
		return 0;
	if (value.len == 0 || value.len > BODY_DIGITS_MAX)
		return stream_lose(stream, "an answer without Content-Length");
	for (i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return stream_lose(stream, "an odd Content-Length");
		*len = 10 * *len + (size_t)(value.at[i] - '0');
	}
	return 0;
}

/* Take an answer from the inbox.  1: here it is; 0: not whole; -1: lost. */
static int
read_answer(struct http_client *client, struct inbox *inbox,
    struct http_answer *answer)
{
	static const char version[] = "HTTP/1.1 ", end_mark[] = "\r\n\r\n";
	const char *at = (const char *)inbox->bytes + inbox->start;
	size_t have = inbox->end - inbox->start, head_len, body_len;
	const char *end;

	if (have == 0)
		return 0;
	end = memmem(at, have, end_mark, sizeof(end_mark) - 1);
	if (end == NULL && have < HEAD_MAX_BYTES)
		return 0;
	if (end == NULL || !client->is_busy ||
	    strncmp(at, version, sizeof(version) - 1) != 0)
		return stream_lose(&client->stream, "no answer of HTTP/1.1");
	/* The last field keeps the end of its line. */
	head_len = (size_t)(end - at) + 2;
	answer->head = (struct span){ at, head_len };
	answer->status = (unsigned)strtoul(at + STATUS_AT, NULL, 10);
	if (read_body_length(&client->stream, answer, &body_len) == -1)
		return -1;
	if (have < head_len + 2 + body_len)
		return 0;
	answer->body = (struct span){ at + head_len + 2, body_len };
	inbox->start += head_len + 2 + body_len;
	return 1;
}

enum http_event
http_client_next(struct http_client *client, struct inbox *inbox,
    struct http_answer *answer)
{
	switch (read_answer(client, inbox, answer)) {
	case 0:
		if (stream_keep(&client->stream, inbox) == -1)
			return HTTP_LOST;
		return HTTP_NOTHING;
	case 1:
		client->is_busy = false;
		if (begin_next(client) == -1)
			return HTTP_LOST;
		return HTTP_ANSWER;
	default:
		return HTTP_LOST;
	}
}
