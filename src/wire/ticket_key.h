#ifndef TICKET_KEY_H
#define TICKET_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The keys by which a shop's server proves its tickets (ticket.h), each with a
 * name, the kid of RFC 7515, and with the one algorithm for which it is good
 * (RFC 8725, section 3.1): that of a ticket's header chooses nothing.
 */

enum ticket_algorithm {
	TICKET_HS256,		/* RFC 7518, section 3.2 */
	TICKET_ES256,		/* RFC 7518, section 3.4 */
	TICKET_EDDSA		/* RFC 8037, Ed25519 alone */
};

enum {
	TICKET_SECRET_MIN = 32,		/* bytes; RFC 7518, section 3.2 */
	TICKET_SECRET_MAX = 4096,
	TICKET_KEYS_MAX = 64
};

/* Some keys, told apart by their names. */
struct ticket_keys;
struct ticket_key;

struct ticket_keys *ticket_keys_new(void);
/* NULL is allowed. */
void	 ticket_keys_free(struct ticket_keys *keys);

/*
 * Add a key of that name: a secret for HS256, or the text of a public key in
 * PEM (RFC 7468), SubjectPublicKeyInfo of P-256 (RFC 5480, not compressed) or
 * Ed25519 (RFC 8410).  NULL, or what is wrong with it.
 */
const char *ticket_keys_add_secret(struct ticket_keys *keys,
	    const char *name, const char *secret, size_t len)
	    __attribute__((warn_unused_result));
const char *ticket_keys_add_pem(struct ticket_keys *keys, const char *name,
	    const char *text, size_t len)
	    __attribute__((warn_unused_result));

size_t	 ticket_keys_count(const struct ticket_keys *keys);
/* Whether both have the same keys, in the same order; NULL has none. */
bool	 ticket_keys_are_equal(const struct ticket_keys *a,
	    const struct ticket_keys *b);
/* The key of that name, or NULL. */
const struct ticket_key *ticket_keys_find(const struct ticket_keys *keys,
	    const char *name, size_t len);

/* The name of its algorithm in RFC 7518 and RFC 8037. */
const char *ticket_key_algorithm(const struct ticket_key *key);
/* Whether signature is this key's, of the len bytes of text. */
bool	 ticket_key_verifies(const struct ticket_key *key, const char *text,
	    size_t len, const uint8_t *signature, size_t signature_len);

#endif
