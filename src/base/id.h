#ifndef ID_H
#define ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Names that nobody can guess, and proofs that only we can make.  Random ids
 * come from a ChaCha20 stream under a seed, so that whoever holds the seed (a
 * test, a simulation) gets the same ids again; proofs are HMAC-SHA256 under the
 * key that is kept beside the database.
 */

enum {
	ID_CUSTOMER_BYTES = 12,
	ID_CUSTOMER_HEX = 2 * ID_CUSTOMER_BYTES,
	ID_KEY_BYTES = 32,
	ID_KEY_DIGEST_BYTES = 32,
	ID_PROOF_BYTES = 32,		/* of HMAC-SHA256 */
	ID_TOKEN_CHARS = 43,		/* base64url of a proof, unpadded */
	ID_TAG_HEX = 8
};

struct customer_id {
	uint8_t	 bytes[ID_CUSTOMER_BYTES];
};

struct id_key {
	uint8_t	 bytes[ID_KEY_BYTES];
};

/* A stream of random bytes that are a function of the seed alone. */
struct id_source {
	struct id_key seed;
	uint64_t block;		/* number of the next block of the stream */
	uint8_t	 bytes[64];
	size_t	 used;		/* of bytes */
};

/* A new key or seed from the system's random generator. */
void	 id_key_random(struct id_key *key);

void	 id_source_init(struct id_source *source, const struct id_key *seed);
void	 id_source_bytes(struct id_source *source, void *out, size_t n);

bool	 customer_id_equal(const struct customer_id *a,
	    const struct customer_id *b);
/* Write the ID_CUSTOMER_HEX digits and a NUL. */
void	 customer_id_format(const struct customer_id *id,
	    char out[ID_CUSTOMER_HEX + 1]);
/* Read what was written so, and in lower case; -1 if text is anything else. */
int	 customer_id_parse(const char *text, size_t len,
	    struct customer_id *id) __attribute__((warn_unused_result));

/*
 * The token that proves a customer of a session: base64url (RFC 4648, section
 * 5, without padding) of HMAC-SHA256(key, "token" NUL session NUL customer id
 * in hex), with a NUL.
 */
void	 id_token(const struct id_key *key, const char *session,
	    const struct customer_id *id, char out[ID_TOKEN_CHARS + 1]);
/* Whether token is that token; takes the same time wherever it differs. */
bool	 id_token_is_valid(const struct id_key *key, const char *session,
	    const struct customer_id *id, const char *token);

/* Whether text is made of the characters of base64url only. */
bool	 id_is_url_text(const char *text, size_t len);

/* What is kept of a requestId: HMAC-SHA256(key, "request" NUL session NUL
 * it). */
void	 id_request_digest(const struct id_key *key, const char *session,
	    const char *request_id, uint8_t out[ID_PROOF_BYTES]);

/* The tag that stands for a session in logs, with a NUL. */
void	 id_log_tag(const struct id_key *key, const char *session,
	    char out[ID_TAG_HEX + 1]);

/* What tells the key from others: HMAC-SHA256(key, "key" NUL NUL). */
void	 id_key_digest(const struct id_key *key,
	    uint8_t digest[ID_KEY_DIGEST_BYTES]);

/* A hash for tables whose keys clients choose; the key is secret. */
unsigned id_hash(const struct id_key *key, const void *data, size_t len);

#endif
