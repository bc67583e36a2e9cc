#ifndef PRINTABLE_H
#define PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Text from outside on its way to a terminal.  What is no visible character of
 * UTF-8 is written as its number: control characters, so that nothing moves
 * the cursor or changes colours; characters that turn or hide their neighbours
 * (bidirectional and zero-width ones), so that what is read is what is there;
 * and bytes that are not UTF-8.  What is visible, and how wide, the locale's
 * LC_CTYPE says, see wcwidth(3).
 */

#define PRINTABLE_NONE UINT32_MAX

/* One character of a text, or a byte that is none. */
struct printable_unit {
	uint32_t character;	/* or PRINTABLE_NONE */
	size_t	 len;		/* in the text */
};

/* The first of a text, whose len is not 0. */
struct printable_unit printable_unit(const char *text, size_t len);
/* Whether a terminal shows the character, and does nothing else. */
bool	 printable_is_visible(uint32_t character);

/*
 * Whether what is written there is seen by a person at once.  Formats whose
 * bytes are for programs are made printable then, and left alone elsewhere.
 */
bool	 printable_is_for_terminal(FILE *out);

/*
 * Write text as far as it fits into columns, and "..." behind it where it does
 * not.  Returns the columns taken, those of the dots not counted as in columns.
 */
size_t	 printable_write(FILE *out, const char *text, size_t len,
	    size_t columns);
/* The same with the whole of a text: the name of a file, for example. */
void	 printable_write_all(FILE *out, const char *text);
/*
 * The same with what a JSON string, or its part between the quotes, says: its
 * escapes are replaced by the characters they stand for where those can be
 * seen, else they stay.
 */
size_t	 printable_write_json(FILE *out, const char *text, size_t len,
	    size_t columns);

#endif
