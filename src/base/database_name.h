#ifndef DATABASE_NAME_H
#define DATABASE_NAME_H

#include <stdbool.h>

/*
 * What a database is called: the path of a file, or what libpq connects by.
 * Such a name may hold a password, which nobody is to see: whatever is shown
 * or logged is what database_name_show() makes of it.
 */

/*
 * Whether it is meant for PostgreSQL: a URL, which begins with postgresql: or
 * postgres:, or a connection string: one of its words is a keyword of libpq's,
 * in whatever case, with an equals sign behind it.  So is a URL of any other
 * kind, which is none that can be used.  Whatever begins with a slash or a dot
 * is a path.
 */
bool	 database_name_is_postgresql(const char *name);

/*
 * What is wrong with a name that is meant for PostgreSQL, in words that have
 * nothing of it; NULL if libpq can read it and finds in it what is shown.  It
 * is stricter than libpq where a password could be taken for something else.
 */
const char *database_name_fault(const char *name);

/*
 * The name with *** for whatever is secret, and for all of one that has a
 * fault.  A path is shown as it is.  free() it.
 */
char	*database_name_show(const char *name)
	    __attribute__((warn_unused_result));

#endif
