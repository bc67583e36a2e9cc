#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/buf.h"

struct multicart;

/*
 * What one peer is still to be sent: replies in their order, and behind them
 * at most one multicart, the newest.  A peer that reads slowly misses
 * multicarts in between, costs constant memory, and ends up with the newest.
 */
struct outbox_reply;

struct outbox {
	STAILQ_HEAD(, outbox_reply) replies;
	size_t	 reply_count;
	struct multicart *state;	/* NULL if none waits */
};

/* One message to send: the first len bytes of body, then tail. */
struct outbox_item {
	struct payload *body;	/* the taker's reference */
	size_t	 len;
	const char *tail;	/* a constant; "" for none */
};

void	 outbox_init(struct outbox *outbox);
void	 outbox_clear(struct outbox *outbox);

/* Takes the reference. */
void	 outbox_add_reply(struct outbox *outbox, struct payload *reply);
/* Put multicart, of which a reference is made, in place of an older one. */
void	 outbox_set_state(struct outbox *outbox, struct multicart *multicart);
/* What was to be shown is none of the peer's business any more. */
void	 outbox_drop_state(struct outbox *outbox);

bool	 outbox_is_empty(const struct outbox *outbox);
/*
 * Take the next message.  A multicart is given with its cursor or without, as
 * with_cursor says.  False if the outbox is empty.
 */
bool	 outbox_take(struct outbox *outbox, bool with_cursor,
	    struct outbox_item *item);

#endif
