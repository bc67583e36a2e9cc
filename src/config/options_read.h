#ifndef OPTIONS_READ_H
#define OPTIONS_READ_H

#include <stdbool.h>

struct buf;
struct options;

/* Reads options: command line, environment and configuration file. */

/* What options_read() returns when the daemon is to run. */
#define OPTIONS_RUN (-1)

/*
 * Fill options, which are the caller's to clear then, and return OPTIONS_RUN;
 * or return the status to exit with: what was asked for is printed, or what is
 * wrong was said.  Reads the environment; opens nothing but the configuration
 * file and, where they are named, those of keys and the system's lists of users
 * and groups, and creates nothing.
 */
int	 options_read(int argc, char **argv, struct options *options)
	    __attribute__((warn_unused_result));
/*
 * The same for a program beside the daemon, which was told the daemon's -c and
 * -d; NULL for what was not given.  Without both it is the installed file, if
 * it is there, and the database of the system's daemon, unless the user has
 * one.  The database is NULL if nothing says where it is.  Keys are not
 * read.
 */
int	 options_read_file(const char *file, const char *database,
	    struct options *options)
	    __attribute__((warn_unused_result));

/*
 * Read the daemon's options again, from the same command line, environment and
 * file, without a look at names of users, as a daemon that serves cannot wait:
 * who owns files is only good to be compared.  0, or -1 if anything is wrong,
 * which was logged and added to lines, one for each problem; then options have
 * nothing to clear.
 */
int	 options_read_again(int argc, char **argv, struct options *options,
	    struct buf *lines)
	    __attribute__((warn_unused_result));

/*
 * A setting as people see it, without a password; the texts are those of
 * sources, or constant, and lent for the call.
 */
struct options_shown {
	const char *key;
	const char *value;
	const char *initial;	/* the default */
	const char *origin;
	bool	 needs_restart;
};

/*
 * Show all settings, in the order of the table, and then what stands in
 * sections of shops, as SHOP/KEY.
 */
void	 options_show(const struct options *options,
	    void (*show)(void *ctx, const struct options_shown *shown),
	    void *ctx);

/* Free what the fields point to. */
void	 options_clear(struct options *options);

#endif
