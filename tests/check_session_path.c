#include "suite.h"

#include <string.h>

#include "net/session_path.h"

const char suite_name[] = "session_path";

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
	refusal = session_path_parse(targets[_i].base, &target, session);

	ck_assert_msg(refusal == targets[_i].refusal, "%s: %d",
	    targets[_i].target, (int)refusal);
	if (refusal == REFUSAL_NONE)
		ck_assert_str_eq(session, targets[_i].session);
}
END_TEST

static const struct {
	const char *base;
	const char *target;
	const char *file;	/* of base and of a/b.js; NULL: neither */
} bases[] = {
	{ "/", "/", "" },
	{ "/", "//?a", "" },
	{ "/", "http://host", "" },
	{ "/", "/a", NULL },
	{ "/shop/x/", "/shop/x/", "" },
	{ "/shop/x/", "/shop%2fx/", "" },
	{ "/shop/x/", "/shop/%78%2F", "" },
	{ "/shop/x/", "//shop//x//?a=b", "" },
	{ "/shop/x/", "/shop/x/.", "" },
	{ "/shop/x/", "/shop/x/y/..", "" },
	{ "/shop/x/", "https://host/shop/x/", "" },
	{ "/shop/x/", "/shop/x", NULL },
	{ "/shop/x/", "/shop/x/a", NULL },
	{ "/shop/x/", "/shop/x/..", NULL },
	{ "/shop/x/", "/shop/X/", NULL },
	{ "/shop/x/", "/shop/", NULL },
	{ "/shop/x/", "/", NULL },
	{ "/", "/a/b.js", "a/b.js" },
	{ "/", "/a%2fb.js?v=1", "a/b.js" },
	{ "/", "/a/b.js/", NULL },
	{ "/", "/x/a/b.js", NULL },
	{ "/shop/x/", "//shop/./x/a/%62.js", "a/b.js" },
	{ "/shop/x/", "/a/b.js", NULL },
};

START_TEST(base_and_files_are_found_as_sessions_are)
{
	static const char *const files[] = { "", "a/b.js" };
	struct http_target target;
	size_t i;

	ck_assert_int_eq(http_target_parse("GET", bases[_i].target,
	    &target), 0);
	for (i = 0; i < COUNT(files); i++)
		ck_assert_msg(session_path_is_file(bases[_i].base, files[i],
		    &target) == (bases[_i].file != NULL &&
		    strcmp(bases[_i].file, files[i]) == 0), "%s",
		    bases[_i].target);
}
END_TEST

START_TEST(whole_server_is_no_base)
{
	struct http_target target;

	ck_assert_int_eq(http_target_parse("OPTIONS", "*", &target), 0);
	ck_assert(!session_path_is_file("/", "", &target));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, base_and_files_are_found_as_sessions_are, 0,
	    COUNT(bases));
	tcase_add_test(tc, whole_server_is_no_base);
	tcase_add_loop_test(tc, session_is_found_in_the_target, 0,
	    COUNT(targets));
}
