#ifndef PLACEHOLDERS_H
#define PLACEHOLDERS_H

/*
 * The text of a statement as PostgreSQL wants it.  Parameters, ? and ?N as
 * SQLite numbers them, become $N: a ? alone is the number behind the highest so
 * far.  INDEXED BY, which has the name of an index behind it, is left out.  What
 * stands in quotes or in a comment stays as it is.
 */

/* Behind the quotes or the comment at text; text itself if there is none. */
const char *placeholders_verbatim(const char *text);

/* free() the text; *count: the highest number. */
char	*placeholders_number(const char *text, int *count)
	    __attribute__((warn_unused_result));

#endif
