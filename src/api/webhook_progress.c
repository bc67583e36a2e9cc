/* How far a queue has got: what is kept of it, and what is shown. */
#include "webhook_queue.h"

#include "hub/webhook_state.h"
#include "webhook_lanes.h"

/* The row of the first event of a lane; 0 if that is not known. */
static int64_t
first_seq(const struct webhook_lane *lane)
{
	if (lane->count > 0)
		return TAILQ_FIRST(&lane->events)->event.place.seq;
	return lane->is_parked ? lane->from.seq : 0;
}

/* The row up to which all is done but for what fails. */
static int64_t
delivered_seq(const struct webhook_queue *queue)
{
	const struct webhook_lane *lane;
	int64_t seq = queue->position, first;

	TAILQ_FOREACH(lane, &queue->lanes, entry) {
		if (lane->is_failing)
			continue;
		first = first_seq(lane);
		if (first != 0 && first - 1 < seq)
			seq = first - 1;
	}
	return seq;
}

struct webhook_state *
webhook_queue_state(const struct webhook_queue *queue)
{
	struct webhook_state *state = webhook_state_new();
	struct webhook_lane *lane;

	state->seq = delivered_seq(queue);
	TAILQ_FOREACH(lane, &queue->lanes, entry) {
		const struct webhook_parked parked = {
			.session = lane->session,
			.seq = lane->from.seq,
			.attempts = lane->attempts,
			.first_ms = lane->first_ms,
			.next_ms = lane->next_ms,
		};

		if (lane->is_failing)
			webhook_state_park(state, &parked);
	}
	return state;
}

/* When the first event of a lane happened, as far as that is known. */
static uint64_t
lane_oldest_ms(const struct webhook_lane *lane)
{
	if (lane->count > 0)
		return TAILQ_FIRST(&lane->events)->event.time_ms;
	if (!lane->is_parked)
		return 0;
	return lane->event_ms != 0 ? lane->event_ms : lane->first_ms;
}

void
webhook_queue_copy_figures(const struct webhook_queue *queue,
    struct webhook_queue_figures *figures)
{
	const struct webhook_lane *lane;
	uint64_t ms;

	*figures = (struct webhook_queue_figures){
		.delivered_seq = delivered_seq(queue),
		.read_seq = queue->position,
		.parked = queue->failing_count,
		.held = queue->held_count,
		.held_back_ms = queue->hold_ms,
	};
	TAILQ_FOREACH(lane, &queue->lanes, entry) {
		ms = lane_oldest_ms(lane);
		if (ms != 0 && (figures->oldest_ms == 0 ||
		    ms < figures->oldest_ms))
			figures->oldest_ms = ms;
	}
}
