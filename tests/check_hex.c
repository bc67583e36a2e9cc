#include "suite.h"

#include <stdint.h>
#include <string.h>

#include "base/hex.h"

const char suite_name[] = "hex";

static const uint8_t bytes[] = { 0x00, 0x0f, 0xa9, 0xff };

START_TEST(bytes_are_two_lower_case_digits_each)
{
	char text[2 * sizeof(bytes) + 1];

	hex_format(bytes, sizeof(bytes), text);

	ck_assert_str_eq(text, "000fa9ff");
}
END_TEST

START_TEST(digits_of_both_cases_are_read)
{
	uint8_t read[sizeof(bytes)];

	ck_assert_int_eq(hex_parse("000fA9fF", sizeof(read), read), 0);
	ck_assert_mem_eq(read, bytes, sizeof(bytes));
}
END_TEST

START_TEST(what_is_no_digit_is_refused)
{
	static const char others[] = "/:@G`g \xff";
	uint8_t byte;
	size_t i;

	for (i = 0; i < sizeof(others); i++) {
		const char front[] = { others[i], '0', '\0' };
		const char back[] = { '0', others[i], '\0' };

		ck_assert_int_eq(hex_value(others[i]), -1);
		ck_assert_int_eq(hex_parse(front, 1, &byte), -1);
		ck_assert_int_eq(hex_parse(back, 1, &byte), -1);
	}
}
END_TEST

START_TEST(a_text_that_ends_early_is_refused)
{
	uint8_t read[2];

	ck_assert_int_eq(hex_parse("00f", sizeof(read), read), -1);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, bytes_are_two_lower_case_digits_each);
	tcase_add_test(tc, digits_of_both_cases_are_read);
	tcase_add_test(tc, what_is_no_digit_is_refused);
	tcase_add_test(tc, a_text_that_ends_early_is_refused);
}
