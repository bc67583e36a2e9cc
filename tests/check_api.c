#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "api/api_access.h"
#include "api/api_query.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/xalloc.h"
#include "config/api_keys.h"
#include "hub/shop.h"
#include "net/exchange.h"
#include "wire/http_target.h"

/* What a request of the shop's server says, and whether it has a key. */

const char suite_name[] = "api";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(a_star_in_a_path_is_one_name)
{
	static const struct {
		const char *path;
		const char *pattern;
		size_t	 names;		/* + 1; 0: it does not match */
	} cases[] = {
		{ "/v1/sessions", "/v1/sessions", 1 },
		{ "/v1/sessions/", "/v1/sessions", 0 },
		{ "/v1/session", "/v1/sessions", 0 },
		{ "/v1/sessions/a", "/v1/sessions/*", 2 },
		{ "/v1/sessions/", "/v1/sessions/*", 0 },
		{ "/v1/sessions/a/", "/v1/sessions/*", 0 },
		{ "/v1/sessions/a/b", "/v1/sessions/*", 0 },
		{ "/a/b/c/d", "/a/*/c/*", 3 },
	};
	struct api_names names;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		ck_assert_msg(api_path_matches(cases[i].path,
		    cases[i].pattern, &names) == (cases[i].names > 0), "%s",
		    cases[i].path);
		if (cases[i].names > 0)
			ck_assert_uint_eq(names.count + 1, cases[i].names);
	}
}
END_TEST

static int
normalize(const char *text, char path[API_PATH_BYTES])
{
	struct http_target target;

	ck_assert_int_eq(http_target_parse("GET", text, &target), 0);
	return api_path_normalize(&target, path);
}

START_TEST(paths_are_taken_in_normal_form)
{
	char path[API_PATH_BYTES], text[API_PATH_BYTES] = "/";

	ck_assert_int_eq(normalize("//v1/./x/../%73essions?a=b", path), 0);
	ck_assert_str_eq(path, "/v1/sessions");
	memset(text + 1, '%', API_PATH_BYTES / HTTP_PATH_GROWTH - 2);
	ck_assert_int_eq(normalize(text, path), 0);
	strcat(text, "%");
	ck_assert_int_eq(normalize(text, path), -1);
}
END_TEST

START_TEST(names_in_a_path_have_to_be_ids)
{
	struct api_query query = { .limit = 0 };
	struct api_names names;

	ck_assert(api_path_matches("/a~b", "/*", &names));
	ck_assert_int_eq(api_query_read_names(&names, &query), REFUSAL_NONE);
	ck_assert_str_eq(query.session, "a~b");
	ck_assert(api_path_matches("/a!b", "/*", &names));
	ck_assert_int_eq(api_query_read_names(&names, &query),
	    REFUSAL_INVALID_SESSION);
	ck_assert(api_path_matches("/a/b", "/*/*", &names));
	ck_assert_int_eq(api_query_read_names(&names, &query),
	    REFUSAL_UNKNOWN_CUSTOMER);
}
END_TEST

enum {
	ALL = API_PARAMETER_LIMIT | API_PARAMETER_AFTER |
	    API_PARAMETER_STATE | API_PARAMETER_WAIT
};

START_TEST(parameters_come_in_any_order)
{
	struct api_query query = { .after_row = 0 };

	ck_assert_ptr_null(api_query_read("", ALL, &query));
	ck_assert_uint_eq(query.limit, API_LIMIT_DEFAULT);
	ck_assert_int_eq(query.state, API_STATE_RUNNING);
	ck_assert(!query.has_after);
	ck_assert_uint_eq(query.wait_s, 25);
	ck_assert_ptr_null(api_query_read(
	    "state=ready&after=7&wait=0&limit=1000", ALL, &query));
	ck_assert(query.has_after);
	ck_assert_uint_eq(query.wait_s, 0);
	ck_assert_uint_eq(query.limit, 1000);
	ck_assert_int_eq(query.after_row, 7);
	ck_assert_int_eq(query.state, API_STATE_READY);
	ck_assert_ptr_null(api_query_read("wait=56", ALL, &query));
	ck_assert_uint_eq(query.wait_s, 55);
}
END_TEST

START_TEST(whatever_is_not_understood_is_said)
{
	static const char *const wrong[][2] = {
		{ "limit=0", "limit is not a number from 1 to 1000" },
		{ "limit=1001", "limit is not a number from 1 to 1000" },
		{ "limit", "limit is not a number from 1 to 1000" },
		{ "after=-1", "after is not a cursor of an answer before" },
		{ "wait=-1", "wait is not a whole number of seconds" },
		{ "wait=1.5", "wait is not a whole number of seconds" },
		{ "after=9223372036854775808",
		    "after is not a cursor of an answer before" },
		{ "state=all", "state is not running, empty or ready" },
		{ "limit=1&limit=1",
		    "unknown parameter, or one that was there before" },
		{ "Limit=1",
		    "unknown parameter, or one that was there before" },
	};
	struct api_query query;
	size_t i;

	for (i = 0; i < COUNT(wrong); i++) {
		const char *fault = api_query_read(wrong[i][0], ALL, &query);

		ck_assert_msg(fault != NULL, "%s", wrong[i][0]);
		ck_assert_str_eq(fault, wrong[i][1]);
	}
	ck_assert_ptr_nonnull(api_query_read("limit=1", 0, &query));
	ck_assert_ptr_null(api_query_read("incarnation=7",
	    API_PARAMETER_INCARNATION, &query));
	ck_assert_uint_eq(query.incarnation, 7);
	ck_assert_str_eq(api_query_read("incarnation=0",
	    API_PARAMETER_INCARNATION, &query),
	    "incarnation is not a number from 1 on");
}
END_TEST

/* A key "abc" of the name shop. */
static struct api_keys *
one_key(void)
{
	struct api_keys *keys = xcalloc(1,
	    sizeof(*keys) + sizeof(keys->list[0]));

	keys->count = 1;
	strcpy(keys->list[0].name, "shop");
	api_key_hash("abc", 3, keys->list[0].hash);
	return keys;
}

/* The status of an answer to Authorization, from an address; 0: it is right. */
static unsigned
check(struct api_access *access, const char *authorization,
    const char *address, uint64_t now_ms, unsigned *retry_after_s)
{
	struct exchange_answer answer = { .status = 0 };
	struct exchange_request request = { .authorization = authorization };
	struct shop *shop;
	const char *name;

	if (address != NULL)
		ck_assert_int_eq(address_parse(address, &request.address), 0);
	name = api_access_check(access, &request, now_ms, &shop, &answer);
	ck_assert(name == NULL || strcmp(name, "shop") == 0);
	ck_assert((name == NULL) == (answer.body != NULL));
	*retry_after_s = answer.retry_after_s;
	payload_unref(answer.body);
	return answer.status;
}

START_TEST(a_key_is_known_by_its_hash)
{
	struct api_keys *keys = one_key();
	struct shop_settings shop = { .name = "", .api_keys = keys };
	const struct id_key hash_key = { .bytes = { 0 } };
	struct shops *shops = shops_new(&hash_key, &shop, 1);
	const struct api_access_settings settings = { .log_addresses = 0 };
	struct api_access *access = api_access_new(shops, &settings);
	unsigned retry_s;

	ck_assert_uint_eq(check(access, "Bearer abc", NULL, 0, &retry_s), 0);
	ck_assert_uint_eq(check(access, "bearer  abc", NULL, 0, &retry_s), 0);
	ck_assert_uint_eq(check(access, NULL, NULL, 0, &retry_s), 401);
	ck_assert_uint_eq(check(access, "Basic abc", NULL, 0, &retry_s), 401);
	ck_assert_uint_eq(check(access, "Bearer ", NULL, 0, &retry_s), 401);
	ck_assert_uint_eq(check(access, "Bearer abcd", NULL, 0, &retry_s),
	    401);
	shop.api_keys = NULL;
	shops_configure(shops, &shop, 1);
	ck_assert_uint_eq(check(access, "Bearer abc", NULL, 0, &retry_s), 401);
	api_access_free(access);
	shops_free(shops);
	free(keys);
}
END_TEST

START_TEST(who_tries_many_keys_has_to_wait)
{
	struct api_keys *keys = one_key();
	const struct shop_settings shop = { .name = "", .api_keys = keys };
	const struct id_key hash_key = { .bytes = { 0 } };
	struct shops *shops = shops_new(&hash_key, &shop, 1);
	const struct api_access_settings settings = { .log_addresses = 0 };
	struct api_access *access = api_access_new(shops, &settings);
	static const char *const from[] = { NULL, "192.0.2.1", "192.0.2.2" };
	unsigned retry_s;
	size_t i, n;

	for (i = 0; i < COUNT(from); i++) {
		for (n = 0; n < API_ACCESS_FAILURES_PER_MIN; n++)
			ck_assert_uint_eq(check(access, "Bearer x", from[i], 1,
			    &retry_s), 401);
		ck_assert_uint_eq(check(access, "Bearer x", from[i], 1,
		    &retry_s), 429);
		ck_assert_uint_eq(retry_s, 6);
		/* Nobody keeps the shop from its own. */
		ck_assert_uint_eq(check(access, "Bearer abc", from[i], 1,
		    &retry_s), 0);
	}
	ck_assert_uint_eq(check(access, "Bearer x", from[1], 6001, &retry_s),
	    401);
	ck_assert_uint_eq(check(access, "Bearer x", from[1], 6001, &retry_s),
	    429);
	api_access_free(access);
	shops_free(shops);
	free(keys);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_star_in_a_path_is_one_name);
	tcase_add_test(tc, paths_are_taken_in_normal_form);
	tcase_add_test(tc, names_in_a_path_have_to_be_ids);
	tcase_add_test(tc, parameters_come_in_any_order);
	tcase_add_test(tc, whatever_is_not_understood_is_said);
	tcase_add_test(tc, a_key_is_known_by_its_hash);
	tcase_add_test(tc, who_tries_many_keys_has_to_wait);
}
