#include "printable.h"

#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "base/hex.h"
#include "base/text.h"
#include "wire/utf8.h"

enum {
	UTF8_BYTES_MAX = 4,
	ESCAPE_HEX = 4,			/* digits behind \u */
	HIGH_SURROGATE = 0xd800,
	LOW_SURROGATE = 0xdc00,
	SURROGATES = 0x400		/* of each kind */
};

/* Where a text goes, and what room is left. */
struct line {
	FILE	*out;
	size_t	 columns;
	size_t	 room;
	size_t	 characters;	/* left too: some take no column */
};

/* Characters that change what is around them, or leave no trace. */
static bool
is_invisible(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00ad, 0x00ad },	/* soft hyphen */
		{ 0x034f, 0x034f },	/* grapheme joiner */
		{ 0x061c, 0x061c },	/* Arabic letter mark */
		{ 0x115f, 0x1160 },	/* Hangul fillers */
		{ 0x17b4, 0x17b5 },	/* Khmer vowels that are not written */
		{ 0x180b, 0x180f },	/* Mongolian separators */
		{ 0x200b, 0x200f },	/* zero width, marks of direction */
		{ 0x2028, 0x202e },	/* separators, embeddings, overrides */
		{ 0x2060, 0x206f },	/* joiners, isolates */
		{ 0x3164, 0x3164 },	/* Hangul filler */
		{ 0xfe00, 0xfe0d },	/* variations, but text and emoji */
		{ 0xfeff, 0xfeff },	/* byte order mark */
		{ 0xffa0, 0xffa0 },	/* Hangul filler */
		{ 0xfff9, 0xfffb },	/* interlinear annotations */
		{ 0x13430, 0x1343f },	/* joiners of hieroglyphs */
		{ 0x1bca0, 0x1bca3 },	/* shorthand controls */
		{ 0x1d173, 0x1d17a },	/* musical beams and slurs */
		{ 0xe0000, 0xe0fff },	/* tags, and more variations */
	};
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* Columns that a character takes; -1 if it is to be written as a number. */
static int
width(uint32_t c)
{
	return c == 0 || is_invisible(c) ? -1 : wcwidth((wchar_t)c);
}

bool
printable_is_visible(uint32_t character)
{
	return width(character) >= 0;
}

struct printable_unit
printable_unit(const char *text, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)text;
	struct printable_unit wrong = { PRINTABLE_NONE, 1 };
	struct utf8 utf8 = { 0 };
	uint32_t c;
	size_t i, n;

	for (n = 1; n <= len && n <= UTF8_BYTES_MAX; n++) {
		if (utf8_feed(&utf8, &bytes[n - 1], 1) == -1)
			return wrong;
		if (utf8_is_complete(&utf8))
			break;
	}
	if (n > len || n > UTF8_BYTES_MAX)
		return wrong;
	c = n == 1 ? bytes[0] : bytes[0] & (0x7fU >> n);
	for (i = 1; i < n; i++)
		c = c << 6 | (bytes[i] & 0x3f);
	return (struct printable_unit){ c, n };
}

/* The number of a \uXXXX at text, or PRINTABLE_NONE. */
static uint32_t
read_escape_hex(const char *text, size_t len)
{
	uint8_t bytes[ESCAPE_HEX / 2];

	if (len < 2 + ESCAPE_HEX || text[0] != '\\' || text[1] != 'u' ||
	    hex_parse(text + 2, sizeof(bytes), bytes) == -1)
		return PRINTABLE_NONE;
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

static bool
is_surrogate(uint32_t c, uint32_t first)
{
	return c >= first && c - first < SURROGATES;
}

/* An escape of JSON; one that cannot be shown is a backslash of its own. */
static struct printable_unit
read_json_escape(const char *text, size_t len)
{
	const size_t n = 2 + ESCAPE_HEX;
	struct printable_unit backslash = { '\\', 1 }, unit;
	uint32_t c, low;

	if (len >= 2 && memchr("\"\\/", text[1], 3) != NULL)
		return (struct printable_unit){ (uint8_t)text[1], 2 };
	c = read_escape_hex(text, len);
	if (c == PRINTABLE_NONE || is_surrogate(c, LOW_SURROGATE))
		return backslash;
	unit = (struct printable_unit){ c, n };
	if (is_surrogate(c, HIGH_SURROGATE)) {
		low = read_escape_hex(text + n, len - n);
		if (!is_surrogate(low, LOW_SURROGATE))
			return backslash;
		unit.character = 0x10000 + ((c - HIGH_SURROGATE) << 10) +
		    (low - LOW_SURROGATE);
		unit.len = 2 * n;
	}
	return width(unit.character) < 0 ? backslash : unit;
}

/* The bytes of a character; how many. */
static size_t
encode(uint32_t c, char bytes[UTF8_BYTES_MAX])
{
	static const uint8_t marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	size_t i;

	for (i = n - 1; i > 0; i--) {
		bytes[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	bytes[0] = (char)(marks[n] | c);
	return n;
}

/* Write n bytes that take so many columns; false if there is no room. */
static bool
put_bytes(struct line *line, const char *bytes, size_t n, size_t columns)
{
	if (columns > line->room || line->characters == 0) {
		fputs("...", line->out);
		return false;
	}
	fwrite(bytes, 1, n, line->out);
	line->room -= columns;
	line->columns += columns;
	line->characters--;
	return true;
}

static bool
put_unit(struct line *line, const char *text, struct printable_unit unit)
{
	char bytes[16];
	size_t n;

	if (unit.character == PRINTABLE_NONE)
		n = xsnprintf(bytes, sizeof(bytes), "\\x%02x", (uint8_t)*text);
	else if (width(unit.character) >= 0)
		return put_bytes(line, bytes, encode(unit.character, bytes),
		    (size_t)width(unit.character));
	else if (unit.character < 0x80)
		n = xsnprintf(bytes, sizeof(bytes), "\\x%02x",
		    (unsigned)unit.character);
	else
		n = xsnprintf(bytes, sizeof(bytes), "\\u%04x",
		    (unsigned)unit.character);
	return put_bytes(line, bytes, n, n);
}

bool
printable_is_for_terminal(FILE *out)
{
	return isatty(fileno(out)) == 1;	/* of memory it is -1 */
}

size_t
printable_write(FILE *out, const char *text, size_t len, size_t columns)
{
	struct line line = { out, 0, columns, columns };
	struct printable_unit unit;
	size_t i;

	for (i = 0; i < len; i += unit.len) {
		unit = printable_unit(text + i, len - i);
		if (!put_unit(&line, text + i, unit))
			break;
	}
	return line.columns;
}

void
printable_write_all(FILE *out, const char *text)
{
	(void)printable_write(out, text, strlen(text), SIZE_MAX);
}

size_t
printable_write_json(FILE *out, const char *text, size_t len, size_t columns)
{
	struct line line = { out, 0, columns, columns };
	struct printable_unit unit;
	size_t i;

	if (len >= 2 && text[0] == '"') {
		text++;
		len -= 2;
	}
	for (i = 0; i < len; i += unit.len) {
		if (text[i] == '\\')
			unit = read_json_escape(text + i, len - i);
		else
			unit = printable_unit(text + i, len - i);
		if (!put_unit(&line, text + i, unit))
			break;
	}
	return line.columns;
}
