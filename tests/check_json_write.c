#include "suite.h"

#include "wire/json_write.h"

/* JSON for administrators. */

const char suite_name[] = "json_write";

enum { ROOM = 4096 };

static void
expect(struct json_write *json, const char *expected)
{
	struct payload *text = json_write_end(json);

	ck_assert_str_eq(text->data, expected);
	payload_unref(text);
}

START_TEST(values_are_separated_by_commas_at_every_depth)
{
	struct json_write json;

	json_write_begin(&json, ROOM);
	json_write_number(&json, "a", UINT64_MAX);
	json_write_open(&json, "b", "[");
	json_write_open(&json, NULL, "{");
	json_write_close(&json, "}");
	json_write_open(&json, NULL, "{");
	json_write_literal(&json, "c", "true");
	json_write_string(&json, "d", NULL);
	json_write_close(&json, "}");
	json_write_string(&json, NULL, "e");
	json_write_close(&json, "]");
	json_write_string(&json, "f", "");

	expect(&json, "{\"a\":18446744073709551615,\"b\":[{},"
	    "{\"c\":true,\"d\":null},\"e\"],\"f\":\"\"}\n");
}
END_TEST

START_TEST(an_empty_object_is_one)
{
	struct json_write json;

	json_write_begin(&json, ROOM);
	expect(&json, "{}\n");
}
END_TEST

START_TEST(texts_are_escaped_where_they_must)
{
	static const char text[] = "\"a\\\n\0\x1f\x7f/\xc3\xa9\"";
	struct json_write json;

	json_write_begin(&json, ROOM);
	json_write_text(&json, "a", text, sizeof(text) - 1);
	expect(&json, "{\"a\":\"\\\"a\\\\\\u000a\\u0000\\u001f\\u007f/"
	    "\xc3\xa9\\\"\"}\n");
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, values_are_separated_by_commas_at_every_depth);
	tcase_add_test(tc, an_empty_object_is_one);
	tcase_add_test(tc, texts_are_escaped_where_they_must);
}
