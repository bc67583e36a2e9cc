#include "number.h"

#include <string.h>

size_t
number_scan(const char *text, size_t len, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;
	size_t i;

	*number = 0;
	for (i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
		uint64_t digit = (uint64_t)(text[i] - '0');

		if (digit > max || n > (max - digit) / 10)
			return 0;
		n = n * 10 + digit;
	}
	*number = n;
	return i;
}

int
number_parse(const char *text, uint64_t max, uint64_t *number)
{
	size_t n = number_scan(text, strlen(text), max, number);

	return n > 0 && text[n] == '\0' ? 0 : -1;
}
