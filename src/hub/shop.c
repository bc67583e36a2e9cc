#include "shop.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct shops {
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
	struct shop *shop = xcalloc(1, sizeof(*shop));

	memcpy(shop->name, name, strlen(name) + 1);
	STAILQ_INSERT_TAIL(&shops->list, shop, entry);
	return shop;
}

struct shops *
shops_new(const struct shop_settings *settings, size_t count)
{
	struct shops *shops = xcalloc(1, sizeof(*shops));

	STAILQ_INIT(&shops->list);
	shops_configure(shops, settings, count);
	return shops;
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
		shop->is_served = true;
		shop->settings = settings[i];
	}
}

void
shops_free(struct shops *shops)
{
	struct shop *shop;

	while ((shop = STAILQ_FIRST(&shops->list)) != NULL) {
		STAILQ_REMOVE_HEAD(&shops->list, entry);
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
