#ifndef QUOTA_H
#define QUOTA_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

/*
 * What one network address may take: connections at a time, and new sessions
 * in a minute.  An address is remembered while it has connections or its
 * sessions still count, and at most so many of the latter.
 */
struct quota;

enum { QUOTA_KEY_BYTES = 16 };

struct quota_config {
	struct id_key hash_key;		/* secret and random */
	/* The rest may change: quota_configure(). */
	size_t	 max_connections;	/* of one address; 0 for no limit */
	unsigned sessions_per_minute;	/* 0 for no limit */
};

struct quota *quota_new(const struct quota_config *config);
/* Take over the limits of config; what is counted so far stays counted. */
void	 quota_configure(struct quota *quota,
	    const struct quota_config *config);
void	 quota_free(struct quota *quota);

/*
 * One more connection of the address key; -1 if it has too many, and nothing
 * is counted then.
 */
int	 quota_connect(struct quota *quota,
	    const uint8_t key[QUOTA_KEY_BYTES])
	    __attribute__((warn_unused_result));
void	 quota_disconnect(struct quota *quota,
	    const uint8_t key[QUOTA_KEY_BYTES], uint64_t now_ms);

/* One more session; 0, or in how many seconds it may try again. */
unsigned quota_start_session(struct quota *quota,
	    const uint8_t key[QUOTA_KEY_BYTES], uint64_t now_ms);

#endif
