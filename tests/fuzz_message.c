#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "wire/json_scan.h"
#include "wire/message.h"

/*
 * Any bytes as a message.  The scanner must accept what a second reader of
 * JSON accepts, which follows the grammar of RFC 8259 rule by rule; and what
 * json-c makes of an accepted message must be what the message says.
 */

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* The second reader: what is read moves at, also in front of a fault. */
struct reader {
	const uint8_t *at;
	const uint8_t *end;
};

static bool	 reads_value(struct reader *reader, int depth);

static bool
reads(struct reader *reader, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(reader->end - reader->at) < n ||
	    memcmp(reader->at, text, n) != 0)
		return false;
	reader->at += n;
	return true;
}

static bool
reads_between(struct reader *reader, uint8_t low, uint8_t high)
{
	if (reader->at == reader->end || *reader->at < low ||
	    *reader->at > high)
		return false;
	reader->at++;
	return true;
}

static void
read_space(struct reader *reader)
{
	while (reads(reader, " ") || reads(reader, "\t") ||
	    reads(reader, "\n") || reads(reader, "\r"))
		continue;
}

static bool
reads_digits(struct reader *reader)
{
	if (!reads_between(reader, '0', '9'))
		return false;
	while (reads_between(reader, '0', '9'))
		continue;
	return true;
}

static bool
reads_number(struct reader *reader)
{
	(void)reads(reader, "-");	/* there may be one */
	if (!reads(reader, "0") && !reads_digits(reader))
		return false;
	if (reads(reader, ".") && !reads_digits(reader))
		return false;
	if (!reads(reader, "e") && !reads(reader, "E"))
		return true;
	if (!reads(reader, "+"))
		(void)reads(reader, "-");	/* or none */
	return reads_digits(reader);
}

static bool
reads_hex(struct reader *reader)
{
	return reads_between(reader, '0', '9') ||
	    reads_between(reader, 'a', 'f') || reads_between(reader, 'A', 'F');
}

static bool
reads_escape(struct reader *reader)
{
	static const char *const escaped[] = {
		"\"", "\\", "/", "b", "f", "n", "r", "t",
	};
	size_t i;

	for (i = 0; i < sizeof(escaped) / sizeof(escaped[0]); i++)
		if (reads(reader, escaped[i]))
			return true;
	return reads(reader, "u") && reads_hex(reader) && reads_hex(reader) &&
	    reads_hex(reader) && reads_hex(reader);
}

/* RFC 3629, section 4: the sequences as they stand there. */
static bool
reads_not_ascii(struct reader *reader)
{
	static const uint8_t sequences[][4][2] = {
		{ { 0xc2, 0xdf }, { 0x80, 0xbf } },
		{ { 0xe0, 0xe0 }, { 0xa0, 0xbf }, { 0x80, 0xbf } },
		{ { 0xe1, 0xec }, { 0x80, 0xbf }, { 0x80, 0xbf } },
		{ { 0xed, 0xed }, { 0x80, 0x9f }, { 0x80, 0xbf } },
		{ { 0xee, 0xef }, { 0x80, 0xbf }, { 0x80, 0xbf } },
		{ { 0xf0, 0xf0 }, { 0x90, 0xbf }, { 0x80, 0xbf },
		    { 0x80, 0xbf } },
		{ { 0xf1, 0xf3 }, { 0x80, 0xbf }, { 0x80, 0xbf },
		    { 0x80, 0xbf } },
		{ { 0xf4, 0xf4 }, { 0x80, 0x8f }, { 0x80, 0xbf },
		    { 0x80, 0xbf } },
	};
	const uint8_t *start = reader->at;
	size_t i, n;

	for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		reader->at = start;
		for (n = 0; n < 4 && sequences[i][n][0] != 0; n++)
			if (!reads_between(reader, sequences[i][n][0],
			    sequences[i][n][1]))
				break;
		if (n == 4 || sequences[i][n][0] == 0)
			return true;
	}
	return false;
}

/* A string behind its first quote. */
static bool
reads_characters(struct reader *reader)
{
	while (!reads(reader, "\"")) {
		if (reads(reader, "\\") ? !reads_escape(reader) :
		    !reads_between(reader, 0x20, 0x7f) &&
		    !reads_not_ascii(reader))
			return false;
	}
	return true;
}

static bool
reads_member(struct reader *reader, int depth)
{
	read_space(reader);
	if (!reads(reader, "\"") || !reads_characters(reader))
		return false;
	read_space(reader);
	return reads(reader, ":") && reads_value(reader, depth);
}

static bool
reads_object(struct reader *reader, int depth)
{
	read_space(reader);
	if (reads(reader, "}"))
		return true;
	do {
		if (!reads_member(reader, depth))
			return false;
	} while (reads(reader, ","));
	return reads(reader, "}");
}

static bool
reads_array(struct reader *reader, int depth)
{
	read_space(reader);
	if (reads(reader, "]"))
		return true;
	do {
		if (!reads_value(reader, depth))
			return false;
	} while (reads(reader, ","));
	return reads(reader, "]");
}

/* A value with the white space around it; depth: levels it may have. */
static bool
reads_value(struct reader *reader, int depth)
{
	bool is_read;

	read_space(reader);
	if (reads(reader, "{"))
		is_read = depth > 0 && reads_object(reader, depth - 1);
	else if (reads(reader, "["))
		is_read = depth > 0 && reads_array(reader, depth - 1);
	else if (reads(reader, "\""))
		is_read = reads_characters(reader);
	else
		is_read = reads(reader, "true") || reads(reader, "false") ||
		    reads(reader, "null") || reads_number(reader);
	read_space(reader);
	return is_read;
}

static bool
is_json(const char *text, size_t len)
{
	struct reader reader = {
		.at = (const uint8_t *)text,
		.end = (const uint8_t *)text + len,
	};

	return reads_value(&reader, MESSAGE_NESTING) && reader.at == reader.end;
}

/* What json_minify() must do, byte by byte. */
static struct payload *
minify_slowly(const char *text, size_t len)
{
	char *copy = xcalloc(1, len + 1);
	bool in_string = false, escaped = false;
	struct payload *payload;
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		if (!in_string && strchr(" \t\r\n", text[i]) != NULL)
			continue;
		if (text[i] == '"' && !escaped)
			in_string = !in_string;
		escaped = text[i] == '\\' && !escaped;
		copy[n++] = text[i];
	}
	payload = payload_new(copy, n);
	free(copy);
	return payload;
}

static void
check_minified(const struct json_member *member)
{
	struct payload *expected, *minified;
	struct buf buf;

	expected = minify_slowly(member->value, member->value_len);
	buf_init(&buf, member->value_len - member->space);
	require(json_minify(&buf, member) == 0);
	require(buf.len == buf.max);
	minified = buf_freeze(&buf);
	require(minified->len == expected->len &&
	    memcmp(minified->data, expected->data, expected->len) == 0);
	require(is_json(minified->data, minified->len));
	payload_unref(minified);
	payload_unref(expected);
}

static void
check_scan(const char *text, size_t len)
{
	struct json_members outer, inner;
	enum json_status status;
	size_t i;

	status = json_scan_object(text, len, MESSAGE_NESTING, &outer,
	    "payload", &inner);
	require((status == JSON_INVALID) == !is_json(text, len));
	require((inner.status == JSON_INVALID) == (status == JSON_INVALID));
	for (i = 0; i < outer.count; i++)
		check_minified(&outer.list[i]);
	for (i = 0; i < inner.count; i++) {
		require(inner.list[i].value >= text);
		require(inner.list[i].value + inner.list[i].value_len <=
		    text + len);
		check_minified(&inner.list[i]);
	}
}

static bool
is_same(const struct payload *a, const struct payload *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void
check_same(const struct message *a, const struct message *b)
{
	require(a->event == b->event && is_same(a->name, b->name));
	require(customer_id_equal(&a->customer, &b->customer));
	require(is_same(a->cart, b->cart) && a->seq == b->seq);
	require(a->has_to == b->has_to);
	require(a->is_ready == b->is_ready);
	require(a->is_resumable == b->is_resumable);
	require(strcmp(a->request_id, b->request_id) == 0);
	require(strcmp(a->token, b->token) == 0);
}

/* The customerName that json-c finds in the same text. */
static void
check_name(const char *text, size_t len, const struct payload *name)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *root, *payload, *value;

	root = json_tokener_parse_ex(tokener, text, (int)len);
	require(root != NULL);
	require(json_object_object_get_ex(root, "payload", &payload));
	require(json_object_object_get_ex(payload, "customerName", &value));
	require(json_object_is_type(value, json_type_string));
	require((size_t)json_object_get_string_len(value) == name->len);
	require(memcmp(json_object_get_string(value), name->data,
	    name->len) == 0);
	json_object_put(root);
	json_tokener_free(tokener);
}

static void
check_accepted(const char *text, size_t len, const struct message *message)
{
	require(message->event > MESSAGE_NONE &&
	    message->event < MESSAGE_EVENTS);
	if (message->name != NULL)
		check_name(text, len, message->name);
	if (message->what != NULL)
		require(is_json(message->what->data, message->what->len));
	if (message->cart == NULL)
		return;
	require(message->cart->data[0] == '{');
	require(is_json(message->cart->data, message->cart->len));
}

static void
check_bad_request(const struct message_error *error)
{
	struct payload *reply = message_reply_error(error);

	require(error->code == REFUSAL_INVALID_JSON ||
	    error->code == REFUSAL_INVALID_MESSAGE ||
	    error->code == REFUSAL_UNKNOWN_EVENT);
	require(is_json(reply->data, reply->len));
	payload_unref(reply);
}

/* With a parser that read something else before, and with a new one. */
static void
check_message(const char *text, size_t len)
{
	static const char other[] = "{\"event\":\"joinSession\",\"payload\":{"
	    "\"customerName\":\"\\ud83d\\ude00\"}}";
	struct message_parser *used = message_parser_new();
	struct message_parser *fresh = message_parser_new();
	struct message_error error, error_again;
	struct message message, again;

	require(message_parse(used, other, strlen(other), &message, &error) ==
	    0);
	message_clear(&message);
	if (message_parse(used, text, len, &message, &error) == 0) {
		require(message_parse(fresh, text, len, &again, &error) == 0);
		check_same(&message, &again);
		check_accepted(text, len, &message);
		message_clear(&again);
		message_clear(&message);
	} else {
		require(message_parse(fresh, text, len, &again, &error_again)
		    == -1);
		require(error.code == error_again.code &&
		    error.field == error_again.field &&
		    error.event == error_again.event &&
		    error.seq == error_again.seq);
		check_bad_request(&error);
	}
	message_parser_free(fresh);
	message_parser_free(used);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xcalloc(1, size + 1);

	memcpy(text + 1, data, size);
	check_scan(text + 1, size);
	check_message(text + 1, size);
	free(text);
	return 0;
}
