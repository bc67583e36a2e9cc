#include "webhook_lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"

void
webhook_lanes_clear_event(struct webhook_event *event)
{
	payload_unref(event->id);
	payload_unref(event->body);
}

void
webhook_lanes_drop_first(struct webhook_queue *queue,
    struct webhook_lane *lane)
{
	struct held *held = TAILQ_FIRST(&lane->events);

	TAILQ_REMOVE(&lane->events, held, entry);
	webhook_lanes_clear_event(&held->event);
	free(held);
	lane->count--;
	queue->held_count--;
}

static void
drop_events(struct webhook_queue *queue, struct webhook_lane *lane)
{
	while (lane->count > 0)
		webhook_lanes_drop_first(queue, lane);
}

void
webhook_lanes_park(struct webhook_queue *queue, struct webhook_lane *lane)
{
	queue->failing_count += !lane->is_failing;
	lane->is_parked = true;
	lane->is_failing = true;
}

void
webhook_lanes_unpark(struct webhook_queue *queue, struct webhook_lane *lane)
{
	queue->failing_count -= lane->is_failing;
	lane->is_parked = false;
	lane->is_failing = false;
	lane->attempts = 0;
	lane->first_ms = 0;
}

struct webhook_lane *
webhook_lanes_add(struct webhook_queue *queue, const char *session)
{
	size_t len = strlen(session);
	struct webhook_lane *lane = xcalloc(1, sizeof(*lane) + len + 1);

	memcpy(lane->session, session, len);
	TAILQ_INIT(&lane->events);
	TAILQ_INSERT_TAIL(&queue->lanes, lane, entry);
	HASH_ADD_KEYPTR(hh, queue->by_session, lane->session, len, lane);
	queue->lane_count++;
	return lane;
}

void
webhook_lanes_remove(struct webhook_queue *queue, struct webhook_lane *lane)
{
	drop_events(queue, lane);
	webhook_lanes_unpark(queue, lane);
	TAILQ_REMOVE(&queue->lanes, lane, entry);
	HASH_DEL(queue->by_session, lane);
	queue->lane_count--;
	free(lane);
}

struct webhook_lane *
webhook_lanes_find(struct webhook_queue *queue, const char *session)
{
	struct webhook_lane *lane;

	HASH_FIND_STR(queue->by_session, session, lane);
	return lane;
}

struct held *
webhook_lanes_last_cart(const struct webhook_lane *lane)
{
	struct held *last = TAILQ_LAST(&lane->events, held_list);

	if (last == NULL || last->event.type != EVENT_CART_CHANGED ||
	    (lane->is_under_way && lane->count == 1))
		return NULL;
	return last;
}

void
webhook_lanes_append(struct webhook_queue *queue, struct webhook_lane *lane,
    const struct webhook_event *event)
{
	struct held *held = event->type == EVENT_CART_CHANGED ?
	    webhook_lanes_last_cart(lane) : NULL;

	if (held != NULL) {
		webhook_lanes_clear_event(&held->event);
		held->event = *event;
		return;
	}
	held = xcalloc(1, sizeof(*held));
	held->event = *event;
	TAILQ_INSERT_TAIL(&lane->events, held, entry);
	lane->count++;
	queue->held_count++;
}

void
webhook_lanes_move_to_end(struct webhook_queue *queue,
    struct webhook_lane *lane)
{
	TAILQ_REMOVE(&queue->lanes, lane, entry);
	TAILQ_INSERT_TAIL(&queue->lanes, lane, entry);
}

void
webhook_lanes_let_go(struct webhook_queue *queue, struct webhook_lane *lane)
{
	const struct webhook_event *event = &TAILQ_FIRST(&lane->events)->event;

	lane->from = event->place;
	lane->is_from_known = true;
	lane->next = event->place.seq;
	lane->event_ms = event->time_ms;
	lane->is_under_way = false;
	drop_events(queue, lane);
	lane->is_parked = true;
	lane->has_more = true;
}
