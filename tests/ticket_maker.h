#ifndef TICKET_MAKER_H
#define TICKET_MAKER_H

#include <stddef.h>

#include "wire/ticket_key.h"

struct payload;

/*
 * Tickets as a shop's server makes them.  The keys are those of RFC 7515, A.1
 * and A.3, and of RFC 8037, A.1: "hs", "es" and "ed".
 */

/* The public keys in PEM. */
extern const char ticket_maker_es_pem[];
extern const char ticket_maker_ed_pem[];

enum { TICKET_MAKER_SECRET_BYTES = 64 };
/* The secret of "hs". */
void	 ticket_maker_secret(char out[TICKET_MAKER_SECRET_BYTES]);

/* All three. */
struct ticket_keys *ticket_maker_keys(void);

/*
 * What stands in front of the second dot: header and claims, bytes of any kind;
 * a reference.
 */
struct payload *ticket_maker_text(const char *header, size_t header_len,
	    const char *claims, size_t claims_len);
/* That with its signature by the private key of an algorithm, as a ticket. */
struct payload *ticket_maker_sign(enum ticket_algorithm algorithm,
	    const struct payload *text);
/* Likewise for HS256 by a secret of len bytes. */
struct payload *ticket_maker_sign_with(const char *secret, size_t len,
	    const struct payload *text);
/* Both, with ' for " in texts. */
struct payload *ticket_make(enum ticket_algorithm algorithm,
	    const char *header, const char *claims);

#endif
