#include "id.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/base64.h>
#include <nettle/chacha.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include "hex.h"
#include "log.h"

void
id_key_random(struct id_key *key)
{
	/* Up to 256 bytes come whole once the system's generator is ready. */
	while (getrandom(key, sizeof(*key), 0) != sizeof(*key))
		if (errno != EINTR)
			fatal("getrandom");
}

void
id_source_init(struct id_source *source, const struct id_key *seed)
{
	*source = (struct id_source){
		.seed = *seed,
		.used = sizeof(source->bytes),
	};
}

static void
source_refill(struct id_source *source)
{
	static const uint8_t zero[sizeof(source->bytes)];
	uint8_t nonce[CHACHA_NONCE_SIZE];
	struct chacha_ctx ctx;

	memcpy(nonce, &source->block, sizeof(nonce));
	source->block++;
	chacha_set_key(&ctx, source->seed.bytes);
	chacha_set_nonce(&ctx, nonce);
	chacha_crypt(&ctx, sizeof(source->bytes), source->bytes, zero);
	source->used = 0;
}

void
id_source_bytes(struct id_source *source, void *out, size_t n)
{
	uint8_t *to = out;

	while (n > 0) {
		size_t left = sizeof(source->bytes) - source->used;
		size_t take = n < left ? n : left;

		memcpy(to, source->bytes + source->used, take);
		source->used += take;
		to += take;
		n -= take;
		if (source->used == sizeof(source->bytes))
			source_refill(source);
	}
}

bool
customer_id_equal(const struct customer_id *a, const struct customer_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

void
customer_id_format(const struct customer_id *id, char out[ID_CUSTOMER_HEX + 1])
{
	hex_format(id->bytes, sizeof(id->bytes), out);
}

int
customer_id_parse(const char *text, size_t len, struct customer_id *id)
{
	char written[ID_CUSTOMER_HEX + 1];

	if (len != ID_CUSTOMER_HEX ||
	    hex_parse(text, sizeof(id->bytes), id->bytes) == -1)
		return -1;
	/* No other spelling of it is an id. */
	customer_id_format(id, written);
	return memcmp(text, written, len) == 0 ? 0 : -1;
}

/* HMAC-SHA256 of purpose NUL session NUL subject. */
static void
hmac_sha256_of(const struct id_key *key, const char *purpose,
    const char *session, const char *subject, uint8_t out[ID_PROOF_BYTES])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, sizeof(key->bytes), key->bytes);
	hmac_sha256_update(&ctx, strlen(purpose) + 1, (const uint8_t *)purpose);
	hmac_sha256_update(&ctx, strlen(session) + 1, (const uint8_t *)session);
	hmac_sha256_update(&ctx, strlen(subject), (const uint8_t *)subject);
	hmac_sha256_digest(&ctx, ID_PROOF_BYTES, out);
}

void
id_token(const struct id_key *key, const char *session,
    const struct customer_id *id, char out[ID_TOKEN_CHARS + 1])
{
	char hex[ID_CUSTOMER_HEX + 1];
	char padded[BASE64_ENCODE_RAW_LENGTH(ID_PROOF_BYTES)];
	uint8_t proof[ID_PROOF_BYTES];
	struct base64_encode_ctx ctx;
	size_t n;

	customer_id_format(id, hex);
	hmac_sha256_of(key, "token", session, hex, proof);
	base64url_encode_init(&ctx);
	n = base64_encode_update(&ctx, padded, sizeof(proof), proof);
	n += base64_encode_final(&ctx, padded + n);
	assert(n == sizeof(padded) && n > ID_TOKEN_CHARS);
	memcpy(out, padded, ID_TOKEN_CHARS);
	out[ID_TOKEN_CHARS] = '\0';
}

bool
id_token_is_valid(const struct id_key *key, const char *session,
    const struct customer_id *id, const char *token)
{
	char expected[ID_TOKEN_CHARS + 1];

	id_token(key, session, id, expected);
	return strlen(token) == ID_TOKEN_CHARS &&
	    memeql_sec(token, expected, ID_TOKEN_CHARS);
}

void
id_request_digest(const struct id_key *key, const char *session,
    const char *request_id, uint8_t out[ID_PROOF_BYTES])
{
	hmac_sha256_of(key, "request", session, request_id, out);
}

void
id_key_digest(const struct id_key *key, uint8_t digest[ID_KEY_DIGEST_BYTES])
{
	hmac_sha256_of(key, "key", "", "", digest);
}

void
id_log_tag(const struct id_key *key, const char *session,
    char out[ID_TAG_HEX + 1])
{
	uint8_t proof[ID_PROOF_BYTES];

	hmac_sha256_of(key, "log", session, "", proof);
	hex_format(proof, ID_TAG_HEX / 2, out);
}

unsigned
id_hash(const struct id_key *key, const void *data, size_t len)
{
	struct hmac_sha256_ctx ctx;
	unsigned hash;

	hmac_sha256_set_key(&ctx, sizeof(key->bytes), key->bytes);
	hmac_sha256_update(&ctx, len, data);
	hmac_sha256_digest(&ctx, sizeof(hash), (uint8_t *)&hash);
	return hash;
}

static bool
is_url_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

bool
id_is_url_text(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && is_url_char(text[i]))
		i++;
	return i == len;
}
