#include "message.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/log.h"
#include "base/number.h"
#include "base/query.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "features.h"
#include "json_scan.h"
#include "json_string.h"
#include "ticket.h"
#include "utf8.h"

/*
 * json_scan judges a message and finds its fields, and what stands in each of
 * them is read from there.  json-c, which changes what it reads here and there
 * and takes what is not JSON, only decodes escapes in strings.  A cart is never
 * decoded.
 */

/* The highest integer that every client's numbers hold: 2^53 - 1. */
#define SEQ_MAX UINT64_C(9007199254740991)
/* No other number means anything with more digits. */
#define DIGITS_16 UINT64_C(9999999999999999)
/* No value in a query that means something is longer. */
#define QUERY_VALUE_MAX 256

struct message_parser {
	struct json_tokener *tokener;
	struct json_object *decoded;	/* what text points into, or NULL */
	const char *text;	/* the string read last, no NUL behind */
	size_t	 text_len;
	struct json_members envelope;
	struct json_members payload;
};

struct message_parser *
message_parser_new(void)
{
	struct message_parser *parser = xcalloc(1, sizeof(*parser));

	parser->tokener = json_tokener_new();
	if (parser->tokener == NULL)
		fatalx("out of memory (json_tokener_new)");
	return parser;
}

void
message_parser_free(struct message_parser *parser)
{
	json_object_put(parser->decoded);
	json_tokener_free(parser->tokener);
	free(parser);
}

/*
 * Point the parser's text to the characters of a value; -1 if that is no
 * string.  Without an escape they are what stands between the quotes.
 */
static int
read_string(struct message_parser *parser, const struct json_member *member)
{
	if (*member->value != '"')
		return -1;
	parser->text = member->value + 1;
	parser->text_len = member->value_len - 2;
	if (memchr(parser->text, '\\', parser->text_len) == NULL)
		return 0;
	json_object_put(parser->decoded);
	json_tokener_reset(parser->tokener);
	parser->decoded = json_tokener_parse_ex(parser->tokener, member->value,
	    (int)member->value_len);
	if (parser->decoded == NULL)
		return -1;
	parser->text = json_object_get_string(parser->decoded);
	parser->text_len = (size_t)json_object_get_string_len(parser->decoded);
	return 0;
}

static int
read_seq(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	(void)parser;	/* a number needs no decoding */
	return number_scan(member->value, member->value_len, SEQ_MAX,
	    &message->seq) == member->value_len && message->seq > 0 ? 0 : -1;
}

static int
read_customer_name(struct message_parser *parser,
    const struct json_member *member, struct message *message)
{
	size_t n;

	if (read_string(parser, member) == -1 ||
	    json_string_has_lone_surrogate(member->value,
	    member->value_len) ||
	    utf8_has_control(parser->text, parser->text_len))
		return -1;
	n = utf8_count(parser->text, parser->text_len);
	if (n == 0 || n > MESSAGE_NAME_CHARS)
		return -1;
	message->name = payload_new(parser->text, parser->text_len);
	return 0;
}

static int
read_to(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	message->has_to = true;
	if (read_string(parser, member) == -1)
		return -1;
	return customer_id_parse(parser->text, parser->text_len, &message->to);
}

static int
parse_customer_id(const char *text, size_t len, struct message *message)
{
	return customer_id_parse(text, len, &message->customer);
}

static int
read_customer_id(struct message_parser *parser,
    const struct json_member *member, struct message *message)
{
	if (read_string(parser, member) == -1)
		return -1;
	return parse_customer_id(parser->text, parser->text_len, message);
}

/* The value as it is, but for the space between its tokens. */
static struct payload *
minified(const struct json_member *member)
{
	struct buf buf;

	buf_init(&buf, member->value_len - member->space);
	if (json_minify(&buf, member) == -1)
		fatalx("out of memory (value of %zu bytes)", member->value_len);
	return buf_freeze(&buf);
}

static int
read_cart_content(struct message_parser *parser,
    const struct json_member *member, struct message *message)
{
	(void)parser;	/* nothing of a cart is decoded */
	if (*member->value != '{')
		return -1;
	message->cart = minified(member);
	return 0;
}

static int
read_what(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	(void)parser;	/* nor of what is said */
	message->what = minified(member);
	return 0;
}

static int
read_boolean(const struct json_member *member, bool *value)
{
	if (*member->value != 't' && *member->value != 'f')
		return -1;
	*value = *member->value == 't';
	return 0;
}

static int
read_ready(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	(void)parser;	/* a literal needs no decoding */
	return read_boolean(member, &message->is_ready);
}

static int
read_resumable(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	(void)parser;	/* a literal needs no decoding */
	return read_boolean(member, &message->is_resumable);
}

static int
read_request_id(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	if (read_string(parser, member) == -1 ||
	    parser->text_len < MESSAGE_REQUEST_MIN ||
	    parser->text_len > MESSAGE_REQUEST_MAX ||
	    !id_is_url_text(parser->text, parser->text_len))
		return -1;
	memcpy(message->request_id, parser->text, parser->text_len);
	return 0;
}

/* A wrong token is no wrong message: that it is wrong is said by the hub. */
static int
read_token(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	if (read_string(parser, member) == -1)
		return -1;
	if (parser->text_len == ID_TOKEN_CHARS &&
	    id_is_url_text(parser->text, parser->text_len))
		memcpy(message->token, parser->text, ID_TOKEN_CHARS);
	else
		message->token[0] = '-';
	return 0;
}

/* Likewise a ticket; what is too long to be one is kept as "". */
static int
read_ticket(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	if (read_string(parser, member) == -1)
		return -1;
	message->ticket = payload_new(parser->text,
	    parser->text_len <= TICKET_BYTES_MAX ? parser->text_len : 0);
	return 0;
}

static int
parse_cursor(const char *text, size_t len, struct message *message)
{
	message->cursor = message_cursor_parse(text, len);
	return 0;
}

static int
parse_features(const char *text, size_t len, struct message *message)
{
	message->has_features = true;
	message->features = features_of_list(text, len);
	return 0;
}

static int
read_features(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	(void)parser;	/* names need no room */
	message->has_features = true;
	return features_read(member->value, &message->features);
}

static int
read_cursor(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	if (read_string(parser, member) == -1)
		return 0;
	return parse_cursor(parser->text, parser->text_len, message);
}

static int
parse_wait(const char *text, size_t len, struct message *message)
{
	uint64_t wait_s;

	if (len == 0 || number_scan(text, len, DIGITS_16, &wait_s) != len)
		return -1;
	message->wait_s = wait_s < MESSAGE_WAIT_MAX_S ?
	    (unsigned)wait_s : MESSAGE_WAIT_MAX_S;
	return 0;
}

static int
read_wait(struct message_parser *parser, const struct json_member *member,
    struct message *message)
{
	(void)parser;	/* a number needs no decoding */
	return parse_wait(member->value, member->value_len, message);
}

/* In the order of reading: with seq first, every other error can tell it. */
enum field {
	FIELD_SEQ,
	FIELD_CUSTOMER_ID,
	FIELD_CUSTOMER_NAME,
	FIELD_CART_CONTENT,
	FIELD_WHAT,
	FIELD_TO,
	FIELD_READY,
	FIELD_TOKEN,
	FIELD_RESUMABLE,
	FIELD_REQUEST_ID,
	FIELD_TICKET,
	FIELD_FEATURES,
	FIELD_CURSOR,
	FIELD_WAIT,
	FIELDS_OF_PAYLOAD,
	FIELD_EVENT = FIELDS_OF_PAYLOAD,
	FIELD_PAYLOAD,
	FIELD_REQUEST,		/* the HTTP request around it ... */
	FIELD_LENGTH,		/* ... and what is too large of that */
	FIELD_URL,
	FIELD_HEAD,
	FIELD_PROTOCOL,		/* its query */
	FIELDS
};

static const struct {
	const char *name;
	const char *demand;	/* what its sender is told */
	int	(*read)(struct message_parser *parser,
		    const struct json_member *member, struct message *message);
} fields[FIELDS] = {
	[FIELD_SEQ] = { "seq",
	    "seq must be an integer from 1 to 9007199254740991.", read_seq },
	[FIELD_CUSTOMER_ID] = { "customerId",
	    "customerId must be a string of 24 hexadecimal digits, "
	    "in lower case.", read_customer_id },
	[FIELD_CUSTOMER_NAME] = { "customerName",
	    "customerName must be a string of 1 to 100 characters, "
	    "none of them a control character.", read_customer_name },
	[FIELD_CART_CONTENT] = { "cartContent",
	    "cartContent must be an object.", read_cart_content },
	[FIELD_WHAT] = { "what", "what must be there.", read_what },
	[FIELD_TO] = { "to",
	    "to must be a string of 24 hexadecimal digits, in lower case.",
	    read_to },
	[FIELD_READY] = { "customerReadyToCheckout",
	    "customerReadyToCheckout must be true or false.", read_ready },
	[FIELD_TOKEN] = { "token", "token must be a string.", read_token },
	[FIELD_RESUMABLE] = { "resumable",
	    "resumable must be true or false.", read_resumable },
	[FIELD_REQUEST_ID] = { "requestId",
	    "requestId must be a string of 22 to 64 letters, digits, '-' and "
	    "'_', and belong to one event only.", read_request_id },
	[FIELD_TICKET] = { "ticket", "ticket must be a string.", read_ticket },
	[FIELD_FEATURES] = { "features",
	    "features must be an array of strings.", read_features },
	[FIELD_CURSOR] = { "cursor", "", read_cursor },
	[FIELD_WAIT] = { "wait", "wait must be a whole number of seconds.",
	    read_wait },
	[FIELD_EVENT] = { "event", "event must be a string.", NULL },
	[FIELD_PAYLOAD] = { "payload",
	    "payload must be an object of at most 64 fields.", NULL },
	[FIELD_REQUEST] = { "request",
	    "The HTTP request is malformed or ambiguous.", NULL },
	[FIELD_LENGTH] = { "length",
	    "The length of the HTTP request's body is too large.", NULL },
	[FIELD_URL] = { "url", "The URL of the HTTP request is too long.",
	    NULL },
	[FIELD_HEAD] = { "head",
	    "The head of the HTTP request is too large: its header fields, "
	    "which cookies belong to, and its URL.", NULL },
	[FIELD_PROTOCOL] = { "protocol",
	    "The query must say protocol= and the key of this service.",
	    NULL },
};

#define BIT(field) (1u << (field))

/* Whatever else a payload has is ignored. */
static const struct {
	const char *name;
	unsigned required;
	unsigned optional;
} events[MESSAGE_EVENTS] = {
	[MESSAGE_START_SESSION] = { "startSession",
	    BIT(FIELD_CUSTOMER_NAME),
	    BIT(FIELD_RESUMABLE) | BIT(FIELD_REQUEST_ID) |
	    BIT(FIELD_TICKET) | BIT(FIELD_FEATURES) },
	[MESSAGE_JOIN_SESSION] = { "joinSession",
	    BIT(FIELD_CUSTOMER_NAME),
	    BIT(FIELD_RESUMABLE) | BIT(FIELD_REQUEST_ID) |
	    BIT(FIELD_TICKET) | BIT(FIELD_FEATURES) },
	[MESSAGE_UPDATE_CART] = { "updateCart",
	    BIT(FIELD_CUSTOMER_ID) | BIT(FIELD_CART_CONTENT),
	    BIT(FIELD_SEQ) | BIT(FIELD_TOKEN) },
	[MESSAGE_READY] = { "customerReadyToCheckout",
	    BIT(FIELD_CUSTOMER_ID) | BIT(FIELD_READY),
	    BIT(FIELD_SEQ) | BIT(FIELD_TOKEN) },
	[MESSAGE_RESUME_SESSION] = { "resumeSession",
	    BIT(FIELD_CUSTOMER_ID),
	    BIT(FIELD_TOKEN) | BIT(FIELD_FEATURES) | BIT(FIELD_CURSOR) },
	[MESSAGE_LEAVE_SESSION] = { "leaveSession",
	    BIT(FIELD_CUSTOMER_ID), BIT(FIELD_TOKEN) },
	[MESSAGE_POLL] = { "poll", BIT(FIELD_CUSTOMER_ID),
	    BIT(FIELD_TOKEN) | BIT(FIELD_CURSOR) | BIT(FIELD_WAIT) |
	    BIT(FIELD_FEATURES) },
	[MESSAGE_SAY] = { "say", BIT(FIELD_CUSTOMER_ID) | BIT(FIELD_WHAT),
	    BIT(FIELD_TO) | BIT(FIELD_SEQ) | BIT(FIELD_TOKEN) },
	[MESSAGE_GOODBYE] = { "goodbye", BIT(FIELD_CUSTOMER_ID),
	    BIT(FIELD_TOKEN) },
};

static const struct {
	const char *name;
	unsigned status;	/* over HTTP */
	const char *text;
} refusals[] = {
	[REFUSAL_NONE] = { "none", 200, "" },
	[REFUSAL_INVALID_JSON] = { "invalidJson", 400,
	    "The message is not valid JSON in UTF-8, is nested too deep, or "
	    "has an escaped or repeated key." },
	[REFUSAL_INVALID_MESSAGE] = { "invalidMessage", 400,
	    "A message must be an object of at most 64 fields." },
	[REFUSAL_UNKNOWN_EVENT] = { "unknownEvent", 400,
	    "There is no such event." },
	[REFUSAL_INVALID_SESSION] = { "invalidSession", 400,
	    "A session id has 1 to 128 letters, digits, '.', '_', '~' and "
	    "'-', and is neither '.' nor '..'." },
	[REFUSAL_INVALID_TOKEN] = { "invalidToken", 401,
	    "The token is missing or does not prove this customer." },
	[REFUSAL_NOT_YOUR_CUSTOMER] = { "notYourCustomer", 403,
	    "This connection does not speak for that customer." },
	[REFUSAL_ORIGIN_NOT_ALLOWED] = { "originNotAllowed", 403,
	    "Pages of this origin are not served." },
	[REFUSAL_SESSION_NOT_FOUND] = { "sessionNotFound", 404,
	    "There is no such session; start it first." },
	[REFUSAL_UNKNOWN_CUSTOMER] = { "unknownCustomer", 404,
	    "The session has no such customer." },
	[REFUSAL_NOT_FOUND] = { "notFound", 404, "There is nothing here." },
	[REFUSAL_METHOD_NOT_ALLOWED] = { "methodNotAllowed", 405,
	    "Only GET, POST and OPTIONS are possible." },
	[REFUSAL_SESSION_EXISTS] = { "sessionExists", 409,
	    "The session is running already; join it." },
	[REFUSAL_ALREADY_JOINED] = { "alreadyJoined", 409,
	    "This connection speaks for another customer already." },
	[REFUSAL_GUESTS_NOT_READY] = { "guestsNotReady", 409,
	    "The host can be ready only when every guest is." },
	[REFUSAL_LEFT_SESSION] = { "leftSession", 410,
	    "The customer has left, or the session has ended." },
	[REFUSAL_MESSAGE_TOO_LARGE] = { "messageTooLarge", 413,
	    "The message, or all carts of the session, would be too large." },
	[REFUSAL_UNSUPPORTED_MEDIA_TYPE] = { "unsupportedMediaType", 415,
	    "The body must be application/json or text/plain." },
	[REFUSAL_SESSION_FULL] = { "sessionFull", 429,
	    "The session has no room for another customer." },
	[REFUSAL_RATE_LIMITED] = { "rateLimited", 429,
	    "Too many messages; try again later." },
	[REFUSAL_STORAGE_UNAVAILABLE] = { "storageUnavailable", 503,
	    "Nothing can be stored now; try again later." },
	[REFUSAL_SHUTTING_DOWN] = { "shuttingDown", 503,
	    "The service is stopping; try again later." },
	[REFUSAL_TICKET_REQUIRED] = { "ticketRequired", 401,
	    "A ticket is needed for this; ask the shop for one." },
	[REFUSAL_INVALID_TICKET] = { "invalidTicket", 401,
	    "The ticket is not good for this; ask the shop for another." },
	[REFUSAL_SESSION_LOCKED] = { "sessionLocked", 409,
	    "The shop has locked the session; try again after the next "
	    "multicartUpdate." },
};

static enum message_event
event_named(const char *name, size_t len)
{
	enum message_event event;

	for (event = MESSAGE_NONE + 1; event < MESSAGE_EVENTS; event++)
		if (len == strlen(events[event].name) &&
		    memcmp(name, events[event].name, len) == 0)
			return event;
	return MESSAGE_NONE;
}

static int
set_error(struct message_error *error, enum refusal code, const char *field)
{
	error->code = code;
	error->field = field;
	return -1;
}

/* Field is the name of the object that was scanned, NULL for the message. */
static int
check_scanned(enum json_status status, const char *field,
    struct message_error *error)
{
	switch (status) {
	case JSON_OK:
		break;
	case JSON_INVALID:
	case JSON_AMBIGUOUS:
		return set_error(error, REFUSAL_INVALID_JSON, NULL);
	case JSON_NOT_OBJECT:
	case JSON_TOO_MANY:
		return set_error(error, REFUSAL_INVALID_MESSAGE, field);
	}
	return 0;
}

static int
read_message_event(struct message_parser *parser, struct message *message,
    struct message_error *error)
{
	const char *name = fields[FIELD_EVENT].name;
	const struct json_member *member = json_find(&parser->envelope, name);

	if (member == NULL || read_string(parser, member) == -1)
		return set_error(error, REFUSAL_INVALID_MESSAGE, name);
	message->event = event_named(parser->text, parser->text_len);
	if (message->event == MESSAGE_NONE)
		return set_error(error, REFUSAL_UNKNOWN_EVENT, NULL);
	error->event = message->event;
	return 0;
}

static int
read_message_payload(struct message_parser *parser, struct message *message,
    struct message_error *error)
{
	unsigned required = events[message->event].required;
	unsigned known = required | events[message->event].optional;
	const struct json_member *member;
	enum field field;

	for (field = 0; field < FIELDS_OF_PAYLOAD; field++) {
		if ((known & BIT(field)) == 0)
			continue;
		member = json_find(&parser->payload, fields[field].name);
		if (member == NULL && (required & BIT(field)) == 0)
			continue;
		if (member == NULL ||
		    fields[field].read(parser, member, message) == -1)
			return set_error(error, REFUSAL_INVALID_MESSAGE,
			    fields[field].name);
		error->seq = message->seq;
	}
	return 0;
}

int
message_parse(struct message_parser *parser, const char *text, size_t len,
    struct message *message, struct message_error *error)
{
	const char *payload = fields[FIELD_PAYLOAD].name;
	enum json_status status;

	*message = (struct message){ .wait_s = MESSAGE_WAIT_S };
	*error = (struct message_error){ 0 };
	status = json_scan_object(text, len, MESSAGE_NESTING, &parser->envelope,
	    payload, &parser->payload);
	if (check_scanned(status, NULL, error) == -1 ||
	    read_message_event(parser, message, error) == -1 ||
	    check_scanned(parser->payload.status, payload, error) == -1)
		return -1;
	if (read_message_payload(parser, message, error) == -1) {
		message_clear(message);
		return -1;
	}
	return 0;
}

int
message_parse_query(const char *query, struct message *message,
    struct message_error *error)
{
	static const struct {
		enum field field;
		int	(*parse)(const char *text, size_t len,
			    struct message *message);
	} parsers[] = {
		{ FIELD_CUSTOMER_ID, parse_customer_id },
		{ FIELD_CURSOR, parse_cursor },
		{ FIELD_WAIT, parse_wait },
		{ FIELD_FEATURES, parse_features },
	};
	unsigned required = events[MESSAGE_POLL].required;
	char value[QUERY_VALUE_MAX + 1];
	size_t i;

	*message = (struct message){
		.event = MESSAGE_POLL,
		.wait_s = MESSAGE_WAIT_S,
	};
	*error = (struct message_error){ .event = MESSAGE_POLL };
	for (i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
		enum field field = parsers[i].field;

		/* What is no text is "", which none of them takes for one. */
		if (query_find(query, fields[field].name, value,
		    sizeof(value)) == -1 && (required & BIT(field)) == 0)
			continue;
		if (parsers[i].parse(value, strlen(value), message) == -1)
			return set_error(error, REFUSAL_INVALID_MESSAGE,
			    fields[field].name);
	}
	return 0;
}

void
message_clear(struct message *message)
{
	payload_unref(message->name);
	payload_unref(message->cart);
	payload_unref(message->what);
	payload_unref(message->ticket);
	payload_unref(message->account);
	*message = (struct message){ 0 };
}

static struct payload *
end_reply(struct text *reply)
{
	text_add(reply, "}}");
	return payload_new(reply->bytes, reply->len);
}

struct payload *
message_reply_customer(enum message_event event, const struct customer_id *id,
    const char *token)
{
	char hex[ID_CUSTOMER_HEX + 1];
	struct text reply = { .len = 0 };

	customer_id_format(id, hex);
	text_add(&reply, "{\"event\":\"%s\",\"payload\":{"
	    "\"customerId\":\"%s\"", events[event].name, hex);
	if (token != NULL)
		text_add(&reply, ",\"token\":\"%s\"", token);
	return end_reply(&reply);
}

struct payload *
message_reply_resume(const struct customer_id *id, uint64_t seq)
{
	char hex[ID_CUSTOMER_HEX + 1];
	struct text reply = { .len = 0 };

	customer_id_format(id, hex);
	text_add(&reply, "{\"event\":\"%s\",\"payload\":{"
	    "\"customerId\":\"%s\",\"seq\":%" PRIu64,
	    events[MESSAGE_RESUME_SESSION].name, hex, seq);
	return end_reply(&reply);
}

struct payload *
message_reply_seq(enum message_event event, uint64_t seq, bool is_stale)
{
	struct text reply = { .len = 0 };

	text_add(&reply, "{\"event\":\"%s\",\"payload\":{"
	    "\"seq\":%" PRIu64 "%s", events[event].name, seq,
	    is_stale ? ",\"stale\":true" : "");
	return end_reply(&reply);
}

/* The text for an error's sender. */
static const char *
error_text(const struct message_error *error)
{
	enum field field;

	for (field = 0; error->field != NULL && field < FIELDS; field++)
		if (strcmp(error->field, fields[field].name) == 0)
			return fields[field].demand;
	return refusals[error->code].text;
}

struct payload *
message_reply_error(const struct message_error *error)
{
	struct text reply = { .len = 0 };

	text_add(&reply, "{\"event\":\"error\",\"payload\":{\"code\":\"%s\","
	    "\"message\":\"%s\"", refusals[error->code].name,
	    error_text(error));
	if (error->event != MESSAGE_NONE)
		text_add(&reply, ",\"event\":\"%s\"",
		    events[error->event].name);
	if (error->seq != 0)
		text_add(&reply, ",\"seq\":%" PRIu64, error->seq);
	if (error->retry_after_s != 0)
		text_add(&reply, ",\"retryAfter\":%u", error->retry_after_s);
	return end_reply(&reply);
}

const char *
message_event_name(enum message_event event)
{
	return events[event].name;
}

const char *
message_refusal_name(enum refusal code)
{
	return refusals[code].name;
}

unsigned
message_refusal_status(enum refusal code)
{
	return refusals[code].status;
}
