#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "net/exchange.h"

const char suite_name[] = "exchange";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Of every answer, but those of files. */
#define BESIDE "X-Content-Type-Options: nosniff\n"	\
	"Access-Control-Allow-Origin: *\n"
#define ALWAYS "Cache-Control: no-store\n" BESIDE
#define OF_FILE "Cache-Control: public, max-age=3600\n"

static const struct {
	struct exchange_answer answer;
	bool	 has_body;
	const char *fields;
} answers[] = {
	{ { .status = 404 }, false, ALWAYS },
	{ { .status = 200 }, true,
	    "Content-Type: application/json\n" ALWAYS },
	{ { .status = 200, .content_type = "text/html",
	    .security_policy = "default-src 'none'" }, true,
	    "Content-Type: text/html\n"
	    "Content-Security-Policy: default-src 'none'\n" ALWAYS },
	{ { .status = 200, .file = &(const struct exchange_file){
	    .etag = "\"a-gzip\"", .encoding = "gzip" } }, true,
	    "Content-Type: application/json\n" OF_FILE "ETag: \"a-gzip\"\n"
	    "Content-Encoding: gzip\nVary: Accept-Encoding\n" BESIDE },
	{ { .status = 304, .file = &(const struct exchange_file){
	    .etag = "\"a\"", .encoding = "gzip" } }, false,
	    OF_FILE "ETag: \"a\"\nVary: Accept-Encoding\n" BESIDE },
	{ { .status = 405, .allow = "POST" }, false, ALWAYS "Allow: POST\n" },
	{ { .status = 204, .allow = "GET" }, false, ALWAYS "Allow: GET\n" },
	{ { .status = 204, .allow = "GET, POST, OPTIONS",
	    .is_preflight = true }, false, ALWAYS
	    "Access-Control-Allow-Methods: GET, POST, OPTIONS\n"
	    "Access-Control-Allow-Headers: Authorization, Content-Type, *\n"
	    "Access-Control-Max-Age: 86400\n"
	    "Allow: GET, POST, OPTIONS\n" },
	{ { .status = 401 }, false, ALWAYS "WWW-Authenticate: Bearer\n" },
	{ { .status = 415 }, false, ALWAYS
	    "Accept: application/json, text/plain\n" },
	{ { .status = 426 }, false, ALWAYS
	    "Upgrade: websocket\nSec-WebSocket-Version: 13\n" },
	{ { .status = 503, .retry_after_s = 5 }, true,
	    "Content-Type: application/json\n" ALWAYS
	    "Retry-After: 5\n"
	    "Access-Control-Expose-Headers: Retry-After\n" },
	{ { .status = 503, .retry_after_s = 5, .is_private = true }, true,
	    "Content-Type: application/json\nCache-Control: no-store\n"
	    "X-Content-Type-Options: nosniff\nRetry-After: 5\n" },
};

START_TEST(answer_has_these_fields)
{
	struct exchange_answer answer = answers[_i].answer;
	struct exchange_fields fields;
	char text[1024] = "";
	size_t i, len = 0;

	if (answers[_i].has_body)
		answer.body = payload_new("{}", 2);
	exchange_fields(&answer, &fields);

	for (i = 0; i < fields.count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s: %s\n", fields.list[i].name, fields.list[i].value);
	ck_assert_str_eq(text, answers[_i].fields);
	payload_unref(answer.body);
}
END_TEST

static const struct {
	const char *type;
	bool	 is_taken;
} types[] = {
	{ NULL, true },
	{ "application/json", true },
	{ "Application/JSON", true },
	{ "application/json;charset=utf-8", true },
	{ "text/plain ; charset=utf-8", true },
	{ "text/plain\t", true },
	{ "", false },
	{ "application/jso", false },
	{ "application/jsonx", false },
	{ "application/json, text/plain", false },
	{ "text/html", false },
};

START_TEST(messages_have_one_of_two_types)
{
	ck_assert_msg(exchange_takes_type(types[_i].type) ==
	    types[_i].is_taken, "%s", types[_i].type);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, messages_have_one_of_two_types, 0,
	    COUNT(types));
	tcase_add_loop_test(tc, answer_has_these_fields, 0, COUNT(answers));
}
