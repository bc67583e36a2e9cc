/*
 * What the daemon keeps of its clients, and for how long: addresses, refusals,
 * old carts, and the lines in the log that prove the journal.
 */
#include "suite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/id.h"
#include "daemon.h"
#include "storage.h"

const char suite_name[] = "keeping";

#define START "{\"event\":\"startSession\"," \
	"\"payload\":{\"customerName\":\"Ada\"}}"

#define EVENTS "SELECT group_concat(event) FROM" \
	" (SELECT event FROM journal ORDER BY seq) AS told"

static char directory[DAEMON_PATH_MAX];
static char database[STORAGE_NAME_BYTES];

static void
set_up(void)
{
	char path[DAEMON_PATH_MAX + 16];

	directory_make(directory);
	snprintf(path, sizeof(path), "%s/shop.db", directory);
	storage_name(path, database);
}

static void
tear_down(void)
{
	directory_remove(directory);
}

static void
expect(const char *sql, const char *expected)
{
	char *text = storage_text(database, sql);

	ck_assert_str_eq(text, expected);
	free(text);
}

/* Start a session on fd; its host's id, in memory of this function. */
static const char *
start_session(int fd)
{
	static char id[ID_CUSTOMER_HEX + 1];
	struct frame frame;

	client_send_text(fd, START);
	client_await_event(fd, "startSession", &frame);
	ck_assert_int_eq(sscanf(frame.data, "{\"event\":\"startSession\","
	    "\"payload\":{\"customerId\":\"%24[0-9a-f]\"}}", id), 1);
	client_await_event(fd, "multicartUpdate", &frame);
	return id;
}

static void
send_cart(int fd, const char *id, const char *cart)
{
	struct frame frame;
	char text[512];

	snprintf(text, sizeof(text), "{\"event\":\"updateCart\",\"payload\":"
	    "{\"customerId\":\"%s\",\"cartContent\":%s}}", id, cart);
	client_send_text(fd, text);
	client_await_event(fd, "multicartUpdate", &frame);
}

/* A proxy's handshake for a client at 203.0.113.77. */
static int
open_forwarded(const struct daemon *daemon)
{
	static const char request[] = "GET /s1 HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	    "X-Forwarded-For: 192.0.2.1, 203.0.113.77\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n";
	int fd = client_connect(daemon);

	client_send(fd, request, sizeof(request) - 1);
	ck_assert_ptr_nonnull(strstr(client_read_head(fd), " 101 "));
	return fd;
}

static const struct {
	const char *options[4];
	const char *address;	/* that is in the journal */
} kept[] = {
	{ { "-o", "log-addresses=full" }, "127.0.0.1" },
	{ { "-o", "log-addresses=prefix" }, "127.0.0.0/24" },
	{ { "-o", "log-addresses=none" }, "NULL" },
	{ { "-o", "trusted-proxies=10.0.0.0/8" }, "127.0.0.1" },
	{ { "-o", "trusted-proxies=127.0.0.0/8" }, "203.0.113.77" },
	{ { "-otrusted-proxies=127.0.0.1", "-olog-addresses=prefix" },
	    "203.0.113.0/24" },
	{ { "-otrusted-proxies=127.0.0.1", "-olog-addresses=none" }, "NULL" },
};

START_TEST(addresses_are_kept_as_the_settings_say)
{
	const char *const args[] = { kept[_i].options[0],
	    kept[_i].options[1], NULL };
	struct daemon daemon;
	int fd;

	daemon_start(&daemon, database, args);
	fd = open_forwarded(&daemon);
	(void)start_session(fd); /* its id is of no interest */
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);

	expect("SELECT address FROM journal_body", kept[_i].address);
	ck_assert_ptr_null(strstr(daemon.log, "203.0.113"));
}
END_TEST

START_TEST(what_is_refused_is_on_record)
{
	static const char *const args[] = { "-o", "max-message=1000", NULL };
	char large[2000];
	struct daemon daemon;
	struct frame frame;
	int fd;

	daemon_start(&daemon, database, args);
	fd = client_open(&daemon, "/s1");
	(void)start_session(fd); /* its id is of no interest */
	client_send_text(fd, "{");
	client_send_text(fd, "{");
	client_await_event(fd, "error", &frame);
	client_await_event(fd, "error", &frame);
	memset(large, ' ', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	client_send_text(fd, large);
	do
		client_read_frame(fd, &frame);
	while (frame.opcode != 8);
	ck_assert_uint_eq(frame_close_code(&frame), 1009);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);

	/* In two rows, or in three if all of this takes more than a second. */
	expect("SELECT sum(client_seq) FROM journal WHERE event = 9", "3");
	expect("SELECT flags FROM journal WHERE seq = 2", "1");
	expect("SELECT count(*) FROM journal WHERE event <> 9", "1");
}
END_TEST

START_TEST(old_carts_are_forgotten_while_it_serves)
{
	static const char *const args[] = { "-ojournal-retention=1",
	    "-oclock-grace=0", "-oaudit-anchor-interval=1", NULL };
	struct daemon daemon;
	int fd;
	const char *id;

	daemon_start(&daemon, database, args);
	fd = client_open(&daemon, "/s1");
	id = start_session(fd);
	send_cart(fd, id, "{\"n\":1}");
	send_cart(fd, id, "{\"n\":2}");
	/* The fourth row is the note on it. */
	daemon_await_log(&daemon, "chain: 4:");
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);

	expect(EVENTS, "1,3,3,11");
	expect("SELECT group_concat(cart) FROM journal_body", "{\"n\":2}");
	expect("SELECT group_concat(name) FROM journal_body", "Ada");
	expect("SELECT digest IS NOT NULL FROM journal WHERE seq = 2", "1");
}
END_TEST

START_TEST(nothing_is_forgotten_before_the_clock_is_believed)
{
	static const char *const args[] = { "-ojournal-retention=1",
	    "-oclock-grace=3", "-oaudit-anchor-interval=1", NULL };
	struct daemon daemon;
	const char *id;
	int fd;

	daemon_start(&daemon, database, args);
	fd = client_open(&daemon, "/s1");
	id = start_session(fd);
	send_cart(fd, id, "{\"n\":1}");
	send_cart(fd, id, "{\"n\":2}");
	daemon_await_log(&daemon, "chain: 4:");
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);

	/* The daemon was there for some moments when the session began. */
	expect("SELECT max(ts_ms) - min(ts_ms) > 2500 FROM journal", "1");
	expect(EVENTS, "1,3,3,11");
}
END_TEST

START_TEST(the_chains_end_is_logged_at_the_end)
{
	char *hash, line[128];
	struct daemon daemon;
	int fd;

	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/s1");
	send_cart(fd, start_session(fd), "{}");
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);

	hash = storage_text(database,
	    "SELECT lower(hex(hash)) FROM journal WHERE seq = 2");
	snprintf(line, sizeof(line), "chain: 2:%s\n", hash);
	ck_assert_ptr_nonnull(strstr(daemon.log, line));
	free(hash);
}
END_TEST

START_TEST(no_line_is_logged_without_a_journal_or_when_not_wanted)
{
	static const char *const args[] = { "-oaudit-anchor-interval=0",
	    NULL };
	struct daemon daemon;
	int fd;

	daemon_start(&daemon, database, NULL);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_null(strstr(daemon.log, "chain:"));
	daemon_start(&daemon, database, args);
	fd = client_open(&daemon, "/s1");
	(void)start_session(fd); /* its id is of no interest */
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_null(strstr(daemon.log, "chain:"));
}
END_TEST

void
suite_add(TCase *tc)
{
	TCase *waiting;

	storage_need();
	waiting = suite_waiting_case();
	tcase_add_checked_fixture(waiting, set_up, tear_down);
	tcase_add_test(waiting, old_carts_are_forgotten_while_it_serves);
	waiting = suite_waiting_case();
	tcase_add_checked_fixture(waiting, set_up, tear_down);
	tcase_add_test(waiting,
	    nothing_is_forgotten_before_the_clock_is_believed);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, addresses_are_kept_as_the_settings_say, 0,
	    sizeof(kept) / sizeof(kept[0]));
	tcase_add_test(tc, what_is_refused_is_on_record);
	tcase_add_test(tc, the_chains_end_is_logged_at_the_end);
	tcase_add_test(tc,
	    no_line_is_logged_without_a_journal_or_when_not_wanted);
}
