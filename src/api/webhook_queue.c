#include "webhook_queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "hub/webhook_state.h"
#include "webhook_lanes.h"

/* Lanes that are read anew may hold more than is read ahead. */
#define REFILLED_MAX (WEBHOOK_HELD_MAX + 8 * WEBHOOK_REFILL_MAX)

struct webhook_queue *
webhook_queue_new(const struct id_key *seed, uint64_t retry_ms)
{
	struct webhook_queue *queue = xcalloc(1, sizeof(*queue));

	id_source_init(&queue->random, seed);
	queue->retry_ms = retry_ms;
	queue->outage = 1;
	TAILQ_INIT(&queue->lanes);
	return queue;
}

static void
clear_lanes(struct webhook_queue *queue)
{
	while (!TAILQ_EMPTY(&queue->lanes))
		webhook_lanes_remove(queue, TAILQ_FIRST(&queue->lanes));
}

void
webhook_queue_free(struct webhook_queue *queue)
{
	if (queue == NULL)
		return;
	clear_lanes(queue);
	free(queue);
}

void
webhook_queue_configure(struct webhook_queue *queue, uint64_t retry_ms)
{
	queue->retry_ms = retry_ms;
}

void
webhook_queue_begin(struct webhook_queue *queue, int64_t seq)
{
	clear_lanes(queue);
	queue->position = seq;
	queue->hold_ms = 0;
}

void
webhook_queue_restore(struct webhook_queue *queue,
    const struct webhook_state *state)
{
	const struct webhook_parked *parked;
	struct webhook_lane *lane;
	size_t i;

	webhook_queue_begin(queue, state->seq);
	for (i = 0; i < state->parked_count; i++) {
		parked = &state->parked[i];
		lane = webhook_lanes_add(queue, parked->session);
		webhook_lanes_park(queue, lane);
		lane->has_more = true;
		lane->from.seq = parked->seq;
		lane->is_from_known = parked->first_ms != 0;
		lane->next = parked->seq;
		lane->attempts = parked->attempts;
		lane->first_ms = parked->first_ms;
		lane->next_ms = parked->next_ms;
	}
}

void
webhook_queue_replay(struct webhook_queue *queue, int64_t seq)
{
	struct webhook_lane *lane = TAILQ_FIRST(&queue->lanes), *next;

	for (; lane != NULL; lane = next) {
		next = TAILQ_NEXT(lane, entry);
		if (!lane->is_parked || lane->from.seq > seq)
			webhook_lanes_remove(queue, lane);
	}
	queue->position = seq;
}

void
webhook_erased_add(struct webhook_erased *sum,
    const struct webhook_erased *erased)
{
	if (sum->last == 0) {
		*sum = *erased;
		return;
	}
	if (strcmp(sum->session, erased->session) != 0)
		sum->session[0] = '\0';
	if (erased->first < sum->first)
		sum->first = erased->first;
	if (erased->last > sum->last)
		sum->last = erased->last;
}

static bool
says_erased(const struct webhook_lane *lane,
    const struct webhook_erased *erased)
{
	const struct held *held;

	if (erased->session[0] != '\0' &&
	    strcmp(lane->session, erased->session) != 0)
		return false;
	TAILQ_FOREACH(held, &lane->events, entry)
		if (held->event.has_account &&
		    held->event.place.seq >= erased->first &&
		    held->event.place.seq <= erased->last)
			return true;
	return false;
}

struct webhook_lane *
webhook_queue_find_erased(const struct webhook_queue *queue,
    const struct webhook_erased *erased)
{
	struct webhook_lane *lane;

	TAILQ_FOREACH(lane, &queue->lanes, entry)
		if (says_erased(lane, erased))
			return lane;
	return NULL;
}

void
webhook_queue_forget(struct webhook_queue *queue, struct webhook_lane *lane)
{
	webhook_lanes_let_go(queue, lane);
}

/* How often something failed before tells nothing any more. */
static void
end_pauses(struct webhook_queue *queue, uint64_t wall_ms)
{
	struct webhook_lane *lane;

	TAILQ_FOREACH(lane, &queue->lanes, entry) {
		lane->next_ms = wall_ms;
		lane->attempts = 0;
	}
}

void
webhook_queue_hurry(struct webhook_queue *queue, uint64_t wall_ms)
{
	queue->hold_ms = 0;
	end_pauses(queue, wall_ms);
}

int64_t
webhook_queue_position(const struct webhook_queue *queue)
{
	return queue->position;
}

/* So many fail that it is slow going on. */
static bool
is_crowded(const struct webhook_queue *queue)
{
	return queue->failing_count >= WEBHOOK_PARKED_MAX;
}

/* Whether what the lane has is read already: not after a restart or replay. */
static bool
is_reached(const struct webhook_queue *queue, const struct webhook_lane *lane)
{
	return !lane->is_parked || lane->from.seq <= queue->position;
}

static bool
are_all_reached(const struct webhook_queue *queue)
{
	const struct webhook_lane *lane;

	TAILQ_FOREACH(lane, &queue->lanes, entry)
		if (!is_reached(queue, lane))
			return false;
	return true;
}

bool
webhook_queue_wants(const struct webhook_queue *queue)
{
	return queue->held_count < WEBHOOK_HELD_MAX &&
	    queue->lane_count < WEBHOOK_LANES_MAX &&
	    (!is_crowded(queue) || queue->held_count == 0 ||
	    !are_all_reached(queue));
}

void
webhook_queue_add(struct webhook_queue *queue, const char *session,
    struct webhook_event *event)
{
	struct webhook_lane *lane = webhook_lanes_find(queue, session);

	if (lane == NULL)
		lane = webhook_lanes_add(queue, session);
	if (lane->is_parked) {
		lane->has_more = true;
		webhook_lanes_clear_event(event);
		return;
	}
	webhook_lanes_append(queue, lane, event);
}

void
webhook_queue_moved(struct webhook_queue *queue, int64_t seq)
{
	queue->position = seq;
}

/* Whether a time on the wall clock has come, or cannot be believed. */
static bool
has_come(uint64_t ms, const struct webhook_clock *now)
{
	return ms <= now->wall_ms || ms - now->wall_ms > WEBHOOK_PAUSE_MAX_MS;
}

/* Whom to try because nothing got through for a while; or NULL. */
static struct webhook_lane *
find_probe(const struct webhook_queue *queue, const struct webhook_clock *now)
{
	struct webhook_lane *lane, *first = NULL;

	if (queue->outage_lanes == 0 ||
	    !has_come(queue->tried_ms + WEBHOOK_PROBE_MS, now))
		return NULL;
	TAILQ_FOREACH(lane, &queue->lanes, entry)
		if (lane->is_failing && !lane->is_under_way &&
		    is_reached(queue, lane) && (first == NULL ||
		    lane->next_ms < first->next_ms))
			first = lane;
	return first;
}

/* In how many ms the carts' pause of a lane is over. */
static uint64_t
cart_wait_ms(const struct webhook_lane *lane, const struct webhook_clock *now)
{
	uint64_t end_ms = lane->cart_ms + WEBHOOK_CART_MS;

	return lane->cart_ms == 0 || now->mono_ms >= end_ms ? 0 :
	    end_ms - now->mono_ms;
}

/* What comes behind a cart does not wait for it. */
static uint64_t
throttle_ms(const struct webhook_lane *lane, const struct webhook_clock *now)
{
	const struct held *first = TAILQ_FIRST(&lane->events);

	return first == NULL || first->event.type != EVENT_CART_CHANGED ||
	    lane->count > 1 || (lane->is_parked && lane->has_more) ? 0 :
	    cart_wait_ms(lane, now);
}

/* In how many ms a lane that is not under way is due; UINT64_MAX for never. */
static uint64_t
lane_wait_ms(const struct webhook_queue *queue,
    const struct webhook_lane *lane, const struct webhook_clock *now)
{
	uint64_t throttle = throttle_ms(lane, now), pause = 0;
	uint64_t next_ms = lane->is_parked ? lane->next_ms : 0;

	if (!is_reached(queue, lane) ||
	    (!lane->is_parked && lane->count == 0) ||
	    (!lane->is_failing && queue->failing_count >= WEBHOOK_CROWD_MAX))
		return UINT64_MAX;
	if (!lane->is_failing && is_crowded(queue))
		next_ms = queue->crowd_ms + WEBHOOK_PROBE_MS;
	if (!has_come(next_ms, now))
		pause = next_ms - now->wall_ms;
	return pause > throttle ? pause : throttle;
}

static bool
is_held_back(const struct webhook_queue *queue,
    const struct webhook_clock *now)
{
	return !has_come(queue->hold_ms, now);
}

/* Whether nothing was read of a parked lane, or what may grow old at once. */
static bool
is_hungry(const struct webhook_queue *queue, const struct webhook_lane *lane)
{
	return lane->is_parked && lane->has_more && !lane->is_under_way &&
	    queue->held_count < REFILLED_MAX &&
	    (lane->count == 0 || (lane->count == 1 &&
	    webhook_lanes_last_cart(lane) != NULL));
}

struct webhook_lane *
webhook_queue_hungry(struct webhook_queue *queue,
    const struct webhook_clock *now)
{
	struct webhook_lane *probe = find_probe(queue, now), *lane;

	if (is_held_back(queue, now))
		return NULL;
	TAILQ_FOREACH(lane, &queue->lanes, entry)
		if (is_hungry(queue, lane) && (lane == probe ||
		    lane_wait_ms(queue, lane, now) == 0))
			return lane;
	return NULL;
}

const char *
webhook_lane_session(const struct webhook_lane *lane)
{
	return lane->session;
}

struct webhook_place
webhook_lane_from(const struct webhook_lane *lane)
{
	return lane->from;
}

int64_t
webhook_lane_next(const struct webhook_lane *lane)
{
	return lane->next;
}

static bool
is_before(struct webhook_place a, struct webhook_place b)
{
	return a.seq < b.seq || (a.seq == b.seq && a.part < b.part);
}

int
webhook_lane_add(struct webhook_queue *queue, struct webhook_lane *lane,
    struct webhook_event *event)
{
	if (is_before(event->place, lane->from)) {
		webhook_lanes_clear_event(event);
		return 0;
	}
	if (lane->count == WEBHOOK_REFILL_MAX &&
	    (event->type != EVENT_CART_CHANGED ||
	    webhook_lanes_last_cart(lane) == NULL)) {
		webhook_lanes_clear_event(event);
		return -1;
	}
	webhook_lanes_append(queue, lane, event);
	return 0;
}

void
webhook_lane_filled(struct webhook_queue *queue, struct webhook_lane *lane,
    int64_t next, enum webhook_lane_end end)
{
	lane->has_more = end == WEBHOOK_LANE_CUT;
	lane->next = next;
	if (lane->count > 0)
		lane->event_ms = TAILQ_FIRST(&lane->events)->event.time_ms;
	else if (lane->has_more) {
		lane->from = (struct webhook_place){ .seq = next };
		lane->is_from_known = false;
		webhook_lanes_move_to_end(queue, lane);
	} else
		webhook_lanes_unpark(queue, lane);
}

void
webhook_lane_unread(struct webhook_queue *queue, struct webhook_lane *lane)
{
	webhook_lanes_move_to_end(queue, lane);
}

bool
webhook_lane_purged(struct webhook_queue *queue, struct webhook_lane *lane)
{
	bool is_lost = lane->count == 0 && lane->is_from_known;

	(void)queue;
	lane->next = 0;
	if (lane->count > 0)
		return false;
	lane->from = (struct webhook_place){ 0 };
	lane->is_from_known = false;
	lane->event_ms = 0;
	lane->attempts = 0;
	lane->first_ms = 0;
	return is_lost;
}

/* Lanes that only remember when their last cart was told. */
static void
drop_idle_lanes(struct webhook_queue *queue, const struct webhook_clock *now)
{
	struct webhook_lane *lane = TAILQ_FIRST(&queue->lanes), *next;

	for (; lane != NULL; lane = next) {
		next = TAILQ_NEXT(lane, entry);
		if (!lane->is_parked && lane->count == 0 &&
		    cart_wait_ms(lane, now) == 0)
			webhook_lanes_remove(queue, lane);
	}
}

static void
begin_delivery(struct webhook_queue *queue, struct webhook_lane *lane,
    const struct webhook_clock *now)
{
	lane->is_under_way = true;
	queue->tried_ms = now->wall_ms;
	if (!lane->is_failing && is_crowded(queue))
		queue->crowd_ms = now->wall_ms;
	webhook_lanes_move_to_end(queue, lane);
}

struct webhook_lane *
webhook_queue_take(struct webhook_queue *queue,
    const struct webhook_clock *now)
{
	struct webhook_lane *probe, *lane;

	drop_idle_lanes(queue, now);
	if (is_held_back(queue, now))
		return NULL;
	probe = find_probe(queue, now);
	TAILQ_FOREACH(lane, &queue->lanes, entry)
		if (lane->count > 0 && !lane->is_under_way &&
		    !is_hungry(queue, lane) && (lane == probe ||
		    lane_wait_ms(queue, lane, now) == 0)) {
			begin_delivery(queue, lane, now);
			return lane;
		}
	return NULL;
}

const struct webhook_event *
webhook_lane_event(const struct webhook_lane *lane)
{
	return &TAILQ_FIRST(&lane->events)->event;
}

uint64_t
webhook_lane_attempts(const struct webhook_lane *lane)
{
	return lane->attempts;
}

/*
 * Something got through: if nothing did for a while, and to several, all are
 * tried.
 */
static void
end_outage(struct webhook_queue *queue, const struct webhook_clock *now)
{
	if (queue->outage_lanes == 0)
		return;
	if (queue->outage_lanes >= WEBHOOK_OUTAGE_LANES &&
	    now->mono_ms - queue->outage_ms >= WEBHOOK_PROBE_MS)
		end_pauses(queue, now->wall_ms);
	queue->outage_lanes = 0;
	queue->outage++;
}

/* The first event of a parked lane is done with: the next one is due. */
static void
go_on_behind(struct webhook_queue *queue, struct webhook_lane *lane,
    struct webhook_place place, const struct webhook_clock *now)
{
	lane->attempts = 0;
	lane->next_ms = now->wall_ms;
	lane->from = (struct webhook_place){ place.seq, place.part + 1 };
	lane->is_from_known = lane->count > 0;
	if (lane->count > 0) {
		lane->from = TAILQ_FIRST(&lane->events)->event.place;
		lane->event_ms = TAILQ_FIRST(&lane->events)->event.time_ms;
	} else if (!lane->has_more)
		webhook_lanes_unpark(queue, lane);
	else if (lane->next > lane->from.seq)
		lane->from = (struct webhook_place){ .seq = lane->next };
}

void
webhook_queue_delivered(struct webhook_queue *queue,
    struct webhook_lane *lane, const struct webhook_clock *now)
{
	const struct webhook_event *event = webhook_lane_event(lane);
	struct webhook_place place = event->place;

	if (event->type == EVENT_CART_CHANGED)
		lane->cart_ms = now->mono_ms;
	lane->is_under_way = false;
	webhook_lanes_drop_first(queue, lane);
	end_outage(queue, now);
	queue->through_ms = now->mono_ms;
	lane->first_ms = 0;
	if (lane->is_parked)
		go_on_behind(queue, lane, place, now);
}

/* Between a half and the whole of what doubles with each attempt. */
static uint64_t
pause_ms(struct webhook_queue *queue, uint64_t attempts)
{
	uint64_t whole = WEBHOOK_PAUSE_MIN_MS, random;

	while (--attempts > 0 && whole < WEBHOOK_PAUSE_MAX_MS)
		whole *= 2;
	if (whole > WEBHOOK_PAUSE_MAX_MS)
		whole = WEBHOOK_PAUSE_MAX_MS;
	id_source_bytes(&queue->random, &random, sizeof(random));
	return whole / 2 + random % (whole / 2 + 1);
}

static void
count_outage(struct webhook_queue *queue, struct webhook_lane *lane,
    const struct webhook_clock *now)
{
	if (queue->outage_lanes == 0)
		queue->outage_ms = now->mono_ms;
	queue->outage_lanes += lane->outage != queue->outage;
	lane->outage = queue->outage;
}

static bool
is_over(const struct webhook_queue *queue, const struct webhook_lane *lane,
    const struct webhook_clock *now)
{
	return queue->retry_ms != 0 && now->wall_ms >= lane->first_ms &&
	    now->wall_ms - lane->first_ms >= queue->retry_ms;
}

/* Whether the receiver takes what others have. */
static bool
gets_through(const struct webhook_queue *queue,
    const struct webhook_clock *now)
{
	return queue->through_ms != 0 &&
	    now->mono_ms - queue->through_ms < WEBHOOK_PROBE_MS;
}

enum webhook_verdict
webhook_queue_failed(struct webhook_queue *queue, struct webhook_lane *lane,
    const struct webhook_clock *now)
{
	webhook_lanes_let_go(queue, lane);
	webhook_lanes_park(queue, lane);
	count_outage(queue, lane, now);
	lane->attempts++;
	if (lane->first_ms == 0)
		lane->first_ms = now->wall_ms;
	if (is_over(queue, lane, now)) {
		/* If others get through, what follows has one attempt each. */
		if (!gets_through(queue, now))
			lane->first_ms = 0;
		go_on_behind(queue, lane, lane->from, now);
		return WEBHOOK_GIVEN_UP;
	}
	lane->next_ms = now->wall_ms + pause_ms(queue, lane->attempts);
	return WEBHOOK_TRY_AGAIN;
}

struct webhook_lane *
webhook_queue_hopeless(const struct webhook_queue *queue,
    const struct webhook_clock *now)
{
	struct webhook_lane *lane, *first = NULL;
	size_t refused = 0;

	if (!is_crowded(queue) || !gets_through(queue, now))
		return NULL;
	TAILQ_FOREACH(lane, &queue->lanes, entry) {
		refused += lane->attempts > 0;
		if (!lane->is_under_way &&
		    lane->attempts >= WEBHOOK_HOPELESS_ATTEMPTS &&
		    (first == NULL || lane->first_ms < first->first_ms))
			first = lane;
	}
	/* Others may be parked, and get through. */
	return refused < WEBHOOK_PARKED_MAX ? NULL : first;
}

void
webhook_queue_give_up(struct webhook_queue *queue, struct webhook_lane *lane)
{
	webhook_lanes_remove(queue, lane);
}

void
webhook_queue_put_back(struct webhook_queue *queue, struct webhook_lane *lane)
{
	(void)queue;
	lane->is_under_way = false;
}

void
webhook_queue_hold(struct webhook_queue *queue, uint64_t wall_ms)
{
	/* One that is too far off is not believed. */
	if (queue->hold_ms < wall_ms ||
	    queue->hold_ms - wall_ms > WEBHOOK_PAUSE_MAX_MS)
		queue->hold_ms = wall_ms;
}

uint64_t
webhook_queue_wait_ms(const struct webhook_queue *queue,
    const struct webhook_clock *now)
{
	uint64_t wait = UINT64_MAX, probe_ms = queue->tried_ms +
	    WEBHOOK_PROBE_MS;
	const struct webhook_lane *lane;
	bool has_probe = false;

	if (is_held_back(queue, now))
		return queue->hold_ms - now->wall_ms;
	TAILQ_FOREACH(lane, &queue->lanes, entry) {
		uint64_t ms = lane->is_under_way ? UINT64_MAX :
		    lane_wait_ms(queue, lane, now);

		if (ms < wait)
			wait = ms;
		has_probe |= queue->outage_lanes > 0 && lane->is_failing &&
		    !lane->is_under_way && is_reached(queue, lane);
	}
	if (has_probe && has_come(probe_ms, now))
		return 0;
	if (has_probe && probe_ms - now->wall_ms < wait)
		return probe_ms - now->wall_ms;
	return wait;
}
