#include "admin_status.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "admin_query.h"
#include "admin_request.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/number.h"
#include "base/query.h"
#include "config/options.h"
#include "config/options_read.h"
#include "config/setting_type.h"
#include "hub/erasure.h"
#include "hub/hub.h"
#include "hub/hub_counts.h"
#include "hub/roster.h"
#include "net/longpoll.h"
#include "net/ws_peer.h"
#include "session/session_name.h"
#include "wire/json_write.h"

enum {
	SESSIONS_PER_PAGE = 256,
	CUSTOMERS_MAX = 512,	/* of one session that are shown */
	NUMBER_BYTES = 32	/* of one in a query, and more than any has */
};

/* Of all settings, whose values are those of a file of 1 MiB, escaped. */
#define SETTINGS_BYTES_MAX ((size_t)16 << 20)

static const char *
json_boolean(bool value)
{
	return value ? "true" : "false";
}

void
admin_status_daemon(const struct admin_request *request,
    struct exchange_answer *answer)
{
	const struct admin_config *config = request->config;
	struct hub_counts counts;
	struct json_write json;

	hub_copy_counts(config->hub, &counts);
	json_write_begin(&json, ADMIN_ANSWER_BYTES_MAX);
	json_write_string(&json, "version", PACKAGE_VERSION);
	json_write_number(&json, "pid", (uint64_t)getpid());
	json_write_string(&json, "state",
	    config->is_draining(config->ctx) ? "draining" : "running");
	json_write_string(&json, "storage", config->storage(config->ctx));
	json_write_number(&json, "uptime",
	    (clock_now().mono_ms - config->started_ms) / 1000);
	json_write_string(&json, "database", config->options->database_shown);
	json_write_string(&json, "logLevel",
	    setting_log_level_name(log_level()));
	json_write_number(&json, "websockets", ws_peers_count(config->peers));
	json_write_number(&json, "requests",
	    longpolls_count(config->longpolls));
	json_write_number(&json, "sessions", counts.sessions);
	json_write_number(&json, "present", counts.present);
	json_write_number(&json, "pending",
	    counts.jobs_pending + counts.jobs_in_flight);
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
	json_write_literal(json, "locked", json_boolean(session->is_locked));
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
	return number_parse(value, UINT64_MAX, after);
}

void
admin_status_sessions(const struct admin_request *request,
    struct exchange_answer *answer)
{
	struct roster_session sessions[SESSIONS_PER_PAGE];
	struct json_write json;
	uint64_t after;
	size_t n, i;

	if (parse_after(request->query, &after) == -1) {
		admin_answer_error(answer, 400, "only after=NUMBER");
		return;
	}
	n = roster_sessions(request->config->hub, after, sessions,
	    SESSIONS_PER_PAGE);
	json_write_begin(&json, ADMIN_ANSWER_BYTES_MAX);
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

void
admin_status_session(const struct admin_request *request,
    struct exchange_answer *answer)
{
	struct hub *hub = request->config->hub;
	struct roster_customer customers[CUSTOMERS_MAX];
	struct roster_session session;
	char id[SESSION_NAME_MAX + 1];
	struct json_write json;
	size_t n, i;

	if (query_only(request->query, "id", id, sizeof(id)) == -1 ||
	    !session_name_is_valid(id, strlen(id))) {
		admin_answer_error(answer, 400, "needs id=SESSION");
		return;
	}
	if (roster_session(hub, id, &session) == -1) {
		admin_answer_error(answer, 404,
		    "nobody takes part in that session");
		return;
	}
	n = roster_customers(hub, id, customers, CUSTOMERS_MAX);
	json_write_begin(&json, ADMIN_ANSWER_BYTES_MAX);
	write_session_status(&json, &session);
	json_write_open(&json, "customers", "[");
	for (i = 0; i < n; i++)
		write_customer_status(&json, &customers[i]);
	json_write_close(&json, "]");
	admin_answer_json(answer, 200, json_write_end(&json));
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

void
admin_status_settings(const struct admin_request *request,
    struct exchange_answer *answer)
{
	struct json_write json;

	json_write_begin(&json, SETTINGS_BYTES_MAX);
	json_write_open(&json, "settings", "[");
	options_show(request->config->options, write_setting, &json);
	json_write_close(&json, "]");
	admin_answer_json(answer, 200, json_write_end(&json));
}

/* NULL: there is none. */
static const char *
erasure_state_name(enum erasure_state state)
{
	switch (state) {
	case ERASURE_UNKNOWN:
		break;
	case ERASURE_PENDING:
		return "pending";
	case ERASURE_DONE:
		return "done";
	case ERASURE_NOT_FOUND:
		return "notFound";
	case ERASURE_FAILED:
		return "failed";
	}
	return NULL;
}

void
admin_status_erasure(const struct admin_request *request,
    struct exchange_answer *answer)
{
	struct erasure erasure = { .state = ERASURE_UNKNOWN };
	uint64_t number;

	if (number_parse(request->rest, UINT64_MAX, &number) == 0)
		erasure = erasure_report(request->config->hub, number);
	if (erasure.state == ERASURE_UNKNOWN)
		admin_answer_error(answer, 404, "no such erasure");
	else
		admin_answer_format(answer, 200,
		    "{\"state\":\"%s\",\"bodies\":%" PRIu64 "}\n",
		    erasure_state_name(erasure.state), erasure.bodies);
}
