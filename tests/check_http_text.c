#include "suite.h"

#include "wire/http_text.h"

const char suite_name[] = "http_text";

START_TEST(text_is_the_same_in_whatever_case)
{
	ck_assert(http_text_is("Host", 4, "Host"));
	ck_assert(http_text_is("hOST: x", 4, "Host"));
	ck_assert(http_text_is("", 0, ""));
	ck_assert(!http_text_is("Hos", 3, "Host"));
	ck_assert(!http_text_is("Hosts", 5, "Host"));
	ck_assert(!http_text_is("Ho\0st", 5, "Host"));
	ck_assert(!http_text_is("Host\0", 5, "Host"));
}
END_TEST

START_TEST(span_ends_at_the_first_other_byte)
{
	ck_assert_uint_eq(http_text_span("", 0, "ab"), 0);
	ck_assert_uint_eq(http_text_span("abba", 4, "ab"), 4);
	ck_assert_uint_eq(http_text_span("abba", 2, "ab"), 2);
	ck_assert_uint_eq(http_text_span("abc", 3, "ab"), 2);
	ck_assert_uint_eq(http_text_span("ab\0a", 4, "ab"), 2);
}
END_TEST

START_TEST(white_space_behind_a_value_is_no_part_of_it)
{
	ck_assert_uint_eq(http_text_trim("", 0), 0);
	ck_assert_uint_eq(http_text_trim(" \t ", 3), 0);
	ck_assert_uint_eq(http_text_trim("a", 1), 1);
	ck_assert_uint_eq(http_text_trim(" a b \t", 6), 4);
	ck_assert_uint_eq(http_text_trim("a ", 1), 1);
	ck_assert_uint_eq(http_text_trim("a\v", 2), 2);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, text_is_the_same_in_whatever_case);
	tcase_add_test(tc, span_ends_at_the_first_other_byte);
	tcase_add_test(tc, white_space_behind_a_value_is_no_part_of_it);
}
