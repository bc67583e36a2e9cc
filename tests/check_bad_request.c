#include "suite.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/bad_request.h"

const char suite_name[] = "bad_request";

enum { MINUTE_MS = 60000 };

static int errors;			/* stderr of the test */

static void
set_up(void)
{
	errors = memfd_create("errors", 0);
	ck_assert_int_ne(dup2(errors, STDERR_FILENO), -1);
}

static void
tear_down(void)
{
	close(errors);
}

/* What was logged so far. */
static const char *
logged(void)
{
	static char text[1024];
	ssize_t len = pread(errors, text, sizeof(text) - 1, 0);

	ck_assert_int_ne(len, -1);
	text[len] = '\0';
	return text;
}

START_TEST(each_is_counted_by_its_status)
{
	static const struct {
		unsigned status;
		enum bad_request_status counted;
		const char *name;
		const char *text;	/* begins the error's */
	} known[] = {
		{ 400, BAD_REQUEST_400, "400",
		    "The HTTP request is malformed" },
		{ 413, BAD_REQUEST_413, "413",
		    "The length of the HTTP request" },
		{ 414, BAD_REQUEST_414, "414", "The URL of the HTTP request" },
		{ 431, BAD_REQUEST_431, "431", "The head of the HTTP request" },
		{ 505, BAD_REQUEST_OTHER, "other", "The HTTP request is malf" },
	};
	struct bad_requests refused = { .unlogged = 0 };
	struct payload *body;
	enum bad_request_status i;

	for (i = 0; i < BAD_REQUEST_STATUSES; i++) {
		bad_request_count(&refused, "http", known[i].status, 0);
		ck_assert_uint_eq(refused.counts[known[i].counted], 1);
		ck_assert_str_eq(bad_request_status_name(known[i].counted),
		    known[i].name);
		body = bad_request_body(known[i].status);
		ck_assert_ptr_nonnull(strstr(body->data, known[i].text));
		payload_unref(body);
	}
}
END_TEST

START_TEST(one_line_a_minute_says_how_many_there_were)
{
	struct bad_requests refused = { .unlogged = 0 };
	uint64_t start_ms = 5, ms;

	for (ms = start_ms; ms < start_ms + MINUTE_MS; ms += 1000)
		bad_request_count(&refused, "http", 431, ms);
	ck_assert_str_eq(logged(), "<6>http: requests refused as malformed or "
	    "for a large head: 1, the last one with status 431\n");
	bad_request_count(&refused, "http", 400, start_ms + MINUTE_MS);

	ck_assert_ptr_nonnull(strstr(logged(),
	    "head: 60, the last one with status 400\n"));
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, each_is_counted_by_its_status);
	tcase_add_test(tc, one_line_a_minute_says_how_many_there_were);
}
