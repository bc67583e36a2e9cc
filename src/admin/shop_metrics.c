#include "shop_metrics.h"

#include <stddef.h>
#include <stdint.h>

#include "exposition.h"
#include "hub/shop.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void
tell_value(struct exposition *out, const struct shop *shop, uint64_t value)
{
	const struct exposition_label labels[] = { { "shop", shop->name } };

	exposition_sample(out, labels, COUNT(labels), value, EXPOSITION_ONE);
}

static void
tell_scope(struct exposition *out, const struct shop *shop, const char *scope,
    uint64_t value)
{
	const struct exposition_label labels[] = {
		{ "shop", shop->name },
		{ "scope", scope },
	};

	exposition_sample(out, labels, COUNT(labels), value, EXPOSITION_ONE);
}

static void
tell_connections(struct exposition *out, const struct shop *shop)
{
	tell_value(out, shop, shop->connections);
}

static void
tell_sessions(struct exposition *out, const struct shop *shop)
{
	tell_value(out, shop, shop->sessions);
}

static void
tell_started(struct exposition *out, const struct shop *shop)
{
	tell_value(out, shop, shop->counts.started);
}

static void
tell_limited(struct exposition *out, const struct shop *shop)
{
	tell_scope(out, shop, "connections", shop->counts.limited_connections);
	tell_scope(out, shop, "sessions", shop->counts.limited_sessions);
	tell_scope(out, shop, "starts", shop->counts.limited_starts);
}

static const struct family {
	const char *name;
	enum exposition_kind kind;
	const char *help;
	void	(*tell)(struct exposition *out, const struct shop *shop);
} families[] = {
	{ "buddyshopping_shop_connections", EXPOSITION_GAUGE,
	    "WebSockets and requests under way of a shop.", tell_connections },
	{ "buddyshopping_shop_sessions", EXPOSITION_GAUGE,
	    "Sessions of a shop that somebody takes part in.", tell_sessions },
	{ "buddyshopping_shop_sessions_started_total", EXPOSITION_COUNTER,
	    "Sessions of a shop that were started.", tell_started },
	{ "buddyshopping_shop_limited_total", EXPOSITION_COUNTER,
	    "What was refused because the shop, or an address there, has too "
	    "many.", tell_limited },
};

void
shop_metrics_tell(struct exposition *exposition, const struct shops *shops)
{
	const struct shop *shop;
	size_t i;

	if (shops == NULL || shops_has_one(shops))
		return;
	for (i = 0; i < COUNT(families); i++) {
		exposition_family(exposition, families[i].name,
		    families[i].kind, families[i].help);
		for (shop = shops_first(shops); shop != NULL;
		    shop = shops_next(shop))
			if (shop->is_served)
				families[i].tell(exposition, shop);
	}
}
