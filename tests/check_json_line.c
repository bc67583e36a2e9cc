#include "suite.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/json_line.h"
#include "wire/json_scan.h"

const char suite_name[] = "json_line";

static void
check_is_json(const char *text)
{
	struct json_members members, inner;

	ck_assert_int_eq(json_scan_object(text, strlen(text), 8, &members, "",
	    &inner), JSON_OK);
}

START_TEST(texts_are_escaped_so_that_they_are_json_and_can_be_shown)
{
	static const char *const rows[][2] = {
		{ "", "{\"k\":\"\"}\n" },
		{ "a\"b\\c/", "{\"k\":\"a\\\"b\\\\c/\"}\n" },
		{ "\x01\x1b\n\x7f", "{\"k\":\"\\u0001\\u001b\\u000a\\u007f\"}"
		    "\n" },
		{ "Zo\xc3\xab", "{\"k\":\"Zo\xc3\xab\"}\n" },
		{ "\xc2\x9b\xe2\x80\xae", "{\"k\":\"\\u009b\\u202e\"}\n" },
		{ "\xf3\xa0\x80\x81", "{\"k\":\"\\udb40\\udc01\"}\n" },
		{ "\xff\xc3", "{\"k\":\"\\ufffd\\ufffd\"}\n" },
	};
	struct json_line line;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	json_line_begin(&line, out);
	json_line_string(&line, "k", rows[_i][0]);
	json_line_end(&line);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, rows[_i][1]);
	check_is_json(text);
	free(text);
}
END_TEST

START_TEST(json_is_passed_on_as_it_is_spelt)
{
	static const char *const rows[][2] = {
		{ "{\"a\":1e400,\"a\":\"\\u001b\\/\"}",
		    "{\"a\":1e400,\"a\":\"\\u001b\\/\"}" },
		{ "[\"\xc2\x9b\xe2\x80\xaex\x7f\"]",
		    "[\"\\u009b\\u202ex\\u007f\"]" },
		{ "[1,\n2]", "[1, 2]" },
		{ "[\"\xff\xed\xa0\x80\"]",
		    "[\"\\ufffd\\ufffd\\ufffd\\ufffd\"]" },
	};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	json_line_write_json(out, rows[_i][0], strlen(rows[_i][0]));
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, rows[_i][1]);
	free(text);
}
END_TEST

START_TEST(members_and_elements_are_kept_apart)
{
	struct json_line line;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	json_line_begin(&line, out);
	json_line_number(&line, "a", UINT64_MAX);
	json_line_array(&line, "b");
	json_line_item(&line);
	json_line_string(&line, "c", NULL);
	json_line_item_end(&line);
	json_line_item(&line);
	json_line_item_end(&line);
	json_line_array_end(&line);
	json_line_literal(&line, "d", "true");
	json_line_json(&line, "e", "[]", 2);
	json_line_end(&line);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(text, "{\"a\":18446744073709551615,"
	    "\"b\":[{\"c\":null},{}],\"d\":true,\"e\":[]}\n");
	free(text);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    texts_are_escaped_so_that_they_are_json_and_can_be_shown, 0, 7);
	tcase_add_loop_test(tc, json_is_passed_on_as_it_is_spelt, 0, 4);
	tcase_add_test(tc, members_and_elements_are_kept_apart);
}
