#include "output.h"

#include <assert.h>
#include <stddef.h>

#include "core.h"

void
output_delay(struct hub *hub, struct room *room, uint64_t due_ms)
{
	struct room *before;

	assert(!room->is_delayed);
	room->is_delayed = true;
	room->delayed_ms = due_ms;
	TAILQ_FOREACH_REVERSE(before, &hub->delayed, room_list, delaying)
		if (before->delayed_ms <= due_ms)
			break;
	if (before == NULL)
		TAILQ_INSERT_HEAD(&hub->delayed, room, delaying);
	else
		TAILQ_INSERT_AFTER(&hub->delayed, before, room, delaying);
}

void
output_charge(struct hub *hub, struct room *room, uint64_t bytes)
{
	uint64_t wait_ms = rate_overdraw(&room->output,
	    &hub->output_limit, bytes, hub->now.mono_ms);

	if (wait_ms == 0 || room->is_delayed)
		return;
	hub->counts.delayed_publishes++;
	output_delay(hub, room, hub->now.mono_ms + wait_ms);
}

void
output_configure(struct hub *hub)
{
	uint64_t rate = hub->settings.session_output_rate;
	struct room *room;

	/* A second's worth may go out at once. */
	hub->output_limit = rate_limit(rate, 1, rate);
	/* What was spent was counted by another rate. */
	TAILQ_FOREACH(room, &hub->delayed, delaying) {
		room->output = (struct rate){ 0 };
		room->delayed_ms = hub->now.mono_ms;
	}
}
