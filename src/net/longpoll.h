#ifndef LONGPOLL_H
#define LONGPOLL_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "base/buf.h"
#include "config/address.h"
#include "latency.h"
#include "session/record.h"
#include "session/refusal.h"

struct deferred;
struct hub;
struct quota;
struct client_origin;

/*
 * One request of the long-polling protocol (buddyshopping-protocol(7)), as a
 * peer of the hub that lives until it is answered.
 */
struct longpoll;
struct longpolls;

enum { LONGPOLL_TRANSPORTS = TRANSPORT_FASTCGI + 1 };

/* Some of them by transport. */
struct longpolls_counts {
	size_t	 held[LONGPOLL_TRANSPORTS];
	struct latency_counts deliveries[LONGPOLL_TRANSPORTS];
	uint64_t refusals[REFUSALS];	/* without the hub, by code */
	uint64_t limited;	/* too many connections of an address, or shop */
};

struct longpolls_config {
	uv_loop_t *loop;
	struct hub *hub;
	struct quota *quota;
};

/* What may change: longpolls_configure(). */
struct longpolls_settings {
	size_t	 max_body;	/* bytes; 0 for no limit */
	enum address_detail log_addresses;	/* in the journal */
};

struct longpolls *longpolls_new(const struct longpolls_config *config,
	    const struct longpolls_settings *settings);
/* Take over the settings, for requests that come from now on. */
void	 longpolls_configure(struct longpolls *polls,
	    const struct longpolls_settings *settings);
/* After the last one was answered; the loop's close callbacks free it. */
void	 longpolls_free(struct longpolls *polls);
size_t	 longpolls_count(const struct longpolls *polls);
void	 longpolls_copy_counts(const struct longpolls *polls,
	    struct longpolls_counts *counts);
/* An answer of a poll was written to its last byte; news is the answer's. */
void	 longpolls_delivered(struct longpolls *polls, enum transport transport,
	    const struct outbox_news *news);
/* Answer all held ones: the service is stopping. */
void	 longpolls_drain(struct longpolls *polls);

/*
 * A request for a session, by a client; NULL if its address or the shop has too
 * many connections.
 */
struct longpoll *longpoll_new(struct longpolls *polls, enum transport transport,
	    const struct client_origin *client)
	    __attribute__((warn_unused_result));

/* The Authorization field; NULL if there is none. */
void	 longpoll_set_authorization(struct longpoll *poll, const char *value);
/*
 * A GET: the query of its target, without '?', stands for a body, and one that
 * comes all the same has it refused.
 */
void	 longpoll_set_query(struct longpoll *poll, const char *query);
/* The answer to the request, whose body is a message; owns poll from here. */
struct deferred *longpoll_defer(struct longpoll *poll);

#endif
