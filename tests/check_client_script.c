#include "suite.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <zlib.h>

#include "base/buf.h"
#include "net/client_script.h"

const char suite_name[] = "client_script";

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum {
	ROOM = 1024 * 1024,
	TAG_BYTES = 64
};

static struct client_script *script;

static void
setup(void)
{
	script = client_script_new();
}

static void
teardown(void)
{
	client_script_free(script);
}

static struct exchange_answer
ask(const char *accept_encoding, const char *if_none_match)
{
	struct exchange_request request = {
		.accept_encoding = accept_encoding,
		.if_none_match = if_none_match,
	};
	struct exchange_answer answer = { .status = 0 };

	client_script_answer(script, &request, &answer);
	return answer;
}

static const struct {
	const char *accepted;
	bool is_packed;
} codings[] = {
	{ NULL, false },
	{ "", false },
	{ "identity", false },
	{ "gzip", true },
	{ "GZIP", true },
	{ "br, deflate,gzip", true },
	{ "br;q=1.0, gzip;q=0.8, *;q=0.1", true },
	{ "gzip ; q=0.001", true },
	{ "gzip;q=0", false },
	{ "gzip; q=0.000 , br", false },
	{ "gzip;Q=0.0", false },
	{ "*", true },
	{ "*;q=0", false },
	{ "*, gzip;q=0", false },
	{ "*;q=0, gzip", true },
	{ "gzipped", false },
	{ ",,; ;q", false },
	{ "gzip;q", true },
};

START_TEST(whoever_takes_gzip_gets_it)
{
	struct exchange_answer answer = ask(codings[_i].accepted, NULL);

	ck_assert_uint_eq(answer.status, 200);
	ck_assert_str_eq(answer.content_type, "text/javascript; charset=utf-8");
	ck_assert_msg((answer.file->encoding != NULL) == codings[_i].is_packed,
	    "%s", codings[_i].accepted);
	payload_unref(answer.body);
}
END_TEST

START_TEST(both_codings_are_of_the_same_file)
{
	struct exchange_answer plain = ask(NULL, NULL);
	struct exchange_answer gzip = ask("gzip", NULL);
	static char unpacked[ROOM];
	z_stream stream = {
		.next_in = (Bytef *)gzip.body->data,
		.avail_in = gzip.body->len,
		.next_out = (Bytef *)unpacked,
		.avail_out = sizeof(unpacked),
	};

	ck_assert_ptr_nonnull(
	    strstr(plain.body->data, "\nexport class BuddyShopping "));
	ck_assert_str_ne(plain.file->etag, gzip.file->etag);
	ck_assert_uint_lt(gzip.body->len * 3, plain.body->len);
	ck_assert_int_eq(inflateInit2(&stream, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(stream.total_out, plain.body->len);
	ck_assert_mem_eq(unpacked, plain.body->data, plain.body->len);
	ck_assert_int_eq(inflateEnd(&stream), Z_OK);
	payload_unref(plain.body);
	payload_unref(gzip.body);
}
END_TEST

START_TEST(whoever_has_it_gets_nothing)
{
	struct exchange_answer first = ask("gzip", NULL), again;
	char tags[3][TAG_BYTES];
	size_t i;

	snprintf(tags[0], TAG_BYTES, "%s", first.file->etag);
	snprintf(tags[1], TAG_BYTES, "\"a\", W/%s", first.file->etag);
	snprintf(tags[2], TAG_BYTES, "*");
	for (i = 0; i < COUNT(tags); i++) {
		again = ask("gzip", tags[i]);
		ck_assert_uint_eq(again.status, 304);
		ck_assert_ptr_null(again.body);
		ck_assert_str_eq(again.file->etag, first.file->etag);
	}
	/* Of the other coding, and of another file. */
	again = ask(NULL, first.file->etag);
	ck_assert_uint_eq(again.status, 200);
	payload_unref(again.body);
	again = ask("gzip", "\"0123456789abcdef-gzip\"");
	ck_assert_uint_eq(again.status, 200);
	payload_unref(again.body);
	payload_unref(first.body);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, whoever_takes_gzip_gets_it, 0, COUNT(codings));
	tcase_add_test(tc, both_codings_are_of_the_same_file);
	tcase_add_test(tc, whoever_has_it_gets_nothing);
}
