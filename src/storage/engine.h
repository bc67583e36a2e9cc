#ifndef ENGINE_H
#define ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store_status.h"

/*
 * What a database engine has to do for the rest of storage and audit, who know
 * none by name: storage/sqlite and storage/postgres do it, and a third one
 * would stand beside them, with a row in the table of engines.c.
 *
 * A connection is used by one thread at a time.  It runs statements, of which
 * several may stand at a row; in a transaction they are of one moment.  Whoever
 * runs statements uses sql.h, and reads rows by column.h.
 */

struct sql_connection;
struct sql_statement;

/* How a call ends. */
enum sql_result {
	SQL_OK,
	SQL_ROW,	/* the statement stands at a row */
	SQL_DONE,	/* there are no more rows */
	SQL_FAILED	/* the connection's fault() says why */
};

enum sql_type {
	SQL_NULL,
	SQL_INTEGER,	/* booleans too: 0 or 1 */
	SQL_TEXT,
	SQL_BLOB,
	SQL_OTHER	/* what is none of ours */
};

/* A parameter, or a column of a row. */
struct sql_value {
	enum sql_type type;
	int64_t	 number;	/* SQL_INTEGER */
	const void *bytes;	/* SQL_TEXT, without a NUL at the end, and */
	size_t	 len;		/* SQL_BLOB; NULL is NULL of that type */
};

/*
 * A statement.  Parameters are ? and ?N, as SQLite numbers them; its INDEXED BY
 * is a hint that others leave out.  What one text cannot say to all engines has
 * one of its own for PostgreSQL.
 */
struct sql_text {
	const char *text;
	const char *postgres;	/* NULL: text */
	bool	 is_long;	/* yields more than memory should hold at */
				/* once: no other statement of its connection */
				/* runs until it is reset */
};

/* Why a call failed. */
struct sql_fault {
	int	 code;		/* the engine's own: the same for the same */
	const char *what;	/* the statement's text, or what was done; */
	const char *message;	/* both are lent until the next call; NULL: */
				/* it was logged */
	const char *words;	/* likewise: for who reads; NULL: message */
	enum store_open_status status;	/* for which to exit: STORE_BAD_DATA */
				/* if what the database holds cannot be */
	enum store_error error;
	bool	 is_transient;	/* the same may succeed later: nothing is */
				/* lost or half done */
	bool	 is_mismatch;	/* a statement that was to change one row */
				/* has changed none, or several */
	bool	 is_lost;	/* the connection was, and nothing of the */
				/* transaction was committed */
};

/* What a database is known to be, while it is written. */
enum sql_mark {
	SQL_MARK_PARTIAL,
	SQL_MARK_WHOLE,
	SQL_MARKS
};

/* What a reader is for. */
enum sql_reader {
	SQL_READER_OF_STORE,	/* beside a store that has it open, and has */
				/* judged it */
	SQL_READER_OF_ANY	/* it may hold anything, and is judged first */
};

/* Numbers of the database's room, in bytes; 0 for what there is not. */
struct sql_sizes {
	uint64_t database;
	uint64_t wal;
};

/* How the row that a statement stands at is read, which is given by its row. */
struct sql_row_reader {
	/* Bytes are lent until the next step. */
	void	(*column)(void *row, int column, struct sql_value *value);
	const char *(*column_name)(void *row, int column);
};

/* Who waits for a server: asked every second or so whether that goes on. */
struct sql_waiting {
	bool	(*goes_on)(void *ctx);	/* NULL: it does */
	void	*ctx;
};

struct engine {
	const char *name;	/* as people call it */
	bool	 has_files;	/* its databases are files of this machine, */
				/* with what is beside them */
	const struct sql_row_reader *rows;

	/* Whether a database of that name is one of its own. */
	bool	(*has)(const char *database);

	/*
	 * For its one writer: found, or made; judged, locked against others,
	 * brought to the newest schema; until start() nothing in it is changed
	 * if it had that already.  vfs is SQLite's.  On failure the cause was
	 * logged.
	 */
	enum store_open_status (*open)(const char *database, const char *vfs,
	    struct sql_connection **connection);
	enum store_open_status (*start)(struct sql_connection *connection);
	/*
	 * The same for who copies another database to it.  That may take
	 * several transactions: once one of them has run the statement
	 * SQL_MARK_PARTIAL nobody else opens it, until SQL_MARK_WHOLE in the
	 * last one.
	 */
	enum store_open_status (*open_copy)(const char *database,
	    struct sql_connection **connection);
	const struct sql_text *marks;	/* SQL_MARKS of them */
	/*
	 * For a reader, who changes nothing.  What was wrong is logged for
	 * SQL_READER_OF_ANY; else fault() of *connection, which is to be closed
	 * in any case, tells.  Once waiting does not go on, this call fails and
	 * so does what is read; it may be NULL.
	 */
	enum store_open_status (*open_reader)(const char *database,
	    enum sql_reader kind, const struct sql_waiting *waiting,
	    struct sql_connection **connection);
	/*
	 * For a reader of any: what has to keep rows from being changed, and
	 * did not when it was opened, in words; NULL: nothing.  May be NULL
	 * where nobody looks: what was changed shows.
	 */
	const char *(*find_unguarded)(const struct sql_connection *connection);
	/* Have work(ctx) called now and then while something is read. */
	void	(*watch)(struct sql_connection *connection,
	    void (*work)(void *ctx), void *ctx);
	/*
	 * Its statements are finalized.  is_broken: a fault was neither
	 * transient nor of the reader's making, and what is there stays as it
	 * is for the next start.
	 */
	void	(*close)(struct sql_connection *connection, bool is_broken);

	/* Never NULL after a failure; lent until the next call. */
	const struct sql_fault *(*fault)(const struct sql_connection *);
	/* Lent: without secrets, for logs. */
	const char *(*path)(const struct sql_connection *connection);

	/*
	 * Of a writer whose database is a server's; they are NULL for others.
	 *
	 * Have goes_on(ctx) asked every second or so while a call waits for the
	 * server: false, and the call fails for good.
	 */
	void	(*set_waiting)(struct sql_connection *connection,
	    bool (*goes_on)(void *ctx), void *ctx);
	/*
	 * To be called every second or so between transactions: see whether the
	 * server is there, and connect anew if it was not.
	 */
	enum sql_result (*tend)(struct sql_connection *connection);
	/* Whether there is no connection to the server now. */
	bool	(*is_away)(const struct sql_connection *connection);

	/* Transactions.  A reader's are of one moment, and only rolled back. */
	enum sql_result (*begin)(struct sql_connection *connection);
	/*
	 * SQL_OK: it is durable.  SQL_FAILED: nothing of it is there, and the
	 * transaction is over, or is_broken is how the connection has to be
	 * closed.  newest is the journal's newest row with the transaction: a
	 * commit whose answer was lost was done if that row is there.  If it is
	 * no row of the transaction, nothing tells, and SQL_FAILED may be wrong:
	 * what has no row has to do no harm when it is done twice.
	 */
	enum sql_result (*commit)(struct sql_connection *connection,
	    int64_t newest);
	/*
	 * What follows a commit, and does not undo it; may be NULL.  What is
	 * transient is done by the next transaction.
	 */
	enum sql_result (*committed)(struct sql_connection *connection);
	/* Without a transaction it does nothing. */
	enum sql_result (*rollback)(struct sql_connection *connection);

	/* NULL: fault() says why.  text is lent until it is finalized. */
	struct sql_statement *(*prepare)(struct sql_connection *connection,
	    const struct sql_text *text);
	void	(*finalize)(struct sql_statement *statement);
	/* Bytes are lent until it has run.  at counts from 1. */
	void	(*bind)(struct sql_statement *statement, int at,
	    const struct sql_value *value);
	/*
	 * What is run from here on is about key, up to the next call: what is
	 * about the same key runs in order, and in any order, or together, with
	 * what is about others, which has nothing to do with it.  Of that, what
	 * changes one row finds it by a key of its table.  0: it is about
	 * nothing, and runs behind all before and in front of all that follows.
	 * NULL: that makes no difference here.
	 */
	void	(*about)(struct sql_connection *connection, int64_t key);
	/*
	 * Run a statement without rows, changing as many rows as it likes or
	 * exactly one.  In a writer's transaction it may run later: a fault is
	 * told by whichever call comes next, by commit() at the latest.
	 */
	enum sql_result (*run)(struct sql_statement *statement);
	enum sql_result (*run_one)(struct sql_statement *statement);
	/* SQL_ROW, SQL_DONE or SQL_FAILED. */
	enum sql_result (*step)(struct sql_statement *statement);
	/* Over, before or after the last row: it can be bound and run again. */
	void	(*reset)(struct sql_statement *statement);

	/*
	 * Housekeeping of the writer's, outside of transactions.  Each may be
	 * NULL where the engine sees to it by itself.
	 *
	 * Move on what was committed, if there is much of it.
	 */
	enum sql_result (*checkpoint)(struct sql_connection *connection);
	/* See store_scrub_wal(); SQL_DONE: a reader is in the way. */
	enum sql_result (*scrub)(struct sql_connection *connection,
	    int64_t *upto);
	/*
	 * How many pages of a file could be given back to the disk, and giving
	 * back some of them, in a transaction, of which *pages are left then.
	 */
	enum sql_result (*spare_pages)(struct sql_connection *connection,
	    int64_t *pages);
	enum sql_result (*give_back)(struct sql_connection *connection,
	    int64_t *pages);
	/* See store_sweep(). */
	enum store_sweep (*sweep)(const char *database);
	/* Of the disk that it is on; -1 if nobody can tell. */
	int	(*free_bytes)(const struct sql_connection *connection,
	    uint64_t *bytes);
	void	(*sizes)(const struct sql_connection *connection,
	    struct sql_sizes *sizes);
};

/* Both begin what the engine has of its own. */
struct sql_connection {
	const struct engine *engine;
};

struct sql_statement {
	struct sql_connection *connection;
	const struct sql_text *text;
	void	*row;		/* the engine's, for its rows */
};

#endif
