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

/* Read the number at *at, and the dot in front of it; -1 if there is none. */
static int
read_part(const char **at, const char *end, uint64_t *number)
{
	size_t n;

	if (*at == end || *(*at)++ != '.')
		return -1;
	n = number_scan(*at, (size_t)(end - *at), DIGITS_16, number);
	*at += n;
	return n > 0 ? 0 : -1;
}

/* Read the third part, if that is one of those who were told more. */
static void
read_number(const char *text, size_t len, struct message_cursor *cursor)
{
	const char *end = text + len;

	if (read_part(&text, end, &cursor->epoch) == 0 &&
	    read_part(&text, end, &cursor->said) == 0 &&
	    read_part(&text, end, &cursor->present) == 0 && text == end)
		return;
	cursor->epoch = cursor->said = cursor->present = 0;
}

struct message_cursor
message_cursor_parse(const char *text, size_t len)
{
	struct message_cursor none = { .incarnation = 0 }, cursor = none;
	size_t n = number_scan(text, len, DIGITS_16, &cursor.incarnation);
	size_t digits;

	if (n == 0 || n == len || text[n++] != '.')
		return none;
	digits = number_scan(text + n, len - n, DIGITS_16, &cursor.revision);
	if (digits == 0)
		return none;
	n += digits;
	cursor.has_number = is_number_part(text + n, len - n);
	if (n < len && !cursor.has_number)
		return none;
	read_number(text + n, len - n, &cursor);
	return cursor;
}
