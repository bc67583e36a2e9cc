#ifndef WEBHOOK_SENDER_H
#define WEBHOOK_SENDER_H

#include <stddef.h>
#include <stdint.h>

#include "admin/webhook_figures.h"

struct payload;
struct webhook_settings;

/*
 * Events on their way: requests by libcurl, some at a time, over connections
 * that are kept.  The URL is the operator's, but not what its host means in the
 * DNS, nor what answers: every address is judged before it is connected to,
 * nothing is followed, and of an answer counts its status alone.
 *
 * Used by one thread, but for webhook_sender_wake().
 */
struct webhook_sender;

enum {
	WEBHOOK_TRANSFERS_MAX = 8,
	WEBHOOK_CONNECT_S = 5,
	WEBHOOK_TIMEOUT_S = 15,
	WEBHOOK_CONNECTION_S = 300,	/* one is kept no longer */
	WEBHOOK_ANSWER_MAX = 65536,	/* bytes that are read of one */
	WEBHOOK_ERROR_BYTES = 128
};

/* What came of a request. */
struct webhook_outcome {
	enum webhook_result result;
	unsigned status;		/* of HTTP; 0: there was none */
	uint64_t retry_after_s;		/* that the answer asks for; or 0 */
	uint64_t took_us;
	char	 error[WEBHOOK_ERROR_BYTES];	/* ""; or what went wrong */
	void	*ctx;			/* of webhook_sender_send() */
};

struct webhook_sender *webhook_sender_new(void);
/* Ends what is under way, without a wait.  NULL is allowed. */
void	 webhook_sender_free(struct webhook_sender *sender);

/* Keep no connection of before.  Nothing may be under way. */
void	 webhook_sender_disconnect(struct webhook_sender *sender);
/*
 * Where requests go from now on; settings stay until the next call.  Nothing
 * may be under way.
 */
void	 webhook_sender_configure(struct webhook_sender *sender,
	    const struct webhook_settings *settings);

size_t	 webhook_sender_busy(const struct webhook_sender *sender);
/*
 * Begin to send body, signed, as the event id, at wall_s since 1970.  There are
 * fewer than WEBHOOK_TRANSFERS_MAX under way.  Both are lent until
 * webhook_sender_next() says what came of it, or it is cancelled.
 */
void	 webhook_sender_send(struct webhook_sender *sender,
	    struct payload *id, struct payload *body, uint64_t wall_s,
	    void *ctx);
/* What came of the next one that is over; -1 if none is. */
int	 webhook_sender_next(struct webhook_sender *sender,
	    struct webhook_outcome *outcome) __attribute__((warn_unused_result));
/* End one that is under way, and get its ctx; NULL if none is. */
void	*webhook_sender_cancel(struct webhook_sender *sender);
/* End that of ctx, if one is under way. */
void	 webhook_sender_cancel_of(struct webhook_sender *sender,
	    const void *ctx);

/* Let what is under way go on, until some is over, ms have passed, or ... */
void	 webhook_sender_wait(struct webhook_sender *sender, uint64_t ms);
/* ... any thread calls this. */
void	 webhook_sender_wake(struct webhook_sender *sender);

#endif
