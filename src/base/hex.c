#include "hex.h"

void
hex_format(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

int
hex_value(char digit)
{
	/* One more than that.  No branch, which random digits would mislead. */
	static const uint8_t values[UINT8_MAX + 1] = {
		['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5,
		['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
		['a'] = 11, ['b'] = 12, ['c'] = 13,
		['d'] = 14, ['e'] = 15, ['f'] = 16,
		['A'] = 11, ['B'] = 12, ['C'] = 13,
		['D'] = 14, ['E'] = 15, ['F'] = 16,
	};

	return values[(uint8_t)digit] - 1;
}

int
hex_parse(const char *text, size_t n, uint8_t *bytes)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int high = hex_value(text[2 * i]);
		int low = hex_value(text[2 * i + 1]);

		if (high == -1 || low == -1)
			return -1;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}
