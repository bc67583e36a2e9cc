#include "http_answer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "exchange.h"
#include "http_head.h"
#include "wire/ws_handshake.h"

/* The parts of a body. */
struct parts {
	struct payload *lead;	/* or NULL */
	struct payload *body;
	struct payload *tail;	/* or NULL */
};

static void
drop_body(void *cls)
{
	payload_unref(cls);
}

static void
drop_parts(void *cls)
{
	struct parts *parts = cls;

	payload_unref(parts->lead);
	payload_unref(parts->body);
	payload_unref(parts->tail);
	free(parts);
}

static unsigned
add_part(struct MHD_IoVec *list, unsigned count, const struct payload *part,
    size_t from)
{
	if (part == NULL)
		return count;
	list[count].iov_base = part->data + from;
	list[count].iov_len = part->len - from;
	return count + 1;
}

/* Takes the answer's references. */
static struct MHD_Response *
response_of_parts(const struct exchange_answer *answer)
{
	struct parts *parts = xcalloc(1, sizeof(*parts));
	struct MHD_Response *response;
	struct MHD_IoVec list[3];
	unsigned count;

	*parts = (struct parts){ answer->lead, answer->body, answer->tail };
	count = add_part(list, 0, parts->lead, 0);
	count = add_part(list, count, parts->body, answer->body_from);
	count = add_part(list, count, parts->tail, 0);
	response = MHD_create_response_from_iovec(list, count, drop_parts,
	    parts);
	if (response == NULL)
		drop_parts(parts);
	return response;
}

/* Takes the answer's references; NULL if there is no memory. */
static struct MHD_Response *
response_of_body(const struct exchange_answer *answer)
{
	static char empty[1];
	struct payload *body = answer->body;
	struct MHD_Response *response;

	/* RFC 9110, section 8.6: the library says the length that a 200 would
	 * have, and sends nothing of it. */
	if (answer->status == MHD_HTTP_NOT_MODIFIED)
		body = payload_ref(answer->file->body);
	if (!exchange_is_whole(answer))
		return response_of_parts(answer);
	if (body == NULL)
		return MHD_create_response_from_buffer(0, empty,
		    MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_buffer_with_free_callback_cls(
	    body->len, body->data, drop_body, body);
	if (response == NULL)
		payload_unref(body);
	return response;
}

/* response with these fields, or NULL, and response is gone. */
static struct MHD_Response *
with_fields(struct MHD_Response *response, const struct exchange_field *fields,
    size_t n)
{
	size_t i;

	if (response == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		if (fields[i].value[0] == '\0' ||
		    MHD_add_response_header(response, fields[i].name,
		    fields[i].value) == MHD_YES)
			continue;
		MHD_destroy_response(response);
		return NULL;
	}
	return response;
}

struct MHD_Response *
http_answer_plain(const struct exchange_answer *answer)
{
	bool is_426 = answer->status == MHD_HTTP_UPGRADE_REQUIRED;
	const struct exchange_field of_connection[] = {
		{ MHD_HTTP_HEADER_CONNECTION, is_426 ? "close, Upgrade" :
		    answer->closes ? "close" : "" },
	};
	struct exchange_fields fields;

	exchange_fields(answer, &fields);
	return with_fields(with_fields(response_of_body(answer),
	    of_connection, sizeof(of_connection) / sizeof(of_connection[0])),
	    fields.list, fields.count);
}

/* RFC 9110, section 5.6.7. */
static void
add_date(struct text *text)
{
	time_t now = time(NULL);
	struct tm tm;
	char date[32];

	if (gmtime_r(&now, &tm) != NULL && strftime(date, sizeof(date),
	    "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
		text_add(text, "Date: %s\r\n", date);
}

void
http_answer_head(const struct exchange_answer *answer, bool closes,
    struct text *head)
{
	struct exchange_fields fields;
	size_t i;

	exchange_fields(answer, &fields);
	text_add(head, "HTTP/1.1 %u %s\r\n", answer->status,
	    MHD_get_reason_phrase_for(answer->status));
	add_date(head);
	if (closes)
		text_add(head, "Connection: close\r\n");
	for (i = 0; i < fields.count; i++)
		text_add(head, "%s: %s\r\n", fields.list[i].name,
		    fields.list[i].value);
	text_add(head, "Content-Length: %zu\r\n\r\n",
	    exchange_body_len(answer));
}

void
http_answer_send(const struct exchange_answer *answer, const char *method,
    int fd)
{
	struct text text = { .len = 0 };

	http_answer_head(answer, true, &text);
	/* RFC 9110, section 9.3.2. */
	if (method == NULL || strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		text_add(&text, "%.*s", (int)answer->body->len,
		    answer->body->data);
	/* The client may be gone, or read nothing of what it asked for. */
	(void)send(fd, text.bytes, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	payload_unref(answer->body);
}

struct MHD_Response *
http_answer_upgrade(const struct ws_handshake *handshake,
    MHD_UpgradeHandler upgraded, void *ctx)
{
	const struct exchange_field fields[] = {
		{ MHD_HTTP_HEADER_UPGRADE, "websocket" },
		{ "Sec-WebSocket-Accept", handshake->accept },
		{ http_field_name(HTTP_FIELD_PROTOCOL),
		    handshake->subprotocol },
		{ http_field_name(HTTP_FIELD_EXTENSIONS),
		    handshake->extensions },
	};

	return with_fields(MHD_create_response_for_upgrade(upgraded, ctx),
	    fields, sizeof(fields) / sizeof(fields[0]));
}
