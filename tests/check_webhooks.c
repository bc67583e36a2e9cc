#include "suite.h"

#include "api/shop_webhooks.h"
#include "api/webhook_settings.h"
#include "hub/job.h"
#include "hub/webhook_state.h"

/* What is kept of webhooks that begin, and of those that have no URL any more. */

const char suite_name[] = "webhooks";

static const struct webhook_settings off = { .url = "", .ca_file = "" };

/* It sends nothing, as there is nothing to be read. */
static const struct webhook_settings on = {
	.url = "http://127.0.0.1:9/",
	.ca_file = "",
};

static struct shop_webhooks *all;
static unsigned changes;

static void
count_change(void *ctx)
{
	(void)ctx;
	changes++;
}

/* A start where the journal ends with row 9; state, if not NULL, is taken. */
static void
start(struct webhook_state *state, const struct webhook_settings *webhook)
{
	struct webhook_states states = STAILQ_HEAD_INITIALIZER(states);
	const struct shop_webhooks_settings settings = { "", webhook };
	const struct shop_webhooks_config config = {
		.database = "check_webhooks.db",	/* there is none */
		.states = &states,
		.head = 9,
		.changed = count_change,
	};

	if (state != NULL)
		STAILQ_INSERT_TAIL(&states, state, entry);
	changes = 0;
	all = shop_webhooks_new(&config, &settings, 1);
}

/* There was a URL, and the start finds none. */
static void
setup(void)
{
	struct webhook_state *state = webhook_state_new();

	state->seq = 7;
	start(state, &off);
}

static void
teardown(void)
{
	shop_webhooks_stop(all);
	shop_webhooks_free(all);
}

/* What is taken says that there is no webhook; the storage's result is so. */
static void
keep(struct webhook_state *state, enum job_result result)
{
	struct job_list results = STAILQ_HEAD_INITIALIZER(results);
	struct job *job = job_new(JOB_WEBHOOK);

	ck_assert_ptr_nonnull(state);
	ck_assert_int_eq(state->seq, -1);
	job->webhook = state;
	job->result = result;
	STAILQ_INSERT_TAIL(&results, job, entry);
	shop_webhooks_note_results(all, &results);
	job_free(job);
}

/* A crash that comes before its thread has done anything loses nothing. */
START_TEST(what_begins_is_kept_before_anything_happens)
{
	struct webhook_state *state;

	teardown();
	start(NULL, &on);
	ck_assert_uint_ge(changes, 1);
	state = shop_webhooks_take_state(all);
	ck_assert_ptr_nonnull(state);
	ck_assert_int_eq(state->seq, 9);
	webhook_state_free(state);
}
END_TEST

START_TEST(what_ended_is_forgotten_once)
{
	ck_assert_uint_eq(changes, 1);
	keep(shop_webhooks_take_state(all), JOB_DONE);
	ck_assert_int_eq(shop_webhooks_run(all), -1);
	ck_assert_ptr_null(shop_webhooks_take_state(all));
	shop_webhooks_stop(all);
	ck_assert_ptr_null(shop_webhooks_take_state(all));
	ck_assert_uint_eq(changes, 1);
}
END_TEST

START_TEST(if_the_storage_refuses_that_it_comes_again)
{
	int round, wait_ms;

	for (round = 0; round < 2; round++) {
		keep(shop_webhooks_take_state(all), JOB_REFUSED);
		ck_assert_ptr_null(shop_webhooks_take_state(all));
		do {
			wait_ms = shop_webhooks_run(all);
			ck_assert_int_le(wait_ms, 1000);
		} while (wait_ms != -1);
		ck_assert_uint_eq(changes, 2 + (unsigned)round);
	}
	keep(shop_webhooks_take_state(all), JOB_DONE);
	ck_assert_int_eq(shop_webhooks_run(all), -1);
	ck_assert_ptr_null(shop_webhooks_take_state(all));
}
END_TEST

START_TEST(or_when_the_daemon_stops)
{
	keep(shop_webhooks_take_state(all), JOB_REFUSED);
	shop_webhooks_stop(all);
	keep(shop_webhooks_take_state(all), JOB_REFUSED);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_begins_is_kept_before_anything_happens);
	tcase_add_test(tc, what_ended_is_forgotten_once);
	tcase_add_test(tc, if_the_storage_refuses_that_it_comes_again);
	tcase_add_test(tc, or_when_the_daemon_stops);
}
