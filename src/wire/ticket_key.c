#include "ticket_key.h"

#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/eddsa.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>

#include "base/xalloc.h"

enum {
	P256_BYTES = 32,	/* of a coordinate, and of half a signature */
	PEM_MAX = 1024		/* a key of ours has less than 200 */
};

/*
 * A SubjectPublicKeyInfo in DER has no choices but the key itself, so what
 * stands in front of that is always the same.
 */
static const uint8_t p256_info[] = {
	0x30, 0x59,			/* SEQUENCE */
	0x30, 0x13,			/*   SEQUENCE */
	0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
					/*     id-ecPublicKey */
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
					/*     secp256r1 */
	0x03, 0x42, 0x00,		/*   BIT STRING */
	0x04				/*     a point, not compressed */
};
static const uint8_t ed25519_info[] = {
	0x30, 0x2a,			/* SEQUENCE */
	0x30, 0x05,			/*   SEQUENCE */
	0x06, 0x03, 0x2b, 0x65, 0x70,	/*     id-Ed25519 */
	0x03, 0x21, 0x00		/*   BIT STRING */
};

struct ticket_key {
	char	*name;
	enum ticket_algorithm algorithm;
	uint8_t	 digest[SHA256_DIGEST_SIZE];	/* of what it was made from */
	union {
		struct hmac_sha256_ctx hmac;	/* its key is set */
		struct ecc_point p256;
		uint8_t	 ed25519[ED25519_KEY_SIZE];
	};
};

struct ticket_keys {
	struct ticket_key list[TICKET_KEYS_MAX];
	size_t	 count;
};

struct ticket_keys *
ticket_keys_new(void)
{
	return xcalloc(1, sizeof(struct ticket_keys));
}

void
ticket_keys_free(struct ticket_keys *keys)
{
	size_t i;

	if (keys == NULL)
		return;
	for (i = 0; i < keys->count; i++) {
		free(keys->list[i].name);
		if (keys->list[i].algorithm == TICKET_ES256)
			ecc_point_clear(&keys->list[i].p256);
	}
	/* No secret is left behind in memory that others get. */
	explicit_bzero(keys, sizeof(*keys));
	free(keys);
}

size_t
ticket_keys_count(const struct ticket_keys *keys)
{
	return keys->count;
}

static bool
keys_are_equal(const struct ticket_key *a, const struct ticket_key *b)
{
	return a->algorithm == b->algorithm && strcmp(a->name, b->name) == 0 &&
	    memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

bool
ticket_keys_are_equal(const struct ticket_keys *a, const struct ticket_keys *b)
{
	size_t i;

	if (a == NULL || b == NULL)
		return a == b;
	for (i = 0; i < a->count && i < b->count; i++)
		if (!keys_are_equal(&a->list[i], &b->list[i]))
			return false;
	return a->count == b->count;
}

const struct ticket_key *
ticket_keys_find(const struct ticket_keys *keys, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < keys->count; i++)
		if (strlen(keys->list[i].name) == len &&
		    memcmp(keys->list[i].name, name, len) == 0)
			return &keys->list[i];
	return NULL;
}

/* Begin the key that comes next; NULL, or why there is none. */
static const char *
begin_key(struct ticket_keys *keys, const char *name, const void *made_from,
    size_t len, struct ticket_key **key)
{
	struct sha256_ctx ctx;

	if (*name == '\0')
		return "has no name in front of its suffix";
	if (ticket_keys_find(keys, name, strlen(name)) != NULL)
		return "has the name of another key";
	if (keys->count == TICKET_KEYS_MAX)
		return "is one key too many";
	*key = &keys->list[keys->count];
	sha256_init(&ctx);
	sha256_update(&ctx, len, made_from);
	sha256_digest(&ctx, sizeof((*key)->digest), (*key)->digest);
	return NULL;
}

/* The key is complete. */
static void
end_key(struct ticket_keys *keys, const char *name,
    enum ticket_algorithm algorithm)
{
	struct ticket_key *key = &keys->list[keys->count++];

	key->name = xstrdup(name);
	key->algorithm = algorithm;
}

const char *
ticket_keys_add_secret(struct ticket_keys *keys, const char *name,
    const char *secret, size_t len)
{
	struct ticket_key *key;
	const char *fault;

	if (len < TICKET_SECRET_MIN)
		return "has less than 32 bytes";
	if (len > TICKET_SECRET_MAX)
		return "has more than 4096 bytes";
	fault = begin_key(keys, name, secret, len, &key);
	if (fault != NULL)
		return fault;
	hmac_sha256_set_key(&key->hmac, len, (const uint8_t *)secret);
	end_key(keys, name, TICKET_HS256);
	return NULL;
}

/* Behind prefix, if text begins with it. */
static const char *
pass_text(const char *text, const char *end, const char *prefix)
{
	size_t len = strlen(prefix);

	return (size_t)(end - text) >= len && memcmp(text, prefix, len) == 0 ?
	    text + len : NULL;
}

/* Where only white space is left. */
static bool
is_space(const char *text, const char *end)
{
	while (text < end && strchr(" \t\r\n", *text) != NULL &&
	    *text != '\0')
		text++;
	return text == end;
}

/* What is between the lines of a PEM text; its bytes are at most PEM_MAX. */
static int
decode_pem(const char *text, size_t len, uint8_t *bytes, size_t *count)
{
	const char *end = text + len, *body, *tail;
	struct base64_decode_ctx ctx;

	body = pass_text(text, end, "-----BEGIN PUBLIC KEY-----");
	if (body == NULL)
		return -1;
	tail = memchr(body, '-', (size_t)(end - body));
	if (tail == NULL)
		return -1;
	base64_decode_init(&ctx);
	/* White space between the characters is passed over. */
	if (!base64_decode_update(&ctx, count, bytes, (size_t)(tail - body),
	    body) || !base64_decode_final(&ctx))
		return -1;
	tail = pass_text(tail, end, "-----END PUBLIC KEY-----");
	return tail != NULL && is_space(tail, end) ? 0 : -1;
}

/* Whether both numbers are those of a point of the curve. */
static bool
set_point(struct ecc_point *point, const uint8_t *coordinates)
{
	mpz_t x, y;
	int is_set;

	nettle_mpz_init_set_str_256_u(x, P256_BYTES, coordinates);
	nettle_mpz_init_set_str_256_u(y, P256_BYTES, coordinates + P256_BYTES);
	ecc_point_init(point, nettle_get_secp_256r1());
	is_set = ecc_point_set(point, x, y);
	mpz_clear(x);
	mpz_clear(y);
	if (is_set == 0)
		ecc_point_clear(point);
	return is_set != 0;
}

static const char *
set_public_key(struct ticket_key *key, const uint8_t *info, size_t len,
    enum ticket_algorithm *algorithm)
{
	if (len == sizeof(p256_info) + 2 * P256_BYTES &&
	    memcmp(info, p256_info, sizeof(p256_info)) == 0) {
		*algorithm = TICKET_ES256;
		return set_point(&key->p256, info + sizeof(p256_info)) ? NULL :
		    "is no point of the curve P-256";
	}
	if (len == sizeof(ed25519_info) + ED25519_KEY_SIZE &&
	    memcmp(info, ed25519_info, sizeof(ed25519_info)) == 0) {
		*algorithm = TICKET_EDDSA;
		memcpy(key->ed25519, info + sizeof(ed25519_info),
		    ED25519_KEY_SIZE);
		return NULL;
	}
	return "is a public key, but none of P-256 (not compressed) or "
	    "Ed25519";
}

const char *
ticket_keys_add_pem(struct ticket_keys *keys, const char *name,
    const char *text, size_t len)
{
	uint8_t info[BASE64_DECODE_LENGTH(PEM_MAX)];
	enum ticket_algorithm algorithm;
	struct ticket_key *key;
	const char *fault;
	size_t info_len;

	if (memmem(text, len, "PRIVATE KEY-----", 16) != NULL)
		return "has a private key, which is the shop's alone: the "
		    "public one belongs here";
	if (len > PEM_MAX || decode_pem(text, len, info, &info_len) == -1)
		return "is no public key in PEM";
	fault = begin_key(keys, name, info, info_len, &key);
	if (fault == NULL)
		fault = set_public_key(key, info, info_len, &algorithm);
	if (fault == NULL)
		end_key(keys, name, algorithm);
	return fault;
}

const char *
ticket_key_algorithm(const struct ticket_key *key)
{
	switch (key->algorithm) {
	case TICKET_HS256:
		return "HS256";
	case TICKET_ES256:
		return "ES256";
	case TICKET_EDDSA:
		return "EdDSA";
	}
	return NULL;
}

static bool
verify_hs256(const struct ticket_key *key, const char *text, size_t len,
    const uint8_t *signature)
{
	struct hmac_sha256_ctx ctx = key->hmac;
	uint8_t expected[SHA256_DIGEST_SIZE];

	hmac_sha256_update(&ctx, len, (const uint8_t *)text);
	hmac_sha256_digest(&ctx, sizeof(expected), expected);
	return memeql_sec(signature, expected, sizeof(expected)) != 0;
}

static bool
verify_es256(const struct ticket_key *key, const char *text, size_t len,
    const uint8_t *signature)
{
	struct dsa_signature pair;
	struct sha256_ctx ctx;
	uint8_t digest[SHA256_DIGEST_SIZE];
	int is_good;

	sha256_init(&ctx);
	sha256_update(&ctx, len, (const uint8_t *)text);
	sha256_digest(&ctx, sizeof(digest), digest);
	dsa_signature_init(&pair);
	nettle_mpz_set_str_256_u(pair.r, P256_BYTES, signature);
	nettle_mpz_set_str_256_u(pair.s, P256_BYTES, signature + P256_BYTES);
	is_good = ecdsa_verify(&key->p256, sizeof(digest), digest, &pair);
	dsa_signature_clear(&pair);
	return is_good != 0;
}

bool
ticket_key_verifies(const struct ticket_key *key, const char *text, size_t len,
    const uint8_t *signature, size_t signature_len)
{
	switch (key->algorithm) {
	case TICKET_HS256:
		return signature_len == SHA256_DIGEST_SIZE &&
		    verify_hs256(key, text, len, signature);
	case TICKET_ES256:
		return signature_len == 2 * P256_BYTES &&
		    verify_es256(key, text, len, signature);
	case TICKET_EDDSA:
		return signature_len == ED25519_SIGNATURE_SIZE &&
		    ed25519_sha512_verify(key->ed25519, len,
		    (const uint8_t *)text, signature) != 0;
	}
	return false;
}
