#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "store_status.h"

struct record;
struct retention;
struct session;
struct session_summary;
struct webhook_state;
struct webhook_states;

/*
 * The database, all of it, whichever engine (engine.h) keeps it.  One
 * connection, used by one thread at a time: main's until the journal starts,
 * then the storage thread's.  The schema is in sql/.
 */
struct store;

/*
 * Open the database of that name, a path for SQLite, or create it with its
 * schema, bring an older schema up to date and lock it against a second daemon:
 * path.lock is there while it runs.  On failure one line was logged, and the
 * database is as it was.  A new file has mode 0600 and appears whole.  vfs is
 * the name of an SQLite VFS, or NULL for the usual one.
 */
enum store_open_status store_open(const char *name, const char *vfs,
	    struct store **store);
/*
 * After STORE_FATAL, the status to exit with: STORE_BAD_DATA if it is what the
 * database holds that cannot be, which a restart would find again.
 */
enum store_open_status store_exit_status(const struct store *store);

/*
 * Commits nothing.  Leaves the database without the WAL, unless it was
 * STORE_FATAL or was moved away: then it stays for the next start.  NULL
 * is allowed.
 */
void	 store_close(struct store *store);

/*
 * The key in file; NULL is the one beside the database (path with ".key" behind
 * it), if that is a file: 32 bytes, mode 0600, made durable when it is new.  A
 * warning is logged if it had to be made for a database that has sessions.  -1
 * if it cannot be read or written, or is not the one that the database knows,
 * which is logged.
 */
int	 store_key(const struct store *store, const char *file,
	    struct id_key *key)
	    __attribute__((warn_unused_result));

/* Row numbers given so far; the next are higher.  Read once at start. */
void	 store_last_rows(struct store *store, int64_t *session_row,
	    int64_t *customer_row);

/* The journal's newest row, likewise; or the one before the first. */
int64_t	 store_head_row(const struct store *store);

/* Whether a session is locked; read likewise. */
bool	 store_has_locked(const struct store *store);

/* How far webhooks had got; read likewise, and added to states. */
void	 store_take_webhooks(struct store *store,
	    struct webhook_states *states);

/*
 * One transaction of any number of records, touches, notes and slices of
 * erasures and retention.  If anything in it is refused (a load or find_idle
 * too) the transaction is gone, and the next call is begin again.  What a
 * record or touch changes must be there: one that does not fit the tables is
 * STORE_FATAL.
 */
enum store_status store_begin(struct store *store);
enum store_status store_append(struct store *store,
	    const struct record *record);
enum store_status store_touch(struct store *store, int64_t session_row,
	    uint64_t wall_ms);
/* As store_append, unless the database does not know the note's session. */
enum store_status store_note(struct store *store, const struct record *record);
/*
 * A slice of the erasure that record, an ERASE, is about.  *upto_row is 0 for
 * the first one, which appends record and sets it, or leaves it at 0 if there
 * is no such session or customer.  *next_row is moved on, from 0 to 0.  Erased
 * is the number of bodies.  They are still in the WAL.
 */
enum store_status store_erase(struct store *store,
	    const struct record *record, int64_t *upto_row,
	    int64_t *next_row, size_t *erased);
/*
 * A slice of a pass of retention, which is moved on.  note, a RETAIN, is
 * appended before the pass erases anything, and again where that is not enough
 * to explain it; and as a PURGE before it deletes rows.
 */
enum store_status store_purge(struct store *store, struct retention *pass,
	    const struct record *note);
/* How far a shop's webhook has got, in the same transaction. */
enum store_status store_webhook(struct store *store,
	    const struct webhook_state *state);
/* When this returns STORE_OK the transaction survives a power failure. */
enum store_status store_commit(struct store *store);
void	 store_rollback(struct store *store);
/*
 * Whether the last STORE_REFUSED was because a connection was lost: nothing of
 * the transaction is there, and the same may be done again at once.
 */
bool	 store_was_lost(const struct store *store);

/*
 * Move what was committed from the WAL to the database if there is much
 * of it.  Takes some milliseconds then: call it outside transactions, when
 * nobody waits for a result.  STORE_REFUSED: it stays there for now.
 */
enum store_status store_checkpoint(struct store *store);

/*
 * Whether somebody has to call store_tend() every second or so when there is
 * nothing to do: it sees whether the server is there that has the database, and
 * connects anew.
 */
bool	 store_is_tended(const struct store *store);
enum store_status store_tend(struct store *store);
/*
 * Have goes_on(ctx) asked every second or so while a call waits for that
 * server: false, and the call is STORE_FATAL.
 */
void	 store_set_waiting(struct store *store, bool (*goes_on)(void *ctx),
	    void *ctx);

/*
 * Overwrite what the WAL has of earlier transactions, outside of one.  It
 * takes several calls: *upto is 0 for the first and after the last.
 * STORE_REFUSED: a reader still needs it; begin again later.
 */
enum store_status store_scrub_wal(struct store *store, int64_t *upto);
/*
 * What is left to do behind erasures that were committed, beside a daemon or
 * without one: where that is VACUUM of a server's tables, do it by a connection
 * of its own, which takes as long as the tables are large.
 */
enum store_sweep store_sweep(const char *database);

/* Log where the chain ends, if it has moved since it was logged last. */
void	 store_log_chain_head(struct store *store);

/*
 * Read a session with its carts; *session is NULL if there never was one of
 * that id.  Who left long ago is forgotten, as by session_trim(); 0 for
 * max_remembered forgets nobody.
 */
enum store_status store_load(struct store *store, struct payload *id,
	    size_t max_remembered, struct session **session);

/* The row of record's customer, if it is away in its session; 0 if not. */
enum store_status store_find_away(struct store *store,
	    const struct record *record, int64_t *row);

/*
 * The ids of running sessions that were not in use since wall_ms, in a slice
 * of the table that begins behind *after_row, which is moved on (0 at the
 * end).  At most room of them are written to ids, each a reference.
 */
enum store_status store_find_idle(struct store *store, uint64_t wall_ms,
	    int64_t *after_row, struct payload **ids, size_t room,
	    size_t *count);

/* Likewise, of sessions that are locked; a slice is room of them. */
enum store_status store_find_locked(struct store *store, int64_t *after_row,
	    struct payload **ids, size_t room, size_t *count);

/*
 * The sessions of a shop that run, in the order in which they were first
 * started, behind *after_row, which is moved on (0 at the end).  At most max of
 * them are written to sessions, each with a reference of its name; fewer also
 * where many of other shops are among them, of which a slice is looked at.
 */
enum store_status store_list(struct store *store, const char *shop,
	    int64_t *after_row, struct session_summary *sessions, size_t max,
	    size_t *count);

/* How many bytes are free on the database's disk; -1 if nobody can tell. */
int	 store_free_bytes(const struct store *store, uint64_t *bytes)
	    __attribute__((warn_unused_result));

void	 store_copy_figures(const struct store *store,
	    struct store_figures *figures);

#endif
