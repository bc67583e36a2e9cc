#ifndef API_ACCESS_H
#define API_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#include "config/address.h"

struct exchange_answer;
struct exchange_request;
struct shop;
struct shops;

/*
 * Who may call: whoever has a key.  Who has none is told so some times a minute
 * and address, and then that it has to wait; a right key is never made to wait
 * for what others try.
 */
struct api_access;

/* What may change; lent until the next api_access_configure(). */
struct api_access_settings {
	const struct address_prefix *trusted_proxies;
	size_t	 trusted_proxies_count;
	enum address_detail log_addresses;
};

/* Requests without a valid key that are answered so, a minute and address. */
enum { API_ACCESS_FAILURES_PER_MIN = 10 };

/* shops, which have the keys, are lent until api_access_free(). */
struct api_access *api_access_new(const struct shops *shops,
	    const struct api_access_settings *settings);
void	 api_access_configure(struct api_access *access,
	    const struct api_access_settings *settings);
void	 api_access_free(struct api_access *access);

/*
 * The name of the key that the request has, valid until the shops are
 * configured again, and whose it is; or NULL, and answer says why not.  now_ms
 * is on the monotonic clock.
 */
const char *api_access_check(struct api_access *access,
	    const struct exchange_request *request, uint64_t now_ms,
	    struct shop **shop, struct exchange_answer *answer);

/* The address of who asks, with as much detail as is written down. */
void	 api_access_address(const struct api_access *access,
	    const struct exchange_request *request,
	    char out[ADDRESS_TEXT_MAX + 1]);

#endif
