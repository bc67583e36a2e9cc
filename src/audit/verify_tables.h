#ifndef VERIFY_TABLES_H
#define VERIFY_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit.h"
#include "audit/row.h"

struct audit_report;
struct customer;
struct payload;
struct session;

/* The tables session and customer, compared with what was replayed. */
struct verify_tables;

/*
 * What a replayed session has for a name or a cart: the row whose body has the
 * real one, whose number is what the tables have of it.
 */
struct audit_pointer {
	int64_t	 seq;		/* 0 for none */
	enum record_event event;
	uint64_t time_ms;
	bool	 is_expired;	/* the body is erased, by a RETAIN */
};

struct payload *audit_pointer_new(const struct audit_row *row)
	    __attribute__((warn_unused_result));
/* NULL is none. */
void	 audit_pointer_read(const struct payload *payload,
	    struct audit_pointer *pointer);

/*
 * A replayed session.  Its names and carts are pointers, and the row of each
 * customer is that of the journal in which it came.
 */
struct audit_replayed {
	int64_t	 row;
	struct session *session;
	bool	 is_partial;		/* the START is not known, nor are */
					/* those who came before some row */
	uint64_t newcomers;		/* of the incarnation if it is whole */
	struct audit_row last;		/* has seq, event and time */
};

/* Both are lent until verify_tables_free. */
enum audit_status verify_tables_new(struct audit *audit,
	    struct audit_report *report, struct verify_tables **stored);
/* NULL is allowed. */
void	 verify_tables_free(struct verify_tables *stored);

/*
 * Each returns AUDIT_FAULT where the tables say otherwise.  A server is a round
 * trip away, so what can wait for others is looked up with them.
 */
enum { VERIFY_TABLES_MAX = 32 };	/* sessions at once */

/* All customers who are gone. */
enum audit_status verify_tables_gone(struct verify_tables *stored,
	    const struct audit_replayed *replayed);
/* All that are known of each of the sessions. */
enum audit_status verify_tables_customers(struct verify_tables *stored,
	    const struct audit_replayed *const *replayed, size_t count);

/* A session's row of the tables, which must be there. */
struct verify_tables_row {
	uint64_t incarnation;
	uint64_t revision;
	uint64_t ended_ms;
	bool	 is_running;
	bool	 is_locked;
	uint64_t locked_ms;		/* 0 while it is not */
	uint64_t customers;		/* of the incarnation replayed */
};
enum audit_status verify_tables_read(struct verify_tables *stored,
	    const struct audit_replayed *const *replayed, size_t count,
	    struct verify_tables_row *rows);
enum audit_status verify_tables_session(struct verify_tables *stored,
	    const struct audit_replayed *replayed,
	    const struct verify_tables_row *row);
/*
 * Whether as many customers as this incarnation has seen are there, also those
 * who were forgotten, or came before what is known.
 */
enum audit_status verify_tables_count(struct verify_tables *stored,
	    const struct audit_replayed *replayed,
	    const struct verify_tables_row *row);

/*
 * The END of a session may be gone, and not yet a note behind it, which proves
 * the incarnation alone; session_row 0: look at all of them.
 */
enum audit_status verify_tables_notes_only(struct verify_tables *stored,
	    int64_t session_row);

/*
 * Sessions that are in no row of the journal, and customers that cannot be, in
 * whichever incarnation.
 */
enum audit_status verify_tables_extra(struct verify_tables *stored);

#endif
