/*
 * Times as the shop's server is told them.
 */
#include "api/api_time.h"
#include "base/buf.h"
#include "wire/json_write.h"

#include "suite.h"

const char suite_name[] = "api_time";

enum { ROOM = 256 };

START_TEST(times_are_in_utc_up_to_the_year_9999)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} times[] = {
		{ 0, "{\"at\":\"1970-01-01T00:00:00.000Z\"}\n" },
		{ 1795365264005, "{\"at\":\"2026-11-22T16:34:24.005Z\"}\n" },
		{ 253402300799999, "{\"at\":\"9999-12-31T23:59:59.999Z\"}\n" },
		{ 253402300800000, "{\"at\":null}\n" },
		{ UINT64_MAX, "{\"at\":null}\n" },
	};
	struct json_write json;
	struct payload *text;
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		json_write_begin(&json, ROOM);
		api_time_write(&json, "at", times[i].ms);
		text = json_write_end(&json);
		ck_assert_str_eq(text->data, times[i].text);
		payload_unref(text);
	}
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, times_are_in_utc_up_to_the_year_9999);
}
