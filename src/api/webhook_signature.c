#include "webhook_signature.h"

#include <stdint.h>
#include <string.h>

#include <nettle/base64.h>
#include <nettle/hmac.h>

#define SCHEME "v1,"

static char *
add_signature(const struct webhook_secret *secret, const char *id,
    const char *timestamp, const char *body, size_t len, char *at)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct hmac_sha256_ctx hmac;

	hmac_sha256_set_key(&hmac, secret->len, secret->bytes);
	hmac_sha256_update(&hmac, strlen(id), (const uint8_t *)id);
	hmac_sha256_update(&hmac, 1, (const uint8_t *)".");
	hmac_sha256_update(&hmac, strlen(timestamp),
	    (const uint8_t *)timestamp);
	hmac_sha256_update(&hmac, 1, (const uint8_t *)".");
	hmac_sha256_update(&hmac, len, (const uint8_t *)body);
	hmac_sha256_digest(&hmac, sizeof(digest), digest);
	explicit_bzero(&hmac, sizeof(hmac));
	at = stpcpy(at, SCHEME);
	base64_encode_raw(at, sizeof(digest), digest);
	return at + BASE64_ENCODE_RAW_LENGTH(sizeof(digest));
}

void
webhook_signature_format(const struct webhook_secrets *secrets, const char *id,
    const char *timestamp, const char *body, size_t len,
    char out[WEBHOOK_SIGNATURE_CHARS + 1])
{
	char *at = out;
	size_t i;

	for (i = 0; i < secrets->count; i++) {
		if (i > 0)
			*at++ = ' ';
		at = add_signature(&secrets->list[i], id, timestamp, body, len,
		    at);
	}
	*at = '\0';
}
