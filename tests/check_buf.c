#include "suite.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

const char suite_name[] = "buf";

START_TEST(unused_buf_has_no_bytes)
{
	struct buf buf;

	buf_init(&buf, 10);

	ck_assert_ptr_null(buf_data(&buf));
	ck_assert_uint_eq(buf.len, 0);
	buf_clear(&buf);
}
END_TEST

START_TEST(appended_bytes_stand_in_order)
{
	struct buf buf;

	buf_init(&buf, 100);
	ck_assert_int_eq(buf_append(&buf, "one ", 4), 0);
	ck_assert_int_eq(buf_append(&buf, "", 0), 0);
	ck_assert_int_eq(buf_append(&buf, "t\0o", 3), 0);

	ck_assert_uint_eq(buf.len, 7);
	ck_assert_mem_eq(buf_data(&buf), "one t\0o", 7);
	buf_clear(&buf);
}
END_TEST

START_TEST(append_of_nothing_needs_no_data)
{
	struct buf buf;

	buf_init(&buf, 0);

	ck_assert_int_eq(buf_append(&buf, NULL, 0), 0);
	ck_assert_uint_eq(buf.len, 0);
	buf_clear(&buf);
}
END_TEST

START_TEST(limit_is_reached_but_not_passed)
{
	static const size_t limits[] = { 1, 2, 255, 256, 257, 1000, 70000 };
	size_t max = limits[_i], i;
	struct buf buf;
	int failed = 0;

	buf_init(&buf, max);
	for (i = 0; i < max; i++)
		failed |= buf_append(&buf, "x", 1);

	ck_assert_int_eq(failed, 0);
	ck_assert_int_eq(buf_append(&buf, "x", 1), -1);
	ck_assert_uint_eq(buf.len, max);
	ck_assert_uint_le(buf.cap, max);
	ck_assert_int_eq(buf_append(&buf, "", 0), 0);
	buf_clear(&buf);
}
END_TEST

START_TEST(refused_append_changes_nothing)
{
	struct buf buf;

	buf_init(&buf, 5);
	ck_assert_int_eq(buf_append(&buf, "abc", 3), 0);

	ck_assert_int_eq(buf_append(&buf, "def", 3), -1);
	ck_assert_ptr_null(buf_reserve(&buf, SIZE_MAX));
	ck_assert_uint_eq(buf.len, 3);
	ck_assert_mem_eq(buf_data(&buf), "abc", 3);
	ck_assert_int_eq(buf_append(&buf, "de", 2), 0);
	ck_assert_mem_eq(buf_data(&buf), "abcde", 5);
	buf_clear(&buf);
}
END_TEST

START_TEST(growing_keeps_what_is_there)
{
	enum { PIECES = 1000 };
	struct buf buf;
	unsigned i;

	buf_init(&buf, PIECES * sizeof(i));
	for (i = 0; i < PIECES; i++)
		ck_assert_int_eq(buf_append(&buf, &i, sizeof(i)), 0);

	for (i = 0; i < PIECES; i++)
		if (memcmp(buf_data(&buf) + i * sizeof(i), &i, sizeof(i)) != 0)
			ck_abort_msg("number %u", i);
	buf_clear(&buf);
}
END_TEST

START_TEST(growing_happens_seldom)
{
	size_t grown = 0, cap = 0, i;
	struct buf buf;
	int failed = 0;

	buf_init(&buf, 1 << 20);
	for (i = 0; i < 1 << 20; i++) {
		failed |= buf_append(&buf, "x", 1);
		grown += buf.cap != cap;
		cap = buf.cap;
	}

	ck_assert_int_eq(failed, 0);
	ck_assert_uint_le(grown, 30);
	buf_clear(&buf);
}
END_TEST

START_TEST(reserved_bytes_count_when_they_were_added)
{
	struct buf buf;
	char *place;

	buf_init(&buf, 300);
	place = buf_reserve(&buf, 300);
	ck_assert_ptr_nonnull(place);
	memcpy(place, "abc", 3);

	ck_assert_uint_eq(buf.len, 0);
	buf_added(&buf, 3);
	ck_assert_uint_eq(buf.len, 3);
	ck_assert_ptr_eq(buf_reserve(&buf, 297), place + 3);
	ck_assert_ptr_null(buf_reserve(&buf, 298));
	buf_clear(&buf);
}
END_TEST

START_TEST(adding_more_than_was_reserved_is_a_bug)
{
	struct buf buf;

	buf_init(&buf, 10);
	ck_assert_ptr_nonnull(buf_reserve(&buf, 10));
	buf_added(&buf, 11);
}
END_TEST

START_TEST(consumed_bytes_are_gone_and_the_rest_moves_up)
{
	struct buf buf;

	buf_init(&buf, 6);
	ck_assert_int_eq(buf_append(&buf, "abcdef", 6), 0);
	buf_consume(&buf, 0);
	ck_assert_mem_eq(buf_data(&buf), "abcdef", 6);
	buf_consume(&buf, 4);

	ck_assert_uint_eq(buf.len, 2);
	ck_assert_mem_eq(buf_data(&buf), "ef", 2);
	ck_assert_int_eq(buf_append(&buf, "ghij", 4), 0);
	ck_assert_mem_eq(buf_data(&buf), "efghij", 6);
	buf_consume(&buf, 6);
	ck_assert_uint_eq(buf.len, 0);
	buf_clear(&buf);
}
END_TEST

START_TEST(consuming_nothing_of_an_unused_buf_is_fine)
{
	struct buf buf;

	buf_init(&buf, 1);
	buf_consume(&buf, 0);

	ck_assert_uint_eq(buf.len, 0);
}
END_TEST

START_TEST(consuming_more_than_there_is_is_a_bug)
{
	struct buf buf;

	buf_init(&buf, 10);
	ck_assert_int_eq(buf_append(&buf, "abc", 3), 0);
	buf_consume(&buf, 4);
}
END_TEST

START_TEST(cleared_buf_is_empty_and_usable_within_its_limit)
{
	struct buf buf;

	buf_init(&buf, 3);
	ck_assert_int_eq(buf_append(&buf, "abc", 3), 0);
	buf_clear(&buf);

	ck_assert_uint_eq(buf.len, 0);
	ck_assert_ptr_null(buf_data(&buf));
	ck_assert_int_eq(buf_append(&buf, "defg", 4), -1);
	ck_assert_int_eq(buf_append(&buf, "def", 3), 0);
	ck_assert_mem_eq(buf_data(&buf), "def", 3);
	buf_clear(&buf);
}
END_TEST

START_TEST(frozen_bytes_end_with_a_nul_that_does_not_count)
{
	struct payload *payload;
	struct buf buf;

	buf_init(&buf, 1000);
	ck_assert_int_eq(buf_append(&buf, "abc", 3), 0);
	payload = buf_freeze(&buf);

	ck_assert_uint_eq(payload->len, 3);
	ck_assert_str_eq(payload->data, "abc");
	ck_assert_int_eq(payload->refs, 1);
	payload_unref(payload);
}
END_TEST

START_TEST(frozen_buf_starts_anew_with_its_limit)
{
	struct payload *payload;
	struct buf buf;

	buf_init(&buf, 4);
	ck_assert_int_eq(buf_append(&buf, "abcd", 4), 0);
	payload = buf_freeze(&buf);
	ck_assert_ptr_null(buf_data(&buf));
	ck_assert_int_eq(buf_append(&buf, "efghi", 5), -1);
	ck_assert_int_eq(buf_append(&buf, "efgh", 4), 0);

	ck_assert_mem_eq(buf_data(&buf), "efgh", 4);
	ck_assert_str_eq(payload->data, "abcd");
	payload_unref(payload);
	buf_clear(&buf);
}
END_TEST

START_TEST(unused_buf_freezes_to_an_empty_payload)
{
	struct payload *payload;
	struct buf buf;

	buf_init(&buf, 0);
	payload = buf_freeze(&buf);

	ck_assert_uint_eq(payload->len, 0);
	ck_assert_str_eq(payload->data, "");
	payload_unref(payload);
}
END_TEST

START_TEST(payload_is_a_copy)
{
	char text[] = "a\0b";
	struct payload *payload = payload_new(text, 3);

	text[0] = 'x';

	ck_assert_uint_eq(payload->len, 3);
	ck_assert_mem_eq(payload->data, "a\0b\0", 4);
	payload_unref(payload);
}
END_TEST

START_TEST(payload_of_nothing_needs_no_data)
{
	struct payload *payload = payload_new(NULL, 0);

	ck_assert_uint_eq(payload->len, 0);
	ck_assert_str_eq(payload->data, "");
	payload_unref(payload);
}
END_TEST

START_TEST(payload_lives_until_its_last_reference_goes)
{
	struct payload *payload = payload_new("abc", 3);

	ck_assert_ptr_eq(payload_ref(payload), payload);
	ck_assert_int_eq(payload->refs, 2);
	payload_unref(payload);

	ck_assert_int_eq(payload->refs, 1);
	ck_assert_str_eq(payload->data, "abc");
	payload_unref(payload);
}
END_TEST

START_TEST(no_payload_may_be_referred_to)
{
	ck_assert_ptr_null(payload_ref(NULL));
	payload_unref(NULL);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, unused_buf_has_no_bytes);
	tcase_add_test(tc, appended_bytes_stand_in_order);
	tcase_add_test(tc, append_of_nothing_needs_no_data);
	tcase_add_loop_test(tc, limit_is_reached_but_not_passed, 0, 7);
	tcase_add_test(tc, refused_append_changes_nothing);
	tcase_add_test(tc, growing_keeps_what_is_there);
	tcase_add_test(tc, growing_happens_seldom);
	tcase_add_test(tc, reserved_bytes_count_when_they_were_added);
	tcase_add_test_raise_signal(tc, adding_more_than_was_reserved_is_a_bug,
	    SIGABRT);
	tcase_add_test(tc, consumed_bytes_are_gone_and_the_rest_moves_up);
	tcase_add_test(tc, consuming_nothing_of_an_unused_buf_is_fine);
	tcase_add_test_raise_signal(tc, consuming_more_than_there_is_is_a_bug,
	    SIGABRT);
	tcase_add_test(tc, cleared_buf_is_empty_and_usable_within_its_limit);
	tcase_add_test(tc, frozen_bytes_end_with_a_nul_that_does_not_count);
	tcase_add_test(tc, frozen_buf_starts_anew_with_its_limit);
	tcase_add_test(tc, unused_buf_freezes_to_an_empty_payload);
	tcase_add_test(tc, payload_is_a_copy);
	tcase_add_test(tc, payload_of_nothing_needs_no_data);
	tcase_add_test(tc, payload_lives_until_its_last_reference_goes);
	tcase_add_test(tc, no_payload_may_be_referred_to);
}
