#ifndef CTL_H
#define CTL_H

#include <stddef.h>

struct options;

/*
 * The tool beside the daemon: what all its commands have in common.  A command
 * is a row that says how it is called; its options and operands are read and
 * counted here, so that a command begins with what it was given.  It prints
 * without looking at errors, which show here in the end.
 */

/* Exit statuses; those from 64 on are of sysexits.h. */
enum ctl_status {
	CTL_OK = 0,
	CTL_FAULT = 1,		/* audit verify found one */
	CTL_NOT_FOUND = 2,	/* no such session, revision or product */
	CTL_USAGE = 64,
	CTL_BAD_DATA = 65,	/* another kind, newer, older, corrupt */
	CTL_NO_DATABASE = 66,
	CTL_UNAVAILABLE = 69,	/* the daemon cannot be reached, or refused */
	CTL_CANNOT_CREATE = 73,	/* where restore is to put it */
	CTL_IO_ERROR = 74,
	CTL_IN_USE = 75,
	CTL_CONFIG = 78		/* the configuration file is wrong */
};

/* An option of a command, as --name or --name=ARGUMENT. */
struct ctl_option {
	const char *name;
	const char *argument;	/* what the help calls it; NULL: a switch */
	const char *help;
};

struct ctl_command;

/* A command line that was read; all of it is lent for the call. */
struct ctl {
	const struct ctl_command *command;
	const struct options *options;	/* as the daemon has them */
	const char *database;		/* see base/database_name.h */
	const char *const *values;	/* of the command's options, in its */
					/* order: NULL where not given, "" */
					/* for a switch that is */
	const char *const *operands;	/* with NULL behind the last */
	size_t	 operand_count;
};

struct ctl_command {
	const char *words;		/* "audit verify" */
	const char *operands;		/* as the help shows them; "" */
	size_t	 operands_min;
	size_t	 operands_max;
	const struct ctl_option *options; /* the last has no name; or NULL */
	const char *help;		/* one line */
	const char *instead;		/* it is for SQLite's files: what does */
					/* it with PostgreSQL; or NULL */
	enum ctl_status (*run)(const struct ctl *ctl);
};

/*
 * Do what the command line says with one of the commands, the list of which
 * ends with NULL; returns the status to exit with.  What is wrong was said on
 * standard error.
 */
int	 ctl_run(const struct ctl_command *const *commands, int argc,
	    char **argv);

/*
 * Say what is wrong with the command line, and where help is; returns
 * CTL_USAGE.
 */
enum ctl_status ctl_usage_error(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

/*
 * Say that --key is for a key beside the database, and key-file has this one;
 * returns CTL_USAGE.
 */
enum ctl_status ctl_key_is_elsewhere(const struct ctl *ctl);

#endif
