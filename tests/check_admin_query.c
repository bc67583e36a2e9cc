/* What a request to the admin socket says. */
#include <stdint.h>
#include <string.h>

#include "admin/admin_query.h"

#include "suite.h"

const char suite_name[] = "admin_query";

#define CUSTOMER "0123456789abcdef01234567"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(session_and_customer_come_in_any_order)
{
	static const char *const queries[] = {
		"session=a.b~c_d-9&customer=" CUSTOMER,
		"customer=" CUSTOMER "&session=a.b~c_d-9",
		"session=a.b~c_d-9&customer=" CUSTOMER "&",
	};
	struct admin_query parsed;
	struct customer_id id;
	size_t i;

	ck_assert_int_eq(customer_id_parse(CUSTOMER, strlen(CUSTOMER), &id), 0);
	for (i = 0; i < COUNT(queries); i++) {
		ck_assert_ptr_null(admin_query_parse(queries[i], &parsed));
		ck_assert_str_eq(parsed.session, "a.b~c_d-9");
		ck_assert(parsed.has_customer);
		ck_assert(customer_id_equal(&parsed.customer, &id));
	}
}
END_TEST

START_TEST(session_alone_means_all_of_it)
{
	struct admin_query parsed;

	ck_assert_ptr_null(admin_query_parse("session=party", &parsed));
	ck_assert(!parsed.has_customer);
}
END_TEST

START_TEST(whatever_is_not_understood_is_refused)
{
	static const struct {
		const char *query;
		const char *fault;
	} cases[] = {
		{ "", "no session" },
		{ "customer=" CUSTOMER, "no session" },
		{ "session=", "session is not an id" },
		{ "session=a%20b", "session is not an id" },
		{ "session=a/b/c", "session is not an id" },
		{ "session=A/b", "session is not an id" },
		{ "session=/b", "session is not an id" },
		{ "session=a/", "session is not an id" },
		{ "session=..", "session is not an id" },
		{ "session=a&session=b", "two sessions" },
		{ "session=a&customer=", "customer is not an id" },
		{ "session=a&customer=" CUSTOMER "0", "customer is not an id" },
		{ "session=a&customer=0123456789ABCDEF01234567",
		    "customer is not an id" },
		{ "session=a&customer=" CUSTOMER "&customer=" CUSTOMER,
		    "two customers" },
		{ "session=a&all=1", "unknown parameter" },
		{ "session=a&&customer=" CUSTOMER, "unknown parameter" },
		{ "Session=a", "unknown parameter" },
		{ "session", "unknown parameter" },
	};
	struct admin_query parsed;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		const char *fault = admin_query_parse(cases[i].query, &parsed);

		ck_assert_msg(fault != NULL, "%s", cases[i].query);
		ck_assert_str_eq(fault, cases[i].fault);
	}
}
END_TEST

START_TEST(session_may_have_128_characters_and_a_shop)
{
	char query[8 + SESSION_NAME_MAX + 2] = "session=";
	struct admin_query parsed;

	memset(query + 8, 'a', SESSION_ID_MAX);
	ck_assert_ptr_null(admin_query_parse(query, &parsed));
	ck_assert_uint_eq(strlen(parsed.session), SESSION_ID_MAX);
	query[8 + SESSION_ID_MAX] = 'a';
	ck_assert_ptr_nonnull(admin_query_parse(query, &parsed));

	memset(query + 8, 'a', SESSION_NAME_MAX);
	query[8 + SESSION_NAME_SHOP_MAX] = '/';
	ck_assert_ptr_null(admin_query_parse(query, &parsed));
	ck_assert_uint_eq(strlen(parsed.session), SESSION_NAME_MAX);
	query[8 + SESSION_NAME_MAX] = 'a';
	ck_assert_ptr_nonnull(admin_query_parse(query, &parsed));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, session_and_customer_come_in_any_order);
	tcase_add_test(tc, session_alone_means_all_of_it);
	tcase_add_test(tc, whatever_is_not_understood_is_refused);
	tcase_add_test(tc, session_may_have_128_characters_and_a_shop);
}
