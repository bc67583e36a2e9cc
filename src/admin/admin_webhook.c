#include "admin_webhook.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "admin_request.h"
#include "base/log.h"
#include "base/number.h"
#include "base/query.h"
#include "session/session_name.h"
#include "webhook_figures.h"
#include "wire/json_write.h"

enum { NUMBER_BYTES = 32 };	/* of one in a query, and more than any has */

/* What requests say behind '?'. */
struct webhook_query {
	char	 shop[SESSION_NAME_SHOP_MAX + 1];	/* "" if they do not */
	char	 after[NUMBER_BYTES];	/* likewise */
};

/* 0; -1 if it says anything else, which is answered. */
static int
parse_query(const struct admin_request *request, struct webhook_query *parsed,
    struct exchange_answer *answer)
{
	const char *query = request->query;
	struct query_field field;
	int result = 0;

	*parsed = (struct webhook_query){ 0 };
	while (result == 0 && query_next(&query, &field) == 0) {
		if (query_field_is(&field, "shop"))
			result = query_decode(&field, parsed->shop,
			    sizeof(parsed->shop));
		else if (query_field_is(&field, "after"))
			result = query_decode(&field, parsed->after,
			    sizeof(parsed->after));
		else
			result = -1;
	}
	if (result == -1)
		admin_answer_error(answer, 400,
		    "knows shop=NAME and after=SEQ");
	return result;
}

static void
write_error(struct json_write *json, const char *error)
{
	json_write_string(json, "error", *error == '\0' ? NULL : error);
}

static void
write_figures(struct json_write *json, const struct webhook_figures *figures)
{
	size_t i;

	json_write_literal(json, "on", figures->is_on ? "true" : "false");
	json_write_number(json, "deliveredSeq",
	    (uint64_t)figures->delivered_seq);
	json_write_number(json, "readSeq", (uint64_t)figures->read_seq);
	json_write_number(json, "held", figures->held);
	json_write_number(json, "underWay", figures->under_way);
	json_write_number(json, "parked", figures->parked);
	json_write_number(json, "oldest", figures->oldest_ms / 1000);
	json_write_number(json, "paused", (figures->paused_ms + 999) / 1000);
	for (i = 0; i < WEBHOOK_RESULTS; i++)
		json_write_number(json, webhook_result_name(
		    (enum webhook_result)i), figures->results[i]);
	json_write_number(json, "givenUp", figures->given_up);
	json_write_number(json, "purged", figures->purged);
	json_write_number(json, "status", figures->last_status);
	write_error(json, figures->last_error);
}

/* Of the shop outside of sections, and the others in a list. */
void
admin_webhook_status(const struct admin_request *request,
    struct exchange_answer *answer)
{
	const struct webhook_operations *webhooks =
	    &request->config->webhooks;
	struct webhook_figures figures;
	struct json_write json;
	const char *shop;
	size_t i;

	(void)webhooks->copy_figures(webhooks->ctx, 0, &figures);
	json_write_begin(&json, ADMIN_ANSWER_BYTES_MAX);
	write_figures(&json, &figures);
	json_write_open(&json, "shops", "[");
	for (i = 1; (shop = webhooks->copy_figures(webhooks->ctx, i,
	    &figures)) != NULL; i++) {
		json_write_open(&json, NULL, "{");
		json_write_string(&json, "shop", shop);
		write_figures(&json, &figures);
		json_write_close(&json, "}");
	}
	json_write_close(&json, "]");
	admin_answer_json(answer, 200, json_write_end(&json));
}

static void
answer_off(struct exchange_answer *answer)
{
	admin_answer_error(answer, 409, "there is no webhook-url");
}

void
admin_webhook_test(const struct admin_request *request,
    struct exchange_answer *answer)
{
	const struct webhook_operations *webhooks =
	    &request->config->webhooks;
	struct webhook_query query;
	uint64_t number;

	if (parse_query(request, &query, answer) == -1 ||
	    admin_request_is_late(request, answer))
		return;
	number = webhooks->test(webhooks->ctx, query.shop);
	if (number == 0)
		answer_off(answer);
	else
		admin_answer_format(answer, 202, "{\"id\":%" PRIu64 "}\n",
		    number);
}

static void
answer_test(const struct webhook_test *test, struct exchange_answer *answer)
{
	struct json_write json;

	json_write_begin(&json, ADMIN_ANSWER_BYTES_MAX);
	json_write_string(&json, "state", "done");
	json_write_string(&json, "result", webhook_result_name(test->result));
	json_write_number(&json, "status", test->status);
	json_write_number(&json, "ms", test->took_us / 1000);
	write_error(&json, test->error);
	admin_answer_json(answer, 200, json_write_end(&json));
}

void
admin_webhook_tested(const struct admin_request *request,
    struct exchange_answer *answer)
{
	const struct webhook_operations *webhooks =
	    &request->config->webhooks;
	struct webhook_test test = { .state = WEBHOOK_TEST_UNKNOWN };
	struct webhook_query query;
	uint64_t number;

	if (parse_query(request, &query, answer) == -1)
		return;
	if (number_parse(request->rest, UINT64_MAX, &number) == 0)
		test = webhooks->tested(webhooks->ctx, query.shop, number);
	switch (test.state) {
	case WEBHOOK_TEST_UNKNOWN:
		admin_answer_error(answer, 404, "no such test");
		break;
	case WEBHOOK_TEST_PENDING:
		admin_answer_format(answer, 200, "{\"state\":\"pending\"}\n");
		break;
	case WEBHOOK_TEST_DONE:
		answer_test(&test, answer);
		break;
	}
}

/* Whether the shop's webhook has not got to that row yet. */
static bool
is_ahead(const struct webhook_operations *webhooks, const char *shop,
    int64_t seq)
{
	struct webhook_figures figures;
	const char *name;
	size_t i;

	for (i = 0; (name = webhooks->copy_figures(webhooks->ctx, i,
	    &figures)) != NULL; i++)
		if (strcmp(name, shop) == 0)
			return figures.is_on && seq > figures.delivered_seq;
	return false;
}

void
admin_webhook_replay(const struct admin_request *request,
    struct exchange_answer *answer)
{
	const struct webhook_operations *webhooks =
	    &request->config->webhooks;
	struct webhook_query query;
	uint64_t seq;

	if (parse_query(request, &query, answer) == -1)
		return;
	if (number_parse(query.after, INT64_MAX, &seq) == -1) {
		admin_answer_error(answer, 400, "needs after=SEQ");
		return;
	}
	if (admin_request_is_late(request, answer))
		return;
	if (is_ahead(webhooks, query.shop, (int64_t)seq)) {
		admin_answer_error(answer, 409,
		    "nothing behind that row is done yet: see webhook status");
		return;
	}
	if (webhooks->replay(webhooks->ctx, query.shop, (int64_t)seq) == -1) {
		answer_off(answer);
		return;
	}
	log_info("admin: webhook replay%s%s: behind row %" PRIu64,
	    query.shop[0] == '\0' ? "" : " of shop ", query.shop, seq);
	admin_answer_empty(answer, 200);
}
