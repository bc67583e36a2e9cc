#ifndef CHAIN_H
#define CHAIN_H

#include <stdint.h>

struct record;

/*
 * The hashes by which the journal proves itself: each row's hash covers the
 * row before, and the digest of its body, which can be erased nevertheless.
 * sql/schema.sql defines both.  Nothing here reads or writes a database.
 */

enum {
	CHAIN_HASH_BYTES = 32,		/* SHA-256 */
	CHAIN_HASH_HEX = 2 * CHAIN_HASH_BYTES
};

/* The journal's end: the number and hash of its last row; 0 for no row. */
struct chain_head {
	int64_t	 seq;
	uint8_t	 hash[CHAIN_HASH_BYTES];
};

/* Write the CHAIN_HASH_HEX digits and a NUL. */
void	 chain_hash_format(const uint8_t hash[CHAIN_HASH_BYTES],
	    char out[CHAIN_HASH_HEX + 1]);

/* journal.digest: of what stands in the record's body. */
void	 chain_digest(const struct record *record,
	    uint8_t digest[CHAIN_HASH_BYTES]);

/* journal.flags, which is part of the hash. */
uint64_t chain_flags(const struct record *record);
/* The other way: give record, whose event is set, what flags say. */
void	 chain_read_flags(struct record *record, uint64_t flags);

/* Move head on to record's row, whose body has that digest. */
void	 chain_append(struct chain_head *head, const struct record *record,
	    const uint8_t digest[CHAIN_HASH_BYTES]);

#endif
