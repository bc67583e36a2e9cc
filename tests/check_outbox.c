#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "hub/outbox.h"
#include "wire/message.h"
#include "wire/multicart.h"

const char suite_name[] = "outbox";

/* A multicart of revision, "{state" and its cursor. */
static struct multicart *
multicart_of(uint64_t revision)
{
	struct multicart *multicart = xcalloc(1, sizeof(*multicart));
	char text[] = "{state0,cursor}";

	text[6] = (char)('0' + revision);
	multicart->refs = 1;
	multicart->revision = revision;
	multicart->plain_len = strlen("{state0");
	multicart->bytes = payload_new(text, strlen(text));
	return multicart;
}

/* Each test runs in a process of its own. */
static struct outbox_counts counts;

static void
set_state(struct outbox *outbox, uint64_t revision)
{
	struct multicart *multicart = multicart_of(revision);

	outbox_set_multicart(outbox, multicart, multicart->changed_us);
	multicart_unref(multicart);
}

static void
add_reply(struct outbox *outbox, const char *text)
{
	outbox_add_reply(outbox, payload_new(text, strlen(text)));
}

/* The next message is text; NULL: there is none. */
static void
take(struct outbox *outbox, bool with_cursor, const char *text)
{
	struct outbox_item item;
	char whole[64];

	if (text == NULL) {
		ck_assert(!outbox_take(outbox, with_cursor, &item));
		ck_assert(outbox_is_empty(outbox));
		return;
	}
	ck_assert(!outbox_is_empty(outbox));
	ck_assert(outbox_take(outbox, with_cursor, &item));
	ck_assert_uint_lt(item.len + strlen(item.tail), sizeof(whole));
	memcpy(whole, item.body->data, item.len);
	strcpy(whole + item.len, item.tail);
	ck_assert_str_eq(whole, text);
	payload_unref(item.body);
	multicart_unref(item.multicart);
}

START_TEST(a_new_outbox_is_empty)
{
	struct outbox outbox;

	outbox_init(&outbox, &counts);
	take(&outbox, true, NULL);
	outbox_clear(&outbox);
}
END_TEST

START_TEST(it_is_told_how_long_the_next_message_is)
{
	struct outbox outbox;

	outbox_init(&outbox, &counts);
	ck_assert_uint_eq(outbox_next_bytes(&outbox), 0);
	set_state(&outbox, 1);
	ck_assert_uint_eq(outbox_next_bytes(&outbox),
	    strlen("{state1,cursor}"));
	add_reply(&outbox, "one");
	ck_assert_uint_eq(outbox_next_bytes(&outbox), strlen("one"));
	outbox_clear(&outbox);
}
END_TEST

START_TEST(replies_come_in_their_order)
{
	struct outbox outbox;

	outbox_init(&outbox, &counts);
	add_reply(&outbox, "a");
	add_reply(&outbox, "b");
	take(&outbox, false, "a");
	add_reply(&outbox, "c");
	ck_assert_uint_eq(outbox.reply_count, 2);
	take(&outbox, false, "b");
	take(&outbox, false, "c");
	take(&outbox, false, NULL);
}
END_TEST

START_TEST(the_state_comes_behind_all_replies)
{
	struct outbox outbox;

	outbox_init(&outbox, &counts);
	set_state(&outbox, 1);
	add_reply(&outbox, "a");
	add_reply(&outbox, "b");
	take(&outbox, false, "a");
	take(&outbox, false, "b");
	take(&outbox, false, "{state1}");
	take(&outbox, false, NULL);
}
END_TEST

START_TEST(only_the_newest_state_is_kept)
{
	struct outbox outbox;
	uint64_t revision;

	outbox_init(&outbox, &counts);
	for (revision = 1; revision <= 9; revision++)
		set_state(&outbox, revision);
	take(&outbox, false, "{state9}");
	take(&outbox, false, NULL);
}
END_TEST

START_TEST(a_state_is_shown_with_its_cursor_or_without)
{
	struct outbox outbox;

	outbox_init(&outbox, &counts);
	set_state(&outbox, 1);
	take(&outbox, true, "{state1,cursor}");
	set_state(&outbox, 1);
	take(&outbox, false, "{state1}");
}
END_TEST

START_TEST(a_state_may_be_dropped_and_replies_stay)
{
	struct outbox outbox;

	outbox_init(&outbox, &counts);
	outbox_drop_multicart(&outbox);
	add_reply(&outbox, "a");
	set_state(&outbox, 1);
	outbox_drop_multicart(&outbox);
	take(&outbox, false, "a");
	take(&outbox, false, NULL);
}
END_TEST

START_TEST(the_bytes_of_a_state_are_shared)
{
	struct multicart *multicart = multicart_of(1);
	struct outbox outboxes[2];
	struct outbox_item items[2];
	size_t i;

	for (i = 0; i < 2; i++) {
		outbox_init(&outboxes[i], &counts);
		outbox_set_multicart(&outboxes[i], multicart,
		    multicart->changed_us);
	}
	multicart_unref(multicart);
	for (i = 0; i < 2; i++)
		ck_assert(outbox_take(&outboxes[i], i == 1, &items[i]));
	ck_assert_ptr_eq(items[0].body, items[1].body);
	/* What was taken lives without the outbox. */
	outbox_clear(&outboxes[0]);
	payload_unref(items[0].body);
	multicart_unref(items[0].multicart);
	ck_assert_ptr_eq(items[1].multicart, multicart);
	ck_assert_str_eq(items[1].body->data, "{state1,cursor}");
	payload_unref(items[1].body);
	multicart_unref(items[1].multicart);
}
END_TEST

START_TEST(what_waits_is_counted_and_what_was_replaced)
{
	struct outbox one, two;

	outbox_init(&one, &counts);
	outbox_init(&two, &counts);
	add_reply(&one, "a");
	add_reply(&two, "b");
	set_state(&one, 1);
	set_state(&one, 2);
	set_state(&one, 3);
	set_state(&two, 3);
	ck_assert_uint_eq(counts.replies, 2);
	ck_assert_uint_eq(counts.multicarts, 2);
	ck_assert_uint_eq(counts.conflations, 2);
	take(&one, false, "a");
	take(&one, false, "{state3}");
	outbox_clear(&two);
	ck_assert_uint_eq(counts.replies, 0);
	ck_assert_uint_eq(counts.multicarts, 0);
	ck_assert_uint_eq(counts.conflations, 2);
}
END_TEST

static void
set_changed(struct outbox *outbox, uint64_t changed_us)
{
	struct multicart *multicart = multicart_of(1);

	multicart->changed_us = changed_us;
	outbox_set_multicart(outbox, multicart, multicart->changed_us);
	multicart_unref(multicart);
}

/* The next message is a multicart whose oldest change is of since_us. */
static void
take_changed(struct outbox *outbox, uint64_t since_us)
{
	struct outbox_item item;

	ck_assert(outbox_take(outbox, false, &item));
	ck_assert(item.news.is_multicart);
	ck_assert_uint_eq(item.news.since_us, since_us);
	payload_unref(item.body);
	multicart_unref(item.multicart);
}

START_TEST(a_state_is_as_old_as_the_oldest_change_that_it_is_first_to_show)
{
	struct outbox outbox;

	outbox_init(&outbox, &counts);
	set_changed(&outbox, 0);
	take_changed(&outbox, 0);
	set_changed(&outbox, 7);
	set_changed(&outbox, 8);
	take_changed(&outbox, 7);
	set_changed(&outbox, 0);
	set_changed(&outbox, 9);
	set_changed(&outbox, 0);
	take_changed(&outbox, 9);
	set_changed(&outbox, 10);
	outbox_drop_multicart(&outbox);
	set_changed(&outbox, 11);
	take_changed(&outbox, 11);
}
END_TEST

START_TEST(a_reply_is_no_news)
{
	struct outbox outbox;
	struct outbox_item item;

	outbox_init(&outbox, &counts);
	ck_assert(!outbox_news(&outbox).is_multicart);
	add_reply(&outbox, "a");
	set_changed(&outbox, 7);
	ck_assert(outbox_news(&outbox).is_multicart);
	ck_assert(outbox_take(&outbox, false, &item));
	ck_assert(!item.news.is_multicart);
	payload_unref(item.body);
	multicart_unref(item.multicart);
	outbox_clear(&outbox);
}
END_TEST

START_TEST(clearing_drops_everything)
{
	struct outbox outbox;

	outbox_init(&outbox, &counts);
	add_reply(&outbox, "a");
	add_reply(&outbox, "b");
	set_state(&outbox, 1);
	outbox_clear(&outbox);
	ck_assert_uint_eq(outbox.reply_count, 0);
	take(&outbox, true, NULL);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_new_outbox_is_empty);
	tcase_add_test(tc, it_is_told_how_long_the_next_message_is);
	tcase_add_test(tc, replies_come_in_their_order);
	tcase_add_test(tc, the_state_comes_behind_all_replies);
	tcase_add_test(tc, only_the_newest_state_is_kept);
	tcase_add_test(tc, a_state_is_shown_with_its_cursor_or_without);
	tcase_add_test(tc, a_state_may_be_dropped_and_replies_stay);
	tcase_add_test(tc, the_bytes_of_a_state_are_shared);
	tcase_add_test(tc, what_waits_is_counted_and_what_was_replaced);
	tcase_add_test(tc,
	    a_state_is_as_old_as_the_oldest_change_that_it_is_first_to_show);
	tcase_add_test(tc, a_reply_is_no_news);
	tcase_add_test(tc, clearing_drops_everything);
}
