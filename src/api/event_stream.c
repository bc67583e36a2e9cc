#include "event_stream.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api_answer.h"
#include "api_body.h"
#include "api_query.h"
#include "base/buf.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "event_reader.h"
#include "net/deferred.h"
#include "net/exchange.h"
#include "net/wakeup.h"
#include "storage/journal_events.h"

/* How long the thread has for what is asked, once time is up. */
#define ANSWER_WAIT_MS	10000
/* For so long it reads on then, behind what is of other shops. */
#define READ_ON_MS	1000
/* Between two slices, so that the log may begin anew: as long as one takes. */
#define SLICE_PAUSE_MS	5
/* When to come again who was one too many. */
#define RETRY_FULL_S	5

enum poll_state {
	POLL_INCOMING,		/* its body is yet to come */
	POLL_WANTS,		/* to be read for, from wants_ms on */
	POLL_READING,		/* the thread does */
	POLL_HELD		/* all there is was read, and was nothing */
};

struct event_poll {
	TAILQ_ENTRY(event_poll) entry;	/* but an incoming one */
	struct deferred deferred;
	struct event_stream *stream;
	struct api_body body;
	unsigned round;			/* of keys, in which it came */
	enum poll_state state;
	struct event_request request;	/* after moves on */
	bool	 has_moved;		/* it did */
	unsigned wait_s;
	/* On the loop's clock. */
	uint64_t wants_ms;
	uint64_t due_ms;		/* answered if there is nothing, ... */
	uint64_t end_ms;		/* ... or nothing so far */
	uint64_t late_ms;		/* refused whatever there is */
};

TAILQ_HEAD(event_poll_list, event_poll);

struct event_stream {
	struct event_stream_config config;
	char	*database;
	struct event_poll_list polls;
	size_t	 count;			/* with those that are incoming */
	size_t	 started;		/* those of the list */
	size_t	 shop_max;		/* of one shop among these */
	unsigned keys_round;		/* how often keys may have changed */
	uv_timer_t timer;
	uint64_t round_ms;		/* the next one begins then */
	bool	 is_reading;
	bool	 has_commit;		/* since that was asked */
	/* NULL before the first request. */
	struct event_reader *reader;
	struct wakeup read;		/* the thread has a result */
};

static struct event_poll *
poll_of(const struct deferred *deferred)
{
	return (struct event_poll *)((uintptr_t)deferred -
	    offsetof(struct event_poll, deferred));
}

static void
free_poll(struct event_poll *poll)
{
	struct event_stream *stream = poll->stream;

	stream->count--;
	if (poll->state != POLL_INCOMING) {
		TAILQ_REMOVE(&stream->polls, poll, entry);
		stream->started--;
	}
	api_body_clear(&poll->body);
	free(poll);
}

static void
answer_poll(struct event_poll *poll, const struct exchange_answer *answer)
{
	const struct event_stream_config config = poll->stream->config;
	const struct deferred deferred = poll->deferred;

	free_poll(poll);
	config.answered(config.ctx, answer->status);
	deferred.answered(deferred.ctx, answer);
}

static void
refuse_poll(struct event_poll *poll, enum refusal code, const char *why)
{
	struct exchange_answer answer = { .status = 0 };

	api_answer_refusal(&answer, code, why);
	answer_poll(poll, &answer);
}

/* Answer with events, of which a reference is taken. */
static void
answer_events(struct event_poll *poll, struct payload *events)
{
	struct exchange_answer answer = { .status = 0 };

	api_answer_json(&answer, events);
	answer_poll(poll, &answer);
}

/* Nothing has happened behind that row. */
static void
answer_nothing(struct event_poll *poll, int64_t last)
{
	const struct journal_events_page page = { .last = last };

	answer_events(poll, event_reader_answer(&page));
}

static void
refuse_cursor(struct event_poll *poll, const char *why)
{
	struct exchange_answer answer = { .status = 0 };

	api_answer_cursor_gone(&answer, why);
	answer_poll(poll, &answer);
}

static void on_timer(uv_timer_t *timer);

static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Wake up when the next one is due, or late, or may be read for. */
static void
set_timer(struct event_stream *stream)
{
	const uint64_t now_ms = uv_now(stream->config.loop);
	const struct event_poll *poll;
	uint64_t next_ms = UINT64_MAX;

	TAILQ_FOREACH(poll, &stream->polls, entry) {
		next_ms = sooner(next_ms, poll->state == POLL_HELD ?
		    poll->due_ms : poll->late_ms);
		if (poll->state == POLL_WANTS && !stream->is_reading)
			next_ms = sooner(next_ms, poll->wants_ms);
	}
	if (next_ms == UINT64_MAX)
		uv_timer_stop(&stream->timer);
	else
		uv_timer_start(&stream->timer, on_timer,
		    next_ms > now_ms ? next_ms - now_ms : 0, 0);
}

static void
want(struct event_poll *poll, uint64_t from_ms)
{
	poll->state = POLL_WANTS;
	poll->wants_ms = from_ms;
}

/* The one that may be read for, and has waited for longest; or NULL. */
static struct event_poll *
next_to_read(const struct event_stream *stream, uint64_t now_ms)
{
	struct event_poll *poll, *first = NULL;

	TAILQ_FOREACH(poll, &stream->polls, entry)
		if (poll->state == POLL_WANTS && poll->wants_ms <= now_ms &&
		    (first == NULL || poll->wants_ms < first->wants_ms))
			first = poll;
	return first;
}

/* All who ask for the same have it from one reading. */
static void
read_next(struct event_stream *stream)
{
	const uint64_t now_ms = uv_now(stream->config.loop);
	struct event_poll *poll, *first = next_to_read(stream, now_ms);
	struct event_request request;

	if (stream->is_reading || first == NULL)
		return;
	request = first->request;
	TAILQ_FOREACH(poll, &stream->polls, entry)
		if (poll->state == POLL_WANTS &&
		    poll->request.after == request.after &&
		    poll->request.max == request.max &&
		    strcmp(poll->request.shop, request.shop) == 0)
			poll->state = POLL_READING;
	if (stream->round_ms <= now_ms)
		stream->round_ms = now_ms + EVENT_STREAM_PACE_MS;
	stream->is_reading = true;
	stream->has_commit = false;
	event_reader_ask(stream->reader, &request);
}

static void
go_on(struct event_stream *stream)
{
	read_next(stream);
	set_timer(stream);
}

/* What was read for the poll, all that there is or a slice, was nothing. */
static void
hold_poll(struct event_poll *poll, const struct event_result *result)
{
	const struct event_stream *stream = poll->stream;
	const uint64_t now_ms = uv_now(stream->config.loop);

	poll->has_moved |= result->last > poll->request.after;
	poll->request.after = result->last;
	if ((result->has_more ? poll->end_ms : poll->due_ms) <= now_ms)
		answer_nothing(poll, result->last);
	else if (result->has_more)
		want(poll, now_ms + SLICE_PAUSE_MS);
	else if (stream->has_commit)
		want(poll, stream->round_ms);
	else
		poll->state = POLL_HELD;
}

static void
give_result(struct event_poll *poll, const struct event_result *result)
{
	switch (result->status) {
	case JOURNAL_EVENTS_OK:
		break;
	case JOURNAL_EVENTS_PURGED:
		refuse_cursor(poll, "rows behind this cursor were deleted");
		return;
	case JOURNAL_EVENTS_AHEAD:
		refuse_cursor(poll, "the journal ends before this cursor");
		return;
	case JOURNAL_EVENTS_FAILED:
		refuse_poll(poll, REFUSAL_STORAGE_UNAVAILABLE, NULL);
		return;
	}
	if (result->answer != NULL)
		answer_events(poll, payload_ref(result->answer));
	else if (poll->request.after == EVENT_READER_NEWEST)
		answer_nothing(poll, result->last);
	else
		hold_poll(poll, result);
}

static void
on_read(void *ctx)
{
	struct event_stream *stream = ctx;
	struct event_poll *poll, *next;
	struct event_result result;

	if (!event_reader_collect(stream->reader, &result))
		return;
	stream->is_reading = false;
	for (poll = TAILQ_FIRST(&stream->polls); poll != NULL; poll = next) {
		next = TAILQ_NEXT(poll, entry);
		if (poll->state == POLL_READING)
			give_result(poll, &result);
	}
	payload_unref(result.answer);
	go_on(stream);
}

/* What it was read for so far need not be read again. */
static void
end_late(struct event_poll *poll)
{
	if (poll->has_moved)
		answer_nothing(poll, poll->request.after);
	else
		refuse_poll(poll, REFUSAL_STORAGE_UNAVAILABLE, NULL);
}

static void
on_timer(uv_timer_t *timer)
{
	struct event_stream *stream = timer->data;
	const uint64_t now_ms = uv_now(stream->config.loop);
	struct event_poll *poll, *next;

	for (poll = TAILQ_FIRST(&stream->polls); poll != NULL; poll = next) {
		next = TAILQ_NEXT(poll, entry);
		if (poll->state == POLL_HELD && poll->due_ms <= now_ms)
			answer_nothing(poll, poll->request.after);
		else if (poll->state != POLL_HELD && poll->late_ms <= now_ms)
			end_late(poll);
	}
	go_on(stream);
}

/* Called by the thread. */
static void
wake_stream(void *ctx)
{
	struct event_stream *stream = ctx;

	wakeup_send(&stream->read);
}

static void
start_reader(struct event_stream *stream)
{
	const struct event_reader_config config = {
		.path = stream->database,
		.done = wake_stream,
		.ctx = stream,
	};

	if (stream->reader != NULL)
		return;
	wakeup_init(&stream->read, stream->config.loop, on_read, stream);
	stream->reader = event_reader_start(&config);
}

static void
hold_due(struct event_poll *poll, uint64_t now_ms, uint64_t wait_ms)
{
	poll->due_ms = now_ms + wait_ms;
	poll->end_ms = poll->due_ms + READ_ON_MS;
	poll->late_ms = poll->due_ms + ANSWER_WAIT_MS;
}

/* Whether its shop has as many as it may have, or all together have. */
static bool
is_full(const struct event_poll *poll)
{
	const struct event_stream *stream = poll->stream;
	const struct event_poll *other;
	size_t count = 0;

	TAILQ_FOREACH(other, &stream->polls, entry)
		count += strcmp(other->request.shop, poll->request.shop) == 0;
	return count >= stream->shop_max ||
	    stream->started == EVENT_STREAM_POLLS_MAX;
}

/* Why the poll is not to be begun; REFUSAL_NONE if it is. */
static enum refusal
judge_poll(const struct event_poll *poll, const char **why)
{
	const struct event_stream *stream = poll->stream;

	*why = NULL;
	/* It may have begun while the body came. */
	if (stream->config.is_draining(stream->config.ctx))
		return REFUSAL_SHUTTING_DOWN;
	if (is_full(poll)) {
		*why = "as many requests for events as there may be are held";
		return REFUSAL_RATE_LIMITED;
	}
	return api_body_judge(&poll->body, why);
}

static void
start_poll(struct deferred *deferred)
{
	struct event_poll *poll = poll_of(deferred);
	struct event_stream *stream = poll->stream;
	struct exchange_answer answer = { .status = 0 };
	const uint64_t now_ms = uv_now(stream->config.loop);
	const char *why;
	enum refusal code = judge_poll(poll, &why);

	if (code != REFUSAL_NONE) {
		api_answer_refusal(&answer, code, why);
		if (code == REFUSAL_RATE_LIMITED)
			answer.retry_after_s = RETRY_FULL_S;
		answer_poll(poll, &answer);
		return;
	}
	/* Its key may be none any more. */
	if (poll->round != stream->keys_round &&
	    poll->request.after != EVENT_READER_NEWEST) {
		answer_nothing(poll, poll->request.after);
		return;
	}
	start_reader(stream);
	TAILQ_INSERT_TAIL(&stream->polls, poll, entry);
	stream->started++;
	hold_due(poll, now_ms, (uint64_t)poll->wait_s * 1000);
	want(poll, stream->round_ms);
	go_on(stream);
}

static int
add_to_body(struct deferred *deferred, const void *data, size_t len)
{
	return api_body_add(&poll_of(deferred)->body, data, len);
}

static void
refuse_large_body(struct deferred *deferred)
{
	refuse_poll(poll_of(deferred), REFUSAL_MESSAGE_TOO_LARGE, NULL);
}

static bool
is_held(const struct deferred *deferred)
{
	return poll_of(deferred)->state != POLL_INCOMING;
}

static void
on_poller_gone(struct deferred *deferred)
{
	free_poll(poll_of(deferred));
}

static const struct deferred_ops deferred_ops = {
	.add_body = add_to_body,
	.start = start_poll,
	.refuse_body = refuse_large_body,
	.is_held = is_held,
	.cancel = on_poller_gone,
};

struct event_stream *
event_stream_new(const struct event_stream_config *config)
{
	struct event_stream *stream = xcalloc(1, sizeof(*stream));

	stream->config = *config;
	stream->database = xstrdup(config->database);
	stream->shop_max = EVENT_STREAM_POLLS_MAX;
	TAILQ_INIT(&stream->polls);
	uv_timer_init(config->loop, &stream->timer);
	stream->timer.data = stream;
	return stream;
}

void
event_stream_stop(struct event_stream *stream)
{
	uv_close((uv_handle_t *)&stream->timer, NULL);
	if (stream->reader == NULL)
		return;
	event_reader_stop(stream->reader);
	wakeup_close(&stream->read);
}

void
event_stream_free(struct event_stream *stream)
{
	free(stream->database);
	free(stream);
}

size_t
event_stream_count(const struct event_stream *stream)
{
	return stream->count;
}

struct deferred *
event_stream_poll(struct event_stream *stream, const char *shop,
    const struct api_query *query, const struct exchange_request *request)
{
	struct event_poll *poll = xcalloc(1, sizeof(*poll));

	poll->deferred.ops = &deferred_ops;
	poll->stream = stream;
	poll->round = stream->keys_round;
	stream->count++;
	poll->request.after = query->has_after ? query->after_row :
	    EVENT_READER_NEWEST;
	poll->request.max = query->limit;
	xsnprintf(poll->request.shop, sizeof(poll->request.shop), "%s", shop);
	poll->wait_s = query->wait_s;
	api_body_init(&poll->body, request);
	return &poll->deferred;
}

void
event_stream_committed(struct event_stream *stream)
{
	struct event_poll *poll;

	if (stream->started == 0)
		return;
	stream->has_commit = true;
	TAILQ_FOREACH(poll, &stream->polls, entry)
		if (poll->state == POLL_HELD)
			want(poll, stream->round_ms);
	go_on(stream);
}

void
event_stream_configure(struct event_stream *stream, size_t shops)
{
	struct event_poll *poll, *next;

	stream->shop_max = shops > 1 ? EVENT_STREAM_POLLS_MAX / shops :
	    EVENT_STREAM_POLLS_MAX;
	if (stream->shop_max < EVENT_STREAM_SHOP_MIN)
		stream->shop_max = EVENT_STREAM_SHOP_MIN;
	stream->keys_round++;
	for (poll = TAILQ_FIRST(&stream->polls); poll != NULL; poll = next) {
		next = TAILQ_NEXT(poll, entry);
		/* Who asks where the journal ends is told nothing else. */
		if (poll->request.after != EVENT_READER_NEWEST)
			answer_nothing(poll, poll->request.after);
	}
	set_timer(stream);
}

void
event_stream_drain(struct event_stream *stream)
{
	const uint64_t now_ms = uv_now(stream->config.loop);
	struct event_poll *poll;

	TAILQ_FOREACH(poll, &stream->polls, entry) {
		hold_due(poll, now_ms, 0);
		poll->end_ms = now_ms;
	}
	set_timer(stream);
}
