#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/audit.h"
#include "base/id.h"
#include "storage/chain.h"

/*
 * The digests of all bodies, in order of seq, made ahead by a thread with a
 * connection of its own: reading and hashing bodies is half of the work of a
 * verification.  What it saw may be some moments older or newer than what the
 * caller sees: a body that was appended or deleted meanwhile is not there.
 */
struct audit_digests;
struct audit_row;
struct sql_statement;

struct audit_digest {
	int64_t	 seq;
	const char *fault;	/* what is wrong with the body, or NULL */
	bool	 is_erased;	/* then there is no digest */
	uint8_t	 digest[CHAIN_HASH_BYTES];
	bool	 has_account;	/* which the row's flags have to say */
	bool	 has_request;	/* what a replay needs of a body */
	uint8_t	 request[ID_PROOF_BYTES];
};

/* Digest the body of row, which is read into it, from a column on. */
void	 audit_digest_make(struct audit_digest *digest, struct audit_row *row,
	    const struct sql_statement *at, int first);

/* Start behind the body of number after. */
enum audit_status audit_digests_start(const char *path, int64_t after,
	    struct audit_digests **digests);
/* NULL is allowed. */
void	 audit_digests_stop(struct audit_digests *digests);

/*
 * Find the digest of body seq, which is higher than in the call before; lent
 * until the next one.  *digest is NULL if there is none.
 */
enum audit_status audit_digests_find(struct audit_digests *digests,
	    int64_t seq, const struct audit_digest **digest);

#endif
