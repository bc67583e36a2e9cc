#include "fcgi_pairs.h"

#include <string.h>

enum { LENGTH_IS_32 = 0x80 };	/* in the first byte of a length */

struct fcgi_span
fcgi_span_take(struct fcgi_span *in, size_t most)
{
	struct fcgi_span piece = { in->data, in->len < most ? in->len : most };

	in->data += piece.len;
	in->len -= piece.len;
	return piece;
}

static size_t
length_bytes(uint8_t first)
{
	return (first & LENGTH_IS_32) != 0 ? 4 : 1;
}

static uint32_t
read_pair_length(const uint8_t *in)
{
	if (length_bytes(in[0]) == 1)
		return in[0];
	return (uint32_t)(in[0] & ~LENGTH_IS_32) << 24 |
	    (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

/* How many bytes both lengths have, as far as it can be told. */
static size_t
lengths_bytes(const struct fcgi_pairs *pairs)
{
	size_t name;

	if (pairs->lengths_len == 0)
		return 2;
	name = length_bytes(pairs->lengths[0]);
	if (pairs->lengths_len <= name)
		return name + 1;
	return name + length_bytes(pairs->lengths[name]);
}

static void
read_lengths(struct fcgi_pairs *pairs, const char *const *names,
    struct fcgi_span *in)
{
	size_t i;

	while (pairs->lengths_len < lengths_bytes(pairs)) {
		if (in->len == 0)
			return;
		pairs->lengths[pairs->lengths_len++] =
		    *fcgi_span_take(in, 1).data;
	}
	pairs->name_left = read_pair_length(pairs->lengths);
	pairs->value_left = read_pair_length(pairs->lengths +
	    length_bytes(pairs->lengths[0]));
	pairs->lengths_len = 0;
	pairs->name_at = 0;
	pairs->matches = 0;
	for (i = 0; names[i] != NULL; i++)
		if (strlen(names[i]) == pairs->name_left)
			pairs->matches |= (uint16_t)(1U << i);
	pairs->phase = FCGI_PAIRS_NAME;
}

static enum fcgi_pairs_step
read_pair_name(struct fcgi_pairs *pairs, const char *const *names,
    struct fcgi_span *in)
{
	struct fcgi_span piece = fcgi_span_take(in, pairs->name_left);
	size_t i;

	pairs->name_left -= (uint32_t)piece.len;
	for (i = 0; pairs->matches >> i != 0; i++)
		if ((pairs->matches >> i & 1) != 0 && memcmp(names[i] +
		    pairs->name_at, piece.data, piece.len) != 0)
			pairs->matches &= (uint16_t)~(1U << i);
	if (pairs->matches != 0)
		pairs->name_at = (uint8_t)(pairs->name_at + piece.len);
	if (pairs->name_left > 0)
		return FCGI_PAIRS_MORE;
	pairs->phase = FCGI_PAIRS_VALUE;
	return FCGI_PAIRS_NAMED;
}

static enum fcgi_pairs_step
read_pair_value(struct fcgi_pairs *pairs, struct fcgi_span *in,
    struct fcgi_span *piece)
{
	*piece = fcgi_span_take(in, pairs->value_left);
	pairs->value_left -= (uint32_t)piece->len;
	if (pairs->value_left == 0)
		pairs->phase = FCGI_PAIRS_LENGTHS;
	return FCGI_PAIRS_VALUED;
}

enum fcgi_pairs_step
fcgi_pairs_next(struct fcgi_pairs *pairs, const char *const *names,
    struct fcgi_span *in, struct fcgi_span *piece)
{
	if (pairs->phase == FCGI_PAIRS_LENGTHS)
		read_lengths(pairs, names, in);
	if (pairs->phase == FCGI_PAIRS_NAME)
		return read_pair_name(pairs, names, in);
	if (pairs->phase == FCGI_PAIRS_VALUE &&
	    (in->len > 0 || pairs->value_left == 0))
		return read_pair_value(pairs, in, piece);
	return FCGI_PAIRS_MORE;
}

bool
fcgi_pairs_is_whole(const struct fcgi_pairs *pairs)
{
	return pairs->phase == FCGI_PAIRS_LENGTHS && pairs->lengths_len == 0;
}
