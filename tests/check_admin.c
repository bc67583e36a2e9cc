/* The daemon's admin socket: where it is, who may use it, and for what. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon.h"
#include "suite.h"

const char suite_name[] = "admin";

enum {
	PATH_BYTES = 2 * DAEMON_PATH_MAX,
	WATCH_CONNECTIONS = 16	/* to all ports of admin-listen */
};

static char directory[DAEMON_PATH_MAX];
static char database[DAEMON_PATH_MAX + 16];
static char beside[PATH_BYTES];		/* the socket's usual path */

static void
setup(void)
{
	directory_make(directory);
	(void)snprintf(database, sizeof(database), "%s/shop.db", directory);
	(void)snprintf(beside, sizeof(beside), "%s.admin", database);
}

static void
teardown(void)
{
	directory_remove(directory);
}

static int
admin_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	return fd;
}

/* The whole answer to a request, whose line and further fields are given. */
static const char *
ask(const char *path, const char *line, const char *fields)
{
	const char *answer;
	char head[512];
	int fd = admin_connect(path);

	(void)snprintf(head, sizeof(head), "%s HTTP/1.1\r\nHost: x\r\n"
	    "Connection: close\r\n%s\r\n", line, fields); /* fits */
	client_send(fd, head, strlen(head));
	answer = client_read_rest(fd);
	ck_assert_int_eq(close(fd), 0);
	return answer;
}

static void
expect(const char *line, const char *fields, const char *status,
    const char *body)
{
	const char *answer = ask(beside, line, fields);

	ck_assert_msg(strncmp(answer, status, strlen(status)) == 0, "%s: %s",
	    line, answer);
	ck_assert_msg(strstr(answer, body) != NULL, "%s: %s", line, answer);
}

START_TEST(socket_is_beside_the_database_and_private)
{
	struct daemon daemon;
	struct stat st;

	daemon_start(&daemon, database, NULL);
	ck_assert_int_eq(lstat(beside, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);

	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_str_eq(directory_list(directory), "shop.db shop.db.key ");
}
END_TEST

START_TEST(requests_get_json_and_its_status)
{
	struct daemon daemon;

	daemon_start(&daemon, database, NULL);

	expect("GET /", "", "HTTP/1.1 404 ", "{\"error\":\"no such path\"}");
	expect("GET /erase/", "", "HTTP/1.1 404 ", "no such path");
	expect("GET /erase/1", "", "HTTP/1.1 404 ", "no such erasure");
	expect("GET /erase/x", "", "HTTP/1.1 404 ", "no such erasure");
	expect("GET /erase", "", "HTTP/1.1 405 ", "\r\nAllow: POST\r\n");
	expect("POST /erase/1", "", "HTTP/1.1 405 ", "\r\nAllow: GET\r\n");
	expect("POST /erase", "", "HTTP/1.1 400 ", "{\"error\":\"no session\"}");
	expect("POST /erase?session=a", "Origin: https://a.example\r\n",
	    "HTTP/1.1 403 ", "not for web pages");
	expect("POST /erase?session=a", "", "HTTP/1.1 202 ", "{\"id\":1}");
	expect("POST /party", "", "HTTP/1.1 404 ", "no such path");
	expect("OPTIONS *", "", "HTTP/1.1 204 ",
	    "\r\nAllow: GET, POST, OPTIONS\r\n");
	expect("CONNECT shop:80", "", "HTTP/1.1 405 ",
	    "\r\nAllow: GET, POST, OPTIONS\r\n");
	ck_assert_ptr_null(strstr(ask(beside, "OPTIONS *", ""),
	    "-Allow-Methods"));
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

/* Whether text is in the bytes of a file beside the database. */
static bool
file_has(const char *suffix, const char *text)
{
	static char bytes[1 << 22];
	char path[PATH_BYTES];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s%s", database, suffix);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	len = fread(bytes, 1, sizeof(bytes), file);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_uint_lt(len, sizeof(bytes));
	return memmem(bytes, len, text, strlen(text)) != NULL;
}

static bool
files_have(const char *text)
{
	return file_has("", text) || file_has("-wal", text) ||
	    file_has("-shm", text);
}

/* Somebody starts a session and has a cart, each with a text of its own. */
static int
make_traces(const struct daemon *daemon)
{
	int fd = client_open(daemon, "/party");
	struct frame frame;
	char id[25], text[256];

	client_send_text(fd, "{\"event\":\"startSession\",\"payload\":"
	    "{\"customerName\":\"Zebedee Qux\"}}");
	client_await_event(fd, "startSession", &frame);
	ck_assert_int_eq(sscanf(frame.data, "{\"event\":\"startSession\","
	    "\"payload\":{\"customerId\":\"%24[0-9a-f]\"}}", id), 1);
	(void)snprintf(text, sizeof(text), "{\"event\":\"updateCart\","
	    "\"payload\":{\"customerId\":\"%s\",\"cartContent\":"
	    "{\"wish\":\"turquoise\"}}}", id); /* fits */
	client_send_text(fd, text);
	client_await_event(fd, "multicartUpdate", &frame);
	client_await_event(fd, "multicartUpdate", &frame);
	ck_assert(files_have("Zebedee") && files_have("turquoise"));
	return fd;
}

/* Ask until erasure 1, which was asked for, is over. */
static void
await_erasure(void)
{
	const char *answer;

	do
		answer = ask(beside, "GET /erase/1", "");
	while (strstr(answer, "\"pending\"") != NULL);
	ck_assert_msg(strstr(answer, "\"done\"") != NULL, "%s", answer);
}

START_TEST(what_is_erased_is_in_no_byte_of_the_files)
{
	struct daemon daemon;
	struct frame frame;
	int fd;

	daemon_start(&daemon, database, NULL);
	fd = make_traces(&daemon);
	(void)ask(beside, "POST /erase?session=party", "");
	client_await_event(fd, "leaveSession", &frame);
	await_erasure();

	ck_assert(!files_have("Zebedee") && !files_have("turquoise"));
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert(!files_have("Zebedee") && !files_have("turquoise"));
}
END_TEST

START_TEST(an_erasure_that_was_killed_can_be_repeated)
{
	struct daemon daemon;
	int fd;

	daemon_start(&daemon, database, NULL);
	fd = make_traces(&daemon);
	(void)ask(beside, "POST /erase?session=party", "");
	daemon_signal(&daemon, 9);
	(void)daemon_await_end(&daemon);
	ck_assert_int_eq(close(fd), 0);

	daemon_start(&daemon, database, NULL);
	(void)ask(beside, "POST /erase?session=party", "");
	await_erasure();
	ck_assert(!files_have("Zebedee") && !files_have("turquoise"));
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(who_asks_for_a_change_is_logged)
{
	struct daemon daemon;
	char line[128];

	daemon_start(&daemon, database, NULL);
	(void)ask(beside, "POST /erase?session=party", "");

	(void)snprintf(line, sizeof(line), "asked for by user %u, process %d",
	    (unsigned)geteuid(), (int)getpid());
	daemon_await_log(&daemon, line);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_null(strstr(daemon.log, "party"));
}
END_TEST

START_TEST(clients_cannot_ask)
{
	static const char request[] = "POST /erase?session=a HTTP/1.1\r\n"
	    "Host: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
	struct daemon daemon;
	int fd;

	daemon_start(&daemon, database, NULL);
	fd = client_connect(&daemon);
	client_send(fd, request, sizeof(request) - 1);

	/* It is a message to the session of that name, and an empty one. */
	ck_assert_ptr_nonnull(strstr(client_read_rest(fd), "invalidJson"));
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_null(strstr(daemon.log, "erasure"));
}
END_TEST

START_TEST(connections_of_clients_leave_room_for_it)
{
	static const char *const args[] = { "-o", "max-connections=1", NULL };
	struct daemon daemon;
	int fd;

	daemon_start(&daemon, database, args);
	fd = client_open(&daemon, "/one");

	expect("GET /erase/1", "", "HTTP/1.1 404 ", "no such erasure");

	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(who_fills_its_ports_leaves_room_for_it)
{
	static const char *const args[] = { "-o", "admin-listen=127.0.0.1:0",
		NULL };
	static const char text[] = "to be watched on 127.0.0.1:";
	struct daemon daemon, port = { .port = 0 };
	int fds[WATCH_CONNECTIONS + 1];
	size_t i;

	daemon_start(&daemon, database, args);
	daemon_await_log(&daemon, text);
	port.port = (unsigned)strtoul(strstr(daemon.log, text) +
	    sizeof(text) - 1, NULL, 10);
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fds[i] = client_connect(&port);
	daemon_await_log(&daemon,
	    "connections to ports of admin-listen (16) are reached");

	expect("GET /erase/1", "", "HTTP/1.1 404 ", "no such erasure");

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		ck_assert_int_eq(close(fds[i]), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(socket_of_a_killed_daemon_is_replaced)
{
	struct daemon daemon;

	daemon_start(&daemon, database, NULL);
	daemon_signal(&daemon, 9);
	(void)daemon_await_end(&daemon);

	daemon_start(&daemon, database, NULL);
	expect("GET /erase/1", "", "HTTP/1.1 404 ", "no such erasure");
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(without_a_socket_the_daemon_serves)
{
	static const char *const args[] = { "-o", "admin-listen=none", NULL };
	struct daemon daemon;
	struct stat st;

	daemon_start(&daemon, database, args);

	ck_assert_int_eq(lstat(beside, &st), -1);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_null(strstr(daemon.log, "admin"));
}
END_TEST

START_TEST(path_that_is_too_long_is_warned_of)
{
	char path[PATH_BYTES], sub[PATH_BYTES];
	struct daemon daemon;

	(void)snprintf(sub, sizeof(sub), "%s/%0100d", directory, 1);
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	(void)snprintf(path, sizeof(path), "%.400s/shop.db", sub);

	daemon_start(&daemon, path, NULL);

	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_nonnull(strstr(daemon.log, "<4>there is no admin socket:"));
	ck_assert_ptr_nonnull(strstr(daemon.log, "is too long"));
	directory_remove(sub);
}
END_TEST

START_TEST(chosen_place_that_cannot_be_ends_the_start)
{
	char option[PATH_BYTES + 32];
	const char *const args[] = { "-d", database, "-o", option, "0", NULL };
	struct daemon daemon;

	(void)snprintf(option, sizeof(option),
	    "admin-listen=unix:%s/missing/admin", directory);
	daemon_spawn(&daemon, NULL, args);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_OSERR);
	ck_assert_ptr_nonnull(strstr(daemon.log, "missing/admin"));
}
END_TEST

START_TEST(chosen_place_is_where_it_is)
{
	char option[PATH_BYTES + 32], path[PATH_BYTES];
	const char *const args[] = { "-o", option, NULL };
	struct daemon daemon;

	(void)snprintf(path, sizeof(path), "%s/admin", directory);
	(void)snprintf(option, sizeof(option), "admin-listen=unix:%s", path);

	daemon_start(&daemon, database, args);

	ck_assert_ptr_nonnull(strstr(ask(path, "GET /erase/1", ""),
	    "no such erasure"));
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, socket_is_beside_the_database_and_private);
	tcase_add_test(tc, requests_get_json_and_its_status);
	tcase_add_test(tc, what_is_erased_is_in_no_byte_of_the_files);
	tcase_add_test(tc, an_erasure_that_was_killed_can_be_repeated);
	tcase_add_test(tc, who_asks_for_a_change_is_logged);
	tcase_add_test(tc, clients_cannot_ask);
	tcase_add_test(tc, connections_of_clients_leave_room_for_it);
	tcase_add_test(tc, who_fills_its_ports_leaves_room_for_it);
	tcase_add_test(tc, socket_of_a_killed_daemon_is_replaced);
	tcase_add_test(tc, without_a_socket_the_daemon_serves);
	tcase_add_test(tc, path_that_is_too_long_is_warned_of);
	tcase_add_test(tc, chosen_place_that_cannot_be_ends_the_start);
	tcase_add_test(tc, chosen_place_is_where_it_is);
}
