#include "suite.h"

#include <string.h>

#include "net/route.h"

const char suite_name[] = "route";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define TEN "0123456789"
#define LONGEST TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "01234567"

static const struct {
	const char *base;
	const char *target;
	enum refusal refusal;
	const char *session;
} targets[] = {
	{ "/", "/a", REFUSAL_NONE, "a" },
	{ "/", "/Aa0._~-", REFUSAL_NONE, "Aa0._~-" },
	{ "/", "/" LONGEST, REFUSAL_NONE, LONGEST },
	{ "/", "/" LONGEST "8", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "//abc//", REFUSAL_NONE, "abc" },
	{ "/", "/abc?customerId=1&x=/y", REFUSAL_NONE, "abc" },
	{ "/", "/abc/?", REFUSAL_NONE, "abc" },
	{ "/", "/...", REFUSAL_NONE, "..." },
	{ "/", "/.", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/../", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/a/b", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/a%20b", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/%61", REFUSAL_NONE, "a" },
	{ "/", "/%2561", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/Abc%2F", REFUSAL_NONE, "Abc" },
	{ "/", "/a%2Fb", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/x/../Abc", REFUSAL_NONE, "Abc" },
	{ "/", "/Abc/.", REFUSAL_NONE, "Abc" },
	{ "/", "/Abc/..", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/a#b", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/a;b", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/caf%c3%a9", REFUSAL_INVALID_SESSION, NULL },
	{ "/", "/", REFUSAL_NOT_FOUND, NULL },
	{ "/", "///", REFUSAL_NOT_FOUND, NULL },
	{ "/", "/?a", REFUSAL_NOT_FOUND, NULL },
	{ "/shop/", "/shop/abc", REFUSAL_NONE, "abc" },
	{ "/shop/", "/shop//abc/", REFUSAL_NONE, "abc" },
	{ "/shop/", "//shop/abc", REFUSAL_NONE, "abc" },
	{ "/shop/", "/%73hop%2fabc", REFUSAL_NONE, "abc" },
	{ "/shop/", "/x/../shop/./abc", REFUSAL_NONE, "abc" },
	{ "/shop/", "/shop/.", REFUSAL_INVALID_SESSION, NULL },
	{ "/shop/", "/shop/../abc", REFUSAL_INVALID_SESSION, NULL },
	{ "/shop/", "/shop/..", REFUSAL_INVALID_SESSION, NULL },
	{ "/shop/", "/shop/", REFUSAL_NOT_FOUND, NULL },
	{ "/shop/", "/shop", REFUSAL_NOT_FOUND, NULL },
	{ "/shop/", "/shopabc", REFUSAL_NOT_FOUND, NULL },
	{ "/shop/", "/Shop/abc", REFUSAL_NOT_FOUND, NULL },
	{ "/shop/", "/abc", REFUSAL_NOT_FOUND, NULL },
	{ "/shop/", "/?/shop/abc", REFUSAL_NOT_FOUND, NULL },
	{ "/a/b/", "/a/b/c", REFUSAL_NONE, "c" },
	{ "/", "http://host/abc", REFUSAL_NONE, "abc" },
	{ "/", "http://host:80/abc?x", REFUSAL_NONE, "abc" },
	{ "/shop/", "https://host/shop/abc", REFUSAL_NONE, "abc" },
	{ "/", "http://host", REFUSAL_NOT_FOUND, NULL },
	{ "/", "http://host?/abc", REFUSAL_NOT_FOUND, NULL },
	{ "/", "/a?http://host/b", REFUSAL_NONE, "a" },
};

START_TEST(session_is_found_in_the_target)
{
	char session[SESSION_ID_MAX + 1];
	struct http_target target;
	enum refusal refusal;

	ck_assert_int_eq(http_target_parse("GET", targets[_i].target,
	    &target), 0);
	refusal = route_session(targets[_i].base, &target, session);

	ck_assert_msg(refusal == targets[_i].refusal, "%s: %d",
	    targets[_i].target, (int)refusal);
	if (refusal == REFUSAL_NONE)
		ck_assert_str_eq(session, targets[_i].session);
}
END_TEST

static const struct {
	const char *base;
	const char *target;
	bool	 is_base;
} bases[] = {
	{ "/", "/", true },
	{ "/", "//?a", true },
	{ "/", "http://host", true },
	{ "/", "/a", false },
	{ "/shop/x/", "/shop/x/", true },
	{ "/shop/x/", "/shop%2fx/", true },
	{ "/shop/x/", "/shop/%78%2F", true },
	{ "/shop/x/", "//shop//x//?a=b", true },
	{ "/shop/x/", "/shop/x/.", true },
	{ "/shop/x/", "/shop/x/y/..", true },
	{ "/shop/x/", "https://host/shop/x/", true },
	{ "/shop/x/", "/shop/x", false },
	{ "/shop/x/", "/shop/x/a", false },
	{ "/shop/x/", "/shop/x/..", false },
	{ "/shop/x/", "/shop/X/", false },
	{ "/shop/x/", "/shop/", false },
	{ "/shop/x/", "/", false },
};

START_TEST(base_is_found_as_sessions_are)
{
	struct http_target target;

	ck_assert_int_eq(http_target_parse("GET", bases[_i].target,
	    &target), 0);
	ck_assert_msg(route_is_base(bases[_i].base, &target) ==
	    bases[_i].is_base, "%s", bases[_i].target);
}
END_TEST

START_TEST(whole_server_is_no_base)
{
	struct http_target target;

	ck_assert_int_eq(http_target_parse("OPTIONS", "*", &target), 0);
	ck_assert(!route_is_base("/", &target));
}
END_TEST

static const struct {
	const char *text;
	bool	 is_valid;
} spellings[] = {
	{ "https://shop.example", true },
	{ "http://shop.example:8080", true },
	{ "https://shop.example:443", true },
	{ "https://shop.example.", true },
	{ "http://localhost", true },
	{ "http://192.0.2.1:3000", true },
	{ "http://[2001:db8::1]", true },
	{ "http://[::1]:3000", true },
	{ "https://xn--caf-dma.example", true },
	{ "chrome-extension://abcdefghijklmnop", true },
	{ "https://shop.example:65535", true },
	{ "", false },
	{ "*", false },
	{ "null", false },
	{ "shop.example", false },
	{ "//shop.example", false },
	{ "https:shop.example", false },
	{ "https://", false },
	{ "https://:443", false },
	{ "https://shop.example/", false },
	{ "https://shop.example?", false },
	{ "https://shop.example/path", false },
	{ "https://user@shop.example", false },
	{ "https://user:1@shop.example", false },
	{ "https://*.shop.example", false },
	{ "https://Shop.example", false },
	{ "HTTPS://shop.example", false },
	{ "https://shop.example:", false },
	{ "https://shop.example:0", false },
	{ "https://shop.example:0443", false },
	{ "https://shop.example:65536", false },
	{ "https://shop.example:99999", false },
	{ "https://shop.example:123456", false },
	{ "https://shop.example:80x", false },
	{ "https://shop.example:80:80", false },
	{ "https://caf\xc3\xa9.example", false },
	{ "https://a https://b", false },
	{ "http://[::1", false },
	{ "http://[]", false },
	{ "http://[::1]x", false },
	{ "1http://shop.example", false },
	{ "ht_tp://shop.example", false },
};

START_TEST(origin_is_scheme_host_and_port_in_lower_case)
{
	ck_assert_msg(route_origin_is_valid(spellings[_i].text) ==
	    spellings[_i].is_valid, "%s", spellings[_i].text);
}
END_TEST

/* Asked of a list of https://shop.example and http://[2001:db8::1]:8080. */
static const struct {
	const char *origin;
	bool	 is_allowed;
} origins[] = {
	{ NULL, true },
	{ "https://shop.example", true },
	{ "https://shop.example:443", true },
	{ "HTTPS://shop.example", true },
	{ "https://SHOP.Example", true },
	{ "http://[2001:db8::1]:8080", true },
	{ "http://[2001:DB8::1]:8080", true },
	{ "", false },
	{ "*", false },
	{ "null", false },
	{ "http://shop.example", false },
	{ "wss://shop.example", false },
	{ "https://shop.example:80", false },
	{ "https://shop.example:8443", false },
	{ "https://shop.example:0443", false },
	{ "https://shop.example.", false },
	{ "https://.shop.example", false },
	{ "https://shop.example/", false },
	{ "https://shop.example/path", false },
	{ "https://shop.example#", false },
	{ "https://www.shop.example", false },
	{ "https://evilshop.example", false },
	{ "https://shop.example.evil.example", false },
	{ "https://shop.examplex", false },
	{ "https://shop.exampl", false },
	{ "https://shop-example", false },
	{ "https://shop.example@evil.example", false },
	{ "https://evil.example@shop.example", false },
	{ "https://evil.example#https://shop.example", false },
	{ "https://evil.example?https://shop.example", false },
	{ "https://shop.example, https://evil.example", false },
	{ "https://shop.example https://shop.example", false },
	{ " https://shop.example", false },
	{ "https:/shop.example", false },
	{ "shop.example", false },
	{ "http://[2001:db8::1]", false },
	{ "http://[2001:db8:0::1]:8080", false },
	{ "file://", false },
};

START_TEST(origin_is_allowed_if_it_is_on_the_list)
{
	char shop[] = "https://shop.example:443";
	char other[] = "http://[2001:db8::1]:8080";
	char *const allowed[] = { shop, other };

	ck_assert_msg(route_origin_is_allowed(allowed, COUNT(allowed),
	    origins[_i].origin) == origins[_i].is_allowed, "%s",
	    origins[_i].origin);
}
END_TEST

START_TEST(star_allows_every_origin)
{
	char other[] = "https://shop.example", star[] = "*";
	char *const allowed[] = { other, star };

	ck_assert(route_origin_is_allowed(allowed, COUNT(allowed),
	    origins[_i].origin));
}
END_TEST

START_TEST(empty_list_allows_requests_without_origin_only)
{
	ck_assert(route_origin_is_allowed(NULL, 0, NULL));
	ck_assert(!route_origin_is_allowed(NULL, 0, "https://shop.example"));
}
END_TEST

static const char *const local_hosts[] = {
	"localhost", "LocalHost", "localhost.", "localhost:8081", "localhost:",
	"127.0.0.1", "127.0.0.1:8081", "127.255.255.254", "[::1]",
	"[::1]:8081", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]:1",
};

static const char *const other_hosts[] = {
	"", ":8081", "localhos", "localhosts", "localhost..", ".localhost",
	"localhost.evil.example", "evil.example", "evil.example:8081",
	"127.0.0.1.evil.example", "127.0.0.1.", "127.1", "2130706433",
	"0x7f.0.0.1", "128.0.0.1", "0.0.0.0", "192.0.2.1:8081", "[::]",
	"[::2]:8081", "::1", "[127.0.0.1]",
	"a1.b2.c3.d4.e5.f6.g7.h8.i9.j0.k1.l2.m3.n4.o5.p6.q7.r8",
};

START_TEST(a_loopback_name_is_of_this_machine)
{
	size_t i;

	for (i = 0; i < COUNT(local_hosts); i++)
		ck_assert_msg(route_host_is_loopback(local_hosts[i],
		    strlen(local_hosts[i])), "%s", local_hosts[i]);
	for (i = 0; i < COUNT(other_hosts); i++)
		ck_assert_msg(!route_host_is_loopback(other_hosts[i],
		    strlen(other_hosts[i])), "%s", other_hosts[i]);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, base_is_found_as_sessions_are, 0,
	    COUNT(bases));
	tcase_add_test(tc, whole_server_is_no_base);
	tcase_add_loop_test(tc, session_is_found_in_the_target, 0,
	    COUNT(targets));
	tcase_add_loop_test(tc, origin_is_scheme_host_and_port_in_lower_case,
	    0, COUNT(spellings));
	tcase_add_loop_test(tc, origin_is_allowed_if_it_is_on_the_list, 0,
	    COUNT(origins));
	tcase_add_loop_test(tc, star_allows_every_origin, 0, COUNT(origins));
	tcase_add_test(tc, empty_list_allows_requests_without_origin_only);
	tcase_add_test(tc, a_loopback_name_is_of_this_machine);
}
