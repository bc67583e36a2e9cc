#include "suite.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "config/endpoint.h"

const char suite_name[] = "endpoint";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* 9 bytes, and a path of 107 of them and one of 108. */
#define NINE "/23456789"
#define PATH_107 NINE NINE NINE NINE NINE NINE NINE NINE NINE NINE NINE \
	"/2345678"

static const struct {
	const char *text;
	int	 family;
	const char *formatted;	/* NULL: the same */
} sound[] = {
	{ "unix:/run/buddyshopping/fastcgi.sock", AF_UNIX, NULL },
	{ "unix:/", AF_UNIX, NULL },
	{ "unix:/a:80", AF_UNIX, NULL },
	{ "unix:" PATH_107, AF_UNIX, NULL },
	{ "127.0.0.1:9000", AF_INET, NULL },
	{ "0.0.0.0:0", AF_INET, NULL },
	{ "192.0.2.1:65535", AF_INET, NULL },
	{ "192.0.2.1:00080", AF_INET, "192.0.2.1:80" },
	{ "[::1]:9000", AF_INET6, NULL },
	{ "[::]:1", AF_INET6, NULL },
	{ "*:9000", AF_INET6, "[::]:9000" },
	{ "[2001:DB8:0::1]:80", AF_INET6, "[2001:db8::1]:80" },
	{ "[::ffff:192.0.2.1]:80", AF_INET6, NULL },
};

START_TEST(endpoint_is_read_and_written)
{
	const char *formatted = sound[_i].formatted;
	char text[ENDPOINT_TEXT_MAX + 1];
	struct endpoint endpoint;

	ck_assert_ptr_null(endpoint_parse(sound[_i].text, &endpoint));
	endpoint_format(&endpoint, text);

	ck_assert_int_eq(endpoint.address.ss_family, sound[_i].family);
	ck_assert_str_eq(text, formatted == NULL ? sound[_i].text : formatted);
}
END_TEST

static const struct {
	const char *text;
	bool	 is_local;
} places[] = {
	{ "unix:/run/x", true },
	{ "127.0.0.1:80", true },
	{ "127.255.0.9:80", true },
	{ "[::1]:80", true },
	{ "[::ffff:127.0.0.1]:80", true },
	{ "192.0.2.1:80", false },
	{ "[2001:db8::1]:80", false },
	{ "*:80", false },
};

START_TEST(local_is_what_no_other_machine_reaches)
{
	struct endpoint endpoint;

	ck_assert_ptr_null(endpoint_parse(places[_i].text, &endpoint));
	ck_assert_int_eq(endpoint_is_local(&endpoint), places[_i].is_local);
}
END_TEST

static const struct {
	const char *text;
	const char *words;	/* of what is said about it */
} unsound[] = {
	{ "", "not unix:/path" },
	{ "unix", "not unix:/path" },
	{ "unix:", "begins with /" },
	{ "unix:run/x", "begins with /" },
	{ "unix:@x", "begins with /" },
	{ "UNIX:/x", "not unix:/path" },
	{ "/run/x", "not unix:/path" },
	{ "unix:" PATH_107 "9", "at most 107 bytes" },
	{ "9000", "not unix:/path" },
	{ ":9000", "not unix:/path" },
	{ "[*]:9000", "not unix:/path" },
	{ "**:9000", "not unix:/path" },
	{ "localhost:9000", "not unix:/path" },
	{ "127.0.0.1", "not unix:/path" },
	{ "127.0.0.1:", "not unix:/path" },
	{ "127.0.0.1:65536", "not unix:/path" },
	{ "127.0.0.1:000080", "not unix:/path" },
	{ "127.0.0.1:99999999999999999999", "not unix:/path" },
	{ "127.0.0.1:-1", "not unix:/path" },
	{ "127.0.0.1:+1", "not unix:/path" },
	{ "127.0.0.1: 1", "not unix:/path" },
	{ "127.0.0.1:80 ", "not unix:/path" },
	{ " 127.0.0.1:80", "not unix:/path" },
	{ "127.0.0.1:80/x", "not unix:/path" },
	{ "127.0.0:80", "not unix:/path" },
	{ "::1:80", "not unix:/path" },
	{ "[127.0.0.1]:80", "not unix:/path" },
	{ "[::1]", "not unix:/path" },
	{ "[::1:80", "not unix:/path" },
	{ "::1]:80", "not unix:/path" },
	{ "[]:80", "not unix:/path" },
	{ "[:80", "not unix:/path" },
	{ "]:80", "not unix:/path" },
	{ "[fe80::1%lo]:80", "not unix:/path" },
	{ "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
	    "not unix:/path" },
	{ "127.0.0.1:80,127.0.0.1:81", "not unix:/path" },
};

START_TEST(what_is_no_endpoint_is_called_so)
{
	struct endpoint endpoint;
	const char *problem = endpoint_parse(unsound[_i].text, &endpoint);

	ck_assert_ptr_nonnull(problem);
	ck_assert_msg(strstr(problem, unsound[_i].words) != NULL, "%s: %s",
	    unsound[_i].text, problem);
}
END_TEST

/* An endpoint whose path is len bytes, as the kernel says it. */
static struct endpoint
unix_endpoint(const char *path, size_t len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct endpoint endpoint = {
		.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
		    len),
	};

	memcpy(un.sun_path, path, len);
	memcpy(&endpoint.address, &un, sizeof(un));
	return endpoint;
}

START_TEST(sockets_of_others_have_all_kinds_of_names)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char text[ENDPOINT_TEXT_MAX + 1], longest[sizeof(path) + 1];
	struct endpoint endpoint = unix_endpoint("", 0);

	endpoint_format(&endpoint, text);
	ck_assert_str_eq(text, "unix:");
	endpoint = unix_endpoint("\0shop", 5);
	endpoint_format(&endpoint, text);
	ck_assert_str_eq(text, "unix:@shop");
	/* without a NUL: unix(7) */
	snprintf(longest, sizeof(longest), "%s", PATH_107 "9");
	memcpy(path, longest, sizeof(path));
	endpoint = unix_endpoint(path, sizeof(path));
	endpoint_format(&endpoint, text);
	ck_assert_int_eq(strncmp(text, "unix:" PATH_107, 112), 0);
}
END_TEST

/* The kernel counts a NUL behind it that does not fit (unix(7), "BUGS"). */
START_TEST(path_without_room_for_a_nul_is_written_whole)
{
	char text[ENDPOINT_TEXT_MAX + 1];
	struct endpoint endpoint = unix_endpoint(PATH_107 "9", 108);

	endpoint.len++;
	endpoint_format(&endpoint, text);

	ck_assert_str_eq(text, "unix:" PATH_107 "9");
}
END_TEST

START_TEST(longest_abstract_name_is_written_whole)
{
	char text[ENDPOINT_TEXT_MAX + 1], name[108] = "";
	struct endpoint endpoint;

	memset(&name[1], 'x', sizeof(name) - 1);
	endpoint = unix_endpoint(name, sizeof(name));
	endpoint_format(&endpoint, text);

	ck_assert_uint_eq(strlen(text), sizeof("unix:@") - 1 + 107);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, endpoint_is_read_and_written, 0, COUNT(sound));
	tcase_add_loop_test(tc, local_is_what_no_other_machine_reaches, 0,
	    COUNT(places));
	tcase_add_loop_test(tc, what_is_no_endpoint_is_called_so, 0,
	    COUNT(unsound));
	tcase_add_test(tc, sockets_of_others_have_all_kinds_of_names);
	tcase_add_test(tc, path_without_room_for_a_nul_is_written_whole);
	tcase_add_test(tc, longest_abstract_name_is_written_whole);
}
