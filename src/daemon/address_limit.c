#include "address_limit.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/options.h"
#include "hub/quota.h"

void
address_limit_init(struct address_limit *limit, uv_loop_t *loop,
    struct quota *quota)
{
	*limit = (struct address_limit){ .loop = loop, .quota = quota };
}

void
address_limit_configure(struct address_limit *limit,
    const struct options *options)
{
	limit->trusted_proxies = options->trusted_proxies;
	limit->trusted_proxies_count = options->trusted_proxies_count;
	limit->log_addresses = options->log_addresses;
}

static void
warn_refused(struct address_limit *limit, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX + 1];

	if (!log_is_due(&limit->warn_ms, uv_now(limit->loop)))
		return;
	address_format_detail(address, limit->log_addresses, text);
	log_warnx("network: %s has max-connections-per-address; if it is a "
	    "proxy, name it in trusted-proxies",
	    text[0] != '\0' ? text : "an address");
}

enum http_place
address_limit_take(struct address_limit *limit, const struct sockaddr *from)
{
	struct address address = address_from_sockaddr(from);
	uint8_t key[QUOTA_KEY_BYTES];

	/* For whom a proxy speaks is known only from its requests. */
	if (address_is_trusted(limit->trusted_proxies,
	    limit->trusted_proxies_count, &address) ||
	    !address_limit_key(&address, key))
		return HTTP_PLACE_NONE;
	if (quota_connect(limit->quota, key) == 0)
		return HTTP_PLACE_TAKEN;
	limit->refused++;
	warn_refused(limit, &address);
	return HTTP_PLACE_REFUSED;
}

void
address_limit_release(struct address_limit *limit, const struct sockaddr *from)
{
	struct address address = address_from_sockaddr(from);
	uint8_t key[QUOTA_KEY_BYTES];

	(void)address_limit_key(&address, key);	/* it had one */
	quota_disconnect(limit->quota, key, clock_now().mono_ms);
}
