#ifndef OUTBOX_H
#define OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"

struct multicart;

/*
 * What one peer is still to be sent: replies in their order, and behind them
 * at most one multicart, the newest.  A peer that reads slowly misses
 * multicarts in between, costs constant memory, and ends up with the newest.
 */
struct outbox_reply;

/* What waits in all outboxes of a hub. */
struct outbox_counts {
	size_t	 replies;
	size_t	 multicarts;
	uint64_t conflations;	/* multicarts that a newer one replaced */
};

/* What a message shows of changes. */
struct outbox_news {
	bool	 is_multicart;
	/* When the oldest change was received that it is the first to show to
	 * its peer, on the monotonic clock; 0 if it shows none. */
	uint64_t since_us;
};

struct outbox {
	struct outbox_counts *counts;
	STAILQ_HEAD(, outbox_reply) replies;
	size_t	 reply_count;
	struct multicart *multicart;	/* NULL if none waits */
	uint64_t since_us;		/* of multicart, as in its news */
};

/* One message to send: the first len bytes of body, then tail. */
struct outbox_item {
	struct payload *body;	/* the taker's reference */
	size_t	 len;
	const char *tail;	/* a constant; "" for none */
	struct multicart *multicart; /* that this is, the taker's reference;
				   or NULL */
	struct outbox_news news;
	bool	 is_live;	/* the hub's: neither, and small */
};

/* counts are lent until outbox_clear(). */
void	 outbox_init(struct outbox *outbox, struct outbox_counts *counts);
void	 outbox_clear(struct outbox *outbox);

/* Takes the reference. */
void	 outbox_add_reply(struct outbox *outbox, struct payload *reply);
/*
 * Put multicart, of which a reference is made, in place of an older one;
 * since_us is that of its news.
 */
void	 outbox_set_multicart(struct outbox *outbox,
	    struct multicart *multicart, uint64_t since_us);
/* What was to be shown is none of the peer's business any more. */
void	 outbox_drop_multicart(struct outbox *outbox);

bool	 outbox_is_empty(const struct outbox *outbox);
/* Whether a delta waits in place of a multicart. */
bool	 outbox_has_delta(const struct outbox *outbox);
/* Bytes of the multicart that waits; 0 if none does. */
size_t	 outbox_multicart_bytes(const struct outbox *outbox);
/* Bytes of the message that is taken next; 0 if there is none. */
size_t	 outbox_next_bytes(const struct outbox *outbox);
/* What the multicart that waits shows, if there is one. */
struct outbox_news outbox_news(const struct outbox *outbox);
/*
 * Take the next message.  A multicart is given with its cursor or without, as
 * with_cursor says.  False if the outbox is empty.
 */
bool	 outbox_take(struct outbox *outbox, bool with_cursor,
	    struct outbox_item *item);

#endif
