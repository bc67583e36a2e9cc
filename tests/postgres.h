#ifndef POSTGRES_H
#define POSTGRES_H

#include <sys/types.h>

/*
 * A PostgreSQL server for a check program, or for one of its tests: in a folder
 * of its own, gone with the process that started it (see tests/postgres).  What
 * goes wrong fails the test.
 */

enum {
	POSTGRES_FOLDER_BYTES = 128,
	POSTGRES_URL_BYTES = 256
};

struct postgres {
	pid_t	 pid;
	int	 pump;	/* a byte when it is ready, the end when it ended */
	unsigned databases;	/* made so far */
	char	 folder[POSTGRES_FOLDER_BYTES];
};

/*
 * For suite_add(): start the server that all tests of this program share, each
 * with a database of its own.  Where there is no PostgreSQL the program ends as
 * skipped; it fails if INSTALLED says that it should be there.
 */
void	 postgres_need(void);
/*
 * Make a database on it that is empty and owned by the user of the URL, who is
 * no superuser.
 */
void	 postgres_database(char url[POSTGRES_URL_BYTES]);

/*
 * A server that a test may end; options are those of postgres(1), the last NULL,
 * or NULL for none.  postgres_clear() ends and removes it.
 */
void	 postgres_start(struct postgres *server, const char *const *options);
void	 postgres_clear(struct postgres *server);
/*
 * End it by SIGTERM ("smart", waits for clients), SIGINT ("fast"), SIGQUIT
 * ("immediate") or SIGKILL; returns once none of its processes is left.
 */
void	 postgres_end(struct postgres *server, int number);
/* Start it again once it has ended, with these options, if any. */
void	 postgres_restart(struct postgres *server, const char *const *options);
/* postgres_database() on this server. */
void	 postgres_database_on(struct postgres *server,
	    char url[POSTGRES_URL_BYTES]);
/* The URL of a database for a superuser; name may be "postgres". */
void	 postgres_superuser_url(const struct postgres *server,
	    const char *name, char url[POSTGRES_URL_BYTES]);

/* Run statements, one connection for all of them. */
void	 postgres_exec(const char *url, const char *sql);
/*
 * The first column of the first row that a statement returns, "" for NULL and
 * for no row; in memory of this function.
 */
const char *postgres_value(const char *url, const char *sql);
/*
 * End the connections of others to the database of url, which its owner may;
 * returns how many, once they have ended.
 */
int	 postgres_terminate(const char *url);

#endif
