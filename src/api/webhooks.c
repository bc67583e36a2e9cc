/*
 * What the network thread and that of webhooks have in common: orders on the
 * one side, figures and what is to be kept on the other.  They change hands
 * under a lock that neither of them holds for longer than a copy takes.
 */
#include "webhooks.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "hub/webhook_state.h"
#include "session/session_name.h"
#include "webhook_queue.h"
#include "webhook_settings.h"
#include "webhook_worker.h"

enum {
	KEEP_MS = 1000,		/* between two states to be kept */
	TICK_MS = 1000,		/* it looks whether there is anything */
	COMMITS_MS = 20		/* while it is told of commits in bulk */
};

struct webhooks {
	struct webhooks_config config;
	char	*database;
	char	 shop[SESSION_NAME_SHOP_MAX + 1];
	pthread_t thread;
	bool	 is_running;		/* there is a thread, ... */
	bool	 is_keeping;		/* ... and a state of it was taken */
	bool	 is_forgetting;		/* there is none: that is to be kept */
	uint64_t forget_ms;		/* that again; mono, or 0 */
	struct webhook_worker *worker;	/* the thread's, but for waking it */

	pthread_mutex_t lock;		/* over these: */
	bool	 is_stopping;
	bool	 is_asleep;		/* a commit has to wake it */
	struct webhook_settings *settings;	/* to be adopted; or NULL */
	int64_t	 replay;		/* behind this row; -1 for not */
	struct webhook_erased erased;	/* to be forgotten */
	bool	 wants_state;		/* the last one was not kept */
	uint64_t tests;			/* the number of the last one, ... */
	uint64_t tests_begun;		/* ... and of that under way */
	struct webhook_test tested;	/* what came of it */
	struct webhook_figures figures;
	struct webhook_state *state;	/* to be taken; or NULL */
};

/* What the thread is to do. */
struct orders {
	bool	 is_stopping;
	bool	 wants_test;
	bool	 wants_state;
	int64_t	 replay;
	struct webhook_erased erased;
	struct webhook_settings *settings;
};

static struct orders
take_orders(struct webhooks *webhooks, bool is_idle)
{
	struct orders orders;

	mutex_lock(&webhooks->lock);
	orders = (struct orders){
		.is_stopping = webhooks->is_stopping,
		.wants_test = webhooks->tests != webhooks->tests_begun,
		.wants_state = webhooks->wants_state,
		.replay = webhooks->replay,
		.erased = webhooks->erased,
		.settings = webhooks->settings,
	};
	webhooks->tests_begun = webhooks->tests;
	webhooks->wants_state = false;
	webhooks->replay = -1;
	webhooks->erased.last = 0;
	webhooks->settings = NULL;
	webhooks->is_asleep = is_idle;
	mutex_unlock(&webhooks->lock);
	return orders;
}

static void
obey(struct webhook_worker *worker, const struct orders *orders)
{
	if (orders->settings != NULL)
		webhook_worker_configure(worker, orders->settings);
	if (orders->erased.last != 0)
		webhook_worker_forget(worker, &orders->erased);
	if (orders->replay >= 0)
		webhook_worker_replay(worker, orders->replay);
	if (orders->wants_test)
		webhook_worker_test(worker);
	if (orders->wants_state)
		webhook_worker_note_unkept(worker);
}

/* What was read in this turn may be erased by now: nothing of it was sent. */
static void
forget_erased(struct webhooks *webhooks)
{
	struct webhook_erased erased;

	mutex_lock(&webhooks->lock);
	erased = webhooks->erased;
	webhooks->erased.last = 0;
	mutex_unlock(&webhooks->lock);
	if (erased.last != 0)
		webhook_worker_forget(webhooks->worker, &erased);
}

/* It is there to be taken.  One that nobody took is out of date. */
static void
offer_state(struct webhooks *webhooks, struct webhook_state *state)
{
	mutex_lock(&webhooks->lock);
	webhook_state_free(webhooks->state);
	webhooks->state = state;
	mutex_unlock(&webhooks->lock);
	webhooks->config.changed(webhooks->config.ctx);
}

static void
publish(struct webhooks *webhooks, struct webhook_state *state)
{
	struct webhook_figures figures;

	webhook_worker_copy_figures(webhooks->worker, &figures);
	mutex_lock(&webhooks->lock);
	webhooks->figures = figures;
	if (webhooks->tests == webhooks->tests_begun)
		webhooks->tested = *webhook_worker_tested(webhooks->worker);
	mutex_unlock(&webhooks->lock);
	if (state != NULL)
		offer_state(webhooks, state);
}

static void *
webhooks_main(void *ctx)
{
	struct webhooks *webhooks = ctx;
	struct webhook_worker *worker = webhooks->worker;
	uint64_t kept_ms = 0;
	bool was_idle, is_idle = false;

	for (;;) {
		struct orders orders = take_orders(webhooks, is_idle);
		uint64_t now_ms = clock_now().mono_ms;
		struct webhook_state *state = NULL;

		obey(worker, &orders);
		was_idle = is_idle;
		is_idle = webhook_worker_turn(worker);
		if (orders.is_stopping || webhook_worker_is_urgent(worker) ||
		    now_ms - kept_ms >= KEEP_MS) {
			state = webhook_worker_state(worker);
			kept_ms = now_ms;
		}
		publish(webhooks, state);
		if (orders.is_stopping)
			return NULL;
		forget_erased(webhooks);
		/* Before it is asleep it looks once more. */
		webhook_worker_wait(worker, was_idle && is_idle ? TICK_MS :
		    is_idle ? COMMITS_MS : 0);
	}
}

/* The database's server is waited for: not by who stops. */
static bool
goes_on(void *ctx)
{
	struct webhooks *webhooks = ctx;
	bool is_stopping;

	mutex_lock(&webhooks->lock);
	is_stopping = webhooks->is_stopping;
	mutex_unlock(&webhooks->lock);
	return !is_stopping;
}

static void
start_worker(struct webhooks *webhooks)
{
	struct webhook_state *state = webhooks->config.state;
	struct id_key seed;

	id_key_random(&seed);
	webhooks->config.state = NULL;
	webhooks->is_keeping = false;
	if (state == NULL)
		state = webhook_state_new();
	webhooks->worker = webhook_worker_new(webhooks->database,
	    webhooks->shop, &seed, state, webhooks->config.head);
	webhook_worker_set_waiting(webhooks->worker, goes_on, webhooks);
	/* The thread may take its time until it says so. */
	if (webhook_worker_is_urgent(webhooks->worker))
		offer_state(webhooks, webhook_worker_state(webhooks->worker));
	webhooks->thread = thread_start("webhooks", webhooks_main, webhooks);
	webhooks->is_running = true;
	webhooks->is_forgetting = false;
	webhooks->forget_ms = 0;
}

/* No thread does that. */
static void
keep_none(struct webhooks *webhooks)
{
	webhooks->is_forgetting = true;
	webhooks->forget_ms = 0;
	offer_state(webhooks, webhook_state_new());
}

/* Nobody goes on where another one stopped. */
static void
forget_state(struct webhooks *webhooks)
{
	const struct webhook_state *old = webhooks->config.state;
	char name[WEBHOOK_NAME_BYTES];

	if (old != NULL && old->seq >= 0) {
		webhook_worker_name(webhooks->shop, name);
		log_info("%s: ends behind row %jd", name, (intmax_t)old->seq);
		keep_none(webhooks);
	}
	webhook_state_free(webhooks->config.state);
	webhooks->config.state = NULL;
}

struct webhooks *
webhooks_new(const struct webhooks_config *config,
    const struct webhook_settings *settings)
{
	struct webhooks *webhooks = xcalloc(1, sizeof(*webhooks));

	webhooks->config = *config;
	webhooks->database = xstrdup(config->database);
	xsnprintf(webhooks->shop, sizeof(webhooks->shop), "%s", config->shop);
	webhooks->replay = -1;
	webhook_figures_init(&webhooks->figures);
	if (pthread_mutex_init(&webhooks->lock, NULL) != 0)
		fatalx("webhook: no lock");
	if (!webhook_settings_are_on(settings))
		forget_state(webhooks);
	webhooks_configure(webhooks, settings);
	/* One that comes later begins then. */
	webhooks->config.head = -1;
	return webhooks;
}

void
webhooks_configure(struct webhooks *webhooks,
    const struct webhook_settings *settings)
{
	struct webhook_settings *copy;

	if (!webhooks->is_running && !webhook_settings_are_on(settings))
		return;
	copy = webhook_settings_copy(settings);
	mutex_lock(&webhooks->lock);
	webhook_settings_free(webhooks->settings);
	webhooks->settings = copy;
	webhooks->figures.is_on = webhook_settings_are_on(settings);
	mutex_unlock(&webhooks->lock);
	if (webhooks->is_running)
		webhook_worker_wake(webhooks->worker);
	else
		start_worker(webhooks);
}

bool
webhooks_want_results(const struct webhooks *webhooks)
{
	return webhooks->is_running || webhooks->is_forgetting;
}

void
webhooks_note_erased(struct webhooks *webhooks,
    const struct webhook_erased *erased)
{
	if (!webhooks->is_running)
		return;
	mutex_lock(&webhooks->lock);
	webhook_erased_add(&webhooks->erased, erased);
	mutex_unlock(&webhooks->lock);
	webhook_worker_wake(webhooks->worker);
}

void
webhooks_note_commit(struct webhooks *webhooks)
{
	bool is_asleep;

	if (!webhooks->is_running)
		return;
	mutex_lock(&webhooks->lock);
	is_asleep = webhooks->is_asleep;
	webhooks->is_asleep = false;
	mutex_unlock(&webhooks->lock);
	if (is_asleep)
		webhook_worker_wake(webhooks->worker);
}

struct webhook_state *
webhooks_take_state(struct webhooks *webhooks)
{
	struct webhook_state *state;

	if (webhooks->is_running && webhooks->is_keeping)
		return NULL;
	mutex_lock(&webhooks->lock);
	state = webhooks->state;
	webhooks->state = NULL;
	mutex_unlock(&webhooks->lock);
	if (state == NULL)
		return NULL;
	webhook_state_set_shop(state, webhooks->shop);
	webhooks->is_keeping = true;
	return state;
}

void
webhooks_note_kept(struct webhooks *webhooks, enum webhooks_kept kept)
{
	bool has_state;

	webhooks->is_keeping = false;
	if (webhooks->is_forgetting) {
		if (kept == WEBHOOKS_NOT_KEPT)
			webhooks->forget_ms = clock_now().mono_ms + KEEP_MS;
		webhooks->is_forgetting = kept == WEBHOOKS_NOT_KEPT;
		return;
	}
	mutex_lock(&webhooks->lock);
	has_state = webhooks->state != NULL;
	webhooks->wants_state |= kept == WEBHOOKS_NOT_KEPT && !has_state;
	mutex_unlock(&webhooks->lock);
	if (has_state)
		webhooks->config.changed(webhooks->config.ctx);
}

int
webhooks_run(struct webhooks *webhooks)
{
	uint64_t now_ms;

	if (webhooks->forget_ms == 0)
		return -1;
	now_ms = clock_now().mono_ms;
	if (now_ms < webhooks->forget_ms)
		return (int)(webhooks->forget_ms - now_ms);
	keep_none(webhooks);
	return -1;
}

void
webhooks_begin_stop(struct webhooks *webhooks)
{
	if (webhooks->forget_ms != 0)
		keep_none(webhooks);
	if (!webhooks->is_running)
		return;
	mutex_lock(&webhooks->lock);
	webhooks->is_stopping = true;
	mutex_unlock(&webhooks->lock);
	webhook_worker_wake(webhooks->worker);
}

void
webhooks_end_stop(struct webhooks *webhooks)
{
	if (!webhooks->is_running)
		return;
	(void)pthread_join(webhooks->thread, NULL); /* it is ours */
	webhook_worker_free(webhooks->worker);
	webhooks->is_running = false;
}

void
webhooks_free(struct webhooks *webhooks)
{
	if (webhooks == NULL)
		return;
	(void)pthread_mutex_destroy(&webhooks->lock); /* nobody holds it */
	webhook_settings_free(webhooks->settings);
	webhook_state_free(webhooks->state);
	webhook_state_free(webhooks->config.state);
	free(webhooks->database);
	free(webhooks);
}

void
webhooks_copy_figures(struct webhooks *webhooks,
    struct webhook_figures *figures)
{
	mutex_lock(&webhooks->lock);
	*figures = webhooks->figures;
	mutex_unlock(&webhooks->lock);
}

uint64_t
webhooks_test(struct webhooks *webhooks)
{
	uint64_t number = 0;

	mutex_lock(&webhooks->lock);
	if (webhooks->figures.is_on) {
		number = ++webhooks->tests;
		webhooks->tested = (struct webhook_test){
			.state = WEBHOOK_TEST_PENDING,
		};
	}
	mutex_unlock(&webhooks->lock);
	if (number != 0)
		webhook_worker_wake(webhooks->worker);
	return number;
}

struct webhook_test
webhooks_tested(struct webhooks *webhooks, uint64_t number)
{
	struct webhook_test test = { .state = WEBHOOK_TEST_UNKNOWN };

	mutex_lock(&webhooks->lock);
	if (number != 0 && number == webhooks->tests)
		test = webhooks->tested;
	mutex_unlock(&webhooks->lock);
	return test;
}

int
webhooks_replay(struct webhooks *webhooks, int64_t seq)
{
	bool is_on;

	mutex_lock(&webhooks->lock);
	is_on = webhooks->figures.is_on;
	if (is_on)
		webhooks->replay = seq;
	mutex_unlock(&webhooks->lock);
	if (is_on)
		webhook_worker_wake(webhooks->worker);
	return is_on ? 0 : -1;
}
