#include "chain_mark.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "storage/chain.h"

_Static_assert(CHAIN_MARK_CHARS == 20 + 1 + CHAIN_HASH_HEX,
    "a number, a colon, and the digits of a hash");

void
chain_mark_format(const struct chain_head *head,
    char out[CHAIN_MARK_CHARS + 1])
{
	int n = snprintf(out, CHAIN_MARK_CHARS + 1, "%" PRId64 ":",
	    head->seq);

	chain_hash_format(head->hash, out + n);
}

static int
digit_value(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits) % 16;
}

int
chain_mark_parse(const char *text, struct chain_head *head)
{
	size_t len = strcspn(text, ":"), i;
	uint64_t seq;

	if (len == 0 || number_scan(text, len, INT64_MAX, &seq) != len ||
	    seq == 0 || strlen(text) != len + 1 + 2 * sizeof(head->hash))
		return -1;
	head->seq = (int64_t)seq;
	for (i = 0; i < sizeof(head->hash); i++) {
		int high = digit_value(text[len + 1 + 2 * i]);
		int low = digit_value(text[len + 2 + 2 * i]);

		if (high == -1 || low == -1)
			return -1;
		head->hash[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
