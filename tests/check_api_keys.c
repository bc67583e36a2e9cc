#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/api_keys.h"

/* The file with the hashes of keys. */

const char suite_name[] = "api_keys";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* SHA-256 of "abc" (FIPS 180-4) and of "". */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"

static char path[] = "api_keys.XXXXXX";

static enum api_keys_status
read_text(const char *text, struct api_keys **keys, unsigned *line,
    char fault[API_KEYS_FAULT_BYTES])
{
	enum api_keys_status result;
	int fd;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)),
	    (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
	result = api_keys_read(path, keys, line, fault);
	ck_assert_int_eq(unlink(path), 0);
	return result;
}

static struct api_keys *
read_keys(const char *text)
{
	char fault[API_KEYS_FAULT_BYTES] = "";
	struct api_keys *keys;
	unsigned line;

	ck_assert_msg(read_text(text, &keys, &line, fault) ==
	    API_KEYS_READ, "%s", fault);
	return keys;
}

START_TEST(keys_stand_one_a_line_between_comments)
{
	struct api_keys *keys = read_keys("# ours\n\nshop " ABC "\n"
	    " \tback.end-2_x\t " EMPTY " \r\n  # end");
	uint8_t hash[API_KEY_HASH_BYTES];

	ck_assert_uint_eq(keys->count, 2);
	api_key_hash("abc", 3, hash);
	ck_assert_str_eq(api_keys_find(keys, hash), "shop");
	api_key_hash("", 0, hash);
	ck_assert_str_eq(api_keys_find(keys, hash), "back.end-2_x");
	hash[API_KEY_HASH_BYTES - 1] ^= 1;
	ck_assert_ptr_null(api_keys_find(keys, hash));
	ck_assert_ptr_null(api_keys_find(NULL, hash));
	free(keys);
}
END_TEST

START_TEST(whatever_else_stands_there_is_a_fault_of_its_line)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *fault;
	} cases[] = {
		{ "", 0, "has no key" },
		{ "# nothing\n\n", 0, "has no key" },
		{ "shop\n", 1, "not \"NAME SHA256\"" },
		{ "a " ABC "\nshop " ABC "0\n", 2, "not \"NAME SHA256\"" },
		{ "shop g" ABC "\n", 1, "not \"NAME SHA256\"" },
		{ "\nshop " ABC " more\n", 2, "not \"NAME SHA256\"" },
		{ "sh/op " ABC "\n", 1, "a name has 1 to 64 of" },
		{ "a " ABC "\na " EMPTY "\n", 2, "a key above has this name" },
	};
	char fault[API_KEYS_FAULT_BYTES];
	struct api_keys *keys;
	unsigned line;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(read_text(cases[i].text, &keys, &line, fault),
		    strcmp(cases[i].fault, "has no key") == 0 ?
		    API_KEYS_NONE : API_KEYS_WRONG);
		ck_assert_ptr_null(keys);
		ck_assert_uint_eq(line, cases[i].line);
		ck_assert_msg(strncmp(fault, cases[i].fault,
		    strlen(cases[i].fault)) == 0, "%s", fault);
	}
}
END_TEST

START_TEST(what_is_no_file_is_not_waited_for)
{
	char fault[API_KEYS_FAULT_BYTES];
	struct api_keys *keys;
	unsigned line;

	ck_assert_int_eq(api_keys_read("/nowhere/at/all", &keys, &line, fault),
	    API_KEYS_WRONG);
	ck_assert_str_eq(fault, "No such file or directory");
	ck_assert_int_eq(api_keys_read("/dev/null", &keys, &line, fault),
	    API_KEYS_WRONG);
	ck_assert_str_eq(fault, "is not a regular file");
}
END_TEST

START_TEST(names_have_64_characters_at_most)
{
	char name[API_KEY_NAME_MAX + 2];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert(api_key_name_is_valid(name, API_KEY_NAME_MAX));
	ck_assert(!api_key_name_is_valid(name, API_KEY_NAME_MAX + 1));
	ck_assert(!api_key_name_is_valid("", 0));
	ck_assert(!api_key_name_is_valid("a b", 3));
}
END_TEST

START_TEST(a_key_is_its_random_bytes_behind_a_prefix)
{
	uint8_t random[API_KEY_HASH_BYTES] = { 0xfb, 0xff, 0xfe };
	char key[API_KEY_CHARS + 1];

	random[API_KEY_HASH_BYTES - 1] = 0xff;
	api_key_make(random, key);
	ck_assert_str_eq(key, "bsk_-__-"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8");
}
END_TEST

START_TEST(keys_are_compared_by_name_and_hash)
{
	struct api_keys *a = read_keys("a " ABC "\n");
	struct api_keys *b = read_keys("b " ABC "\n");
	struct api_keys *c = read_keys("a " EMPTY "\n");
	struct api_keys *again = read_keys("#\n a  " ABC);

	ck_assert(api_keys_are_equal(a, again));
	ck_assert(!api_keys_are_equal(a, b));
	ck_assert(!api_keys_are_equal(a, c));
	ck_assert(!api_keys_are_equal(a, NULL));
	ck_assert(api_keys_are_equal(NULL, NULL));
	free(a);
	free(b);
	free(c);
	free(again);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, keys_stand_one_a_line_between_comments);
	tcase_add_test(tc,
	    whatever_else_stands_there_is_a_fault_of_its_line);
	tcase_add_test(tc, what_is_no_file_is_not_waited_for);
	tcase_add_test(tc, names_have_64_characters_at_most);
	tcase_add_test(tc, a_key_is_its_random_bytes_behind_a_prefix);
	tcase_add_test(tc, keys_are_compared_by_name_and_hash);
}
