#ifndef PROJECTION_H
#define PROJECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store_status.h"

struct payload;
struct record;
struct session;
struct session_summary;
struct sql;

/*
 * The tables session and customer: what replaying the journal yields, kept as
 * session_apply() would have it, so that nothing has to be replayed to load a
 * session.  Names and carts are read from the journal's bodies.
 */

/* Before all others; -1: the error is the connection's. */
int	 projection_prepare(struct sql *sql)
	    __attribute__((warn_unused_result));

/*
 * The highest row numbers, and whether a session is locked; -1: the error is
 * the connection's, or sql is broken and the cause was logged.
 */
int	 projection_last_rows(struct sql *sql, int64_t *session_row,
	    int64_t *customer_row, bool *has_locked)
	    __attribute__((warn_unused_result));

/*
 * Do what session_apply() does; seq is the record's in the journal, and becomes
 * its session's last one.  A record that is not the next one of its session is
 * STORE_FATAL, and so is a note on a session that is not there.
 */
enum store_status projection_apply(struct sql *sql,
	    const struct record *record, int64_t seq);

/* See the functions of these names in store.h. */
enum store_status projection_touch(struct sql *sql,
	    int64_t session_row, uint64_t wall_ms);
enum store_status projection_load(struct sql *sql,
	    const struct payload *id, size_t max_remembered,
	    struct session **session);
enum store_status projection_find_away(struct sql *sql,
	    const struct record *record, int64_t *row);
enum store_status projection_find_idle(struct sql *sql,
	    uint64_t wall_ms, int64_t *after_row, struct payload **ids,
	    size_t room, size_t *count);
enum store_status projection_list(struct sql *sql, const char *shop,
	    int64_t *after_row, struct session_summary *sessions, size_t max,
	    size_t *count);
enum store_status projection_find_locked(struct sql *sql,
	    int64_t *after_row, struct payload **ids, size_t room,
	    size_t *count);

#endif
