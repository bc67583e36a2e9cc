#include "shop.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/xalloc.h"
#include "peer.h"
#include "quota.h"

struct shops {
	struct id_key hash_key;
	STAILQ_HEAD(, shop) list;
};

static struct shop *
find_shop(const struct shops *shops, const char *name, size_t len)
{
	struct shop *shop;

	STAILQ_FOREACH(shop, &shops->list, entry)
		if (strncmp(shop->name, name, len) == 0 &&
		    shop->name[len] == '\0')
			return shop;
	return NULL;
}

static struct shop *
add_shop(struct shops *shops, const char *name)
{
	static const struct quota_settings none = { .max_connections = 0 };
	struct shop *shop = xcalloc(1, sizeof(*shop));

	if (!STAILQ_EMPTY(&shops->list))
		shop->quota = quota_new(&shops->hash_key, &none);
	memcpy(shop->name, name, strlen(name) + 1);
	TAILQ_INIT(&shop->unjoined);
	STAILQ_INSERT_TAIL(&shops->list, shop, entry);
	return shop;
}

struct shops *
shops_new(const struct id_key *hash_key, const struct shop_settings *settings,
    size_t count)
{
	struct shops *shops = xcalloc(1, sizeof(*shops));

	shops->hash_key = *hash_key;
	STAILQ_INIT(&shops->list);
	shops_configure(shops, settings, count);
	return shops;
}

/* One address alone does not take all places: it has half, at most. */
static size_t
connections_per_address(const struct shop_settings *settings)
{
	size_t all = settings->max_connections;

	return all > 1 ? all / 2 : all;
}

static void
configure_shop(struct shop *shop, const struct shop_settings *settings)
{
	const struct quota_settings quota = {
		.max_connections = connections_per_address(settings),
		.attempts_per_minute = settings->sessions_per_minute,
	};

	shop->is_served = true;
	shop->settings = *settings;
	if (shop->quota != NULL)
		quota_configure(shop->quota, &quota);
}

void
shops_configure(struct shops *shops, const struct shop_settings *settings,
    size_t count)
{
	struct shop *shop;
	size_t i;

	STAILQ_FOREACH(shop, &shops->list, entry) {
		shop->is_served = false;
		shop->settings = (struct shop_settings){ .name = shop->name };
	}
	for (i = 0; i < count; i++) {
		shop = find_shop(shops, settings[i].name,
		    strlen(settings[i].name));
		if (shop == NULL)
			shop = add_shop(shops, settings[i].name);
		configure_shop(shop, &settings[i]);
	}
}

void
shops_free(struct shops *shops)
{
	struct shop *shop;

	while ((shop = STAILQ_FIRST(&shops->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&shops->list, entry);
		if (shop->quota != NULL)
			quota_free(shop->quota);
		free(shop);
	}
	free(shops);
}

struct shop *
shops_first(const struct shops *shops)
{
	return STAILQ_FIRST(&shops->list);
}

struct shop *
shops_next(const struct shop *shop)
{
	return STAILQ_NEXT(shop, entry);
}

bool
shops_has_one(const struct shops *shops)
{
	return shops_next(shops_first(shops)) == NULL;
}

struct shop *
shops_of_session(const struct shops *shops, const char *session)
{
	return find_shop(shops, session, session_name_shop_len(session));
}

bool
shop_is_full(const struct shop *shop)
{
	size_t max = shop->settings.max_connections;

	return max != 0 && shop->connections >= max;
}

int
shop_connect(struct shop *shop, const uint8_t *address)
{
	if (shop_is_full(shop) || (address != NULL && shop->quota != NULL &&
	    quota_connect(shop->quota, address) == -1)) {
		shop->counts.limited_connections++;
		return -1;
	}
	shop->connections++;
	return 0;
}

void
shop_disconnect(struct shop *shop, const uint8_t *address, uint64_t now_ms)
{
	shop->connections--;
	if (address != NULL && shop->quota != NULL)
		quota_disconnect(shop->quota, address, now_ms);
}

bool
shop_has_room(struct shop *shop)
{
	size_t max = shop->settings.max_sessions;

	if (max == 0 || shop->sessions < max)
		return true;
	shop->counts.limited_sessions++;
	return false;
}
