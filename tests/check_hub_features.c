/*
 * What clients ask for by name: whom it is on for, what they see then, and that
 * nobody else notices.
 */
#include <stdlib.h>
#include <string.h>

#include "hub/call.h"
#include "hub/hub.h"
#include "hub_script.h"
#include "suite.h"

const char suite_name[] = "hub_features";

#define MINUTE_MS UINT64_C(60000)

#define ENTER "{'event':'%s','payload':{'customerName':'%s',%s}}"
#define LOCK "'features':['lock']"
#define RESUME_WITH "{'event':'resumeSession','payload':{"		\
	"'customerId':'%s','token':'%s',%s}}"
#define POLL_WITH "{'event':'poll','payload':{'customerId':'%s',"	\
	"'cursor':'%s',%s}}"

static void
ignore_done(struct call *call)
{
	ck_assert_int_eq(call->refused, REFUSAL_NONE);
	payload_unref(call->session);
	free(call);
}

static void
change(struct world *w, enum call_kind kind)
{
	struct call *call = calloc(1, sizeof(*call));

	ck_assert_ptr_nonnull(call);
	call->kind = kind;
	call->done = ignore_done;
	call->session = payload_new("s1", 2);
	call_begin(world_hub(w), call, world_now(w));
	world_run(w);
}

/* A connection that enters and names the feature; its reply is taken. */
static struct client *
enter_with_lock(struct world *w, const char *event, const char *name)
{
	struct client *client = world_connect(w, "s1");

	say(client, ENTER, event, name, LOCK);
	expect(client, "{'event':'%s','payload':{'customerId':'<id>',"
	    "'token':'<token>','features':['lock']}}", event);
	return client;
}

START_TEST(a_lock_is_shown_to_who_asked_and_nobody_else)
{
	struct world *w = world_new();
	struct client *ann = enter_with_lock(w, "startSession", "Ann"), *bob,
	    *eve;

	expect_carts(ann, "Ann* {} @1.1.0");
	bob = world_join(w, "s1", "Bob");
	eve = world_join_resumable(w, "s1", "Eve");
	world_ignore(w);
	change(w, CALL_LOCK);
	expect_carts(ann, "Ann* {}, Bob {}, Eve {} locked @1.4.0");
	expect_carts(bob, "Ann* {}, Bob {}, Eve {}");
	expect_carts(eve, "Ann* {}, Bob {}, Eve {} @1.4");
	change(w, CALL_UNLOCK);
	expect_carts(ann, "Ann* {}, Bob {}, Eve {} @1.5.0");
	expect_carts(bob, "Ann* {}, Bob {}, Eve {}");
	expect_carts(eve, "Ann* {}, Bob {}, Eve {} @1.5");
	world_free(w);
}
END_TEST

START_TEST(a_reply_repeats_what_is_on_if_it_was_asked)
{
	static const struct {
		const char *field, *reply;
	} cases[] = {
		{ "'features':['more','lock','lock']",
		    ",'token':'<token>','features':['lock']" },
		{ "'features':['more'],'resumable':true",
		    ",'token':'<token>','features':[]" },
		{ "'features':['Lock','locks']", ",'features':[]" },
		{ "'features':[]", ",'features':[]" },
		{ "'resumable':false", "" },
	};
	struct world *w = world_new();
	struct client *client = world_connect(w, "s1");

	say(client, ENTER, "startSession", "Ann", cases[_i].field);
	expect(client, "{'event':'startSession','payload':{'customerId':"
	    "'<id>'%s}}", cases[_i].reply);
	expect_carts(client, _i == 0 ? "Ann* {} @1.1.0" :
	    _i == 1 ? "Ann* {} @1.1" : "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(each_start_join_and_resume_sets_them_anew)
{
	struct world *w = world_new();
	struct client *ann = enter_with_lock(w, "startSession", "Ann");

	expect_carts(ann, "Ann* {} @1.1.0");
	say(ann, RESUME, ann->id, ann->token);
	expect(ann, RESUMED, ann->id, 0);
	expect_carts(ann, "Ann* {} @1.1");
	change(w, CALL_LOCK);
	expect_carts(ann, "Ann* {} @1.2");
	say(ann, RESUME_WITH, ann->id, ann->token, LOCK);
	expect(ann, "{'event':'resumeSession','payload':{'customerId':'%s',"
	    "'seq':0,'features':['lock']}}", ann->id);
	expect_carts(ann, "Ann* {} locked @1.2.0");
	world_free(w);
}
END_TEST

/* What waited for it when it asked is not what it gets. */
START_TEST(who_is_slow_gets_nothing_in_another_form)
{
	struct world *w = world_new();
	struct client *ann = world_start_resumable(w, "s1", "Ann");

	ann->is_slow = true;
	change(w, CALL_LOCK);
	say(ann, RESUME_WITH, ann->id, ann->token, LOCK);
	catch_up(ann);
	expect(ann, "{'event':'resumeSession','payload':{'customerId':'%s',"
	    "'seq':0,'features':['lock']}}", ann->id);
	expect_carts(ann, "Ann* {} locked @1.2.0");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(a_connection_has_its_own)
{
	struct world *w = world_new();
	struct client *ann = enter_with_lock(w, "startSession", "Ann");
	struct client *tab = world_connect(w, "s1");

	say(tab, RESUME, ann->id, ann->token);
	world_ignore(w);
	change(w, CALL_LOCK);
	expect_carts(ann, "Ann* {} locked @1.2.0");
	expect_carts(tab, "Ann* {} @1.2");
	world_free(w);
}
END_TEST

START_TEST(without_a_token_none_is_on)
{
	static const char request_id[] = "'requestId':"
	    "'AAAAAAAAAAAAAAAAAAAAAAAA'";
	struct world *w = world_new();
	struct client *ann = world_connect(w, "s1");
	struct client *again = world_connect(w, "s1");

	say(ann, ENTER, "startSession", "Ann", request_id);
	expect(ann, STARTED, "<id>");
	expect_carts(ann, "Ann* {}");
	say(again, "{'event':'startSession','payload':{'customerName':'Ann',"
	    "%s,%s}}", request_id, LOCK);
	expect(again, "{'event':'startSession','payload':{'customerId':'%s',"
	    "'features':[]}}", ann->id);
	expect_carts(again, "Ann* {}");
	world_free(w);
}
END_TEST

START_TEST(an_answer_lost_is_repeated_with_its_features)
{
	static const char request_id[] = "'requestId':"
	    "'AAAAAAAAAAAAAAAAAAAAAAAA'";
	struct world *w = world_new();
	struct client *ann = enter_with_lock(w, "startSession", "Ann");
	struct client *bob = world_connect(w, "s1"), *again;

	say(bob, "{'event':'joinSession','payload':{'customerName':'Bob',"
	    "%s,%s}}", request_id, LOCK);
	change(w, CALL_LOCK);
	world_ignore(w);
	again = world_connect(w, "s1");
	say(again, "{'event':'joinSession','payload':{'customerName':'Bob',"
	    "%s,%s}}", request_id, LOCK);
	expect(again, "{'event':'joinSession','payload':{'customerId':'<id>',"
	    "'token':'<token>','features':['lock']}}");
	expect_carts(again, "Ann* {}, Bob {} locked @1.3.0");
	expect_nothing(ann);
	world_free(w);
}
END_TEST

START_TEST(a_poll_names_its_own)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann");
	struct client *plain, *poll;

	poll = post(w, "s1", ann->token, POLL_WITH, ann->id, "1.1.0", LOCK);
	plain = post(w, "s1", ann->token, POLL_AT, ann->id, "1.1.0");
	expect_waiting(poll);
	expect_waiting(plain);
	change(w, CALL_LOCK);
	expect_answer(poll, "1.2.0");
	expect_carts(poll, "Ann* {} locked @1.2.0");
	expect_answer(plain, "1.2");
	expect_carts(plain, "Ann* {} @1.2");

	/* Without a third part it does not know what it has seen. */
	poll = post(w, "s1", ann->token, POLL_WITH, ann->id, "1.2", LOCK);
	expect_answer(poll, "1.2.0");
	expect_carts(poll, "Ann* {} locked @1.2.0");
	poll = post(w, "s1", ann->token, POLL_WITH, ann->id, "1.2",
	    "'features':['more']");
	expect_waiting(poll);

	/* Without news its cursor is repeated, third part and all. */
	poll = post(w, "s1", ann->token, POLL_WITH, ann->id, "1.2.7.9",
	    LOCK);
	expect_waiting(poll);
	world_wait(w, MINUTE_MS);
	expect_answer(poll, "1.2.0");
	expect_nothing(poll);
	world_free(w);
}
END_TEST

START_TEST(who_enters_or_comes_back_by_a_request_has_them_too)
{
	struct world *w = world_new();
	struct client *ann, *bob, *poll;

	ann = post(w, "s1", "", ENTER, "startSession", "Ann", LOCK);
	expect(ann, "{'event':'startSession','payload':{'customerId':'<id>',"
	    "'token':'<token>','features':['lock']}}");
	expect_answer(ann, "1.1.0");
	expect_carts(ann, "Ann* {} @1.1.0");
	bob = world_join(w, "s1", "Bob");
	change(w, CALL_LOCK);
	poll = post(w, "s1", "", RESUME_WITH, ann->id, ann->token, LOCK);
	expect_answer(poll, "1.3.0");
	ignore(poll);
	world_wait(w, 3 * MINUTE_MS);
	poll = post(w, "s1", ann->token, POLL_WITH, ann->id, "1.4.0", LOCK);
	expect_answer(poll, "1.5.0");
	expect_carts(poll, "Ann* {}, Bob {} locked @1.5.0");
	ignore(bob);
	world_free(w);
}
END_TEST

START_TEST(what_is_no_list_of_names_is_refused)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann"), *poll;
	struct client *bob = world_connect(w, "s1");

	poll = post(w, "s1", ann->token, POLL_WITH, ann->id, "1.1",
	    "'features':'lock'");
	expect_refusal(poll, "invalidMessage", ",'event':'poll'");
	say(bob, ENTER, "joinSession", "Bob", "'features':[1]");
	expect_error(bob, "invalidMessage", ",'event':'joinSession'");
	world_free(w);
}
END_TEST

/* The daemon starts anew: a client goes on with the cursor that it has. */
START_TEST(a_cursor_is_good_for_another_daemon)
{
	struct world *w = world_new();
	struct client *ann = world_start_by_request(w, "s1", "Ann"), *poll;

	change(w, CALL_LOCK);
	world_restart(w);
	poll = post(w, "s1", ann->token, POLL_WITH, ann->id, "1.2.0", LOCK);
	expect_waiting(poll);
	change(w, CALL_UNLOCK);
	expect_answer(poll, "1.3.0");
	expect_carts(poll, "Ann* {} @1.3.0");
	world_free(w);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_lock_is_shown_to_who_asked_and_nobody_else);
	tcase_add_loop_test(tc, a_reply_repeats_what_is_on_if_it_was_asked,
	    0, 5);
	tcase_add_test(tc, each_start_join_and_resume_sets_them_anew);
	tcase_add_test(tc, who_is_slow_gets_nothing_in_another_form);
	tcase_add_test(tc, a_connection_has_its_own);
	tcase_add_test(tc, without_a_token_none_is_on);
	tcase_add_test(tc, an_answer_lost_is_repeated_with_its_features);
	tcase_add_test(tc, a_poll_names_its_own);
	tcase_add_test(tc,
	    who_enters_or_comes_back_by_a_request_has_them_too);
	tcase_add_test(tc, what_is_no_list_of_names_is_refused);
	tcase_add_test(tc, a_cursor_is_good_for_another_daemon);
}
