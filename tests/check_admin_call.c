#include "admin/admin_call.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin_request.h"
#include "base/buf.h"
#include "base/clock.h"
#include "hub_script.h"
#include "net/exchange.h"
#include "suite.h"

/* What operators are told of the sessions that they lock, unlock and end. */

const char suite_name[] = "admin_call";

enum { TEXT_BYTES = 512 };

static struct world *world;
static struct admin_config config;

/* In place of the library's: the world's clock. */
struct now
clock_now(void)
{
	return *world_now(world);
}

uint64_t
clock_us(void)
{
	return world_now(world)->mono_us;
}

uint64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

uint64_t
clock_thread_us(void)
{
	return 0;
}

static bool
is_draining(const void *ctx)
{
	(void)ctx;
	return false;
}

static void
setup(void)
{
	world = world_new();
	config.is_draining = is_draining;
	config.calls = admin_calls_new(world_hub(world));
}

static void
teardown(void)
{
	admin_calls_free(config.calls);
	world_free(world);
}

/* The status of an answer, whose body text gets. */
static unsigned
ask(void (*route)(const struct admin_request *, struct exchange_answer *),
    const char *rest, const char *query, char text[TEXT_BYTES])
{
	const struct admin_request request = {
		.config = &config,
		.rest = rest,
		.query = query,
	};
	struct exchange_answer answer = { 0 };
	int len;

	route(&request, &answer);
	len = snprintf(text, TEXT_BYTES, "%s%s",
	    answer.lead == NULL ? "" : answer.lead->data,
	    answer.body->data + answer.body_from);
	ck_assert_int_lt(len, TEXT_BYTES);
	payload_unref(answer.lead);
	payload_unref(answer.body);
	return answer.status;
}

/* The number of a call with session s1, which is done then. */
static uint64_t
call(void (*route)(const struct admin_request *, struct exchange_answer *))
{
	char text[TEXT_BYTES];
	uint64_t number;

	ck_assert_uint_eq(ask(route, "", "session=s1", text), 202);
	ck_assert_int_eq(sscanf(text, "{\"id\":%" SCNu64 "}", &number), 1);
	world_run(world);
	return number;
}

static unsigned
ask_of(uint64_t number, char text[TEXT_BYTES])
{
	char rest[32];

	(void)snprintf(rest, sizeof(rest), "%" PRIu64, number);	/* fits */
	return ask(admin_call_status, rest, "", text);
}

static void
expect_told(uint64_t number, const char *answer)
{
	char text[TEXT_BYTES];

	ck_assert_uint_eq(ask_of(number, text), 200);
	ck_assert_str_eq(text, answer);
}

static void
expect_untold(uint64_t number)
{
	char text[TEXT_BYTES];

	ck_assert_uint_eq(ask_of(number, text), 404);
}

START_TEST(carts_are_given_once)
{
	char text[TEXT_BYTES];
	uint64_t number;

	(void)world_start(world, "s1", "Ann");
	number = call(admin_call_lock);
	ck_assert_uint_eq(ask_of(number, text), 200);
	ck_assert_ptr_nonnull(strstr(text, "{\"state\":\"done\","
	    "\"incarnation\":1,\"revision\":2,\"payload\":{"));
	ck_assert_ptr_nonnull(strstr(text, "\"Ann\""));
	expect_told(number, "{\"state\":\"done\",\"incarnation\":1,"
	    "\"revision\":2}\n");
}
END_TEST

START_TEST(an_end_of_before_has_its_revision)
{
	static const char ended[] = "{\"state\":\"done\",\"incarnation\":1,"
	    "\"revision\":2}\n";

	expect_told(call(admin_call_end),
	    "{\"state\":\"notFound\"}\n");
	(void)world_start(world, "s1", "Ann");
	expect_told(call(admin_call_end), ended);
	expect_told(call(admin_call_end), ended);
}
END_TEST

START_TEST(what_came_of_it_is_forgotten_after_a_minute)
{
	uint64_t number, newer;

	(void)world_start(world, "s1", "Ann");
	world_hold(world);
	number = call(admin_call_lock);
	world_wait(world, 5 * 1000);
	expect_told(number, "{\"state\":\"pending\"}\n");
	world_go_on(world);
	world_run(world);
	newer = call(admin_call_unlock);
	world_wait(world, 60 * 1000 - 1);
	expect_told(newer, "{\"state\":\"done\",\"incarnation\":1,"
	    "\"revision\":3}\n");
	world_wait(world, 1);
	expect_untold(number);
	expect_untold(newer);
}
END_TEST

START_TEST(the_newest_sixteen_are_remembered)
{
	uint64_t first = call(admin_call_unlock);
	int i;

	for (i = 0; i < 15; i++)
		(void)call(admin_call_unlock);
	expect_told(first, "{\"state\":\"notFound\"}\n");
	(void)call(admin_call_unlock);
	expect_untold(first);
}
END_TEST

START_TEST(a_number_is_not_that_of_another_daemon)
{
	uint64_t number = call(admin_call_unlock);

	admin_calls_free(config.calls);
	config.calls = admin_calls_new(world_hub(world));
	ck_assert_uint_ne(call(admin_call_unlock), number);
	expect_untold(number);
	ck_assert_uint_lt(number, UINT64_C(1) << 53);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, carts_are_given_once);
	tcase_add_test(tc, an_end_of_before_has_its_revision);
	tcase_add_test(tc, what_came_of_it_is_forgotten_after_a_minute);
	tcase_add_test(tc, the_newest_sixteen_are_remembered);
	tcase_add_test(tc, a_number_is_not_that_of_another_daemon);
}
