#include "suite.h"

#include "wire/origin.h"

const char suite_name[] = "origin";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

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
	ck_assert_msg(origin_is_valid(spellings[_i].text) ==
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

	ck_assert_msg(origin_is_allowed(allowed, COUNT(allowed),
	    origins[_i].origin) == origins[_i].is_allowed, "%s",
	    origins[_i].origin);
}
END_TEST

START_TEST(star_allows_every_origin)
{
	char other[] = "https://shop.example", star[] = "*";
	char *const allowed[] = { other, star };

	ck_assert(origin_is_allowed(allowed, COUNT(allowed),
	    origins[_i].origin));
}
END_TEST

START_TEST(empty_list_allows_requests_without_origin_only)
{
	ck_assert(origin_is_allowed(NULL, 0, NULL));
	ck_assert(!origin_is_allowed(NULL, 0, "https://shop.example"));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, origin_is_scheme_host_and_port_in_lower_case,
	    0, COUNT(spellings));
	tcase_add_loop_test(tc, origin_is_allowed_if_it_is_on_the_list, 0,
	    COUNT(origins));
	tcase_add_loop_test(tc, star_allows_every_origin, 0, COUNT(origins));
	tcase_add_test(tc, empty_list_allows_requests_without_origin_only);
}
