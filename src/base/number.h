#ifndef NUMBER_H
#define NUMBER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Whole numbers as people and other programs write them: decimal digits, with
 * zeros in front or without.
 */

/*
 * Read the digits that the len bytes of text begin with.  Returns how many
 * there are; 0 for none, or if the number is over max: then number, which is
 * written in any case, means nothing.
 */
size_t	 number_scan(const char *text, size_t len, uint64_t max,
	    uint64_t *number) __attribute__((warn_unused_result));
/* The same for a text that is digits and nothing else; -1 if it is not. */
int	 number_parse(const char *text, uint64_t max, uint64_t *number)
	    __attribute__((warn_unused_result));

#endif
