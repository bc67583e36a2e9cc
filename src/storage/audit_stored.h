#ifndef AUDIT_STORED_H
#define AUDIT_STORED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "storage/audit.h"
#include "storage/audit_row.h"

struct audit_report;
struct customer;
struct payload;
struct session;

/* The tables session and customer, compared with what was replayed. */
struct audit_stored;

/*
 * A replayed session.  Its names and carts are payloads of
 * audit_pointer_new(): the number of the row whose body has the real one,
 * which is what the tables have of it.
 */
struct audit_replayed {
	int64_t	 row;
	struct session *session;
	uint64_t newcomers;		/* of this incarnation */
	struct audit_row last;		/* has seq, event and time */
};

struct payload *audit_pointer_new(int64_t seq)
	    __attribute__((warn_unused_result));
/* A customer's request where its body was erased. */
extern const uint8_t audit_erased_request[ID_PROOF_BYTES];

/* Both are lent until audit_stored_free. */
enum audit_status audit_stored_new(struct audit *audit,
	    struct audit_report *report, struct audit_stored **stored);
/* NULL is allowed. */
void	 audit_stored_free(struct audit_stored *stored);

/*
 * Each returns AUDIT_FAULT where the tables say otherwise.
 *
 * A customer; *id is the row number of the one before in joining order, 0 for
 * none, and becomes this one's.
 */
enum audit_status audit_stored_customer(struct audit_stored *stored,
	    const struct audit_replayed *replayed,
	    const struct customer *customer, int64_t *id);
/* All of an incarnation, of whom those that were forgotten are counted. */
enum audit_status audit_stored_customers(struct audit_stored *stored,
	    const struct audit_replayed *replayed);

/* The session's row of the tables, which must be there. */
struct audit_stored_row {
	uint64_t incarnation;
	uint64_t revision;
	uint64_t ended_ms;
	bool	 is_running;
};
enum audit_status audit_stored_read(struct audit_stored *stored,
	    const struct audit_replayed *replayed,
	    struct audit_stored_row *row);
enum audit_status audit_stored_session(struct audit_stored *stored,
	    const struct audit_replayed *replayed,
	    const struct audit_stored_row *row);

/*
 * Sessions and customers that no row of the journal has made.  After a purge
 * sessions that have ended may be left.
 */
enum audit_status audit_stored_others(struct audit_stored *stored,
	    bool is_purged);

#endif
