/* Whom a multicart shows is kept as it was, whatever becomes of the session. */
#include "suite.h"

#include <string.h>

#include "base/buf.h"
#include "session/session.h"
#include "wire/multicart.h"
#include "wire/multicart_members.h"

const char suite_name[] = "multicart_members";

static struct customer *
add(struct session *session, int64_t row, enum customer_state state,
    const char *cart)
{
	struct customer customer = {
		.id = { { (uint8_t)row } },
		.row = row,
		.state = state,
		.name = payload_new("N", 1),
		.cart = cart == NULL ? NULL : payload_new(cart, strlen(cart)),
	};

	return session_restore_customer(session, &customer);
}

START_TEST(they_stay_as_they_were)
{
	struct payload *id = payload_new("s", 1);
	struct session *session = session_new(id, 1);
	struct multicart_members *members;
	struct customer *bob;

	session->incarnation = 2;
	session->revision = 7;
	session->is_locked = true;
	add(session, 1, CUSTOMER_SEATED, NULL);
	add(session, 2, CUSTOMER_AWAY, "{\"a\":1}");
	bob = add(session, 3, CUSTOMER_SEATED, "{\"b\":1}");
	members = multicart_members_ref(multicart_members(session));
	bob->is_ready = true;
	session->revision = 8;
	session_free(session);
	payload_unref(id);

	multicart_members_unref(members);
	ck_assert_uint_eq(members->incarnation, 2);
	ck_assert_uint_eq(members->revision, 7);
	ck_assert(members->is_locked);
	ck_assert_uint_eq(members->count, 2);
	ck_assert_int_eq(members->members[0].row, 1);
	ck_assert_ptr_null(members->members[0].cart);
	ck_assert_int_eq(members->members[1].id.bytes[0], 3);
	ck_assert_str_eq(members->members[1].cart->data, "{\"b\":1}");
	ck_assert(!members->members[1].is_ready);
	ck_assert_ptr_nonnull(strstr(members->members[1].owner_json->data,
	    "\"name\":\"N\""));
	multicart_members_unref(members);
	multicart_members_unref(NULL);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, they_stay_as_they_were);
}
