/* Connections on which nothing is asked for, in a loop of the test's. */
#include "suite.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>
#include <uv.h>

#include "daemon.h"
#include "net/exchange.h"
#include "net/fcgi.h"
#include "net/http.h"
#include "net/unsent.h"
#include "web_server.h"

const char suite_name[] = "keep_alive";

static uv_loop_t loop;
static uint64_t begun_ms;
static uint64_t ended_ms[2];	/* of each end of a connection, since then */
static unsigned ended;
static enum MHD_Result has_messages = MHD_YES;

/* Instead of libmicrohttpd's, which was built with whatever it was. */
enum MHD_Result
MHD_is_feature_supported(enum MHD_FEATURE feature)
{
	ck_assert_int_eq(feature, MHD_FEATURE_MESSAGES);
	return has_messages;
}

static void
on_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	(void)ctx;
	(void)request;
	answer->status = 204;
}

static void
on_ended(void *ctx)
{
	(void)ctx;
	ck_assert_uint_lt(ended, 2);
	ended_ms[ended++] = uv_now(&loop) - begun_ms;
}

static void
set_up(void)
{
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	begun_ms = uv_now(&loop);
}

static void
tear_down(void)
{
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static const struct fcgi_service_settings no_times = { .head_timeout_s = 0 };

/* A connection: the client's end, and the other one in theirs. */
static int
connection(int *theirs)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
	    fds), 0);
	ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	*theirs = fds[1];
	return fds[0];
}

START_TEST(kept_fastcgi_connection_is_closed_after_idle_and_head_time)
{
	static const struct fcgi_owner owner = {
		.request = on_request,
		.ended = on_ended,
	};
	const struct fcgi_service_config config = {
		.loop = &loop,
		.owner = &owner,
		.idle_timeout_s = 1,
	};
	const struct fcgi_service_settings settings = { .head_timeout_s = 1 };
	static const struct sockaddr address = { .sa_family = AF_UNIX };
	static const struct web_request request = { .uri = "/" };
	struct fcgi_service *service = fcgi_service_new(&config, &settings);
	static struct web_answer answer;
	int silent, asked, theirs;
	struct buf out;

	silent = connection(&theirs);
	fcgi_service_add(service, theirs, &address, sizeof(address));
	asked = connection(&theirs);
	fcgi_service_add(service, theirs, &address, sizeof(address));
	web_init(&out);
	web_request(&out, 1, WEB_KEEP, &request);
	web_send(asked, &out);
	while (ended < 2)
		(void)uv_run(&loop, UV_RUN_ONCE);

	ck_assert_uint_ge(ended_ms[0], 1000);
	ck_assert_uint_ge(ended_ms[1], 2000);
	web_read_answer(asked, &answer);
	web_check_end(asked);
	web_check_end(silent);
	close(asked);
	close(silent);
	fcgi_service_stop(service);
	tear_down();
	fcgi_service_free(service);
}
END_TEST

static void
on_due(uv_timer_t *timer)
{
	(void)timer;	/* it only ends the loop's wait */
}

static void
on_http_ended(void *ctx, const struct sockaddr *counted)
{
	ck_assert_ptr_null(counted);
	on_ended(ctx);
}

START_TEST(kept_http_connection_is_closed_after_idle_time)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	static const struct http_owner owner = {
		.request = on_request,
		.ended = on_http_ended,
	};
	const struct http_config config = {
		.loop = &loop,
		.name = "http",
		.owner = &owner,
		.idle_timeout_s = 1,
	};
	const struct http_settings settings = { .head_timeout_s = 0 };
	static const struct sockaddr address = { .sa_family = AF_UNIX };
	struct http *http = http_new(&config, &settings);
	int theirs, fd = connection(&theirs), wait_ms;
	uv_timer_t due;

	(void)uv_timer_init(&loop, &due);
	http_add(http, theirs, &address, sizeof(address));
	client_send(fd, request, sizeof(request) - 1);
	for (wait_ms = http_run(http); ended == 0; wait_ms = http_run(http)) {
		/* Otherwise it would wait for ever. */
		ck_assert(wait_ms >= 0 && wait_ms <= 1000);
		/* Again, should it be due before the loop begins to wait. */
		(void)uv_timer_start(&due, on_due, (uint64_t)wait_ms, 1);
		(void)uv_run(&loop, UV_RUN_ONCE);
	}

	ck_assert_ptr_nonnull(strstr(client_read_rest(fd), " 204 "));
	close(fd);
	uv_close((uv_handle_t *)&due, NULL);
	http_stop(http);
	tear_down();
	http_free(http);
}
END_TEST

START_TEST(http_does_not_start_where_nothing_says_what_is_refused)
{
	const struct http_config config = { .loop = &loop };
	const struct http_settings settings = { .head_timeout_s = 0 };

	has_messages = MHD_NO;

	ck_assert_ptr_null(http_new(&config, &settings));
	has_messages = MHD_YES;
	tear_down();
}
END_TEST

enum { PACE_MS = 10, ANSWER_BYTES = 4 * 1024 * 1024 };

/* The client takes a little of a large answer, steadily. */
static void
on_pace(uv_timer_t *timer)
{
	const int *fd = timer->data;
	char some[64];

	/* At first there may be nothing. */
	(void)recv(*fd, some, sizeof(some), MSG_DONTWAIT);
}

static void
start_pace(uv_timer_t *timer, int *fd)
{
	(void)uv_timer_init(&loop, timer);
	timer->data = fd;
	(void)uv_timer_start(timer, on_pace, PACE_MS, PACE_MS);
}

static void
on_large_request(void *ctx, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	static char large[ANSWER_BYTES];

	(void)ctx;	/* NULL */
	(void)request;	/* whatever it is */
	answer->status = 200;
	answer->body = payload_new(large, sizeof(large));
}

static struct unsent *
unsent_of(unsigned timeout_s)
{
	const struct unsent_settings settings = { .timeout_s = timeout_s };

	return unsent_new(&loop, &settings);
}

START_TEST(http_answer_that_is_taken_slowly_is_cut)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	static const struct http_owner owner = {
		.request = on_large_request,
		.ended = on_http_ended,
	};
	struct unsent *unsent = unsent_of(1);
	const struct http_config config = {
		.loop = &loop,
		.name = "http",
		.unsent = unsent,
		.owner = &owner,
	};
	const struct http_settings settings = { .head_timeout_s = 0 };
	static const struct sockaddr address = { .sa_family = AF_UNIX };
	struct http *http = http_new(&config, &settings);
	int theirs, fd = connection(&theirs);
	struct http_counts counts;
	uv_timer_t pace;

	start_pace(&pace, &fd);
	http_add(http, theirs, &address, sizeof(address));
	client_send(fd, request, sizeof(request) - 1);
	while (ended == 0) {
		(void)http_run(http);
		(void)uv_run(&loop, UV_RUN_ONCE);
	}

	ck_assert_uint_ge(ended_ms[0], 1000);
	http_copy_counts(http, &counts);
	ck_assert_uint_eq(counts.closed[HTTP_END_SLOW], 1);
	close(fd);
	uv_close((uv_handle_t *)&pace, NULL);
	http_stop(http);
	unsent_free(unsent);
	tear_down();
	http_free(http);
}
END_TEST

START_TEST(fastcgi_answer_that_is_taken_slowly_is_cut)
{
	static const struct fcgi_owner owner = {
		.request = on_large_request,
		.ended = on_ended,
	};
	struct unsent *unsent = unsent_of(1);
	const struct fcgi_service_config config = {
		.loop = &loop,
		.unsent = unsent,
		.owner = &owner,
	};
	static const struct sockaddr address = { .sa_family = AF_UNIX };
	static const struct web_request request = { .uri = "/" };
	struct fcgi_service *service = fcgi_service_new(&config, &no_times);
	int theirs, fd = connection(&theirs);
	struct fcgi_counts counts;
	struct buf out;
	uv_timer_t pace;

	start_pace(&pace, &fd);
	fcgi_service_add(service, theirs, &address, sizeof(address));
	web_init(&out);
	web_request(&out, 1, WEB_KEEP, &request);
	web_send(fd, &out);
	while (ended == 0)
		(void)uv_run(&loop, UV_RUN_ONCE);

	ck_assert_uint_ge(ended_ms[0], 1000);
	fcgi_service_copy_counts(service, &counts);
	ck_assert_uint_eq(counts.closed[FCGI_END_STALL], 1);
	close(fd);
	uv_close((uv_handle_t *)&pace, NULL);
	fcgi_service_stop(service);
	unsent_free(unsent);
	tear_down();
	fcgi_service_free(service);
}
END_TEST

START_TEST(fastcgi_answer_over_the_budget_ends_its_connection)
{
	static const struct fcgi_owner owner = {
		.request = on_large_request,
		.ended = on_ended,
	};
	const struct unsent_settings budget = {
		.max_bytes = ANSWER_BYTES - 1,
	};
	struct unsent *unsent = unsent_new(&loop, &budget);
	const struct fcgi_service_config config = {
		.loop = &loop,
		.unsent = unsent,
		.owner = &owner,
	};
	static const struct sockaddr address = { .sa_family = AF_UNIX };
	static const struct web_request request = { .uri = "/" };
	struct fcgi_service *service = fcgi_service_new(&config, &no_times);
	int theirs, fd = connection(&theirs);
	struct buf out;

	fcgi_service_add(service, theirs, &address, sizeof(address));
	web_init(&out);
	web_request(&out, 1, WEB_KEEP, &request);
	web_send(fd, &out);
	while (ended == 0)
		(void)uv_run(&loop, UV_RUN_ONCE);

	ck_assert_uint_eq(fcgi_service_pending(service), 0);
	close(fd);
	fcgi_service_stop(service);
	unsent_free(unsent);
	tear_down();
	fcgi_service_free(service);
}
END_TEST

void
suite_add(TCase *tc)
{
	TCase *waiting = suite_waiting_case();

	tcase_add_checked_fixture(waiting, set_up, NULL);
	tcase_add_test(waiting,
	    kept_fastcgi_connection_is_closed_after_idle_and_head_time);
	tcase_add_test(waiting, http_answer_that_is_taken_slowly_is_cut);
	tcase_add_test(waiting, fastcgi_answer_that_is_taken_slowly_is_cut);
	tcase_add_checked_fixture(tc, set_up, NULL);
	tcase_add_test(tc, kept_http_connection_is_closed_after_idle_time);
	tcase_add_test(tc,
	    http_does_not_start_where_nothing_says_what_is_refused);
	tcase_add_test(tc,
	    fastcgi_answer_over_the_budget_ends_its_connection);
}
