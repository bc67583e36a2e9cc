#ifndef PRAGMA_H
#define PRAGMA_H

#include <stdbool.h>

struct sqlite3;

/*
 * Whether the first row that sql yields is text, as PRAGMAs say how it went;
 * returns an SQLite result.
 */
int	 pragma_says(struct sqlite3 *db, const char *sql, const char *text,
	    bool *is_text);

#endif
