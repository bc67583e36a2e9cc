#include "admin_status.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "admin_query.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/query.h"
#include "base/xalloc.h"
#include "config/options.h"
#include "config/options_read.h"
#include "config/reload.h"
#include "config/setting.h"
#include "hub/hub.h"
#include "hub/roster.h"
#include "net/longpoll.h"
#include "net/ws_peer.h"
#include "session/session.h"
#include "wire/json_write.h"

enum {
	ANSWER_BYTES_MAX = 1 << 20,
	SESSIONS_PER_PAGE = 256,
	CUSTOMERS_MAX = 512,	/* of one session that are shown */
	NUMBER_BYTES = 32,	/* of one in a query, and more than any has */
	LEVEL_BYTES = 16	/* likewise of a log level's name */
};

struct operate {
	struct operate_config config;
	uint64_t started_ms;	/* on the monotonic clock */
};

static const char *
json_boolean(bool value)
{
	return value ? "true" : "false";
}

static void
show_status(void *ctx, const char *query, struct exchange_answer *answer)
{
	const struct operate *operate = ctx;
	const struct operate_config *config = &operate->config;
	struct roster_totals totals = roster_totals(config->hub);
	struct json_write json;

	(void)query;	/* means nothing */
	json_write_begin(&json, ANSWER_BYTES_MAX);
	json_write_string(&json, "version", PACKAGE_VERSION);
	json_write_number(&json, "pid", (uint64_t)getpid());
	json_write_string(&json, "state",
	    config->is_draining(config->ctx) ? "draining" : "running");
	json_write_string(&json, "storage", config->storage(config->ctx));
	json_write_number(&json, "uptime",
	    (clock_now().mono_ms - operate->started_ms) / 1000);
	json_write_string(&json, "database", config->options->database);
	json_write_string(&json, "logLevel",
	    setting_log_level_name(log_level()));
	json_write_number(&json, "websockets", ws_peers_count(config->peers));
	json_write_number(&json, "requests", longpolls_count(config->polls));
	json_write_number(&json, "sessions", totals.sessions);
	json_write_number(&json, "present", totals.present);
	json_write_number(&json, "pending", totals.jobs);
	admin_answer_json(answer, 200, json_write_end(&json));
}

static void
write_session_status(struct json_write *json,
    const struct roster_session *session)
{
	json_write_string(json, "session", session->id);
	json_write_number(json, "incarnation", session->incarnation);
	json_write_number(json, "revision", session->revision);
	json_write_number(json, "members", session->members);
	json_write_number(json, "present", session->present);
	json_write_number(json, "away", session->away);
	json_write_number(json, "connections", session->connections);
	json_write_number(json, "polls", session->polls);
	json_write_number(json, "cartBytes", session->cart_bytes);
}

/* Read "after=N", or nothing; -1 for anything else. */
static int
parse_after(const char *query, uint64_t *after)
{
	char value[NUMBER_BYTES];

	*after = 0;
	if (*query == '\0')
		return 0;
	if (query_only(query, "after", value, sizeof(value)) == -1)
		return -1;
	return admin_number_parse(value, after);
}

static void
show_sessions(void *ctx, const char *query, struct exchange_answer *answer)
{
	const struct operate *operate = ctx;
	struct roster_session sessions[SESSIONS_PER_PAGE];
	struct json_write json;
	uint64_t after;
	size_t n, i;

	if (parse_after(query, &after) == -1) {
		admin_answer_error(answer, 400, "only after=NUMBER");
		return;
	}
	n = roster_sessions(operate->config.hub, after, sessions,
	    SESSIONS_PER_PAGE);
	json_write_begin(&json, ANSWER_BYTES_MAX);
	json_write_open(&json, "sessions", "[");
	for (i = 0; i < n; i++) {
		json_write_open(&json, NULL, "{");
		write_session_status(&json, &sessions[i]);
		json_write_close(&json, "}");
	}
	json_write_close(&json, "]");
	if (n == SESSIONS_PER_PAGE)
		json_write_number(&json, "next", sessions[n - 1].number);
	else
		json_write_literal(&json, "next", "null");
	admin_answer_json(answer, 200, json_write_end(&json));
}

static void
write_customer_status(struct json_write *json,
    const struct roster_customer *customer)
{
	char id[ID_CUSTOMER_HEX + 1];

	customer_id_format(&customer->id, id);
	json_write_open(json, NULL, "{");
	json_write_string(json, "customer", id);
	if (customer->name != NULL)
		json_write_text(json, "name", customer->name->data,
		    customer->name->len);
	else
		json_write_literal(json, "name", "null");
	json_write_literal(json, "host", json_boolean(customer->is_host));
	json_write_literal(json, "ready", json_boolean(customer->is_ready));
	json_write_literal(json, "token", json_boolean(customer->has_token));
	json_write_literal(json, "member", json_boolean(customer->is_member));
	json_write_literal(json, "present", json_boolean(customer->is_present));
	json_write_number(json, "connections", customer->connections);
	json_write_number(json, "polls", customer->polls);
	json_write_number(json, "cartBytes", customer->cart_bytes);
	json_write_close(json, "}");
}

static void
show_one_session(void *ctx, const char *query, struct exchange_answer *answer)
{
	const struct operate *operate = ctx;
	struct hub *hub = operate->config.hub;
	struct roster_customer customers[CUSTOMERS_MAX];
	struct roster_session session;
	char id[SESSION_ID_MAX + 1];
	struct json_write json;
	size_t n, i;

	if (query_only(query, "id", id, sizeof(id)) == -1 ||
	    !session_id_is_valid(id, strlen(id))) {
		admin_answer_error(answer, 400, "needs id=SESSION");
		return;
	}
	if (roster_session(hub, id, &session) == -1) {
		admin_answer_error(answer, 404,
		    "nobody takes part in that session");
		return;
	}
	n = roster_customers(hub, id, customers, CUSTOMERS_MAX);
	json_write_begin(&json, ANSWER_BYTES_MAX);
	write_session_status(&json, &session);
	json_write_open(&json, "customers", "[");
	for (i = 0; i < n; i++)
		write_customer_status(&json, &customers[i]);
	json_write_close(&json, "]");
	admin_answer_json(answer, 200, json_write_end(&json));
}

static void
answer_empty(struct exchange_answer *answer, unsigned status)
{
	struct json_write json;

	json_write_begin(&json, ANSWER_BYTES_MAX);
	admin_answer_json(answer, status, json_write_end(&json));
}

static void
kick(void *ctx, const char *query, struct exchange_answer *answer)
{
	const struct operate *operate = ctx;
	struct now now = clock_now();
	struct admin_query parsed;
	const char *fault = admin_query_parse(query, &parsed);

	if (fault != NULL || !parsed.has_customer) {
		admin_answer_error(answer, 400, fault != NULL ? fault :
		    "no customer");
		return;
	}
	if (operate->config.is_draining(operate->config.ctx)) {
		admin_answer_error(answer, 503, "the daemon stops");
		return;
	}
	switch (roster_kick(operate->config.hub, parsed.session,
	    &parsed.customer, &now)) {
	case ROSTER_KICKED:
		answer_empty(answer, 200);
		break;
	case ROSTER_NO_SESSION:
		admin_answer_error(answer, 404,
		    "nobody takes part in that session");
		break;
	case ROSTER_NO_CUSTOMER:
		admin_answer_error(answer, 404, "no such customer takes part");
		break;
	}
}

static void
write_report_lines(struct json_write *json, const char *key,
    const struct buf *lines)
{
	const char *at = buf_data(lines), *end;

	json_write_open(json, key, "[");
	for (; at != NULL && at < buf_data(lines) + lines->len; at = end + 1) {
		end = memchr(at, '\n', lines->len);
		json_write_text(json, NULL, at, (size_t)(end - at));
	}
	json_write_close(json, "]");
}

static void
reload_config(void *ctx, const char *query, struct exchange_answer *answer)
{
	const struct operate *operate = ctx;
	struct reload_report report;
	struct json_write json;

	(void)query;	/* means nothing */
	if (operate->config.is_draining(operate->config.ctx)) {
		admin_answer_error(answer, 503, "the daemon stops");
		return;
	}
	reload_report_init(&report);
	operate->config.reload(operate->config.ctx, &report);
	json_write_begin(&json, ANSWER_BYTES_MAX);
	write_report_lines(&json, "problems", &report.problems);
	write_report_lines(&json, "adopted", &report.adopted);
	write_report_lines(&json, "restart", &report.restart);
	admin_answer_json(answer, report.problems.len > 0 ? 422 : 200,
	    json_write_end(&json));
	reload_report_clear(&report);
}

static void
drain(void *ctx, const char *query, struct exchange_answer *answer)
{
	const struct operate *operate = ctx;

	(void)query;	/* means nothing */
	operate->config.drain(operate->config.ctx);
	answer_empty(answer, 202);
}

static void
set_log_level(void *ctx, const char *query, struct exchange_answer *answer)
{
	char name[LEVEL_BYTES];
	enum log_level level;

	(void)ctx;	/* the log is the process's */
	if (query_only(query, "level", name, sizeof(name)) == -1 ||
	    setting_log_level_parse(name, &level) == -1) {
		admin_answer_error(answer, 400,
		    "needs level=error, warning, info or debug");
		return;
	}
	log_set_level(level);
	answer_empty(answer, 200);
}

static void
write_setting(void *ctx, const struct options_shown *shown)
{
	struct json_write *json = ctx;

	json_write_open(json, NULL, "{");
	json_write_string(json, "key", shown->key);
	json_write_string(json, "value", shown->value);
	json_write_string(json, "default", shown->initial);
	json_write_string(json, "origin", shown->origin);
	json_write_literal(json, "reloadable",
	    json_boolean(!shown->needs_restart));
	json_write_close(json, "}");
}

static void
show_config(void *ctx, const char *query, struct exchange_answer *answer)
{
	const struct operate *operate = ctx;
	struct json_write json;

	(void)query;	/* means nothing */
	json_write_begin(&json, ANSWER_BYTES_MAX);
	json_write_open(&json, "settings", "[");
	options_show(operate->config.options, write_setting, &json);
	json_write_close(&json, "]");
	admin_answer_json(answer, 200, json_write_end(&json));
}

const struct admin_route operate_routes[] = {
	{ "GET", "/status", NULL, show_status },
	{ "GET", "/sessions", NULL, show_sessions },
	{ "GET", "/session", NULL, show_one_session },
	{ "GET", "/config", NULL, show_config },
	{ "POST", "/kick", "kick", kick },
	{ "POST", "/reload", "reload", reload_config },
	{ "POST", "/drain", "drain", drain },
	{ "POST", "/log-level", "log level", set_log_level },
	{ NULL, NULL, NULL, NULL },
};

struct operate *
operate_new(const struct operate_config *config)
{
	struct operate *operate = xcalloc(1, sizeof(*operate));

	operate->config = *config;
	operate->started_ms = clock_now().mono_ms;
	return operate;
}

void
operate_free(struct operate *operate)
{
	free(operate);
}
