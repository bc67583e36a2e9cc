#include "suite.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_partial.h"

const char suite_name[] = "http_partial";

enum { MANY = 200 };

/* A head that begins to come, the socket it comes on, and its client's. */
struct head {
	struct http_partial_item item;
	int	 ours;
	int	 theirs;
};

static struct http_partial begun;

static void
set_up(void)
{
	ck_assert_int_eq(http_partial_init(&begun), 0);
}

static void
tear_down(void)
{
	http_partial_clear(&begun);
}

static void
head_begin(struct head *head)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	head->item = (struct http_partial_item){ .is_recent = false };
	head->ours = fds[0];
	head->theirs = fds[1];
	http_partial_add(&begun, &head->item, head->ours);
}

static void
head_end(struct head *head)
{
	http_partial_remove(&begun, &head->item);
	close(head->ours);
	close(head->theirs);
}

/* A byte comes, and is read, as libmicrohttpd would. */
static void
head_send(const struct head *head)
{
	ck_assert_int_eq(send(head->theirs, "x", 1, 0), 1);
}

static void
head_read(const struct head *head)
{
	char byte;

	ck_assert_int_eq(recv(head->ours, &byte, 1, 0), 1);
}

/* Let all be looked at and settled, so that none is recent. */
static void
settle_all(void)
{
	http_partial_all_read(&begun);
	(void)http_partial_first(&begun);
	http_partial_all_read(&begun);
	ck_assert_ptr_null(http_partial_first(&begun));
}

START_TEST(one_that_has_just_begun_is_recent)
{
	struct head head;

	head_begin(&head);

	ck_assert_ptr_eq(http_partial_first(&begun), &head.item);
	ck_assert_ptr_null(http_partial_next(&head.item));
	head_end(&head);
	ck_assert_ptr_null(http_partial_first(&begun));
}
END_TEST

START_TEST(of_many_only_the_one_with_a_byte_that_was_read_is_recent)
{
	static struct head heads[MANY];
	size_t i;

	for (i = 0; i < MANY; i++)
		head_begin(&heads[i]);
	settle_all();
	head_send(&heads[MANY / 2]);
	head_read(&heads[MANY / 2]);

	ck_assert_ptr_eq(http_partial_first(&begun), &heads[MANY / 2].item);
	ck_assert_ptr_null(http_partial_next(&heads[MANY / 2].item));
	http_partial_all_read(&begun);
	ck_assert_ptr_null(http_partial_first(&begun));
	for (i = 0; i < MANY; i++)
		head_end(&heads[i]);
}
END_TEST

START_TEST(one_stays_recent_until_its_bytes_were_read)
{
	struct head head;

	head_begin(&head);
	settle_all();
	head_send(&head);
	ck_assert_ptr_eq(http_partial_first(&begun), &head.item);
	http_partial_all_read(&begun);

	ck_assert_ptr_eq(http_partial_first(&begun), &head.item);
	head_read(&head);
	http_partial_all_read(&begun);
	ck_assert_ptr_null(http_partial_first(&begun));
	head_end(&head);
}
END_TEST

START_TEST(bytes_from_before_it_was_settled_are_not_missed)
{
	struct head head;

	head_begin(&head);
	head_send(&head);
	http_partial_all_read(&begun);
	head_read(&head);

	ck_assert_ptr_eq(http_partial_first(&begun), &head.item);
	head_end(&head);
}
END_TEST

START_TEST(one_that_has_come_is_not_seen_though_its_socket_goes_on)
{
	struct head head;

	head_begin(&head);
	settle_all();
	http_partial_remove(&begun, &head.item);
	head_send(&head);

	ck_assert_ptr_null(http_partial_first(&begun));
	http_partial_add(&begun, &head.item, head.ours);
	ck_assert_ptr_eq(http_partial_first(&begun), &head.item);
	head_end(&head);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, one_that_has_just_begun_is_recent);
	tcase_add_test(tc,
	    of_many_only_the_one_with_a_byte_that_was_read_is_recent);
	tcase_add_test(tc, one_stays_recent_until_its_bytes_were_read);
	tcase_add_test(tc, bytes_from_before_it_was_settled_are_not_missed);
	tcase_add_test(tc,
	    one_that_has_come_is_not_seen_though_its_socket_goes_on);
}
