#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "ctl/json_shape.h"
#include "ctl/json_tree.h"

const char suite_name[] = "json_shape";

/* The fault of a text that is JSON; NULL for none. */
static const char *
fault_of(const char *text, const struct json_shape *shape)
{
	struct json_tree *tree = json_tree_new(text, strlen(text));
	const char *fault;

	ck_assert_msg(tree != NULL, "%s", text);
	fault = json_shape_fault(json_tree_root(tree), shape);
	json_tree_free(tree);
	return fault;
}

START_TEST(a_member_is_of_its_kind)
{
	static const struct {
		enum json_kind kind;
		const char *good[6];
		const char *bad[12];
	} rows[] = {
		{ JSON_KIND_NUMBER, { "0", "7", "18446744073709551615" },
		    { "-1", "1.0", "1e2", "18446744073709551616", "null",
		    "\"1\"", "true", "[]", "{}" } },
		{ JSON_KIND_NUMBER_OR_NULL, { "0", "null" },
		    { "-1", "\"null\"", "false", "[]", "{}" } },
		{ JSON_KIND_TEXT, { "\"\"", "\"null\"", "\"\\\"\"" },
		    { "0", "null", "true", "[]", "{}", "[\"a\"]" } },
		{ JSON_KIND_TEXT_OR_NULL, { "\"\"", "null" },
		    { "0", "true", "[]", "{}" } },
		{ JSON_KIND_BOOL, { "true", "false" },
		    { "0", "null", "\"true\"", "[]", "{}" } },
		{ JSON_KIND_TEXTS, { "[]", "[\"a\"]", "[\"a\", \"b\"]" },
		    { "0", "null", "\"a\"", "{}", "{\"a\":\"b\"}", "[1]",
		    "[\"a\",null]", "[[]]", "[[\"a\"]]" } },
	};
	struct json_shape shape[] = {
		{ "k", rows[_i].kind, NULL },
		{ NULL, JSON_KIND_TEXT, NULL },
	};
	char text[64];
	size_t i;

	for (i = 0; rows[_i].good[i] != NULL; i++) {
		snprintf(text, sizeof(text), "{\"k\":%s}", rows[_i].good[i]);
		ck_assert_ptr_eq(fault_of(text, shape), NULL);
	}
	for (i = 0; rows[_i].bad[i] != NULL; i++) {
		snprintf(text, sizeof(text), "{\"k\":%s}", rows[_i].bad[i]);
		ck_assert_str_eq(fault_of(text, shape), "k");
	}
}
END_TEST

START_TEST(the_first_fault_is_named)
{
	static const struct json_shape inner[] = {
		{ "a", JSON_KIND_NUMBER, NULL },
		{ "b", JSON_KIND_TEXT, NULL },
		{ NULL, JSON_KIND_TEXT, NULL },
	};
	static const struct json_shape shape[] = {
		{ "list", JSON_KIND_OBJECTS, inner },
		{ "end", JSON_KIND_BOOL, NULL },
		{ NULL, JSON_KIND_TEXT, NULL },
	};
	static const char *const rows[][2] = {
		{ "{\"end\":true,\"list\":[],\"more\":null}", NULL },
		{ "{\"list\":[{\"b\":\"\",\"a\":1,\"c\":[]}],\"end\":true}",
		    NULL },
		{ "[]", "" },
		{ "null", "" },
		{ "\"list\"", "" },
		{ "{}", "list" },
		{ "{\"list\":{},\"end\":true}", "list" },
		{ "{\"list\":[[]],\"end\":true}", "list" },
		{ "{\"list\":[null],\"end\":true}", "list" },
		{ "{\"list\":[]}", "end" },
		{ "{\"list\":[{\"a\":1,\"b\":\"\"},{\"b\":\"\"}],\"end\":1}",
		    "a" },
		{ "{\"list\":[{\"a\":1,\"b\":2}],\"end\":true}", "b" },
		{ "{\"list\":[],\"end\":true,\"list\":1}", "list" },
	};
	const char *fault = fault_of(rows[_i][0], shape);

	if (rows[_i][1] == NULL)
		ck_assert_ptr_eq(fault, NULL);
	else
		ck_assert_str_eq(fault, rows[_i][1]);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, a_member_is_of_its_kind, 0, 6);
	tcase_add_loop_test(tc, the_first_fault_is_named, 0, 13);
}
