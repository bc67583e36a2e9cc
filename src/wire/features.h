#ifndef FEATURES_H
#define FEATURES_H

#include <stddef.h>

struct payload;

/* What a client asks for by name, as bits of a set. */
enum {
	FEATURE_LOCK = 1,	/* to be told whether the session is locked */
	FEATURE_PRESENCE = 2,	/* ... who is here */
	FEATURE_SAY = 4,	/* ... what others say */
	FEATURE_DELTA = 8,	/* to get what changed in place of the whole */
	/* Those that are told other than by multicarts, and counted. */
	FEATURES_LIVE = FEATURE_PRESENCE | FEATURE_SAY
};

/* All that a list has, of names between commas; others are passed over. */
unsigned features_of_list(const char *list, size_t len);
/*
 * All that a value of valid JSON has, likewise; -1 if that is no array of
 * strings.
 */
int	 features_read(const char *json, unsigned *features)
	    __attribute__((warn_unused_result));
/*
 * A reply to a client, of which the reference is taken, with the set in its
 * payload.
 */
struct payload *features_add_to_reply(struct payload *reply,
	    unsigned features);

#endif
