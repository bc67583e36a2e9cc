#include "suite.h"

#include "net/deadline.h"

/* Deadlines of which the durations change while somebody waits. */

const char suite_name[] = "deadline";

enum {
	KIND = DEADLINE_FIRST,
	OTHER,
	HOUR_MS = 3600000
};

/* The loop, and how many deadlines of each kind have passed. */
static uv_loop_t loop;
static struct deadlines *deadlines;
static unsigned passed[DEADLINE_KINDS_MAX];

static void
expire(struct deadline *deadline, unsigned kind)
{
	ck_assert_uint_eq(deadline->kind, DEADLINE_NONE);
	passed[kind]++;
	uv_stop(&loop);
}

static void
start(uint64_t kind_ms, uint64_t other_ms)
{
	const uint64_t wait_ms[DEADLINE_KINDS_MAX] = {
		[KIND] = kind_ms, [OTHER] = other_ms,
	};

	ck_assert_int_eq(uv_loop_init(&loop), 0);
	deadlines = deadlines_new(&loop, wait_ms, expire);
}

static void
configure(uint64_t kind_ms, uint64_t other_ms)
{
	const uint64_t wait_ms[DEADLINE_KINDS_MAX] = {
		[KIND] = kind_ms, [OTHER] = other_ms,
	};

	deadlines_configure(deadlines, wait_ms);
}

static void
end(void)
{
	deadlines_free(deadlines);
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(a_wait_that_gets_shorter_ends_earlier)
{
	struct deadline deadline = { .kind = DEADLINE_NONE };

	start(HOUR_MS, HOUR_MS);
	deadline_set(deadlines, &deadline, KIND);
	configure(1, HOUR_MS);
	uv_run(&loop, UV_RUN_DEFAULT);

	ck_assert_uint_eq(passed[KIND], 1);
	end();
}
END_TEST

START_TEST(a_wait_without_end_gets_one)
{
	struct deadline first = { .kind = DEADLINE_NONE };
	struct deadline second = { .kind = DEADLINE_NONE };

	start(0, HOUR_MS);
	deadline_set(deadlines, &first, KIND);
	deadline_set(deadlines, &second, KIND);
	configure(1, HOUR_MS);
	uv_run(&loop, UV_RUN_DEFAULT);

	ck_assert_uint_eq(passed[KIND], 2);
	end();
}
END_TEST

START_TEST(a_wait_may_lose_its_end_or_move_away)
{
	struct deadline never = { .kind = DEADLINE_NONE };
	struct deadline late = { .kind = DEADLINE_NONE };
	struct deadline soon = { .kind = DEADLINE_NONE };

	start(2, 2);
	deadline_set(deadlines, &never, KIND);
	deadline_set(deadlines, &late, OTHER);
	configure(0, HOUR_MS);
	/* The timer of before.  If it is due by now, UV_RUN_ONCE waits for
	 * the next one, too. */
	do {
		uv_run(&loop, UV_RUN_NOWAIT);
		ck_assert_uint_eq(passed[KIND] + passed[OTHER], 0);
	} while (uv_backend_timeout(&loop) <= 2);
	configure(0, 1);
	deadline_set(deadlines, &soon, OTHER);
	while (passed[OTHER] < 2)
		uv_run(&loop, UV_RUN_DEFAULT);

	ck_assert_uint_eq(passed[KIND], 0);
	deadline_clear(deadlines, &never);
	end();
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_wait_that_gets_shorter_ends_earlier);
	tcase_add_test(tc, a_wait_without_end_gets_one);
	tcase_add_test(tc, a_wait_may_lose_its_end_or_move_away);
}
