#ifndef ADDRESS_LIMIT_H
#define ADDRESS_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "config/address.h"
#include "net/http.h"

struct options;
struct quota;

/* How many connections an address may have, as max-connections-per-address. */
struct address_limit {
	uv_loop_t *loop;
	struct quota *quota;		/* counts them */
	/* Of the options; lent until address_limit_configure(). */
	const struct address_prefix *trusted_proxies;
	size_t	 trusted_proxies_count;
	enum address_detail log_addresses;
	uint64_t refused;		/* connections */
	uint64_t warn_ms;		/* see log_is_due() */
};

/* Both are lent for the life of limit. */
void	 address_limit_init(struct address_limit *limit, uv_loop_t *loop,
	    struct quota *quota);
/* Take over whom proxies are trusted to speak for, and what is logged. */
void	 address_limit_configure(struct address_limit *limit,
	    const struct options *options);
/* A connection from there begins. */
enum http_place address_limit_take(struct address_limit *limit,
	    const struct sockaddr *from);
/* One whose place was taken has ended. */
void	 address_limit_release(struct address_limit *limit,
	    const struct sockaddr *from);

#endif
