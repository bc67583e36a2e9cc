#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "daemon.h"
#include "web_server.h"

const char suite_name[] = "fcgi";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
/* Connections that nobody accepts yet: more than usual queues have. */
#define CROWD 200
/* More than a socket's buffers hold, in records of the largest size. */
#define CART_BYTES 250000
/* What buffers of sockets may hold of a web server that reads nothing. */
#define TAKEN_BYTES_MAX (4 << 20)
#define START "{\"event\":\"startSession\",\"payload\":" \
	"{\"customerName\":\"Ada\"}}"

static char directory[DAEMON_PATH_MAX];
static char database[DAEMON_PATH_MAX + 16];
static char path[DAEMON_PATH_MAX + 16];		/* of the socket */
static char listen_option[2 * DAEMON_PATH_MAX];
static struct daemon daemon_;
static struct web_answer answer;
static struct buf out;

/* A customer whose session was started. */
static char customer[32], cursor[64], authorization[128];

static void
set_up(void)
{
	directory_make(directory);
	snprintf(database, sizeof(database), "%s/shop.db", directory);
	snprintf(path, sizeof(path), "%s/f.sock", directory);
	snprintf(listen_option, sizeof(listen_option),
	    "fastcgi-listen=unix:%s", path);
	web_init(&out);
}

static void
tear_down(void)
{
	buf_clear(&out);
	directory_remove(directory);
}

/* Start the daemon with the settings, which end with NULL. */
static void
start(const char *const *settings)
{
	const char *args[DAEMON_ARGS_MAX] = { "-o", listen_option };
	size_t n = 2;

	for (; settings != NULL && *settings != NULL; settings++) {
		args[n++] = "-o";
		args[n++] = *settings;
	}
	daemon_start(&daemon_, database, args);
}

static void
stop(void)
{
	ck_assert_int_eq(daemon_stop(&daemon_), EX_OK);
}

/* Send a request and read its answer. */
static void
ask(int fd, const struct web_request *request)
{
	web_request(&out, 1, WEB_KEEP, request);
	web_send(fd, &out);
	web_read_answer(fd, &answer);
	ck_assert_uint_eq(answer.id, 1);
	ck_assert_uint_eq(answer.protocol_status, 0);
}

static void
check_status(const char *status)
{
	size_t len = strlen(status);

	ck_assert_msg(strncmp(answer.text, "Status: ", 8) == 0 &&
	    strncmp(answer.text + 8, status, len) == 0, "%s: %s", status,
	    answer.text);
}

static void
check_words(const char *words)
{
	ck_assert_msg(strstr(answer.text, words) != NULL, "%s: %s", words,
	    answer.text);
}

/* Copy the string behind the last place of key in the answer. */
static void
find_value(const char *key, char *value, size_t size)
{
	const char *at = NULL, *next = answer.text;

	while ((next = strstr(next, key)) != NULL)
		at = next += strlen(key);
	ck_assert_ptr_nonnull(at);
	snprintf(value, size, "%.*s", (int)strcspn(at, "\""), at);
}

static void
start_session(int fd)
{
	const struct web_request request = {
		.method = "POST", .uri = "/one", .body = START,
	};
	char token[64];

	ask(fd, &request);
	check_status("200 OK\r\n");
	find_value("\"customerId\":\"", customer, sizeof(customer));
	find_value("\"token\":\"", token, sizeof(token));
	find_value("\"cursor\":\"", cursor, sizeof(cursor));
	snprintf(authorization, sizeof(authorization), "Bearer %s", token);
}

/* A poll that is held until there is news. */
static void
put_poll(unsigned id, int flags)
{
	char uri[256];
	const struct web_request request = {
		.uri = uri, .authorization = authorization,
	};

	snprintf(uri, sizeof(uri), "/one?customerId=%s&cursor=%s&wait=50",
	    customer, cursor);
	web_request(&out, id, flags, &request);
}

/* GET_VALUES, whose answer shows that what came before has none yet. */
static void
check_silence(int fd)
{
	static struct web_record record;

	web_record(&out, WEB_GET_VALUES, 0, "", 0);
	web_send(fd, &out);
	web_read(fd, &record);
	ck_assert_int_eq(record.type, WEB_GET_VALUES_RESULT);
}

static void
update_cart(int fd, const char *cart, unsigned seq)
{
	size_t size = strlen(cart) + 256;
	char *body = xcalloc(1, size);
	const struct web_request request = {
		.method = "POST", .uri = "/one", .body = body,
		.authorization = authorization,
	};

	snprintf(body, size, "{\"event\":\"updateCart\",\"payload\":"
	    "{\"customerId\":\"%s\",\"seq\":%u,\"cartContent\":%s}}",
	    customer, seq, cart);
	ask(fd, &request);
	check_status("200 OK\r\n");
	check_words("\"seq\":");
	free(body);
}

static const int kept[] = { WEB_CLOSE, WEB_KEEP };

START_TEST(connection_is_kept_if_that_is_asked_for)
{
	const struct web_request request = { .uri = "/" };
	int fd, i;

	start(NULL);
	fd = web_connect(path);
	for (i = 0; i < 3; i++)
		ask(fd, &request);
	web_request(&out, 7, kept[_i], &request);
	web_send(fd, &out);
	web_read_answer(fd, &answer);
	ck_assert_uint_eq(answer.id, 7);
	if (kept[_i] == WEB_CLOSE)
		web_check_end(fd);
	else
		ask(fd, &request);

	close(fd);
	stop();
}
END_TEST

static const char *const lengths[] = { "57", "", NULL };

START_TEST(request_ends_with_its_empty_stdin)
{
	const char *params[] = { "REQUEST_METHOD", "POST", "REQUEST_URI",
		"/one", "REMOTE_ADDR", "192.0.2.7", "CONTENT_LENGTH",
		lengths[_i], NULL };
	int fd;

	ck_assert_uint_eq(strlen(START), 57);
	if (lengths[_i] == NULL)
		params[6] = NULL;
	start(NULL);
	fd = web_connect(path);
	web_begin(&out, 1, WEB_KEEP);
	web_params(&out, 1, params);
	web_record(&out, WEB_STDIN, 1, START, 20);
	web_record(&out, WEB_STDIN, 1, &START[20], strlen(START) - 20);
	check_silence(fd);
	web_record(&out, WEB_STDIN, 1, "", 0);
	web_send(fd, &out);
	web_read_answer(fd, &answer);
	check_status("200 OK\r\n");
	check_words("\"startSession\"");

	close(fd);
	stop();
}
END_TEST

static const char *const wrong_lengths[] = { "56", "58", "0", "x", "-1",
	"57 ", "99999999999999999999", "18446744073709551616" };

START_TEST(length_that_is_not_the_bodys_is_refused)
{
	const char *const params[] = { "REQUEST_METHOD", "POST", "REQUEST_URI",
		"/one", "REMOTE_ADDR", "192.0.2.7", "CONTENT_LENGTH",
		wrong_lengths[_i], NULL };
	int fd;

	start(NULL);
	fd = web_connect(path);
	web_begin(&out, 1, WEB_KEEP);
	web_params(&out, 1, params);
	web_stdin(&out, 1, START, strlen(START));
	web_send(fd, &out);
	web_read_answer(fd, &answer);
	check_status("400 Bad Request\r\n");
	check_words("\"invalidMessage\"");

	start_session(fd);
	close(fd);
	stop();
}
END_TEST

START_TEST(held_polls_of_one_connection_are_answered_and_aborted_one_by_one)
{
	int held, other;

	start(NULL);
	other = web_connect(path);
	held = web_connect(path);
	start_session(other);
	put_poll(300, WEB_CLOSE);
	put_poll(2, WEB_CLOSE);
	put_poll(3, WEB_KEEP);
	check_silence(held);
	web_record(&out, WEB_ABORT, 2, "", 0);
	web_send(held, &out);
	web_read_answer(held, &answer);
	ck_assert_uint_eq(answer.id, 2);
	ck_assert_uint_eq(answer.len, 0);

	update_cart(other, "{\"a\":1}", 1);
	web_read_answer(held, &answer);
	ck_assert(answer.id == 300 || answer.id == 3);
	check_words("\"content\":{\"a\":1}");
	web_read_answer(held, &answer);
	ck_assert(answer.id == 300 || answer.id == 3);
	check_words("\"content\":{\"a\":1}");
	/* Two of the three were the last ones that they wanted. */
	web_check_end(held);
	close(held);
	close(other);
	stop();
}
END_TEST

START_TEST(management_records_are_answered)
{
	static struct web_record record;
	int fd;

	start(NULL);
	fd = web_connect(path);
	web_record(&out, WEB_GET_VALUES, 0, "\x0f\0FCGI_MPXS_CONNS"
	    "\x0d\0FCGI_MAX_REQS" "\x0e\0FCGI_MAX_CONNS", 17 + 15 + 16);
	web_send(fd, &out);
	web_read(fd, &record);
	ck_assert_int_eq(record.type, WEB_GET_VALUES_RESULT);
	ck_assert_uint_eq(record.id, 0);
	/* 10000 connections of 32 requests */
	ck_assert_uint_eq(record.len, 21 + 21 + 18);
	ck_assert_mem_eq(record.content, "\x0e\x05" "FCGI_MAX_CONNS10000"
	    "\x0d\x06" "FCGI_MAX_REQS320000" "\x0f\x01" "FCGI_MPXS_CONNS1",
	    record.len);

	web_record(&out, 99, 0, "what", 4);
	web_send(fd, &out);
	web_read(fd, &record);
	ck_assert_int_eq(record.type, WEB_UNKNOWN_TYPE);
	ck_assert_mem_eq(record.content, "\x63\0\0\0\0\0\0\0", 8);
	start_session(fd);
	close(fd);
	stop();
}
END_TEST

START_TEST(other_roles_are_refused_and_the_connection_lives)
{
	int fd;

	start(NULL);
	fd = web_connect(path);
	/* an authorizer, to be kept */
	web_record(&out, WEB_BEGIN, 4, "\0\2\1\0\0\0\0\0", 8);
	web_send(fd, &out);
	web_read_answer(fd, &answer);
	ck_assert_uint_eq(answer.id, 4);
	ck_assert_uint_eq(answer.protocol_status, 3);
	start_session(fd);

	close(fd);
	stop();
}
END_TEST

START_TEST(more_requests_than_a_connection_may_have_are_refused)
{
	const char *const settings[] = { "max-held-polls=0", NULL };
	unsigned i;
	int fd;

	start(settings);
	fd = web_connect(path);
	start_session(fd);
	for (i = 1; i <= 33; i++)
		put_poll(i, WEB_KEEP);
	web_send(fd, &out);
	web_read_answer(fd, &answer);
	ck_assert_uint_eq(answer.id, 33);
	ck_assert_uint_eq(answer.protocol_status, 2);	/* OVERLOADED */

	close(fd);
	stop();
}
END_TEST

START_TEST(too_large_body_is_refused_and_the_connection_lives)
{
	const char *const settings[] = { "max-message=1000", NULL };
	const char *params[] = { "REQUEST_METHOD", "POST", "REQUEST_URI",
		"/one", "REMOTE_ADDR", "192.0.2.7", "CONTENT_LENGTH",
		"250000", NULL };
	char *body = xcalloc(1, CART_BYTES);
	int fd;

	if (_i == 1)
		params[6] = NULL;
	start(settings);
	fd = web_connect(path);
	web_begin(&out, 1, WEB_KEEP);
	web_params(&out, 1, params);
	web_stdin(&out, 1, body, CART_BYTES);
	web_send(fd, &out);
	web_read_answer(fd, &answer);
	check_status("413 Content Too Large\r\n");
	check_words("\"messageTooLarge\"");

	start_session(fd);
	free(body);
	close(fd);
	stop();
}
END_TEST

START_TEST(large_answer_comes_whole_to_a_web_server_that_reads_late)
{
	const char *const settings[] = { "max-message=300000", NULL };
	char *cart = xcalloc(1, CART_BYTES + 9);
	int fd, i;

	memcpy(cart, "{\"a\":\"", 6);
	memset(cart + 6, 'x', CART_BYTES);
	memcpy(cart + 6 + CART_BYTES, "\"}", 3);
	start(settings);
	fd = web_connect(path);
	start_session(fd);
	update_cart(fd, cart, 1);
	/* Three answers are more than fits; the fourth request must wait. */
	for (i = 1; i <= 4; i++) {
		put_poll((unsigned)i, WEB_KEEP);
		web_send(fd, &out);
	}
	for (i = 1; i <= 4; i++) {
		web_read_answer(fd, &answer);
		check_words(cart);
	}

	free(cart);
	close(fd);
	stop();
}
END_TEST

START_TEST(request_may_come_byte_by_byte)
{
	const struct web_request request = {
		.method = "POST", .uri = "/one", .body = START,
	};
	size_t i;
	int fd;

	start(NULL);
	fd = web_connect(path);
	web_request(&out, 1, WEB_CLOSE, &request);
	for (i = 0; i < out.len; i++)
		client_send(fd, buf_data(&out) + i, 1);
	web_read_answer(fd, &answer);
	check_status("200 OK\r\n");
	web_check_end(fd);

	close(fd);
	stop();
}
END_TEST

/* Bytes of connections that are closed; each with a request behind it. */
static const struct {
	const char *bytes;
	size_t	 len;
} malformed[] = {
	{ "\2\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0", 16 },	/* version 2 */
	{ "\1\1\0\1\0\7\0\0\0\1\0\0\0\0\0", 15 },	/* BEGIN of 7 bytes */
	{ "\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"		/* BEGIN twice */
	    "\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0", 32 },
	{ "\1\1\0\1\0\10\0\0\0\1\1\0\0\0\0\0"		/* STDIN first */
	    "\1\5\0\1\0\0\0\0", 24 },
	{ "GET /one HTTP/1.1\r\nHost: a\r\n\r\n", 30 },
};

START_TEST(malformed_input_closes_its_connection_only)
{
	int fd, held, other;

	start(NULL);
	held = web_connect(path);
	other = web_connect(path);
	start_session(other);
	put_poll(1, WEB_KEEP);
	check_silence(held);
	fd = web_connect(path);
	client_send(fd, malformed[_i].bytes, malformed[_i].len);
	web_check_end(fd);

	update_cart(other, "{\"b\":2}", 1);
	web_read_answer(held, &answer);
	check_words("\"content\":{\"b\":2}");
	close(fd);
	close(held);
	close(other);
	stop();
}
END_TEST

START_TEST(malformed_input_gives_up_what_waits_on_its_connection)
{
	const char *const settings[] = { "max-connections=1", NULL };
	int fd, next;

	start(settings);
	fd = web_connect(path);
	start_session(fd);
	put_poll(1, WEB_KEEP);
	put_poll(2, WEB_KEEP);
	web_record(&out, WEB_STDOUT, 1, "no", 2);
	web_send(fd, &out);
	web_check_end(fd);
	close(fd);

	next = web_connect(path);
	update_cart(next, "{}", 1);
	close(next);
	stop();
}
END_TEST

START_TEST(connections_count_until_their_web_server_has_gone)
{
	const char *const settings[] = { "max-connections=2", NULL };
	int first, second, third;

	start(settings);
	first = web_connect(path);
	start_session(first);
	second = web_connect(path);
	put_poll(1, WEB_CLOSE);
	check_silence(second);
	third = client_connect(&daemon_);
	daemon_await_log(&daemon_, "max-connections (2) are reached");

	/* The poll's client is gone, and nobody will ever read its answer. */
	close(second);
	client_send(third, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
	ck_assert_ptr_nonnull(strstr(client_read_head(third), " 404 "));
	update_cart(first, "{}", 1);
	close(first);
	close(third);
	stop();
}
END_TEST

static const struct {
	const char *base;
	const char *uri;
	const char *status;
	const char *words;
} uris[] = {
	{ "/", "/one", "200 OK\r\n", "\"startSession\"" },
	{ "/", "/one/?a=b", "200 OK\r\n", "\"startSession\"" },
	{ "/", "/one%2Ftwo", "400 Bad Request\r\n", "\"invalidSession\"" },
	{ "/", "/o%20e", "400 Bad Request\r\n", "\"invalidSession\"" },
	{ "/", "/x/../o%6ee", "200 OK\r\n", "\"startSession\"" },
	{ "/", "http://shop/one", "200 OK\r\n", "\"startSession\"" },
	{ "/", "*", "400 Bad Request\r\n", "\"invalidMessage\"" },
	{ "/", "one", "400 Bad Request\r\n", "\"invalidMessage\"" },
	{ "/", "/", "404 Not Found\r\n", "\"notFound\"" },
	{ "/lp/shop/", "/lp/shop/one", "200 OK\r\n", "\"startSession\"" },
	{ "/lp/shop/", "/one", "404 Not Found\r\n", "\"notFound\"" },
	{ "/lp%2Fa/", "/lp%2Fa/one", "200 OK\r\n", "\"startSession\"" },
	{ "/lp%2fa", "/lp/a/one", "200 OK\r\n", "\"startSession\"" },
	{ "/lp", "/lp/a/../one", "200 OK\r\n", "\"startSession\"" },
	{ "/lp", "/lp", "404 Not Found\r\n", "\"notFound\"" },
};

START_TEST(path_is_that_of_the_request)
{
	char base[64];
	const char *const settings[] = { base, NULL };
	const struct web_request request = {
		.method = "POST", .uri = uris[_i].uri, .body = START,
	};
	int fd;

	snprintf(base, sizeof(base), "base-path=%s", uris[_i].base);
	start(settings);
	fd = web_connect(path);
	ask(fd, &request);
	check_status(uris[_i].status);
	check_words(uris[_i].words);

	close(fd);
	stop();
}
END_TEST

#define METHOD "REQUEST_METHOD", "POST"
#define URI "REQUEST_URI", "/one"
#define CLIENT "REMOTE_ADDR", "192.0.2.7"

static const char *const unfit_params[][16] = {
	{ URI, CLIENT },
	{ METHOD, CLIENT },
	{ METHOD, URI },
	{ "REQUEST_METHOD", "", URI, CLIENT },
	{ METHOD, "REQUEST_URI", "", CLIENT },
	{ METHOD, URI, "REMOTE_ADDR", "shop.example" },
	{ METHOD, URI, "REMOTE_ADDR", "192.0.2.7:80" },
	{ METHOD, URI, "REMOTE_ADDR", "unix" },
	{ METHOD, URI, CLIENT, CLIENT },
	{ METHOD, URI, CLIENT, "HTTP_AUTHORIZATION", "Bearer a",
	    "HTTP_AUTHORIZATION", "Bearer b" },
	{ METHOD, URI, CLIENT, "HTTP_X_FORWARDED_FOR", "192.0.2.1",
	    "HTTP_X_FORWARDED_FOR", "192.0.2.2" },
};

START_TEST(request_without_what_it_needs_is_refused)
{
	int fd;

	start(NULL);
	fd = web_connect(path);
	web_begin(&out, 1, WEB_KEEP);
	web_params(&out, 1, unfit_params[_i]);
	web_stdin(&out, 1, START, strlen(START));
	web_send(fd, &out);
	web_read_answer(fd, &answer);
	check_status("400 Bad Request\r\n");
	check_words("\"invalidMessage\"");

	start_session(fd);
	close(fd);
	stop();
}
END_TEST

START_TEST(want_of_a_clients_address_is_logged_once)
{
	const char *const params[] = { METHOD, URI, NULL };
	int fd, i;

	start(NULL);
	fd = web_connect(path);
	for (i = 0; i < 3; i++) {
		web_begin(&out, 1, WEB_KEEP);
		web_params(&out, 1, params);
		web_stdin(&out, 1, "", 0);
		web_send(fd, &out);
		web_read_answer(fd, &answer);
	}
	close(fd);
	stop();

	ck_assert_ptr_nonnull(strstr(daemon_.log, "no address in REMOTE_ADDR"));
	ck_assert_ptr_nonnull(strstr(daemon_.log,
	    "fastcgi: requests refused as malformed or for a large head: 1,"));
	ck_assert_uint_eq(daemon_log_lines(&daemon_), 6);
}
END_TEST

START_TEST(too_many_params_are_refused_and_the_connection_lives)
{
	char *long_value = xcalloc(1, 65537);
	const char *const params[] = { METHOD, URI, CLIENT, "HTTP_COOKIE",
		long_value, NULL };
	int fd;

	memset(long_value, 'x', 65536);
	start(NULL);
	fd = web_connect(path);
	web_begin(&out, 1, WEB_KEEP);
	web_params(&out, 1, params);
	web_stdin(&out, 1, START, strlen(START));
	web_send(fd, &out);
	web_read_answer(fd, &answer);
	check_status("431 Request Header Fields Too Large\r\n");
	ck_assert_ptr_nonnull(strstr(answer.text, "cookies"));

	start_session(fd);
	free(long_value);
	close(fd);
	stop();
}
END_TEST

/* Who a request comes from, while 192.0.2.7 has all that it may have. */
static const struct {
	const char *trusted;
	const char *client;
	const char *forwarded;
	const char *status;
} clients[] = {
	{ "", "192.0.2.7", "", "429 " },
	{ "", "192.0.2.8", "", "200 " },
	{ "", "::ffff:192.0.2.7", "", "429 " },
	{ "", "fe80::1%eth0", "", "200 " },
	/* X-Forwarded-For counts only if REMOTE_ADDR is a proxy of ours */
	{ "", "192.0.2.7", "192.0.2.8", "429 " },
	{ "", "192.0.2.8", "192.0.2.7", "200 " },
	{ "192.0.2.8", "192.0.2.8", "192.0.2.7", "429 " },
	{ "192.0.2.8", "192.0.2.8", "192.0.2.9", "200 " },
	{ "192.0.2.8", "192.0.2.8", "192.0.2.9, 192.0.2.7", "429 " },
	{ "192.0.2.8", "192.0.2.8", "\"192.0.2.7:1\"", "429 " },
	{ "192.0.2.8", "192.0.2.8", "192.0.2.7, unknown", "200 " },
	/* by a UNIX-domain socket: no address, no limit of one */
	{ "", "unix:", "192.0.2.7", "200 " },
	{ "", "", "192.0.2.7", "200 " },
	{ "unix", "unix:", "192.0.2.7", "429 " },
	/* that we are reached by one says nothing about it */
	{ "unix", "192.0.2.8", "192.0.2.7", "200 " },
};

START_TEST(limits_of_an_address_are_those_of_the_web_servers_client)
{
	char trusted[64];
	const char *const settings[] = { trusted,
		"max-connections-per-address=1", NULL };
	const char *const params[] = { "HTTP_X_FORWARDED_FOR",
		clients[_i].forwarded, NULL };
	const struct web_request request = {
		.method = "POST", .uri = "/two", .body = START,
		.client = clients[_i].client, .params = params,
	};
	int fd;

	snprintf(trusted, sizeof(trusted), "trusted-proxies=%s",
	    clients[_i].trusted);
	start(settings);
	fd = web_connect(path);
	start_session(fd);
	put_poll(2, WEB_KEEP);
	check_silence(fd);
	ask(fd, &request);
	check_status(clients[_i].status);

	close(fd);
	stop();
}
END_TEST

START_TEST(crowd_waits_to_be_accepted)
{
	const struct web_request request = { .uri = "/" };
	int fds[CROWD], i, status;

	start(NULL);
	daemon_signal(&daemon_, SIGSTOP);
	ck_assert_int_eq(waitpid(daemon_.pid, &status, WUNTRACED),
	    daemon_.pid);
	for (i = 0; i < CROWD; i++) {
		fds[i] = web_connect(path);
		web_request(&out, 1, WEB_CLOSE, &request);
		web_send(fds[i], &out);
	}
	daemon_signal(&daemon_, SIGCONT);
	for (i = 0; i < CROWD; i++) {
		web_read_answer(fds[i], &answer);
		check_status("404 Not Found\r\n");
		web_check_end(fds[i]);
		close(fds[i]);
	}
	stop();
}
END_TEST

START_TEST(socket_has_its_mode_and_ends_with_the_daemon)
{
	const char *const settings[] = { "fastcgi-mode=0640", NULL };
	struct stat st;

	start(settings);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	stop();
	ck_assert_int_eq(stat(path, &st), -1);
}
END_TEST

START_TEST(socket_of_a_killed_daemon_is_no_hindrance)
{
	int fd;

	start(NULL);
	daemon_signal(&daemon_, SIGKILL);
	ck_assert_int_eq(daemon_await_end(&daemon_),
	    DAEMON_SIGNALLED + SIGKILL);
	ck_assert_int_eq(access(path, F_OK), 0);
	start(NULL);
	fd = web_connect(path);
	start_session(fd);
	close(fd);
	stop();
}
END_TEST

START_TEST(socket_that_cannot_be_made_ends_the_daemon)
{
	const char *const args[] = { "-d", database, "-o", listen_option, "0",
		NULL };

	ck_assert_int_eq(mkdir(path, 0700), 0);
	daemon_spawn(&daemon_, NULL, args);
	ck_assert_int_eq(daemon_await_end(&daemon_), EX_OSERR);
	ck_assert_ptr_nonnull(strstr(daemon_.log, "is no socket"));
}
END_TEST

START_TEST(held_poll_is_answered_when_the_daemon_stops)
{
	int fd;

	start(NULL);
	fd = web_connect(path);
	start_session(fd);
	put_poll(5, WEB_KEEP);
	check_silence(fd);
	daemon_signal(&daemon_, SIGTERM);
	web_read_answer(fd, &answer);
	ck_assert_uint_eq(answer.id, 5);
	check_status("503 Service Unavailable\r\n");
	check_words("\"shuttingDown\"");
	check_words("Retry-After: 5\r\n");
	web_check_end(fd);

	close(fd);
	ck_assert_int_eq(daemon_await_end(&daemon_), EX_OK);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

static void
put_begin(void)
{
	web_begin(&out, 1, WEB_KEEP);
}

/* A head, and a body that does not end. */
static void
put_endless_body(void)
{
	const char *const params[] = { METHOD, URI, CLIENT, NULL };

	web_begin(&out, 1, WEB_KEEP);
	web_params(&out, 1, params);
	web_record(&out, WEB_STDIN, 1, "{", 1);
}

static void
put_second_begin(void)
{
	const struct web_request request = { .uri = "/" };

	web_request(&out, 1, WEB_KEEP, &request);
	web_begin(&out, 2, WEB_KEEP);
}

static const struct {
	const char *setting;
	void	(*put)(void);	/* NULL: nothing comes at all */
	const char *words;	/* in the log */
} late[] = {
	{ "head-timeout=1", put_begin, "the params of a request" },
	{ "head-timeout=1", NULL, "the params of a request" },
	{ "head-timeout=1", put_second_begin, "the params of a request" },
	{ "body-timeout=1", put_endless_body, "the body of a request" },
};

START_TEST(request_that_does_not_come_is_cut_at_its_deadline)
{
	const char *const settings[] = { late[_i].setting, "log-level=debug",
		NULL };
	int fd;

	start(settings);
	fd = web_connect(path);
	if (late[_i].put != NULL) {
		late[_i].put();
		web_send(fd, &out);
	}
	if (late[_i].put == put_second_begin)
		web_read_answer(fd, &answer);
	web_check_end(fd);
	daemon_await_log(&daemon_, late[_i].words);

	close(fd);
	stop();
}
END_TEST

START_TEST(held_poll_outlives_the_deadlines_of_requests)
{
	const char *const settings[] = { "head-timeout=1", "body-timeout=1",
		"stall-timeout=1", NULL };
	int fd, other;

	start(settings);
	fd = web_connect(path);
	start_session(fd);
	put_poll(1, WEB_KEEP);
	check_silence(fd);
	/* Another connection shows that the time has passed. */
	other = web_connect(path);
	web_check_end(other);
	close(other);
	check_silence(fd);

	close(fd);
	stop();
}
END_TEST

START_TEST(web_server_that_takes_nothing_is_cut)
{
	const char *const settings[] = { "stall-timeout=2", "head-timeout=1",
		"log-level=debug", NULL };
	/* Long, so that the last one that is read is so in part. */
	char cookie[3000] = "";
	const char *const params[] = { "HTTP_COOKIE", cookie, NULL };
	const struct web_request request = { .uri = "/", .params = params };
	size_t sent = 0;
	int fd;

	start(settings);
	fd = web_connect(path);
	memset(cookie, 'x', sizeof(cookie) - 1);
	web_request(&out, 1, WEB_KEEP, &request);
	/* Until it is not read from any more, and then no connection. */
	while (send(fd, buf_data(&out), out.len, MSG_NOSIGNAL) > 0)
		sent += out.len;
	ck_assert(errno == EPIPE || errno == ECONNRESET);
	ck_assert_uint_lt(sent, TAKEN_BYTES_MAX);
	daemon_await_log(&daemon_, "fastcgi: the web server takes nothing");

	close(fd);
	stop();
}
END_TEST

/* Connect where the daemon says that it listens for FastCGI on TCP. */
static int
connect_tcp(void)
{
	struct daemon tcp = { .port = 0 };
	const char *at;

	daemon_await_log(&daemon_, " for FastCGI\n");
	at = strstr(daemon_.log, "listening on 127.0.0.1:");
	ck_assert_ptr_nonnull(at);
	tcp.port = (unsigned)strtoul(strchr(at, ':') + 1, NULL, 10);
	return client_connect(&tcp);
}

#define TCP "fastcgi-listen=127.0.0.1:0"

START_TEST(trusted_web_server_may_connect_by_tcp)
{
	const char *const settings[] = { TCP, "trusted-proxies=127.0.0.0/8",
		NULL };
	int fd;

	start(settings);
	fd = connect_tcp();
	start_session(fd);
	close(fd);
	stop();
	ck_assert_ptr_null(strstr(daemon_.log, "trusted-proxies"));
}
END_TEST

static const struct {
	const char *trusted;
	size_t	 log_lines;
	const char *words;
} strangers[] = {
	{ "trusted-proxies=192.0.2.1,unix", 5, "<4>fastcgi: connections from "
	    "127.0.0.1 are refused: it is not in trusted-proxies\n" },
	{ "trusted-proxies=", 6, "nobody may connect, as trusted-proxies is" },
};

START_TEST(other_web_servers_are_refused_and_logged_once)
{
	const char *const settings[] = { TCP, strangers[_i].trusted,
		"max-connections=1", NULL };
	int fd, i;

	start(settings);
	for (i = 0; i < 3; i++) {
		fd = connect_tcp();
		web_check_end(fd);
		close(fd);
	}
	stop();
	ck_assert_ptr_nonnull(strstr(daemon_.log, strangers[_i].words));
	ck_assert_uint_eq(daemon_log_lines(&daemon_),
	    strangers[_i].log_lines);
}
END_TEST

/* What a service manager does: sockets from descriptor 3 on, with names. */
#define ACTIVATE "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=" \
	"$0 exec \"$@\" 3<&8 4<&9"

/*
 * Start the daemon with two sockets of these names, TCP and UNIX-domain, and a
 * setting.
 */
static void
spawn_activated(const char *names, const char *setting)
{
	const char *program = getenv("BUDDYSHOPPING");
	const char *const args[] = { "-c", ACTIVATE, names,
		program == NULL ? "./src/buddyshopping" : program, "-d",
		database, "-o", setting, "1", NULL };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int tcp = socket(AF_INET, SOCK_STREAM, 0);
	int local = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(un.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(bind(local, (struct sockaddr *)&un, sizeof(un)), 0);
	ck_assert_int_eq(listen(tcp, 8), 0);
	ck_assert_int_eq(listen(local, 8), 0);
	ck_assert_int_eq(dup2(tcp, 8), 8);
	ck_assert_int_eq(dup2(local, 9), 9);
	daemon_spawn(&daemon_, "/bin/sh", args);
}

START_TEST(sockets_of_the_service_manager_take_the_place_of_ours)
{
	int fd;

	spawn_activated("http:fastcgi", "fastcgi-listen=unix:/nowhere/x");
	daemon_await_ready(&daemon_);
	fd = client_open(&daemon_, "/one");
	close(fd);
	fd = web_connect(path);
	start_session(fd);
	close(fd);
	stop();
	/* It is not ours to remove. */
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(sockets_with_other_names_are_refused)
{
	spawn_activated("http:buddyshopping.socket", "demo=no");
	ck_assert_int_eq(daemon_await_end(&daemon_), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(daemon_.log, "socket \"buddyshopping."
	    "socket\" of the service manager: FileDescriptorName= has to be "
	    "http, fastcgi or api"));
}
END_TEST

START_TEST(a_socket_for_the_shops_server_takes_keys)
{
	static const char call[] = "GET /v1/sessions HTTP/1.1\r\nHost: x\r\n"
	    "Connection: close\r\n\r\n";
	char keys[sizeof(database) + 8], setting[sizeof(keys) + 16];
	const char *text;
	FILE *file;
	int fd;

	spawn_activated("http:api", "demo=no");
	ck_assert_int_eq(daemon_await_end(&daemon_), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(daemon_.log,
	    "api: nobody has a key: api-keys has to name a file\n"));

	(void)unlink(path);	/* to be bound once more */
	(void)snprintf(keys, sizeof(keys), "%s.keys", database);
	(void)snprintf(setting, sizeof(setting), "api-keys=%s", keys);
	file = fopen(keys, "w");
	ck_assert_ptr_nonnull(file);
	(void)fprintf(file, "shop %064d\n", 7);
	ck_assert_int_eq(fclose(file), 0);
	spawn_activated("http:api", setting);
	daemon_await_ready(&daemon_);
	fd = web_connect(path);
	client_send(fd, call, sizeof(call) - 1);
	text = client_read_rest(fd);
	ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 401 "));
	ck_assert_ptr_nonnull(strstr(text, "\"invalidKey\""));
	close(fd);
	stop();
}
END_TEST

static const struct web_request alike[] = {
	{ .method = "POST", .uri = "/one", .body = "{}" },
	{ .method = "POST", .uri = "/one", .body = "nothing" },
	{ .method = "POST", .uri = "/one", .body = "{\"event\":\"poll\"}" },
	{ .method = "POST", .uri = "/none", .body = "{\"event\":"
	    "\"joinSession\",\"payload\":{\"customerName\":\"Bo\"}}" },
	{ .uri = "/one" },
	{ .uri = "/one?customerId=0123456789abcdef01234567" },
	{ .uri = "/one?customerId=0123456789abcdef01234567",
	    .authorization = "Bearer x" },
	{ .uri = "/one", .body = "{}" },
	{ .uri = "/" },
	{ .uri = "/a/b" },
	{ .method = "OPTIONS", .uri = "/one" },
	{ .method = "OPTIONS", .uri = "*" },
	{ .method = "CONNECT", .uri = "shop:80" },
	{ .method = "SELECT", .uri = "/one" },
	{ .uri = "http://shop/x/../%6fne" },
	{ .method = "PUT", .uri = "/one" },
	{ .method = "DELETE", .uri = "/a%20b" },
};

/* Ask by HTTP, and leave the answer as CGI would say it. */
static void
ask_http(const struct web_request *request, char *text, size_t size)
{
	char bytes[2048];
	int fd = client_connect(&daemon_);
	int n = snprintf(bytes, sizeof(bytes), "%s %s HTTP/1.1\r\n"
	    "Host: a\r\nConnection: close\r\n%s%s%s",
	    request->method == NULL ? "GET" : request->method, request->uri,
	    request->authorization == NULL ? "" : "Authorization: ",
	    request->authorization == NULL ? "" : request->authorization,
	    request->authorization == NULL ? "" : "\r\n");

	if (request->body != NULL)
		n += snprintf(bytes + n, sizeof(bytes) - (size_t)n,
		    "Content-Length: %zu\r\n", strlen(request->body));
	n += snprintf(bytes + n, sizeof(bytes) - (size_t)n, "\r\n%s",
	    request->body == NULL ? "" : request->body);
	client_send(fd, bytes, (size_t)n);
	snprintf(text, size, "%s", client_read_rest(fd));
	close(fd);
}

/* See that every line of the FastCGI answer's head is in the other. */
static void
check_head(const char *http)
{
	const char *line = strstr(answer.text, "\r\n") + 2;
	char field[512];

	ck_assert_int_eq(strncmp(answer.text + 8, http + 9, 4), 0);
	while (strncmp(line, "\r\n", 2) != 0) {
		size_t len = strcspn(line, "\n") + 1;

		snprintf(field, sizeof(field), "\n%.*s", (int)len, line);
		ck_assert_msg(strstr(http, field) != NULL, "%s: %s", field,
		    http);
		line += len;
	}
}

/* Lines of a head that is followed by an empty one. */
static unsigned
head_lines(const char *head)
{
	const char *end = strstr(head, "\r\n\r\n");
	unsigned n = 0;

	ck_assert_ptr_nonnull(end);
	for (; head < end; head++)
		n += *head == '\n';
	return n;
}

START_TEST(answer_is_that_of_http)
{
	static char http[65536];
	const struct web_request *request = &alike[_i];
	int fd;

	start(NULL);
	fd = web_connect(path);
	ask(fd, request);
	ask_http(request, http, sizeof(http));

	check_head(http);
	/* HTTP says Date and Connection besides. */
	ck_assert_uint_eq(head_lines(answer.text) + 2, head_lines(http));
	ck_assert_str_eq(web_body(&answer), strstr(http, "\r\n\r\n") + 4);
	close(fd);
	stop();
}
END_TEST

/* A test that waits for a second of the daemon's or longer, for each i < n. */
static void
add_waiting(const TTest *test, int n)
{
	TCase *tc;
	int i;

	for (i = 0; i < n; i++) {
		tc = suite_waiting_case();
		tcase_add_checked_fixture(tc, set_up, tear_down);
		tcase_add_loop_test(tc, test, i, i + 1);
	}
}

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, connection_is_kept_if_that_is_asked_for, 0,
	    COUNT(kept));
	tcase_add_loop_test(tc, request_ends_with_its_empty_stdin, 0,
	    COUNT(lengths));
	tcase_add_loop_test(tc, length_that_is_not_the_bodys_is_refused, 0,
	    COUNT(wrong_lengths));
	tcase_add_test(tc,
	    held_polls_of_one_connection_are_answered_and_aborted_one_by_one);
	tcase_add_test(tc, management_records_are_answered);
	tcase_add_test(tc, other_roles_are_refused_and_the_connection_lives);
	tcase_add_test(tc,
	    more_requests_than_a_connection_may_have_are_refused);
	tcase_add_loop_test(tc,
	    too_large_body_is_refused_and_the_connection_lives, 0, 2);
	tcase_add_test(tc,
	    large_answer_comes_whole_to_a_web_server_that_reads_late);
	tcase_add_test(tc, request_may_come_byte_by_byte);
	tcase_add_loop_test(tc, malformed_input_closes_its_connection_only, 0,
	    COUNT(malformed));
	tcase_add_test(tc,
	    malformed_input_gives_up_what_waits_on_its_connection);
	tcase_add_test(tc,
	    connections_count_until_their_web_server_has_gone);
	tcase_add_loop_test(tc, path_is_that_of_the_request, 0,
	    COUNT(uris));
	tcase_add_loop_test(tc, request_without_what_it_needs_is_refused, 0,
	    COUNT(unfit_params));
	tcase_add_test(tc, want_of_a_clients_address_is_logged_once);
	tcase_add_test(tc,
	    too_many_params_are_refused_and_the_connection_lives);
	tcase_add_loop_test(tc,
	    limits_of_an_address_are_those_of_the_web_servers_client, 0,
	    COUNT(clients));
	tcase_add_test(tc, crowd_waits_to_be_accepted);
	tcase_add_test(tc, socket_has_its_mode_and_ends_with_the_daemon);
	tcase_add_test(tc, socket_of_a_killed_daemon_is_no_hindrance);
	tcase_add_test(tc, socket_that_cannot_be_made_ends_the_daemon);
	tcase_add_test(tc, held_poll_is_answered_when_the_daemon_stops);
	add_waiting(request_that_does_not_come_is_cut_at_its_deadline,
	    COUNT(late));
	add_waiting(held_poll_outlives_the_deadlines_of_requests, 1);
	add_waiting(web_server_that_takes_nothing_is_cut, 1);
	tcase_add_test(tc, trusted_web_server_may_connect_by_tcp);
	tcase_add_loop_test(tc, other_web_servers_are_refused_and_logged_once,
	    0, COUNT(strangers));
	tcase_add_test(tc,
	    sockets_of_the_service_manager_take_the_place_of_ours);
	tcase_add_test(tc, sockets_with_other_names_are_refused);
	tcase_add_test(tc, a_socket_for_the_shops_server_takes_keys);
	tcase_add_loop_test(tc, answer_is_that_of_http, 0, COUNT(alike));
}
