#ifndef WEBHOOK_SIGNATURE_H
#define WEBHOOK_SIGNATURE_H

#include <stddef.h>

#include "config/webhook_secrets.h"

/* Signatures as the Standard Webhooks specification (1.0.0) has them. */

enum {
	/* "v1," and 32 bytes in base64 for each secret, blanks between. */
	WEBHOOK_SIGNATURE_CHARS = WEBHOOK_SECRETS_MAX * (3 + 44) +
	    WEBHOOK_SECRETS_MAX - 1
};

/*
 * The value of webhook-signature, with a NUL: HMAC-SHA256 of "id.timestamp.body"
 * under each secret.
 */
void	 webhook_signature_format(const struct webhook_secrets *secrets,
	    const char *id, const char *timestamp, const char *body, size_t len,
	    char out[WEBHOOK_SIGNATURE_CHARS + 1]);

#endif
