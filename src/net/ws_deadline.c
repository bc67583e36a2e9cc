#include "ws_deadline.h"

#include <stdlib.h>

#include "base/xalloc.h"

TAILQ_HEAD(ws_deadline_list, ws_deadline);

struct ws_deadlines {
	uv_loop_t *loop;
	void	(*expire)(struct ws_deadline *deadline, enum ws_wait kind);
	uint64_t wait_ms[WS_WAITS];
	struct ws_deadline_list lists[WS_WAITS];
	uint64_t turn;		/* the clock of WS_WAIT_TURN */
	uv_idle_t idle;		/* runs while somebody waits for it */
	uv_timer_t timer;
	uint64_t timer_ms;	/* when it fires, if it runs */
};

void
ws_deadline_clear(struct ws_deadlines *deadlines, struct ws_deadline *deadline)
{
	if (deadline->kind == WS_WAIT_NONE)
		return;
	TAILQ_REMOVE(&deadlines->lists[deadline->kind], deadline, entry);
	deadline->kind = WS_WAIT_NONE;
}

/* Let those go on whose point in time is at most end. */
static void
expire_until(struct ws_deadlines *deadlines, enum ws_wait kind, uint64_t end)
{
	struct ws_deadline *first;

	while ((first = TAILQ_FIRST(&deadlines->lists[kind])) != NULL &&
	    first->due <= end) {
		ws_deadline_clear(deadlines, first);
		deadlines->expire(first, kind);
	}
}

/* Who has to wait again while this runs waits for another turn. */
static void
on_idle(uv_idle_t *idle)
{
	struct ws_deadlines *deadlines = idle->data;

	expire_until(deadlines, WS_WAIT_TURN, deadlines->turn++);
	if (TAILQ_EMPTY(&deadlines->lists[WS_WAIT_TURN]))
		uv_idle_stop(idle);
}

static void	 on_timer(uv_timer_t *timer);

static void
arm(struct ws_deadlines *deadlines, uint64_t due_ms)
{
	uint64_t now_ms = uv_now(deadlines->loop);

	if (uv_is_active((uv_handle_t *)&deadlines->timer) &&
	    deadlines->timer_ms <= due_ms)
		return;
	deadlines->timer_ms = due_ms;
	uv_timer_start(&deadlines->timer, on_timer,
	    due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void
on_timer(uv_timer_t *timer)
{
	struct ws_deadlines *deadlines = timer->data;
	uint64_t now_ms = uv_now(deadlines->loop);
	struct ws_deadline *first;
	enum ws_wait kind;

	for (kind = WS_WAIT_SPEECH; kind < WS_WAITS; kind++) {
		expire_until(deadlines, kind, now_ms);
		first = TAILQ_FIRST(&deadlines->lists[kind]);
		if (first != NULL)
			arm(deadlines, first->due);
	}
}

void
ws_deadline_set(struct ws_deadlines *deadlines, struct ws_deadline *deadline,
    enum ws_wait kind)
{
	ws_deadline_clear(deadlines, deadline);
	if (deadlines->wait_ms[kind] == 0)
		return;
	deadline->kind = (uint8_t)kind;
	deadline->due = uv_now(deadlines->loop) + deadlines->wait_ms[kind];
	TAILQ_INSERT_TAIL(&deadlines->lists[kind], deadline, entry);
	arm(deadlines, deadline->due);
}

void
ws_deadline_set_turn(struct ws_deadlines *deadlines,
    struct ws_deadline *deadline)
{
	ws_deadline_clear(deadlines, deadline);
	deadline->kind = WS_WAIT_TURN;
	deadline->due = deadlines->turn;
	TAILQ_INSERT_TAIL(&deadlines->lists[WS_WAIT_TURN], deadline, entry);
	uv_idle_start(&deadlines->idle, on_idle);
}

struct ws_deadlines *
ws_deadlines_new(uv_loop_t *loop, const uint64_t wait_ms[WS_WAITS],
    void (*expire)(struct ws_deadline *deadline, enum ws_wait kind))
{
	struct ws_deadlines *deadlines = xcalloc(1, sizeof(*deadlines));
	enum ws_wait kind;

	deadlines->loop = loop;
	deadlines->expire = expire;
	for (kind = WS_WAIT_NONE; kind < WS_WAITS; kind++) {
		deadlines->wait_ms[kind] = wait_ms[kind];
		TAILQ_INIT(&deadlines->lists[kind]);
	}
	uv_idle_init(loop, &deadlines->idle);
	deadlines->idle.data = deadlines;
	uv_timer_init(loop, &deadlines->timer);
	deadlines->timer.data = deadlines;
	return deadlines;
}

static void
on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_idle_closed(uv_handle_t *handle)
{
	struct ws_deadlines *deadlines = handle->data;

	uv_close((uv_handle_t *)&deadlines->timer, on_timer_closed);
}

void
ws_deadlines_free(struct ws_deadlines *deadlines)
{
	uv_close((uv_handle_t *)&deadlines->idle, on_idle_closed);
}
