#include "hub_script.h"

#include <check.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/message.h"

enum { TEXT_MAX = 65536 };

/* As printf, with ' turned into ". */
static void __attribute__((format(printf, 2, 0)))
compose(char text[TEXT_MAX], const char *format, va_list args)
{
	int n = vsnprintf(text, TEXT_MAX, format, args);

	if (n < 0 || n >= TEXT_MAX)
		ck_abort_msg("a message does not fit");
	for (; *text != '\0'; text++)
		if (*text == '\'')
			*text = '"';
}

static void __attribute__((format(printf, 2, 0)))
send_composed(struct client *client, const char *format, va_list args)
{
	static char text[TEXT_MAX];

	compose(text, format, args);
	client_send_message(client, text);
}

void
tell(struct client *client, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	send_composed(client, format, args);
	va_end(args);
}

void
say(struct client *client, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	send_composed(client, format, args);
	va_end(args);
	world_run(client->world);
}

struct client *
request(struct world *world, const char *session, const char *token,
    const char *format, ...)
{
	struct client *client = world_request(world, session, token);
	va_list args;

	va_start(args, format);
	send_composed(client, format, args);
	va_end(args);
	return client;
}

struct client *
post(struct world *world, const char *session, const char *token,
    const char *format, ...)
{
	struct client *client = world_request(world, session, token);
	va_list args;

	va_start(args, format);
	send_composed(client, format, args);
	va_end(args);
	world_run(world);
	return client;
}

static bool
is_id_char(int c)
{
	return isdigit(c) || (c >= 'a' && c <= 'f');
}

static bool
is_token_char(int c)
{
	return isalnum(c) || c == '-' || c == '_';
}

static bool
is_cursor_char(int c)
{
	return isdigit(c) || c == '.';
}

static bool
is_text_char(int c)
{
	return c != '"' && c != '\\' && c >= ' ';
}

static size_t
span(const char *text, bool (*is_char)(int))
{
	size_t n = 0;

	while (text[n] != '\0' && is_char((unsigned char)text[n]))
		n++;
	return n;
}

/* Keep n characters of text if these are all that are wanted. */
static bool
capture(char *to, size_t wanted, const char *text, size_t n)
{
	if (n != wanted)
		return false;
	memcpy(to, text, n);
	to[n] = '\0';
	return true;
}

static bool
matches(struct client *client, const char *pattern, const char *text)
{
	size_t n;

	while (*pattern != '\0') {
		if (strncmp(pattern, "<id>", 4) == 0) {
			n = span(text, is_id_char);
			if (!capture(client->id, ID_CUSTOMER_HEX, text, n))
				return false;
		} else if (strncmp(pattern, "<token>", 7) == 0) {
			n = span(text, is_token_char);
			if (!capture(client->token, ID_TOKEN_CHARS, text, n))
				return false;
		} else if (strncmp(pattern, "<cursor>", 8) == 0) {
			n = span(text, is_cursor_char);
			if (n > CLIENT_CURSOR_CHARS ||
			    !capture(client->cursor, n, text, n))
				return false;
		} else if (strncmp(pattern, "<text>", 6) == 0)
			n = span(text, is_text_char);
		else {
			if (*pattern++ != *text++)
				return false;
			continue;
		}
		pattern = strchr(pattern, '>') + 1;
		text += n;
	}
	return *text == '\0';
}

static void
expect_pattern(struct client *client, const char *pattern)
{
	struct line *line = client_take(client);

	ck_assert_msg(line != NULL, "nothing was received, expected: %s",
	    pattern);
	ck_assert_msg(matches(client, pattern, line->text),
	    "expected: %s\nreceived: %s", pattern, line->text);
	free(line);
}

void
expect(struct client *client, const char *format, ...)
{
	static char pattern[TEXT_MAX];
	va_list args;

	va_start(args, format);
	compose(pattern, format, args);
	va_end(args);
	expect_pattern(client, pattern);
}

static void
expect_error_with(struct client *client, const char *code, const char *rest)
{
	static char pattern[TEXT_MAX + 128];
	int n = snprintf(pattern, sizeof(pattern), "{\"event\":\"error\","
	    "\"payload\":{\"code\":\"%s\",\"message\":\"<text>\"%s}}", code,
	    rest);
	ck_assert(n > 0 && (size_t)n < sizeof(pattern));
	expect_pattern(client, pattern);
}

void
expect_error(struct client *client, const char *code, const char *format, ...)
{
	static char rest[TEXT_MAX];
	va_list args;

	va_start(args, format);
	compose(rest, format, args);
	va_end(args);
	expect_error_with(client, code, rest);
}

void
expect_answer(const struct client *client, const char *cursor)
{
	ck_assert_msg(client->is_answered, "there is no answer");
	ck_assert_str_eq(message_refusal_name(client->poll.refused), "none");
	ck_assert_uint_eq(client->poll.retry_after_s, 0);
	ck_assert_str_eq(client->cursor, cursor);
}

void
expect_refusal(struct client *client, const char *code, const char *format,
    ...)
{
	static char rest[TEXT_MAX], retry_after[32];
	const char *at;
	va_list args;

	va_start(args, format);
	compose(rest, format, args);
	va_end(args);
	ck_assert_msg(client->is_answered, "there is no answer");
	ck_assert_str_eq(message_refusal_name(client->poll.refused), code);
	ck_assert_str_eq(client->cursor, "");
	expect_error_with(client, code, rest);
	expect_nothing(client);
	/* What the status line's neighbours say, and what the body does. */
	(void)snprintf(retry_after, sizeof(retry_after), "\"retryAfter\":%u",
	    client->poll.retry_after_s);
	at = strstr(rest, "\"retryAfter\"");
	ck_assert((at == NULL) == (client->poll.retry_after_s == 0));
	ck_assert(at == NULL || strcmp(at, retry_after) == 0);
}

void
expect_waiting(const struct client *client)
{
	ck_assert_msg(!client->is_answered, "it was answered");
	ck_assert(client->is_connected);
}

void
expect_nothing(const struct client *client)
{
	const struct line *line = STAILQ_FIRST(&client->heard);

	ck_assert_msg(line == NULL, "received: %s", line->text);
}

/* Move *text behind literal; false if it does not stand there. */
static bool
skip(const char **text, const char *literal)
{
	size_t n = strlen(literal);

	if (strncmp(*text, literal, n) != 0)
		return false;
	*text += n;
	return true;
}

/* Copy n bytes to the end of out. */
static void
put(char *out, const char *text, size_t n)
{
	size_t len = strlen(out);

	if (len + n >= TEXT_MAX)
		ck_abort_msg("a message does not fit");
	memcpy(out + len, text, n);
	out[len + n] = '\0';
}

/* Bytes of the JSON object that text begins with. */
static size_t
object_length(const char *text)
{
	size_t i, depth = 0;
	bool in_string = false;

	for (i = 0; text[i] != '\0'; i++) {
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		else if (!in_string && text[i] == '{')
			depth++;
		else if (!in_string && text[i] == '}' && --depth == 0)
			return i + 1;
	}
	return 0;
}

/* One cart with its owner; false if it is not what the protocol says. */
static bool
describe_cart(const char **text, char *out)
{
	size_t n;

	if (!skip(text, "{\"owner\":{\"id\":\"") ||
	    span(*text, is_id_char) != ID_CUSTOMER_HEX)
		return false;
	*text += ID_CUSTOMER_HEX;
	if (!skip(text, "\",\"name\":\""))
		return false;
	n = span(*text, is_text_char);
	put(out, *text, n);
	*text += n;
	if (skip(text, "\",\"isHost\":true"))
		put(out, "*", 1);
	else if (!skip(text, "\",\"isHost\":false"))
		return false;
	if (skip(text, ",\"isReadyToCheckout\":true"))
		put(out, "!", 1);
	else if (!skip(text, ",\"isReadyToCheckout\":false"))
		return false;
	if (!skip(text, "},\"content\":"))
		return false;
	n = object_length(*text);
	put(out, " ", 1);
	put(out, *text, n);
	*text += n;
	return n > 0 && skip(text, "}");
}

/*
 * Where a cursor ends as far as it is foreseen: before a third part that has
 * parts of its own, which begin with a random one.
 */
static size_t
foreseen(const char *cursor, size_t n)
{
	size_t i, dots = 0, third = 0;

	for (i = 0; i < n; i++)
		if (cursor[i] == '.' && ++dots == 2)
			third = i;
	return dots > 2 ? third : n;
}

/* Write a multicartUpdate as expect_carts has it; false if it is none. */
static bool
describe(struct client *client, const char *text, char out[TEXT_MAX])
{
	out[0] = '\0';
	if (!skip(&text, "{\"event\":\"multicartUpdate\",\"payload\":"
	    "{\"multicartContent\":["))
		return false;
	while (*text == '{') {
		if (!describe_cart(&text, out))
			return false;
		if (skip(&text, ",{"))
			text--;
		else if (*text != ']')
			return false;
		if (*text == '{')
			put(out, ", ", 2);
	}
	if (skip(&text, "],\"isLocked\":true}"))
		put(out, " locked", 7);
	else if (!skip(&text, "]}"))
		return false;
	if (skip(&text, ",\"cursor\":\"")) {
		size_t n = strcspn(text, "\"");

		put(out, " @", 2);
		put(out, text, foreseen(text, n));
		if (foreseen(text, n) < n)
			put(out, ".n", 2);
		if (n > CLIENT_CURSOR_CHARS ||
		    !capture(client->cursor, n, text, n))
			return false;
		text += n;
		if (!skip(&text, "\""))
			return false;
	}
	return strcmp(text, "}") == 0;
}

void
expect_carts(struct client *client, const char *format, ...)
{
	static char expected[TEXT_MAX], received[TEXT_MAX];
	struct line *line = client_take(client);
	va_list args;

	va_start(args, format);
	compose(expected, format, args);
	va_end(args);
	ck_assert_msg(line != NULL, "nothing was received, expected: %s",
	    expected);
	ck_assert_msg(describe(client, line->text, received) &&
	    strcmp(received, expected) == 0,
	    "expected: %s\nreceived: %s", expected, line->text);
	free(line);
}

static struct client *
enter(struct world *world, const char *session, const char *name,
    const char *event)
{
	struct client *client = world_connect(world, session);

	say(client, "{'event':'%s','payload':{'customerName':'%s'}}", event,
	    name);
	expect(client, "{'event':'%s','payload':{'customerId':'<id>'}}", event);
	ignore(client);
	return client;
}

static struct client *
enter_resumable(struct world *world, const char *session, const char *name,
    const char *event)
{
	struct client *client = world_connect(world, session);

	say(client, "{'event':'%s','payload':{'customerName':'%s',"
	    "'resumable':true}}", event, name);
	expect(client, "{'event':'%s','payload':{'customerId':'<id>',"
	    "'token':'<token>'}}", event);
	ignore(client);
	return client;
}

struct client *
world_start(struct world *world, const char *session, const char *name)
{
	return enter(world, session, name, "startSession");
}

struct client *
world_join(struct world *world, const char *session, const char *name)
{
	return enter(world, session, name, "joinSession");
}

struct client *
world_start_resumable(struct world *world, const char *session,
    const char *name)
{
	return enter_resumable(world, session, name, "startSession");
}

struct client *
world_join_resumable(struct world *world, const char *session,
    const char *name)
{
	return enter_resumable(world, session, name, "joinSession");
}

static struct client *
enter_by_request(struct world *world, const char *session, const char *name,
    const char *event)
{
	struct client *client = post(world, session, "", "{'event':'%s',"
	    "'payload':{'customerName':'%s'}}", event, name);

	expect(client, "{'event':'%s','payload':{'customerId':'<id>',"
	    "'token':'<token>'}}", event);
	ignore(client);
	return client;
}

struct client *
world_start_by_request(struct world *world, const char *session,
    const char *name)
{
	return enter_by_request(world, session, name, "startSession");
}

struct client *
world_join_by_request(struct world *world, const char *session,
    const char *name)
{
	return enter_by_request(world, session, name, "joinSession");
}
