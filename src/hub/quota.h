#ifndef QUOTA_H
#define QUOTA_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

/*
 * What one network address may take: connections at a time, new sessions and
 * attempts to become a customer in a minute, and bytes that it has written to
 * the disk; a session has a quota of the latter, too.  A key is remembered
 * while it has connections or anything still counts, and at most so many of the
 * latter: those of which the least still counts are forgotten first, so that
 * none is made to be forgotten cheaply by what others do.
 */
struct quota;

enum { QUOTA_KEY_BYTES = 16 };

/* Bytes that may be written; 0 for no limit. */
struct quota_writes {
	uint64_t per_s;
	uint64_t burst;		/* at once; with per_s only */
	uint64_t per_day;
};

/* What of these was met. */
enum quota_window {
	QUOTA_SECOND,
	QUOTA_DAY,
	QUOTA_WINDOWS
};

/* All of them may change: quota_configure(). */
struct quota_settings {
	size_t	 max_connections;	/* of one address; 0 for no limit */
	unsigned sessions_per_minute;	/* 0 for no limit */
	unsigned attempts_per_minute;	/* likewise */
	struct quota_writes writes;
};

/* hash_key is secret and random. */
struct quota *quota_new(const struct id_key *hash_key,
	    const struct quota_settings *settings);
/* Take over the limits; what is counted so far stays counted. */
void	 quota_configure(struct quota *quota,
	    const struct quota_settings *settings);
void	 quota_free(struct quota *quota);

/* The key of a session by the number of its row. */
void	 quota_row_key(int64_t row, uint8_t key[QUOTA_KEY_BYTES]);

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
/*
 * One more attempt to become or to be a customer, or to have a key of the
 * shop's server; likewise.  The address need not have connections here.
 */
unsigned quota_attempt(struct quota *quota,
	    const uint8_t key[QUOTA_KEY_BYTES], uint64_t now_ms);

/*
 * In how many seconds key may have so many bytes written, 0 for now; window
 * says what it has to wait for.  Nothing is counted.
 */
unsigned quota_write_wait(const struct quota *quota,
	    const uint8_t key[QUOTA_KEY_BYTES], uint64_t bytes,
	    uint64_t now_ms, enum quota_window *window);
/* They are written. */
void	 quota_write(struct quota *quota, const uint8_t key[QUOTA_KEY_BYTES],
	    uint64_t bytes, uint64_t now_ms);

#endif
