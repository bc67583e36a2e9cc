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
	CHAIN_HASH_HEX = 2 * CHAIN_HASH_BYTES,
	CHAIN_HEAD_CHARS = 20 + 1 + CHAIN_HASH_HEX
};

/* The journal's end: the number and hash of its last row; 0 for no row. */
struct chain_head {
	int64_t	 seq;
	uint8_t	 hash[CHAIN_HASH_BYTES];
};

/* Write it as "SEQ:HASH", the hash in hexadecimal, with a NUL. */
void	 chain_head_format(const struct chain_head *head,
	    char out[CHAIN_HEAD_CHARS + 1]);
/* Read what was written so, of a row; -1 if text is anything else. */
int	 chain_head_parse(const char *text, struct chain_head *head)
	    __attribute__((warn_unused_result));

/* journal.digest: of what stands in the record's body. */
void	 chain_hash_body(const struct record *record,
	    uint8_t digest[CHAIN_HASH_BYTES]);

/* journal.flags, which is part of the hash. */
uint64_t chain_flags(const struct record *record);
/* The other way: give record, whose event is set, what flags say. */
void	 chain_read_flags(struct record *record, uint64_t flags);

/* Move head on to record's row, whose body has that digest. */
void	 chain_hash_row(struct chain_head *head, const struct record *record,
	    const uint8_t digest[CHAIN_HASH_BYTES]);

#endif
