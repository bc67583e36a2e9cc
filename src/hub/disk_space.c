#include "disk_space.h"

#include <inttypes.h>

#include "base/log.h"
#include "core.h"
#include "session/record.h"

/* Between two measurements while nothing is written and room is scarce. */
#define INTERVAL_MS 1000

enum {
	/* By this part more has to be free until scarcity is over. */
	SLACK = 16,
	/* Bytes of a cart that is not large. */
	SMALL_CART = 4096
};

void
disk_space_configure(struct hub *hub)
{
	hub->disk_space.is_due = true;
	if (hub->settings.min_free_bytes != 0)
		return;
	hub->disk_space.state = DISK_SPACE_ENOUGH;
	hub->disk_space.is_known = false;
	hub->disk_space.free_bytes = 0;
}

bool
disk_space_refuses(const struct hub *hub, const struct job *job)
{
	const struct record *record = &job->record;

	if (record->event == RECORD_LEAVE)
		return false;
	switch (hub->disk_space.state) {
	case DISK_SPACE_ENOUGH:
		return false;
	case DISK_SPACE_LOW:
		return record->event == RECORD_START ||
		    (record->cart != NULL && record->cart->len > SMALL_CART);
	case DISK_SPACE_RESERVED:
		break;
	}
	return true;
}

uint64_t
disk_space_next_ms(const struct hub *hub)
{
	const struct disk_space *space = &hub->disk_space;

	if (hub->settings.min_free_bytes == 0 || space->is_measuring ||
	    (!space->is_due && space->state == DISK_SPACE_ENOUGH))
		return UINT64_MAX;
	return space->is_due ? hub->now.mono_ms :
	    space->measured_ms + INTERVAL_MS;
}

static void
submit_measurement(struct hub *hub)
{
	struct disk_space *space = &hub->disk_space;

	space->is_due = false;
	space->is_measuring = true;
	space->measured_ms = hub->now.mono_ms;
	core_submit_job(hub, NULL, job_new(JOB_MEASURE_DISK));
}

void
disk_space_tick(struct hub *hub)
{
	if (hub->now.mono_ms >= disk_space_next_ms(hub))
		submit_measurement(hub);
}

void
disk_space_end_turn(struct hub *hub)
{
	if (hub->disk_space.is_due && hub->settings.min_free_bytes != 0 &&
	    !hub->disk_space.is_measuring)
		submit_measurement(hub);
}

/* What there is room for, with some slack before it is more than before. */
static enum disk_space_state
judge_free_bytes(const struct disk_space *space, uint64_t min)
{
	uint64_t slack = min / SLACK;

	if (space->free_bytes < min / 2 +
	    (space->state == DISK_SPACE_RESERVED ? slack : 0))
		return DISK_SPACE_RESERVED;
	if (space->free_bytes < min +
	    (space->state != DISK_SPACE_ENOUGH ? slack : 0))
		return DISK_SPACE_LOW;
	return DISK_SPACE_ENOUGH;
}

static void
log_disk_space(const struct disk_space *space, enum disk_space_state before,
    uint64_t min)
{
	if (before == DISK_SPACE_ENOUGH)
		log_warnx("space: %" PRIu64 " bytes are free on the disk, "
		    "less than min-free-space (%" PRIu64 "): new sessions and "
		    "large carts are refused, below half of it all changes",
		    space->free_bytes, min);
	else if (space->state == DISK_SPACE_ENOUGH)
		log_warnx("space: %" PRIu64 " bytes are free on the disk: "
		    "everything is accepted again", space->free_bytes);
}

void
disk_space_measured(struct hub *hub, const struct job *job)
{
	struct disk_space *space = &hub->disk_space;
	enum disk_space_state before = space->state;
	uint64_t min = hub->settings.min_free_bytes;

	space->is_measuring = false;
	if (min == 0 || !job->disk.is_measured)
		return;
	space->is_known = true;
	space->free_bytes = job->disk.free_bytes;
	space->state = judge_free_bytes(space, min);
	if (space->state != before)
		log_disk_space(space, before, min);
}
