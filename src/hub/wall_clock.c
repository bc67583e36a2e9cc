#include "wall_clock.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/*
 * Slewing moves both clocks alike.  A leap second, or a step that a time server
 * asks for after a while without one, is no reason for doubt.
 */
#define JUMP_MS 10000

static int64_t
offset_of(const struct now *now)
{
	return (int64_t)now->wall_ms - (int64_t)now->boot_ms;
}

void
wall_clock_init(struct wall_clock *wall, const struct now *now)
{
	wall->offset_ms = offset_of(now);
	wall->since_ms = now->boot_ms;
	wall->was_believed = false;
	wall->jump_count = 0;
}

/* The two oldest become one that lasted as long as both. */
static void
merge_oldest_jumps(struct wall_clock *wall)
{
	struct wall_clock_jump *jumps = wall->jumps;

	if (wall->jump_count < WALL_CLOCK_JUMPS_MAX)
		return;
	if (jumps[0].offset_ms < jumps[1].offset_ms)
		jumps[1].offset_ms = jumps[0].offset_ms;
	jumps[1].was_believed |= jumps[0].was_believed;
	wall->jump_count--;
	memmove(jumps, jumps + 1, wall->jump_count * sizeof(*jumps));
}

static void
log_jump(int64_t ms, uint64_t grace_ms)
{
	log_warnx("wall clock: %" PRId64 " s %s; no session ends and nothing "
	    "is erased by age for %" PRIu64 " s",
	    (ms < 0 ? -ms : ms) / 1000, ms < 0 ? "back" : "ahead",
	    grace_ms / 1000);
}

void
wall_clock_check(struct wall_clock *wall, const struct now *now,
    uint64_t grace_ms)
{
	int64_t jump_ms = offset_of(now) - wall->offset_ms;

	if (jump_ms > JUMP_MS || jump_ms < -JUMP_MS) {
		merge_oldest_jumps(wall);
		if (wall_clock_doubt_ms(wall, now, grace_ms) == 0)
			wall->was_believed = true;
		wall->jumps[wall->jump_count++] = (struct wall_clock_jump){
			.boot_ms = now->boot_ms,
			.offset_ms = wall->offset_ms,
			.was_believed = wall->was_believed,
		};
		wall->since_ms = now->boot_ms;
		log_jump(jump_ms, grace_ms);
	}
	wall->offset_ms = offset_of(now);
}

uint64_t
wall_clock_doubt_ms(const struct wall_clock *wall, const struct now *now,
    uint64_t grace_ms)
{
	uint64_t stood_ms = now->boot_ms - wall->since_ms;

	return stood_ms < grace_ms ? grace_ms - stood_ms : 0;
}

uint64_t
wall_clock_cutoff_ms(const struct wall_clock *wall, const struct now *now,
    uint64_t life_ms, enum wall_clock_past past)
{
	int64_t limit_ms, offset_ms = wall->offset_ms;
	size_t i;

	for (i = 0; i < wall->jump_count; i++) {
		const struct wall_clock_jump *jump = &wall->jumps[i];

		if (jump->boot_ms + life_ms > now->boot_ms &&
		    (past == WALL_CLOCK_ANY || jump->was_believed) &&
		    jump->offset_ms < offset_ms)
			offset_ms = jump->offset_ms;
	}
	limit_ms = (int64_t)now->boot_ms + offset_ms - (int64_t)life_ms;
	return limit_ms > 0 ? (uint64_t)limit_ms : 0;
}
