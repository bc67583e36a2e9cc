#include "suite.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/printable.h"

const char suite_name[] = "printable";

enum { WIDE = 1000 };

struct row {
	const char *text;
	const char *shown;
	size_t	 columns;
};

static void
use_utf8(void)
{
	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
}

static void
check_row(size_t (*write)(FILE *, const char *, size_t, size_t),
    const struct row *row, size_t room)
{
	char *shown;
	size_t n, columns;
	FILE *out = open_memstream(&shown, &n);

	columns = write(out, row->text, strlen(row->text), room);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_str_eq(shown, row->shown);
	ck_assert_uint_eq(columns, row->columns);
	free(shown);
}

static const struct row texts[] = {
	{ "", "", 0 },
	{ "Ada", "Ada", 3 },
	{ "Zo\xc3\xab", "Zo\xc3\xab", 3 },
	/* two columns each */
	{ "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", 4 },
	{ "\xf0\x9f\x9b\x92", "\xf0\x9f\x9b\x92", 2 },
	/* a combining accent takes none */
	{ "e\xcc\x81", "e\xcc\x81", 1 },
	/* what a terminal would obey */
	{ "\x1b[31mred", "\\x1b[31mred", 11 },
	{ "a\nb\tc\rd\x7f", "a\\x0ab\\x09c\\x0dd\\x7f", 20 },
	{ "\xc2\x9b" "31m", "\\u009b31m", 9 },
	/* what would turn or hide its neighbours */
	{ "\xe2\x80\xae" "abc", "\\u202eabc", 9 },
	{ "a\xe2\x80\x8d" "b", "a\\u200db", 8 },
	{ "\xe2\x81\xa6x", "\\u2066x", 7 },
	{ "\xef\xbb\xbf", "\\ufeff", 6 },
	{ "\xc2\xad", "\\u00ad", 6 },
	{ "\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029", 12 },
	{ "\xe3\x85\xa4\xef\xb8\x80", "\\u3164\\ufe00", 12 },
	{ "\xf3\xa0\x81\x81\xf3\xa0\x84\x80", "\\ue0041\\ue0100", 14 },
	/* a heart in colours */
	{ "\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4\xef\xb8\x8f", 1 },
	/* what is no UTF-8 */
	{ "\xff" "a", "\\xffa", 5 },
	{ "\xc3", "\\xc3", 4 },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80", 12 },
	{ "\xf0\x9f\x9b", "\\xf0\\x9f\\x9b", 12 },
	{ "back\\slash", "back\\slash", 10 },
};

START_TEST(text_is_shown)
{
	use_utf8();
	check_row(printable_write, &texts[_i], WIDE);
}
END_TEST

static const struct row strings[] = {
	{ "\"Coffee\"", "Coffee", 6 },
	{ "Coffee", "Coffee", 6 },
	{ "\"\"", "", 0 },
	{ "12.50", "12.50", 5 },
	{ "\"caf\\u00e9\"", "caf\xc3\xa9", 4 },
	{ "\"\\ud83d\\uded2\"", "\xf0\x9f\x9b\x92", 2 },
	{ "\"\\\"a\\\\b\\/\"", "\"a\\b/", 5 },
	/* escapes of what cannot be shown stay */
	{ "\"\\u001b[1m\"", "\\u001b[1m", 9 },
	{ "\"a\\nb\\u0000\"", "a\\nb\\u0000", 10 },
	{ "\"\\u202e\"", "\\u202e", 6 },
	{ "\"\\ud83d\"", "\\ud83d", 6 },
	{ "\"\\ud83d\\u0041\"", "\\ud83dA", 7 },
	{ "\"\\uded2\\ud83d\"", "\\uded2\\ud83d", 12 },
	{ "\"\\uD83D\\uDED2\"", "\xf0\x9f\x9b\x92", 2 },
	{ "\"\xc2\x9b\"", "\\u009b", 6 },
};

START_TEST(a_json_string_is_shown_as_what_it_says)
{
	use_utf8();
	check_row(printable_write_json, &strings[_i], WIDE);
}
END_TEST

static const struct row cut[] = {
	{ "four", "four", 4 },
	{ "fiver", "five...", 4 },
	{ "abc\xe6\x97\xa5", "abc...", 3 },
	{ "ab\xe6\x97\xa5", "ab\xe6\x97\xa5", 4 },
	{ "a\x1b", "a...", 1 },
	/* accents without end take no columns, and yet there is one */
	{ "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
	    "e\xcc\x81\xcc\x81\xcc\x81...", 1 },
};

START_TEST(what_does_not_fit_is_cut_between_characters)
{
	use_utf8();
	check_row(printable_write, &cut[_i], 4);
	check_row(printable_write_json, &cut[_i], 4);
}
END_TEST

START_TEST(without_utf8_only_ascii_is_shown)
{
	const struct row row = { "Zo\xc3\xab", "Zo\\u00eb", 8 };

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C"));
	check_row(printable_write, &row, WIDE);
}
END_TEST

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, text_is_shown, 0, COUNT(texts));
	tcase_add_loop_test(tc, a_json_string_is_shown_as_what_it_says, 0,
	    COUNT(strings));
	tcase_add_loop_test(tc, what_does_not_fit_is_cut_between_characters,
	    0, COUNT(cut));
	tcase_add_test(tc, without_utf8_only_ascii_is_shown);
}
