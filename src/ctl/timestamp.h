#ifndef TIMESTAMP_H
#define TIMESTAMP_H

#include <stdint.h>

/*
 * Points in time as people write them:
 *
 *   2026-11-22T16:34:24.5+01:00   RFC 3339; seconds may be missing, and a
 *                                 blank stand for the T; Z is UTC
 *   2026-11-22T16:34              without a zone: local time
 *   2026-11-22                    the day's beginning, local time
 *   @1795365264.5                 seconds since 1970
 *   90s  15m  2h  3d  1w  1d12h   as long ago, with or without "ago"
 *   now
 */

enum {
	TIMESTAMP_CHARS = 24,		/* that timestamp_format() writes */
	TIMESTAMP_PROBLEM_BYTES = 128
};

/*
 * Read text; ms are of the wall clock since 1970.  -1 if it is no time, or one
 * before 1970 or after 9999: problem then says what is wrong.
 */
int	 timestamp_parse(const char *text, uint64_t now_ms, uint64_t *ms,
	    char problem[TIMESTAMP_PROBLEM_BYTES])
	    __attribute__((warn_unused_result));

/* As 2026-11-22T16:34:24.500Z, with a NUL; later than 9999 as 9999's last. */
void	 timestamp_format(uint64_t ms, char out[TIMESTAMP_CHARS + 1]);

#endif
