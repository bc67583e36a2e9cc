#ifndef PLACEHOLDERS_H
#define PLACEHOLDERS_H

/*
 * Parameters in the text of a statement: ? and ?N, as SQLite numbers them,
 * become PostgreSQL's $N.  A ? alone is the number behind the highest so far.
 * What stands in quotes or in a comment stays as it is.
 */

/* The text for PostgreSQL, free() it; *count: the highest number. */
char	*placeholders_number(const char *text, int *count)
	    __attribute__((warn_unused_result));

#endif
