#include "client_quota.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "hub/peer.h"
#include "hub/quota.h"
#include "hub/shop.h"

int
client_quota_enter(struct peer *peer, struct quota *quota,
    const struct client_origin *client, enum address_detail detail)
{
	const struct address *address = &client->address;
	uint8_t key[QUOTA_KEY_BYTES] = { 0 };
	bool is_limited = address_limit_key(address, key);
	bool has_place = is_limited && !client->is_counted;
	char text[ADDRESS_TEXT_MAX + 1];

	if (has_place && quota_connect(quota, key) == -1)
		return -1;
	if (shop_connect(client->shop, is_limited ? key : NULL) == -1) {
		if (has_place)
			quota_disconnect(quota, key, clock_now().mono_ms);
		return -1;
	}
	peer->has_place = has_place;
	peer->is_limited = is_limited;
	memcpy(peer->quota_key, key, sizeof(key));
	peer->shop = client->shop;
	peer->session_id = payload_new(client->session,
	    strlen(client->session));
	address_format_detail(address, detail, text);
	if (text[0] != '\0')
		peer->address = payload_new(text, strlen(text));
	return 0;
}

void
client_quota_keep(struct peer *peer)
{
	peer->has_place = peer->is_limited;
}

void
client_quota_leave(struct peer *peer, struct quota *quota)
{
	uint64_t now_ms = clock_now().mono_ms;

	if (peer->has_place)
		quota_disconnect(quota, peer->quota_key, now_ms);
	shop_disconnect(peer->shop, peer->is_limited ? peer->quota_key : NULL,
	    now_ms);
	payload_unref(peer->session_id);
	payload_unref(peer->address);
}
