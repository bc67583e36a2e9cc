#ifndef HEX_H
#define HEX_H

#include <stddef.h>
#include <stdint.h>

/* Bytes as hexadecimal digits, two each (RFC 4648, section 8). */

/* Write 2 * n digits, in lower case, and a NUL. */
void	 hex_format(const uint8_t *bytes, size_t n, char *out);
/* The value of a digit of either case; -1 if it is none. */
int	 hex_value(char digit);
/* Read 2 * n digits; -1 if one of them is none. */
int	 hex_parse(const char *text, size_t n, uint8_t *bytes)
	    __attribute__((warn_unused_result));

#endif
