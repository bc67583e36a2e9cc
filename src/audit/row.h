#ifndef ROW_H
#define ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "session/record.h"
#include "storage/chain.h"

struct sql_statement;

/*
 * A row of the journal, with its body, as the record that was appended.  What
 * cannot have been written by store_append() is refused, also where it would
 * mean the same: hashes cover what a row says, not how it is written.
 */

struct audit_row {
	int64_t	 seq;
	int64_t	 previous_seq;	/* the row of its session before; 0: none */
	struct record record;	/* its references are the row's; row numbers */
				/* of customers are 0 */
	bool	 is_erased;	/* nothing is left of the body */
	bool	 is_expired;	/* it is, and by a RETAIN; set by who knows */
	uint8_t	 digest[CHAIN_HASH_BYTES];
	uint8_t	 hash[CHAIN_HASH_BYTES];
};

/* Drop the row's references; the row itself is the caller's. */
void	 audit_row_clear(struct audit_row *row);

/*
 * Both read from the row that a statement stands at, and return NULL, or what
 * is wrong with it; row may be incomplete then, but has its seq.
 *
 * The columns of the journal, which are the statement's first, into an empty
 * row.  The session's name is left to the caller.
 */
#define AUDIT_ROW_COLUMNS						\
	"j.seq, j.session, j.incarnation, j.revision, j.event,"	\
	" j.ts_ms, j.transport, j.customer, j.displaced, j.flags,"	\
	" j.client_seq, j.digest, j.hash, j.previous_seq"
enum { AUDIT_ROW_WIDTH = 14 };
const char *audit_row_read(const struct sql_statement *at, struct audit_row *row)
	    __attribute__((warn_unused_result));
/* The columns of the body, from that number on. */
#define AUDIT_BODY_COLUMNS						\
	"b.salt, b.name, b.address, b.cart, b.request, b.account"
const char *audit_row_read_body(const struct sql_statement *at, int first,
	    struct audit_row *row)
	    __attribute__((warn_unused_result));

#endif
