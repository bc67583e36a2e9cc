#include "webhook_worker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api_time.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "event_json.h"
#include "hub/webhook_state.h"
#include "session/session_name.h"
#include "storage/journal_events.h"
#include "webhook_queue.h"
#include "webhook_sender.h"
#include "webhook_settings.h"
#include "wire/json_write.h"

enum {
	READ_EVENTS = 256,	/* of the journal, in a turn */
	REFILLS = 8,		/* of lanes, likewise */
	RETRY_AFTER_MAX_S = 3600,
	STATUS_GONE = 410,
	READ_AGAIN_MS = 1000,	/* a database that could not be read */
	BUSY_WAIT_MS = 10	/* what is due, and cannot be had at once */
};

struct webhook_worker {
	char	 shop[SESSION_NAME_SHOP_MAX + 1];	/* whose it is */
	char	 name[WEBHOOK_NAME_BYTES];	/* in the log */
	struct journal_events *reader;
	struct webhook_queue *queue;
	struct webhook_sender *sender;
	struct webhook_settings *settings;	/* NULL before the first */
	bool	 has_begun;		/* the queue knows its position */
	bool	 is_changed;		/* what is to be kept, ... */
	bool	 is_urgent;		/* ... and at once */
	bool	 wants_test;
	struct webhook_test test;
	struct payload *test_id;	/* of the one under way; or NULL */
	struct payload *test_body;
	struct webhook_figures figures;
	uint64_t failure_logged_ms;	/* the next time; mono */
	uint64_t purge_logged_ms;	/* likewise */
	uint64_t read_ms;		/* not before this; mono */
};

static struct webhook_clock
queue_clock(void)
{
	struct now now = clock_now();

	return (struct webhook_clock){
		.wall_ms = now.wall_ms,
		.mono_ms = now.mono_ms,
	};
}

static bool
is_on(const struct webhook_worker *worker)
{
	return worker->settings != NULL &&
	    webhook_settings_are_on(worker->settings);
}

static void
begin_behind(struct webhook_worker *worker, int64_t seq)
{
	webhook_queue_begin(worker->queue, seq);
	worker->has_begun = true;
	worker->is_changed = true;
	worker->is_urgent = true;
	log_info("%s: begins behind row %" PRId64, worker->name, seq);
}

void
webhook_worker_name(const char *shop, char name[WEBHOOK_NAME_BYTES])
{
	xsnprintf(name, WEBHOOK_NAME_BYTES, "webhook%s%s",
	    shop[0] == '\0' ? "" : " of shop ", shop);
}

struct webhook_worker *
webhook_worker_new(const char *path, const char *shop,
    const struct id_key *seed, struct webhook_state *state, int64_t head)
{
	struct webhook_worker *worker = xcalloc(1, sizeof(*worker));

	xsnprintf(worker->shop, sizeof(worker->shop), "%s", shop);
	webhook_worker_name(shop, worker->name);
	worker->reader = journal_events_new(path);
	worker->queue = webhook_queue_new(seed, 0);
	worker->sender = webhook_sender_new();
	webhook_figures_init(&worker->figures);
	if (state->seq >= 0) {
		webhook_queue_restore(worker->queue, state);
		worker->has_begun = true;
	} else if (head >= 0)
		begin_behind(worker, head);
	webhook_state_free(state);
	return worker;
}

void
webhook_worker_set_waiting(struct webhook_worker *worker,
    bool (*goes_on)(void *ctx), void *ctx)
{
	journal_events_set_waiting(worker->reader, goes_on, ctx);
}

static void
drop_test(struct webhook_worker *worker)
{
	payload_unref(worker->test_id);
	payload_unref(worker->test_body);
	worker->test_id = NULL;
	worker->test_body = NULL;
}

/* What is under way is to be sent anew. */
static void
cancel_all(struct webhook_worker *worker)
{
	void *ctx;

	while ((ctx = webhook_sender_cancel(worker->sender)) != NULL)
		if (ctx != worker)
			webhook_queue_put_back(worker->queue, ctx);
		else {
			drop_test(worker);
			worker->wants_test = true;
		}
}

void
webhook_worker_free(struct webhook_worker *worker)
{
	cancel_all(worker);
	webhook_sender_free(worker->sender);
	webhook_queue_free(worker->queue);
	journal_events_free(worker->reader);
	webhook_settings_free(worker->settings);
	free(worker);
}

/* There is no webhook any more, and nobody knows how far it had got. */
static void
end(struct webhook_worker *worker)
{
	struct webhook_queue_figures figures;

	webhook_queue_copy_figures(worker->queue, &figures);
	log_info("%s: ends behind row %" PRId64, worker->name,
	    figures.delivered_seq);
	webhook_queue_begin(worker->queue, 0);
	worker->has_begun = false;
	worker->is_changed = true;
}

void
webhook_worker_configure(struct webhook_worker *worker,
    struct webhook_settings *settings)
{
	cancel_all(worker);
	/* Those of before were allowed, and trusted, by other settings. */
	webhook_sender_disconnect(worker->sender);
	webhook_settings_free(worker->settings);
	worker->settings = settings;
	webhook_queue_configure(worker->queue, settings->retry_ms);
	worker->figures.is_on = is_on(worker);
	if (is_on(worker)) {
		webhook_sender_configure(worker->sender, settings);
		webhook_queue_hurry(worker->queue, clock_now().wall_ms);
	} else if (worker->has_begun)
		end(worker);
}

void
webhook_worker_replay(struct webhook_worker *worker, int64_t seq)
{
	struct webhook_queue_figures figures;

	if (!is_on(worker))
		return;
	cancel_all(worker);
	webhook_queue_copy_figures(worker->queue, &figures);
	if (worker->has_begun && seq > figures.delivered_seq)
		seq = figures.delivered_seq;
	webhook_queue_replay(worker->queue, seq);
	worker->has_begun = true;
	worker->is_changed = true;
	worker->is_urgent = true;
}

void
webhook_worker_forget(struct webhook_worker *worker,
    const struct webhook_erased *erased)
{
	struct webhook_lane *lane;

	while ((lane = webhook_queue_find_erased(worker->queue, erased)) !=
	    NULL) {
		webhook_sender_cancel_of(worker->sender, lane);
		webhook_queue_forget(worker->queue, lane);
		worker->is_changed = true;
	}
}

void
webhook_worker_test(struct webhook_worker *worker)
{
	worker->test = (struct webhook_test){ .state = WEBHOOK_TEST_PENDING };
	worker->wants_test = true;
}

const struct webhook_test *
webhook_worker_tested(const struct webhook_worker *worker)
{
	return &worker->test;
}

static void
count_outcome(struct webhook_worker *worker,
    const struct webhook_outcome *outcome)
{
	struct webhook_figures *figures = &worker->figures;

	figures->results[outcome->result]++;
	histogram_add(&figures->duration_us, outcome->took_us);
	figures->last_status = outcome->status;
	memcpy(figures->last_error, outcome->error,
	    sizeof(figures->last_error));
}

/* If there is another one to be sent, that is the one asked for. */
static void
end_test(struct webhook_worker *worker, const struct webhook_outcome *outcome)
{
	drop_test(worker);
	if (worker->wants_test)
		return;
	worker->test = (struct webhook_test){
		.state = WEBHOOK_TEST_DONE,
		.result = outcome->result,
		.status = outcome->status,
		.took_us = outcome->took_us,
	};
	memcpy(worker->test.error, outcome->error,
	    sizeof(worker->test.error));
}

/* The URL went away before it was sent. */
static void
refuse_test(struct webhook_worker *worker)
{
	struct webhook_outcome outcome = { .result = WEBHOOK_UNREACHABLE };

	if (!worker->wants_test)
		return;
	xsnprintf(outcome.error, sizeof(outcome.error),
	    "there is no URL any more");
	worker->wants_test = false;
	end_test(worker, &outcome);
}

/* The receiver may ask for a pause, and say that it wants no more. */
static void
hold_back(struct webhook_worker *worker,
    const struct webhook_outcome *outcome, const struct webhook_clock *now)
{
	uint64_t s = outcome->retry_after_s;

	if (outcome->status == STATUS_GONE)
		s = RETRY_AFTER_MAX_S;
	if (s == 0)
		return;
	if (s > RETRY_AFTER_MAX_S)
		s = RETRY_AFTER_MAX_S;
	webhook_queue_hold(worker->queue, now->wall_ms + s * 1000);
	log_warnx("%s: nothing is sent for %" PRIu64 " s: %s", worker->name, s,
	    outcome->status == STATUS_GONE ? "the answer is 410 (Gone)" :
	    "the receiver asked for it");
}

static void
deliver_failed(struct webhook_worker *worker, struct webhook_lane *lane,
    const struct webhook_outcome *outcome, const struct webhook_clock *now)
{
	uint64_t attempts = webhook_lane_attempts(lane) + 1;
	char id[EVENT_JSON_ID_BYTES];

	xsnprintf(id, sizeof(id), "%s", webhook_lane_event(lane)->id->data);
	if (log_is_due(&worker->failure_logged_ms, now->mono_ms))
		log_warnx("%s: event %s was not delivered: %s", worker->name,
		    id, outcome->error);
	if (webhook_queue_failed(worker->queue, lane, now) ==
	    WEBHOOK_GIVEN_UP) {
		worker->figures.given_up++;
		log_errorx("%s: event %s is given up after %" PRIu64
		    " attempts: %s", worker->name, id, attempts,
		    outcome->error);
	}
	hold_back(worker, outcome, now);
}

static void
take_outcomes(struct webhook_worker *worker)
{
	struct webhook_clock now = queue_clock();
	struct webhook_outcome outcome;

	while (webhook_sender_next(worker->sender, &outcome) == 0) {
		if (outcome.ctx == worker) {
			end_test(worker, &outcome);
			continue;
		}
		count_outcome(worker, &outcome);
		worker->is_changed = true;
		if (outcome.result == WEBHOOK_DELIVERED)
			webhook_queue_delivered(worker->queue, outcome.ctx,
			    &now);
		else
			deliver_failed(worker, outcome.ctx, &outcome, &now);
	}
}

/* Whom the receiver never takes does not hold up whom it does. */
static void
make_room(struct webhook_worker *worker)
{
	struct webhook_clock now = queue_clock();
	struct webhook_lane *lane;

	while ((lane = webhook_queue_hopeless(worker->queue, &now)) != NULL) {
		log_errorx("%s: too many sessions are refused: events of one "
		    "are given up, from row %" PRId64 " to %" PRId64,
		    worker->name, webhook_lane_from(lane).seq,
		    webhook_queue_position(worker->queue));
		webhook_queue_give_up(worker->queue, lane);
		worker->figures.given_up++;
		worker->is_changed = true;
	}
}

/* What the queue has of an event of the journal. */
static struct webhook_event
make_event(const struct journal_event *event)
{
	char id[EVENT_JSON_ID_BYTES];
	struct json_write json;

	event_json_id(event, id);
	json_write_begin(&json, EVENT_JSON_BYTES_MAX);
	event_json_write(&json, event);
	return (struct webhook_event){
		.place = { event->seq, event->part },
		.type = (enum event_type)event->type,
		.time_ms = event->time_ms,
		.has_account = event->account != NULL,
		.id = payload_new(id, strlen(id)),
		.body = json_write_end(&json),
	};
}

/* All that is read is of its shop. */
static bool
is_wanted(const struct webhook_worker *worker,
    const struct journal_event *event)
{
	return webhook_settings_want(worker->settings,
	    (enum event_type)event->type);
}

/* Fill a lane from the page; which row it goes on with. */
static int64_t
fill_from(struct webhook_worker *worker, struct webhook_lane *lane,
    const struct journal_events_page *page, enum webhook_lane_end *end)
{
	struct webhook_event event;
	size_t i;

	*end = WEBHOOK_LANE_CUT;
	for (i = 0; i < page->count; i++) {
		if (!is_wanted(worker, &page->events[i]))
			continue;
		event = make_event(&page->events[i]);
		if (webhook_lane_add(worker->queue, lane, &event) == -1)
			return page->events[i].seq;
	}
	if (page->last >= page->newest)
		*end = WEBHOOK_LANE_WHOLE;
	return page->last + 1;
}

static void
pause_reading(struct webhook_worker *worker)
{
	worker->read_ms = clock_now().mono_ms + READ_AGAIN_MS;
}

/* Rows behind seq were deleted that nobody was told of. */
static void
note_purged(struct webhook_worker *worker, int64_t seq)
{
	worker->figures.purged++;
	worker->is_changed = true;
	if (log_is_due(&worker->purge_logged_ms, clock_now().mono_ms))
		log_errorx("%s: rows behind %" PRId64 " were purged before "
		    "they were delivered: goes on at the oldest",
		    worker->name, seq);
}

/* Rows were deleted, of which none may be of the lane. */
static void
note_lane_purged(struct webhook_worker *worker, struct webhook_lane *lane)
{
	int64_t seq = webhook_lane_next(lane) - 1;

	if (webhook_lane_purged(worker->queue, lane))
		note_purged(worker, seq);
	else if (log_is_due(&worker->purge_logged_ms, clock_now().mono_ms))
		log_warnx("%s: rows behind %" PRId64 " were purged before "
		    "they were looked at for a session that waits: it may "
		    "have lost events", worker->name, seq);
}

/* Read what waits in a lane; -1 if that is not possible now. */
static int
refill(struct webhook_worker *worker, struct webhook_lane *lane)
{
	int64_t next = webhook_lane_next(lane);
	struct journal_events_page page;
	enum webhook_lane_end end;

	switch (journal_events_read_session(worker->reader,
	    webhook_lane_session(lane), next,
	    webhook_queue_position(worker->queue), WEBHOOK_REFILL_MAX,
	    &page)) {
	case JOURNAL_EVENTS_OK:
		next = fill_from(worker, lane, &page, &end);
		webhook_lane_filled(worker->queue, lane, next, end);
		journal_events_page_clear(&page);
		return 0;
	case JOURNAL_EVENTS_PURGED:
		note_lane_purged(worker, lane);
		return 0;
	case JOURNAL_EVENTS_AHEAD:
	case JOURNAL_EVENTS_FAILED:
		break;
	}
	webhook_lane_unread(worker->queue, lane);
	pause_reading(worker);
	return -1;
}

static void
refill_lanes(struct webhook_worker *worker)
{
	struct webhook_clock now = queue_clock();
	struct webhook_lane *lane;
	size_t i;

	for (i = 0; i < REFILLS; i++) {
		lane = webhook_queue_hungry(worker->queue, &now);
		if (lane == NULL || refill(worker, lane) == -1)
			return;
		worker->is_changed = true;
	}
}

static void
add_page(struct webhook_worker *worker, const struct journal_events_page *page)
{
	const struct journal_event *event;
	struct webhook_event made;
	size_t i;

	for (i = 0; i < page->count; i++) {
		event = &page->events[i];
		if (!is_wanted(worker, event))
			continue;
		made = make_event(event);
		webhook_queue_add(worker->queue, event->session->data, &made);
	}
	if (page->last == webhook_queue_position(worker->queue))
		return;
	webhook_queue_moved(worker->queue, page->last);
	worker->is_changed = true;
}

static void
begin_at_newest(struct webhook_worker *worker)
{
	int64_t newest;

	if (journal_events_newest(worker->reader, &newest) ==
	    JOURNAL_EVENTS_OK) {
		cancel_all(worker);
		begin_behind(worker, newest);
	}
}

/* Read on; whether there was nothing. */
static bool
read_on(struct webhook_worker *worker)
{
	struct journal_events_page page;
	bool is_at_end = true;

	if (!webhook_queue_wants(worker->queue))
		return true;
	switch (journal_events_read_shop(worker->reader, worker->shop,
	    webhook_queue_position(worker->queue), READ_EVENTS, &page)) {
	case JOURNAL_EVENTS_OK:
		is_at_end = page.last ==
		    webhook_queue_position(worker->queue);
		add_page(worker, &page);
		journal_events_page_clear(&page);
		break;
	case JOURNAL_EVENTS_PURGED:
		note_purged(worker, webhook_queue_position(worker->queue));
		webhook_queue_moved(worker->queue, 0);
		return false;
	case JOURNAL_EVENTS_AHEAD:
		log_warnx("%s: the journal ends before row %" PRId64,
		    worker->name, webhook_queue_position(worker->queue));
		begin_at_newest(worker);
		break;
	case JOURNAL_EVENTS_FAILED:
		pause_reading(worker);
		break;
	}
	return is_at_end;
}

static bool
has_room(const struct webhook_worker *worker)
{
	return webhook_sender_busy(worker->sender) < WEBHOOK_TRANSFERS_MAX;
}

static void
send_test(struct webhook_worker *worker, const struct webhook_clock *now)
{
	struct json_write json;
	char id[EVENT_JSON_ID_BYTES];

	xsnprintf(id, sizeof(id), "test-%" PRIu64, now->wall_ms);
	json_write_begin(&json, EVENT_JSON_BYTES_MAX);
	json_write_string(&json, "id", id);
	json_write_string(&json, "type", "webhook.test");
	api_time_write(&json, "timestamp", now->wall_ms);
	json_write_open(&json, "data", "{");
	json_write_close(&json, "}");
	worker->test_id = payload_new(id, strlen(id));
	worker->test_body = json_write_end(&json);
	worker->wants_test = false;
	webhook_sender_send(worker->sender, worker->test_id,
	    worker->test_body, now->wall_ms / 1000, worker);
}

static void
send_due(struct webhook_worker *worker)
{
	struct webhook_clock now = queue_clock();
	const struct webhook_event *event;
	struct webhook_lane *lane;

	if (worker->wants_test && worker->test_id == NULL && has_room(worker))
		send_test(worker, &now);
	while (has_room(worker)) {
		lane = webhook_queue_take(worker->queue, &now);
		if (lane == NULL)
			return;
		event = webhook_lane_event(lane);
		webhook_sender_send(worker->sender, event->id, event->body,
		    now.wall_ms / 1000, lane);
	}
}

static bool
may_read(const struct webhook_worker *worker)
{
	return clock_now().mono_ms >= worker->read_ms;
}

bool
webhook_worker_turn(struct webhook_worker *worker)
{
	bool is_at_end = true;

	if (!is_on(worker)) {
		refuse_test(worker);
		return true;
	}
	take_outcomes(worker);
	make_room(worker);
	if (!may_read(worker)) {
		send_due(worker);
		return true;
	}
	if (!worker->has_begun)
		begin_at_newest(worker);
	if (worker->has_begun) {
		is_at_end = read_on(worker);
		refill_lanes(worker);
	}
	send_due(worker);
	return is_at_end;
}

void
webhook_worker_wait(struct webhook_worker *worker, uint64_t ms)
{
	struct webhook_clock now = queue_clock();
	uint64_t due_ms = UINT64_MAX;

	if (is_on(worker) && has_room(worker))
		due_ms = webhook_queue_wait_ms(worker->queue, &now);
	if (due_ms < BUSY_WAIT_MS)
		due_ms = BUSY_WAIT_MS;
	if (now.mono_ms < worker->read_ms &&
	    due_ms < worker->read_ms - now.mono_ms)
		due_ms = worker->read_ms - now.mono_ms;
	webhook_sender_wait(worker->sender, due_ms < ms ? due_ms : ms);
}

void
webhook_worker_wake(struct webhook_worker *worker)
{
	webhook_sender_wake(worker->sender);
}

struct webhook_state *
webhook_worker_state(struct webhook_worker *worker)
{
	if (!worker->is_changed)
		return NULL;
	worker->is_changed = false;
	worker->is_urgent = false;
	return worker->has_begun ? webhook_queue_state(worker->queue) :
	    webhook_state_new();
}

bool
webhook_worker_is_urgent(const struct webhook_worker *worker)
{
	return worker->is_urgent;
}

void
webhook_worker_note_unkept(struct webhook_worker *worker)
{
	worker->is_changed = true;
}

void
webhook_worker_copy_figures(const struct webhook_worker *worker,
    struct webhook_figures *figures)
{
	struct webhook_clock now = queue_clock();
	struct webhook_queue_figures queue;

	webhook_queue_copy_figures(worker->queue, &queue);
	*figures = worker->figures;
	figures->delivered_seq = queue.delivered_seq;
	figures->read_seq = queue.read_seq;
	figures->parked = queue.parked;
	figures->held = queue.held;
	figures->under_way = webhook_sender_busy(worker->sender);
	if (queue.oldest_ms != 0 && queue.oldest_ms < now.wall_ms)
		figures->oldest_ms = now.wall_ms - queue.oldest_ms;
	if (queue.held_back_ms > now.wall_ms)
		figures->paused_ms = queue.held_back_ms - now.wall_ms;
}
