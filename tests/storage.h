#ifndef STORAGE_H
#define STORAGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A database for tests, of the engine that the environment names: STORAGE is
 * sqlite or postgresql; without it, all tests of a program run on one engine
 * after the other.  Tests look into it, and change it behind the daemon's back,
 * in words that both understand: there, tables are found without their schema,
 * and hex(), zeroblob() and group_concat() as well.  What goes wrong fails the
 * test.
 */

enum { STORAGE_NAME_BYTES = 400 };

/*
 * For suite_add(), before all else: that databases of that engine can be made,
 * or the program, or its part on that engine, ends as skipped.  Returns in a
 * child for each where none is named.
 */
void	 storage_need(void);
/*
 * For suite_add(): whether tests are of use that only SQLite can stand; why is
 * told where they are left out.
 */
bool	 storage_stands_for_sqlite(const char *why);
bool	 storage_is_sqlite(void);

/*
 * The name of a database that is not there yet, to be made by store_open():
 * path, or one on the server, for which path says nothing.
 */
void	 storage_name(const char *path, char name[STORAGE_NAME_BYTES]);
/* Remove a database, which nobody has open. */
void	 storage_remove(const char *name);

/* Run statements with all that guards the database in force. */
void	 storage_exec(const char *name, const char *sql);
/* Whether that is refused by a constraint, or by a trigger. */
bool	 storage_refuses(const char *name, const char *sql);
/* The same with no trigger and no reference in force, and as few checks. */
void	 storage_tamper(const char *name, const char *sql);

/*
 * The first column of the row that sql yields: as a number, 0 and 1 for false
 * and true, or as text, "NULL" for that: free() it.
 */
int64_t	 storage_number(const char *name, const char *sql);
char	*storage_text(const char *name, const char *sql);

/*
 * PostgreSQL's alone, whose disk is not ours: the next statement that writes
 * fails, once, as if the disk were full; and whether it has, which ends it.
 */
void	 storage_fail(const char *name);
bool	 storage_disarm(const char *name);
/* The server ends all connections to it. */
void	 storage_disconnect(const char *name);

#endif
