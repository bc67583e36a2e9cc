#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

#include "log.h"

enum { TEXT_BYTES = 2048 };

/* Text of our own making that is put together piece by piece, and fits. */
struct text {
	char	 bytes[TEXT_BYTES];	/* len of them, and a NUL */
	size_t	 len;			/* 0 at first */
};

/* Add to it what printf() would print. */
void	 text_add(struct text *text, const char *format, ...) LOG_FORMAT(2, 3);

#endif
