#ifndef WEBHOOK_FIGURES_H
#define WEBHOOK_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"

/* What those who run the daemon are told of webhooks. */

/* What came of sending an event once. */
enum webhook_result {
	WEBHOOK_DELIVERED,	/* 2xx */
	WEBHOOK_REFUSED,	/* another status */
	WEBHOOK_TIMED_OUT,
	WEBHOOK_UNREACHABLE,	/* no host, connection or TLS; no HTTP */
	WEBHOOK_FORBIDDEN,	/* its address is not public */
	WEBHOOK_RESULTS
};

enum webhook_test_state {
	WEBHOOK_TEST_UNKNOWN,	/* no such number */
	WEBHOOK_TEST_PENDING,
	WEBHOOK_TEST_DONE
};

/* What came of an event that was sent to see whether that works. */
struct webhook_test {
	enum webhook_test_state state;
	enum webhook_result result;
	unsigned status;		/* of HTTP; 0 for none */
	uint64_t took_us;
	char	 error[128];		/* "" for none */
};

struct webhook_figures {
	bool	 is_on;			/* there is a URL */
	uint64_t results[WEBHOOK_RESULTS];
	uint64_t given_up;		/* events */
	uint64_t purged;		/* times that rows were gone unread */
	struct histogram duration_us;	/* of sending, whatever came of it */
	int64_t	 delivered_seq;		/* all rows up to this are done with,
					   but for what is parked */
	int64_t	 read_seq;
	size_t	 parked;		/* sessions */
	size_t	 held;			/* events in memory */
	size_t	 under_way;
	uint64_t oldest_ms;		/* since the oldest event happened
					   that is not delivered; 0: none */
	uint64_t paused_ms;		/* for so long nothing is sent: the
					   receiver asked for it */
	unsigned last_status;		/* of the newest answer; 0 for none */
	char	 last_error[128];	/* of the newest failure; "" if it was
					   delivered */
};

/*
 * What they can do about those of a shop, by its name: see api/webhooks.h.
 */
struct webhook_operations {
	/*
	 * Those of the shop at a place, the first of which is outside of
	 * sections; returns its name, or NULL if there is none any more.
	 */
	const char *(*copy_figures)(void *ctx, size_t place,
		    struct webhook_figures *figures);
	uint64_t (*test)(void *ctx, const char *shop);
	struct webhook_test (*tested)(void *ctx, const char *shop,
		    uint64_t number);
	int	(*replay)(void *ctx, const char *shop, int64_t seq);
	void	*ctx;
};

const char *webhook_result_name(enum webhook_result result);
/* All is 0 but what is constant. */
void	 webhook_figures_init(struct webhook_figures *figures);
/*
 * Add those of another shop, of which what is a sum is added, and of what waits
 * the longest stays.  What is told of one alone is left as it is.
 */
void	 webhook_figures_add(struct webhook_figures *sum,
	    const struct webhook_figures *figures);

#endif
