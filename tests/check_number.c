#include "suite.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"

const char suite_name[] = "number";

static const struct {
	const char *text;
	uint64_t max;
	size_t	 digits;	/* that are read; 0: it is refused */
	uint64_t number;
} numbers[] = {
	{ "0", 0, 1, 0 },
	{ "7", 7, 1, 7 },
	{ "8", 7, 0, 0 },
	{ "007", 7, 3, 7 },
	{ "12.5", 99, 2, 12 },
	{ "12 ", 99, 2, 12 },
	{ "100", 99, 0, 0 },
	{ "", 99, 0, 0 },
	{ "-1", 99, 0, 0 },
	{ "+1", 99, 0, 0 },
	{ " 1", 99, 0, 0 },
	{ "x", 99, 0, 0 },
	{ "18446744073709551615", UINT64_MAX, 20, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, 0, 0 },
	{ "99999999999999999999999", UINT64_MAX, 0, 0 },
};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

START_TEST(scan_reads_the_digits_at_the_beginning)
{
	const char *text = numbers[_i].text;
	uint64_t number;

	ck_assert_uint_eq(number_scan(text, strlen(text), numbers[_i].max,
	    &number), numbers[_i].digits);
	if (numbers[_i].digits > 0)
		ck_assert_uint_eq(number, numbers[_i].number);
}
END_TEST

START_TEST(parse_takes_digits_alone)
{
	const char *text = numbers[_i].text;
	bool is_number = numbers[_i].digits > 0 &&
	    numbers[_i].digits == strlen(text);
	uint64_t number;

	ck_assert_int_eq(number_parse(text, numbers[_i].max, &number),
	    is_number ? 0 : -1);
	if (is_number)
		ck_assert_uint_eq(number, numbers[_i].number);
}
END_TEST

START_TEST(what_is_behind_the_length_is_not_read)
{
	uint64_t number;

	ck_assert_uint_eq(number_scan("1234", 2, 99, &number), 2);
	ck_assert_uint_eq(number, 12);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, scan_reads_the_digits_at_the_beginning, 0,
	    NUMBERS);
	tcase_add_loop_test(tc, parse_takes_digits_alone, 0, NUMBERS);
	tcase_add_test(tc, what_is_behind_the_length_is_not_read);
}
