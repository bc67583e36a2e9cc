#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "config/address.h"
#include "config/api_keys.h"
#include "config/endpoint.h"
#include "config/options.h"
#include "config/options_read.h"
#include "config/reload.h"
#include "suite.h"
#include "ticket_maker.h"
#include "wire/ticket_key.h"

#define ARGS_MAX 16
#define OUTPUT_BYTES 16384
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char suite_name[] = "options";

static char dir[64];
static char path[80];			/* of the configuration file in dir */
static char output[OUTPUT_BYTES];	/* what the latest run printed */
static struct options options;

static void
setup(void)
{
	ck_assert_int_eq(unsetenv("PROTOCOL"), 0);
	ck_assert_int_eq(unsetenv("STATE_DIRECTORY"), 0);
	ck_assert_int_eq(unsetenv("XDG_STATE_HOME"), 0);
	ck_assert_int_eq(setenv("HOME", "/home/shop", 1), 0);
	(void)snprintf(dir, sizeof(dir), "check_options.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/conf", dir);
}

static void
teardown(void)
{
	options_clear(&options);
	ck_assert(unlink(path) == 0 || errno == ENOENT);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
write_file_at(const char *name, const char *text, size_t len)
{
	FILE *file = fopen(name, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static void
write_file(const char *text, size_t len)
{
	write_file_at(path, text, len);
}

static int
split(char *line, char **argv)
{
	int argc = 0;
	char *arg;

	while ((arg = strsep(&line, " ")) != NULL) {
		ck_assert_int_lt(argc, ARGS_MAX - 1);
		argv[argc++] = arg;
	}
	argv[argc] = NULL;
	return argc;
}

/* Read the options of a command line whose words are separated by spaces. */
static int
run(const char *line)
{
	char copy[PATH_MAX], *argv[ARGS_MAX];
	FILE *file = tmpfile();
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	int argc, status;

	(void)snprintf(copy, sizeof(copy), "%s", line);
	argc = split(copy, argv);
	ck_assert(file != NULL && out != -1 && err != -1);
	ck_assert_int_eq(fflush(stdout), 0);
	ck_assert_int_ne(dup2(fileno(file), STDOUT_FILENO), -1);
	ck_assert_int_ne(dup2(fileno(file), STDERR_FILENO), -1);
	options_clear(&options);
	status = options_read(argc, argv, &options);
	ck_assert_int_eq(fflush(stdout), 0);
	ck_assert_int_ne(dup2(out, STDOUT_FILENO), -1);
	ck_assert_int_ne(dup2(err, STDERR_FILENO), -1);
	rewind(file);
	output[fread(output, 1, sizeof(output) - 1, file)] = '\0';
	ck_assert_int_eq(fclose(file) | close(out) | close(err), 0);
	return status;
}

/* The same with "-c" and a file that holds text. */
static int
run_file(const char *text, const char *more)
{
	char line[512];

	write_file(text, strlen(text));
	(void)snprintf(line, sizeof(line), "x -c %s%s", path, more);
	return run(line);
}

/* Whether the output is expected, with the path of the file where it has @. */
static bool
output_is(const char *expected)
{
	const char *o = output;

	for (; *expected != '\0'; expected++) {
		size_t n = *expected == '@' ? strlen(path) : 1;

		if (strncmp(o, *expected == '@' ? path : expected, n) != 0)
			return false;
		o += n;
	}
	return *o == '\0';
}

struct number_case {
	const char *key;
	size_t	 offset;
	size_t	 size;
	uint64_t initial;
	uint64_t max;
};

#define NUMBER(key, name, initial, max) { (key), \
	offsetof(struct options, name), sizeof(options.name), (initial), (max) }

static const struct number_case numbers[] = {
	NUMBER("max-message", max_message, 262144, 1073741824),
	NUMBER("max-customers", max_customers, 50, 100000),
	NUMBER("max-remembered", max_remembered, 200, 100000),
	NUMBER("max-session-carts", max_session_carts, 2097152, 1073741824),
	NUMBER("max-connections", max_connections, 10000, 10000000),
	NUMBER("max-connections-per-address", max_connections_per_address,
	    1000, 10000000),
	NUMBER("max-connections-per-customer", max_connections_per_customer,
	    16, 10000000),
	NUMBER("session-output-rate", session_output_rate, 67108864,
	    1073741824),
	NUMBER("max-unsent", max_unsent, 134217728, 1099511627776),
	NUMBER("message-rate", message_rate_per_s, 100, 1000000),
	NUMBER("message-burst", message_burst, 200, 1000000),
	NUMBER("max-say", max_say, 4096, 1073741824),
	NUMBER("max-said", max_said, 16777216, 1099511627776),
	NUMBER("say-rate", say_rate_per_s, 10, 1000000),
	NUMBER("say-burst", say_burst, 20, 1000000),
	NUMBER("new-session-rate", new_session_rate_per_min, 60, 1000000),
	NUMBER("max-sessions", max_sessions, 0, 10000000),
	NUMBER("join-rate", join_rate_per_min, 600, 1000000),
	NUMBER("session-write-rate", session_write_rate, 524288, 1073741824),
	NUMBER("session-write-day", session_write_day, 1073741824,
	    1099511627776),
	NUMBER("address-write-rate", address_write_rate, 1048576, 1073741824),
	NUMBER("address-write-day", address_write_day, 4294967296,
	    1099511627776),
	NUMBER("min-free-space", min_free_space, 134217728, 1099511627776),
	NUMBER("max-held-polls", max_held_polls, 4, 100000),
	NUMBER("head-timeout", head_timeout_s, 10, 86400),
	NUMBER("body-timeout", body_timeout_s, 30, 86400),
	NUMBER("join-timeout", join_timeout_s, 120, 86400),
	NUMBER("ping-interval", ping_interval_s, 25, 86400),
	NUMBER("pong-timeout", pong_timeout_s, 20, 86400),
	NUMBER("stall-timeout", stall_timeout_s, 30, 86400),
	NUMBER("send-timeout", send_timeout_s, 120, 86400),
	NUMBER("poll-presence", poll_presence_s, 75, 31536000),
	NUMBER("presence-grace", presence_grace_s, 4, 31536000),
	NUMBER("absence-window", absence_window_s, 60, 31536000),
	NUMBER("absence-window-tokenless", absence_window_tokenless_s, 5,
	    31536000),
	NUMBER("session-ttl", session_ttl_s, 86400, 31536000),
	NUMBER("lock-time", lock_time_s, 900, 31536000),
	NUMBER("clock-grace", clock_grace_s, 7200, 31536000),
	NUMBER("drain-time", drain_time_s, 5, 3600),
	NUMBER("journal-retention", journal_retention_s, 7776000, 3153600000),
	NUMBER("audit-retention", audit_retention_s, 0, 3153600000),
	NUMBER("audit-anchor-interval", audit_anchor_interval_s, 600, 86400),
	NUMBER("websocket-compression-rate", websocket_compression_rate,
	    8388608, 1073741824),
	NUMBER("websocket-inflation-rate", websocket_inflation_rate,
	    1048576, 1073741824),
};

static uint64_t
number_value(const struct number_case *c)
{
	const char *field = (const char *)&options + c->offset;
	unsigned small;
	size_t large;

	if (c->size == sizeof(small)) {
		memcpy(&small, field, sizeof(small));
		return small;
	}
	memcpy(&large, field, sizeof(large));
	return large;
}

/* Place i to listen, in memory of this function. */
static const char *
listen_text(size_t i)
{
	static char text[ENDPOINT_TEXT_MAX + 1];

	ck_assert_uint_lt(i, options.listen_count);
	endpoint_format(&options.listen[i], text);
	return text;
}

START_TEST(without_arguments_all_settings_have_their_defaults)
{
	size_t i;

	ck_assert_int_eq(run("x"), OPTIONS_RUN);

	for (i = 0; i < COUNT(numbers); i++)
		ck_assert_msg(number_value(&numbers[i]) == numbers[i].initial,
		    "%s", numbers[i].key);
	ck_assert_str_eq(listen_text(0), "[::]:8080");
	ck_assert_uint_eq(options.listen_count, 1);
	ck_assert_uint_eq(options.listen_access.mode, 0660);
	ck_assert(!options.require_tokens && !options.checkout_barrier &&
	    !options.websocket_compression && !options.demo &&
	    !options.core_dumps);
	ck_assert_str_eq(options.subprotocol, "");
	ck_assert_str_eq(options.base_path, "/");
	ck_assert_uint_eq(options.allowed_origins_count, 1);
	ck_assert_str_eq(options.allowed_origins[0], "*");
	ck_assert_uint_eq(options.trusted_proxies_count, 0);
	ck_assert_uint_eq(options.fastcgi_listen_count, 0);
	ck_assert_uint_eq(options.fastcgi_access.mode, 0660);
	ck_assert_uint_eq(options.fastcgi_access.owner, (uid_t)-1);
	ck_assert_uint_eq(options.fastcgi_access.group, (gid_t)-1);
	ck_assert_int_eq(options.log_level, LOG_LEVEL_INFO);
	ck_assert_int_eq(options.log_addresses, ADDRESS_FULL);
	ck_assert_str_eq(output, "");
}
END_TEST

START_TEST(a_number_reaches_its_own_field_from_every_source)
{
	char line[128], text[128];
	size_t i, k;

	for (i = 0; i < COUNT(numbers); i++) {
		(void)snprintf(line, sizeof(line), "x -o %s=7",
		    numbers[i].key);
		ck_assert_int_eq(run(line), OPTIONS_RUN);
		for (k = 0; k < COUNT(numbers); k++)
			ck_assert_msg(number_value(&numbers[k]) ==
			    (k == i ? 7 : numbers[k].initial), "%s: %s", line,
			    numbers[k].key);

		(void)snprintf(text, sizeof(text), "%s = 8\n",
		    numbers[i].key);
		ck_assert_int_eq(run_file(text, ""), OPTIONS_RUN);
		ck_assert_msg(number_value(&numbers[i]) == 8, "%s", text);
	}
}
END_TEST

START_TEST(a_number_is_taken_up_to_its_range)
{
	char line[128], expected[128];
	size_t i;

	for (i = 0; i < COUNT(numbers); i++) {
		(void)snprintf(line, sizeof(line), "x -t -o %s=%ju",
		    numbers[i].key, (uintmax_t)numbers[i].max);
		ck_assert_msg(run(line) == EX_OK, "%s: %s", line, output);

		(void)snprintf(line, sizeof(line), "x -t -o %s=%ju",
		    numbers[i].key, (uintmax_t)numbers[i].max + 1);
		(void)snprintf(expected, sizeof(expected),
		    "-o: %s: not a number from 0 to %ju\n", numbers[i].key,
		    (uintmax_t)numbers[i].max);
		ck_assert_msg(run(line) == EX_CONFIG, "%s", line);
		ck_assert_str_eq(output, expected);
	}
}
END_TEST

START_TEST(what_is_no_decimal_number_is_refused)
{
	static const char *const values[] = {
		"", "-1", "+1", "0x10", "1k", "1.5", "1e3", "yes", "1,2",
		"18446744073709551616", "18446744073709551626",
		"99999999999999999999999999",
	};
	char line[128];
	size_t i;

	for (i = 0; i < COUNT(values); i++) {
		(void)snprintf(line, sizeof(line), "x -o max-message=%s",
		    values[i]);
		ck_assert_msg(run(line) == EX_CONFIG, "%s", line);
	}
}
END_TEST

START_TEST(a_switch_is_told_in_three_ways)
{
	static const char *const yes[] = { "yes", "true", "on" };
	static const char *const no[] = { "no", "false", "off" };
	char text[128];
	size_t i;

	for (i = 0; i < COUNT(yes); i++) {
		(void)snprintf(text, sizeof(text), "require-tokens = %s\n"
		    "checkout-barrier = %s\nwebsocket-compression = %s\n",
		    yes[i], yes[i], yes[i]);
		ck_assert_int_eq(run_file(text, ""), OPTIONS_RUN);
		ck_assert(options.require_tokens && options.checkout_barrier &&
		    options.websocket_compression);

		(void)snprintf(text, sizeof(text), " -o require-tokens=%s",
		    no[i]);
		ck_assert_int_eq(run_file("require-tokens = yes", text),
		    OPTIONS_RUN);
		ck_assert(!options.require_tokens);
	}
}
END_TEST

START_TEST(each_switch_reaches_its_own_field)
{
	ck_assert_int_eq(run("x -o require-tokens=yes"), OPTIONS_RUN);
	ck_assert(options.require_tokens && !options.checkout_barrier &&
	    !options.websocket_compression);
	ck_assert_int_eq(run("x -o checkout-barrier=yes"), OPTIONS_RUN);
	ck_assert(!options.require_tokens && options.checkout_barrier &&
	    !options.websocket_compression);
	ck_assert_int_eq(run("x -o websocket-compression=yes"), OPTIONS_RUN);
	ck_assert(!options.require_tokens && !options.checkout_barrier &&
	    options.websocket_compression && !options.core_dumps);
	ck_assert_int_eq(run("x -o core-dumps=yes"), OPTIONS_RUN);
	ck_assert(!options.websocket_compression && options.core_dumps);
}
END_TEST

START_TEST(addresses_are_logged_as_wanted)
{
	static const struct {
		const char *line;
		enum address_detail detail;
	} cases[] = {
		{ "x", ADDRESS_FULL },
		{ "x -o log-addresses=prefix", ADDRESS_PREFIX },
		{ "x -o log-addresses=none", ADDRESS_NONE },
		{ "x -o log-addresses=none -o log-addresses=full",
		    ADDRESS_FULL },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(run(cases[i].line), OPTIONS_RUN);
		ck_assert_msg(options.log_addresses == cases[i].detail, "%s",
		    cases[i].line);
	}
}
END_TEST

START_TEST(log_level_is_set_by_name_or_by_verbose)
{
	static const struct {
		const char *line;
		enum log_level level;
	} cases[] = {
		{ "x -o log-level=error", LOG_LEVEL_ERROR },
		{ "x -o log-level=warning", LOG_LEVEL_WARNING },
		{ "x -o log-level=info", LOG_LEVEL_INFO },
		{ "x -o log-level=debug", LOG_LEVEL_DEBUG },
		{ "x -v", LOG_LEVEL_DEBUG },
		{ "x --verbose -o log-level=error", LOG_LEVEL_DEBUG },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(run(cases[i].line), OPTIONS_RUN);
		ck_assert_msg(options.log_level == cases[i].level, "%s",
		    cases[i].line);
	}
}
END_TEST

START_TEST(lists_are_taken_in_braces_and_with_commas)
{
	static const char *const sources[][2] = {
		{ "allowed-origins = {\"https://a.example\",\n"
		    "    'http://b.example:8000'} # two\n"
		    "trusted-proxies = {10.0.0.0/8, \"::1\", unix}\n", "" },
		{ "allowed-origins = \"https://a.example,"
		    "http://b.example:8000\"\n"
		    "trusted-proxies = \"10.0.0.0/8,::1,unix\"\n", "" },
		{ "", " -o allowed-origins=https://a.example,"
		    "http://b.example:8000"
		    " -o trusted-proxies=10.0.0.0/8,::1,unix" },
	};
	size_t i;

	for (i = 0; i < COUNT(sources); i++) {
		ck_assert_int_eq(run_file(sources[i][0], sources[i][1]),
		    OPTIONS_RUN);
		ck_assert_uint_eq(options.allowed_origins_count, 2);
		ck_assert_str_eq(options.allowed_origins[1],
		    "http://b.example:8000");
		ck_assert_uint_eq(options.trusted_proxies_count, 3);
		ck_assert_uint_eq(options.trusted_proxies[0].bits, 104);
		ck_assert(!options.trusted_proxies[2].address.is_known);
	}
}
END_TEST

START_TEST(sockets_are_taken_with_mode_and_owner)
{
	ck_assert_int_eq(run_file("fastcgi-listen = "
	    "{unix:/run/x.sock, 127.0.0.1:9000, '[::1]:9000'}\n"
	    "fastcgi-mode = 0600\nfastcgi-owner = 'root:7'\n", ""),
	    OPTIONS_RUN);
	ck_assert_uint_eq(options.fastcgi_listen_count, 3);
	ck_assert_int_eq(options.fastcgi_listen[0].address.ss_family, AF_UNIX);
	ck_assert_int_eq(options.fastcgi_listen[2].address.ss_family,
	    AF_INET6);
	ck_assert_uint_eq(options.fastcgi_access.mode, 0600);
	ck_assert_uint_eq(options.fastcgi_access.owner, 0);
	ck_assert_uint_eq(options.fastcgi_access.group, 7);

	ck_assert_int_eq(run("x -o fastcgi-listen=unix:/a,[::1]:1"
	    " -o fastcgi-mode=0777 -o fastcgi-owner=:root"), OPTIONS_RUN);
	ck_assert_uint_eq(options.fastcgi_listen_count, 2);
	ck_assert_uint_eq(options.fastcgi_access.mode, 0777);
	ck_assert_uint_eq(options.fastcgi_access.owner, (uid_t)-1);
	ck_assert_uint_eq(options.fastcgi_access.group, 0);
}
END_TEST

START_TEST(a_list_may_be_empty)
{
	ck_assert_int_eq(run_file("allowed-origins = {}\n", ""), OPTIONS_RUN);
	ck_assert_uint_eq(options.allowed_origins_count, 0);

	ck_assert_int_eq(run_file("trusted-proxies = unix",
	    " -o trusted-proxies= -o allowed-origins="), OPTIONS_RUN);
	ck_assert_uint_eq(options.allowed_origins_count, 0);
	ck_assert_uint_eq(options.trusted_proxies_count, 0);
}
END_TEST

START_TEST(texts_that_are_right_are_taken)
{
	static const char *const lines[] = {
		"x -o subprotocol=shop.v1+json", "x -o subprotocol=",
		"x -o base-path=/", "x -o base-path=/a/b%20c/~(d);e=@:/",
		"x -o admin-listen=unix:/run/shop/admin",
		"x -o admin-listen=none", "x -o admin-listen=",
		"x -o admin-listen=127.0.0.1:8081,unix:/run/a,[::1]:0",
		"x -o admin-listen=none,127.8.0.1:1",
		"x -o allowed-origins=*",
		"x -o allowed-origins=https://a,*",
		"x -o trusted-proxies=192.0.2.1",
		"x -o trusted-proxies=2001:db8::/32",
		"x -o ticket-audience=https://shop.example/,\xc3\xa4",
		"x -o require-tickets=no",
	};
	size_t i;

	for (i = 0; i < COUNT(lines); i++)
		ck_assert_msg(run(lines[i]) == OPTIONS_RUN, "%s: %s",
		    lines[i], output);
}
END_TEST

START_TEST(texts_that_are_wrong_are_refused_with_their_key)
{
	static const char *const pairs[] = {
		"database=my.db", "database=/d/", "database=./d",
		"subprotocol=a,b", "subprotocol=a/b", "subprotocol=\xc3\xa4",
		"base-path=", "base-path=a/", "base-path=a", "base-path=/a?/",
		"base-path=/%2/", "base-path=/%zz/", "base-path=/#/",
		"base-path=/\x01/", "allowed-origins=https://a/",
		"allowed-origins=a.example", "allowed-origins=https://a,,*",
		"allowed-origins=https://a,", "trusted-proxies=shop",
		"trusted-proxies=10.0.0.0/33", "trusted-proxies=10.0.0.1,",
		"require-tokens=maybe", "require-tokens=", "require-tokens=YES",
		"fastcgi-listen=9000", "fastcgi-listen=unix:x",
		"fastcgi-listen=unix:/a,", "fastcgi-listen=localhost:1",
		"fastcgi-mode=", "fastcgi-mode=0888", "fastcgi-mode=1777",
		"fastcgi-mode=00660", "fastcgi-mode=u+rw",
		"fastcgi-owner=nobody.here", "fastcgi-owner=root:nowhere",
		"fastcgi-owner=root:", "fastcgi-owner=4294967295",
		"log-addresses=half", "log-addresses=", "log-addresses=Full",
		"admin-listen=/run/x", "admin-listen=unix:x",
		"admin-listen=None", "admin-listen=0.0.0.0:80",
		"admin-listen=192.0.2.1:80", "admin-listen=[::]:80",
		"admin-listen=[2001:db8::1]:80", "admin-listen=80",
		"admin-listen=localhost:80", "admin-listen=unix:/a,unix:/b",
		"admin-listen=unix:/a,none", "admin-listen=127.0.0.1:80,",
		"require-tickets=maybe", "require-tickets=",
		"require-tickets=join", "ticket-keys=a.pem",
		"ticket-keys=/a/", "ticket-keys=/a.pem,",
		"ticket-audience=\x7f", "ticket-audience=a\tb",
		"ticket-audience=\xff", "ticket-audience=\xc3",
		"log-level=loud", "log-level=", "log-level=7",
	};
	char line[128], expected[64];
	size_t i;

	for (i = 0; i < COUNT(pairs); i++) {
		(void)snprintf(line, sizeof(line), "x -t -o %s", pairs[i]);
		(void)snprintf(expected, sizeof(expected), "-o: %.*s: not ",
		    (int)strcspn(pairs[i], "="), pairs[i]);
		ck_assert_msg(run(line) == EX_CONFIG, "%s", line);
		ck_assert_msg(strncmp(output, expected, strlen(expected)) == 0,
		    "%s: %s", line, output);
	}
}
END_TEST

START_TEST(a_subprotocol_has_at_most_255_characters)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "x -o subprotocol=%0255d", 0);
	ck_assert_int_eq(run(line), OPTIONS_RUN);
	(void)snprintf(line, sizeof(line), "x -o subprotocol=%0256d", 0);
	ck_assert_int_eq(run(line), EX_CONFIG);
}
END_TEST

START_TEST(each_text_reaches_its_own_field)
{
	ck_assert_int_eq(run("x -o subprotocol=s -o base-path=/p/"),
	    OPTIONS_RUN);
	ck_assert_str_eq(options.subprotocol, "s");
	ck_assert_str_eq(options.base_path, "/p/");
}
END_TEST

START_TEST(base_path_has_a_slash_at_its_end_and_one_spelling)
{
	/* What is said, and what it is compared as. */
	static const char *const paths[][2] = {
		{ "/", "/" }, { "//", "/" }, { "/p", "/p/" },
		{ "/p/q/", "/p/q/" }, { "//p///q", "/p/q/" },
		{ "/%70%2fq%c3%a9", "/p/q%C3%A9/" }, { "/p/../q/.", "/q/" },
		{ "/..", "/" }, { "/aaaa/../b", "/b/" },
		{ "/shop/%2e%2e/s", "/s/" },
	};
	char line[64];
	size_t i;

	for (i = 0; i < COUNT(paths); i++) {
		(void)snprintf(line, sizeof(line), "x -o base-path=%s",
		    paths[i][0]);
		ck_assert_int_eq(run(line), OPTIONS_RUN);
		ck_assert_str_eq(options.base_path, paths[i][1]);
	}
}
END_TEST

START_TEST(option_wins_over_environment_over_file_over_default)
{
	ck_assert_int_eq(run_file("subprotocol = file", ""), OPTIONS_RUN);
	ck_assert_str_eq(options.subprotocol, "file");

	ck_assert_int_eq(setenv("PROTOCOL", "environment", 1), 0);
	ck_assert_int_eq(run_file("subprotocol = file", ""), OPTIONS_RUN);
	ck_assert_str_eq(options.subprotocol, "environment");

	ck_assert_int_eq(run_file("subprotocol = file",
	    " -o subprotocol=first -o subprotocol=last"), OPTIONS_RUN);
	ck_assert_str_eq(options.subprotocol, "last");

	ck_assert_int_eq(run_file("subprotocol = file", " -o subprotocol="),
	    OPTIONS_RUN);
	ck_assert_str_eq(options.subprotocol, "");
}
END_TEST

START_TEST(an_empty_environment_turns_the_subprotocol_off)
{
	ck_assert_int_eq(setenv("PROTOCOL", "", 1), 0);

	ck_assert_int_eq(run_file("subprotocol = file", ""), OPTIONS_RUN);

	ck_assert_str_eq(options.subprotocol, "");
}
END_TEST

START_TEST(a_wrong_environment_is_refused)
{
	ck_assert_int_eq(setenv("PROTOCOL", "a b", 1), 0);

	ck_assert_int_eq(run("x -t"), EX_CONFIG);

	ck_assert_ptr_nonnull(strstr(output, "PROTOCOL: subprotocol: not "));
}
END_TEST

START_TEST(the_database_is_where_option_or_environment_say)
{
	static const struct {
		const char *line, *state, *xdg, *home, *database;
	} cases[] = {
		{ "x -d my.db", "/s", "/x", "/h", "my.db" },
		{ "x --database=my.db", "/s", "/x", "/h", "my.db" },
		{ "x -o database=/d/my.db", "/s", "/x", "/h", "/d/my.db" },
		{ "x -o database=/d -d my.db", "/s", "/x", "/h", "my.db" },
		{ "x -o database=", "/s", "/x", "/h", "/s/buddyshopping.db" },
		{ "x", "/s", "/x", "/h", "/s/buddyshopping.db" },
		{ "x", "/s:/t", "/x", "/h", "/s/buddyshopping.db" },
		{ "x", "", "/x", "/h", "/x/buddyshopping/buddyshopping.db" },
		{ "x", "", "x", "/h",
		    "/h/.local/state/buddyshopping/buddyshopping.db" },
		{ "x", "", "", "/h",
		    "/h/.local/state/buddyshopping/buddyshopping.db" },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(setenv("STATE_DIRECTORY", cases[i].state, 1),
		    0);
		ck_assert_int_eq(setenv("XDG_STATE_HOME", cases[i].xdg, 1),
		    0);
		ck_assert_int_eq(setenv("HOME", cases[i].home, 1), 0);
		ck_assert_int_eq(run(cases[i].line), OPTIONS_RUN);
		ck_assert_str_eq(options.database, cases[i].database);
	}
}
END_TEST

START_TEST(without_any_place_for_the_database_it_must_be_given)
{
	ck_assert_int_eq(unsetenv("HOME"), 0);

	ck_assert_int_eq(run("x -d my.db"), OPTIONS_RUN);
	ck_assert_int_eq(run("x -t"), EX_OK);
	ck_assert_int_eq(run("x"), EX_USAGE);

	ck_assert_ptr_nonnull(strstr(output, "use -d"));
}
END_TEST

START_TEST(the_port_is_a_number_of_16_bits)
{
	ck_assert_int_eq(run("x 0"), OPTIONS_RUN);
	ck_assert_str_eq(listen_text(0), "[::]:0");
	ck_assert_int_eq(run("x 65535 -v"), OPTIONS_RUN);
	ck_assert_str_eq(listen_text(0), "[::]:65535");
	ck_assert_int_eq(run("x 000000000000000000000000000000000000000080"),
	    OPTIONS_RUN);
	ck_assert_str_eq(listen_text(0), "[::]:80");
}
END_TEST

START_TEST(a_port_wins_over_all_places_to_listen)
{
	ck_assert_int_eq(run_file("listen = 127.0.0.1:7",
	    " -o listen=unix:/a,[::1]:8 9"), OPTIONS_RUN);
	ck_assert_uint_eq(options.listen_count, 1);
	ck_assert_str_eq(listen_text(0), "[::]:9");
}
END_TEST

START_TEST(there_may_be_several_places_to_listen_or_none)
{
	ck_assert_int_eq(run_file("listen = {'127.0.0.1:7', 'unix:/run/a'}\n"
	    "listen-mode = 0600\nlisten-owner = ':7'\n", ""), OPTIONS_RUN);
	ck_assert_uint_eq(options.listen_count, 2);
	ck_assert_str_eq(listen_text(0), "127.0.0.1:7");
	ck_assert_str_eq(listen_text(1), "unix:/run/a");
	ck_assert_uint_eq(options.listen_access.mode, 0600);
	ck_assert_uint_eq(options.listen_access.group, 7);

	ck_assert_int_eq(run("x -o listen="), OPTIONS_RUN);
	ck_assert_uint_eq(options.listen_count, 0);
}
END_TEST

START_TEST(wrong_usage_points_to_the_help)
{
	static const char *const lines[] = {
		"x -x", "x --nonsense", "x -c", "x -o", "x --t=1", "x -d ",
		"x 1 2", "x 65536", "x http", "x -t 99999999999999999999",
		"x -- -1", "x ",
	};
	size_t i;

	for (i = 0; i < COUNT(lines); i++) {
		ck_assert_msg(run(lines[i]) == EX_USAGE, "%s", lines[i]);
		ck_assert_msg(strstr(output, " -h\"") != NULL, "%s: %s",
		    lines[i], output);
	}
}
END_TEST

START_TEST(a_valid_configuration_is_called_so)
{
	static const char *const texts[] = {
		"", "\n", "# nothing", "#=\n", "max-message = 1",
		"max-message=1\r\nmax-customers\t=\n 2 # \"{\n",
		"\"max-message\" = '5'", "base-path = \"/\\x61/\"",
		"subprotocol = 'a${b'#\n", "subprotocol = \"a\\${b\"",
	};
	size_t i;

	for (i = 0; i + 2 < COUNT(texts); i++) {
		ck_assert_msg(run_file(texts[i], " -t") == EX_OK, "%s: %s",
		    texts[i], output);
		ck_assert_str_eq(output, "configuration is valid\n");
	}
	/* A brace belongs into no subprotocol, but ${ was not expanded. */
	for (; i < COUNT(texts); i++) {
		ck_assert_int_eq(run_file(texts[i], " -t"), EX_CONFIG);
		ck_assert_ptr_nonnull(strstr(output, "1: subprotocol: not "));
	}
}
END_TEST

START_TEST(a_quoted_value_is_read_as_it_stands)
{
	ck_assert_int_eq(run_file("# comment\nsubprotocol = \"a#b\"\n"
	    "base-path = '/x#/'", " -t"), EX_CONFIG);
	ck_assert_int_eq(run_file("# comment\nsubprotocol = \"a#b\"", ""),
	    OPTIONS_RUN);
	ck_assert_str_eq(options.subprotocol, "a#b");
}
END_TEST

#define SYNTAX "not \"key = value\", \"key = {value, value}\" or " \
	"\"shop NAME {\"\n"
#define QUOTES "()+*$ stand in quotes only\n"

static const struct {
	const char *text;
	const char *output;		/* @ for the file's path */
} wrong_files[] = {
	{ "max-mesage = 1",
	    "@:1: max-mesage: unknown key; the nearest is max-message\n" },
	{ "# x\n\n# y\nlog-lvel = {a, b}\nbase = 1\n",
	    "@:4: log-lvel: unknown key; the nearest is log-level\n"
	    "@:5: base: unknown key; the nearest is base-path\n" },
	{ "max-customers = 1\n#\nmax-customers = 1\n",
	    "@:3: max-customers: is set above already\n" },
	{ "max-customers = 100001\n\nhead-timeout = soon",
	    "@:1: max-customers: not a number from 0 to 100000\n"
	    "@:3: head-timeout: not a number from 0 to 86400\n" },
	{ "max-customers = {1, 2}", "@:1: max-customers: "
	    "takes one value, no list\n" },
	{ "max-customers = {1}", "@:1: max-customers: "
	    "takes one value, no list\n" },
	{ "require-tokens = {}", "@:1: require-tokens: "
	    "takes one value, no list\n" },
	{ "trusted-proxies = {unix,\n\"x\"}", "@:1: trusted-proxies: not "
	    "addresses, prefixes such as 10.0.0.0/8, or unix\n" },
	{ "\nmax-customers 5\n", "@:2: " SYNTAX },
	{ "\n\nmax-customers", "@:3: " SYNTAX },
	{ "max-customers =\n", "@:2: " SYNTAX },
	{ "= 5", "@:1: " SYNTAX },
	{ "subprotocol = 'abc\n\n", "@:1: a quote is never closed\n" },
	{ "subprotocol = \"abc", "@:1: a quote is never closed\n" },
	{ "subprotocol = \"abc\\", "@:1: a quote is never closed\n" },
	{ "base-path = \"/\\400/\"", "@:1: " SYNTAX },
	{ "allowed-origins = {\"https://a\"", "@:1: " SYNTAX },
	{ "allowed-origins = \"https://a\"}", "@:1: " SYNTAX },
	{ "shop { max-message = 1 }", "@:1: " SYNTAX },
	{ "include(\"x\")", "@:1: " QUOTES "@:1: " QUOTES },
	{ "allowed-origins = *\n", "@:1: " QUOTES },
	{ "max-message += 4", "@:1: " QUOTES },
	{ "subprotocol = $HOME", "@:1: " QUOTES },
	{ "// x\n/* y */\n", "@:1: comments begin with #\n"
	    "@:2: comments begin with #\n" },
	{ "subprotocol = \"\n${HOME}\"", "@:2: ${ is not replaced by "
	    "anything: write \\${\n" },
	{ "a\033[2J = 1", "@:1: a??2J: unknown key; "
	    "the nearest is demo\n" },
};

START_TEST(everything_wrong_in_a_file_is_told_with_line_and_key)
{
	size_t i;

	for (i = 0; i < COUNT(wrong_files); i++) {
		ck_assert_msg(run_file(wrong_files[i].text, " -t") ==
		    EX_CONFIG, "%s", wrong_files[i].text);
		ck_assert_msg(output_is(wrong_files[i].output), "%s\n%s",
		    wrong_files[i].text, output);
	}
}
END_TEST

START_TEST(problems_of_all_sources_are_told_together)
{
	ck_assert_int_eq(setenv("PROTOCOL", "/", 1), 0);

	ck_assert_int_eq(run_file("a = 1", " -t -o b=1 -o max-message"),
	    EX_CONFIG);

	ck_assert_msg(output_is("@:1: a: unknown key; the nearest is "
	    "address-write-rate\n"
	    "PROTOCOL: subprotocol: not a subprotocol's name (letters, digits "
	    "and !#$%&'*+-.^_`|~)\n"
	    "-o: b: unknown key; the nearest is body-timeout\n"
	    "-o: max-message: no value: KEY=VALUE\n"), "%s", output);
}
END_TEST

START_TEST(problems_at_start_are_log_lines)
{
	ck_assert_int_eq(run("x -o log-level=x"), EX_CONFIG);

	ck_assert_str_eq(output, "<3>-o: log-level: not error, warning, info "
	    "or debug\n");
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_refused)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "x -t -c %s", path);
	ck_assert_int_eq(run(line), EX_CONFIG);
	ck_assert(output_is("@: No such file or directory\n"));

	(void)snprintf(line, sizeof(line), "x -t --config %s", dir);
	ck_assert_int_eq(run(line), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(output, "directory"));
}
END_TEST

START_TEST(a_file_that_is_no_text_is_refused)
{
	char line[128];

	(void)snprintf(line, sizeof(line), "x -t -c %s", path);
	write_file("a = 1\0", 6);
	ck_assert_int_eq(run(line), EX_CONFIG);
	ck_assert(output_is("@: holds a NUL byte\n"));
}
END_TEST

START_TEST(a_file_may_have_a_mebibyte_and_no_more)
{
	size_t max = 1 << 20;
	char *text = malloc(max + 1), line[128];

	ck_assert_ptr_nonnull(text);
	memset(text, '#', max + 1);
	(void)snprintf(line, sizeof(line), "x -t -c %s", path);

	write_file(text, max - BUFSIZ);
	ck_assert_int_eq(run(line), EX_OK);
	write_file(text, max + 1);
	ck_assert_int_eq(run(line), EX_CONFIG);
	ck_assert(output_is("@: File too large\n"));
	free(text);
}
END_TEST

/* Every key, another value than its default, and what a reload makes of it. */
static const struct {
	const char *key, *value;
	enum reload_change change;
} reloads[] = {
	{ "max-message", "7", RELOAD_ADOPTED },
	{ "max-customers", "7", RELOAD_ADOPTED },
	{ "max-remembered", "7", RELOAD_ADOPTED },
	{ "max-session-carts", "7", RELOAD_ADOPTED },
	{ "max-connections", "7", RELOAD_ADOPTED },
	{ "max-connections-per-address", "7", RELOAD_ADOPTED },
	{ "max-connections-per-customer", "7", RELOAD_ADOPTED },
	{ "session-output-rate", "7", RELOAD_ADOPTED },
	{ "max-unsent", "7", RELOAD_ADOPTED },
	{ "message-rate", "7", RELOAD_ADOPTED },
	{ "message-burst", "7", RELOAD_ADOPTED },
	{ "max-say", "7", RELOAD_ADOPTED },
	{ "max-said", "7", RELOAD_ADOPTED },
	{ "say-rate", "7", RELOAD_ADOPTED },
	{ "say-burst", "7", RELOAD_ADOPTED },
	{ "new-session-rate", "7", RELOAD_ADOPTED },
	{ "max-sessions", "7", RELOAD_ADOPTED },
	{ "join-rate", "7", RELOAD_ADOPTED },
	{ "session-write-rate", "7", RELOAD_ADOPTED },
	{ "session-write-day", "7", RELOAD_ADOPTED },
	{ "address-write-rate", "7", RELOAD_ADOPTED },
	{ "address-write-day", "7", RELOAD_ADOPTED },
	{ "min-free-space", "7", RELOAD_ADOPTED },
	{ "max-held-polls", "7", RELOAD_ADOPTED },
	{ "head-timeout", "7", RELOAD_ADOPTED },
	{ "body-timeout", "7", RELOAD_ADOPTED },
	{ "join-timeout", "7", RELOAD_ADOPTED },
	{ "ping-interval", "7", RELOAD_ADOPTED },
	{ "pong-timeout", "7", RELOAD_ADOPTED },
	{ "stall-timeout", "7", RELOAD_ADOPTED },
	{ "send-timeout", "7", RELOAD_ADOPTED },
	{ "poll-presence", "7", RELOAD_ADOPTED },
	{ "presence-grace", "7", RELOAD_ADOPTED },
	{ "absence-window", "7", RELOAD_ADOPTED },
	{ "absence-window-tokenless", "7", RELOAD_ADOPTED },
	{ "session-ttl", "7", RELOAD_ADOPTED },
	{ "lock-time", "7", RELOAD_ADOPTED },
	{ "clock-grace", "7", RELOAD_ADOPTED },
	{ "drain-time", "7", RELOAD_ADOPTED },
	{ "journal-retention", "7", RELOAD_ADOPTED },
	{ "audit-retention", "7", RELOAD_ADOPTED },
	{ "audit-anchor-interval", "7", RELOAD_ADOPTED },
	{ "require-tokens", "yes", RELOAD_ADOPTED },
	{ "require-tickets", NULL, RELOAD_ADOPTED },
	{ "ticket-audience", "shop", RELOAD_ADOPTED },
	{ "ticket-keys", NULL, RELOAD_ADOPTED },
	{ "checkout-barrier", "yes", RELOAD_ADOPTED },
	{ "websocket-compression", "yes", RELOAD_ADOPTED },
	{ "websocket-compression-rate", "7", RELOAD_ADOPTED },
	{ "websocket-inflation-rate", "7", RELOAD_ADOPTED },
	{ "demo", "yes", RELOAD_ADOPTED },
	{ "subprotocol", "shop", RELOAD_ADOPTED },
	{ "base-path", "/shop/", RELOAD_ADOPTED },
	{ "allowed-origins", "https://a.example", RELOAD_ADOPTED },
	{ "trusted-proxies", "10.0.0.0/8,unix", RELOAD_ADOPTED },
	{ "listen", "127.0.0.1:9000", RELOAD_NEEDS_RESTART },
	{ "listen-mode", "0600", RELOAD_NEEDS_RESTART },
	{ "listen-owner", "7:7", RELOAD_NEEDS_RESTART },
	{ "fastcgi-listen", "127.0.0.1:9000", RELOAD_NEEDS_RESTART },
	{ "fastcgi-mode", "0600", RELOAD_NEEDS_RESTART },
	{ "fastcgi-owner", "7:7", RELOAD_NEEDS_RESTART },
	{ "api-listen", "127.0.0.1:9000", RELOAD_NEEDS_RESTART },
	{ "api-mode", "0600", RELOAD_NEEDS_RESTART },
	{ "api-owner", "7:7", RELOAD_NEEDS_RESTART },
	{ "api-keys", "", RELOAD_ADOPTED },
	/* It needs a secret. */
	{ "webhook-url", NULL, RELOAD_ADOPTED },
	{ "webhook-secret", NULL, RELOAD_ADOPTED },
	{ "webhook-events", "session.ready,session.ended", RELOAD_ADOPTED },
	{ "webhook-allow-private", "yes", RELOAD_ADOPTED },
	{ "webhook-ca", "/srv/ca.pem", RELOAD_ADOPTED },
	{ "webhook-timeout", "7", RELOAD_ADOPTED },
	{ "webhook-retry-time", "7", RELOAD_ADOPTED },
	{ "database", "/srv/shop.db", RELOAD_NEEDS_RESTART },
	{ "key-file", "/proc/self/cwd/none.key", RELOAD_NEEDS_RESTART },
	{ "log-addresses", "none", RELOAD_ADOPTED },
	{ "admin-listen", "none", RELOAD_NEEDS_RESTART },
	{ "log-level", "debug", RELOAD_ADOPTED },
	{ "core-dumps", "yes", RELOAD_NEEDS_RESTART },
};

/* What was told of the latest adoption. */
struct told {
	unsigned count;
	char	 key[64];
	enum reload_change change;
};

static void
note_change(void *ctx, const char *key, enum reload_change change)
{
	struct told *told = ctx;

	told->count++;
	(void)snprintf(told->key, sizeof(told->key), "%s", key);
	told->change = change;
}

/* The way from / to where this runs, in whose own name may be a space. */
#define CWD "/proc/self/cwd/"

/* Read a command line with a file of one key, and more behind it. */
static void
run_with_key(const char *name, const char *more)
{
	char line[2 * PATH_MAX], text[96];
	int len = snprintf(text, sizeof(text), "%s %064d\n", name, 7);

	write_file(text, (size_t)len);
	(void)snprintf(line, sizeof(line), "x -o api-keys=" CWD "%s%s", path,
	    more);
	ck_assert_int_eq(run(line), OPTIONS_RUN);
}

/* Read "x -c FILE more" again; what was wrong is in lines. */
static int
read_again(const char *more, struct options *again, struct buf *lines)
{
	char line[PATH_MAX], *argv[ARGS_MAX];
	int argc;

	buf_init(lines, OUTPUT_BYTES);
	(void)snprintf(line, sizeof(line), "x -c %s%s", path, more);
	argc = split(line, argv);
	log_set_level(0);	/* the lines are looked at instead */
	return options_read_again(argc, argv, again, lines);
}

/* Keys of tickets, a.pem and b.pem, beside the configuration. */
static void
write_keys(char paths[2][PATH_MAX])
{
	int i;

	for (i = 0; i < 2; i++) {
		(void)snprintf(paths[i], PATH_MAX, CWD "%s/%c.pem", dir,
		    'a' + i);
		write_file_at(paths[i], ticket_maker_ed_pem,
		    strlen(ticket_maker_ed_pem));
	}
}

static void
remove_keys(char paths[2][PATH_MAX])
{
	ck_assert_int_eq(unlink(paths[0]), 0);
	ck_assert_int_eq(unlink(paths[1]), 0);
}

/* Let options become what a command line with a setting makes of them. */
static struct told
adopt(const char *key, const char *value)
{
	struct options fresh;
	struct told told = { .count = 0 };
	char more[PATH_MAX];

	fresh = options;	/* options_clear() in run() must not see it */
	options = (struct options){ .database = NULL };
	(void)snprintf(more, sizeof(more), " -o %s=%s", key, value);
	run_with_key("shop", more);
	reload_adopt(&fresh, &options, note_change, &told);
	options_clear(&options);
	options = fresh;
	return told;
}

START_TEST(a_reload_changes_every_setting_that_can_change_and_no_other)
{
	struct told told;
	size_t i;

	for (i = 0; i < COUNT(reloads); i++) {
		if (reloads[i].value == NULL)
			continue;
		run_with_key("shop", "");
		told = adopt(reloads[i].key, reloads[i].value);
		ck_assert_msg(told.count == 1, "%s", reloads[i].key);
		ck_assert_str_eq(told.key, reloads[i].key);
		ck_assert_int_eq(told.change, reloads[i].change);
		told = adopt(reloads[i].key, reloads[i].value);
		ck_assert_msg(told.count == (reloads[i].change ==
		    RELOAD_NEEDS_RESTART), "%s", reloads[i].key);
	}
}
END_TEST

START_TEST(a_reload_tells_of_other_keys_in_the_same_file)
{
	struct told told;

	run_with_key("old", "");
	told = adopt("demo", "no");
	ck_assert_uint_eq(told.count, 1);
	ck_assert_str_eq(told.key, "api-keys");
	ck_assert_int_eq(told.change, RELOAD_ADOPTED);
	ck_assert_str_eq(options.api_keys->list[0].name, "shop");
	ck_assert_uint_eq(adopt("demo", "no").count, 0);
}
END_TEST

START_TEST(a_wrong_path_of_keys_is_said_and_no_more)
{
	ck_assert_int_eq(run("x -o api-keys=keys -o api-listen=*:1"),
	    EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(output,
	    "api-keys: not a path that begins with /"));
	ck_assert_ptr_null(strstr(output, "nobody has a key"));
}
END_TEST

/* A key of a setting that names files, and a value that needs one. */
START_TEST(a_reload_reads_the_keys_of_tickets_again)
{
	char keys[2][PATH_MAX], line[PATH_MAX + 32], value[PATH_MAX + 32];
	struct told told;

	write_keys(keys);
	(void)snprintf(line, sizeof(line), " -o ticket-keys=%s", keys[0]);
	run_with_key("shop", line);
	told = adopt("ticket-keys", keys[0]);
	ck_assert_uint_eq(told.count, 0);
	told = adopt("ticket-keys", keys[1]);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_str_eq(told.key, "ticket-keys");
	ck_assert_int_eq(told.change, RELOAD_ADOPTED);
	ck_assert_ptr_nonnull(ticket_keys_find(options.ticket_keys, "b", 1));
	/* Another key in the same file. */
	write_file_at(keys[1], ticket_maker_es_pem,
	    strlen(ticket_maker_es_pem));
	told = adopt("ticket-keys", keys[1]);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_str_eq(ticket_key_algorithm(ticket_keys_find(
	    options.ticket_keys, "b", 1)), "ES256");
	(void)snprintf(value, sizeof(value), "start -o ticket-keys=%s",
	    keys[1]);
	told = adopt("require-tickets", value);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_str_eq(told.key, "require-tickets");
	ck_assert_int_eq(options.require_tickets, TICKET_TO_START);
	told = adopt("ticket-keys", "");
	ck_assert_uint_eq(told.count, 2);
	ck_assert_ptr_null(options.ticket_keys);
	remove_keys(keys);
}
END_TEST

START_TEST(one_bad_key_leaves_all_as_it_was)
{
	char keys[2][PATH_MAX], line[PATH_MAX + 64];
	struct options again;
	struct buf lines;

	write_keys(keys);
	write_file("", 0);
	(void)snprintf(line, sizeof(line), " -o ticket-keys=%s", keys[0]);
	ck_assert_int_eq(read_again(line, &again, &lines), 0);
	options_clear(&again);
	buf_clear(&lines);
	write_file_at(keys[0], "x", 1);
	ck_assert_int_eq(read_again(line, &again, &lines), -1);
	(void)snprintf(line, sizeof(line), "%s: ticket-keys: is no public key "
	    "in PEM\n", keys[0]);
	ck_assert_uint_eq(lines.len, strlen(line));
	ck_assert_int_eq(memcmp(buf_data(&lines), line, lines.len), 0);
	buf_clear(&lines);
	remove_keys(keys);
}
END_TEST

START_TEST(what_needs_a_ticket_needs_keys)
{
	char keys[2][PATH_MAX], line[PATH_MAX + 64];

	ck_assert_int_eq(run("x -t -o require-tickets=yes"), EX_CONFIG);
	ck_assert_str_eq(output, "require-tickets: needs ticket-keys\n");
	write_keys(keys);
	(void)snprintf(line, sizeof(line),
	    "x -o require-tickets=yes -o ticket-keys=%s", keys[0]);
	ck_assert_int_eq(run(line), OPTIONS_RUN);
	ck_assert_int_eq(options.require_tickets, TICKET_TO_TAKE_PART);
	remove_keys(keys);
	ck_assert_int_eq(run(line), EX_CONFIG);
}
END_TEST

START_TEST(what_a_reload_does_is_known_of_every_setting)
{
	const char *o;
	char line[80];
	size_t i = 0;

	ck_assert_int_eq(run("x -h"), EX_OK);
	for (o = strstr(output, "\n\n"); (o = strstr(o, "\n  ")) != NULL;
	    o += 3, i++) {
		ck_assert_uint_lt(i, COUNT(reloads));
		(void)snprintf(line, sizeof(line), "\n  %s=",
		    reloads[i].key);
		ck_assert_msg(strncmp(o, line, strlen(line)) == 0, "%s",
		    reloads[i].key);
		ck_assert_int_eq(strncmp(strchr(o + 1, '\n') - 10,
		    " [restart]", 10) == 0,
		    reloads[i].change == RELOAD_NEEDS_RESTART);
	}
	ck_assert_uint_eq(i, COUNT(reloads));
}
END_TEST

START_TEST(lists_differ_by_each_of_their_values)
{
	static const char *const pairs[][3] = {
		{ "allowed-origins", "http://a,http://b", "http://a" },
		{ "allowed-origins", "http://a,http://b", "http://a,http://c" },
		{ "allowed-origins", "http://a", "" },
		{ "trusted-proxies", "10.0.0.1", "10.0.0.2" },
		{ "trusted-proxies", "10.0.0.0/8", "10.0.0.0/9" },
		{ "trusted-proxies", "unix", "0.0.0.0" },
		{ "fastcgi-listen", "unix:/a", "unix:/b" },
		{ "fastcgi-owner", "7:7", "7:8" },
		{ "fastcgi-listen", "[::1]:9000", "[::1]:9001" },
	};
	char line[128];
	size_t i, k;

	for (i = 0; i < COUNT(pairs); i++)
		for (k = 1; k <= 2; k++) {
			(void)snprintf(line, sizeof(line), " -o %s=%s",
			    pairs[i][0], pairs[i][k]);
			run_with_key("shop", line);
			ck_assert_uint_eq(adopt(pairs[i][0],
			    pairs[i][k]).count, 0);
			ck_assert_uint_eq(adopt(pairs[i][0],
			    pairs[i][3 - k]).count, 1);
		}
}
END_TEST

START_TEST(command_line_and_environment_still_win_when_read_again)
{
	static const char text[] =
	    "subprotocol = file\nmax-message = 1\ndemo = yes\n";
	struct options again;
	struct buf lines;

	ck_assert_int_eq(setenv("PROTOCOL", "environment", 1), 0);
	write_file(text, sizeof(text) - 1);

	ck_assert_int_eq(read_again(" -o max-message=2", &again, &lines), 0);
	ck_assert_str_eq(again.subprotocol, "environment");
	ck_assert_uint_eq(again.max_message, 2);
	ck_assert(again.demo);
	ck_assert_uint_eq(lines.len, 0);
	options_clear(&again);
}
END_TEST

/* These take the place of those that may ask other machines. */
static unsigned lookups;

struct passwd *
getpwnam(const char *name)
{
	static struct passwd root = { .pw_uid = 0 };

	lookups++;
	return strcmp(name, "root") == 0 ? &root : NULL;
}

struct group *
getgrnam(const char *name)
{
	static struct group root = { .gr_gid = 0 };

	lookups++;
	return strcmp(name, "root") == 0 ? &root : NULL;
}

START_TEST(names_are_looked_up_by_a_start_and_not_by_a_reload)
{
	static const char text[] = "fastcgi-owner = 'root:root'\n";
	static const char more[] = " -o listen-owner=nobody.here:nowhere";
	struct told told = { .count = 0 };
	struct options again;
	struct buf lines;
	char line[128];

	write_file(text, sizeof(text) - 1);
	(void)snprintf(line, sizeof(line), "x -c %s", path);
	ck_assert_int_eq(run(line), OPTIONS_RUN);
	ck_assert_uint_eq(lookups, 2);

	ck_assert_int_eq(read_again(more, &again, &lines), 0);
	ck_assert_uint_eq(lookups, 2);
	reload_adopt(&options, &again, note_change, &told);
	ck_assert_uint_eq(told.count, 1);
	ck_assert_str_eq(told.key, "listen-owner");
	ck_assert_int_eq(told.change, RELOAD_NEEDS_RESTART);
	ck_assert_uint_eq(options.fastcgi_access.owner, 0);
	options_clear(&again);
	buf_clear(&lines);
}
END_TEST

static const struct {
	const char *text;	/* of the file; NULL if there is none */
	const char *problem;	/* behind the file's path */
} unfit_again[] = {
	{ "demo = yes\nhost = x\n", ":2: host: unknown key; the nearest is " },
	{ "max-message = x\n", ":1: max-message: not a number from 0 to " },
	{ "fastcgi-owner = '4294967295'\n", ":1: fastcgi-owner: not a user " },
	{ "fastcgi-owner = 'root:'\n", ":1: fastcgi-owner: not a group " },
	{ NULL, ": No such file or directory\n" },
};

START_TEST(what_is_wrong_when_read_again_is_told_in_lines)
{
	struct options again;
	struct buf lines;
	size_t i;

	for (i = 0; i < COUNT(unfit_again); i++) {
		(void)unlink(path);	/* may not be there */
		if (unfit_again[i].text != NULL)
			write_file(unfit_again[i].text,
			    strlen(unfit_again[i].text));
		ck_assert_int_eq(read_again("", &again, &lines), -1);
		ck_assert_int_eq(strncmp(buf_data(&lines), path,
		    strlen(path)), 0);
		ck_assert_int_eq(strncmp(buf_data(&lines) + strlen(path),
		    unfit_again[i].problem, strlen(unfit_again[i].problem)),
		    0);
		buf_clear(&lines);
	}
}
END_TEST

START_TEST(a_pipe_is_not_read_again)
{
	struct options again;
	struct buf lines;

	ck_assert_int_eq(mkfifo(path, S_IRUSR | S_IWUSR), 0);

	ck_assert_int_eq(read_again("", &again, &lines), -1);
	ck_assert_uint_gt(lines.len, 0);
	buf_clear(&lines);
}
END_TEST

START_TEST(help_names_every_setting_with_its_default)
{
	char expected[64];
	size_t i;

	ck_assert_int_eq(run("x -h -x"), EX_OK);

	for (i = 0; i < COUNT(numbers); i++) {
		(void)snprintf(expected, sizeof(expected), "\n  %s=%ju ",
		    numbers[i].key, (uintmax_t)numbers[i].initial);
		ck_assert_msg(strstr(output, expected) != NULL, "%s",
		    expected);
	}
	ck_assert_ptr_nonnull(strstr(output, "\n  allowed-origins=* "));
	ck_assert_ptr_nonnull(strstr(output, "\n  subprotocol= "));
	ck_assert_int_eq(run("x --help"), EX_OK);
}
END_TEST

START_TEST(version_names_program_and_libraries)
{
	ck_assert_int_eq(run("x -V"), EX_OK);
	ck_assert_int_eq(strncmp(output, "buddyshopping ", 14), 0);
	ck_assert_ptr_nonnull(strstr(output, "\nlibconfuse "));
	ck_assert_int_eq(run("x --version"), EX_OK);
}
END_TEST

void
suite_add(TCase *tc)
{
	static const TTest *const *const tests[] = {
		&without_arguments_all_settings_have_their_defaults,
		&a_number_reaches_its_own_field_from_every_source,
		&a_number_is_taken_up_to_its_range,
		&what_is_no_decimal_number_is_refused,
		&a_switch_is_told_in_three_ways,
		&each_switch_reaches_its_own_field,
		&addresses_are_logged_as_wanted,
		&log_level_is_set_by_name_or_by_verbose,
		&lists_are_taken_in_braces_and_with_commas,
		&sockets_are_taken_with_mode_and_owner,
		&a_list_may_be_empty,
		&texts_that_are_right_are_taken,
		&texts_that_are_wrong_are_refused_with_their_key,
		&a_subprotocol_has_at_most_255_characters,
		&each_text_reaches_its_own_field,
		&base_path_has_a_slash_at_its_end_and_one_spelling,
		&option_wins_over_environment_over_file_over_default,
		&an_empty_environment_turns_the_subprotocol_off,
		&a_wrong_environment_is_refused,
		&the_database_is_where_option_or_environment_say,
		&without_any_place_for_the_database_it_must_be_given,
		&the_port_is_a_number_of_16_bits,
		&a_port_wins_over_all_places_to_listen,
		&there_may_be_several_places_to_listen_or_none,
		&wrong_usage_points_to_the_help,
		&a_valid_configuration_is_called_so,
		&a_quoted_value_is_read_as_it_stands,
		&everything_wrong_in_a_file_is_told_with_line_and_key,
		&problems_of_all_sources_are_told_together,
		&problems_at_start_are_log_lines,
		&a_file_that_cannot_be_read_is_refused,
		&a_file_that_is_no_text_is_refused,
		&a_file_may_have_a_mebibyte_and_no_more,
		&a_reload_changes_every_setting_that_can_change_and_no_other,
		&a_reload_tells_of_other_keys_in_the_same_file,
		&a_wrong_path_of_keys_is_said_and_no_more,
		&a_reload_reads_the_keys_of_tickets_again,
		&one_bad_key_leaves_all_as_it_was,
		&what_needs_a_ticket_needs_keys,
		&what_a_reload_does_is_known_of_every_setting,
		&lists_differ_by_each_of_their_values,
		&command_line_and_environment_still_win_when_read_again,
		&what_is_wrong_when_read_again_is_told_in_lines,
		&a_pipe_is_not_read_again,
		&help_names_every_setting_with_its_default,
		&version_names_program_and_libraries,
	};
	size_t i;

	tcase_add_test(tc,
	    names_are_looked_up_by_a_start_and_not_by_a_reload);
	tcase_add_checked_fixture(tc, setup, teardown);
	for (i = 0; i < COUNT(tests); i++)
		tcase_add_test(tc, *tests[i]);
}
