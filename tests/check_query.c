/* Parameters of a query, as forms write them. */
#include <stdint.h>
#include <string.h>

#include "base/query.h"

#include "suite.h"

const char suite_name[] = "query";

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(parameters_come_one_by_one)
{
	static const struct {
		const char *name;
		const char *value;	/* NULL: none */
	} expected[] = {
		{ "a", "1" }, { "b", "" }, { "c", NULL }, { "", NULL },
		{ "", "d" }, { "e", "=f" },
	};
	const char *query = "a=1&b=&c&&=d&e==f&";
	struct query_field field;
	size_t i;

	for (i = 0; i < COUNT(expected); i++) {
		ck_assert_int_eq(query_next(&query, &field), 0);
		ck_assert(query_field_is(&field, expected[i].name));
		ck_assert(!query_field_is(&field, "other"));
		ck_assert_int_eq(field.value == NULL,
		    expected[i].value == NULL);
		if (field.value == NULL)
			continue;
		ck_assert_uint_eq(field.value_len, strlen(expected[i].value));
		ck_assert_mem_eq(field.value, expected[i].value,
		    field.value_len);
	}
	ck_assert_int_eq(query_next(&query, &field), -1);
}
END_TEST

START_TEST(an_empty_query_has_none)
{
	const char *query = "";
	struct query_field field;

	ck_assert_int_eq(query_next(&query, &field), -1);
}
END_TEST

START_TEST(values_are_unescaped)
{
	static const struct {
		const char *query;
		const char *value;
	} cases[] = {
		{ "a=plain", "plain" },
		{ "a=one+two", "one two" },
		{ "a=%61%2B%7e%7E", "a+~~" },
		{ "a=%26%3d%25", "&=%" },
		{ "a=caf%c3%A9", "caf\xc3\xa9" },
		{ "b=x&a=first&a=second", "first" },
		{ "a&a=second", "second" },
		{ "a=12345678", "12345678" },
	};
	char value[9];
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(query_find(cases[i].query, "a", value,
		    sizeof(value)), 0);
		ck_assert_str_eq(value, cases[i].value);
	}
}
END_TEST

START_TEST(what_is_no_text_or_does_not_fit_is_empty)
{
	static const char *const queries[] = {
		"a=%", "a=%4", "a=%4&b", "a=%g0", "a=%0g", "a=%00", "a=x%00",
		"a=%+1", "a=123456789", "a=1234567%389",
	};
	char value[9] = "before";
	size_t i;

	for (i = 0; i < COUNT(queries); i++) {
		ck_assert_msg(query_find(queries[i], "a", value,
		    sizeof(value)) == 0, "%s", queries[i]);
		ck_assert_str_eq(value, "");
	}
}
END_TEST

START_TEST(names_are_whole_and_have_a_case)
{
	static const char *const queries[] = { "", "a", "&", "ab=1", "A=1",
		"b=a=1", "%61=1" };
	char value[9];
	size_t i;

	for (i = 0; i < COUNT(queries); i++) {
		ck_assert_msg(query_find(queries[i], "a", value,
		    sizeof(value)) == -1, "%s", queries[i]);
		ck_assert_str_eq(value, "");
	}
}
END_TEST

START_TEST(one_parameter_may_be_demanded)
{
	static const char *const others[] = { "", "a", "b=1", "a=1&b=2",
		"b=2&a=1", "a=1&a=1", "&a=1", "a=%", "a=123456789" };
	char value[9];
	size_t i;

	ck_assert_int_eq(query_only("a=%31", "a", value, sizeof(value)), 0);
	ck_assert_str_eq(value, "1");
	for (i = 0; i < COUNT(others); i++) {
		ck_assert_msg(query_only(others[i], "a", value,
		    sizeof(value)) == -1, "%s", others[i]);
		ck_assert_str_eq(value, "");
	}
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, parameters_come_one_by_one);
	tcase_add_test(tc, an_empty_query_has_none);
	tcase_add_test(tc, values_are_unescaped);
	tcase_add_test(tc, what_is_no_text_or_does_not_fit_is_empty);
	tcase_add_test(tc, names_are_whole_and_have_a_case);
	tcase_add_test(tc, one_parameter_may_be_demanded);
}
