#include "link.h"

#include <stdio.h>
#include <string.h>

enum {
	HEAD_MAX_BYTES = 1024,	/* of a request */
	WAIT_S = 50,		/* how long a poll may be held */
	STATUS_OK = 200,
	STATUS_MULTIPLE = 300
};

void
link_init(struct link *link, enum transport transport, int epoll_fd,
    void *owner)
{
	*link = (struct link){ .transport = transport, .owner = owner };
	client_init(&link->ws, epoll_fd, link);
	http_client_init(&link->posts, epoll_fd, link);
	http_client_init(&link->polls, epoll_fd, link);
}

void
link_close(struct link *link)
{
	client_close(&link->ws);
	http_client_close(&link->posts);
	http_client_close(&link->polls);
}

const char *
link_reason(const struct link *link)
{
	if (link->transport == TRANSPORT_WS)
		return link->ws.stream.reason;
	if (link->posts.stream.reason[0] != '\0')
		return link->posts.stream.reason;
	return link->polls.stream.reason;
}

static int
connect_ws(struct link *link, const struct link_place *place)
{
	char path[HEAD_MAX_BYTES];

	(void)snprintf(path, sizeof(path), "%s%s", place->base_path,
	    place->session);	/* cut, it is refused */
	return client_connect(&link->ws, &place->target, place->host, path,
	    place->subprotocol);
}

int
link_connect(struct link *link, const struct link_place *place,
    enum link_width width)
{
	if (link->transport == TRANSPORT_WS)
		return connect_ws(link, place);
	link->width = width;
	link->host = place->host;
	link->base_path = place->base_path;
	if ((size_t)snprintf(link->session, sizeof(link->session), "%s",
	    place->session) >= sizeof(link->session))
		return stream_lose(&link->posts.stream,
		    "the session's id is too long");
	if (http_client_connect(&link->posts, &place->target) == -1)
		return -1;
	if (width == LINK_ONE)
		return 0;
	return http_client_connect(&link->polls, &place->target);
}

static struct http_client *
polls_of(struct link *link)
{
	return link->width == LINK_ONE ? &link->posts : &link->polls;
}

/* Queue a request: n bytes of head, if they fit, and a body. */
static int
request(struct http_client *http, const char *head, int n, struct span body)
{
	struct buf bytes;
	int result = -1;

	buf_init(&bytes, STREAM_MAX_BYTES);
	if (n < 0 || n >= HEAD_MAX_BYTES ||
	    buf_append(&bytes, head, (size_t)n) == -1 ||
	    (body.len > 0 && buf_append(&bytes, body.at, body.len) == -1))
		(void)stream_lose(&http->stream, "a request is too long");
	else
		result = http_client_send(http,
		    (struct span){ buf_data(&bytes), bytes.len });
	buf_clear(&bytes);
	return result;
}

static int
post(struct link *link, struct span message)
{
	bool is_nchan = link->transport == TRANSPORT_NCHAN;
	bool is_known = link->token[0] != '\0';
	char head[HEAD_MAX_BYTES];
	int n;

	link->posted++;
	n = snprintf(head, sizeof(head), "POST %s%s%s HTTP/1.1\r\n"
	    "Host: %s\r\nContent-Type: text/plain\r\n%s%s%s"
	    "Content-Length: %zu\r\n\r\n", link->base_path,
	    is_nchan ? "pub/" : "", link->session, link->host,
	    is_known ? "Authorization: Bearer " : "", link->token,
	    is_known ? "\r\n" : "", message.len);
	return request(&link->posts, head, n, message);
}

/* The newest that there is, at once, if cursor is empty. */
static int
poll(struct link *link, const char *cursor)
{
	char head[HEAD_MAX_BYTES];
	int n;

	n = snprintf(head, sizeof(head), "GET %s%s?customerId=%s&cursor=%s"
	    "&wait=%d HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n",
	    link->base_path, link->session, link->id, cursor, WAIT_S,
	    link->host, link->token);
	return request(polls_of(link), head, n, (struct span){ NULL, 0 });
}

/* The first that is stored, at once, if the tag is empty. */
static int
poll_nchan(struct link *link, const char *tag)
{
	char fields[2 * LINK_WORD_MAX + 64] = "", head[HEAD_MAX_BYTES];
	int n;

	if (*tag != '\0')
		(void)snprintf(fields, sizeof(fields), "If-Modified-Since: %s"
		    "\r\nIf-None-Match: %s\r\n", link->modified, tag);
	n = snprintf(head, sizeof(head), "GET %ssub/%s HTTP/1.1\r\n"
	    "Host: %s\r\n%s\r\n", link->base_path, link->session, link->host,
	    fields);
	return request(polls_of(link), head, n, (struct span){ NULL, 0 });
}

static int
poll_from(struct link *link, const char *cursor)
{
	if (link->transport == TRANSPORT_NCHAN)
		return poll_nchan(link, cursor);
	return poll(link, cursor);
}

int
link_send(struct link *link, struct span message)
{
	if (link->transport == TRANSPORT_WS)
		return client_send(&link->ws, message);
	return post(link, message);
}

int
link_follow(struct link *link)
{
	if (link->transport == TRANSPORT_WS || link->follows)
		return 0;
	link->follows = true;
	return poll_from(link, link->cursor);
}

int
link_ask(struct link *link)
{
	return poll_from(link, "");
}

void
link_share(struct link *link, const struct link *from)
{
	memcpy(link->id, from->id, sizeof(link->id));
	memcpy(link->token, from->token, sizeof(link->token));
}

static struct http_client *
http_of(struct link *link, const struct stream *stream)
{
	return stream == &link->polls.stream ? &link->polls : &link->posts;
}

int
link_fill(struct link *link, struct stream *stream, struct inbox *inbox)
{
	if (link->transport == TRANSPORT_WS)
		return stream_fill(stream, inbox);
	return http_client_fill(http_of(link, stream), inbox);
}

/* Keep a word that is not too long for one. */
static void
keep_word(char word[LINK_WORD_MAX + 1], struct span value)
{
	if (value.len == 0 || value.len > LINK_WORD_MAX)
		return;
	memcpy(word, value.at, value.len);
	word[value.len] = '\0';
}

/* The customer and its token, of the answer to starting or joining. */
static void
learn_customer(struct link *link)
{
	struct span items = link->messages, payload;

	payload = span_member(span_next(&items), "payload");
	keep_word(link->id, span_string(span_member(payload, "customerId")));
	keep_word(link->token, span_string(span_member(payload, "token")));
}

/*
 * Take the messages out of an answer.  Its cursor is looked for at the end,
 * where the daemon puts it, because the way through a large multicart is long.
 */
static void
unpack(struct link *link, struct span body)
{
	static const char head[] = "{\"messages\":[";
	static const char mark[] = "],\"cursor\":\"";
	const size_t head_len = sizeof(head) - 1, mark_len = sizeof(mark) - 1;
	const size_t tail_len = LINK_WORD_MAX + mark_len + 2;
	const char *end = body.at + body.len, *from, *at;

	from = body.len > tail_len ? end - tail_len : body.at;
	at = memmem(from, (size_t)(end - from), mark, mark_len);
	if (body.len < head_len || memcmp(body.at, head, head_len) != 0 ||
	    at == NULL) {
		link->messages = span_items(span_member(body, "messages"));
		keep_word(link->cursor,
		    span_string(span_member(body, "cursor")));
		return;
	}
	link->messages = (struct span){ body.at + head_len,
	    (size_t)(at - body.at) - head_len };
	at += mark_len;
	keep_word(link->cursor, (struct span){ at, (size_t)(end - at) - 2 });
}

static int
refuse_status(struct http_client *http, const struct http_answer *answer)
{
	(void)snprintf(http->stream.reason, sizeof(http->stream.reason),
	    "status %u: %.*s", answer->status,
	    (int)(answer->body.len < 60 ? answer->body.len : 60),
	    answer->body.at);
	return -1;
}

static bool
is_success(const struct http_answer *answer)
{
	return answer->status >= STATUS_OK && answer->status < STATUS_MULTIPLE;
}

static int
take_post_answer(struct link *link, const struct http_answer *answer)
{
	link->posted--;
	if (!is_success(answer))
		return refuse_status(&link->posts, answer);
	if (link->transport == TRANSPORT_NCHAN)
		return 0;
	unpack(link, answer->body);
	if (link->id[0] == '\0')
		learn_customer(link);
	return 0;
}

/* Ask for what comes next before anything is done with what has come. */
static int
take_poll_answer(struct link *link, const struct http_answer *answer)
{
	if (!is_success(answer))
		return refuse_status(polls_of(link), answer);
	if (link->transport == TRANSPORT_NCHAN) {
		keep_word(link->modified,
		    http_answer_field(answer, "Last-Modified"));
		keep_word(link->cursor, http_answer_field(answer, "Etag"));
		link->messages = answer->body;
	} else {
		unpack(link, answer->body);
	}
	return link->follows ? poll_from(link, link->cursor) : 0;
}

/* Posts are all answered before the first poll of a connection for both. */
static int
take_answer(struct link *link, const struct http_client *http,
    const struct http_answer *answer)
{
	if (http == &link->posts &&
	    (link->width == LINK_TWO || link->posted > 0))
		return take_post_answer(link, answer);
	return take_poll_answer(link, answer);
}

static enum link_event
next_ws(struct link *link, struct inbox *inbox, struct span *message)
{
	switch (client_next(&link->ws, inbox, message)) {
	case CLIENT_NOTHING:
		return LINK_NOTHING;
	case CLIENT_OPENED:
		return LINK_OPENED;
	case CLIENT_MESSAGE:
		return LINK_MESSAGE;
	case CLIENT_LOST:
		break;
	}
	return LINK_LOST;
}

/* A message of the answer in hand, if there is one. */
static bool
next_of_answer(struct link *link, struct span *message)
{
	if (link->transport == TRANSPORT_NCHAN) {
		*message = link->messages;
		link->messages = (struct span){ NULL, 0 };
	} else {
		*message = span_next(&link->messages);
	}
	return message->len > 0;
}

static enum link_event
next_http(struct link *link, struct http_client *http, struct inbox *inbox,
    struct span *message)
{
	struct http_answer answer;

	while (!next_of_answer(link, message)) {
		switch (http_client_next(http, inbox, &answer)) {
		case HTTP_NOTHING:
			return LINK_NOTHING;
		case HTTP_ANSWER:
			if (take_answer(link, http, &answer) == -1)
				return LINK_LOST;
			break;
		case HTTP_LOST:
			return LINK_LOST;
		}
	}
	return LINK_MESSAGE;
}

enum link_event
link_next(struct link *link, struct stream *stream, struct inbox *inbox,
    struct span *message)
{
	if (link->transport == TRANSPORT_WS)
		return next_ws(link, inbox, message);
	if (!link->is_open && link->posts.stream.is_connected &&
	    (link->width == LINK_ONE || link->polls.stream.is_connected)) {
		link->is_open = true;
		return LINK_OPENED;
	}
	return next_http(link, http_of(link, stream), inbox, message);
}
