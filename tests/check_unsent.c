#include "suite.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/unsent.h"

/* What clients have not taken yet: its budget, and its deadlines. */

const char suite_name[] = "unsent";

enum {
	ITEMS = 4,
	BODY_BYTES = 100
};

/* The loop, what is being sent on it, and what was cut, in order. */
static uv_loop_t loop;
static struct unsent *unsent;
static struct unsent_item items[ITEMS];
static struct payload *bodies[ITEMS];
static char cuts[ITEMS + 1];

static void
on_cut(struct unsent_item *item)
{
	ck_assert_ptr_null(item->body);
	cuts[strlen(cuts)] = (char)('0' + (item - items));
}

/* Let time pass until so many were cut. */
static void
await_cuts(size_t n)
{
	while (strlen(cuts) < n)
		(void)uv_run(&loop, UV_RUN_ONCE);
}

static void
start(size_t max_bytes, unsigned timeout_s)
{
	const struct unsent_settings settings = {
		.max_bytes = max_bytes,
		.timeout_s = timeout_s,
	};
	static const char bytes[BODY_BYTES];
	int i;

	ck_assert_int_eq(uv_loop_init(&loop), 0);
	unsent = unsent_new(&loop, &settings);
	for (i = 0; i < ITEMS; i++) {
		items[i].cut = on_cut;
		bodies[i] = payload_new(bytes, sizeof(bytes));
	}
}

static void
configure(size_t max_bytes, unsigned timeout_s)
{
	const struct unsent_settings settings = {
		.max_bytes = max_bytes,
		.timeout_s = timeout_s,
	};

	unsent_configure(unsent, &settings);
}

static struct unsent_counts
counts(void)
{
	struct unsent_counts counts;

	unsent_copy_counts(unsent, &counts);
	return counts;
}

static void
end(void)
{
	int i;

	for (i = 0; i < ITEMS; i++)
		unsent_end(&items[i]);
	for (i = 0; i < ITEMS; i++) {
		ck_assert_int_eq(bodies[i]->refs, 1);
		payload_unref(bodies[i]);
	}
	ck_assert_uint_eq(counts().bytes, 0);
	unsent_free(unsent);
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(what_many_are_sent_counts_once)
{
	start(0, 0);
	unsent_begin(unsent, &items[0], bodies[0], -1);
	unsent_begin(unsent, &items[1], bodies[0], -1);
	ck_assert_uint_eq(counts().bytes, BODY_BYTES);
	unsent_begin(unsent, &items[2], bodies[2], -1);
	ck_assert_uint_eq(counts().bytes, 2 * BODY_BYTES);
	unsent_end(&items[0]);
	ck_assert_uint_eq(counts().bytes, 2 * BODY_BYTES);
	unsent_end(&items[1]);
	ck_assert_uint_eq(counts().bytes, BODY_BYTES);
	end();
}
END_TEST

START_TEST(over_the_budget_those_go_that_began_first)
{
	start(2 * BODY_BYTES, 0);
	unsent_begin(unsent, &items[1], bodies[1], -1);
	unsent_begin(unsent, &items[0], bodies[0], -1);
	ck_assert_str_eq(cuts, "");
	unsent_begin(unsent, &items[2], bodies[2], -1);
	ck_assert_str_eq(cuts, "1");
	unsent_begin(unsent, &items[3], bodies[3], -1);
	ck_assert_str_eq(cuts, "10");
	ck_assert_uint_eq(counts().bytes, 2 * BODY_BYTES);
	ck_assert_uint_eq(counts().crowded_out, 2);
	end();
}
END_TEST

/* Bytes are given back with the last who is sent them. */
/* The two ends of a connection by TCP. */
static void
connect_tcp(int fds[2])
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&address,
	    &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(fds[0], (struct sockaddr *)&address, len), 0);
	fds[1] = accept(listening, NULL, NULL);
	ck_assert_int_ne(fds[1], -1);
	close(listening);
}

static void
on_passed(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static void
pass_ms(uint64_t ms)
{
	bool has_passed = false;
	uv_timer_t timer;

	uv_timer_init(&loop, &timer);
	timer.data = &has_passed;
	uv_timer_start(&timer, on_passed, ms, 0);
	while (!has_passed)
		(void)uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	(void)uv_run(&loop, UV_RUN_NOWAIT);
}

/* Whoever goes on taking stays, though it began first. */
START_TEST(over_the_budget_those_go_that_take_nothing)
{
	static const char bytes[BODY_BYTES];
	char some[BODY_BYTES];
	int fds[2];

	start(2 * BODY_BYTES, 0);
	connect_tcp(fds);
	unsent_begin(unsent, &items[0], bodies[0], fds[0]);
	unsent_begin(unsent, &items[1], bodies[1], -1);
	ck_assert_int_eq(send(fds[0], bytes, sizeof(bytes), 0), BODY_BYTES);
	ck_assert_int_eq(recv(fds[1], some, sizeof(some), MSG_WAITALL),
	    BODY_BYTES);
	pass_ms(100);
	unsent_begin(unsent, &items[2], bodies[2], -1);
	ck_assert_str_eq(cuts, "1");
	/* Now it has taken nothing for as long as the other. */
	pass_ms(100);
	unsent_begin(unsent, &items[3], bodies[3], -1);
	ck_assert_str_eq(cuts, "10");
	close(fds[0]);
	close(fds[1]);
	end();
}
END_TEST

START_TEST(as_many_go_as_it_takes)
{
	start(2 * BODY_BYTES, 0);
	unsent_begin(unsent, &items[0], bodies[0], -1);
	unsent_begin(unsent, &items[1], bodies[0], -1);
	unsent_begin(unsent, &items[2], bodies[1], -1);
	unsent_begin(unsent, &items[3], bodies[2], -1);
	ck_assert_str_eq(cuts, "01");
	end();
}
END_TEST

START_TEST(what_alone_is_over_the_budget_goes)
{
	start(BODY_BYTES - 1, 0);
	unsent_begin(unsent, &items[0], bodies[0], -1);
	ck_assert_str_eq(cuts, "0");
	end();
}
END_TEST

START_TEST(what_takes_too_long_goes)
{
	start(0, 1);
	unsent_begin(unsent, &items[0], bodies[0], -1);
	unsent_begin(unsent, &items[1], bodies[1], -1);
	unsent_end(&items[0]);
	await_cuts(1);
	ck_assert_str_eq(cuts, "1");
	ck_assert_uint_eq(counts().late, 1);
	ck_assert_uint_eq(counts().crowded_out, 0);
	end();
}
END_TEST

START_TEST(another_budget_and_time_hold_at_once)
{
	start(0, 3600);
	unsent_begin(unsent, &items[0], bodies[0], -1);
	unsent_begin(unsent, &items[1], bodies[1], -1);
	configure(BODY_BYTES, 3600);
	ck_assert_str_eq(cuts, "0");
	configure(BODY_BYTES, 1);
	await_cuts(2);
	ck_assert_str_eq(cuts, "01");
	end();
}
END_TEST

START_TEST(an_item_may_be_used_again)
{
	start(0, 0);
	unsent_end(&items[0]);
	unsent_begin(unsent, &items[0], bodies[0], -1);
	unsent_end(&items[0]);
	unsent_begin(unsent, &items[0], bodies[1], -1);
	ck_assert_uint_eq(counts().bytes, BODY_BYTES);
	end();
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, what_many_are_sent_counts_once);
	tcase_add_test(tc, over_the_budget_those_go_that_began_first);
	tcase_add_test(tc, over_the_budget_those_go_that_take_nothing);
	tcase_add_test(tc, as_many_go_as_it_takes);
	tcase_add_test(tc, what_alone_is_over_the_budget_goes);
	tcase_add_test(tc, what_takes_too_long_goes);
	tcase_add_test(tc, another_budget_and_time_hold_at_once);
	tcase_add_test(tc, an_item_may_be_used_again);
}
