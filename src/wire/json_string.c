#include "json_string.h"

#include <stdint.h>
#include <string.h>

/* \uXXXX */
#define ESCAPE_CHARS 6

const char *
json_string_end(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}

/* Escape is \uXXXX; whether it is half of a pair: the first, or the second. */
static bool
is_high_surrogate(const char *escape)
{
	return (escape[2] | 0x20) == 'd' &&
	    memchr("89abAB", escape[3], 6) != NULL;
}

static bool
is_low_surrogate(const char *escape)
{
	return (escape[2] | 0x20) == 'd' &&
	    memchr("cdefCDEF", escape[3], 8) != NULL;
}

bool
json_string_has_lone_surrogate(const char *json, size_t len)
{
	const char *p = json, *end = json + len;

	while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
		if (p[1] != 'u') {
			p += 2;
			continue;
		}
		if (is_low_surrogate(p))
			return true;
		if (is_high_surrogate(p)) {
			p += ESCAPE_CHARS;
			if (p[0] != '\\' || p[1] != 'u' || !is_low_surrogate(p))
				return true;
		}
		p += ESCAPE_CHARS;
	}
	return false;
}

/* The number that \uXXXX gives. */
static uint32_t
read_unit(const char *escape)
{
	uint32_t unit = 0;
	int i;

	for (i = 2; i < ESCAPE_CHARS; i++) {
		uint32_t c = (uint8_t)escape[i];

		unit = unit << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return unit;
}

/* RFC 3629, section 3. */
static char *
encode_utf8(uint32_t c, char *out)
{
	static const uint8_t first[] = { 0x00, 0xc0, 0xe0, 0xf0 };
	int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	*out++ = (char)(first[more] | c >> (6 * more));
	while (more-- > 0)
		*out++ = (char)(0x80 | (c >> (6 * more) & 0x3f));
	return out;
}

/* What \uXXXX, or two of them, stand for. */
static const char *
decode_unicode(const char *p, char **out)
{
	uint32_t c = read_unit(p);

	if (is_high_surrogate(p)) {
		p += ESCAPE_CHARS;
		c = 0x10000 + ((c - 0xd800) << 10) + (read_unit(p) - 0xdc00);
	}
	*out = encode_utf8(c, *out);
	return p + ESCAPE_CHARS;
}

static const char *
decode_escape(const char *p, char **out)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char characters[] = "\"\\/\b\f\n\r\t";

	if (p[1] == 'u')
		return decode_unicode(p, out);
	*(*out)++ = characters[strchr(escapes, p[1]) - escapes];
	return p + 2;
}

int
json_string_decode(const char *value, size_t len, char *out, size_t *out_len)
{
	const char *p = value + 1, *end = value + len - 1;
	char *to = out;

	if (*value != '"' || json_string_has_lone_surrogate(value, len))
		return -1;
	while (p < end) {
		if (*p == '\\')
			p = decode_escape(p, &to);
		else
			*to++ = *p++;
	}
	*out_len = (size_t)(to - out);
	return 0;
}
