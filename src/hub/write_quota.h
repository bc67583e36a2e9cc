#ifndef WRITE_QUOTA_H
#define WRITE_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "session/refusal.h"

struct hub;
struct job;
struct peer;
struct room;

/*
 * What clients have the daemon write: the session pays for it, and the address
 * that it comes from.  Leaving costs as much, and is never refused.
 */

/*
 * As core_apply_record(), for peer; REFUSAL_STORAGE_UNAVAILABLE if there is no
 * room for job on the disk, REFUSAL_RATE_LIMITED if the session or peer's
 * address has had too much written, and retry_after_s is set.  What is refused
 * costs nothing.
 */
enum refusal write_quota_apply_record(struct hub *hub, struct room *room,
	    struct job *job, const struct peer *peer,
	    unsigned *retry_after_s);

/*
 * Put job behind the others, a note on what the address key did (NULL if that
 * is not limited), if there is room and session and address can pay for it;
 * otherwise false, and job is the caller's.
 */
bool	 write_quota_submit_note(struct hub *hub, struct job *job,
	    const uint8_t *key);

#endif
