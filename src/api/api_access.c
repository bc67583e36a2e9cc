#include "api_access.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api_answer.h"
#include "base/id.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "config/api_keys.h"
#include "hub/quota.h"
#include "hub/shop.h"
#include "net/exchange.h"

struct api_access {
	const struct shops *shops;
	struct api_access_settings settings;
	struct quota *failures;		/* attempts without a valid key */
	uint64_t unlogged;		/* failures since the last line */
	uint64_t next_log_ms;
};

struct api_access *
api_access_new(const struct shops *shops,
    const struct api_access_settings *settings)
{
	static const struct quota_settings failures = {
		.attempts_per_minute = API_ACCESS_FAILURES_PER_MIN,
	};
	struct api_access *access = xcalloc(1, sizeof(*access));
	struct id_key hash_key;

	id_key_random(&hash_key);
	access->shops = shops;
	access->settings = *settings;
	access->failures = quota_new(&hash_key, &failures);
	return access;
}

void
api_access_configure(struct api_access *access,
    const struct api_access_settings *settings)
{
	access->settings = *settings;
}

void
api_access_free(struct api_access *access)
{
	quota_free(access->failures);
	free(access);
}

static struct address
caller_address(const struct api_access *access,
    const struct exchange_request *request)
{
	return address_from_forwarded(access->settings.trusted_proxies,
	    access->settings.trusted_proxies_count, &request->address,
	    request->forwarded_for);
}

void
api_access_address(const struct api_access *access,
    const struct exchange_request *request, char out[ADDRESS_TEXT_MAX + 1])
{
	struct address address = caller_address(access, request);

	address_format_detail(&address, access->settings.log_addresses, out);
}

/*
 * The name of the key of that hash, and whose it is; or NULL.  It takes the same
 * time wherever it is.
 */
static const char *
find_shop_key(const struct api_access *access,
    const uint8_t hash[API_KEY_HASH_BYTES], struct shop **shop)
{
	const char *found = NULL, *name;
	struct shop *s;

	for (s = shops_first(access->shops); s != NULL; s = shops_next(s)) {
		name = api_keys_find(s->settings.api_keys, hash);
		if (name == NULL)
			continue;
		found = name;
		*shop = s;
	}
	return found;
}

/* Likewise of the key that stands in Authorization. */
static const char *
find_key(const struct api_access *access, const char *authorization,
    struct shop **shop)
{
	static const char scheme[] = "Bearer ";
	uint8_t hash[API_KEY_HASH_BYTES];

	if (authorization == NULL ||
	    strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return NULL;
	authorization += sizeof(scheme) - 1;
	authorization += strspn(authorization, " ");
	/* A hash has no length to give away. */
	api_key_hash(authorization, strlen(authorization), hash);
	return find_shop_key(access, hash, shop);
}

static void
log_failure(struct api_access *access, const struct exchange_request *request,
    uint64_t now_ms)
{
	char address[ADDRESS_TEXT_MAX + 1];

	access->unlogged++;
	if (!log_is_due(&access->next_log_ms, now_ms))
		return;
	api_access_address(access, request, address);
	log_info("api: requests without a valid key: %" PRIu64
	    ", the last one from %s", access->unlogged,
	    address[0] != '\0' ? address : "an unnamed address");
	access->unlogged = 0;
}

/* One more failure; 0, or in how many seconds there may be another. */
static unsigned
count_failure(struct api_access *access,
    const struct exchange_request *request, uint64_t now_ms)
{
	struct address address = caller_address(access, request);
	/* Those of this machine have one together. */
	uint8_t key[QUOTA_KEY_BYTES] = { 0 };

	if (!address_limit_key(&address, key))
		memset(key, 0, sizeof(key));
	return quota_attempt(access->failures, key, now_ms);
}

const char *
api_access_check(struct api_access *access,
    const struct exchange_request *request, uint64_t now_ms,
    struct shop **shop, struct exchange_answer *answer)
{
	const char *name = find_key(access, request->authorization, shop);

	if (name != NULL)
		return name;
	log_failure(access, request, now_ms);
	api_answer_invalid_key(answer, count_failure(access, request, now_ms));
	return NULL;
}
