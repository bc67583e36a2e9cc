#include "suite.h"

#include <sched.h>
#include <semaphore.h>

#include "admin/webhook_figures.h"
#include "api/shop_webhooks.h"
#include "api/webhook_settings.h"
#include "base/clock.h"
#include "hub/job.h"
#include "hub/webhook_state.h"

/* What is kept of webhooks that begin, and of those that have no URL now. */

const char suite_name[] = "webhooks";

static const struct webhook_settings off = { .url = "", .ca_file = "" };

/* It sends nothing, as there is nothing to be read. */
static const struct webhook_settings on = {
	.url = "http://127.0.0.1:9/",
	.ca_file = "",
};

static struct shop_webhooks *all;
static sem_t changed;		/* posted by the thread, too */
static uint64_t mono_ms;	/* it stands still while there is a thread */

struct now
clock_now(void)
{
	return (struct now){
		.mono_ms = mono_ms,
		.boot_ms = mono_ms,
		.wall_ms = mono_ms,
		.mono_us = mono_ms * 1000,
	};
}

uint64_t
clock_ms(void)
{
	return mono_ms;
}

uint64_t
clock_us(void)
{
	return mono_ms * 1000;
}

uint64_t
clock_thread_us(void)
{
	return mono_ms * 1000;
}

static void
count_change(void *ctx)
{
	(void)ctx;
	ck_assert_int_eq(sem_post(&changed), 0);
}

static unsigned
changes(void)
{
	int count;

	ck_assert_int_eq(sem_getvalue(&changed, &count), 0);
	return (unsigned)count;
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
	ck_assert_int_eq(sem_init(&changed, 0, 0), 0);
	mono_ms = 5000;
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

/* What is taken says seq; the storage's result is so. */
static void
keep_at(struct webhook_state *state, int64_t seq, enum job_result result)
{
	struct job_list results = STAILQ_HEAD_INITIALIZER(results);
	struct job *job = job_new(JOB_WEBHOOK);

	ck_assert_ptr_nonnull(state);
	ck_assert_int_eq(state->seq, seq);
	job->webhook = state;
	job->result = result;
	STAILQ_INSERT_TAIL(&results, job, entry);
	shop_webhooks_note_results(all, &results);
	job_free(job);
}

/* Likewise, that there is no webhook. */
static void
keep(struct webhook_state *state, enum job_result result)
{
	keep_at(state, -1, result);
}

/* A crash that comes before its thread has done anything loses nothing. */
START_TEST(what_begins_is_kept_before_anything_happens)
{
	teardown();
	start(NULL, &on);
	ck_assert_uint_ge(changes(), 1);
	keep_at(shop_webhooks_take_state(all), 9, JOB_DONE);
}
END_TEST

/* Nothing else is, in the second in which something was. */
START_TEST(so_is_at_once_what_begins_again)
{
	struct webhook_operations operations;
	struct webhook_figures figures = { .delivered_seq = 0 };

	teardown();
	start(NULL, &on);
	keep_at(shop_webhooks_take_state(all), 9, JOB_DONE);
	operations = shop_webhooks_operations(all);
	while (figures.delivered_seq != 9) {
		sched_yield();
		ck_assert_ptr_nonnull(operations.copy_figures(operations.ctx,
		    0, &figures));
	}
	while (sem_trywait(&changed) == 0)
		continue;
	ck_assert_int_eq(operations.replay(operations.ctx, "", 3), 0);
	ck_assert_int_eq(sem_wait(&changed), 0);
	keep_at(shop_webhooks_take_state(all), 3, JOB_DONE);
}
END_TEST

START_TEST(what_ended_is_forgotten_once)
{
	ck_assert_uint_eq(changes(), 1);
	keep(shop_webhooks_take_state(all), JOB_DONE);
	ck_assert_int_eq(shop_webhooks_run(all), -1);
	ck_assert_ptr_null(shop_webhooks_take_state(all));
	shop_webhooks_stop(all);
	ck_assert_ptr_null(shop_webhooks_take_state(all));
	ck_assert_uint_eq(changes(), 1);
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
			mono_ms += 100;
		} while (wait_ms != -1);
		ck_assert_uint_eq(changes(), 2 + (unsigned)round);
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
	tcase_add_test(tc, so_is_at_once_what_begins_again);
	tcase_add_test(tc, what_ended_is_forgotten_once);
	tcase_add_test(tc, if_the_storage_refuses_that_it_comes_again);
	tcase_add_test(tc, or_when_the_daemon_stops);
}
