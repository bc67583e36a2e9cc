#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/xalloc.h"
#include "session/session.h"
#include "suite.h"
#include "wire/announcement.h"
#include "wire/json_scan.h"
#include "wire/message.h"
#include "wire/ticket.h"
#include "wire/multicart.h"

const char suite_name[] = "message";

#define N(table) (sizeof(table) / sizeof((table)[0]))
#define TEXT(literal) literal, sizeof(literal) - 1

#define ID "0123456789abcdef01234567"
#define TOKEN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN-_0"
#define REQUEST "abcdefghijkl-_MNOP0189"
#define TEN "aaaaaaaaaa"
#define FIFTY TEN TEN TEN TEN TEN
#define EURO_FIVE "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
#define EURO_TEN EURO_FIVE EURO_FIVE
#define EURO_FIFTY EURO_TEN EURO_TEN EURO_TEN EURO_TEN EURO_TEN

#define START(fields) "{\"event\":\"startSession\",\"payload\":{" fields "}}"
#define NAMED(name) START("\"customerName\":" name)
#define CART(fields) "{\"event\":\"updateCart\",\"payload\":{" \
	"\"customerId\":\"" ID "\"," fields "}}"
#define CONTENT(cart) CART("\"cartContent\":" cart)
#define SEQ(seq) CART("\"cartContent\":{},\"seq\":" seq)
#define READY(fields) "{\"event\":\"customerReadyToCheckout\",\"payload\":{" \
	"\"customerId\":\"" ID "\"," fields "}}"
#define RESUME(fields) "{\"event\":\"resumeSession\",\"payload\":{" fields "}}"
#define SAY(fields) "{\"event\":\"say\",\"payload\":{" \
	"\"customerId\":\"" ID "\"," fields "}}"
#define GOODBYE(fields) "{\"event\":\"goodbye\",\"payload\":{" fields "}}"
#define LEAVE(fields) "{\"event\":\"leaveSession\",\"payload\":{" fields "}}"

static const char *const event_names[MESSAGE_EVENTS] = {
	"-", "startSession", "joinSession", "updateCart",
	"customerReadyToCheckout", "resumeSession", "leaveSession",
	"poll", "say", "goodbye",
};

static void
describe_message(FILE *out, const struct message *message)
{
	char hex[ID_CUSTOMER_HEX + 1];
	static const struct customer_id none;

	(void)fprintf(out, "%s", event_names[message->event]);
	if (!customer_id_equal(&message->customer, &none)) {
		customer_id_format(&message->customer, hex);
		(void)fprintf(out, " id=%s", hex);
	}
	if (message->name != NULL)
		(void)fprintf(out, " name=%s", message->name->data);
	if (message->cart != NULL)
		(void)fprintf(out, " cart=%s", message->cart->data);
	if (message->what != NULL)
		(void)fprintf(out, " what=%s", message->what->data);
	if (message->has_to) {
		customer_id_format(&message->to, hex);
		(void)fprintf(out, " to=%s", hex);
	}
	if (message->is_ready)
		(void)fprintf(out, " ready");
	if (message->is_resumable)
		(void)fprintf(out, " resumable");
	if (message->has_features)
		(void)fprintf(out, " features=%u", message->features);
	if (message->seq != 0)
		(void)fprintf(out, " seq=%" PRIu64, message->seq);
	if (message->request_id[0] != '\0')
		(void)fprintf(out, " request=%s", message->request_id);
	if (message->token[0] != '\0')
		(void)fprintf(out, " token=%s", message->token);
	if (message->ticket != NULL)
		(void)fprintf(out, " ticket=%s", message->ticket->data);
}

static void
describe_error(FILE *out, const struct message_error *error)
{
	(void)fprintf(out, "%s", message_refusal_name(error->code));
	if (error->field != NULL)
		(void)fprintf(out, " %s", error->field);
	if (error->event != MESSAGE_NONE)
		(void)fprintf(out, " in %s", event_names[error->event]);
	if (error->seq != 0)
		(void)fprintf(out, " seq=%" PRIu64, error->seq);
	ck_assert_uint_eq(error->retry_after_s, 0);
}

/*
 * What a parser makes of a text that ends with its block of memory: the fields
 * that are not empty, or "! ", the code and what is told besides.
 */
static char *
parse(struct message_parser *parser, const char *text, size_t len)
{
	struct message_error error;
	struct message message;
	char *block = xcalloc(1, len + 1);
	char *result;
	size_t n;
	FILE *out = open_memstream(&result, &n);

	memcpy(block + 1, text, len);
	if (message_parse(parser, block + 1, len, &message, &error) == 0) {
		free(block);	/* nothing refers to it any more */
		describe_message(out, &message);
		message_clear(&message);
		ck_assert_ptr_null(message.cart);
		ck_assert_ptr_null(message.ticket);
	} else {
		free(block);
		(void)fprintf(out, "! ");
		describe_error(out, &error);
	}
	ck_assert_int_eq(fclose(out), 0);
	return result;
}

struct parse_case {
	const char *text;
	size_t	 len;
	const char *result;
};

static void
check_parsed(const struct parse_case *cases, size_t n)
{
	struct message_parser *parser = message_parser_new();
	size_t i;

	for (i = 0; i < n; i++) {
		char *result = parse(parser, cases[i].text, cases[i].len);

		ck_assert_msg(strcmp(result, cases[i].result) == 0,
		    "%s\n is %s\n not %s", cases[i].text, result,
		    cases[i].result);
		free(result);
	}
	message_parser_free(parser);
}

static const struct parse_case good_cases[] = {
	{ TEXT(NAMED("\"Ann\"")), "startSession name=Ann" },
	{ TEXT("{\"event\":\"joinSession\",\"payload\":{\"customerName\":"
	    "\"Bob\"}}"), "joinSession name=Bob" },
	{ TEXT(CONTENT("{\"a\":1}")), "updateCart id=" ID " cart={\"a\":1}" },
	{ TEXT(READY("\"customerReadyToCheckout\":true")),
	    "customerReadyToCheckout id=" ID " ready" },
	{ TEXT(READY("\"customerReadyToCheckout\":false,\"seq\":3")),
	    "customerReadyToCheckout id=" ID " seq=3" },
	{ TEXT(RESUME("\"customerId\":\"" ID "\",\"token\":\"" TOKEN "\"")),
	    "resumeSession id=" ID " token=" TOKEN },
	{ TEXT(LEAVE("\"customerId\":\"" ID "\"")), "leaveSession id=" ID },
	{ TEXT(LEAVE("\"token\":\"" TOKEN "\",\"customerId\":\"" ID "\"")),
	    "leaveSession id=" ID " token=" TOKEN },
	{ TEXT(" { \"payload\" : { \"customerName\" : \"A n\" } ,\r\n"
	    "\t\"event\" : \"startSession\" } "), "startSession name=A n" },
	{ TEXT(START("\"resumable\":true,\"customerName\":\"A\","
	    "\"requestId\":\"" REQUEST "\"")),
	    "startSession name=A resumable request=" REQUEST },
	{ TEXT(START("\"customerName\":\"A\",\"features\":[]")),
	    "startSession name=A features=0" },
	{ TEXT(START("\"customerName\":\"A\","
	    "\"features\" : [ \"more\", \"lock\" ,\"lock\"\n]")),
	    "startSession name=A features=1" },
	{ TEXT(START("\"customerName\":\"A\",\"features\":"
	    "[\"\",\"\\\"],\",\"\\u006co\\u0063k\"]")),
	    "startSession name=A features=1" },
	{ TEXT(START("\"customerName\":\"A\",\"features\":"
	    "[\"Lock\",\"lock \",\"loc\",\"lock\\u0000\"]")),
	    "startSession name=A features=0" },
	{ TEXT(CART("\"cartContent\":{},\"features\":7")),
	    "updateCart id=" ID " cart={}" },
	{ TEXT(START("\"customerName\":\"A\",\"resumable\":false")),
	    "startSession name=A" },
	{ TEXT(CART("\"token\":\"" TOKEN "\",\"seq\":9,\"cartContent\":{}")),
	    "updateCart id=" ID " cart={} seq=9 token=" TOKEN },
	{ TEXT(START("\"ticket\":\"a.b.c\",\"customerName\":\"A\"")),
	    "startSession name=A ticket=a.b.c" },
	{ TEXT("{\"event\":\"joinSession\",\"payload\":{\"customerName\":"
	    "\"B\",\"ticket\":\"\\u0061.\\/\"}}"),
	    "joinSession name=B ticket=a./" },
	/* escapes in values are read */
	{ TEXT("{\"event\":\"start\\u0053ession\",\"payload\":{"
	    "\"customerName\":\"\\u0041\\n\\b\"}}"),
	    "! invalidMessage customerName in startSession" },
	{ TEXT("{\"event\":\"start\\u0053ession\",\"payload\":{"
	    "\"customerName\":\"\\u0041\\/\\\"\\\\\"}}"),
	    "startSession name=A/\"\\" },
	{ TEXT(LEAVE("\"customerId\":\"\\u00300123456789abcdef0123456\"")),
	    "leaveSession id=00123456789abcdef0123456" },
	/* unknown fields */
	{ TEXT("{\"x\":[{\"event\":1}],\"event\":\"leaveSession\",\"y\":{"
	    "\"a\":1,\"a\":2,\"\\u0061\":3},\"payload\":{\"z\":{\"\\n\":1},"
	    "\"customerId\":\"" ID "\",\"\":null},\"Event\":\"x\"}"),
	    "leaveSession id=" ID },
	/* fields of other events, whatever they hold */
	{ TEXT(START("\"customerName\":\"A\",\"customerId\":7,\"seq\":-1,"
	    "\"token\":{},\"cartContent\":[],"
	    "\"customerReadyToCheckout\":\"x\"")), "startSession name=A" },
	{ TEXT(CART("\"cartContent\":{},\"requestId\":1,\"resumable\":2,"
	    "\"customerName\":3")), "updateCart id=" ID " cart={}" },
	{ TEXT(LEAVE("\"customerId\":\"" ID "\",\"seq\":\"x\"")),
	    "leaveSession id=" ID },
	{ TEXT(RESUME("\"customerId\":\"" ID "\",\"token\":\"" TOKEN "\","
	    "\"seq\":5,\"resumable\":true,\"ticket\":null")),
	    "resumeSession id=" ID " token=" TOKEN },
};

START_TEST(messages_are_read)
{
	check_parsed(good_cases, N(good_cases));
}
END_TEST

static const struct parse_case name_cases[] = {
	{ TEXT(NAMED("\" \"")), "startSession name= " },
	{ TEXT(NAMED("\"" FIFTY FIFTY "\"")),
	    "startSession name=" FIFTY FIFTY },
	{ TEXT(NAMED("\"" EURO_FIFTY EURO_FIFTY "\"")),
	    "startSession name=" EURO_FIFTY EURO_FIFTY },
	{ TEXT(NAMED("\"\xf0\x9f\x9b\x92" FIFTY EURO_TEN EURO_TEN EURO_TEN
	    EURO_TEN "123456789\"")), "startSession name=\xf0\x9f\x9b\x92"
	    FIFTY EURO_TEN EURO_TEN EURO_TEN EURO_TEN "123456789" },
	{ TEXT(NAMED("\"\\uD83D\\uDE00\"")),
	    "startSession name=\xf0\x9f\x98\x80" },
	{ TEXT(NAMED("\"\\ud83d\\ude00\\udbff\\udfff\\\\udc00\"")),
	    "startSession name=\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\\udc00" },
	{ TEXT(NAMED("\"\\ufffd\xef\xbf\xbd\"")),
	    "startSession name=\xef\xbf\xbd\xef\xbf\xbd" },
	{ TEXT(NAMED("\"\\ud7ff\\ue000\"")),
	    "startSession name=\xed\x9f\xbf\xee\x80\x80" },
	{ TEXT(NAMED("\"\xc2\xa0\\u00a0\"")),
	    "startSession name=\xc2\xa0\xc2\xa0" },
	{ TEXT(NAMED("\"\xc3\x80\xe2\x80\x80\"")),
	    "startSession name=\xc3\x80\xe2\x80\x80" },
	{ TEXT(NAMED("\"<b>'&\"")), "startSession name=<b>'&" },
};

START_TEST(names_are_kept_as_they_are)
{
	check_parsed(name_cases, N(name_cases));
}
END_TEST

static const char *const bad_names[] = {
	"\"\"", "\"" FIFTY FIFTY "a\"", "\"" EURO_FIFTY EURO_FIFTY "a\"",
	"\"" FIFTY FIFTY "\\u0061\"",
	"\"a\x7f\"", "\"\\u007f\"", "\"\\u0000\"", "\"a\\u0000b\"",
	"\"\\u001f\"", "\"\\n\"", "\"\\t\"", "\"\\r\"", "\"\\b\"",
	"\"\\f\"", "\"\xc2\x80\"", "\"\xc2\x9f\"", "\"\\u0080\"",
	"\"\\u009F\"", "\"a\\u0085b\"", "\"\\ud800\"", "\"\\uDBFF\"",
	"\"\\udc00\"", "\"\\uDFFF\"", "\"\\ud800\\ud800\"",
	"\"\\ud800\\ud800\\udc00\"", "\"\\ud83d\\ude00\\ude00\"",
	"\"\\ud83dx\\ude00\"", "\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"",
	"\"\\ud83dxude00\"", "\"\\ud83d\\\\ude00\"", "\"\\\\\\ud83d\"",
	"null", "true", "1", "[\"Ann\"]", "{}",
};

START_TEST(names_out_of_their_limits_are_refused)
{
	struct message_parser *parser = message_parser_new();
	char text[512], *result;
	size_t i;
	int len;

	for (i = 0; i < N(bad_names); i++) {
		len = snprintf(text, sizeof(text), NAMED("%s"), bad_names[i]);
		result = parse(parser, text, (size_t)len);
		ck_assert_msg(strcmp(result, "! invalidMessage customerName in "
		    "startSession") == 0, "%s: %s", bad_names[i], result);
		free(result);
	}
	message_parser_free(parser);
}
END_TEST

/* The traps are where json-c alone would change what it reads. */
static const struct parse_case cart_cases[] = {
	{ TEXT(CONTENT("{}")), "updateCart id=" ID " cart={}" },
	{ TEXT(CONTENT("{ \"a\" : [ 1 , { } ] }")),
	    "updateCart id=" ID " cart={\"a\":[1,{}]}" },
	{ TEXT(CONTENT("{\n\t\"a b\": \" c \\\" d \"\r\n}")),
	    "updateCart id=" ID " cart={\"a b\":\" c \\\" d \"}" },
	{ TEXT(CONTENT("{\"n\":[-0,-0.0,1.0,1.10,1e2,1E+2,1e400,1e-400]}")),
	    "updateCart id=" ID
	    " cart={\"n\":[-0,-0.0,1.0,1.10,1e2,1E+2,1e400,1e-400]}" },
	{ TEXT(CONTENT("{\"n\":[18446744073709551616,-9223372036854775809,"
	    "9007199254740993,99999999999999999999]}")), "updateCart id=" ID
	    " cart={\"n\":[18446744073709551616,-9223372036854775809,"
	    "9007199254740993,99999999999999999999]}" },
	{ TEXT(CONTENT("{\"a\":1,\"a\":2,\"\\u0061\":3,\"b\\u0000c\":4}")),
	    "updateCart id=" ID
	    " cart={\"a\":1,\"a\":2,\"\\u0061\":3,\"b\\u0000c\":4}" },
	{ TEXT(CONTENT("{\"s\":\"\\u0000\\ud800\\udc00\\udc00\\/"
	    "\\u0041\\b\"}")),
	    "updateCart id=" ID
	    " cart={\"s\":\"\\u0000\\ud800\\udc00\\udc00\\/\\u0041\\b\"}" },
	{ TEXT(CONTENT("{\"\xd0\x96\":\"\xe2\x82\xac\x7f\xc2\x85\"}")),
	    "updateCart id=" ID
	    " cart={\"\xd0\x96\":\"\xe2\x82\xac\x7f\xc2\x85\"}" },
	{ TEXT(CONTENT("{\"z\":1,\"a\":2,\"cartContent\":{\"payload\":0}}")),
	    "updateCart id=" ID
	    " cart={\"z\":1,\"a\":2,\"cartContent\":{\"payload\":0}}" },
	{ TEXT(CONTENT("[]")), "! invalidMessage cartContent in updateCart" },
	{ TEXT(CONTENT("null")), "! invalidMessage cartContent in updateCart" },
	{ TEXT(CONTENT("\"{}\"")),
	    "! invalidMessage cartContent in updateCart" },
	{ TEXT(CONTENT("1")), "! invalidMessage cartContent in updateCart" },
	{ TEXT(CART("\"seq\":7")),
	    "! invalidMessage cartContent in updateCart seq=7" },
};

START_TEST(carts_go_through_byte_for_byte)
{
	check_parsed(cart_cases, N(cart_cases));
}
END_TEST

static const struct parse_case seq_cases[] = {
	{ TEXT(SEQ("1")), "updateCart id=" ID " cart={} seq=1" },
	{ TEXT(SEQ("9007199254740991")),
	    "updateCart id=" ID " cart={} seq=9007199254740991" },
	{ TEXT(SEQ("9007199254740992")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("9999999999999999")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("18446744073709551617")),
	    "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("0")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("-0")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("-1")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("1.0")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("1e3")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("1E3")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("\"1\"")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("null")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("true")), "! invalidMessage seq in updateCart" },
	{ TEXT(SEQ("[1]")), "! invalidMessage seq in updateCart" },
	/* a good one is told with whatever else is wrong */
	{ TEXT("{\"event\":\"updateCart\",\"payload\":{\"seq\":5}}"),
	    "! invalidMessage customerId in updateCart seq=5" },
	{ TEXT(READY("\"customerReadyToCheckout\":1,\"seq\":6")), "! "
	    "invalidMessage customerReadyToCheckout in customerReadyToCheckout"
	    " seq=6" },
	{ TEXT(CART("\"cartContent\":{},\"token\":1,\"seq\":8")),
	    "! invalidMessage token in updateCart seq=8" },
	{ TEXT(START("\"seq\":5")),
	    "! invalidMessage customerName in startSession" },
};

START_TEST(seq_is_an_integer_in_its_plain_spelling)
{
	check_parsed(seq_cases, N(seq_cases));
}
END_TEST

#define SOMEBODY(field) START("\"customerName\":\"A\"," field)
#define REQUESTED(request) SOMEBODY("\"requestId\":" request)
#define FEATURES(value) SOMEBODY("\"features\":" value)
#define RESUMABLE(value) SOMEBODY("\"resumable\":" value)
#define TICKET(ticket) SOMEBODY("\"ticket\":" ticket)
#define CUSTOMER(id) LEAVE("\"customerId\":" id)
#define PROVED(token) LEAVE("\"customerId\":\"" ID "\",\"token\":" token)
#define IS_READY(value) READY("\"customerReadyToCheckout\":" value)

static const struct parse_case field_cases[] = {
	{ TEXT(CUSTOMER("\"\"")),
	    "! invalidMessage customerId in leaveSession" },
	{ TEXT(CUSTOMER("\"0123456789abcdef0123456\"")),
	    "! invalidMessage customerId in leaveSession" },
	{ TEXT(CUSTOMER("\"0123456789abcdef012345678\"")),
	    "! invalidMessage customerId in leaveSession" },
	{ TEXT(CUSTOMER("\"0123456789aBcdef01234567\"")),
	    "! invalidMessage customerId in leaveSession" },
	{ TEXT(CUSTOMER("\"0123456789abcdef0123456g\"")),
	    "! invalidMessage customerId in leaveSession" },
	{ TEXT(CUSTOMER("\"0123456789abcdef0123456\\u0000\"")),
	    "! invalidMessage customerId in leaveSession" },
	{ TEXT(CUSTOMER("\"" ID "\\u0000\"")),
	    "! invalidMessage customerId in leaveSession" },
	{ TEXT(CUSTOMER("123456789012345678901234")),
	    "! invalidMessage customerId in leaveSession" },
	{ TEXT(CUSTOMER("null")),
	    "! invalidMessage customerId in leaveSession" },
	{ TEXT(LEAVE("")), "! invalidMessage customerId in leaveSession" },
	{ TEXT(IS_READY("\"true\"")), "! invalidMessage "
	    "customerReadyToCheckout in customerReadyToCheckout" },
	{ TEXT(IS_READY("1")), "! invalidMessage "
	    "customerReadyToCheckout in customerReadyToCheckout" },
	{ TEXT(IS_READY("null")), "! invalidMessage "
	    "customerReadyToCheckout in customerReadyToCheckout" },
	{ TEXT(READY("\"x\":1")), "! invalidMessage "
	    "customerReadyToCheckout in customerReadyToCheckout" },
	{ TEXT(FEATURES("\"lock\"")),
	    "! invalidMessage features in startSession" },
	{ TEXT(FEATURES("{}")), "! invalidMessage features in startSession" },
	{ TEXT(FEATURES("null")), "! invalidMessage features in startSession" },
	{ TEXT(FEATURES("[\"lock\",1]")),
	    "! invalidMessage features in startSession" },
	{ TEXT(FEATURES("[[\"lock\"]]")),
	    "! invalidMessage features in startSession" },
	{ TEXT(FEATURES("[true]")),
	    "! invalidMessage features in startSession" },
	{ TEXT(RESUMABLE("1")), "! invalidMessage resumable in startSession" },
	{ TEXT(RESUMABLE("null")),
	    "! invalidMessage resumable in startSession" },
	{ TEXT(RESUMABLE("\"true\"")),
	    "! invalidMessage resumable in startSession" },
	{ TEXT(REQUESTED("\"abcdefghijklmnopqrstu\"")),
	    "! invalidMessage requestId in startSession" },
	{ TEXT(REQUESTED("\"" FIFTY "abcdefghij-_09\"")),
	    "startSession name=A request=" FIFTY "abcdefghij-_09" },
	{ TEXT(REQUESTED("\"" FIFTY "abcdefghij-_09A\"")),
	    "! invalidMessage requestId in startSession" },
	{ TEXT(REQUESTED("\"" REQUEST "+\"")),
	    "! invalidMessage requestId in startSession" },
	{ TEXT(REQUESTED("\"" REQUEST " \"")),
	    "! invalidMessage requestId in startSession" },
	{ TEXT(REQUESTED("\"" REQUEST "\\u0000\"")),
	    "! invalidMessage requestId in startSession" },
	{ TEXT(REQUESTED("\"" REQUEST "\xc3\xa9\"")),
	    "! invalidMessage requestId in startSession" },
	{ TEXT(REQUESTED("\"\"")),
	    "! invalidMessage requestId in startSession" },
	{ TEXT(REQUESTED("1234567890123456789012")),
	    "! invalidMessage requestId in startSession" },
	{ TEXT(REQUESTED("null")),
	    "! invalidMessage requestId in startSession" },
	{ TEXT(TICKET("\"\"")), "startSession name=A ticket=" },
	{ TEXT(TICKET("null")), "! invalidMessage ticket in startSession" },
	{ TEXT(TICKET("7")), "! invalidMessage ticket in startSession" },
	{ TEXT(TICKET("[\"a.b.c\"]")),
	    "! invalidMessage ticket in startSession" },
	/* no token at all is one thing, a wrong one another */
	{ TEXT(PROVED("\"\"")), "leaveSession id=" ID " token=-" },
	{ TEXT(PROVED("\"x\"")), "leaveSession id=" ID " token=-" },
	{ TEXT(PROVED("\"" TOKEN "=\"")), "leaveSession id=" ID " token=-" },
	{ TEXT(PROVED("\"+" REQUEST "12345678901234567890\"")),
	    "leaveSession id=" ID " token=-" },
	{ TEXT(PROVED("\"" FIFTY FIFTY FIFTY FIFTY "\"")),
	    "leaveSession id=" ID " token=-" },
	{ TEXT(PROVED("\"\\u0000\\ud800\"")),
	    "leaveSession id=" ID " token=-" },
	{ TEXT(PROVED("1")), "! invalidMessage token in leaveSession" },
	{ TEXT(PROVED("null")), "! invalidMessage token in leaveSession" },
	{ TEXT(RESUME("\"customerId\":\"" ID "\"")),
	    "resumeSession id=" ID },
	{ TEXT(RESUME("\"token\":\"" TOKEN "\"")),
	    "! invalidMessage customerId in resumeSession" },
	{ TEXT(START("")), "! invalidMessage customerName in startSession" },
	{ TEXT(CART("\"x\":1")), "! invalidMessage cartContent in updateCart" },
	/* whatever is said is kept as it is */
	{ TEXT(SAY("\"what\":null")), "say id=" ID " what=null" },
	{ TEXT(GOODBYE("\"customerId\":\"" ID "\"")), "goodbye id=" ID },
	{ TEXT(GOODBYE("\"token\":\"" TOKEN "\",\"customerId\":\"" ID "\","
	    "\"seq\":0,\"features\":1")), "goodbye id=" ID " token=" TOKEN },
	{ TEXT(GOODBYE("\"token\":\"" TOKEN "\"")),
	    "! invalidMessage customerId in goodbye" },
	{ TEXT(SAY("\"what\": [ 1.0 , \"\\u0000 \\ud800\" ] ,\"seq\":7")),
	    "say id=" ID " what=[1.0,\"\\u0000 \\ud800\"] seq=7" },
	{ TEXT(SAY("\"what\":{\"a\":1,\"a\":2},\"to\":\"" ID "\"")),
	    "say id=" ID " what={\"a\":1,\"a\":2} to=" ID },
	{ TEXT(SAY("\"what\":-0,\"token\":\"x\"")),
	    "say id=" ID " what=-0 token=-" },
	{ TEXT(SAY("\"seq\":7")), "! invalidMessage what in say seq=7" },
	{ TEXT(SAY("\"what\":1,\"to\":\"\"")),
	    "! invalidMessage to in say" },
	{ TEXT(SAY("\"what\":1,\"to\":null")),
	    "! invalidMessage to in say" },
	{ TEXT(SAY("\"what\":1,\"to\":[\"" ID "\"]")),
	    "! invalidMessage to in say" },
	{ TEXT("{\"event\":\"say\",\"payload\":{\"what\":1}}"),
	    "! invalidMessage customerId in say" },
};

START_TEST(fields_out_of_their_limits_are_named)
{
	check_parsed(field_cases, N(field_cases));
}
END_TEST

START_TEST(a_ticket_that_is_too_long_is_kept_as_none_can_be)
{
	struct message_parser *parser = message_parser_new();
	char text[8192];
	int n;

	for (n = TICKET_BYTES_MAX; n <= TICKET_BYTES_MAX + 1; n++) {
		struct message_error error;
		struct message message;

		(void)snprintf(text, sizeof(text), TICKET("\"%0*d\""), n, 0);
		ck_assert_int_eq(message_parse(parser, text, strlen(text),
		    &message, &error), 0);
		ck_assert_uint_eq(message.ticket->len,
		    n == TICKET_BYTES_MAX ? TICKET_BYTES_MAX : 0);
		message_clear(&message);
	}
	message_parser_free(parser);
}
END_TEST

#define EVENT(event) "{\"event\":" event ",\"payload\":{}}"

static const struct parse_case envelope_cases[] = {
	{ TEXT("[]"), "! invalidMessage" },
	{ TEXT("null"), "! invalidMessage" },
	{ TEXT("\"startSession\""), "! invalidMessage" },
	{ TEXT("7"), "! invalidMessage" },
	{ TEXT("{}"), "! invalidMessage event" },
	{ TEXT("{\"payload\":{}}"), "! invalidMessage event" },
	{ TEXT(EVENT("null")), "! invalidMessage event" },
	{ TEXT(EVENT("1")), "! invalidMessage event" },
	{ TEXT(EVENT("[\"startSession\"]")), "! invalidMessage event" },
	{ TEXT(EVENT("\"\"")), "! unknownEvent" },
	{ TEXT(EVENT("\"poll\"")), "! invalidMessage customerId in poll" },
	{ TEXT(EVENT("\"multicartUpdate\"")), "! unknownEvent" },
	{ TEXT(EVENT("\"error\"")), "! unknownEvent" },
	{ TEXT(EVENT("\"startsession\"")), "! unknownEvent" },
	{ TEXT(EVENT("\"startSession \"")), "! unknownEvent" },
	{ TEXT(EVENT("\"startSession\\u0000\"")), "! unknownEvent" },
	{ TEXT(EVENT("\"startSessio\"")), "! unknownEvent" },
	{ TEXT(EVENT("\"\\ud800\"")), "! unknownEvent" },
	{ TEXT("{\"event\":\"x\"}"), "! unknownEvent" },
	{ TEXT("{\"event\":\"x\",\"payload\":1}"), "! unknownEvent" },
	{ TEXT("{\"event\":\"x\",\"payload\":{\"a\":1,\"a\":1}}"),
	    "! unknownEvent" },
	{ TEXT("{\"event\":\"startSession\"}"),
	    "! invalidMessage payload in startSession" },
	{ TEXT("{\"event\":\"startSession\",\"payload\":[]}"),
	    "! invalidMessage payload in startSession" },
	{ TEXT("{\"event\":\"startSession\",\"payload\":\"{}\"}"),
	    "! invalidMessage payload in startSession" },
	{ TEXT("{\"event\":\"startSession\",\"payload\":null}"),
	    "! invalidMessage payload in startSession" },
	/* escaped and repeated keys, known and unknown, on both levels */
	{ TEXT("{\"\\u0065vent\":\"leaveSession\",\"payload\":{}}"),
	    "! invalidJson" },
	{ TEXT("{\"event\":\"leaveSession\",\"pay\\u006Coad\":{}}"),
	    "! invalidJson" },
	{ TEXT("{\"event\":\"leaveSession\",\"payload\":{},\"\\/\":1}"),
	    "! invalidJson" },
	{ TEXT("{\"event\":\"x\",\"event\":\"leaveSession\",\"payload\":{}}"),
	    "! invalidJson" },
	{ TEXT("{\"event\":\"leaveSession\",\"payload\":{},\"payload\":{}}"),
	    "! invalidJson" },
	{ TEXT("{\"event\":\"leaveSession\",\"payload\":{},\"x\":1,\"x\":1}"),
	    "! invalidJson" },
	{ TEXT(CART("\"cart\\u0043ontent\":{}")),
	    "! invalidJson in updateCart" },
	{ TEXT(CART("\"cartContent\":{},\"cart\\u0043ontent\":{\"a\":1}")),
	    "! invalidJson in updateCart" },
	{ TEXT(CART("\"cartContent\":{},\"cartContent\":{}")),
	    "! invalidJson in updateCart" },
	{ TEXT(CART("\"cartContent\":{},\"customerId\":\"" ID "\"")),
	    "! invalidJson in updateCart" },
	{ TEXT(CART("\"cartContent\":{},\"seq\":1,\"seq\":2")),
	    "! invalidJson in updateCart" },
	{ TEXT(CART("\"cartContent\":{},\"x\":1,\"x\":2")),
	    "! invalidJson in updateCart" },
	{ TEXT(CART("\"cartContent\":{},\"customerId\\u0000\":1")),
	    "! invalidJson in updateCart" },
};

START_TEST(envelopes_are_judged_before_what_they_hold)
{
	check_parsed(envelope_cases, N(envelope_cases));
}
END_TEST

static const struct parse_case invalid_cases[] = {
	{ TEXT(""), "! invalidJson" },
	{ TEXT("x"), "! invalidJson" },
	{ TEXT(NAMED("'single'")), "! invalidJson" },
	{ TEXT(NAMED("\"A\nB\"")), "! invalidJson" },
	{ TEXT(NAMED("\"\x1f\"")), "! invalidJson" },
	{ TEXT(NAMED("\"A\0B\"")), "! invalidJson" },
	{ TEXT(NAMED("\"A\"") "\0"), "! invalidJson" },
	{ TEXT(NAMED("\"A\"") "x"), "! invalidJson" },
	{ TEXT(NAMED("\"A\"") NAMED("\"A\"")), "! invalidJson" },
	{ TEXT("\xef\xbb\xbf" NAMED("\"A\"")), "! invalidJson" },
	{ TEXT(NAMED("\"\xc0\x80\"")), "! invalidJson" },
	{ TEXT(NAMED("\"\xed\xa0\x80\"")), "! invalidJson" },
	{ TEXT(NAMED("\"\xf4\x90\x80\x80\"")), "! invalidJson" },
	{ TEXT(NAMED("\"\xff\"")), "! invalidJson" },
	{ TEXT(CONTENT("{\"a\":NaN}")), "! invalidJson" },
	{ TEXT(CONTENT("{\"a\":Infinity}")), "! invalidJson" },
	{ TEXT(CONTENT("{\"a\":1.}")), "! invalidJson" },
	{ TEXT(CONTENT("{\"a\":01}")), "! invalidJson" },
	{ TEXT(CONTENT("{\"a\":'b'}")), "! invalidJson" },
	{ TEXT(CONTENT("{\"a\":\"\t\"}")), "! invalidJson" },
	{ TEXT(CONTENT("{\"a\":\"\xc0\xaf\"}")), "! invalidJson" },
	{ TEXT(CONTENT("{\"a\":1,}")), "! invalidJson" },
	{ TEXT(CONTENT("{/**/}")), "! invalidJson" },
	{ TEXT(SEQ("01")), "! invalidJson" },
	{ TEXT(SEQ("+1")), "! invalidJson" },
};

START_TEST(what_json_c_would_let_pass_is_refused)
{
	check_parsed(invalid_cases, N(invalid_cases));
}
END_TEST

START_TEST(messages_cut_off_anywhere_are_refused)
{
	struct message_parser *parser = message_parser_new();
	size_t i, cut;

	for (i = 0; i < N(good_cases); i++) {
		size_t len = good_cases[i].len;

		while (good_cases[i].text[len - 1] == ' ')
			len--;
		for (cut = 0; cut < len; cut++) {
			char *result = parse(parser, good_cases[i].text, cut);

			ck_assert_str_eq(result, "! invalidJson");
			free(result);
		}
	}
	message_parser_free(parser);
}
END_TEST

/* A cart of so many levels; the message around it has two. */
static char *
nested_cart(size_t levels)
{
	char *text;
	size_t i, len;
	FILE *out = open_memstream(&text, &len);

	(void)fputs("{\"event\":\"updateCart\",\"payload\":{"
	    "\"customerId\":\"" ID "\",\"cartContent\":", out);
	for (i = 0; i < levels; i++)
		(void)fputs(i + 1 < levels ? "{\"a\":" : "{", out);
	for (i = 0; i < levels; i++)
		(void)fputc('}', out);
	(void)fputs("}}", out);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(messages_nest_to_32_levels)
{
	static const struct {
		size_t levels;
		int result;
	} cases[] = {
		{ MESSAGE_NESTING - 2, 0 }, { MESSAGE_NESTING - 1, -1 },
		{ 100000, -1 },
	};
	struct message_parser *parser = message_parser_new();
	struct message_error error;
	struct message message;
	size_t i;

	for (i = 0; i < N(cases); i++) {
		char *text = nested_cart(cases[i].levels);

		ck_assert_int_eq(message_parse(parser, text, strlen(text),
		    &message, &error), cases[i].result);
		if (cases[i].result == 0)
			message_clear(&message);
		else
			ck_assert_int_eq(error.code, REFUSAL_INVALID_JSON);
		free(text);
	}
	message_parser_free(parser);
}
END_TEST

/* A message with so many more fields than event, payload and customerId. */
static char *
crowded(size_t outer, size_t inner)
{
	char *text;
	size_t i, len;
	FILE *out = open_memstream(&text, &len);

	(void)fputs("{\"event\":\"leaveSession\"", out);
	for (i = 0; i < outer; i++)
		(void)fprintf(out, ",\"%zu\":0", i);
	(void)fputs(",\"payload\":{\"customerId\":\"" ID "\"", out);
	for (i = 0; i < inner; i++)
		(void)fprintf(out, ",\"%zu\":0", i);
	(void)fputs("}}", out);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

START_TEST(a_poll_may_stand_in_a_query)
{
	static const struct {
		const char *query;
		uint64_t incarnation, revision;
		unsigned wait_s;
	} cases[] = {
		{ "customerId=" ID, 0, 0, MESSAGE_WAIT_S },
		{ "customerId=" ID "&cursor=3.14&wait=7", 3, 14, 7 },
		{ "wait=0&x&token=y&cursor=1%2e2&customerId=" ID, 1, 2, 0 },
		{ "customerId=" ID "&cursor=x&wait=1000000", 0, 0,
		    MESSAGE_WAIT_MAX_S },
		{ "customerId=" ID "&customerId=x&cursor=&cursor=1.2", 0, 0,
		    MESSAGE_WAIT_S },
		{ "customerId=" ID "&cursor=1.2%00&cursor", 0, 0,
		    MESSAGE_WAIT_S },
	};
	struct message message;
	struct message_error error;
	struct customer_id id;
	size_t i;

	ck_assert_int_eq(customer_id_parse(ID, strlen(ID), &id), 0);
	for (i = 0; i < N(cases); i++) {
		ck_assert_int_eq(message_parse_query(cases[i].query, &message,
		    &error), 0);
		ck_assert_int_eq(message.event, MESSAGE_POLL);
		ck_assert(customer_id_equal(&message.customer, &id));
		ck_assert_uint_eq(message.cursor.incarnation,
		    cases[i].incarnation);
		ck_assert_uint_eq(message.cursor.revision, cases[i].revision);
		ck_assert_uint_eq(message.wait_s, cases[i].wait_s);
		ck_assert_int_eq(message.token[0], '\0');
	}
}
END_TEST

START_TEST(a_query_may_name_features)
{
	static const struct {
		const char *more;
		uint64_t incarnation;
		bool	 has_number;
		unsigned features;
	} cases[] = {
		{ "cursor=1.2.0.17&features=lock", 1, true, 1 },
		{ "cursor=1.2.&features=a%2Clock%2cb", 0, false, 1 },
		{ "cursor=1.2.0x&features=a,lock%20", 0, false, 0 },
		{ "features=,,lock&cursor=1.2", 1, false, 1 },
		{ "features=", 0, false, 0 },
	};
	char query[200];
	struct message message;
	struct message_error error;
	size_t i;

	for (i = 0; i < N(cases); i++) {
		(void)snprintf(query, sizeof(query), "customerId=%s&%s", ID,
		    cases[i].more);
		ck_assert_int_eq(message_parse_query(query, &message, &error),
		    0);
		ck_assert_uint_eq(message.cursor.incarnation,
		    cases[i].incarnation);
		ck_assert(message.cursor.has_number == cases[i].has_number);
		ck_assert_uint_eq(message.features, cases[i].features);
	}
}
END_TEST

/* Any digits and dots are a third part, but not each says what was told. */
START_TEST(a_cursor_says_what_was_told)
{
	static const struct {
		const char *cursor;
		uint64_t epoch, said, present;
	} cases[] = {
		{ "1.2.3.4.5", 3, 4, 5 },
		{ "1.2.9999999999999999.0.9999999999999999", 9999999999999999,
		    0, 9999999999999999 },
		{ "1.2.10000000000000000.4.5", 0, 0, 0 },
		{ "1.2.3.4.5.6", 0, 0, 0 },
		{ "1.2.3.4", 0, 0, 0 },
		{ "1.2.3.4.", 0, 0, 0 },
		{ "1.2.3..5", 0, 0, 0 },
		{ "1.2..4.5", 0, 0, 0 },
		{ "1.2.0", 0, 0, 0 },
	};
	size_t i;

	for (i = 0; i < N(cases); i++) {
		struct message_cursor cursor = message_cursor_parse(
		    cases[i].cursor, strlen(cases[i].cursor));

		ck_assert_uint_eq(cursor.incarnation, 1);
		ck_assert_uint_eq(cursor.revision, 2);
		ck_assert(cursor.has_number);
		ck_assert_uint_eq(cursor.epoch, cases[i].epoch);
		ck_assert_uint_eq(cursor.said, cases[i].said);
		ck_assert_uint_eq(cursor.present, cases[i].present);
	}
	ck_assert(!message_cursor_parse("1.2", 3).has_number);
	ck_assert_uint_eq(message_cursor_parse("1.2.3.4x5", 9).incarnation, 0);
}
END_TEST

static void
check_announced(struct payload *message, const char *text)
{
	ck_assert_str_eq(message->data, text);
	ck_assert_uint_eq(message->len, strlen(text));
	payload_unref(message);
}

START_TEST(what_is_announced_is_open_for_a_cursor)
{
	struct customer_id ids[2] = { { { 0 } }, { { 255 } } };
	struct message message = { .what = payload_new("[1]", 3) };

	check_announced(announcement_present(ids, 0),
	    "{\"event\":\"presenceUpdate\",\"payload\":{\"present\":[]}");
	check_announced(announcement_present(ids, 2),
	    "{\"event\":\"presenceUpdate\",\"payload\":{\"present\":["
	    "\"000000000000000000000000\",\"ff0000000000000000000000\"]}");
	check_announced(announcement_said(&ids[1], &message),
	    "{\"event\":\"say\",\"payload\":{\"from\":"
	    "\"ff0000000000000000000000\",\"what\":[1]}");
	message.has_to = true;
	check_announced(announcement_said(&ids[1], &message),
	    "{\"event\":\"say\",\"payload\":{\"from\":"
	    "\"ff0000000000000000000000\",\"what\":[1],"
	    "\"to\":\"000000000000000000000000\"}");
	check_announced(announcement_missed(7),
	    "{\"event\":\"say\",\"payload\":{\"missed\":7}");
	message_clear(&message);
}
END_TEST

START_TEST(a_query_that_is_no_poll_says_why)
{
	static const struct {
		const char *query;
		const char *field;
	} cases[] = {
		{ "", "customerId" },
		{ "customerId", "customerId" },
		{ "customerId=&wait=x", "customerId" },
		{ "customerId=0123456789ABCDEF01234567", "customerId" },
		{ "customerId=" ID "0", "customerId" },
		{ "customerId=" ID "&wait=", "wait" },
		{ "customerId=" ID "&wait=-1", "wait" },
		{ "customerId=" ID "&wait=1.5", "wait" },
		{ "customerId=" ID "&wait=%", "wait" },
		{ "customerId=" ID "&wait=12345678901234567", "wait" },
	};
	struct message message;
	struct message_error error;
	size_t i;

	for (i = 0; i < N(cases); i++) {
		ck_assert_int_eq(message_parse_query(cases[i].query, &message,
		    &error), -1);
		ck_assert_int_eq(error.code, REFUSAL_INVALID_MESSAGE);
		ck_assert_str_eq(error.field, cases[i].field);
		ck_assert_int_eq(error.event, MESSAGE_POLL);
	}
}
END_TEST

START_TEST(each_level_has_64_fields_at_the_most)
{
	static const struct {
		size_t outer;
		size_t inner;
		const char *result;
	} cases[] = {
		{ 62, 63, "leaveSession id=" ID },
		{ 63, 0, "! invalidMessage" },
		{ 0, 64, "! invalidMessage payload in leaveSession" },
		{ 5000, 5000, "! invalidMessage" },
	};
	struct message_parser *parser = message_parser_new();
	size_t i;

	for (i = 0; i < N(cases); i++) {
		char *text = crowded(cases[i].outer, cases[i].inner);
		char *result = parse(parser, text, strlen(text));

		ck_assert_str_eq(result, cases[i].result);
		free(result);
		free(text);
	}
	message_parser_free(parser);
}
END_TEST

START_TEST(a_cart_holds_no_more_memory_than_its_bytes)
{
	struct message_parser *parser = message_parser_new();
	struct message_error error;
	struct message message;

	ck_assert_int_eq(message_parse(parser,
	    TEXT(CONTENT("{ \"a\" : \"b c\" }")), &message, &error), 0);

	ck_assert_uint_eq(message.cart->len, strlen("{\"a\":\"b c\"}"));
	ck_assert_int_eq(message.cart->refs, 1);

	message_clear(&message);
	message_parser_free(parser);
}
END_TEST

static struct customer_id
id_of(const char *hex)
{
	struct customer_id id;

	ck_assert_int_eq(customer_id_parse(hex, strlen(hex), &id), 0);
	return id;
}

static void
check_reply(struct payload *reply, const char *expected)
{
	ck_assert_str_eq(reply->data, expected);
	ck_assert_uint_eq(reply->len, strlen(expected));
	ck_assert_int_eq(reply->refs, 1);
	payload_unref(reply);
}

START_TEST(replies_carry_the_event_that_they_answer)
{
	struct customer_id id = id_of(ID);

	check_reply(message_reply_customer(MESSAGE_START_SESSION, &id, NULL),
	    "{\"event\":\"startSession\",\"payload\":{\"customerId\":\"" ID
	    "\"}}");
	check_reply(message_reply_customer(MESSAGE_JOIN_SESSION, &id, TOKEN),
	    "{\"event\":\"joinSession\",\"payload\":{\"customerId\":\"" ID
	    "\",\"token\":\"" TOKEN "\"}}");
	check_reply(message_reply_customer(MESSAGE_LEAVE_SESSION, &id, NULL),
	    "{\"event\":\"leaveSession\",\"payload\":{\"customerId\":\"" ID
	    "\"}}");
	check_reply(message_reply_resume(&id, 0),
	    "{\"event\":\"resumeSession\",\"payload\":{\"customerId\":\"" ID
	    "\",\"seq\":0}}");
	check_reply(message_reply_resume(&id, 9007199254740991),
	    "{\"event\":\"resumeSession\",\"payload\":{\"customerId\":\"" ID
	    "\",\"seq\":9007199254740991}}");
	check_reply(message_reply_seq(MESSAGE_UPDATE_CART, 7, false),
	    "{\"event\":\"updateCart\",\"payload\":{\"seq\":7}}");
	check_reply(message_reply_seq(MESSAGE_READY, 8, true),
	    "{\"event\":\"customerReadyToCheckout\",\"payload\":{\"seq\":8,"
	    "\"stale\":true}}");
}
END_TEST

/* An error's payload after "message", whose words are not fixed here. */
static void
check_error_tail(const struct message_error *error, const char *code,
    const char *expected)
{
	static const char head[] =
	    "{\"event\":\"error\",\"payload\":{\"code\":\"";
	struct payload *reply = message_reply_error(error);
	const char *tail;

	ck_assert_int_eq(strncmp(reply->data, head, strlen(head)), 0);
	ck_assert_int_eq(strncmp(reply->data + strlen(head), code,
	    strlen(code)), 0);
	tail = strstr(reply->data, ".\"");
	ck_assert_ptr_nonnull(tail);
	ck_assert_str_eq(tail + 2, expected);
	payload_unref(reply);
}

START_TEST(errors_tell_what_is_known)
{
	struct message_error error = { .code = REFUSAL_INVALID_JSON };

	check_error_tail(&error, "invalidJson\"", "}}");
	error.event = MESSAGE_UPDATE_CART;
	check_error_tail(&error, "invalidJson\"",
	    ",\"event\":\"updateCart\"}}");
	error.seq = 9007199254740991;
	check_error_tail(&error, "invalidJson\"", ",\"event\":\"updateCart\","
	    "\"seq\":9007199254740991}}");
	error.code = REFUSAL_RATE_LIMITED;
	error.retry_after_s = 4;
	check_error_tail(&error, "rateLimited\"", ",\"event\":\"updateCart\","
	    "\"seq\":9007199254740991,\"retryAfter\":4}}");
	error.event = MESSAGE_NONE;
	error.seq = 0;
	check_error_tail(&error, "rateLimited\"", ",\"retryAfter\":4}}");
}
END_TEST

/* What stands in a member of an error's payload; the caller's to free. */
static char *
error_member(const struct message_error *error, const char *name)
{
	struct payload *reply = message_reply_error(error);
	struct json_object *root = json_tokener_parse(reply->data);
	struct json_object *payload, *value;
	char *text;

	ck_assert_ptr_nonnull(root);
	ck_assert(json_object_object_get_ex(root, "payload", &payload));
	ck_assert(json_object_object_get_ex(payload, name, &value));
	text = xstrdup(json_object_get_string(value));
	json_object_put(root);
	payload_unref(reply);
	return text;
}

/* From REFUSAL_INVALID_JSON on; buddyshopping-protocol(7), "Errors". */
static const struct {
	const char *name;
	unsigned status;
} codes[] = {
	{ "invalidJson", 400 },
	{ "invalidMessage", 400 },
	{ "unknownEvent", 400 },
	{ "invalidSession", 400 },
	{ "invalidToken", 401 },
	{ "notYourCustomer", 403 },
	{ "originNotAllowed", 403 },
	{ "sessionNotFound", 404 },
	{ "unknownCustomer", 404 },
	{ "notFound", 404 },
	{ "methodNotAllowed", 405 },
	{ "sessionExists", 409 },
	{ "alreadyJoined", 409 },
	{ "guestsNotReady", 409 },
	{ "leftSession", 410 },
	{ "messageTooLarge", 413 },
	{ "unsupportedMediaType", 415 },
	{ "sessionFull", 429 },
	{ "rateLimited", 429 },
	{ "storageUnavailable", 503 },
	{ "shuttingDown", 503 },
	{ "ticketRequired", 401 },
	{ "invalidTicket", 401 },
	{ "sessionLocked", 409 },
};

START_TEST(every_code_has_its_name_status_and_own_text)
{
	char *last = xstrdup(""), *text;
	enum refusal code;

	ck_assert_uint_eq(N(codes), REFUSALS - 1);
	for (code = REFUSAL_INVALID_JSON; code < REFUSALS; code++) {
		struct message_error error = { .code = code };

		ck_assert_str_eq(message_refusal_name(code),
		    codes[code - 1].name);
		ck_assert_uint_eq(message_refusal_status(code),
		    codes[code - 1].status);
		text = error_member(&error, "code");
		ck_assert_str_eq(text, codes[code - 1].name);
		free(text);
		text = error_member(&error, "message");
		ck_assert_str_ne(text, last);
		free(last);
		last = text;
	}
	free(last);
}
END_TEST

START_TEST(a_text_names_the_field_that_is_wrong)
{
	static const char *const names[] = {
		"event", "payload", "customerName", "customerId", "cartContent",
		"customerReadyToCheckout", "resumable", "requestId", "seq",
		"token", "ticket", "features",
	};
	size_t i;

	for (i = 0; i < N(names); i++) {
		struct message_error error = {
			.code = REFUSAL_INVALID_MESSAGE, .field = names[i],
		};
		char *text = error_member(&error, "message");

		ck_assert_int_eq(strncmp(text, names[i], strlen(names[i])), 0);
		ck_assert_int_eq(text[strlen(names[i])], ' ');
		free(text);
	}
}
END_TEST

START_TEST(texts_tell_the_limits_that_hold)
{
	static const struct {
		const char *field;
		uint64_t limit;
	} cases[] = {
		{ "customerName", MESSAGE_NAME_CHARS },
		{ "customerId", ID_CUSTOMER_HEX },
		{ "requestId", MESSAGE_REQUEST_MIN },
		{ "requestId", MESSAGE_REQUEST_MAX },
		{ "seq", 9007199254740991 },
		{ "payload", JSON_MEMBERS_MAX },
	};
	char number[24], *text;
	size_t i;

	for (i = 0; i < N(cases); i++) {
		struct message_error error = {
			.code = REFUSAL_INVALID_MESSAGE,
			.field = cases[i].field,
		};

		(void)snprintf(number, sizeof(number), "%" PRIu64,
		    cases[i].limit);
		text = error_member(&error, "message");
		ck_assert_ptr_nonnull(strstr(text, number));
		free(text);
	}
}
END_TEST

static struct session *
new_session(void)
{
	struct payload *id = payload_new("shop", 4);
	struct session *session = session_new(id, 1);

	payload_unref(id);
	session->incarnation = 3;
	session->revision = 12;
	return session;
}

static struct customer *
seat(struct session *session, const char *id, const char *name,
    const char *cart)
{
	struct customer customer = {
		.id = id_of(id),
		.name = payload_new(name, strlen(name)),
		.cart = cart == NULL ? NULL : payload_new(cart, strlen(cart)),
	};

	return session_restore_customer(session, &customer);
}

static void
check_multicart(struct session *session, const char *plain, const char *tail)
{
	struct multicart *multicart = multicart_encode(session);

	ck_assert_str_eq(multicart->bytes->data + multicart->plain_len, tail);
	ck_assert_uint_eq(multicart->plain_len, strlen(plain));
	ck_assert_mem_eq(multicart->bytes->data, plain, strlen(plain));
	ck_assert_uint_eq(multicart->bytes->len, strlen(plain) + strlen(tail));
	ck_assert_uint_eq(multicart->incarnation, session->incarnation);
	ck_assert_uint_eq(multicart->revision, session->revision);
	ck_assert_int_eq(multicart->refs, 1);
	multicart_unref(multicart);
}

#define HEAD \
	"{\"event\":\"multicartUpdate\",\"payload\":{\"multicartContent\":["
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbb"
#define MEMBER(id, name, host, ready, cart) "{\"owner\":{\"id\":\"" id \
	"\",\"name\":" name ",\"isHost\":" host \
	",\"isReadyToCheckout\":" ready "},\"content\":" cart "}"

START_TEST(a_multicart_shows_its_members_in_joining_order)
{
	struct session *session = new_session();
	struct customer *host = seat(session, ID_B, "Ann", "{\"a\":1.0}");

	host->is_host = true;
	check_multicart(session, HEAD MEMBER(ID_B, "\"Ann\"", "true", "false",
	    "{\"a\":1.0}") "]}", ",\"cursor\":\"3.12\"}");
	seat(session, ID_A, "Bob", NULL)->is_ready = true;
	session->revision = UINT64_MAX;
	session->incarnation = UINT64_MAX;
	check_multicart(session, HEAD MEMBER(ID_B, "\"Ann\"", "true", "false",
	    "{\"a\":1.0}") "," MEMBER(ID_A, "\"Bob\"", "false", "true", "{}")
	    "]}", ",\"cursor\":\"18446744073709551615.18446744073709551615\"}");

	session_free(session);
}
END_TEST

START_TEST(a_multicart_shows_only_who_is_seated)
{
	struct session *session = new_session();
	struct customer *first, *second;

	check_multicart(session, HEAD "]}", ",\"cursor\":\"3.12\"}");
	first = seat(session, ID_A, "Ann", "{\"a\":1}");
	second = seat(session, ID_B, "Bob", "{\"b\":1}");
	first->state = CUSTOMER_AWAY;
	check_multicart(session, HEAD MEMBER(ID_B, "\"Bob\"", "false", "false",
	    "{\"b\":1}") "]}", ",\"cursor\":\"3.12\"}");
	second->state = CUSTOMER_AWAY;
	check_multicart(session, HEAD "]}", ",\"cursor\":\"3.12\"}");

	first->state = second->state = CUSTOMER_SEATED;
	session_free(session);
}
END_TEST

START_TEST(who_has_a_feature_on_sees_a_lock_and_another_cursor)
{
	static const char *const tails[] = {
		"],\"isLocked\":true},\"cursor\":\"3.12.0\"}",
		"]},\"cursor\":\"3.12.0\"}",
	};
	struct session *session = new_session();
	struct multicart *multicart, *featured;
	size_t before;

	(void)seat(session, ID_A, "Ann", NULL);
	session->is_locked = _i == 0;
	multicart = multicart_encode(session);
	before = multicart_size(multicart);
	ck_assert_uint_eq(before, multicart->bytes->len);
	featured = multicart_featured(multicart);
	ck_assert_ptr_eq(multicart_featured(multicart), featured);
	ck_assert_str_eq(featured->bytes->data + featured->plain_len,
	    ",\"cursor\":\"3.12.0\"}");
	ck_assert_uint_eq(multicart_size(multicart),
	    before + featured->bytes->len);
	ck_assert_mem_eq(featured->bytes->data, multicart->bytes->data,
	    multicart->plain_len - 2);
	ck_assert_str_eq(featured->bytes->data + multicart->plain_len - 2,
	    tails[_i]);
	/* Others notice nothing. */
	ck_assert_str_eq(multicart->bytes->data + multicart->plain_len - 2,
	    "]},\"cursor\":\"3.12\"}");
	multicart_unref(multicart);
	session_free(session);
}
END_TEST

/* What is kept for all who have the same cursor is not for anybody else. */
START_TEST(a_form_is_kept_for_one_cursor)
{
	struct session *session = new_session();
	struct multicart *multicart, *form;
	struct payload *kept = payload_new("x", 1);

	(void)seat(session, ID_A, "Ann", NULL);
	multicart = multicart_encode(session);
	form = multicart_featured(multicart);
	multicart_stamp(form, "7.1.1");
	form->told_enclosed = payload_ref(kept);
	form->enclosed = payload_ref(kept);
	form->plain_packed.is_tried[0] = true;
	form->plain_packed.bytes[0] = payload_ref(kept);
	multicart_stamp(form, "7.1.1");
	ck_assert_int_eq(kept->refs, 4);
	multicart_stamp(form, "7.1.2");
	ck_assert_ptr_null(form->plain_packed.bytes[0]);
	ck_assert(!form->plain_packed.is_tried[0]);
	ck_assert_str_eq(form->number, "7.1.2");
	/* That has none in it. */
	ck_assert_ptr_eq(form->told_enclosed, kept);
	ck_assert_int_eq(kept->refs, 3);
	multicart_unref(multicart);
	ck_assert_int_eq(kept->refs, 1);
	payload_unref(kept);
	session_free(session);
}
END_TEST

START_TEST(what_changes_is_encoded_anew)
{
	struct session *session = new_session();
	struct customer *customer = seat(session, ID_A, "Ann", NULL);

	check_multicart(session, HEAD MEMBER(ID_A, "\"Ann\"", "false", "false",
	    "{}") "]}", ",\"cursor\":\"3.12\"}");
	customer->is_ready = true;
	customer->cart = payload_new("{\"a\":[]}", 8);
	session->cart_bytes = 8;
	check_multicart(session, HEAD MEMBER(ID_A, "\"Ann\"", "false", "true",
	    "{\"a\":[]}") "]}", ",\"cursor\":\"3.12\"}");

	session_free(session);
}
END_TEST

START_TEST(names_come_out_as_json_strings)
{
	static const struct {
		const char *name;
		const char *json;
	} cases[] = {
		{ "Ann", "\"Ann\"" },
		{ "\"A\"\\/", "\"\\\"A\\\"\\\\/\"" },
		{ "<b>'&", "\"<b>'&\"" },
		{ "\xc3\xa9\xe2\x80\xa8\xf0\x9f\x9b\x92",
		    "\"\xc3\xa9\xe2\x80\xa8\xf0\x9f\x9b\x92\"" },
	};
	size_t i;

	for (i = 0; i < N(cases); i++) {
		struct session *session = new_session();
		char expected[256];

		(void)seat(session, ID_A, cases[i].name, NULL);
		(void)snprintf(expected, sizeof(expected), HEAD MEMBER(ID_A,
		    "%s", "false", "false", "{}") "]}", cases[i].json);
		check_multicart(session, expected, ",\"cursor\":\"3.12\"}");
		session_free(session);
	}
}
END_TEST

START_TEST(a_multicart_lives_until_its_last_reference)
{
	struct session *session = new_session();
	struct multicart *multicart = multicart_encode(session);
	struct payload *bytes = payload_ref(multicart->bytes);
	struct payload *enclosed = payload_new("{}", 2);

	multicart->enclosed = payload_ref(enclosed);
	multicart->packed.bytes[WS_WINDOW_FULL] = payload_ref(enclosed);
	multicart->plain_packed.bytes[WS_WINDOW_SMALL] = payload_ref(enclosed);
	session_free(session);
	ck_assert_ptr_eq(multicart_ref(multicart), multicart);
	multicart_unref(multicart);
	ck_assert_int_eq(multicart->refs, 1);
	ck_assert_int_eq(multicart->bytes->data[0], '{');
	multicart_unref(multicart);
	ck_assert_int_eq(bytes->refs, 1);
	ck_assert_int_eq(enclosed->refs, 1);
	payload_unref(bytes);
	payload_unref(enclosed);
	multicart_unref(NULL);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_poll_may_stand_in_a_query);
	tcase_add_test(tc, a_query_may_name_features);
	tcase_add_test(tc, a_cursor_says_what_was_told);
	tcase_add_test(tc, what_is_announced_is_open_for_a_cursor);
	tcase_add_test(tc, a_query_that_is_no_poll_says_why);
	tcase_add_test(tc, messages_are_read);
	tcase_add_test(tc, names_are_kept_as_they_are);
	tcase_add_test(tc, names_out_of_their_limits_are_refused);
	tcase_add_test(tc, carts_go_through_byte_for_byte);
	tcase_add_test(tc, seq_is_an_integer_in_its_plain_spelling);
	tcase_add_test(tc, fields_out_of_their_limits_are_named);
	tcase_add_test(tc, a_ticket_that_is_too_long_is_kept_as_none_can_be);
	tcase_add_test(tc, envelopes_are_judged_before_what_they_hold);
	tcase_add_test(tc, what_json_c_would_let_pass_is_refused);
	tcase_add_test(tc, messages_cut_off_anywhere_are_refused);
	tcase_add_test(tc, messages_nest_to_32_levels);
	tcase_add_test(tc, each_level_has_64_fields_at_the_most);
	tcase_add_test(tc, a_cart_holds_no_more_memory_than_its_bytes);
	tcase_add_test(tc, replies_carry_the_event_that_they_answer);
	tcase_add_test(tc, errors_tell_what_is_known);
	tcase_add_test(tc, every_code_has_its_name_status_and_own_text);
	tcase_add_test(tc, a_text_names_the_field_that_is_wrong);
	tcase_add_test(tc, texts_tell_the_limits_that_hold);
	tcase_add_test(tc, a_multicart_shows_its_members_in_joining_order);
	tcase_add_test(tc, a_multicart_shows_only_who_is_seated);
	tcase_add_loop_test(tc,
	    who_has_a_feature_on_sees_a_lock_and_another_cursor, 0, 2);
	tcase_add_test(tc, a_form_is_kept_for_one_cursor);
	tcase_add_test(tc, what_changes_is_encoded_anew);
	tcase_add_test(tc, names_come_out_as_json_strings);
	tcase_add_test(tc, a_multicart_lives_until_its_last_reference);
}
