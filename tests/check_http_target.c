#include "suite.h"

#include <string.h>

#include "path_forms.h"
#include "wire/http_target.h"

const char suite_name[] = "http_target";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *method;
	const char *target;
	enum http_form form;
	const char *host;
	const char *path;
	const char *query;
} sound[] = {
	{ "GET", "/", HTTP_FORM_ORIGIN, NULL, "/", "" },
	{ "GET", "/one?a=b?c", HTTP_FORM_ORIGIN, NULL, "/one", "a=b?c" },
	{ "POST", "//one//", HTTP_FORM_ORIGIN, NULL, "//one//", "" },
	{ "X", "/!\"#$%&'()*+,-./:;<=>", HTTP_FORM_ORIGIN, NULL,
	    "/!\"#$%&'()*+,-./:;<=>", "" },
	{ "GET", "/@[\\]^_`{|}~?", HTTP_FORM_ORIGIN, NULL, "/@[\\]^_`{|}~",
	    "" },
	{ "GET", "http://shop/one", HTTP_FORM_ABSOLUTE, "shop", "/one", "" },
	{ "GET", "HTTPS://Shop:8443/one?a", HTTP_FORM_ABSOLUTE, "Shop:8443",
	    "/one", "a" },
	{ "GET", "http://[::1]:80", HTTP_FORM_ABSOLUTE, "[::1]:80", "/", "" },
	{ "GET", "http://shop?a/b", HTTP_FORM_ABSOLUTE, "shop", "/", "a/b" },
	{ "OPTIONS", "http://shop/", HTTP_FORM_ABSOLUTE, "shop", "/", "" },
	{ "OPTIONS", "http://shop", HTTP_FORM_ASTERISK, "shop", "", "" },
	{ "OPTIONS", "*", HTTP_FORM_ASTERISK, NULL, "", "" },
	{ "CONNECT", "shop:80", HTTP_FORM_AUTHORITY, NULL, "", "" },
	{ "CONNECT", "[::1]:443", HTTP_FORM_AUTHORITY, NULL, "", "" },
};

static void
expect_text(const char *at, size_t len, const char *expected)
{
	if (expected == NULL)
		ck_assert_ptr_null(at);
	else
		ck_assert_msg(len == strlen(expected) &&
		    memcmp(at, expected, len) == 0, "%.*s is not %s",
		    (int)len, at, expected);
}

START_TEST(target_has_one_of_four_forms)
{
	struct http_target target;

	ck_assert_msg(http_target_parse(sound[_i].method, sound[_i].target,
	    &target) == 0, "%s", sound[_i].target);
	ck_assert_int_eq(target.form, sound[_i].form);
	expect_text(target.host, target.host_len, sound[_i].host);
	expect_text(target.path, target.path_len, sound[_i].path);
	ck_assert_str_eq(target.query, sound[_i].query);
}
END_TEST

static const struct {
	const char *method;
	const char *target;
} wrong[] = {
	{ "GET", "" },
	{ "GET", "*" },
	{ "OPTIONS", "**" },
	{ "OPTIONS", "*?a" },
	{ "GET", "one" },
	{ "GET", "?a=b" },
	{ "GET", "shop:80" },
	{ "GET", "http:/one" },
	{ "GET", "http:///one" },
	{ "GET", "http://:80/one" },
	{ "GET", "http://me@shop/one" },
	{ "GET", "http://me:secret@shop/one" },
	{ "GET", "http://shop:x/one" },
	{ "GET", "http://shop#one" },
	{ "GET", "http://[::1/one" },
	{ "GET", "ftp://shop/one" },
	{ "GET", "ws://shop/one" },
	{ "GET", "https//shop/one" },
	{ "CONNECT", "shop" },
	{ "CONNECT", "shop:" },
	{ "CONNECT", ":80" },
	{ "CONNECT", "[::1]" },
	{ "CONNECT", "/one" },
	{ "CONNECT", "*" },
	{ "CONNECT", "http://shop:80" },
	{ "GET", "/a b" },
	{ "GET", " /" },
	{ "GET", "/ " },
	{ "GET", "/a\tb" },
	{ "GET", "/a\rb" },
	{ "GET", "/a\nb" },
	{ "GET", "/a\x01" "b" },
	{ "GET", "/a\x7f" },
	{ "GET", "/a\x80" },
	{ "GET", "/\xc3\xa9" },
	{ "GET", "/a\xff" },
};

START_TEST(what_has_none_of_them_is_refused)
{
	struct http_target target;

	ck_assert_msg(http_target_parse(wrong[_i].method, wrong[_i].target,
	    &target) == -1, "%s %s", wrong[_i].method, wrong[_i].target);
}
END_TEST

static const char *const hosts[] = {
	"", ":80", "shop", "Shop.Example.", "127.0.0.1:8080", "shop_1-a~b",
	"b%c3%bccher", "!$&'()*+,;=", "shop:", "shop:0", "shop:65535", "[::1]",
	"[::1]:80", "[2001:DB8::ffff:127.0.0.1]", "[v1.a]", "[VaF.a:b!]:80",
};

static const char *const no_hosts[] = {
	" ", " shop", "a b", "a, b", "a/b", "http://a", "me@a", "a?b", "a\\b",
	"a%b", "a%", "a%4", "a%4g", "b\xc3\xbc", "a:80:80", "a:x", "a:-1",
	"a:123456", "a:8 0", "::1", "[", "[]", "[::1", "[::1]80", "[::1]]",
	"[g::]", "[fe80::1%25a]", "a[::1]", "[v]", "[v1]", "[v1.]", "[v.a]",
	"[vg.a]", "[v1.a", "[v1.a/]", "[a,b]", "a\"b", "<a>",
};

START_TEST(host_is_that_of_a_url)
{
	size_t i;

	for (i = 0; i < COUNT(hosts); i++)
		ck_assert_msg(http_host_is_valid(hosts[i], strlen(hosts[i])),
		    "%s", hosts[i]);
	for (i = 0; i < COUNT(no_hosts); i++)
		ck_assert_msg(!http_host_is_valid(no_hosts[i],
		    strlen(no_hosts[i])), "%s", no_hosts[i]);
	ck_assert(!http_host_is_valid("a\0b", 3));
	ck_assert(!http_host_is_valid("a:8\0", 4));
}
END_TEST

START_TEST(path_has_one_normal_form)
{
	const char *path = path_forms[_i].path;
	char out[64], again[64];

	ck_assert(http_path_normalize(path, strlen(path), out) ==
	    path_forms[_i].has_dots);
	ck_assert_str_eq(out, path_forms[_i].normal);
	ck_assert(!http_path_normalize(out, strlen(out), again));
	ck_assert_str_eq(again, out);
}
END_TEST

START_TEST(methods_of_http_are_known)
{
	ck_assert(http_method_is_known("GET"));
	ck_assert(http_method_is_known("CONNECT"));
	ck_assert(http_method_is_known("PATCH"));
	ck_assert(!http_method_is_known("get"));
	ck_assert(!http_method_is_known("GETS"));
	ck_assert(!http_method_is_known(""));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, target_has_one_of_four_forms, 0,
	    COUNT(sound));
	tcase_add_loop_test(tc, what_has_none_of_them_is_refused, 0,
	    COUNT(wrong));
	tcase_add_test(tc, host_is_that_of_a_url);
	tcase_add_loop_test(tc, path_has_one_normal_form, 0, COUNT(path_forms));
	tcase_add_test(tc, methods_of_http_are_known);
}
