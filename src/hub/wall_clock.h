#ifndef WALL_CLOCK_H
#define WALL_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct now;

/*
 * How far the wall clock may be believed.  It is what records say, and what
 * tells how old they are; but it can be wrong, and put right, at any moment,
 * while the boot clock just goes on.  So both are compared at every reading:
 * where the wall clock has just begun to be read, or has jumped against the
 * other, it is not believed before it has been so for a grace time; and what
 * happened since the hub is there is as long ago as the boot clock says.
 */

enum {
	WALL_CLOCK_JUMPS_MAX = 16	/* beyond, the oldest are one */
};

struct wall_clock_jump {
	uint64_t boot_ms;	/* when it was noticed */
	int64_t	 offset_ms;	/* of the wall clock from it until then */
	bool	 was_believed;	/* it, or any before */
};

struct wall_clock {
	int64_t	 offset_ms;
	uint64_t since_ms;	/* the boot clock at the start or last jump */
	bool	 was_believed;	/* at any jump so far */
	struct wall_clock_jump jumps[WALL_CLOCK_JUMPS_MAX];
	size_t	 jump_count;
};

void	 wall_clock_init(struct wall_clock *wall, const struct now *now);
/* Compare the clocks, and log a jump; no judgement without that. */
void	 wall_clock_check(struct wall_clock *wall, const struct now *now,
	    uint64_t grace_ms);
/* How long the wall clock is not to be believed yet; 0 if it is. */
uint64_t wall_clock_doubt_ms(const struct wall_clock *wall,
	    const struct now *now, uint64_t grace_ms);

/* Which readings count of those that a jump has ended. */
enum wall_clock_past {
	WALL_CLOCK_ANY,
	WALL_CLOCK_BELIEVED
};

/*
 * What records said at the least that are younger than life_ms.  0 if all may
 * be, also those of before the hub's time.
 */
uint64_t wall_clock_cutoff_ms(const struct wall_clock *wall,
	    const struct now *now, uint64_t life_ms,
	    enum wall_clock_past past);

#endif
