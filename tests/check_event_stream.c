#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_query.h"
#include "api/event_reader.h"
#include "api/event_stream.h"
#include "base/buf.h"
#include "net/deferred.h"
#include "net/exchange.h"

/* Who waits for events; what is read of the journal is the test's. */

const char suite_name[] = "event_stream";

/* No shop has events here: a slice has a row of others'. */
static struct {
	struct event_reader_config config;
	struct event_request request;
	size_t	 asked;
	size_t	 slices;		/* that there are; behind them nothing */
	bool	 is_stuck;
} reader;

struct event_reader *
event_reader_start(const struct event_reader_config *config)
{
	reader.config = *config;
	return (struct event_reader *)&reader;
}

void
event_reader_stop(struct event_reader *unused)
{
	(void)unused;
}

void
event_reader_ask(struct event_reader *unused,
    const struct event_request *request)
{
	(void)unused;
	reader.request = *request;
	reader.asked++;
	if (!reader.is_stuck)
		reader.config.done(reader.config.ctx);
}

bool
event_reader_collect(struct event_reader *unused, struct event_result *result)
{
	(void)unused;
	if (reader.slices > 0)
		reader.slices--;
	*result = (struct event_result){
		.last = reader.request.after + (reader.slices > 0),
		.has_more = reader.slices > 0,
	};
	return true;
}

struct payload *
event_reader_answer(const struct journal_events_page *page)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", (int)page->last);
	return payload_new(text, strlen(text));
}

struct world {
	uv_loop_t loop;
	struct event_stream *stream;
	bool	 is_draining;
};

/* A request's answer: its cursor, unless it is refused. */
struct asked {
	unsigned status;		/* 0: none yet */
	int	 cursor;
};

static void
on_counted(void *ctx, unsigned status)
{
	(void)ctx;
	(void)status;
}

static bool
is_draining(const void *ctx)
{
	const struct world *world = ctx;

	return world->is_draining;
}

static void
world_init(struct world *world)
{
	const struct event_stream_config config = {
		.loop = &world->loop,
		.database = "",
		.answered = on_counted,
		.is_draining = is_draining,
		.ctx = world,
	};

	memset(&reader, 0, sizeof(reader));
	world->is_draining = false;
	uv_loop_init(&world->loop);
	world->stream = event_stream_new(&config);
}

static void
world_clear(struct world *world)
{
	ck_assert_uint_eq(event_stream_count(world->stream), 0);
	event_stream_stop(world->stream);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	event_stream_free(world->stream);
	ck_assert_int_eq(uv_loop_close(&world->loop), 0);
}

static void
on_answered(void *ctx, const struct exchange_answer *answer)
{
	struct asked *asked = ctx;

	asked->status = answer->status;
	asked->cursor = atoi(answer->body->data);
	payload_unref(answer->body);
}

static struct deferred *
begin(struct world *world, const char *shop, int64_t after, unsigned wait_s)
{
	static const struct exchange_request request = { .method = "GET" };
	const struct api_query query = {
		.has_after = true,
		.after_row = after,
		.limit = 100,
		.wait_s = wait_s,
	};

	return event_stream_poll(world->stream, shop, &query, &request);
}

static void
ask(struct world *world, const char *shop, unsigned wait_s,
    struct asked *asked)
{
	*asked = (struct asked){ .status = 0 };
	deferred_start(begin(world, shop, 7, wait_s), on_answered, asked);
}

static void
run_until_answered(struct world *world, const struct asked *asked)
{
	while (asked->status == 0)
		uv_run(&world->loop, UV_RUN_ONCE);
	ck_assert_uint_eq(asked->status, 200);
}

/* Until it is known that there is nothing. */
static void
run_until_held(struct world *world)
{
	while (reader.asked == 0)
		uv_run(&world->loop, UV_RUN_ONCE);
	uv_run(&world->loop, UV_RUN_ONCE);
}

START_TEST(a_long_way_past_rows_of_others_is_gone_in_steps)
{
	struct world world;
	struct asked asked;

	world_init(&world);
	reader.slices = SIZE_MAX;
	ask(&world, "a", 0, &asked);
	run_until_answered(&world, &asked);
	ck_assert_uint_gt(reader.asked, 1);
	ck_assert_int_eq(asked.cursor, 7 + (int)reader.asked);
	world_clear(&world);
}
END_TEST

START_TEST(a_short_way_is_gone_at_once)
{
	struct world world;
	struct asked asked;

	world_init(&world);
	reader.slices = 4;
	ask(&world, "a", 0, &asked);
	run_until_answered(&world, &asked);
	ck_assert_int_eq(asked.cursor, 10);
	world_clear(&world);
}
END_TEST

START_TEST(who_is_on_the_way_does_not_hold_up_a_stop)
{
	struct world world;
	struct asked asked;
	size_t before;

	world_init(&world);
	reader.slices = SIZE_MAX;
	ask(&world, "a", 55, &asked);
	run_until_held(&world);
	ck_assert_uint_eq(asked.status, 0);
	world.is_draining = true;
	event_stream_drain(world.stream);
	before = reader.asked;
	run_until_answered(&world, &asked);
	ck_assert_uint_le(reader.asked, before + 1);
	world_clear(&world);
}
END_TEST

START_TEST(each_shop_has_its_part)
{
	struct world world;
	struct asked held[3], more;
	size_t i;

	world_init(&world);
	event_stream_configure(world.stream, 20);
	ask(&world, "a", 55, &held[0]);
	ask(&world, "a", 55, &held[1]);
	ask(&world, "a", 55, &more);
	ck_assert_uint_eq(more.status, 429);
	ask(&world, "b", 55, &held[2]);
	ck_assert_uint_eq(held[2].status, 0);
	event_stream_drain(world.stream);
	for (i = 0; i < 3; i++)
		run_until_answered(&world, &held[i]);
	world_clear(&world);
}
END_TEST

START_TEST(who_is_held_comes_again_when_keys_change)
{
	struct world world;
	struct asked held, read, late = { .status = 0 };
	struct deferred *deferred;

	world_init(&world);
	ask(&world, "a", 55, &held);
	run_until_held(&world);
	deferred = begin(&world, "a", 7, 55);
	reader.is_stuck = true;
	ask(&world, "b", 55, &read);
	event_stream_configure(world.stream, 1);
	run_until_answered(&world, &held);
	ck_assert_int_eq(held.cursor, 7);
	run_until_answered(&world, &read);
	deferred_start(deferred, on_answered, &late);
	ck_assert_uint_eq(late.status, 200);
	world_clear(&world);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_long_way_past_rows_of_others_is_gone_in_steps);
	tcase_add_test(tc, a_short_way_is_gone_at_once);
	tcase_add_test(tc, who_is_on_the_way_does_not_hold_up_a_stop);
	tcase_add_test(tc, each_shop_has_its_part);
	tcase_add_test(tc, who_is_held_comes_again_when_keys_change);
}
