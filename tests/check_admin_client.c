/* What the tool takes for an answer of the daemon. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ctl/admin_client.h"

#include "suite.h"

const char suite_name[] = "admin_client";

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

START_TEST(answer_has_a_status_and_a_body)
{
	char text[] = "HTTP/1.1 202 Accepted\r\ncontent-length: 9\r\n"
	    "Content-Type: application/json\r\n\r\n{\"id\":1}\n";
	const char *body;
	unsigned status;

	ck_assert_int_eq(admin_client_parse(text, sizeof(text) - 1, &status,
	    &body), 0);
	ck_assert_uint_eq(status, 202);
	ck_assert_str_eq(body, "{\"id\":1}\n");
}
END_TEST

START_TEST(empty_body_is_one)
{
	char text[] = "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n";
	const char *body;
	unsigned status;

	ck_assert_int_eq(admin_client_parse(text, sizeof(text) - 1, &status,
	    &body), 0);
	ck_assert_str_eq(body, "");
}
END_TEST

START_TEST(anything_else_is_none)
{
	static const char *const texts[] = {
		"",
		"HTTP/1.1 200 OK",
		"HTTP/1.1 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 02\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		    "Content-Length: 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n{}",
		"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
		"\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n",
	};
	const char *body;
	unsigned status;
	size_t i;

	for (i = 0; i < COUNT(texts); i++) {
		char *text = xstrdup(texts[i]);

		ck_assert_msg(admin_client_parse(text, strlen(text), &status,
		    &body) == -1, "%s", texts[i]);
		free(text);
	}
}
END_TEST

START_TEST(byte_zero_is_in_no_answer)
{
	char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{\0";
	const char *body;
	unsigned status;

	ck_assert_int_eq(admin_client_parse(text, sizeof(text) - 1, &status,
	    &body), -1);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, answer_has_a_status_and_a_body);
	tcase_add_test(tc, empty_body_is_one);
	tcase_add_test(tc, anything_else_is_none);
	tcase_add_test(tc, byte_zero_is_in_no_answer);
}
