#include "suite.h"

#include <stddef.h>
#include <string.h>

#include "wire/ws_handshake.h"

const char suite_name[] = "ws_handshake";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* RFC 6455, section 1.3: the key of the example, and what accepts it. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

/* A request that nothing is wrong with. */
#define SOUND								\
	.method = "GET", .http_version = "HTTP/1.1",			\
	.connection = "Upgrade", .upgrade = "websocket",		\
	.key = KEY, .version = "13"

#define LETTERS_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LETTERS_255 LETTERS_50 LETTERS_50 LETTERS_50 LETTERS_50 LETTERS_50 \
	"aaaaa"

static void
decide(const struct ws_handshake_request *request, const char *subprotocol,
    bool compression, struct ws_handshake *handshake)
{
	const struct ws_handshake_policy policy = { subprotocol, compression };

	ws_handshake_decide(request, &policy, handshake);
}

START_TEST(the_example_of_the_rfc_is_accepted)
{
	/* RFC 6455, section 1.3 */
	const struct ws_handshake_request request = { SOUND,
	    .protocol = "chat, superchat" };
	struct ws_handshake handshake;

	decide(&request, NULL, false, &handshake);

	ck_assert_int_eq(handshake.status, 101);
	ck_assert_str_eq(handshake.accept, ACCEPT);
	ck_assert_str_eq(handshake.subprotocol, "chat");
	ck_assert_str_eq(handshake.extensions, "");
	ck_assert(!handshake.deflate);
}
END_TEST

static const char *const wanted[] = {
	"websocket", "WebSocket", "WEBSOCKET", " websocket ", "\twebsocket",
	"h2c, websocket", "websocket,h2c", ",, websocket",
	"a ,\tWebSocket\t, b",
};

static const char *const unwanted[] = {
	NULL, "", " ", ",", "web socket", "websocket2", "websocke", "h2c",
	"websocket/13", "websockex", "xwebsocket, websocketx",
};

START_TEST(the_upgrade_field_says_whether_a_websocket_is_wanted)
{
	size_t i;

	for (i = 0; i < COUNT(wanted); i++)
		ck_assert_msg(ws_handshake_is_wanted(wanted[i]), "%s",
		    wanted[i]);
	for (i = 0; i < COUNT(unwanted); i++)
		ck_assert_msg(!ws_handshake_is_wanted(unwanted[i]), "row %zu",
		    i);
}
END_TEST

/* A sound request with one field changed. */
struct judged {
	size_t	 field;
	const char *value;
	int	 status;
};

#define FIELD(name) offsetof(struct ws_handshake_request, name)

static const struct judged judged[] = {
	/* method and version of HTTP */
	{ FIELD(method), "POST", 400 },
	{ FIELD(method), "HEAD", 400 },
	{ FIELD(method), "get", 400 },
	{ FIELD(http_version), "HTTP/1.0", 400 },
	{ FIELD(http_version), "HTTP/0.9", 400 },
	{ FIELD(http_version), "HTTP/1.2", 101 },
	/* Upgrade and Connection */
	{ FIELD(upgrade), NULL, 400 },
	{ FIELD(upgrade), "h2c", 400 },
	{ FIELD(upgrade), "h2c, WebSocket", 101 },
	{ FIELD(connection), NULL, 400 },
	{ FIELD(connection), "", 400 },
	{ FIELD(connection), "close", 400 },
	{ FIELD(connection), "upgraded", 400 },
	{ FIELD(connection), "upgrad3", 400 },
	{ FIELD(connection), "upgrade", 101 },
	{ FIELD(connection), "keep-alive, Upgrade", 101 },
	{ FIELD(connection), "keep-alive,UPGRADE , x", 101 },
	/* Sec-WebSocket-Version */
	{ FIELD(version), NULL, 400 },
	{ FIELD(version), "", 400 },
	{ FIELD(version), " 13 ", 101 },
	{ FIELD(version), "13, 13", 400 },
	{ FIELD(version), ", 13", 400 },
	{ FIELD(version), "13,", 400 },
	{ FIELD(version), "1 3", 400 },
	{ FIELD(version), "abc", 400 },
	{ FIELD(version), "-13", 400 },
	{ FIELD(version), "13x", 400 },
	{ FIELD(version), "0", 426 },
	{ FIELD(version), "8", 426 },
	{ FIELD(version), "1", 426 },
	{ FIELD(version), "12", 426 },
	{ FIELD(version), "14", 426 },
	{ FIELD(version), "130", 426 },
	{ FIELD(version), "255", 426 },
	/* Sec-WebSocket-Key: base64 of 16 bytes */
	{ FIELD(key), NULL, 400 },
	{ FIELD(key), "", 400 },
	{ FIELD(key), " " KEY "\t", 101 },
	{ FIELD(key), "++++++++++////////////==", 101 },
	{ FIELD(key), KEY ", " KEY, 400 },
	{ FIELD(key), "dGhlIHNhbXBsZSBub25jZQ=", 400 },
	{ FIELD(key), "dGhlIHNhbXBsZSBub25jZQ===", 400 },
	{ FIELD(key), "dGhlIHNhbXBsZSBub25jZQAA", 400 },
	{ FIELD(key), "dGhlIHNhbXBsZSBub25jZ===", 400 },
	{ FIELD(key), "dGhlIHNhbXBsZSBub25jZQ=A", 400 },
	{ FIELD(key), "dGhlIHNhbXBsZSBub25jZQA=", 400 },
	{ FIELD(key), "dGhlIHNhbXBsZSBub25-ZQ==", 400 },
	{ FIELD(key), "dGhlIHNhbXBs SBub25jZQ==", 400 },
	{ FIELD(key), "dGhlIHNhbXBsZQ==", 400 },
	/* Sec-WebSocket-Extensions: its grammar, whether wanted or not */
	{ FIELD(extensions), "x-unknown; a=b", 101 },
	{ FIELD(extensions), "", 400 },
	{ FIELD(extensions), "permessage-deflate; =", 400 },
	{ FIELD(extensions), "a b", 400 },
};

START_TEST(requests_are_judged)
{
	struct ws_handshake_request request = { SOUND };
	struct ws_handshake with, without;

	*(const char **)((char *)&request + judged[_i].field) =
	    judged[_i].value;
	decide(&request, NULL, true, &with);
	decide(&request, "", false, &without);

	ck_assert_int_eq(with.status, judged[_i].status);
	ck_assert_int_eq(without.status, judged[_i].status);
}
END_TEST

START_TEST(another_version_is_told_so_before_the_key_is_judged)
{
	struct ws_handshake_request request = { SOUND };
	struct ws_handshake handshake;

	request.version = "8";
	request.key = NULL;
	decide(&request, NULL, false, &handshake);
	ck_assert_int_eq(handshake.status, 426);
	request.connection = NULL;
	decide(&request, NULL, false, &handshake);
	ck_assert_int_eq(handshake.status, 400);
}
END_TEST

/* What is offered and configured, and what is answered; NULL: refused. */
struct chosen {
	const char *offered;
	const char *configured;
	const char *answer;
};

static const struct chosen chosen[] = {
	/* none configured: the first one */
	{ NULL, NULL, "" },
	{ NULL, "", "" },
	{ "chat", NULL, "chat" },
	{ "chat, superchat", "", "chat" },
	{ " chat\t,superchat", NULL, "chat" },
	{ ", ,chat", NULL, "chat" },
	{ "v1.shop~x_!#$%&'*+-^`|", NULL, "v1.shop~x_!#$%&'*+-^`|" },
	{ LETTERS_255, NULL, LETTERS_255 },
	{ LETTERS_255 "a", NULL, NULL },
	/* one configured: that or nothing */
	{ NULL, "chat", NULL },
	{ "chat", "chat", "chat" },
	{ "other, chat", "chat", "chat" },
	{ "chat, chat", "chat", "chat" },
	{ "other", "chat", NULL },
	{ "Chat", "chat", NULL },
	{ "chatx, xchat, cha", "chat", NULL },
	/* no list of tokens, wherever */
	{ "", NULL, NULL },
	{ ",", NULL, NULL },
	{ "chat room", NULL, NULL },
	{ "\"chat\"", NULL, NULL },
	{ "chat, a/b", NULL, NULL },
	{ "chat, a\x7f", "chat", NULL },
	{ "chat, \xc3\xa4", "chat", NULL },
};

START_TEST(a_subprotocol_is_chosen_among_those_offered)
{
	const struct chosen *row = &chosen[_i];
	const struct ws_handshake_request request = { SOUND,
	    .protocol = row->offered };
	struct ws_handshake handshake;

	decide(&request, row->configured, false, &handshake);

	ck_assert_int_eq(handshake.status, row->answer == NULL ? 400 : 101);
	if (row->answer != NULL)
		ck_assert_str_eq(handshake.subprotocol, row->answer);
}
END_TEST

START_TEST(compression_is_agreed_upon_only_where_wanted)
{
	const struct ws_handshake_request request = { SOUND,
	    .extensions = "permessage-deflate; client_max_window_bits=10" };
	struct ws_handshake handshake;

	decide(&request, NULL, true, &handshake);
	ck_assert(handshake.deflate);
	ck_assert_str_eq(handshake.extensions, "permessage-deflate; "
	    "server_no_context_takeover; client_no_context_takeover; "
	    "client_max_window_bits=10");
	ck_assert_int_eq(handshake.params.client_max_window_bits, 10);
	decide(&request, NULL, false, &handshake);
	ck_assert_int_eq(handshake.status, 101);
	ck_assert(!handshake.deflate);
	ck_assert_str_eq(handshake.extensions, "");
}
END_TEST

START_TEST(an_offer_that_does_not_suit_is_left_unanswered)
{
	const struct ws_handshake_request request = { SOUND,
	    .extensions = "permessage-deflate; server_max_window_bits=8" };
	struct ws_handshake handshake;

	decide(&request, NULL, true, &handshake);

	ck_assert_int_eq(handshake.status, 101);
	ck_assert(!handshake.deflate);
	ck_assert_str_eq(handshake.extensions, "");
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, the_example_of_the_rfc_is_accepted);
	tcase_add_test(tc,
	    the_upgrade_field_says_whether_a_websocket_is_wanted);
	tcase_add_loop_test(tc, requests_are_judged, 0, COUNT(judged));
	tcase_add_test(tc,
	    another_version_is_told_so_before_the_key_is_judged);
	tcase_add_loop_test(tc, a_subprotocol_is_chosen_among_those_offered, 0,
	    COUNT(chosen));
	tcase_add_test(tc, compression_is_agreed_upon_only_where_wanted);
	tcase_add_test(tc, an_offer_that_does_not_suit_is_left_unanswered);
}
