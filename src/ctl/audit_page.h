#ifndef AUDIT_PAGE_H
#define AUDIT_PAGE_H

#include <stdio.h>

/*
 * A session's story as a page of HTML that needs nothing else: audit_page/ has
 * its parts.  What it tells stands in it as lines of JSON, in which nothing can
 * end the element that they are in, and a script that the page's policy knows
 * by its hash reads them.
 */

/*
 * Write the page to out, up to its lines; the stream that is returned takes
 * these.
 */
FILE	*audit_page_begin(FILE *out);
/* Write what comes behind the lines, whose stream is closed. */
void	 audit_page_end(FILE *out, FILE *lines);

#endif
