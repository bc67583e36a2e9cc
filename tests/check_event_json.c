/*
 * What the shop's server is told of an event, to the letter.
 */
#include <stdio.h>
#include <stdlib.h>

#include "api/event_json.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "wire/json_write.h"

#include "suite.h"

const char suite_name[] = "event_json";

#define CUSTOMER "0102030405060708090a0b0c"

static struct journal_event
event_of(enum journal_event_type type)
{
	return (struct journal_event){
		.seq = 1742,
		.part = JOURNAL_PART_ROW,
		.type = type,
		.session = payload_new("atelier", 7),
		.incarnation = 1,
		.revision = 7,
		.time_ms = 1795365264005,
		.has_customer = true,
		.customer = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } },
	};
}

/* Drops what the event refers to. */
static void
expect(struct journal_event *event, const char *text)
{
	struct payload *json;
	struct json_write out;

	json_write_begin(&out, EVENT_JSON_BYTES_MAX);
	event_json_write(&out, event);
	json = json_write_end(&out);
	ck_assert_str_eq(json->data, text);
	payload_unref(json);
	payload_unref(event->session);
	payload_unref(event->account);
}

START_TEST(an_event_says_what_happened_to_whom_and_when)
{
	struct journal_event event = event_of(JOURNAL_CART_CHANGED);

	expect(&event, "{\"id\":\"1742\",\"type\":\"cart.changed\","
	    "\"timestamp\":\"2026-11-22T16:34:24.005Z\","
	    "\"data\":{\"session\":\"atelier\",\"incarnation\":1,"
	    "\"revision\":7,\"customer\":\"" CUSTOMER "\"}}\n");
}
END_TEST

START_TEST(an_account_is_told_of_who_comes_with_one)
{
	struct journal_event event = event_of(JOURNAL_CUSTOMER_JOINED);

	event.account = payload_new("a\"b", 3);
	expect(&event, "{\"id\":\"1742\",\"type\":\"customer.joined\","
	    "\"timestamp\":\"2026-11-22T16:34:24.005Z\","
	    "\"data\":{\"session\":\"atelier\",\"incarnation\":1,"
	    "\"revision\":7,\"customer\":\"" CUSTOMER "\","
	    "\"account\":\"a\\\"b\"}}\n");
}
END_TEST

START_TEST(who_left_did_so_for_a_reason)
{
	static const char *const reasons[] = {
		"left", "expired", "removed", "replaced",
	};
	struct journal_event event = event_of(JOURNAL_CUSTOMER_LEFT);
	char text[512];

	event.reason = JOURNAL_REASON_LEFT + (unsigned)_i;
	(void)snprintf(text, sizeof(text), "{\"id\":\"1742\","
	    "\"type\":\"customer.left\","
	    "\"timestamp\":\"2026-11-22T16:34:24.005Z\","
	    "\"data\":{\"session\":\"atelier\",\"incarnation\":1,"
	    "\"revision\":7,\"customer\":\"" CUSTOMER "\","
	    "\"reason\":\"%s\"}}\n", reasons[_i]); /* fits */
	expect(&event, text);
}
END_TEST

START_TEST(a_lock_that_was_too_long_says_so)
{
	struct journal_event event = event_of(JOURNAL_SESSION_UNLOCKED);

	event.has_customer = false;
	event.is_timed_out = true;
	expect(&event, "{\"id\":\"1742\",\"type\":\"session.unlocked\","
	    "\"timestamp\":\"2026-11-22T16:34:24.005Z\","
	    "\"data\":{\"session\":\"atelier\",\"incarnation\":1,"
	    "\"revision\":7,\"timedOut\":true}}\n");
}
END_TEST

START_TEST(several_events_of_a_row_have_ids_of_their_own)
{
	static const char *const ids[] = { "1742.d", "1742", "1742.r" };
	struct journal_event event = { .seq = 1742 };
	char id[EVENT_JSON_ID_BYTES];
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		event.part = JOURNAL_PART_DISPLACED + (unsigned)i;
		event_json_id(&event, id);
		ck_assert_str_eq(id, ids[i]);
	}
}
END_TEST

START_TEST(every_type_has_a_name_of_its_own)
{
	enum journal_event_type a, b;

	for (a = 0; a < JOURNAL_EVENT_TYPES; a++)
		for (b = 0; b < a; b++)
			ck_assert_str_ne(event_json_type(a),
			    event_json_type(b));
}
END_TEST

/* Nothing but escapes, and all there can be. */
START_TEST(the_longest_event_has_room)
{
	struct journal_event event = event_of(JOURNAL_CUSTOMER_LEFT);
	char *text = xcalloc(RECORD_ACCOUNT_BYTES, 1);
	struct payload *json;
	struct json_write out;

	payload_unref(event.session);
	event.session = payload_new(text, SESSION_ID_MAX);
	event.account = payload_new(text, RECORD_ACCOUNT_BYTES);
	event.seq = INT64_MAX;
	event.incarnation = event.revision = UINT64_MAX;
	event.part = JOURNAL_PART_READINESS;
	event.reason = JOURNAL_REASON_REPLACED;
	event.is_timed_out = true;
	json_write_begin(&out, EVENT_JSON_BYTES_MAX);
	event_json_write(&out, &event);
	json = json_write_end(&out);
	ck_assert_uint_gt(json->len, 6 * RECORD_ACCOUNT_BYTES);
	payload_unref(json);
	payload_unref(event.session);
	payload_unref(event.account);
	free(text);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, an_event_says_what_happened_to_whom_and_when);
	tcase_add_test(tc, an_account_is_told_of_who_comes_with_one);
	tcase_add_loop_test(tc, who_left_did_so_for_a_reason, 0, 4);
	tcase_add_test(tc, a_lock_that_was_too_long_says_so);
	tcase_add_test(tc, several_events_of_a_row_have_ids_of_their_own);
	tcase_add_test(tc, every_type_has_a_name_of_its_own);
	tcase_add_test(tc, the_longest_event_has_room);
}
