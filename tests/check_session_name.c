#include "suite.h"

#include <string.h>

#include "session/session_name.h"

const char suite_name[] = "session_name";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define EIGHT "shop-123"
#define SHOP32 EIGHT EIGHT EIGHT EIGHT
#define ID32 "0123456789ABCDEFabcdef._~-xyzXYZ"
#define ID128 ID32 ID32 ID32 ID32

static const struct {
	const char *name;
	bool	 is_valid;
} names[] = {
	{ "a", true },
	{ "books/a", true },
	{ "-/a", true },
	{ "0/...", true },
	{ SHOP32 "/" ID128, true },
	{ "", false },
	{ "/", false },
	{ "/a", false },
	{ "books/", false },
	{ "books//a", false },
	{ "books/a/b", false },
	{ "books/.", false },
	{ "books/..", false },
	{ "../a", false },
	{ "Books/a", false },
	{ "bo.oks/a", false },
	{ "books/a b", false },
	{ SHOP32 "4/a", false },
	{ "books/" ID128 "9", false },
	{ ID128 "9", false },
};

START_TEST(a_name_is_an_id_or_has_a_shop_before_it)
{
	const char *name = names[_i].name;

	ck_assert_msg(session_name_is_valid(name, strlen(name)) ==
	    names[_i].is_valid, "%s", name);
}
END_TEST

START_TEST(a_name_is_made_and_taken_apart)
{
	char name[SESSION_NAME_MAX + 1];

	session_name_make("", "one", name);
	ck_assert_str_eq(name, "one");
	ck_assert_str_eq(session_name_id(name), "one");
	ck_assert_uint_eq(session_name_shop_len(name), 0);
	session_name_make("books", "one", name);
	ck_assert_str_eq(name, "books/one");
	ck_assert_str_eq(session_name_id(name), "one");
	ck_assert_uint_eq(session_name_shop_len(name), 5);
	session_name_make(SHOP32, ID128, name);
	ck_assert_str_eq(name, SHOP32 "/" ID128);
}
END_TEST

START_TEST(only_so_many_bytes_are_looked_at)
{
	ck_assert(session_name_is_valid("a/b", 1));
	ck_assert(session_name_is_valid("a/b/c", 3));
	ck_assert(session_name_is_shop("a/b", 1));
	ck_assert(!session_name_is_shop("a", 0));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, a_name_is_an_id_or_has_a_shop_before_it, 0,
	    COUNT(names));
	tcase_add_test(tc, a_name_is_made_and_taken_apart);
	tcase_add_test(tc, only_so_many_bytes_are_looked_at);
}
