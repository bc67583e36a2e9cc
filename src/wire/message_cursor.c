#include "message_cursor.h"

#include "base/number.h"

/* No other number means anything with more digits. */
#define DIGITS_16 UINT64_C(9999999999999999)

/* Whether text, which follows two numbers, is a dot and a third part. */
static bool
is_number_part(const char *text, size_t len)
{
	size_t i;

	if (len < 2 || text[0] != '.')
		return false;
	for (i = 1; i < len; i++)
		if (text[i] != '.' && (text[i] < '0' || text[i] > '9'))
			return false;
	return true;
}

struct message_cursor
message_cursor_parse(const char *text, size_t len)
{
	struct message_cursor none = { .incarnation = 0 }, cursor;
	size_t n = number_scan(text, len, DIGITS_16, &cursor.incarnation);
	size_t digits;

	if (n == 0 || n == len || text[n++] != '.')
		return none;
	digits = number_scan(text + n, len - n, DIGITS_16, &cursor.revision);
	if (digits == 0)
		return none;
	n += digits;
	cursor.has_number = is_number_part(text + n, len - n);
	return n == len || cursor.has_number ? cursor : none;
}
