#ifndef TICKET_H
#define TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct payload;
struct ticket_keys;

/*
 * Tickets, by which a shop's server says who may start and join sessions: JSON
 * Web Tokens (RFC 7519), signed (RFC 7515, compact), read as strictly as RFC
 * 8725 wants it.  buddyshopping-protocol(7) says what their claims mean.
 */

enum {
	TICKET_BYTES_MAX = 4096,
	TICKET_LEEWAY_S = 60,		/* by which clocks may differ */
	TICKET_ACCOUNT_CHARS = 255,	/* code points */
	TICKET_NESTING = 32		/* levels of header and claims */
};

/* For what a ticket is needed. */
enum ticket_requirement {
	TICKET_FOR_NOTHING,
	TICKET_TO_START,
	TICKET_TO_TAKE_PART	/* to start and to join */
};

/* What is wrong with one: for counters, as its sender is not told. */
enum ticket_fault {
	TICKET_GOOD,
	TICKET_MALFORMED,	/* no JWT, or one that is not as ours are */
	TICKET_UNKNOWN_KEY,
	TICKET_WRONG_ALGORITHM,	/* another than its key's */
	TICKET_WRONG_SIGNATURE,
	TICKET_MALFORMED_CLAIMS,	/* no exp, or one of another type */
	TICKET_EXPIRED,
	TICKET_TOO_EARLY,	/* nbf */
	TICKET_WRONG_AUDIENCE,
	TICKET_WRONG_NAME,
	TICKET_WRONG_SESSION,
	TICKET_WRONG_ROLE,
	TICKET_FAULTS
};

/* What a ticket is to be good for. */
struct ticket_use {
	const char *session;		/* its id */
	const struct payload *name;	/* customerName */
	bool	 starts;		/* else it joins */
	const char *audience;		/* "" for none */
	uint64_t now_s;			/* since 1970 */
};

/*
 * Judge a ticket, which may be anything.  The account that a good one names
 * goes to *account, a reference; NULL if there is none.
 */
enum ticket_fault ticket_judge(const struct ticket_keys *keys,
	    const struct payload *ticket, const struct ticket_use *use,
	    struct payload **account);

/* A word for a fault. */
const char *ticket_fault_name(enum ticket_fault fault);

#endif
