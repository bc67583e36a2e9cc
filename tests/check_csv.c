#include "suite.h"

#include <stdlib.h>

#include "ctl/csv.h"

const char suite_name[] = "csv";

/* A record of the texts, up to NULL; free() it. */
static char *
record_of(const char *const *texts, size_t count)
{
	struct csv csv;
	char *text;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);

	csv_begin(&csv, out);
	for (i = 0; i < count; i++)
		csv_string(&csv, texts[i]);
	csv_end(&csv);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(cells_are_quoted_and_kept_apart)
{
	static const char *const texts[] = { "a", "", NULL, "b\"c", "d,e",
	    "f\r\ng", "\"" };
	char *record = record_of(texts, 7);

	ck_assert_str_eq(record, "\"a\",\"\",,\"b\"\"c\",\"d,e\","
	    "\"f\r\ng\",\"\"\"\"\r\n");
	free(record);
}
END_TEST

START_TEST(no_text_is_a_formula)
{
	static const char *const rows[][2] = {
		{ "=1+1", "\"'=1+1\"\r\n" },
		{ "+1", "\"'+1\"\r\n" },
		{ "-1", "\"'-1\"\r\n" },
		{ "@SUM(A1)", "\"'@SUM(A1)\"\r\n" },
		{ "\t=1", "\"'\t=1\"\r\n" },
		{ "\r=1", "\"'\r=1\"\r\n" },
		{ "\n=1", "\"'\n=1\"\r\n" },
		{ "'=1", "\"''=1\"\r\n" },
		{ "'", "\"''\"\r\n" },
		{ "a=1", "\"a=1\"\r\n" },
		{ " =1", "\" =1\"\r\n" },
	};
	char *record = record_of(&rows[_i][0], 1);

	ck_assert_str_eq(record, rows[_i][1]);
	free(record);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, cells_are_quoted_and_kept_apart);
	tcase_add_loop_test(tc, no_text_is_a_formula, 0, 11);
}
