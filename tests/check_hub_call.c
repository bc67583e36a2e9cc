#include "suite.h"

#include <string.h>

#include "base/buf.h"
#include "hub/call.h"
#include "hub/hub.h"
#include "hub_script.h"
#include "session/record.h"
#include "session/session.h"
#include "wire/multicart.h"

/* What the shop's server asks of the hub. */

const char suite_name[] = "hub_call";

enum { TEXT_BYTES = 512 };

/* A call and what came of it, which is only lent. */
struct asked {
	struct call call;
	unsigned answers;
	char	 text[TEXT_BYTES];	/* of the multicart, or the list */
	size_t	 present;
	size_t	 ready;
};

static void
copy_multicart(struct asked *asked)
{
	const char *content;
	size_t len, i;

	content = multicart_content(asked->call.multicart, &len);
	ck_assert_uint_lt(len, TEXT_BYTES);
	memcpy(asked->text, content, len);
	for (i = 0; i < asked->call.count; i++) {
		asked->present += asked->call.customers[i].is_present;
		asked->ready += asked->call.customers[i].is_ready;
	}
}

static void
copy_list(struct asked *asked)
{
	size_t i;

	for (i = 0; i < asked->call.count; i++) {
		strcat(asked->text, asked->call.sessions[i].id->data);
		strcat(asked->text, " ");
		asked->ready += asked->call.sessions[i].ready;
	}
}

static void
on_done(struct call *call)
{
	struct asked *asked = (struct asked *)call;

	asked->answers++;
	if (call->refused != REFUSAL_NONE)
		return;
	if (call->kind == CALL_LIST)
		copy_list(asked);
	if (call->kind == CALL_READ)
		copy_multicart(asked);
}

static struct asked
ask(enum call_kind kind, const char *session)
{
	return (struct asked){ .call = {
		.kind = kind,
		.done = on_done,
		.session = payload_new(session, strlen(session)),
		.key = payload_new("back-end", 8),
		.address = "192.0.2.9",
		.shop = "",
		.max = 100,
	} };
}

static void
begin(struct world *world, struct asked *asked)
{
	call_begin(world_hub(world), &asked->call, world_now(world));
}

static void
forget(struct asked *asked)
{
	payload_unref(asked->call.session);
	payload_unref(asked->call.key);
}

/* Ask and wait for the answer. */
static struct asked
call(struct world *world, enum call_kind kind, const char *session)
{
	struct asked asked = ask(kind, session);

	begin(world, &asked);
	world_run(world);
	ck_assert_uint_eq(asked.answers, 1);
	forget(&asked);
	return asked;
}

START_TEST(a_session_is_read_as_its_clients_see_it)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join(w, "s1", "Bob");
	struct asked read;

	say(ann, CART, ann->id, "{'a': 1.50}");
	say(bob, READY, bob->id, "true");
	read = call(w, CALL_READ, "s1");

	ck_assert_int_eq(read.call.refused, REFUSAL_NONE);
	ck_assert_uint_eq(read.call.incarnation, 1);
	ck_assert_uint_eq(read.call.revision, 4);
	ck_assert_uint_eq(read.present, 2);
	ck_assert_uint_eq(read.ready, 1);
	ck_assert_ptr_nonnull(strstr(read.text, "\"content\":{\"a\":1.50}},"));
	ck_assert_ptr_nonnull(strstr(read.text, "\"name\":\"Bob\",\"isHost\""
	    ":false,\"isReadyToCheckout\":true},\"content\":{}}]"));
	ck_assert_int_eq(read.text[0], '[');
	world_free(w);
}
END_TEST

START_TEST(what_is_read_is_durable)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct asked early = ask(CALL_READ, "s1");
	struct asked read = ask(CALL_READ, "s1");

	world_hold(w);
	tell(ann, CART, ann->id, "{'a':1}");
	begin(w, &early);
	world_run(w);
	ck_assert_uint_eq(early.answers, 0);
	world_go_on(w);
	world_run(w);
	ck_assert_ptr_nonnull(strstr(early.text, "{\"a\":1}"));

	world_hold(w);
	tell(ann, CART, ann->id, "{'a':2}");
	begin(w, &read);
	world_refuse(w, 1);
	world_go_on(w);
	world_run(w);
	ck_assert_uint_eq(read.answers, 1);
	ck_assert_int_eq(read.call.refused, REFUSAL_STORAGE_UNAVAILABLE);
	ck_assert_str_eq(read.text, "");
	forget(&early);
	forget(&read);
	world_free(w);
}
END_TEST

START_TEST(a_session_that_is_not_in_memory_is_loaded)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct asked first = ask(CALL_READ, "s1");
	struct asked second = ask(CALL_READ, "s1");
	unsigned loads;

	hang_up(ann);
	world_restart(w);
	loads = world_loads_done(w);
	begin(w, &first);
	begin(w, &second);
	world_run(w);

	ck_assert_uint_eq(world_loads_done(w), loads + 1);
	ck_assert_uint_eq(first.answers, 1);
	ck_assert_uint_eq(second.answers, 1);
	ck_assert_ptr_nonnull(strstr(second.text, "\"name\":\"Ann\""));
	ck_assert_uint_eq(second.present, 0);
	/* And is not kept. */
	(void)call(w, CALL_READ, "s1");
	ck_assert_uint_eq(world_loads_done(w), loads + 2);
	forget(&first);
	forget(&second);
	world_free(w);
}
END_TEST

START_TEST(what_cannot_be_read_is_said_to_be_unavailable)
{
	struct world *w = world_new();
	struct asked read;

	world_refuse_reading(w, 1);
	read = call(w, CALL_READ, "s1");
	ck_assert_int_eq(read.call.refused, REFUSAL_STORAGE_UNAVAILABLE);
	read = call(w, CALL_READ, "s1");
	ck_assert_int_eq(read.call.refused, REFUSAL_SESSION_NOT_FOUND);
	world_free(w);
}
END_TEST

START_TEST(who_is_gone_gets_no_answer)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct asked loading = ask(CALL_READ, "s2");
	struct asked reading = ask(CALL_READ, "s1");
	struct asked listing = ask(CALL_LIST, "");

	world_hold(w);
	begin(w, &loading);
	begin(w, &reading);
	begin(w, &listing);
	call_cancel(world_hub(w), &loading.call);
	call_cancel(world_hub(w), &reading.call);
	call_cancel(world_hub(w), &listing.call);
	world_go_on(w);
	world_run(w);

	ck_assert_uint_eq(loading.answers + reading.answers + listing.answers,
	    0);
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}");
	forget(&loading);
	forget(&reading);
	forget(&listing);
	world_free(w);
}
END_TEST

/* A page of at most max sessions behind a row. */
static struct asked
list(struct world *world, int64_t after_row, size_t max)
{
	struct asked asked = ask(CALL_LIST, "");

	asked.call.after_row = after_row;
	asked.call.max = max;
	begin(world, &asked);
	world_run(world);
	ck_assert_uint_eq(asked.answers, 1);
	forget(&asked);
	return asked;
}

START_TEST(sessions_are_listed_in_pages_in_memory_or_not)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "b", "Ann");
	struct client *bob = world_start_resumable(w, "a", "Bob");
	struct asked page;

	(void)world_start(w, "c", "Cid");
	say(bob, READY, bob->id, "true");
	hang_up(bob);
	world_run(w);

	page = list(w, 0, 2);
	ck_assert_str_eq(page.text, "b a ");
	ck_assert_uint_eq(page.ready, 1);
	page = list(w, page.call.next_row, 2);
	ck_assert_str_eq(page.text, "c ");
	ck_assert_int_eq(page.call.next_row, 0);

	say(ann, LEAVE, ann->id);
	page = list(w, 0, 1);
	ck_assert_str_eq(page.text, "b ");
	(void)world_start(w, "0", "Dan");
	page = list(w, page.call.next_row, 100);
	ck_assert_str_eq(page.text, "a c 0 ");
	world_free(w);
}
END_TEST

START_TEST(presence_is_told_of_those_in_memory)
{
	struct world *w = world_new();
	struct payload *id = payload_new("s1", 2);

	ck_assert_uint_eq(call_present(world_hub(w), id), 0);
	(void)world_start(w, "s1", "Ann");
	ck_assert_uint_eq(call_present(world_hub(w), id), 1);
	payload_unref(id);
	world_free(w);
}
END_TEST

/* The newest note, one of n, is of that call of ours. */
static void
expect_note(const struct world *world, size_t n, enum record_call call)
{
	const struct record *notes;

	ck_assert_uint_eq(world_notes(world, &notes), n);
	ck_assert_int_eq(notes[n - 1].event, RECORD_CALL);
	ck_assert_int_eq(notes[n - 1].call, call);
	ck_assert_int_eq(notes[n - 1].transport, TRANSPORT_HTTP);
	ck_assert_str_eq(notes[n - 1].name->data, "back-end");
	ck_assert_str_eq(notes[n - 1].address, "192.0.2.9");
	ck_assert_uint_eq(notes[n - 1].revision, 0);
}

START_TEST(a_session_is_ended_once)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct asked ended;
	const struct record *notes;

	ended = call(w, CALL_END, "s1");
	ck_assert_int_eq(ended.call.refused, REFUSAL_NONE);
	ck_assert_uint_eq(ended.call.incarnation, 1);
	ck_assert_uint_eq(ended.call.revision, 2);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	expect_note(w, 1, RECORD_CALL_END);
	expect(ann, LEFT, ann->id);
	expect_nothing(ann);

	ended = call(w, CALL_END, "s1");
	ck_assert_int_eq(ended.call.refused, REFUSAL_NONE);
	ck_assert_uint_eq(ended.call.incarnation, 1);
	ck_assert_uint_eq(ended.call.revision, 2);
	ck_assert_uint_eq(world_notes(w, &notes), 1);
	ended = call(w, CALL_END, "s2");
	ck_assert_int_eq(ended.call.refused, REFUSAL_SESSION_NOT_FOUND);
	ended = call(w, CALL_READ, "s1");
	ck_assert_int_eq(ended.call.refused, REFUSAL_SESSION_NOT_FOUND);
	world_free(w);
}
END_TEST

/* The refusal of a call that means one incarnation. */
static enum refusal
call_incarnation(struct world *world, enum call_kind kind,
    uint64_t incarnation)
{
	struct asked asked = ask(kind, "s1");

	asked.call.only = incarnation;
	begin(world, &asked);
	world_run(world);
	ck_assert_uint_eq(asked.answers, 1);
	forget(&asked);
	return asked.call.refused;
}

START_TEST(a_repeated_end_spares_the_next_incarnation)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");

	ck_assert_int_eq(call_incarnation(w, CALL_END, 2),
	    REFUSAL_SESSION_NOT_FOUND);
	ck_assert_int_eq(call_incarnation(w, CALL_END, 1),
	    REFUSAL_NONE);
	ignore(ann);
	say(ann, START, "Ann");
	ck_assert_uint_eq(world_record(w, "s1")->incarnation, 2);
	ck_assert_int_eq(call_incarnation(w, CALL_END, 1),
	    REFUSAL_NONE);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_START);
	ck_assert_int_eq(call_incarnation(w, CALL_END, 2),
	    REFUSAL_NONE);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	world_free(w);
}
END_TEST

/* The refusal of a call to remove the customer that client speaks for. */
static enum refusal
remove_from(struct world *world, const char *session,
    const struct client *client)
{
	struct asked asked = ask(CALL_REMOVE, session);

	ck_assert_int_eq(customer_id_parse(client->id, ID_CUSTOMER_HEX,
	    &asked.call.customer), 0);
	begin(world, &asked);
	world_run(world);
	ck_assert_uint_eq(asked.answers, 1);
	forget(&asked);
	return asked.call.refused;
}

START_TEST(a_repeated_lock_or_unlock_spares_the_next_incarnation)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct asked read;

	ck_assert_int_eq(call_incarnation(w, CALL_LOCK, 2),
	    REFUSAL_SESSION_NOT_FOUND);
	ck_assert_int_eq(call_incarnation(w, CALL_LOCK, 1), REFUSAL_NONE);
	ck_assert_int_eq(call_incarnation(w, CALL_END, 1), REFUSAL_NONE);
	ignore(ann);
	say(ann, START, "Ann");
	ck_assert_int_eq(call_incarnation(w, CALL_LOCK, 1),
	    REFUSAL_SESSION_NOT_FOUND);
	read = call(w, CALL_READ, "s1");
	ck_assert_uint_eq(read.call.incarnation, 2);
	ck_assert(!read.call.is_locked);
	ck_assert_int_eq(call_incarnation(w, CALL_LOCK, 2), REFUSAL_NONE);
	ck_assert_int_eq(call_incarnation(w, CALL_UNLOCK, 1),
	    REFUSAL_SESSION_NOT_FOUND);
	read = call(w, CALL_READ, "s1");
	ck_assert(read.call.is_locked);
	ck_assert_int_eq(call_incarnation(w, CALL_UNLOCK, 2), REFUSAL_NONE);
	read = call(w, CALL_READ, "s1");
	ck_assert(!read.call.is_locked);
	world_free(w);
}
END_TEST

START_TEST(a_customer_is_removed_once)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");
	struct client *eve = world_start(w, "s2", "Eve");
	const struct record *notes;

	world_ignore(w);
	ck_assert_int_eq(remove_from(w, "s1", bob), REFUSAL_NONE);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_LEAVE);
	expect_note(w, 1, RECORD_CALL_REMOVE);
	ck_assert(bob->was_closed);
	expect_carts(ann, "Ann* {}");
	ck_assert_int_eq(remove_from(w, "s1", bob), REFUSAL_NONE);
	ck_assert_uint_eq(world_notes(w, &notes), 1);

	ck_assert_int_eq(remove_from(w, "s1", eve), REFUSAL_UNKNOWN_CUSTOMER);
	ck_assert_int_eq(remove_from(w, "s3", eve),
	    REFUSAL_SESSION_NOT_FOUND);
	world_free(w);
}
END_TEST

START_TEST(what_is_not_in_memory_is_changed_too)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");
	struct client *bob = world_join_resumable(w, "s1", "Bob");

	hang_up(ann);
	hang_up(bob);
	world_restart(w);
	ck_assert_int_eq(remove_from(w, "s1", bob), REFUSAL_NONE);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_LEAVE);
	ck_assert_int_eq(call(w, CALL_END, "s1").call.refused, REFUSAL_NONE);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_END);
	world_free(w);
}
END_TEST

START_TEST(a_change_that_is_not_on_record_does_not_happen)
{
	struct world *w = world_new();
	struct client *ann = world_start(w, "s1", "Ann");
	struct asked ended;
	const struct record *notes;

	world_refuse_writing(w, 1);
	ended = call(w, CALL_END, "s1");
	ck_assert_int_eq(ended.call.refused, REFUSAL_STORAGE_UNAVAILABLE);
	ck_assert_int_eq(world_record(w, "s1")->event, RECORD_START);
	ck_assert_uint_eq(world_notes(w, &notes), 0);
	ignore(ann);
	say(ann, CART, ann->id, "{}");
	expect_carts(ann, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(a_stop_keeps_seats_from_who_claims_them)
{
	static const enum call_kind kinds[] = { CALL_READ, CALL_END };
	struct world *w;
	struct client *ann, *eve;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		w = world_new();
		ann = world_start(w, "s1", "Ann");
		eve = world_connect(w, "s1");
		say(eve, START, "Eve");
		hub_drain(world_hub(w));
		if (kinds[i] == CALL_READ)
			hang_up(ann);
		ck_assert_int_eq(call(w, kinds[i], "s1").call.refused,
		    REFUSAL_NONE);
		expect_nothing(eve);
		world_free(w);
	}
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_session_is_read_as_its_clients_see_it);
	tcase_add_test(tc, what_is_read_is_durable);
	tcase_add_test(tc, a_session_that_is_not_in_memory_is_loaded);
	tcase_add_test(tc, what_cannot_be_read_is_said_to_be_unavailable);
	tcase_add_test(tc, who_is_gone_gets_no_answer);
	tcase_add_test(tc, sessions_are_listed_in_pages_in_memory_or_not);
	tcase_add_test(tc, presence_is_told_of_those_in_memory);
	tcase_add_test(tc, a_session_is_ended_once);
	tcase_add_test(tc, a_repeated_end_spares_the_next_incarnation);
	tcase_add_test(tc,
	    a_repeated_lock_or_unlock_spares_the_next_incarnation);
	tcase_add_test(tc, a_customer_is_removed_once);
	tcase_add_test(tc, what_is_not_in_memory_is_changed_too);
	tcase_add_test(tc, a_change_that_is_not_on_record_does_not_happen);
	tcase_add_test(tc, a_stop_keeps_seats_from_who_claims_them);
}
