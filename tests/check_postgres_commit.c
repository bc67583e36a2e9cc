/*
 * Commits of which nobody knows at first whether they were done: connection,
 * server process and server go in that moment, and whatever the store tells is
 * what the database has then.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "hub/job.h"
#include "session/record.h"
#include "storage/store.h"
#include "storage/writer.h"

#include "pg_proxy.h"
#include "postgres.h"
#include "suite.h"

const char suite_name[] = "postgres_commit";

enum {
	CUTS = 350,
	TERMINATIONS = 140,
	RESTARTS = 12,
	ATTEMPTS_MAX = 100000,
	LIST_BYTES = 1 << 20
};

/* A session, to which one record after the other is appended. */
struct shop {
	struct store *store;
	struct payload *session;
	struct payload *cart;
	uint64_t revision;
	uint64_t attempts;		/* the time of the next record */
	uint64_t told[ATTEMPTS_MAX];	/* times of what was committed */
	size_t	 count;
	size_t	 refused;
};

static char url[POSTGRES_URL_BYTES];

static void
shop_init(struct shop *shop, const char *name)
{
	*shop = (struct shop){ .session = payload_new("a", 1) };
	shop->cart = payload_new("{\"a\":1}", 7);
	log_set_level(0);	/* failures are wanted here */
	ck_assert_int_eq(store_open(name, NULL, &shop->store), STORE_OPENED);
}

static enum store_status
append(struct shop *shop)
{
	enum store_status status = store_begin(shop->store);
	struct record record = {
		.session = shop->session,
		.session_row = 1,
		.incarnation = 1,
		.revision = shop->revision + 1,
		.event = shop->revision == 0 ? RECORD_START : RECORD_CART,
		.has_customer = true,
		.customer_row = 1,
	};

	if (status != STORE_OK)
		return status;	/* there is no connection: not counted */
	ck_assert_uint_lt(++shop->attempts, ATTEMPTS_MAX);
	record.time_ms = shop->attempts;
	if (record.event == RECORD_START)
		record.name = shop->session;
	else
		record.cart = shop->cart;
	status = store_append(shop->store, &record);
	return status == STORE_OK ? store_commit(shop->store) : status;
}

/* What was told is noted. */
static enum store_status
attempt(struct shop *shop)
{
	enum store_status status = append(shop);

	ck_assert_int_ne(status, STORE_FATAL);
	if (status == STORE_OK) {
		shop->told[shop->count++] = shop->attempts;
		shop->revision++;
	} else
		shop->refused++;
	return status;
}

/* The database has all that was told, and nothing that was not. */
static void
expect_what_was_told(const struct shop *shop)
{
	char *list = calloc(1, LIST_BYTES);
	size_t len = 0, i;

	for (i = 0; i < shop->count; i++)
		len += (size_t)snprintf(list + len, LIST_BYTES - len,
		    "%s%" PRIu64, i == 0 ? "" : ",", shop->told[i]);
	ck_assert_str_eq(postgres_value(url, "SELECT "
	    "string_agg(ts_ms::text, ',' ORDER BY seq) "
	    "FROM buddyshopping.journal"), list);
	ck_assert_uint_eq((size_t)store_head_row(shop->store), shop->count);
	free(list);
}

static void
shop_clear(struct shop *shop)
{
	expect_what_was_told(shop);
	store_close(shop->store);
	payload_unref(shop->session);
	payload_unref(shop->cart);
}

/* On a database of its own. */
static struct pg_proxy *
open_by_proxy(struct shop *shop)
{
	char name[PG_PROXY_URL_BYTES], folder[POSTGRES_FOLDER_BYTES];
	struct pg_proxy *proxy;

	postgres_database(url);
	ck_assert_int_eq(sscanf(strstr(url, "host="), "host=%127[^&]",
	    folder), 1);
	proxy = pg_proxy_new(folder);
	pg_proxy_url(proxy, url, name);
	shop_init(shop, name);
	return proxy;
}

START_TEST(connection_cut_around_a_commit)
{
	static struct shop shop;
	size_t outcomes[PG_PROXY_CUTS][2] = { { 0 } };
	struct pg_proxy *proxy;
	enum pg_proxy_cut cut;
	unsigned i;

	proxy = open_by_proxy(&shop);
	ck_assert_int_eq(attempt(&shop), STORE_OK);
	for (i = 0; i < CUTS; i++) {
		cut = 1 + i % (PG_PROXY_CUTS - 1);
		pg_proxy_cut(proxy, cut, i * 37 % 5000);
		outcomes[cut][attempt(&shop) == STORE_OK]++;
		ck_assert(pg_proxy_has_cut(proxy));
		ck_assert_uint_eq(strtoul(postgres_value(url, "SELECT "
		    "count(*) FROM buddyshopping.journal"), NULL, 10),
		    shop.count);
	}
	ck_assert_uint_eq(outcomes[PG_PROXY_CUT_BEFORE_COMMIT][1], 0);
	ck_assert_uint_eq(outcomes[PG_PROXY_HANG_BEFORE_COMMIT][1], 0);
	ck_assert_uint_eq(outcomes[PG_PROXY_CUT_REPLY][0], 0);
	ck_assert_uint_gt(outcomes[PG_PROXY_CUT_BEHIND_COMMIT][1], 0);
	ck_assert_int_eq(attempt(&shop), STORE_OK);
	shop_clear(&shop);
	pg_proxy_free(proxy);
}
END_TEST

/* Without a row nothing tells whether it was committed: so it is, once more. */
START_TEST(list_of_a_lost_connection_is_run_again)
{
	static const struct writer_settings settings = { .max_remembered = 0 };
	static struct shop shop;
	struct pg_proxy *proxy;
	struct job_list jobs = STAILQ_HEAD_INITIALIZER(jobs);
	struct job *job = job_new(JOB_TOUCH);

	proxy = open_by_proxy(&shop);
	ck_assert_int_eq(attempt(&shop), STORE_OK);
	job->touch.session_row = 1;
	job->touch.used_ms = 77;
	STAILQ_INSERT_TAIL(&jobs, job, entry);

	pg_proxy_cut(proxy, (enum pg_proxy_cut)_i, 0);
	ck_assert_int_eq(writer_run_inline(shop.store, &settings, &jobs),
	    STORE_OK);

	ck_assert(pg_proxy_has_cut(proxy));
	ck_assert_int_eq(job->result, JOB_DONE);
	ck_assert_str_eq(postgres_value(url, "SELECT active_ms "
	    "FROM buddyshopping.session"), "77");
	job_free(job);
	shop_clear(&shop);
	pg_proxy_free(proxy);
}
END_TEST

/* A thread that appends, while the test sees to it that this fails. */
struct shopper {
	struct shop *shop;
	pthread_t thread;
	pthread_mutex_t lock;
	bool	 is_over;
};

static bool
is_over(struct shopper *shopper)
{
	bool over;

	(void)pthread_mutex_lock(&shopper->lock);
	over = shopper->is_over;
	(void)pthread_mutex_unlock(&shopper->lock);
	return over;
}

static void *
go_shopping(void *ctx)
{
	struct shopper *shopper = ctx;

	while (!is_over(shopper))
		(void)attempt(shopper->shop);
	/* There is a server again. */
	while (attempt(shopper->shop) != STORE_OK)
		continue;
	return NULL;
}

static void
shopper_start(struct shopper *shopper, struct shop *shop)
{
	*shopper = (struct shopper){ .shop = shop };
	ck_assert_int_eq(pthread_mutex_init(&shopper->lock, NULL), 0);
	ck_assert_int_eq(pthread_create(&shopper->thread, NULL, go_shopping,
	    shopper), 0);
}

static void
shopper_end(struct shopper *shopper)
{
	(void)pthread_mutex_lock(&shopper->lock);
	shopper->is_over = true;
	(void)pthread_mutex_unlock(&shopper->lock);
	ck_assert_int_eq(pthread_join(shopper->thread, NULL), 0);
	(void)pthread_mutex_destroy(&shopper->lock);
}

START_TEST(process_ended_around_a_commit)
{
	static struct shop shop;
	struct shopper shopper;
	unsigned i;

	postgres_database(url);
	shop_init(&shop, url);
	shopper_start(&shopper, &shop);
	for (i = 0; i < TERMINATIONS;)
		i += postgres_terminate(url) > 0;
	shopper_end(&shopper);
	shop_clear(&shop);
}
END_TEST

START_TEST(server_ended_around_a_commit)
{
	static const int ends[] = { SIGINT, SIGQUIT, SIGKILL };
	static struct shop shop;
	struct shopper shopper;
	struct postgres server;
	unsigned i;

	postgres_start(&server, NULL);
	postgres_database_on(&server, url);
	shop_init(&shop, url);
	shopper_start(&shopper, &shop);
	for (i = 0; i < RESTARTS; i++) {
		postgres_end(&server, ends[i % 3]);
		postgres_restart(&server, NULL);
	}
	shopper_end(&shopper);
	shop_clear(&shop);
	postgres_clear(&server);
}
END_TEST

void
suite_add(TCase *tc)
{
	postgres_need();
	tcase_add_test(tc, connection_cut_around_a_commit);
	tcase_add_loop_test(tc, list_of_a_lost_connection_is_run_again,
	    PG_PROXY_CUT_BEFORE_COMMIT, PG_PROXY_CUT_ANYWHERE);
	tcase_add_test(suite_waiting_case(), process_ended_around_a_commit);
	tcase_add_test(suite_waiting_case(), server_ended_around_a_commit);
}
