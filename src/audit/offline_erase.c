#include "offline_erase.h"

#include <stdint.h>
#include <time.h>

#include "base/clock.h"
#include "base/id.h"
#include "hub/erasure.h"
#include "hub/hub.h"
#include "hub/job.h"
#include "storage/store.h"
#include "storage/writer.h"

/* A hub that has nobody connected, and its storage. */
struct offline_hub {
	struct store *store;
	struct hub *hub;
};

static void
offline_hub_init(struct offline_hub *offline, struct store *store)
{
	struct hub_config config = { .quota = NULL };
	const struct hub_settings settings = { .session_ttl_ms = 0 };
	struct now now = clock_now();

	id_key_random(&config.seed);
	store_last_rows(store, &config.session_row, &config.customer_row);
	*offline = (struct offline_hub){
		.store = store,
		.hub = hub_new(&config, &settings, &now),
	};
}

/* Do all there is to do now; STORE_FATAL is the end. */
static enum store_status
run_jobs(struct offline_hub *offline)
{
	const struct writer_settings settings = { .max_remembered = 0 };

	for (;;) {
		struct job_list jobs = STAILQ_HEAD_INITIALIZER(jobs);
		enum store_status status;
		struct now now;

		hub_take_jobs(offline->hub, &jobs);
		if (STAILQ_EMPTY(&jobs))
			return STORE_OK;
		status = writer_run_inline(offline->store, &settings, &jobs);
		now = clock_now();
		hub_complete_jobs(offline->hub, &jobs, &now);
		if (status == STORE_FATAL)
			return status;
	}
}

/* Wait until the hub has something to do, or until end_ms. */
static void
wait_for_tick(const struct offline_hub *offline, uint64_t end_ms)
{
	uint64_t now_ms = clock_now().mono_ms;
	uint64_t due_ms = hub_next_tick_ms(offline->hub);
	uint64_t ms;
	struct timespec time;

	if (due_ms > end_ms)
		due_ms = end_ms;
	ms = due_ms > now_ms ? due_ms - now_ms : 0;
	time = (struct timespec){
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};
	(void)nanosleep(&time, NULL); /* too early is early enough */
}

static struct erasure
erase_and_wait(struct offline_hub *offline, struct payload *session,
    const struct customer_id *customer, unsigned wait_ms,
    enum store_status *status)
{
	struct now now = clock_now();
	uint64_t end_ms = now.mono_ms + wait_ms;
	uint64_t number = erasure_begin(offline->hub, session, customer, &now);
	struct erasure erasure;

	for (;;) {
		*status = run_jobs(offline);
		erasure = erasure_report(offline->hub, number);
		if (*status == STORE_FATAL ||
		    erasure.state != ERASURE_PENDING)
			return erasure;
		wait_for_tick(offline, end_ms);
		now = clock_now();
		if (now.mono_ms >= end_ms)
			return erasure;
		hub_tick(offline->hub, &now);
	}
}

enum store_open_status
offline_erase(const char *path, struct payload *session,
    const struct customer_id *customer, unsigned wait_ms,
    struct erasure *erasure)
{
	enum store_open_status verdict;
	enum store_status status;
	struct offline_hub offline;
	struct store *store;

	verdict = store_open(path, NULL, &store);
	if (verdict != STORE_OPENED)
		return verdict;
	offline_hub_init(&offline, store);
	*erasure = erase_and_wait(&offline, session, customer, wait_ms,
	    &status);
	if (status == STORE_FATAL)
		verdict = store_exit_status(store);
	hub_free(offline.hub);
	store_close(store);
	return verdict;
}
