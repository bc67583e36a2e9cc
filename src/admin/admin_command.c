#include "admin_command.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "admin_query.h"
#include "admin_request.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/query.h"
#include "config/reload.h"
#include "config/setting_type.h"
#include "hub/erasure.h"
#include "hub/hub.h"
#include "hub/roster.h"
#include "wire/json_write.h"

/* Of a log level's name in a query, and more than any has. */
#define LEVEL_BYTES 16

static void
log_erasure_request(const struct admin_request *request,
    const struct admin_query *query, uint64_t number)
{
	struct ucred peer = admin_request_peer(request);
	size_t shop_len = session_name_shop_len(query->session);
	char tag[ID_TAG_HEX + 1];

	id_log_tag(&request->config->log_key, query->session, tag);
	log_info("admin: erasure %" PRIu64 ": %s session %s%s%.*s: asked for "
	    "by user %ju, process %jd", number,
	    query->has_customer ? "a customer of" : "all of", tag,
	    shop_len == 0 ? "" : " of shop ", (int)shop_len, query->session,
	    (uintmax_t)peer.uid, (intmax_t)peer.pid);
}

void
admin_command_erase(const struct admin_request *request,
    struct exchange_answer *answer)
{
	struct now now = clock_now();
	struct admin_query query;
	struct payload *session;
	uint64_t number;
	const char *fault = admin_query_parse(request->query, &query);

	if (fault != NULL) {
		admin_answer_error(answer, 400, fault);
		return;
	}
	if (admin_request_is_late(request, answer))
		return;
	session = payload_new(query.session, strlen(query.session));
	number = erasure_begin(request->config->hub, session,
	    query.has_customer ? &query.customer : NULL, &now);
	payload_unref(session);
	if (number == 0) {
		admin_answer_error(answer, 503,
		    "too many erasures are pending");
		return;
	}
	log_erasure_request(request, &query, number);
	admin_answer_format(answer, 202, "{\"id\":%" PRIu64 "}\n", number);
}

void
admin_command_kick(const struct admin_request *request,
    struct exchange_answer *answer)
{
	struct now now = clock_now();
	struct admin_query parsed;
	const char *fault = admin_query_parse(request->query, &parsed);

	if (fault != NULL || !parsed.has_customer) {
		admin_answer_error(answer, 400, fault != NULL ? fault :
		    "no customer");
		return;
	}
	if (admin_request_is_late(request, answer))
		return;
	switch (roster_kick(request->config->hub, parsed.session,
	    &parsed.customer, &now)) {
	case ROSTER_KICKED:
		admin_answer_empty(answer, 200);
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

void
admin_command_reload(const struct admin_request *request,
    struct exchange_answer *answer)
{
	struct reload_report report;
	struct json_write json;

	if (admin_request_is_late(request, answer))
		return;
	reload_report_init(&report);
	request->config->reload(request->config->ctx, &report);
	json_write_begin(&json, ADMIN_ANSWER_BYTES_MAX);
	write_report_lines(&json, "problems", &report.problems);
	write_report_lines(&json, "adopted", &report.adopted);
	write_report_lines(&json, "restart", &report.restart);
	admin_answer_json(answer, report.problems.len > 0 ? 422 : 200,
	    json_write_end(&json));
	reload_report_clear(&report);
}

void
admin_command_drain(const struct admin_request *request,
    struct exchange_answer *answer)
{
	request->config->drain(request->config->ctx);
	admin_answer_empty(answer, 202);
}

void
admin_command_log_level(const struct admin_request *request,
    struct exchange_answer *answer)
{
	char name[LEVEL_BYTES];
	enum log_level level;

	if (query_only(request->query, "level", name, sizeof(name)) == -1 ||
	    setting_log_level_parse(name, &level) == -1) {
		admin_answer_error(answer, 400,
		    "needs level=error, warning, info or debug");
		return;
	}
	log_set_level(level);
	admin_answer_empty(answer, 200);
}
