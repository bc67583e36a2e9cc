#include "http.h"

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "http_connection.h"
#include "http_head.h"
#include "http_held.h"
#include "http_refusal.h"
#include "http_request.h"
#include "http_upgrade.h"
#include "read_count.h"

/*
 * libmicrohttpd in its external epoll mode: its epoll descriptor is one
 * more descriptor of our loop, and besides it wants to be run whenever it has
 * work left (MHD_get_timeout) or we changed something behind its back
 * (is_dirty).
 */

enum {
	STOP_RUNS = 8,		/* for the last answers to be written */
	LOG_LINE_BYTES = 256
};

/* What libmicrohttpd logs before it answers something by itself. */
#define REFUSAL_LINE "Error processing request (HTTP response code is %u"

/* Its answer takes too long, or too much memory with all others. */
static void
on_http_too_slow(struct unsent_item *item)
{
	struct http_connection *connection = (void *)((char *)item -
	    offsetof(struct http_connection, unsent));

	log_debug("http: client is too slow");
	connection->end = HTTP_END_SLOW;
	http_connection_shut_down(connection);
}

static void
connection_begin(struct http *http, struct MHD_Connection *mhd,
    void **socket_context)
{
	struct http_connection *connection = xcalloc(1, sizeof(*connection));

	connection->http = http;
	connection->mhd = mhd;
	connection->unsent.cut = on_http_too_slow;
	http_connection_wait_for(connection, HTTP_WAIT_HEAD);
	http->is_added = true;
	*socket_context = connection;
	if (http_held_begin(connection))
		return;
	http->counts.open++;
	http->counts.opened++;
	if (http->config.owner->begun != NULL)
		connection->place = http->config.owner->begun(http->config.ctx,
		    http_connection_address(connection));
	if (connection->place == HTTP_PLACE_REFUSED)
		http_connection_shut_down(connection);
}

static void
on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void
connection_end(struct http_connection *connection)
{
	struct http *http = connection->http;

	http_connection_stop_waiting(connection);
	unsent_end(&connection->unsent);
	if (connection->phase != HTTP_PHASE_UPGRADED &&
	    connection->phase != HTTP_PHASE_TAKEN) {
		/* Not what is handed on, so "turbo" leaves it to us. */
		(void)shutdown(http_connection_fd(connection), SHUT_WR);
		http_held_leave(connection);
		http_connection_end_fields(connection);
		http_request_drop(connection);
		http->counts.open--;
		http->counts.closed[connection->end]++;
		http->config.owner->ended(http->config.ctx,
		    connection->place == HTTP_PLACE_TAKEN ?
		    http_connection_address(connection) : NULL);
	}
	if (connection->is_full)
		http_refusal_forget_full(http);
	payload_unref(connection->target);
	if (connection->is_watchable)
		uv_close((uv_handle_t *)&connection->watch, on_watch_closed);
	else
		free(connection);
}

static void
on_mhd_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
    enum MHD_ConnectionNotificationCode code)
{
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		connection_begin(cls, mhd, socket_context);
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		connection_end(*socket_context);
		break;
	}
}

/* Clients' faults mostly, one line each. */
static void LOG_FORMAT(2, 0)
on_mhd_log(void *cls, const char *format, va_list ap)
{
	char line[LOG_LINE_BYTES];
	struct http *http = cls;
	unsigned status;

	/* That the request in hand failed, which is what we want. */
	if (http->is_taking) {
		http->is_taking = false;
		return;
	}
	if (vsnprintf(line, sizeof(line), format, ap) < 0)
		return;
	line[strcspn(line, "\n")] = '\0';
	log_debug("http: %s", line);
	if (sscanf(line, REFUSAL_LINE, &status) == 1)
		http_refusal_by_library(http, status);
}

/* It would print this and abort. */
static void
on_mhd_panic(void *cls, const char *file, unsigned line, const char *reason)
{
	(void)cls;	/* NULL */
	fatalx("http: libmicrohttpd: %s:%u: %s", file, line,
	    reason == NULL ? "no reason" : reason);
}

static void
on_mhd_readable(uv_poll_t *poll, int status, int events)
{
	struct http *http = poll->data;

	(void)status;	/* MHD_run() will find out */
	(void)events;	/* is UV_READABLE */
	http->is_dirty = true;
}

static struct MHD_Daemon *
start_mhd_daemon(struct http *http)
{
	size_t max = http->config.max_connections;

	MHD_set_panic_func(on_mhd_panic, NULL);
	/* "Turbo" is to try to read before it watches a socket, and not to shut
	 * it down before it is closed: connection_end() does that where it is
	 * to be done.  The logger has to come first. */
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
	    MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG | MHD_USE_TURBO,
	    0, NULL, NULL, http_request_on_data, http,
	    MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, http,
	    MHD_OPTION_CONNECTION_LIMIT,
	    max == 0 || max > INT_MAX - HTTP_RELEASES ? (unsigned)INT_MAX :
	    (unsigned)max + HTTP_RELEASES,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_POOL_BYTES,
	    MHD_OPTION_CONNECTION_TIMEOUT, http->config.idle_timeout_s,
	    MHD_OPTION_STRICT_FOR_CLIENT, http_head_strictness(),
	    MHD_OPTION_NOTIFY_CONNECTION, on_mhd_connection, http,
	    MHD_OPTION_NOTIFY_COMPLETED, http_request_on_completed, http,
	    MHD_OPTION_URI_LOG_CALLBACK, http_request_on_target, http,
	    MHD_OPTION_END);
}

static void
http_durations(const struct http *http, uint64_t wait_ms[DEADLINE_KINDS_MAX])
{
	uint64_t head_ms = (uint64_t)http->settings.head_timeout_s * 1000;
	uint64_t idle_ms = (uint64_t)http->config.idle_timeout_s * 1000;

	wait_ms[HTTP_WAIT_HEAD] = head_ms;
	wait_ms[HTTP_WAIT_BODY] =
	    (uint64_t)http->settings.body_timeout_s * 1000;
	wait_ms[HTTP_WAIT_IDLE] = idle_ms;
	wait_ms[HTTP_WAIT_ROOM] = idle_ms;
	wait_ms[HTTP_WAIT_NEXT] = head_ms == 0 ? 0 : idle_ms + head_ms;
}

/* What is waited for takes too long. */
static void
on_http_deadline(struct deadline *deadline, unsigned kind)
{
	struct http_connection *connection =
	    http_connection_of_deadline(deadline);

	if (kind >= HTTP_WAITS) {
		http_held_on_deadline(deadline);
		return;
	}
	if (kind != HTTP_WAIT_NEXT)
		connection->end = HTTP_END_LATE;
	http_connection_shut_down(connection);
}

/* Whether libmicrohttpd can do what we need, which depends on its build. */
static bool
is_able(void)
{
	const char *lack = NULL;

	if (http_head_strictness() == 0)
		lack = "cannot be strict";
	else if (MHD_is_feature_supported(MHD_FEATURE_MESSAGES) != MHD_YES)
		lack = "was built without messages";
	if (lack != NULL)
		log_errorx("http: libmicrohttpd %s %s", MHD_get_version(),
		    lack);
	return lack == NULL;
}

/* Have libmicrohttpd run in our loop. */
static int
start_mhd(struct http *http)
{
	int error, fd;

	http->daemon = start_mhd_daemon(http);
	/* It sets itself up to its end when it runs first: where that fails it
	 * would do nothing, and ask for more. */
	if (http->daemon == NULL || MHD_run(http->daemon) == MHD_NO) {
		log_error("http: libmicrohttpd does not start");
		goto fail;
	}
	fd = MHD_get_daemon_info(http->daemon,
	    MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	http->poll.data = http;
	error = uv_poll_init(http->config.loop, &http->poll, fd);
	if (error < 0) {
		log_errorx("http: %s", uv_strerror(error));
		goto fail;
	}
	uv_poll_start(&http->poll, UV_READABLE, on_mhd_readable);
	return 0;
fail:
	if (http->daemon != NULL)
		MHD_stop_daemon(http->daemon);
	return -1;
}

struct http *
http_new(const struct http_config *config,
    const struct http_settings *settings)
{
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };
	struct http *http;

	if (!is_able())
		return NULL;
	http = xcalloc(1, sizeof(*http));
	http->config = *config;
	http->settings = *settings;
	TAILQ_INIT(&http->suspended);
	TAILQ_INIT(&http->held);
	TAILQ_INIT(&http->lent);
	http->turn = 1;
	STAILQ_INIT(&http->releases);
	if (http_partial_init(&http->partial) == -1) {
		log_error("http: epoll");
		free(http);
		return NULL;
	}
	if (start_mhd(http) == -1) {
		http_free(http);
		return NULL;
	}
	http_durations(http, wait_ms);
	http->deadlines = deadlines_new(config->loop, wait_ms,
	    on_http_deadline);
	return http;
}

void
http_configure(struct http *http, const struct http_settings *settings)
{
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	http->settings = *settings;
	http_durations(http, wait_ms);
	deadlines_configure(http->deadlines, wait_ms);
}

void
http_add(struct http *http, int fd, const struct sockaddr *address,
    socklen_t len)
{
	http->is_dirty = true;
	http->is_added = false;
	read_count_begin(fd, address->sa_family);
	/* If it fails fd is closed already. */
	if (MHD_add_connection(http->daemon, fd, address, len) == MHD_NO &&
	    !http->is_added)
		http->config.owner->ended(http->config.ctx, NULL);
}

/* The one that has waited for longest, whatever for; or NULL. */
static struct http_connection *
longest_waiting(const struct http *http)
{
	struct http_connection *longest = NULL, *first;
	struct deadline *deadline;
	unsigned kind;

	for (kind = HTTP_WAIT_HEAD; kind < HTTP_WAITS; kind++) {
		deadline = deadlines_first(http->deadlines, kind);
		if (deadline == NULL)
			continue;
		first = http_connection_of_deadline(deadline);
		if (longest == NULL || first->waiting_ms < longest->waiting_ms)
			longest = first;
	}
	return longest;
}

uint64_t
http_waiting_since_ms(const struct http *http)
{
	const struct http_connection *longest = longest_waiting(http);
	uint64_t held_ms = http_held_waiting_since_ms(http);

	return longest != NULL && longest->waiting_ms < held_ms ?
	    longest->waiting_ms : held_ms;
}

void
http_make_room(struct http *http)
{
	struct http_connection *longest = longest_waiting(http);

	http->counts.made_room++;
	if (longest != NULL &&
	    longest->waiting_ms < http_held_waiting_since_ms(http))
		http_connection_shut_down(longest);
	else
		http_held_make_room(http);
}

/* Milliseconds until libmicrohttpd wants to be run, -1 for never. */
static int
mhd_wait_ms(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (http->is_dirty)
		return 0;
	if (MHD_get_timeout(http->daemon, &ms) == MHD_NO)
		return -1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* The earlier of a wait and a point in time. */
static int
wait_at_most(int wait_ms, uint64_t now_ms, uint64_t due_ms)
{
	int until = due_ms <= now_ms ? 0 : due_ms - now_ms > INT_MAX ?
	    INT_MAX : (int)(due_ms - now_ms);

	return wait_ms == -1 || until < wait_ms ? until : wait_ms;
}

void
http_run_library(struct http *http)
{
	http->is_dirty = false;
	http->lent_count = 0;
	/* What can go wrong concerns a connection, and ends that. */
	(void)MHD_run(http->daemon);
	http_held_end_lent(http);
	http_partial_all_read(&http->partial);
}

int
http_run(struct http *http)
{
	uint64_t now_ms = uv_now(http->config.loop);
	int wait_ms;

	http_upgrade_release_due(http, now_ms);
	if (mhd_wait_ms(http) == 0)
		http_run_library(http);
	http->turn++;
	wait_ms = mhd_wait_ms(http);
	http_refusal_count_run(http, wait_ms);
	if (http->release_count > 0)
		wait_ms = wait_at_most(wait_ms, now_ms, http->release_ms);
	return wait_ms;
}

int
http_sooner(int a_ms, int b_ms)
{
	return a_ms == -1 || (b_ms != -1 && b_ms < a_ms) ? b_ms : a_ms;
}

void
http_copy_counts(const struct http *http, struct http_counts *counts)
{
	*counts = http->counts;
}

void
http_stop(struct http *http)
{
	int i;

	uv_close((uv_handle_t *)&http->poll, NULL);
	/* It aborts if it is stopped with suspended connections: no request
	 * that a run may read from here on, behind an answered one or from
	 * the network, is taken in and held. */
	http->is_stopping = true;
	http_request_answer_suspended(http);
	http_held_stop(http);
	/* What is answered already should get out, and upgrades already queued
	 * still come. */
	for (i = 0; i < STOP_RUNS || http->release_count > 0; i++) {
		http_upgrade_release_all(http);
		(void)MHD_run(http->daemon);	/* as in http_run() */
	}
	MHD_stop_daemon(http->daemon);
	http_held_end_lent(http);
	deadlines_free(http->deadlines);
	http_connection_drop_shared(http);
}

void
http_free(struct http *http)
{
	http_partial_clear(&http->partial);
	free(http);
}
