#ifndef JOURNAL_EVENTS_H
#define JOURNAL_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

struct payload;

/*
 * Rows of the journal as the events that others are told: what became durable,
 * in order.  A reader has a connection of its own to the database that the
 * store has opened, and is used by one thread at a time, which is neither that
 * of the network nor that of the storage.  It never writes, and is in no
 * transaction between two calls.
 */
struct journal_events;

enum journal_event_type {
	JOURNAL_SESSION_STARTED,
	JOURNAL_CUSTOMER_JOINED,	/* or took the seat of the host */
	JOURNAL_CUSTOMER_RETURNED,
	JOURNAL_CART_CHANGED,
	JOURNAL_CUSTOMER_READY,
	JOURNAL_CUSTOMER_UNREADY,
	JOURNAL_SESSION_READY,		/* all in the multicart are, now ... */
	JOURNAL_SESSION_UNREADY,	/* ... or no more, but by the end */
	JOURNAL_SESSION_LOCKED,
	JOURNAL_SESSION_UNLOCKED,
	JOURNAL_CUSTOMER_LEFT,
	JOURNAL_SESSION_ENDED
};

#define JOURNAL_EVENT_TYPES	(JOURNAL_SESSION_ENDED + 1)

/* Why somebody left. */
enum journal_event_reason {
	JOURNAL_REASON_NONE,		/* it is no CUSTOMER_LEFT */
	JOURNAL_REASON_LEFT,		/* by the customer's own wish */
	JOURNAL_REASON_EXPIRED,
	JOURNAL_REASON_REMOVED,		/* by the shop or an administrator */
	JOURNAL_REASON_REPLACED		/* another host took the seat */
};

/* A row makes one event, or up to three, in this order. */
enum journal_event_part {
	JOURNAL_PART_DISPLACED,	/* the host lost the seat to who comes */
	JOURNAL_PART_ROW,	/* what the row itself is about */
	JOURNAL_PART_READINESS	/* what it did to whether all are ready */
};

struct journal_event {
	int64_t	 seq;			/* of its row */
	enum journal_event_part part;
	enum journal_event_type type;
	struct payload *session;	/* as it is stored */
	uint64_t incarnation;
	uint64_t revision;
	uint64_t time_ms;		/* wall clock */
	bool	 has_customer;
	struct customer_id customer;
	struct payload *account;	/* SESSION_STARTED, CUSTOMER_JOINED: */
					/* what the ticket named and is not */
					/* erased; or NULL */
	enum journal_event_reason reason;
	bool	 is_timed_out;		/* SESSION_UNLOCKED: locked too long */
};

enum journal_events_status {
	JOURNAL_EVENTS_OK,
	JOURNAL_EVENTS_PURGED,	/* the row to begin with is deleted */
	JOURNAL_EVENTS_AHEAD,	/* the journal does not reach that row */
	JOURNAL_EVENTS_FAILED	/* the database could not be read, which is */
				/* logged once until it can be again */
};

enum {
	/* What one call reads at the most, besides its last row. */
	JOURNAL_EVENTS_ROWS_MAX = 1000,
	JOURNAL_EVENTS_ACCOUNT_BYTES_MAX = 256 * 1024
};

/* One call's events, whose references are the page's. */
struct journal_events_page {
	struct journal_event *events;
	size_t	 count;
	int64_t	 last;			/* the row behind which to go on: rows */
					/* that are no events are passed over */
	int64_t	 newest;		/* of the journal, then; 0 for no row */
};

/* path, that of the store, is copied.  Nothing is opened before a call. */
struct journal_events *journal_events_new(const char *path);
/*
 * Have goes_on(ctx) asked every second or so while a call waits for a server:
 * false, and the call fails within seconds.  Before the first call.
 */
void	 journal_events_set_waiting(struct journal_events *reader,
	    bool (*goes_on)(void *ctx), void *ctx);
/* NULL is allowed.  Before store_close(), which empties the log. */
void	 journal_events_free(struct journal_events *reader);

/*
 * Read on behind row after, from the oldest row that there is if it is 0, until
 * max events are found or more, if the last row makes several, or so many rows
 * were looked at, or it took some milliseconds.  Events are those of one shop,
 * "" for none of its own.  The page is empty unless this returns
 * JOURNAL_EVENTS_OK.
 */
enum journal_events_status journal_events_read_shop(
	    struct journal_events *reader, const char *shop, int64_t after,
	    size_t max, struct journal_events_page *page)
	    __attribute__((warn_unused_result));

/*
 * The events of one session, as it is stored, in the rows from from to upto;
 * from the oldest row that there is if from is 0.  Of carts of the page one
 * after the other there is the last.  As above, the page goes on to last, also
 * where there is no event; newest is upto.
 */
enum journal_events_status journal_events_read_session(
	    struct journal_events *reader, const char *session, int64_t from,
	    int64_t upto, size_t max, struct journal_events_page *page)
	    __attribute__((warn_unused_result));

/* The newest row alone. */
enum journal_events_status journal_events_newest(struct journal_events *reader,
	    int64_t *newest) __attribute__((warn_unused_result));

/* Drop the page's references; the page itself is the caller's. */
void	 journal_events_page_clear(struct journal_events_page *page);

#endif
