#include "suite.h"

#include <pthread.h>

#include "net/wakeup.h"

/* What another thread has to say. */

const char suite_name[] = "wakeup";

struct world {
	uv_loop_t loop;
	struct wakeup wakeup;
	unsigned woken;
};

static void
on_woken(void *ctx)
{
	struct world *world = ctx;

	world->woken++;
}

static void
world_init(struct world *world)
{
	*world = (struct world){ .woken = 0 };
	uv_loop_init(&world->loop);
	wakeup_init(&world->wakeup, &world->loop, on_woken, world);
}

static void
world_clear(struct world *world)
{
	wakeup_close(&world->wakeup);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&world->loop), 0);
}

static void *
send_one(void *ctx)
{
	struct world *world = ctx;

	wakeup_send(&world->wakeup);
	return NULL;
}

START_TEST(another_thread_wakes_a_loop_that_waits)
{
	struct world world;
	pthread_t thread;
	unsigned i;

	world_init(&world);
	for (i = 1; i <= 3; i++) {
		ck_assert_int_eq(pthread_create(&thread, NULL, send_one,
		    &world), 0);
		uv_run(&world.loop, UV_RUN_ONCE);
		ck_assert_uint_eq(world.woken, i);
		ck_assert_int_eq(pthread_join(thread, NULL), 0);
	}
	world_clear(&world);
}
END_TEST

START_TEST(what_was_sent_before_is_seen_once)
{
	struct world world;

	world_init(&world);
	wakeup_send(&world.wakeup);
	wakeup_send(&world.wakeup);
	uv_run(&world.loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(world.woken, 1);
	uv_run(&world.loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(world.woken, 1);
	world_clear(&world);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, another_thread_wakes_a_loop_that_waits);
	tcase_add_test(tc, what_was_sent_before_is_seen_once);
}
