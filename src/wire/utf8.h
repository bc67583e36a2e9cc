#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above
 * U+10FFFF), checked while the text comes in pieces.  A state of all zeros
 * stands at the start of a text.
 */
struct utf8 {
	uint8_t	 need;		/* bytes missing from the present character */
	uint8_t	 low, high;	/* bounds of the next one, if need is not 0 */
};

/*
 * Go on with n bytes.  -1 if no text can begin with all the bytes so far: this
 * is said with the first byte that makes it so.  The state is void then.
 */
int	 utf8_feed(struct utf8 *state, const uint8_t *data, size_t n)
	    __attribute__((warn_unused_result));
/* Whether the text may end here: no character is half-way. */
bool	 utf8_is_complete(const struct utf8 *state);

/* How many characters a well-formed text of len bytes has. */
size_t	 utf8_count(const char *text, size_t len);

/* Whether valid UTF-8 has one of U+0000-001F (C0), 007F or 0080-009F (C1). */
bool	 utf8_has_control(const char *text, size_t len);

#endif
