#include "server.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sysexits.h>

#include <systemd/sd-daemon.h>
#include <uv.h>

#include "admin/admin_listener.h"
#include "admin/metrics.h"
#include "api/api_listener.h"
#include "api/shop_webhooks.h"
#include "api/webhook_settings.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "config/endpoint.h"
#include "config/options.h"
#include "config/reload.h"
#include "drain.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub/job.h"
#include "hub/quota.h"
#include "hub/webhook_state.h"
#include "memory_trim.h"
#include "module_settings.h"
#include "net/http.h"
#include "net/loop_lag.h"
#include "net/wakeup.h"
#include "signals.h"
#include "storage/fs.h"
#include "storage/store.h"
#include "storage/writer.h"
#include "transports.h"
#include "watchdog.h"

/*
 * Everything, and the order in which it happens: server_start(), before_sleep()
 * once in every turn of the loop, on_storage_results(), and server_stop().  One
 * turn takes in what sockets have, hands the changes to the storage as one list
 * and sends what the storage has committed.
 */
struct server {
	struct options *options;
	int	 argc;			/* what these were read from */
	char	**argv;
	uv_loop_t loop;
	uv_prepare_t prepare;		/* before each wait */
	uv_idle_t no_sleep;		/* active: the next wait is none */
	uv_timer_t wakeup;		/* of the hub and libmicrohttpd */
	uint64_t wakeup_ms;		/* on the monotonic clock */
	struct wakeup results_ready;	/* the storage thread has results */
	struct signals signals;

	struct store *store;
	struct writer *writer;
	struct watchdog *watchdog;	/* NULL if nobody waits for it */
	struct quota *quota;
	struct shops *shops;
	struct hub *hub;
	struct transports transports;
	struct admin_listener *admin_listener;
	struct api_listener *api;
	struct wakeup webhooks_ready;	/* their thread has a state to keep */
	struct shop_webhooks *webhooks;
	struct webhook_states webhook_states;	/* of before */
	int64_t	 head_row;		/* of the journal, at the start */

	struct memory_trim memory_trim;
	struct loop_lag lag;
	uint64_t started_ms;		/* since 1970 */

	struct drain *drain;		/* NULL while nothing stops us */
	bool	 has_failed;		/* the database cannot be trusted */
	int	 status;
};

static void
submit_to_storage(struct server *server)
{
	struct job_list jobs = STAILQ_HEAD_INITIALIZER(jobs);

	if (hub_has_jobs_out(server->hub) || server->has_failed)
		return;
	hub_take_jobs(server->hub, &jobs);
	if (!STAILQ_EMPTY(&jobs))
		writer_submit(server->writer, &jobs);
}

static void
on_wakeup(uv_timer_t *handle)
{
	struct server *server = handle->data;
	struct now now = clock_now();

	loop_lag_begin(&server->loop);
	hub_tick(server->hub, &now);
}

/* Wake up when the hub has something to do, or libmicrohttpd, in so many ms. */
static void
set_wakeup(struct server *server, int http_wait_ms)
{
	uint64_t now_ms = clock_now().mono_ms;
	uint64_t wakeup_ms = hub_next_tick_ms(server->hub);

	if (http_wait_ms >= 0 && now_ms + (uint64_t)http_wait_ms < wakeup_ms)
		wakeup_ms = now_ms + (uint64_t)http_wait_ms;
	if (wakeup_ms == server->wakeup_ms &&
	    uv_is_active((uv_handle_t *)&server->wakeup))
		return;
	server->wakeup_ms = wakeup_ms;
	if (wakeup_ms == UINT64_MAX) {
		uv_timer_stop(&server->wakeup);
		return;
	}
	/* libuv's clock stood still since the turn began. */
	uv_update_time(&server->loop);
	uv_timer_start(&server->wakeup, on_wakeup,
	    wakeup_ms > now_ms ? wakeup_ms - now_ms : 0, 0);
}

static void
on_no_sleep(uv_idle_t *handle)
{
	(void)handle;	/* it only keeps the loop from waiting */
}

/* The turn of the loop: sockets were read, and it would wait for more now. */
static void
before_sleep(uv_prepare_t *handle)
{
	struct server *server = handle->data;
	int http_wait_ms;

	loop_lag_begin(&server->loop);
	/* What was gathered is on its way to the disk while the answers to
	 * what came before are sent. */
	submit_to_storage(server);
	transports_turn(&server->transports);
	hub_wake_peers(server->hub);
	http_wait_ms = transports_run_http(&server->transports);
	http_wait_ms = http_sooner(http_wait_ms,
	    admin_listener_run(server->admin_listener));
	http_wait_ms = http_sooner(http_wait_ms,
	    api_listener_run(server->api));
	http_wait_ms = http_sooner(http_wait_ms,
	    shop_webhooks_run(server->webhooks));
	submit_to_storage(server);
	if (server->drain != NULL)
		drain_step(server->drain);
	set_wakeup(server, http_wait_ms);
	if (hub_has_woken(server->hub) ||
	    transports_have_more(&server->transports))
		uv_idle_start(&server->no_sleep, on_no_sleep);
	else
		uv_idle_stop(&server->no_sleep);
	loop_lag_end(&server->lag);
}

static void
on_storage_results(void *ctx)
{
	struct server *server = ctx;
	struct job_list results = STAILQ_HEAD_INITIALIZER(results);
	struct now now = clock_now();
	enum store_open_status verdict;

	loop_lag_begin(&server->loop);
	verdict = writer_collect(server->writer, &results);
	if (verdict != STORE_OPENED) {
		server->has_failed = true;
		server->status = (int)verdict;
		uv_stop(&server->loop);
		return;
	}
	if (STAILQ_EMPTY(&results))
		return;
	/* Before anybody hears that something is erased. */
	shop_webhooks_note_results(server->webhooks, &results);
	hub_complete_jobs(server->hub, &results, &now);
	api_listener_committed(server->api);
	memory_trim_note_work(&server->memory_trim);
}

/* Called by the storage thread. */
static void
wake_loop(void *ctx)
{
	struct server *server = ctx;

	wakeup_send(&server->results_ready);
}

/* Called by the thread of webhooks. */
static void
wake_for_webhooks(void *ctx)
{
	struct server *server = ctx;

	wakeup_send(&server->webhooks_ready);
}

static void
keep_webhooks(void *ctx)
{
	struct server *server = ctx;
	struct webhook_state *state;

	while ((state = shop_webhooks_take_state(server->webhooks)) != NULL)
		hub_keep_webhook(server->hub, state);
}

static void
on_drained(void *ctx)
{
	struct server *server = ctx;

	uv_stop(&server->loop);
}

static void
start_drain(struct server *server)
{
	const struct drain_config config = {
		.loop = &server->loop,
		.hub = server->hub,
		.transports = &server->transports,
		.api = server->api,
		.duration_ms = (uint64_t)server->options->drain_time_s * 1000,
		.done = on_drained,
		.ctx = server,
	};

	server->drain = drain_start(&config);
}

/* Stop; whoever asks again is not to be kept waiting. */
static void
drain(void *ctx)
{
	struct server *server = ctx;

	if (server->drain == NULL)
		start_drain(server);
	else
		drain_hurry(server->drain);
}

static void
on_stop_signal(uv_signal_t *handle, int number)
{
	struct server *server = handle->data;

	loop_lag_begin(handle->loop);
	if (server->drain == NULL)
		log_info("stopping on %s",
		    number == SIGINT ? "SIGINT" : "SIGTERM");
	drain(server);
}

static void
collect_metrics(void *ctx, struct metrics *metrics)
{
	struct server *server = ctx;
	struct api_counts api;
	struct health_signs signs = { .is_draining = server->drain != NULL };

	metrics->shops = server->shops;
	hub_copy_counts(server->hub, &metrics->hub);
	transports_copy_counts(&server->transports, metrics);
	api_listener_copy_counts(server->api, &api);
	metrics->api_answers = api.answers;
	metrics->api_refused = api.refused;
	metrics->api_connections = api.connections;
	shop_webhooks_copy_figures(server->webhooks, &metrics->webhook);
	writer_copy_counts(server->writer, &metrics->writer);
	metrics->turns_us = server->lag.turns_us;
	metrics->log_lost = log_lost();
	metrics->started_ms = server->started_ms;
	metrics->now_us = clock_us();
	process_read(&metrics->process);
	signs.now_us = metrics->now_us;
	signs.refused_us = metrics->writer.refused_us;
	signs.is_unreachable = metrics->writer.store.trouble ==
	    STORE_ERROR_UNREACHABLE;
	signs.busy_since_us = metrics->writer.busy_since_us;
	metrics->health = health_judge(&signs);
}

/* Take over the shops of the options; the first time, too. */
static void
configure_shops(struct server *server)
{
	size_t count = module_settings_shops_count(server->options), i;
	struct shop_settings *settings = xcalloc(count, sizeof(*settings));
	struct id_key hash_key;

	id_key_random(&hash_key);
	for (i = 0; i < count; i++)
		settings[i] = module_settings_shop(server->options, i);
	if (server->shops == NULL)
		server->shops = shops_new(&hash_key, settings, count);
	else
		shops_configure(server->shops, settings, count);
	free(settings);
}

static void
configure_hub(struct server *server)
{
	const struct options *options = server->options;
	const struct writer_settings writer = module_settings_writer(options);
	const struct quota_settings quota = module_settings_quota(options);
	const struct hub_settings hub = module_settings_hub(options);
	struct now now = clock_now();

	writer_configure(server->writer, &writer);
	configure_shops(server);
	quota_configure(server->quota, &quota);
	hub_configure(server->hub, &hub, &now);
}

/* Take over where shops' events go; the first time, too. */
static void
configure_webhooks(struct server *server)
{
	size_t count = module_settings_shops_count(server->options), i;
	struct shop_webhooks_settings *settings =
	    xcalloc(count, sizeof(*settings));
	struct webhook_settings *own = xcalloc(count, sizeof(*own));
	const struct shop_webhooks_config config = {
		.database = server->options->database,
		.states = &server->webhook_states,
		.head = server->head_row,
		.changed = wake_for_webhooks,
		.ctx = server,
	};

	for (i = 0; i < count; i++) {
		own[i] = module_settings_webhook(server->options, i);
		settings[i].shop =
		    module_settings_shop(server->options, i).name;
		settings[i].webhook = &own[i];
	}
	if (server->webhooks == NULL)
		server->webhooks = shop_webhooks_new(&config, settings, count);
	else
		shop_webhooks_configure(server->webhooks, settings, count);
	free(own);
	free(settings);
	/* Where one begins is written before anything that it is to tell. */
	keep_webhooks(server);
}

static void
apply_options(void *ctx)
{
	struct server *server = ctx;
	const struct http_settings http =
	    module_settings_http(server->options);
	const struct api_access_settings access =
	    module_settings_api_access(server->options);

	log_set_level(server->options->log_level);
	configure_hub(server);
	transports_configure(&server->transports, server->options);
	admin_listener_configure(server->admin_listener, &http);
	api_listener_configure(server->api, &access, &http);
	configure_webhooks(server);
}

static void
reload_options(void *ctx, struct reload_report *report)
{
	struct server *server = ctx;

	reload(server->options, server->argc, server->argv, apply_options,
	    server, report);
}

static void
on_reload_signal(uv_signal_t *handle, int number)
{
	struct server *server = handle->data;
	struct reload_report report;

	(void)number;	/* is SIGHUP */
	loop_lag_begin(handle->loop);
	if (server->drain != NULL)
		return;
	reload_report_init(&report);
	reload_options(server, &report);
	reload_report_clear(&report);
}

static bool
is_draining(const void *ctx)
{
	const struct server *server = ctx;

	return server->drain != NULL;
}

static const char *
storage_state(void *ctx)
{
	struct server *server = ctx;
	struct writer_counts counts;
	struct hub_counts hub;
	struct health_signs signs = { .now_us = clock_us() };

	writer_copy_counts(server->writer, &counts);
	hub_copy_counts(server->hub, &hub);
	signs.busy_since_us = counts.busy_since_us;
	signs.is_unreachable = counts.store.trouble == STORE_ERROR_UNREACHABLE;
	if (health_judge(&signs) == HEALTH_STUCK)
		return "stuck";
	if (counts.store.trouble == STORE_ERRORS && hub.has_free_bytes &&
	    hub.free_bytes < hub.min_free_bytes)
		return "low";
	return store_error_name(counts.store.trouble);
}

static void
init_loop(struct server *server)
{
	uv_loop_t *loop = &server->loop;

	if (uv_loop_init(loop) != 0)
		fatalx("cannot set up the event loop");
	wakeup_init(&server->results_ready, loop, on_storage_results, server);
	wakeup_init(&server->webhooks_ready, loop, keep_webhooks, server);
	uv_prepare_init(loop, &server->prepare);
	uv_idle_init(loop, &server->no_sleep);
	uv_timer_init(loop, &server->wakeup);
	memory_trim_init(&server->memory_trim, loop);
	server->prepare.data = server;
	server->wakeup.data = server;
	signals_init(&server->signals, loop, on_stop_signal, on_reload_signal,
	    server);
	uv_prepare_start(&server->prepare, before_sleep);
	server->started_ms = clock_now().wall_ms;
}

static int
open_storage(struct server *server, struct id_key *key)
{
	const struct options *options = server->options;
	const struct writer_settings settings = module_settings_writer(options);
	struct writer_config config;
	int status;

	if (options->is_default_database &&
	    fs_make_directories(options->database) == -1)
		return EX_CANTCREAT;
	status = (int)store_open(options->database, NULL, &server->store);
	if (status != STORE_OPENED)
		return status;
	if (store_key(server->store, *options->key_file == '\0' ? NULL :
	    options->key_file, key) == -1)
		return EX_IOERR;
	config = (struct writer_config){
		.store = server->store,
		.done = wake_loop,
		.ctx = server,
	};
	store_take_webhooks(server->store, &server->webhook_states);
	server->head_row = store_head_row(server->store);
	server->writer = writer_start(&config, &settings);
	server->watchdog = watchdog_start(&server->loop, server->writer);
	return EX_OK;
}

static void
init_hub(struct server *server, const struct id_key *key)
{
	struct now now = clock_now();
	struct hub_config config = { .key = *key };
	const struct hub_settings settings =
	    module_settings_hub(server->options);
	const struct quota_settings quota =
	    module_settings_quota(server->options);
	struct id_key hash_key;

	id_key_random(&hash_key);
	id_key_random(&config.seed);
	server->quota = quota_new(&hash_key, &quota);
	config.quota = server->quota;
	configure_shops(server);
	config.shops = server->shops;
	store_last_rows(server->store, &config.session_row,
	    &config.customer_row);
	config.has_locked = store_has_locked(server->store);
	server->hub = hub_new(&config, &settings, &now);
}

static void
init_transports(struct server *server, const struct id_key *key)
{
	const struct transports_config config = {
		.loop = &server->loop,
		.options = server->options,
		.hub = server->hub,
		.quota = server->quota,
		.shops = server->shops,
		.memory_trim = &server->memory_trim,
		.log_key = *key,
	};

	transports_init(&server->transports, &config);
}

static void
init_api(struct server *server)
{
	const struct http_settings http =
	    module_settings_http(server->options);
	const struct api_access_settings access =
	    module_settings_api_access(server->options);
	const struct api_listener_config config = {
		.loop = &server->loop,
		.hub = server->hub,
		.database = server->options->database,
		.shops = server->shops,
		.unsent = server->transports.unsent,
		.idle_timeout_s = MODULE_SETTINGS_IDLE_S,
		.is_draining = is_draining,
		.ctx = server,
	};

	server->api = api_listener_new(&config, &access, &http);
}

static int
open_admin_listener(struct server *server, const struct id_key *key)
{
	const struct http_settings http =
	    module_settings_http(server->options);
	const struct admin_listener_config config = {
		.loop = &server->loop,
		.idle_timeout_s = MODULE_SETTINGS_IDLE_S,
		.admin = {
			.log_key = *key,
			.started_ms = clock_now().mono_ms,
			.options = server->options,
			.hub = server->hub,
			.peers = server->transports.peers,
			.longpolls = server->transports.longpolls,
			.probes = { .collect = collect_metrics, .ctx = server },
			.reload = reload_options,
			.drain = drain,
			.is_draining = is_draining,
			.storage = storage_state,
			.webhooks = shop_webhooks_operations(
			    server->webhooks),
			.ctx = server,
		},
	};

	server->admin_listener = admin_listener_new(&config, &http);
	return admin_listener_open(server->admin_listener) == -1 ?
	    EX_OSERR : EX_OK;
}

static int
open_transports(struct server *server)
{
	char text[ENDPOINT_TEXT_MAX + 1] = "no HTTP socket";
	int status;

	status = transports_open(&server->transports, server->options,
	    server->api, text);
	if (status != EX_OK)
		return status;
	loop_lag_init(&server->lag, &server->loop);
	/* Whether anybody listens for this is not ours to judge. */
	(void)sd_notifyf(0, "READY=1\nSTATUS=listening on %s", text);
	return EX_OK;
}

/* Close our own handles, and let all that close do so. */
static void
close_loop(struct server *server)
{
	uv_close((uv_handle_t *)&server->prepare, NULL);
	uv_close((uv_handle_t *)&server->no_sleep, NULL);
	uv_close((uv_handle_t *)&server->wakeup, NULL);
	wakeup_close(&server->results_ready);
	wakeup_close(&server->webhooks_ready);
	memory_trim_close(&server->memory_trim);
	signals_close(&server->signals);
	(void)uv_run(&server->loop, UV_RUN_DEFAULT); /* until none is left */
}

/* Commit all there is, and end the thread. */
static void
stop_storage(struct server *server)
{
	struct job_list results = STAILQ_HEAD_INITIALIZER(results);
	struct now now = clock_now();
	enum store_open_status verdict;

	if (server->writer == NULL)
		return;
	verdict = writer_stop(server->writer, &results);
	if (server->status == EX_OK)
		server->status = (int)verdict;
	hub_complete_jobs(server->hub, &results, &now);
	if (server->options->audit_anchor_interval_s != 0)
		store_log_chain_head(server->store);
}

/* Each of these needs what comes before it. */
static int
server_start(struct server *server)
{
	struct id_key key;
	int status;

	init_loop(server);
	status = open_storage(server, &key);
	if (status != EX_OK)
		return status;
	init_hub(server, &key);
	init_transports(server, &key);
	init_api(server);
	configure_webhooks(server);
	status = open_admin_listener(server, &key);
	if (status != EX_OK)
		return status;
	return open_transports(server);
}

/* As far as it was started. */
static void
server_stop(struct server *server)
{
	/* What ends does so by itself: a signal could only cut it off. */
	signals_ignore(&server->signals);
	uv_prepare_stop(&server->prepare);
	/* Nobody comes any more, and all leave the hub. */
	if (server->drain == NULL)
		transports_stop_accepting(&server->transports);
	admin_listener_stop(server->admin_listener);
	api_listener_stop(server->api);
	transports_stop(&server->transports);
	shop_webhooks_stop(server->webhooks);
	keep_webhooks(server);
	/* That is committed, and shown to nobody. */
	if (server->hub != NULL)
		submit_to_storage(server);
	stop_storage(server);
	/* All handles are closed, and memory is freed once they are. */
	watchdog_stop(server->watchdog);
	drain_free(server->drain);
	transports_close(&server->transports);
	close_loop(server);
	admin_listener_free(server->admin_listener);
	api_listener_free(server->api);
	shop_webhooks_free(server->webhooks);
	webhook_states_clear(&server->webhook_states);
	transports_clear(&server->transports);
	if (server->hub != NULL)
		hub_free(server->hub);
	if (server->quota != NULL)
		quota_free(server->quota);
	if (server->shops != NULL)
		shops_free(server->shops);
	store_close(server->store);
	if (uv_loop_close(&server->loop) != 0)
		log_warnx("the event loop still has handles");
}

int
server_run(struct options *options, int argc, char **argv)
{
	struct server server = {
		.options = options,
		.argc = argc,
		.argv = argv,
	};

	STAILQ_INIT(&server.webhook_states);
	server.status = server_start(&server);
	if (server.status == EX_OK) {
		(void)uv_run(&server.loop, UV_RUN_DEFAULT);
		log_info("stopped");
	}
	server_stop(&server);
	return server.status;
}
