#include "deadline.h"

#include <stdlib.h>

#include "base/timeout.h"
#include "base/xalloc.h"
#include "loop_lag.h"

TAILQ_HEAD(deadline_list, deadline);

struct deadlines {
	uv_loop_t *loop;
	void	(*expire)(struct deadline *deadline, unsigned kind);
	uint64_t wait_ms[DEADLINE_KINDS_MAX];
	struct deadline_list lists[DEADLINE_KINDS_MAX];
	uint64_t turn;		/* the clock of DEADLINE_TURN */
	uv_idle_t idle;		/* runs while somebody waits for it */
	uv_timer_t timer;
	uint64_t timer_ms;	/* when it fires, if it runs */
};

void
deadline_clear(struct deadlines *deadlines, struct deadline *deadline)
{
	if (deadline->kind == DEADLINE_NONE)
		return;
	TAILQ_REMOVE(&deadlines->lists[deadline->kind], deadline, entry);
	deadline->kind = DEADLINE_NONE;
}

/* Let those go on whose point in time is at most end. */
static void
expire_until(struct deadlines *deadlines, unsigned kind, uint64_t end)
{
	struct deadline *first;

	while ((first = TAILQ_FIRST(&deadlines->lists[kind])) != NULL &&
	    first->due <= end) {
		deadline_clear(deadlines, first);
		deadlines->expire(first, kind);
	}
}

/* Who has to wait again while this runs waits for another turn. */
static void
on_deadline_idle(uv_idle_t *idle)
{
	struct deadlines *deadlines = idle->data;

	loop_lag_begin(deadlines->loop);
	expire_until(deadlines, DEADLINE_TURN, deadlines->turn++);
	if (TAILQ_EMPTY(&deadlines->lists[DEADLINE_TURN]))
		uv_idle_stop(idle);
}

static void	 on_deadline_timer(uv_timer_t *timer);

static void
arm_timer(struct deadlines *deadlines, uint64_t due_ms)
{
	uint64_t now_ms = uv_now(deadlines->loop);

	if (due_ms == UINT64_MAX ||
	    (uv_is_active((uv_handle_t *)&deadlines->timer) &&
	    deadlines->timer_ms <= due_ms))
		return;
	deadlines->timer_ms = due_ms;
	uv_timer_start(&deadlines->timer, on_deadline_timer,
	    due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void
on_deadline_timer(uv_timer_t *timer)
{
	struct deadlines *deadlines = timer->data;
	uint64_t now_ms = uv_now(deadlines->loop);
	struct deadline *first;
	unsigned kind;

	loop_lag_begin(deadlines->loop);
	for (kind = DEADLINE_FIRST; kind < DEADLINE_KINDS_MAX; kind++) {
		expire_until(deadlines, kind, now_ms);
		first = TAILQ_FIRST(&deadlines->lists[kind]);
		if (first != NULL)
			arm_timer(deadlines, first->due);
	}
}

void
deadline_set(struct deadlines *deadlines, struct deadline *deadline,
    unsigned kind)
{
	deadline_clear(deadlines, deadline);
	if (kind == DEADLINE_NONE)
		return;
	deadline->kind = (uint8_t)kind;
	deadline->due = timeout_end_ms(uv_now(deadlines->loop),
	    deadlines->wait_ms[kind]);
	TAILQ_INSERT_TAIL(&deadlines->lists[kind], deadline, entry);
	arm_timer(deadlines, deadline->due);
}

void
deadline_set_turn(struct deadlines *deadlines, struct deadline *deadline)
{
	deadline_clear(deadlines, deadline);
	deadline->kind = DEADLINE_TURN;
	deadline->due = deadlines->turn;
	TAILQ_INSERT_TAIL(&deadlines->lists[DEADLINE_TURN], deadline, entry);
	uv_idle_start(&deadlines->idle, on_deadline_idle);
}

struct deadline *
deadlines_first(const struct deadlines *deadlines, unsigned kind)
{
	return TAILQ_FIRST(&deadlines->lists[kind]);
}

struct deadline *
deadline_next(const struct deadline *deadline)
{
	return TAILQ_NEXT(deadline, entry);
}

struct deadlines *
deadlines_new(uv_loop_t *loop, const uint64_t wait_ms[DEADLINE_KINDS_MAX],
    void (*expire)(struct deadline *deadline, unsigned kind))
{
	struct deadlines *deadlines = xcalloc(1, sizeof(*deadlines));
	unsigned kind;

	deadlines->loop = loop;
	deadlines->expire = expire;
	for (kind = DEADLINE_NONE; kind < DEADLINE_KINDS_MAX; kind++) {
		deadlines->wait_ms[kind] = wait_ms[kind];
		TAILQ_INIT(&deadlines->lists[kind]);
	}
	uv_idle_init(loop, &deadlines->idle);
	deadlines->idle.data = deadlines;
	uv_timer_init(loop, &deadlines->timer);
	deadlines->timer.data = deadlines;
	return deadlines;
}

void
deadlines_configure(struct deadlines *deadlines,
    const uint64_t wait_ms[DEADLINE_KINDS_MAX])
{
	uint64_t now_ms = uv_now(deadlines->loop);
	struct deadline *deadline;
	unsigned kind;

	for (kind = DEADLINE_FIRST; kind < DEADLINE_KINDS_MAX; kind++) {
		TAILQ_FOREACH(deadline, &deadlines->lists[kind], entry)
			deadline->due = timeout_changed_end_ms(deadline->due,
			    deadlines->wait_ms[kind], wait_ms[kind], now_ms);
		deadlines->wait_ms[kind] = wait_ms[kind];
		deadline = TAILQ_FIRST(&deadlines->lists[kind]);
		if (deadline != NULL)
			arm_timer(deadlines, deadline->due);
	}
}

static void
on_deadlines_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
on_deadline_idle_closed(uv_handle_t *handle)
{
	struct deadlines *deadlines = handle->data;

	uv_close((uv_handle_t *)&deadlines->timer, on_deadlines_closed);
}

void
deadlines_free(struct deadlines *deadlines)
{
	uv_close((uv_handle_t *)&deadlines->idle, on_deadline_idle_closed);
}
