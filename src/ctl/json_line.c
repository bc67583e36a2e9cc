#include "json_line.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "printable.h"

/* U+FFFD, for bytes that are no character. */
#define REPLACEMENT 0xfffd

void
json_line_begin(struct json_line *line, FILE *out)
{
	*line = (struct json_line){ .out = out, .comma = "" };
	fputc('{', out);
}

void
json_line_end(struct json_line *line)
{
	fputs("}\n", line->out);
}

static void
put_key(struct json_line *line, const char *key)
{
	fprintf(line->out, "%s\"%s\":", line->comma, key);
	line->comma = ",";
}

/* As \uXXXX, above U+FFFF as two of them. */
static void
put_escaped(FILE *out, uint32_t c)
{
	if (c == PRINTABLE_NONE)
		c = REPLACEMENT;
	if (c < 0x10000) {
		fprintf(out, "\\u%04" PRIx32, c);
		return;
	}
	c -= 0x10000;
	fprintf(out, "\\u%04" PRIx32 "\\u%04" PRIx32, 0xd800 + (c >> 10),
	    0xdc00 + (c & 0x3ff));
}

static void
put_text(FILE *out, const char *text, size_t len)
{
	struct printable_unit unit;
	size_t i;

	fputc('"', out);
	for (i = 0; i < len; i += unit.len) {
		unit = printable_unit(text + i, len - i);
		if (!printable_is_visible(unit.character)) {
			put_escaped(out, unit.character);
			continue;
		}
		if (unit.character == '"' || unit.character == '\\')
			fputc('\\', out);
		fwrite(text + i, 1, unit.len, out);
	}
	fputc('"', out);
}

/* Bytes that stand for themselves, which most do. */
static size_t
plain_bytes(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[n] >= ' ' && text[n] < 0x7f)
		n++;
	return n;
}

/* Outside of strings all is ASCII, and line breaks mean nothing. */
void
json_line_write_json(FILE *out, const char *text, size_t len)
{
	struct printable_unit unit;
	size_t i, plain;

	for (i = 0; i < len; i += unit.len) {
		plain = plain_bytes(text + i, len - i);
		fwrite(text + i, 1, plain, out);
		i += plain;
		if (i == len)
			break;
		unit = printable_unit(text + i, len - i);
		if (text[i] == '\n' || text[i] == '\r' || text[i] == '\t')
			fputc(' ', out);
		else if (printable_is_visible(unit.character))
			fwrite(text + i, 1, unit.len, out);
		else
			put_escaped(out, unit.character);
	}
}

void
json_line_text(struct json_line *line, const char *key, const char *text,
    size_t len)
{
	put_key(line, key);
	if (text == NULL)
		fputs("null", line->out);
	else
		put_text(line->out, text, len);
}

void
json_line_string(struct json_line *line, const char *key, const char *text)
{
	json_line_text(line, key, text, text == NULL ? 0 : strlen(text));
}

void
json_line_number(struct json_line *line, const char *key, uint64_t value)
{
	put_key(line, key);
	fprintf(line->out, "%" PRIu64, value);
}

void
json_line_literal(struct json_line *line, const char *key, const char *literal)
{
	put_key(line, key);
	fputs(literal, line->out);
}

void
json_line_json(struct json_line *line, const char *key, const char *text,
    size_t len)
{
	put_key(line, key);
	json_line_write_json(line->out, text, len);
}

void
json_line_array(struct json_line *line, const char *key)
{
	put_key(line, key);
	fputc('[', line->out);
	line->comma = "";
}

void
json_line_array_end(struct json_line *line)
{
	fputc(']', line->out);
	line->comma = ",";
}

void
json_line_item(struct json_line *line)
{
	fprintf(line->out, "%s{", line->comma);
	line->comma = "";
}

void
json_line_item_end(struct json_line *line)
{
	fputc('}', line->out);
	line->comma = ",";
}
