#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

/*
 * Text of our own making, for which there is room: where it does not fit, it
 * is our fault, and ends the process.
 */

/* Write what printf() would print, with a NUL; returns its length. */
size_t	 xsnprintf(char *out, size_t size, const char *format, ...)
	    __attribute__((format(printf, 3, 4)));

enum { TEXT_BYTES = 2048 };

/* One that is put together piece by piece. */
struct text {
	char	 bytes[TEXT_BYTES];	/* len of them, and a NUL */
	size_t	 len;			/* 0 at first */
};

/* Add to it what printf() would print. */
void	 text_add(struct text *text, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

#endif
