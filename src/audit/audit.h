#ifndef AUDIT_H
#define AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain_head;
struct columns;
struct sql_binding;
struct sql_connection;
struct sql_statement;
struct sql_text;

/*
 * The database as those see it who only read: beside the daemon, or when it
 * does not run.  Nothing in it is ever changed.  One thread at a time.
 *
 * Whoever reads for long pins the WAL, which then grows: rows are
 * append-only, so all that walks along them (cursor.h) reads a slice,
 * lets go, and goes on behind it.  What must be of one moment stands between
 * audit_begin() and audit_end(), which come soon after one another.  And
 * whoever reads much keeps a pace (pace.h) beside a daemon that commits.
 */
struct audit;

/*
 * How reading ends.  Those from AUDIT_BAD_DATA on were logged; the numbers are
 * exit statuses.
 */
enum audit_status {
	AUDIT_OK = 0,
	AUDIT_FAULT = 1,	/* verification found one: see report.h */
	AUDIT_NONE = 2,		/* there is no such thing, or no more of it */
	AUDIT_BAD_DATA = 65,	/* foreign, newer, older, damaged */
	AUDIT_NO_DATABASE = 66,	/* no such file, or not to be read by us */
	AUDIT_IO_ERROR = 74,
	AUDIT_BUSY = 75		/* locked for longer than one should wait */
};

/*
 * Open the database of that name, a path for SQLite, whose schema must be the
 * program's own.  On failure the cause was logged, and nothing is left to
 * close.
 */
enum audit_status audit_open(const char *name, struct audit **audit);
/* NULL is allowed. */
void	 audit_close(struct audit *audit);

/* What is read until audit_end() is of one moment.  They do not nest. */
enum audit_status audit_begin(struct audit *audit);
void	 audit_end(struct audit *audit);

/*
 * The newest row of the journal; where all of them were deleted, of the newest
 * anchor; 0 and zeros without any.
 */
enum audit_status audit_head(struct audit *audit, struct chain_head *head);

/*
 * For the other modules of this folder.
 *
 * What audit_head() asks, for whoever has no struct audit.
 */
extern const struct sql_text audit_head_sql;
struct sql_connection *audit_connection(struct audit *audit);
/* The name that it was opened by, and one for people. */
const char *audit_name(const struct audit *audit);
const char *audit_path(const struct audit *audit);
/* Prepare count statements, to be finalized before audit_close(). */
enum audit_status audit_prepare_all(struct audit *audit,
	    const struct sql_text *texts, struct sql_statement **statements,
	    size_t count);

/*
 * Begin to run, by storage/sql.h, a statement that is kept until audit_close();
 * sql is constant.
 */
enum audit_status audit_run_cached(struct audit *audit,
	    const struct sql_text *sql, struct sql_binding *rows);
/* The run is over: AUDIT_OK if nothing went wrong. */
enum audit_status audit_end_rows(struct audit *audit,
	    const struct sql_binding *rows);
/* The same after a row was read: what does not fit in it is AUDIT_BAD_DATA. */
enum audit_status audit_end_row(struct audit *audit,
	    const struct sql_binding *rows, const struct columns *columns);
/* The same after some were looked at, which ended as status says. */
enum audit_status audit_end_walk(struct audit *audit,
	    const struct sql_binding *rows, enum audit_status status);

#endif
