#include "utf8.h"

#include <string.h>

/* How many bytes at the front are ASCII. */
static size_t
ascii_prefix(const uint8_t *data, size_t n)
{
	uint64_t word;
	size_t i = 0;

	for (; n - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		if ((word & 0x8080808080808080) != 0)
			break;
	}
	while (i < n && data[i] < 0x80)
		i++;
	return i;
}

/* What may follow the first byte of a longer character: RFC 3629, section 4. */
static int
begin_character(struct utf8 *state, uint8_t first)
{
	*state = (struct utf8){ .low = 0x80, .high = 0xbf };
	if (first < 0xc2 || first > 0xf4)
		return -1;
	if (first < 0xe0) {
		state->need = 1;
		return 0;
	}
	if (first < 0xf0) {
		state->need = 2;
		if (first == 0xe0)
			state->low = 0xa0;
		if (first == 0xed)
			state->high = 0x9f;
		return 0;
	}
	state->need = 3;
	if (first == 0xf0)
		state->low = 0x90;
	if (first == 0xf4)
		state->high = 0x8f;
	return 0;
}

static int
continue_character(struct utf8 *state, uint8_t byte)
{
	if (byte < state->low || byte > state->high)
		return -1;
	state->need--;
	state->low = 0x80;
	state->high = 0xbf;
	return 0;
}

static bool
is_tail(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/*
 * The length of the sound character of two or three bytes at the front, which
 * is what most text beyond ASCII is made of; 0 if there may be another.
 */
static size_t
common_character(const uint8_t *data, size_t n)
{
	uint8_t first = data[0];

	if (n < 3 || first < 0xc2 || first >= 0xf0 || !is_tail(data[1]))
		return 0;
	if (first < 0xe0)
		return 2;
	if (!is_tail(data[2]) || (first == 0xe0 && data[1] < 0xa0) ||
	    (first == 0xed && data[1] > 0x9f))
		return 0;
	return 3;
}

int
utf8_feed(struct utf8 *state, const uint8_t *data, size_t n)
{
	size_t skip, i = 0;

	while (i < n) {
		if (state->need > 0) {
			if (continue_character(state, data[i++]) == -1)
				return -1;
			continue;
		}
		skip = data[i] < 0x80 ? ascii_prefix(data + i, n - i) :
		    common_character(data + i, n - i);
		i += skip;
		if (skip == 0 && begin_character(state, data[i++]) == -1)
			return -1;
	}
	return 0;
}

bool
utf8_is_complete(const struct utf8 *state)
{
	return state->need == 0;
}

size_t
utf8_count(const char *text, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			n++;
	return n;
}

bool
utf8_has_control(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t i;

	for (i = 0; i < len; i++)
		if (p[i] < 0x20 || p[i] == 0x7f ||
		    (p[i] == 0xc2 && p[i + 1] < 0xa0))
			return true;
	return false;
}
