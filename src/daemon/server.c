#include "server.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include <systemd/sd-daemon.h>
#include <uv.h>

#include "admin_place.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "door.h"
#include "drain.h"
#include "hub/hub.h"
#include "hub/job.h"
#include "hub/quota.h"
#include "net/admin.h"
#include "net/endpoint.h"
#include "net/fcgi.h"
#include "net/front.h"
#include "net/http.h"
#include "net/lag.h"
#include "net/listener.h"
#include "net/metrics.h"
#include "net/poll.h"
#include "net/unix_socket.h"
#include "net/watch.h"
#include "net/ws.h"
#include "net/ws_peer.h"
#include "operate.h"
#include "options.h"
#include "reload.h"
#include "sockets.h"
#include "storage/journal.h"
#include "storage/store.h"
#include "tuning.h"
#include "watchdog.h"

/* Connections to the admin socket, beside max-connections, ... */
#define ADMIN_CONNECTIONS 16
/* ... and to the ports of admin-listen, where anybody on the machine comes. */
#define WATCH_CONNECTIONS 16
/* After so much quiet, memory that work has left behind is given back. */
#define QUIET_MS 500

/*
 * Everything, and the order in which it happens: one turn of the loop takes in
 * what sockets have, hands the changes to the storage as one list, and sends
 * what the storage has settled.
 */
struct server {
	struct options *options;
	int	 argc;			/* what these were read from */
	char	**argv;
	uv_loop_t loop;
	uv_prepare_t turn;		/* before each wait */
	uv_idle_t again;		/* active: the next wait is none */
	uv_timer_t due;			/* of the hub and libmicrohttpd */
	uint64_t due_ms;		/* on the monotonic clock */
	uv_async_t settled;		/* the storage thread has results */
	uv_timer_t quiet;		/* runs since there was work ... */
	bool	 had_work;		/* ... and there was some since */
	uv_signal_t sigterm;
	uv_signal_t sigint;
	uv_signal_t sighup;

	struct store *store;
	struct journal *journal;
	struct watchdog *watchdog;	/* NULL if nobody waits for it */
	struct quota *quota;
	struct hub *hub;
	struct ws_service *ws;
	struct ws_peers *peers;
	struct polls *polls;
	struct front *front;
	struct http *http;
	struct fcgi_service *fcgi;
	struct listener *listener;
	struct watch watch;
	struct operate *operate;
	struct admin *admin;
	struct door *admin_door;	/* the socket */
	struct door *watch_door;	/* the ports */

	struct lag lag;			/* of the loop */
	uint64_t started_ms;		/* since 1970 */

	struct drain *drain;		/* NULL while nothing stops us */
	bool	 has_failed;		/* the database cannot be trusted */
	int	 status;
};

static void
submit_jobs(struct server *server)
{
	struct job_list jobs = STAILQ_HEAD_INITIALIZER(jobs);

	if (hub_is_waiting(server->hub) || server->has_failed)
		return;
	hub_take_jobs(server->hub, &jobs);
	if (!STAILQ_EMPTY(&jobs))
		journal_submit(server->journal, &jobs);
}

/*
 * Allocations of very different lives lie side by side, so that free() seldom
 * gives anything back to the system: do so when nobody waits for an answer.
 */
static void
on_quiet(uv_timer_t *handle)
{
	struct server *server = handle->data;

	if (!server->had_work) {
		uv_timer_stop(handle);
		(void)malloc_trim(0);	/* whether there was anything */
	}
	server->had_work = false;
}

/* There was work, which may have left memory behind. */
static void
note_work(struct server *server)
{
	server->had_work = true;
	if (!uv_is_active((uv_handle_t *)&server->quiet))
		uv_timer_start(&server->quiet, on_quiet, QUIET_MS, QUIET_MS);
}

/* The shorter of two waits as http_run() returns them. */
static int
sooner(int a_ms, int b_ms)
{
	return a_ms == -1 || (b_ms != -1 && b_ms < a_ms) ? b_ms : a_ms;
}

/* Let HTTP do what is due; how long it may wait then, as http_run(). */
static int
run_http(struct server *server)
{
	int wait_ms = http_run(server->http);

	wait_ms = sooner(wait_ms, door_run(server->admin_door));
	return sooner(wait_ms, door_run(server->watch_door));
}

/* Wake up when the hub or libmicrohttpd has something to do, in ms. */
static void
set_due(struct server *server, int http_wait_ms)
{
	uint64_t now_ms = clock_now().mono_ms;
	uint64_t due_ms = hub_next_tick_ms(server->hub);

	if (http_wait_ms >= 0 && now_ms + (uint64_t)http_wait_ms < due_ms)
		due_ms = now_ms + (uint64_t)http_wait_ms;
	if (due_ms == server->due_ms && uv_is_active((uv_handle_t *)
	    &server->due))
		return;
	server->due_ms = due_ms;
	if (due_ms == UINT64_MAX) {
		uv_timer_stop(&server->due);
		return;
	}
	/* libuv's clock stood still since the turn began. */
	uv_update_time(&server->loop);
	uv_timer_start(&server->due, server->due.timer_cb,
	    due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void
on_turn(uv_prepare_t *handle)
{
	struct server *server = handle->data;
	int http_wait_ms;

	/* What was gathered is on its way to the disk while the answers to
	 * what came before are sent. */
	submit_jobs(server);
	hub_wake_peers(server->hub);
	http_wait_ms = run_http(server);
	submit_jobs(server);
	if (server->drain != NULL)
		drain_step(server->drain);
	set_due(server, http_wait_ms);
	if (hub_has_woken(server->hub))
		uv_idle_start(&server->again, server->again.idle_cb);
	else
		uv_idle_stop(&server->again);
	lag_turn(&server->lag);
}

static void
on_again(uv_idle_t *handle)
{
	(void)handle;	/* it only keeps the loop from waiting */
}

static void
on_due(uv_timer_t *handle)
{
	struct server *server = handle->data;
	struct now now = clock_now();

	hub_tick(server->hub, &now);
}

static void
on_settled(uv_async_t *handle)
{
	struct server *server = handle->data;
	struct job_list results = STAILQ_HEAD_INITIALIZER(results);
	struct now now = clock_now();

	if (journal_collect(server->journal, &results) == -1) {
		server->has_failed = true;
		server->status = EX_IOERR;
		uv_stop(&server->loop);
		return;
	}
	if (STAILQ_EMPTY(&results))
		return;
	hub_settle(server->hub, &results, &now);
	note_work(server);
}

/* Called by the storage thread. */
static void
on_journal_done(void *ctx)
{
	struct server *server = ctx;

	/* Fails only for a handle that is closing: nobody waits then. */
	(void)uv_async_send(&server->settled);
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
		.listener = server->listener,
		.front = server->front,
		.hub = server->hub,
		.polls = server->polls,
		.fcgi = server->fcgi,
		.peers = server->peers,
		.duration_ms = (uint64_t)server->options->drain_time_s * 1000,
		.done = on_drained,
		.ctx = server,
	};

	admin_drain(server->admin);
	server->drain = drain_start(&config);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct server *server = handle->data;

	if (server->drain != NULL) {
		drain_hurry(server->drain);
		return;
	}
	log_info("stopping on %s", number == SIGINT ? "SIGINT" : "SIGTERM");
	start_drain(server);
}

static void
on_accepted(void *ctx, int fd, const struct sockaddr *address, socklen_t len)
{
	struct server *server = ctx;

	http_add(server->http, fd, address, len);
	note_work(server);
}

static void
on_fcgi_accepted(void *ctx, int fd, const struct sockaddr *address,
    socklen_t len)
{
	struct server *server = ctx;

	fcgi_service_add(server->fcgi, fd, address, len);
	note_work(server);
}

static void
on_connection_end(void *ctx)
{
	struct server *server = ctx;

	listener_release(server->listener);
}

static void
on_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct server *server = ctx;

	front_request(server->front, request, answer);
}

static void
on_delivered(void *ctx, const struct outbox_news *news)
{
	struct server *server = ctx;

	polls_delivered(server->polls, TRANSPORT_HTTP, news);
}

static void
collect_metrics(void *ctx, struct metrics *metrics)
{
	struct server *server = ctx;
	struct health_signs signs = { .is_draining = server->drain != NULL };

	hub_copy_counts(server->hub, &metrics->hub);
	ws_peers_copy_counts(server->peers, &metrics->ws);
	polls_copy_counts(server->polls, &metrics->polls);
	front_copy_counts(server->front, &metrics->front);
	http_copy_counts(server->http, &metrics->http);
	fcgi_service_copy_counts(server->fcgi, &metrics->fcgi);
	journal_copy_counts(server->journal, &metrics->journal);
	metrics->turns_us = server->lag.turns_us;
	metrics->connections_max = listener_max(server->listener);
	metrics->started_ms = server->started_ms;
	metrics->now_us = clock_us();
	process_read(&metrics->process);
	signs.now_us = metrics->now_us;
	signs.refused_us = metrics->journal.refused_us;
	signs.busy_since_us = metrics->journal.busy_since_us;
	metrics->health = health_judge(&signs);
}

static const struct http_owner http_owner = {
	.request = on_request,
	.upgraded = front_upgraded,
	.delivered = on_delivered,
	.ended = on_connection_end,
};

static void
on_fcgi_delivered(void *ctx, const struct outbox_news *news)
{
	struct server *server = ctx;

	polls_delivered(server->polls, TRANSPORT_FASTCGI, news);
}

static const struct fcgi_owner fcgi_owner = {
	.request = on_request,
	.delivered = on_fcgi_delivered,
	.ended = on_connection_end,
};

static void
on_admin_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	struct server *server = ctx;

	admin_request(server->admin, request, answer);
}

/* The configs of the modules that a reload changes, as the options are now. */

static struct front_config
front_settings(const struct server *server)
{
	struct front_config config = {
		.peers = server->peers,
		.polls = server->polls,
	};

	tuning_front(server->options, &config);
	return config;
}

static void
configure_hub(struct server *server)
{
	struct journal_config journal = { .store = NULL };
	struct quota_config quota = { .max_connections = 0 };
	struct hub_config hub = { .quota = NULL };
	struct now now = clock_now();

	tuning_journal(server->options, &journal);
	tuning_quota(server->options, &quota);
	tuning_hub(server->options, &hub);
	journal_configure(server->journal, &journal);
	quota_configure(server->quota, &quota);
	hub_configure(server->hub, &hub, &now);
}

static void
configure_network(struct server *server)
{
	struct front_config front = front_settings(server);
	struct polls_config polls = { .loop = NULL };
	struct http_config http = { .loop = NULL };
	struct ws_config ws = { .loop = NULL };
	struct ws_peers_config peers = { .hub = NULL };
	struct listener_config listener = {
		.max_connections = tuning_connections(server->options),
	};
	struct fcgi_service_config fcgi = {
		.max_connections = listener.max_connections,
	};

	tuning_polls(server->options, &polls);
	tuning_http(server->options, &http);
	tuning_ws(server->options, &ws);
	tuning_ws_peers(server->options, &peers);
	tuning_fcgi(server->options, &fcgi);
	front_configure(server->front, &front);
	polls_configure(server->polls, &polls);
	http_configure(server->http, &http);
	door_configure(server->admin_door, &http);
	door_configure(server->watch_door, &http);
	ws_service_configure(server->ws, &ws);
	ws_peers_configure(server->peers, &peers);
	fcgi_service_configure(server->fcgi, &fcgi);
	listener_configure(server->listener, &listener);
}

static void
apply_options(void *ctx)
{
	struct server *server = ctx;

	log_set_level(server->options->log_level);
	configure_hub(server);
	configure_network(server);
}

static void
reload_options(void *ctx, struct reload_report *report)
{
	struct server *server = ctx;

	reload(server->options, server->argc, server->argv, apply_options,
	    server, report);
}

static void
on_reload(uv_signal_t *handle, int number)
{
	struct server *server = handle->data;
	struct reload_report report;

	(void)number;	/* is SIGHUP */
	if (server->drain != NULL)
		return;
	reload_report_init(&report);
	reload_options(server, &report);
	reload_report_clear(&report);
}

static void
drain_by_operator(void *ctx)
{
	struct server *server = ctx;

	if (server->drain == NULL)
		start_drain(server);
	else
		drain_hurry(server->drain);
}

static bool
is_draining(const void *ctx)
{
	const struct server *server = ctx;

	return server->drain != NULL;
}

static void
init_loop(struct server *server)
{
	uv_loop_t *loop = &server->loop;

	if (uv_loop_init(loop) != 0 ||
	    uv_async_init(loop, &server->settled, on_settled) != 0)
		fatalx("cannot set up the event loop");
	/* These cannot fail. */
	(void)uv_prepare_init(loop, &server->turn);
	(void)uv_idle_init(loop, &server->again);
	(void)uv_timer_init(loop, &server->due);
	(void)uv_timer_init(loop, &server->quiet);
	server->settled.data = server;
	server->turn.data = server;
	server->due.data = server;
	server->due.timer_cb = on_due;
	server->again.idle_cb = on_again;
	server->quiet.data = server;
	server->sigterm.data = server;
	server->sigint.data = server;
	server->sighup.data = server;
	if (uv_signal_init(loop, &server->sigterm) != 0 ||
	    uv_signal_init(loop, &server->sigint) != 0 ||
	    uv_signal_init(loop, &server->sighup) != 0 ||
	    uv_signal_start(&server->sigterm, on_signal, SIGTERM) != 0 ||
	    uv_signal_start(&server->sigint, on_signal, SIGINT) != 0 ||
	    uv_signal_start(&server->sighup, on_reload, SIGHUP) != 0)
		fatalx("cannot watch signals");
	(void)uv_prepare_start(&server->turn, on_turn);
	server->started_ms = clock_now().wall_ms;
}

/* Create the directories that path leads through, for us alone. */
static void
make_directories(const char *path)
{
	char *copy = xstrdup(path);
	char *slash = copy;

	while ((slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		if (mkdir(copy, S_IRWXU) == -1 && errno != EEXIST)
			log_warn("%s", copy);
		*slash = '/';
	}
	free(copy);
}

static int
init_storage(struct server *server, struct id_key *key)
{
	const struct options *options = server->options;
	struct journal_config config;
	int status;

	if (options->is_default_database)
		make_directories(options->database);
	status = (int)store_open(options->database, NULL, &server->store);
	if (status != STORE_OPENED)
		return status;
	if (store_key(server->store, key) == -1)
		return EX_IOERR;
	config = (struct journal_config){
		.store = server->store,
		.done = on_journal_done,
		.ctx = server,
	};
	tuning_journal(options, &config);
	server->journal = journal_start(&config);
	server->watchdog = watchdog_start(&server->loop, server->journal);
	return EX_OK;
}

static void
init_hub(struct server *server, const struct id_key *key)
{
	struct now now = clock_now();
	struct hub_config config = { .key = *key };
	struct quota_config quota;

	tuning_quota(server->options, &quota);
	tuning_hub(server->options, &config);
	id_key_random(&quota.hash_key);
	id_key_random(&config.seed);
	server->quota = quota_new(&quota);
	config.quota = server->quota;
	store_rows(server->store, &config.session_row, &config.customer_row);
	server->hub = hub_new(&config, &now);
}

static void
init_front(struct server *server, const struct id_key *key)
{
	struct ws_config ws = { .loop = &server->loop };
	struct polls_config polls = {
		.loop = &server->loop,
		.hub = server->hub,
		.quota = server->quota,
	};
	struct ws_peers_config peers;
	struct front_config front;

	tuning_ws(server->options, &ws);
	tuning_polls(server->options, &polls);
	server->ws = ws_service_new(&ws);
	peers = (struct ws_peers_config){
		.hub = server->hub,
		.quota = server->quota,
		.service = server->ws,
		.log_key = *key,
		.gone = on_connection_end,
		.ctx = server,
	};
	tuning_ws_peers(server->options, &peers);
	server->peers = ws_peers_new(&peers);
	server->polls = polls_new(&polls);
	front = front_settings(server);
	server->front = front_new(&front);
}

static void
init_fcgi(struct server *server, size_t max_connections)
{
	struct fcgi_service_config fcgi = {
		.loop = &server->loop,
		.max_connections = max_connections,
		.owner = &fcgi_owner,
		.ctx = server,
	};

	tuning_fcgi(server->options, &fcgi);
	server->fcgi = fcgi_service_new(&fcgi);
}

static int
init_network(struct server *server)
{
	const struct options *options = server->options;
	struct listener_config listener = {
		.loop = &server->loop,
		.limit = "max-connections",
		.max_connections = tuning_connections(options),
	};
	struct http_config http = {
		.loop = &server->loop,
		.owner = &http_owner,
		.ctx = server,
	};
	const struct sockets_users users = {
		.http = { .accepted = on_accepted, .ctx = server },
		.fastcgi = { .accepted = on_fcgi_accepted, .ctx = server },
	};
	char text[ENDPOINT_TEXT_MAX + 1] = "no HTTP socket";
	int status;

	tuning_http(options, &http);
	server->http = http_new(&http);
	server->listener = listener_new(&listener);
	init_fcgi(server, listener.max_connections);
	if (server->http == NULL)
		return EX_OSERR;
	status = sockets_open(server->listener, options, &users, text);
	if (status != EX_OK)
		return status;
	lag_init(&server->lag, &server->loop);
	/* Whether anybody listens for this is not ours to judge. */
	(void)sd_notifyf(0, "READY=1\nSTATUS=listening on %s", text);
	return EX_OK;
}

/* Listen on the admin socket; -1 if that must be and is not possible. */
static int
listen_admin(struct server *server)
{
	static const struct unix_socket_access private = {
		.mode = S_IRUSR | S_IWUSR,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
	};
	struct endpoint endpoint;

	switch (admin_place_find(server->options, &endpoint)) {
	case ADMIN_PLACE_NONE:
		return 0;
	case ADMIN_PLACE_CHOSEN:
		return door_open(server->admin_door, &endpoint, &private);
	case ADMIN_PLACE_BESIDE:
		if (door_open(server->admin_door, &endpoint, &private) == -1)
			log_warnx("there is no admin socket: see "
			    "admin-listen");
		return 0;
	case ADMIN_PLACE_TOO_LONG:
		log_warnx("there is no admin socket: %s.admin is too long for "
		    "one: see admin-listen", server->options->database);
		return 0;
	}
	return -1;
}

/* Listen on the ports of admin-listen; -1 if that is not possible. */
static int
listen_watch(struct server *server)
{
	char text[ENDPOINT_TEXT_MAX + 1];
	struct endpoint endpoint;
	size_t i = 0;

	while (admin_place_next_port(server->options, &i, &endpoint)) {
		if (door_open(server->watch_door, &endpoint, NULL) == -1)
			return -1;
		endpoint_format(&endpoint, text);
		log_info("to be watched on %s", text);
	}
	return 0;
}

static int
init_admin(struct server *server, const struct id_key *key)
{
	const struct operate_config operate = {
		.options = server->options,
		.hub = server->hub,
		.peers = server->peers,
		.polls = server->polls,
		.reload = reload_options,
		.drain = drain_by_operator,
		.is_draining = is_draining,
		.ctx = server,
	};
	struct admin_config admin = {
		.hub = server->hub,
		.log_key = *key,
		.watch = &server->watch,
		.routes = operate_routes,
	};
	struct door_config door = {
		.loop = &server->loop,
		.name = "connections to the admin socket",
		.max_connections = ADMIN_CONNECTIONS,
		.request = on_admin_request,
		.ctx = server,
	};
	struct http_config http = { .loop = NULL };

	tuning_http(server->options, &http);
	server->watch.collect = collect_metrics;
	server->watch.ctx = server;
	server->operate = operate_new(&operate);
	admin.ctx = server->operate;
	server->admin = admin_new(&admin);
	server->admin_door = door_new(&door, &http);
	door.name = "connections to ports of admin-listen";
	door.max_connections = WATCH_CONNECTIONS;
	server->watch_door = door_new(&door, &http);
	return server->admin_door == NULL || server->watch_door == NULL ||
	    listen_admin(server) == -1 || listen_watch(server) == -1 ?
	    EX_OSERR : EX_OK;
}

/* Close our own handles, and let all that close do so. */
static void
close_loop(struct server *server)
{
	uv_close((uv_handle_t *)&server->turn, NULL);
	uv_close((uv_handle_t *)&server->again, NULL);
	uv_close((uv_handle_t *)&server->due, NULL);
	uv_close((uv_handle_t *)&server->settled, NULL);
	uv_close((uv_handle_t *)&server->quiet, NULL);
	uv_close((uv_handle_t *)&server->sigterm, NULL);
	uv_close((uv_handle_t *)&server->sigint, NULL);
	uv_close((uv_handle_t *)&server->sighup, NULL);
	(void)uv_run(&server->loop, UV_RUN_DEFAULT); /* until none is left */
}

static void
close_network(struct server *server)
{
	uv_prepare_stop(&server->turn);
	if (server->listener != NULL && server->drain == NULL)
		listener_stop(server->listener);
	door_stop(server->admin_door);
	door_stop(server->watch_door);
	if (server->http != NULL)
		http_stop(server->http);
	if (server->fcgi != NULL)
		fcgi_service_stop(server->fcgi);
	if (server->peers != NULL)
		ws_peers_abort(server->peers);
	while (server->peers != NULL && (ws_peers_count(server->peers) > 0 ||
	    polls_count(server->polls) > 0))
		(void)uv_run(&server->loop, UV_RUN_ONCE);
}

/* Commit what peers left behind when they went, and end the thread. */
static void
close_journal(struct server *server)
{
	struct job_list results = STAILQ_HEAD_INITIALIZER(results);
	struct now now = clock_now();

	if (server->journal == NULL)
		return;
	journal_stop(server->journal, &results);
	hub_settle(server->hub, &results, &now);
	if (server->options->audit_anchor_interval_s != 0)
		store_log_head(server->store);
}

/* What ends does so by itself: a signal could only cut it off. */
static void
ignore_signals(struct server *server)
{
	sigset_t signals;

	/* These cannot fail. */
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigaddset(&signals, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	/* Also those that the loop has not seen yet. */
	(void)uv_signal_stop(&server->sigterm);
	(void)uv_signal_stop(&server->sigint);
	(void)uv_signal_stop(&server->sighup);
}

static int
server_close(struct server *server)
{
	ignore_signals(server);
	close_network(server);
	if (server->hub != NULL)
		submit_jobs(server);
	close_journal(server);
	watchdog_stop(server->watchdog);
	drain_free(server->drain);
	if (server->ws != NULL)
		ws_service_free(server->ws);
	if (server->polls != NULL)
		polls_free(server->polls);
	close_loop(server);
	if (server->listener != NULL)
		listener_free(server->listener);
	if (server->http != NULL)
		http_free(server->http);
	if (server->fcgi != NULL)
		fcgi_service_free(server->fcgi);
	door_free(server->admin_door);
	door_free(server->watch_door);
	admin_free(server->admin);
	operate_free(server->operate);
	front_free(server->front);
	ws_peers_free(server->peers);
	if (server->hub != NULL)
		hub_free(server->hub);
	if (server->quota != NULL)
		quota_free(server->quota);
	store_close(server->store);
	if (uv_loop_close(&server->loop) != 0)
		log_warnx("the event loop still has handles");
	return server->status;
}

int
server_run(struct options *options, int argc, char **argv)
{
	struct server server = {
		.options = options,
		.argc = argc,
		.argv = argv,
	};
	struct id_key key;

	init_loop(&server);
	server.status = init_storage(&server, &key);
	if (server.status == EX_OK) {
		init_hub(&server, &key);
		init_front(&server, &key);
		server.status = init_admin(&server, &key);
	}
	if (server.status == EX_OK) {
		server.status = init_network(&server);
	}
	if (server.status == EX_OK) {
		(void)uv_run(&server.loop, UV_RUN_DEFAULT);
		log_info("stopped");
	}
	return server_close(&server);
}
