#ifndef PENDING_CALL_H
#define PENDING_CALL_H

#include <stdint.h>

#include "ctl.h"
#include "daemon_request.h"

/* What the daemon is asked to do, and does later: it gives the call a number. */

/* POST to target. */
enum ctl_status pending_call_begin(const struct ctl *ctl, const char *target,
	    uint64_t *number);
/*
 * GET target, which names the call, until it is not pending any more.  CTL_OK,
 * and answer is to be cleared, if its "state" is another one; otherwise what is
 * wrong was said, of what if the daemon does not know the call.
 */
enum ctl_status pending_call_await(const struct ctl *ctl, const char *what,
	    const char *target, struct daemon_answer *answer);

#endif
