#ifndef REVISION_OR_TIME_H
#define REVISION_OR_TIME_H

#include <stdint.h>

#include "timestamp.h"

struct audit_point;

/*
 * Read a point of a session's history: REVISION of its newest incarnation,
 * INCARNATION.REVISION as the cursor of a multicartUpdate has it, or a time as
 * timestamp_parse() takes it.  -1 if it is none of them: problem says what is
 * wrong.
 */
int	 revision_or_time_parse(const char *text, uint64_t now_ms,
	    struct audit_point *point, char problem[TIMESTAMP_PROBLEM_BYTES])
	    __attribute__((warn_unused_result));

#endif
