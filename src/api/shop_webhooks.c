#include "shop_webhooks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "hub/job.h"
#include "hub/webhook_state.h"
#include "session/session_name.h"
#include "webhook_queue.h"
#include "webhook_settings.h"
#include "webhooks.h"

/* That of one shop; once there is one it stays, as its counters do. */
struct member {
	STAILQ_ENTRY(member) entry;
	char	 shop[SESSION_NAME_SHOP_MAX + 1];
	struct webhooks *webhooks;
};

struct shop_webhooks {
	struct shop_webhooks_config config;
	char	*database;
	STAILQ_HEAD(, member) members;	/* that outside of sections first */
};

/* Nothing is told. */
static const struct webhook_settings no_settings = {
	.url = "",
	.ca_file = "",
};

static struct webhooks *
find(const struct shop_webhooks *all, const char *shop)
{
	const struct member *member;

	STAILQ_FOREACH(member, &all->members, entry)
		if (strcmp(member->shop, shop) == 0)
			return member->webhooks;
	return NULL;
}

static void
add(struct shop_webhooks *all, const char *shop,
    const struct webhook_settings *settings, struct webhook_state *state)
{
	struct member *member = xcalloc(1, sizeof(*member));
	const struct webhooks_config config = {
		.database = all->database,
		.shop = member->shop,
		.state = state,
		.head = all->config.head,
		.changed = all->config.changed,
		.ctx = all->config.ctx,
	};

	xsnprintf(member->shop, sizeof(member->shop), "%s", shop);
	member->webhooks = webhooks_new(&config, settings);
	STAILQ_INSERT_TAIL(&all->members, member, entry);
}

static void
configure_shop(struct shop_webhooks *all,
    const struct shop_webhooks_settings *settings,
    struct webhook_states *states)
{
	struct webhooks *webhooks = find(all, settings->shop);
	struct webhook_state *state;

	if (webhooks != NULL) {
		webhooks_configure(webhooks, settings->webhook);
		return;
	}
	state = states == NULL ? NULL :
	    webhook_states_take(states, settings->shop);
	if (state != NULL || settings->shop[0] == '\0' ||
	    webhook_settings_are_on(settings->webhook))
		add(all, settings->shop, settings->webhook, state);
}

struct shop_webhooks *
shop_webhooks_new(const struct shop_webhooks_config *config,
    const struct shop_webhooks_settings *settings, size_t count)
{
	struct shop_webhooks *all = xcalloc(1, sizeof(*all));
	struct webhook_state *state;
	size_t i;

	all->config = *config;
	all->config.states = NULL;
	all->database = xstrdup(config->database);
	STAILQ_INIT(&all->members);
	for (i = 0; i < count; i++)
		configure_shop(all, &settings[i], config->states);
	/* Those of shops that are gone are forgotten. */
	while ((state = STAILQ_FIRST(config->states)) != NULL) {
		STAILQ_REMOVE_HEAD(config->states, entry);
		add(all, state->shop, &no_settings, state);
	}
	/* One that comes later begins then. */
	all->config.head = -1;
	return all;
}

static bool
has_shop(const struct shop_webhooks_settings *settings, size_t count,
    const char *shop)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(settings[i].shop, shop) == 0)
			return true;
	return false;
}

void
shop_webhooks_configure(struct shop_webhooks *all,
    const struct shop_webhooks_settings *settings, size_t count)
{
	struct member *member;
	size_t i;

	STAILQ_FOREACH(member, &all->members, entry)
		if (!has_shop(settings, count, member->shop))
			webhooks_configure(member->webhooks, &no_settings);
	for (i = 0; i < count; i++)
		configure_shop(all, &settings[i], NULL);
}

static bool
does_any_want_results(const struct shop_webhooks *all)
{
	const struct member *member;

	STAILQ_FOREACH(member, &all->members, entry)
		if (webhooks_want_results(member->webhooks))
			return true;
	return false;
}

static void
note_erased(struct shop_webhooks *all, const struct webhook_erased *erased)
{
	struct member *member;

	STAILQ_FOREACH(member, &all->members, entry)
		webhooks_note_erased(member->webhooks, erased);
}

/* The slice of an erasure, which goes back from its note to behind next_row. */
static void
note_erasure(struct shop_webhooks *all, const struct job *job)
{
	struct webhook_erased erased = {
		.first = job->erase.next_row + 1,
		.last = job->erase.note_row,
	};

	if (job->erase.bodies == 0)
		return;
	xsnprintf(erased.session, sizeof(erased.session), "%s",
	    job->record.session->data);
	note_erased(all, &erased);
}

/* The slice of a pass: of bodies, and of rows from the first on. */
static void
note_retention(struct shop_webhooks *all, const struct job *job)
{
	const struct retention *next = &job->retain.next;
	struct webhook_erased erased = {
		.first = job->retain.pass.body_row + 1,
		.last = next->body_row,
	};

	if (erased.last < erased.first)
		erased.last = 0;
	if (next->upto_row > 0) {
		erased.first = 1;
		if (erased.last < next->upto_row)
			erased.last = next->upto_row;
	}
	if (erased.last != 0)
		note_erased(all, &erased);
}

static void
note_kept(struct shop_webhooks *all, const struct job *job)
{
	struct webhooks *webhooks = find(all, job->webhook->shop);

	if (webhooks != NULL)
		webhooks_note_kept(webhooks, job->result == JOB_DONE ?
		    WEBHOOKS_KEPT : WEBHOOKS_NOT_KEPT);
}

static void
note_result(struct shop_webhooks *all, const struct job *job)
{
	if (job->kind == JOB_WEBHOOK)
		note_kept(all, job);
	else if (job->kind == JOB_ERASE && job->result == JOB_DONE)
		note_erasure(all, job);
	else if (job->kind == JOB_RETAIN && job->result == JOB_DONE)
		note_retention(all, job);
}

void
shop_webhooks_note_results(struct shop_webhooks *all,
    const struct job_list *results)
{
	const struct job *job;
	struct member *member;

	if (!does_any_want_results(all))
		return;
	STAILQ_FOREACH(job, results, entry)
		note_result(all, job);
	STAILQ_FOREACH(member, &all->members, entry)
		webhooks_note_commit(member->webhooks);
}

struct webhook_state *
shop_webhooks_take_state(struct shop_webhooks *all)
{
	struct webhook_state *state = NULL;
	struct member *member;

	if (all == NULL)
		return NULL;
	STAILQ_FOREACH(member, &all->members, entry) {
		state = webhooks_take_state(member->webhooks);
		if (state != NULL)
			break;
	}
	return state;
}

int
shop_webhooks_run(struct shop_webhooks *all)
{
	struct member *member;
	int wait_ms = -1, ms;

	if (all == NULL)
		return -1;
	STAILQ_FOREACH(member, &all->members, entry) {
		ms = webhooks_run(member->webhooks);
		if (wait_ms == -1 || (ms != -1 && ms < wait_ms))
			wait_ms = ms;
	}
	return wait_ms;
}

void
shop_webhooks_stop(struct shop_webhooks *all)
{
	struct member *member;

	if (all == NULL)
		return;
	/* They end side by side. */
	STAILQ_FOREACH(member, &all->members, entry)
		webhooks_begin_stop(member->webhooks);
	STAILQ_FOREACH(member, &all->members, entry)
		webhooks_end_stop(member->webhooks);
}

void
shop_webhooks_free(struct shop_webhooks *all)
{
	struct member *member;

	if (all == NULL)
		return;
	while ((member = STAILQ_FIRST(&all->members)) != NULL) {
		STAILQ_REMOVE_HEAD(&all->members, entry);
		webhooks_free(member->webhooks);
		free(member);
	}
	free(all->database);
	free(all);
}

void
shop_webhooks_copy_figures(struct shop_webhooks *all,
    struct webhook_figures *figures)
{
	struct webhook_figures own;
	struct member *member;

	webhook_figures_init(figures);
	STAILQ_FOREACH(member, &all->members, entry) {
		webhooks_copy_figures(member->webhooks, &own);
		webhook_figures_add(figures, &own);
	}
}

static const char *
copy_figures(void *ctx, size_t place, struct webhook_figures *figures)
{
	const struct shop_webhooks *all = ctx;
	const struct member *member;

	STAILQ_FOREACH(member, &all->members, entry) {
		if (place-- > 0)
			continue;
		webhooks_copy_figures(member->webhooks, figures);
		return member->shop;
	}
	return NULL;
}

static uint64_t
begin_test(void *ctx, const char *shop)
{
	struct webhooks *webhooks = find(ctx, shop);

	return webhooks == NULL ? 0 : webhooks_test(webhooks);
}

static struct webhook_test
tell_test(void *ctx, const char *shop, uint64_t number)
{
	struct webhooks *webhooks = find(ctx, shop);

	return webhooks == NULL ?
	    (struct webhook_test){ .state = WEBHOOK_TEST_UNKNOWN } :
	    webhooks_tested(webhooks, number);
}

static int
begin_again(void *ctx, const char *shop, int64_t seq)
{
	struct webhooks *webhooks = find(ctx, shop);

	return webhooks == NULL ? -1 : webhooks_replay(webhooks, seq);
}

struct webhook_operations
shop_webhooks_operations(struct shop_webhooks *all)
{
	return (struct webhook_operations){
		.copy_figures = copy_figures,
		.test = begin_test,
		.tested = tell_test,
		.replay = begin_again,
		.ctx = all,
	};
}
