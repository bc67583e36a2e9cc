#ifndef TIMELINE_H
#define TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct audit_row;

/*
 * A session's story, a row at a time in order: who did what, and of a cart what
 * changed in it since that customer's last one.  Retention concerns all
 * sessions: its rows are told of where bodies of this one are gone for it.
 */
struct timeline;

enum timeline_format {
	TIMELINE_TEXT,		/* lines for a reader; changes are indented */
	TIMELINE_JSON		/* an object a line, see journal_row.h */
};

struct timeline_config {
	FILE	*out;
	enum timeline_format format;
	bool	 is_coloured;	/* of TEXT */
	const char *product;	/* only what is about it, see product.h; */
				/* NULL: everything */
};

struct timeline *timeline_new(const struct timeline_config *config);
/* NULL is allowed. */
void	 timeline_free(struct timeline *timeline);

void	 timeline_add(struct timeline *timeline, const struct audit_row *row);

/* How many rows were told. */
size_t	 timeline_shown(const struct timeline *timeline);
/* Carts of which nobody can say what changed: erased, or after such a one. */
size_t	 timeline_unknown_carts(const struct timeline *timeline);

#endif
