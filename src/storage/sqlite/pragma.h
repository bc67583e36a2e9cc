#ifndef PRAGMA_H
#define PRAGMA_H

#include <stdbool.h>

struct sqlite3;

/* What SQLite says of itself: the first column of the first row of sql. */

/* Whether that is word, in whatever case; returns an SQLite result. */
int	 pragma_says(struct sqlite3 *db, const char *sql, const char *word,
	    bool *says);

/* The number that it is; -1 if there is none. */
int	 pragma_number(struct sqlite3 *db, const char *sql);

#endif
