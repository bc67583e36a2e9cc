#ifndef FCGI_CONFIG_H
#define FCGI_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "bad_request.h"
#include "config/address.h"

struct exchange_answer;
struct exchange_request;
struct outbox_news;
struct unsent;

/* What an owner of FastCGI connections says, is asked, and can count. */

struct fcgi_owner {
	/* Decide about a request, which cannot become a WebSocket. */
	void	(*request)(void *ctx, const struct exchange_request *request,
		    struct exchange_answer *answer);
	/* An answer that shows news was written to its last byte. */
	void	(*delivered)(void *ctx, const struct outbox_news *news);
	/* A connection ended. */
	void	(*ended)(void *ctx);
};

/* Why a connection ended: the first reason that there was. */
enum fcgi_end {
	FCGI_END_CLOSED,	/* by the web server, or when all was said */
	FCGI_END_FAULT,		/* the web server broke the protocol */
	FCGI_END_LATE,		/* params or a body took too long */
	FCGI_END_STALL,		/* the web server took nothing */
	FCGI_END_UNTRUSTED,	/* it was not let in */
	FCGI_ENDS
};

struct fcgi_counts {
	size_t	 open;
	uint64_t opened;
	uint64_t closed[FCGI_ENDS];
	struct bad_requests refused;	/* for params or length */
};

struct fcgi_service_config {
	uv_loop_t *loop;
	struct unsent *unsent;		/* outlives it */
	const struct fcgi_owner *owner;
	void	*ctx;
	unsigned idle_timeout_s;	/* between two requests, before the
					   time for the next one's params */
};

/*
 * What may change: fcgi_service_configure().  The times are in seconds, 0 for
 * none: until a request's params and its body are there, and for a web server
 * that takes nothing.
 */
struct fcgi_service_settings {
	unsigned head_timeout_s;
	unsigned body_timeout_s;
	unsigned stall_timeout_s;
	size_t	 max_connections;	/* told to who asks; 0: unlimited */
	const struct address_prefix *trusted_proxies;	/* lent until then */
	size_t	 trusted_proxies_count;
	enum address_detail log_addresses;
};

#endif
