#include "ticket_maker.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/eddsa.h>
#include <nettle/hmac.h>
#include <nettle/knuth-lfib.h>
#include <nettle/sha2.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define SIGNATURE_BYTES 64		/* the longest */
#define HALF_BYTES 32

const char ticket_maker_es_pem[] = "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END PUBLIC KEY-----\n";
const char ticket_maker_ed_pem[] = "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";

static void
require(int holds)
{
	if (!holds)
		abort();
}

static void
decode(const char *text, void *out, size_t size)
{
	struct base64_decode_ctx ctx;
	size_t len;

	base64url_decode_init(&ctx);
	require(base64_decode_update(&ctx, &len, out, strlen(text), text));
	require(len == size);
}

void
ticket_maker_secret(char out[TICKET_MAKER_SECRET_BYTES])
{
	decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3"
	    "Yj0iPS4hcgUuTwjAzZr1Z9CAow", out, TICKET_MAKER_SECRET_BYTES);
}

struct ticket_keys *
ticket_maker_keys(void)
{
	struct ticket_keys *keys = ticket_keys_new();
	char secret[TICKET_MAKER_SECRET_BYTES];

	ticket_maker_secret(secret);
	require(ticket_keys_add_secret(keys, "hs", secret, sizeof(secret)) ==
	    NULL);
	require(ticket_keys_add_pem(keys, "es", ticket_maker_es_pem,
	    strlen(ticket_maker_es_pem)) == NULL);
	require(ticket_keys_add_pem(keys, "ed", ticket_maker_ed_pem,
	    strlen(ticket_maker_ed_pem)) == NULL);
	return keys;
}

static void
encode(struct buf *buf, const char *bytes, size_t len)
{
	char *place = buf_reserve(buf, BASE64_ENCODE_RAW_LENGTH(len) + 4);
	struct base64_encode_ctx ctx;
	size_t n;

	require(place != NULL);
	base64url_encode_init(&ctx);
	n = base64_encode_update(&ctx, place, len, (const uint8_t *)bytes);
	n += base64_encode_final(&ctx, place + n);
	while (n > 0 && place[n - 1] == '=')
		n--;
	buf_added(buf, n);
}

struct payload *
ticket_maker_text(const char *header, size_t header_len, const char *claims,
    size_t claims_len)
{
	struct buf buf;

	buf_init(&buf, 1 << 20);
	encode(&buf, header, header_len);
	require(buf_append(&buf, ".", 1) == 0);
	encode(&buf, claims, claims_len);
	return buf_freeze(&buf);
}

static void
hmac(const char *secret, size_t len, const struct payload *text,
    uint8_t *signature)
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, len, (const uint8_t *)secret);
	hmac_sha256_update(&ctx, text->len, (const uint8_t *)text->data);
	hmac_sha256_digest(&ctx, SHA256_DIGEST_SIZE, signature);
}

static size_t
sign_hs256(const struct payload *text, uint8_t *signature)
{
	char secret[TICKET_MAKER_SECRET_BYTES];

	ticket_maker_secret(secret);
	hmac(secret, sizeof(secret), text, signature);
	return SHA256_DIGEST_SIZE;
}

static size_t
sign_es256(const struct payload *text, uint8_t *signature)
{
	uint8_t number[HALF_BYTES], digest[SHA256_DIGEST_SIZE];
	struct knuth_lfib_ctx random;
	struct dsa_signature pair;
	struct sha256_ctx ctx;
	struct ecc_scalar key;
	mpz_t d;

	decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI", number,
	    sizeof(number));
	nettle_mpz_init_set_str_256_u(d, sizeof(number), number);
	ecc_scalar_init(&key, nettle_get_secp_256r1());
	require(ecc_scalar_set(&key, d));
	sha256_init(&ctx);
	sha256_update(&ctx, text->len, (const uint8_t *)text->data);
	sha256_digest(&ctx, sizeof(digest), digest);
	knuth_lfib_init(&random, 1);
	dsa_signature_init(&pair);
	ecdsa_sign(&key, &random, (nettle_random_func *)knuth_lfib_random,
	    sizeof(digest), digest, &pair);
	nettle_mpz_get_str_256(HALF_BYTES, signature, pair.r);
	nettle_mpz_get_str_256(HALF_BYTES, signature + HALF_BYTES, pair.s);
	dsa_signature_clear(&pair);
	ecc_scalar_clear(&key);
	mpz_clear(d);
	return SIGNATURE_BYTES;
}

static size_t
sign_eddsa(const struct payload *text, uint8_t *signature)
{
	uint8_t private[ED25519_KEY_SIZE], public[ED25519_KEY_SIZE];

	decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", private,
	    sizeof(private));
	ed25519_sha512_public_key(public, private);
	ed25519_sha512_sign(public, private, text->len,
	    (const uint8_t *)text->data, signature);
	return ED25519_SIGNATURE_SIZE;
}

static struct payload *
add_signature(const struct payload *text, const uint8_t *signature, size_t len)
{
	struct buf buf;

	buf_init(&buf, 1 << 20);
	require(buf_append(&buf, text->data, text->len) == 0);
	require(buf_append(&buf, ".", 1) == 0);
	encode(&buf, (const char *)signature, len);
	return buf_freeze(&buf);
}

struct payload *
ticket_maker_sign_with(const char *secret, size_t len,
    const struct payload *text)
{
	uint8_t signature[SHA256_DIGEST_SIZE];

	hmac(secret, len, text, signature);
	return add_signature(text, signature, sizeof(signature));
}

struct payload *
ticket_maker_sign(enum ticket_algorithm algorithm, const struct payload *text)
{
	static size_t (*const signers[])(const struct payload *text,
	    uint8_t *signature) = {
		[TICKET_HS256] = sign_hs256,
		[TICKET_ES256] = sign_es256,
		[TICKET_EDDSA] = sign_eddsa,
	};
	uint8_t signature[SIGNATURE_BYTES];
	size_t len = signers[algorithm](text, signature);

	return add_signature(text, signature, len);
}

/* A copy with " for '; free() it. */
static char *
with_quotes(const char *text)
{
	char *copy = xstrdup(text), *p;

	for (p = copy; (p = strchr(p, '\'')) != NULL; p++)
		*p = '"';
	return copy;
}

struct payload *
ticket_make(enum ticket_algorithm algorithm, const char *header,
    const char *claims)
{
	char *h = with_quotes(header), *c = with_quotes(claims);
	struct payload *text = ticket_maker_text(h, strlen(h), c, strlen(c));
	struct payload *ticket = ticket_maker_sign(algorithm, text);

	payload_unref(text);
	free(h);
	free(c);
	return ticket;
}
