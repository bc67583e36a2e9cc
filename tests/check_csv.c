#include "suite.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

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

	csv_init(&csv, out);
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

/* The master of a new terminal that changes nothing; the other end is *out. */
static int
open_terminal(FILE **out)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct termios raw;
	int fd;

	ck_assert_int_ne(master, -1);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(tcgetattr(fd, &raw), 0);
	cfmakeraw(&raw);
	ck_assert_int_eq(tcsetattr(fd, TCSANOW, &raw), 0);
	*out = fdopen(fd, "w");
	ck_assert_ptr_nonnull(*out);
	ck_assert_int_eq(setvbuf(*out, NULL, _IOFBF, BUFSIZ), 0);
	return master;
}

START_TEST(on_a_terminal_texts_are_printable)
{
	char shown[64] = "";
	struct csv csv;
	FILE *out;
	int master = open_terminal(&out);

	ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
	csv_init(&csv, out);
	csv_string(&csv, "\xc2\x9b\"\xc3\xab\x1b\xff");
	csv_string(&csv, "\n");
	csv_end(&csv);
	csv_string(&csv, "a");
	csv_end(&csv);
	ck_assert_int_eq(fflush(out), 0);

	ck_assert_int_gt(read(master, shown, sizeof(shown) - 1), 0);
	ck_assert_str_eq(shown, "\"\\u009b\"\"\xc3\xab\\x1b\\xff\","
	    "\"'\\x0a\"\r\n\"a\"\r\n");
	fclose(out);
	close(master);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, on_a_terminal_texts_are_printable);
	tcase_add_test(tc, cells_are_quoted_and_kept_apart);
	tcase_add_loop_test(tc, no_text_is_a_formula, 0, 11);
}
