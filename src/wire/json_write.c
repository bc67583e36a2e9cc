#include "json_write.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

static void
add(struct json_write *json, const char *text, size_t len)
{
	if (buf_append(&json->buf, text, len) == -1)
		fatalx("json: no room for %zu bytes", len);
}

static void
begin_value(struct json_write *json, const char *key)
{
	add(json, json->comma, strlen(json->comma));
	json->comma = ",";
	if (key == NULL)
		return;
	add(json, "\"", 1);
	add(json, key, strlen(key));
	add(json, "\":", 2);
}

void
json_write_begin(struct json_write *json, size_t max)
{
	buf_init(&json->buf, max);
	json->comma = "";
	add(json, "{", 1);
}

struct payload *
json_write_end(struct json_write *json)
{
	add(json, "}\n", 2);
	return buf_freeze(&json->buf);
}

/* What must not stand in a string as it is (RFC 8259, section 7), and DEL. */
static void
add_escaped(struct json_write *json, unsigned char c)
{
	char escape[8];

	if (c == '"' || c == '\\')
		xsnprintf(escape, sizeof(escape), "\\%c", c);
	else
		xsnprintf(escape, sizeof(escape), "\\u%04x", c);
	add(json, escape, strlen(escape));
}

void
json_write_text(struct json_write *json, const char *key, const char *text,
    size_t len)
{
	size_t i, begin = 0;

	begin_value(json, key);
	add(json, "\"", 1);
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		add(json, text + begin, i - begin);
		add_escaped(json, c);
		begin = i + 1;
	}
	add(json, text + begin, len - begin);
	add(json, "\"", 1);
}

void
json_write_string(struct json_write *json, const char *key, const char *text)
{
	if (text == NULL)
		json_write_literal(json, key, "null");
	else
		json_write_text(json, key, text, strlen(text));
}

void
json_write_number(struct json_write *json, const char *key, uint64_t value)
{
	char text[24];

	xsnprintf(text, sizeof(text), "%" PRIu64, value);
	json_write_literal(json, key, text);
}

void
json_write_json(struct json_write *json, const char *key, const char *value,
    size_t len)
{
	begin_value(json, key);
	add(json, value, len);
}

void
json_write_literal(struct json_write *json, const char *key,
    const char *literal)
{
	json_write_json(json, key, literal, strlen(literal));
}

void
json_write_open(struct json_write *json, const char *key, const char *bracket)
{
	begin_value(json, key);
	add(json, bracket, 1);
	json->comma = "";
}

void
json_write_close(struct json_write *json, const char *bracket)
{
	add(json, bracket, 1);
	json->comma = ",";
}
