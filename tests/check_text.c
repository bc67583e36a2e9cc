#include "suite.h"

#include <signal.h>

#include "base/text.h"

const char suite_name[] = "text";

START_TEST(a_text_may_fill_its_room)
{
	char out[4];

	ck_assert_uint_eq(xsnprintf(out, sizeof(out), "%d", 123), 3);
	ck_assert_str_eq(out, "123");
}
END_TEST

START_TEST(a_text_without_room_ends_the_process)
{
	char out[3];

	xsnprintf(out, sizeof(out), "%d", 123);
}
END_TEST

START_TEST(pieces_follow_one_another)
{
	struct text text = { .len = 0 };

	text_add(&text, "%s: ", "a");
	text_add(&text, "%d", 12);

	ck_assert_str_eq(text.bytes, "a: 12");
	ck_assert_uint_eq(text.len, 5);
}
END_TEST

START_TEST(all_of_its_bytes_but_one_can_be_used)
{
	struct text text = { .len = 0 };

	text_add(&text, "%*s", TEXT_BYTES - 2, "a");
	text_add(&text, "b");

	ck_assert_uint_eq(text.len, TEXT_BYTES - 1);
	ck_assert_str_eq(text.bytes + TEXT_BYTES - 3, "ab");
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_text_may_fill_its_room);
	tcase_add_test_raise_signal(tc, a_text_without_room_ends_the_process,
	    SIGABRT);
	tcase_add_test(tc, pieces_follow_one_another);
	tcase_add_test(tc, all_of_its_bytes_but_one_can_be_used);
}
