#ifndef LONGPOLL_H
#define LONGPOLL_H

#include <stddef.h>

#include <uv.h>

#include "base/buf.h"
#include "config/address.h"
#include "latency.h"
#include "session/record.h"
#include "session/refusal.h"

struct hub;
struct exchange_answer;
struct quota;
struct visitor;

/*
 * One request of the long-polling protocol (buddyshopping-protocol(7)), as a
 * peer of the hub that lives until it is answered.  Which library or server
 * brought the request is its owner's business: the owner hands over what it
 * read, waits for answered(), and says so if its client goes away meanwhile.
 */
struct poll;
struct polls;

enum { POLL_TRANSPORTS = TRANSPORT_FASTCGI + 1 };

/* Some of them by transport. */
struct polls_counts {
	size_t	 held[POLL_TRANSPORTS];
	struct delivery_counts deliveries[POLL_TRANSPORTS];
	uint64_t refusals[REFUSALS];	/* without the hub, by code */
	uint64_t limited;	/* too many connections of an address */
};

struct polls_config {
	uv_loop_t *loop;
	struct hub *hub;
	struct quota *quota;
};

/* What may change: polls_configure(). */
struct polls_settings {
	size_t	 max_body;	/* bytes; 0 for no limit */
	enum address_detail log_addresses;	/* in the journal */
};

struct polls *polls_new(const struct polls_config *config,
	    const struct polls_settings *settings);
/* Take over the settings, for requests that come from now on. */
void	 polls_configure(struct polls *polls,
	    const struct polls_settings *settings);
/* After the last one was answered; the loop's close callbacks free it. */
void	 polls_free(struct polls *polls);
size_t	 polls_count(const struct polls *polls);
void	 polls_copy_counts(const struct polls *polls,
	    struct polls_counts *counts);
/* An answer of a poll was written to its last byte; news is the answer's. */
void	 polls_delivered(struct polls *polls, enum transport transport,
	    const struct outbox_news *news);
/* Answer all held ones: the service is stopping. */
void	 polls_stop(struct polls *polls);

/*
 * A request for a session, by a visitor; NULL if its address has too many
 * connections.
 */
struct poll *poll_new(struct polls *polls, enum transport transport,
	    const char *session, const struct visitor *visitor)
	    __attribute__((warn_unused_result));

/*
 * Where the owner's context is to be told the answer, exactly once, unless the
 * poll is cancelled.  The poll is gone when answered() is called.
 */
struct poll_owner {
	void	(*answered)(void *ctx, const struct exchange_answer *answer);
};

/* The Authorization field; NULL if there is none. */
void	 poll_set_authorization(struct poll *poll, const char *value);
/*
 * A GET: the query of its target, without '?', stands for a body, and one that
 * comes all the same has it refused.
 */
void	 poll_set_query(struct poll *poll, const char *query);
/* More of the body, a message; -1 if it gets too large. */
int	 poll_add_body(struct poll *poll, const void *data, size_t len)
	    __attribute__((warn_unused_result));

/* The request is complete.  answered() may be called from within. */
void	 poll_start(struct poll *poll, const struct poll_owner *owner,
	    void *ctx);
/* Answer that the body is too large, instead. */
void	 poll_refuse_body(struct poll *poll, const struct poll_owner *owner,
	    void *ctx);

/* The client is gone, or was answered otherwise: poll is freed. */
void	 poll_cancel(struct poll *poll);

#endif
