#include "suite.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "config/setting_report.h"
#include "config/ticket_files.h"
#include "place.h"
#include "ticket_maker.h"

const char suite_name[] = "ticket_files";

#define SECRET "0123456789abcdef0123456789abcdef"

static struct place place;
static struct buf lines;		/* what was wrong */
static char folder[PATH_BYTES];
static struct ticket_keys *keys;

static void
setup(void)
{
	place_init(&place);
	path_beside(&place, "keys", folder);
	ck_assert_int_eq(mkdir(folder, 0755), 0);
	buf_init(&lines, 65536);
	keys = NULL;
}

static void
remove_file(const char *name)
{
	char path[PATH_BYTES];

	path_beside(&place, name, path);
	(void)unlink(path); /* may not be there */
}

static void
teardown(void)
{
	static const char *const names[] = {
		"keys/a.hs256", "keys/b.pem", "keys/c.pem", "keys/.hidden",
		"keys/a.hs256~", "keys/.hs256", "keys/pipe.pem",
		"keys/a.pem",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		remove_file(names[i]);
	ck_assert_int_eq(rmdir(folder), 0);
	ticket_keys_free(keys);
	buf_clear(&lines);
	place_clear(&place);
}

/* A file with text, which has that mode. */
static void
put(const char *name, const char *text, mode_t mode)
{
	char path[PATH_BYTES];

	path_beside(&place, name, path);
	write_file(path, text, strlen(text));
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* Read the keys of up to two paths beside the place; how many problems. */
static size_t
read_keys(const char *first, const char *second)
{
	char one[PATH_BYTES], other[PATH_BYTES];
	char *paths[] = { one, other };
	struct setting_report report = { .lines = &lines };

	path_beside(&place, first, one);
	if (second != NULL)
		path_beside(&place, second, other);
	buf_clear(&lines);
	ticket_keys_free(keys);
	keys = ticket_files_read(paths, second == NULL ? 1 : 2, &report);
	ck_assert_int_eq(keys == NULL, report.problems > 0);
	return report.problems;
}

/* The one problem of what name has is this. */
static void
check_problem(const char *path, const char *name, const char *problem)
{
	char expected[2 * PATH_BYTES], at[PATH_BYTES];

	ck_assert_uint_eq(read_keys(path, NULL), 1);
	path_beside(&place, name, at);
	(void)snprintf(expected, sizeof(expected), "%s: ticket-keys: %s\n",
	    at, problem);
	ck_assert_uint_eq(lines.len, strlen(expected));
	ck_assert_msg(memcmp(buf_data(&lines), expected, lines.len) == 0,
	    "%.*s", (int)lines.len, buf_data(&lines));
}

START_TEST(keys_are_those_of_files_and_folders)
{
	put("keys/a.hs256", SECRET, 0600);
	put("keys/b.pem", ticket_maker_es_pem, 0644);
	put("keys/.hidden", "x", 0666);
	put("c.pem", ticket_maker_ed_pem, 0664);
	ck_assert_uint_eq(read_keys("keys", "c.pem"), 0);
	ck_assert_uint_eq(ticket_keys_count(keys), 3);
	ck_assert_str_eq(ticket_key_algorithm(ticket_keys_find(keys, "a", 1)),
	    "HS256");
	ck_assert_str_eq(ticket_key_algorithm(ticket_keys_find(keys, "b", 1)),
	    "ES256");
	ck_assert_str_eq(ticket_key_algorithm(ticket_keys_find(keys, "c", 1)),
	    "EdDSA");
	ck_assert_ptr_null(ticket_keys_find(keys, "a.hs256", 7));
}
END_TEST

/* Of a secret, but for one newline. */
START_TEST(a_secret_is_every_byte_of_its_file)
{
	static const struct {
		const char *text;
		bool	 is_same;
	} cases[] = {
		{ SECRET, true },
		{ SECRET "\n", true },
		{ SECRET "\n\n", false },
		{ SECRET "\r\n", false },
		{ SECRET " ", false },
		{ "\n" SECRET, false },
	};
	struct ticket_keys *same = ticket_keys_new();

	ck_assert_ptr_null(ticket_keys_add_secret(same, "a", SECRET,
	    strlen(SECRET)));
	put("keys/a.hs256", cases[_i].text, 0600);
	ck_assert_uint_eq(read_keys("keys/a.hs256", NULL), 0);
	ck_assert_int_eq(ticket_keys_are_equal(same, keys),
	    cases[_i].is_same);
	ticket_keys_free(same);
}
END_TEST

START_TEST(what_others_may_do_with_keys_is_judged)
{
	put("keys/a.hs256", SECRET, 0640);
	put("keys/b.pem", ticket_maker_es_pem, 0664);
	ck_assert_uint_eq(read_keys("keys", NULL), 0);
	put("keys/a.hs256", SECRET, 0644);
	check_problem("keys", "keys/a.hs256",
	    "is a secret that others may read: chmod o=");
	put("keys/a.hs256", SECRET, 0601);
	ck_assert_uint_eq(read_keys("keys", NULL), 1);
	put("keys/a.hs256", SECRET, 0400);
	put("keys/b.pem", ticket_maker_es_pem, 0646);
	check_problem("keys", "keys/b.pem",
	    "may be written by others: chmod o-w");
	put("keys/b.pem", ticket_maker_es_pem, 0644);
	ck_assert_int_eq(chmod(folder, 0777), 0);
	check_problem("keys", "keys", "may be written by others");
}
END_TEST

START_TEST(one_bad_file_is_enough)
{
	put("keys/a.hs256", SECRET, 0600);
	put("keys/b.pem", ticket_maker_es_pem, 0644);
	put("keys/a.hs256~", SECRET, 0600);
	check_problem("keys", "keys/a.hs256~",
	    "is neither a file KID.hs256 nor KID.pem");
	remove_file("keys/a.hs256~");
	put("keys/c.pem", "x", 0644);
	check_problem("keys", "keys/c.pem", "is no public key in PEM");
	put("keys/c.pem", ticket_maker_es_pem, 0644);
	ck_assert_uint_eq(read_keys("keys", NULL), 0);
	put("keys/a.pem", ticket_maker_ed_pem, 0644);
	check_problem("keys", "keys/a.pem", "has the name of another key");
	remove_file("keys/a.pem");
	put("keys/a.hs256", "0123456789abcdef0123456789abcde\n", 0600);
	check_problem("keys", "keys/a.hs256", "has less than 32 bytes");
}
END_TEST

START_TEST(what_is_no_file_is_refused_without_waiting)
{
	char pipe[PATH_BYTES];

	check_problem("keys", "keys", "has no key in it");
	check_problem("nowhere", "nowhere", "is not there");
	check_problem("nowhere/a.pem", "nowhere/a.pem", "is not there");
	path_beside(&place, "keys/pipe.pem", pipe);
	ck_assert_int_eq(mkfifo(pipe, 0600), 0);
	check_problem("keys", "keys/pipe.pem",
	    "is neither a file KID.hs256 nor KID.pem");
	remove_file("keys/pipe.pem");
	put("keys/.hs256", SECRET, 0600);
	check_problem("keys/.hs256", "keys/.hs256",
	    "has no name in front of its suffix");
}
END_TEST

START_TEST(a_file_has_no_more_than_a_key)
{
	char text[TICKET_SECRET_MAX + 2];

	memset(text, 'a', sizeof(text));
	text[TICKET_SECRET_MAX] = '\n';
	text[TICKET_SECRET_MAX + 1] = '\0';
	put("keys/a.hs256", text, 0600);
	ck_assert_uint_eq(read_keys("keys", NULL), 0);
	text[TICKET_SECRET_MAX] = 'a';
	put("keys/a.hs256", text, 0600);
	check_problem("keys", "keys/a.hs256", "has more than 4096 bytes");
}
END_TEST

void
suite_add(TCase *tc)
{
	log_set_level(0);	/* the lines are looked at instead */
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, keys_are_those_of_files_and_folders);
	tcase_add_loop_test(tc, a_secret_is_every_byte_of_its_file, 0, 6);
	tcase_add_test(tc, what_others_may_do_with_keys_is_judged);
	tcase_add_test(tc, one_bad_file_is_enough);
	tcase_add_test(tc, what_is_no_file_is_refused_without_waiting);
	tcase_add_test(tc, a_file_has_no_more_than_a_key);
}
