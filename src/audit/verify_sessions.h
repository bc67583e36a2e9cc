#ifndef VERIFY_SESSIONS_H
#define VERIFY_SESSIONS_H

#include "audit/audit.h"

struct audit_erasures;
struct audit_report;
struct audit_row;
struct payload;

/*
 * All sessions of the journal, replayed by session_apply() and compared with
 * the tables session and customer.  Of names and carts only the numbers of
 * their rows are kept, which is what the tables have of them; what has ended
 * and agrees is forgotten.
 */
struct verify_sessions;

/* All are lent until verify_sessions_free. */
enum audit_status verify_sessions_new(struct audit *audit,
	    struct audit_report *report, struct audit_erasures *erasures,
	    struct verify_sessions **states);
/* NULL is allowed. */
void	 verify_sessions_free(struct verify_sessions *states);

/*
 * The rows up to that one are gone: of incarnations that began there it is
 * compared how they end, who comes from here on, and that the others are as
 * many as rows by which they came.
 */
void	 verify_sessions_purged(struct verify_sessions *states, int64_t upto);
/*
 * The rows before the next one were not looked at: the same, and what runs may
 * have begun there.
 */
void	 verify_sessions_midway(struct verify_sessions *states);

/* Lent: the name of a session that is being replayed; or NULL. */
struct payload *verify_sessions_name(struct verify_sessions *states,
	    int64_t session_row);

/*
 * Let the next row happen, in the transaction that it was read in.  AUDIT_FAULT
 * is in the report.
 */
enum audit_status verify_sessions_apply(struct verify_sessions *states,
	    const struct audit_row *row);

/* The transaction is about to end: compare what has ended in it. */
enum audit_status verify_sessions_settle(struct verify_sessions *states);

/*
 * The last row was applied, and the transaction is still the same: compare what
 * goes on.  The first one is for rows of one session, the second one for those
 * of all, and looks for what is in the tables and in no row.
 */
enum audit_status verify_sessions_compare(struct verify_sessions *states,
	    int64_t session_row);
enum audit_status verify_sessions_compare_all(struct verify_sessions *states);

#endif
