#include "suite.h"

#include <string.h>

#include "wire/http_validate.h"

const char suite_name[] = "http_validate";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* A literal with its length, as it may hold a NUL. */
#define TEXT(literal) { (literal), sizeof(literal) - 1 }

enum { LINES_MAX = 6 };

struct text {
	const char *at;
	size_t	 len;
};

struct line {
	struct text name;
	struct text value;
};

#define LINE(name, value) { TEXT(name), TEXT(value) }

/* The audit of a POST with these lines, up to the first without a name. */
static struct http_validation
audit_of(const char *version, const struct line lines[LINES_MAX])
{
	struct http_validation audit;
	size_t i;

	http_validate_begin(&audit, "POST", "/one", version);
	for (i = 0; i < LINES_MAX && lines[i].name.at != NULL; i++)
		http_validate_line(&audit, lines[i].name.at, lines[i].name.len,
		    lines[i].value.at, lines[i].value.len);
	return audit;
}

static bool
passes(const char *version, const struct line lines[LINES_MAX])
{
	struct http_validation audit = audit_of(version, lines);

	return http_validate_passes(&audit, version);
}

/* Whether a request passes that has this line besides its Host. */
static bool
passes_with(const struct line *line)
{
	const struct line lines[LINES_MAX] = { LINE("Host", "shop"), *line };

	return passes("HTTP/1.1", lines);
}

struct request_line {
	const char *method;
	const char *target;
	const char *version;
};

static bool
request_line_passes(const struct request_line *line)
{
	struct http_validation audit;

	http_validate_begin(&audit, line->method, line->target, line->version);
	http_validate_line(&audit, "Host", 4, "shop", 4);
	return http_validate_passes(&audit, line->version);
}

static const struct request_line sound_lines[] = {
	{ "GET", "/", "HTTP/1.1" },
	{ "GET", "/", "HTTP/1.0" },
	{ "GET", "/", "HTTP/1.2" },
	{ "GET", "/", "HTTP/1.9" },
	{ "GET", "http://shop/one", "HTTP/1.1" },
	{ "OPTIONS", "*", "HTTP/1.1" },
	{ "CONNECT", "shop:80", "HTTP/1.1" },
	{ "POST", "/one?a=b&c=%00", "HTTP/1.1" },
	{ "OPTIONS", "//one//", "HTTP/1.1" },
	{ "!#$%&'*+-.^_`|~09azAZ", "/~", "HTTP/1.1" },
	{ "get", "/!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "HTTP/1.1" },
};

static const struct request_line wrong_lines[] = {
	{ "", "/", "HTTP/1.1" },
	{ "GE T", "/", "HTTP/1.1" },
	{ "GET\t", "/", "HTTP/1.1" },
	{ "GET:", "/", "HTTP/1.1" },
	{ "GET(", "/", "HTTP/1.1" },
	{ "G\x80T", "/", "HTTP/1.1" },
	{ "GET", "", "HTTP/1.1" },
	{ "GET", "*", "HTTP/1.1" },
	{ "GET", "one", "HTTP/1.1" },
	{ "GET", "?a=b", "HTTP/1.1" },
	{ "GET", "http://me@shop/one", "HTTP/1.1" },
	{ "CONNECT", "shop", "HTTP/1.1" },
	{ "GET", "/a b", "HTTP/1.1" },
	{ "GET", "/ ", "HTTP/1.1" },
	{ "GET", "/a\tb", "HTTP/1.1" },
	{ "GET", "/a\rb", "HTTP/1.1" },
	{ "GET", "/a\nb", "HTTP/1.1" },
	{ "GET", "/a\x01" "b", "HTTP/1.1" },
	{ "GET", "/a\x7f", "HTTP/1.1" },
	{ "GET", "/a\x80", "HTTP/1.1" },
	{ "GET", "/\xc3\xa9", "HTTP/1.1" },
	{ "GET", "/a\xff", "HTTP/1.1" },
	{ "GET", "/", "" },
	{ "GET", "/", "HTTP/0.9" },
	{ "GET", "/", "HTTP/1." },
	{ "GET", "/", "HTTP/1.:" },
	{ "GET", "/", "HTTP/1.10" },
	{ "GET", "/", "HTTP/2.0" },
	{ "GET", "/", "HTTP/1.1 " },
	{ "GET", "/", "http/1.1" },
};

START_TEST(a_request_line_has_a_token_an_origin_form_and_a_version)
{
	size_t i;

	for (i = 0; i < COUNT(sound_lines); i++)
		ck_assert_msg(request_line_passes(&sound_lines[i]), "%s %s %s",
		    sound_lines[i].method, sound_lines[i].target,
		    sound_lines[i].version);
	for (i = 0; i < COUNT(wrong_lines); i++)
		ck_assert_msg(!request_line_passes(&wrong_lines[i]),
		    "%s %s %s", wrong_lines[i].method, wrong_lines[i].target,
		    wrong_lines[i].version);
}
END_TEST

static const struct line sound_fields[] = {
	LINE("Accept", ""),
	LINE("Accept", "*/*"),
	LINE("accept", "a\tb"),
	LINE("!#$%&'*+-.^_`|~09azAZ", "x"),
	LINE("X", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
	LINE("X", "\x80\xff"),
	LINE("Connection", "keep-alive, Upgrade"),
	LINE("Content-Lengths", "x"),
	LINE("Transfer-Encodin", "x"),
	LINE("TE", "trailers"),
};

static const struct line wrong_fields[] = {
	LINE("", "x"),
	LINE("A b", "x"),
	LINE("Content-Length ", "5"),
	LINE("\tAccept", "x"),
	LINE("Accept:", "x"),
	LINE("A(b)", "x"),
	LINE("A/b", "x"),
	LINE("A\"", "x"),
	LINE("A{", "x"),
	LINE("A\0b", "x"),
	LINE("\0", "x"),
	LINE("A\x7f", "x"),
	LINE("A\x80", "x"),
	LINE("A", "\0"),
	LINE("A", "b\0c"),
	LINE("A", "b\0"),
	LINE("A", "\x01"),
	LINE("A", "b\rc"),
	LINE("A", "b\nc"),
	LINE("A", "b\r\n c"),
	LINE("A", "\x1b[31m"),
	LINE("A", "\x1f"),
	LINE("A", "\x7f"),
};

START_TEST(a_field_has_a_token_and_text)
{
	size_t i;

	for (i = 0; i < COUNT(sound_fields); i++)
		ck_assert_msg(passes_with(&sound_fields[i]), "%s: %s",
		    sound_fields[i].name.at, sound_fields[i].value.at);
	for (i = 0; i < COUNT(wrong_fields); i++)
		ck_assert_msg(!passes_with(&wrong_fields[i]), "row %zu", i);
}
END_TEST

static const struct {
	struct line line;
	uint64_t length;
} lengths[] = {
	{ LINE("Content-Length", "0"), 0 },
	{ LINE("content-length", "1"), 1 },
	{ LINE("CONTENT-LENGTH", "0123456789"), 123456789 },
	{ LINE("Content-Length", "999999999999999999"), 999999999999999999 },
	{ LINE("Content-Length", "000000000000000007"), 7 },
};

static const struct line wrong_lengths[] = {
	LINE("Content-Length", ""),
	LINE("Content-Length", " "),
	LINE("Content-Length", "+5"),
	LINE("Content-Length", "-5"),
	LINE("Content-Length", " 5"),
	LINE("Content-Length", "5 "),
	LINE("Content-Length", "5\t"),
	LINE("Content-Length", "5,5"),
	LINE("Content-Length", "5, 5"),
	LINE("Content-Length", "5;"),
	LINE("Content-Length", "5.0"),
	LINE("Content-Length", "0x5"),
	LINE("Content-Length", "5e1"),
	LINE("Content-Length", "five"),
	LINE("Content-Length", "5\0"),
	LINE("Content-Length", "\xd9\xa5"),
	LINE("Content-Length", "1000000000000000000"),
	LINE("content-length", "0000000000000000005"),
	LINE("Content-Length", "18446744073709551621"),
};

START_TEST(a_content_length_is_digits)
{
	size_t i;

	for (i = 0; i < COUNT(lengths); i++) {
		const struct line lines[LINES_MAX] = { LINE("Host", "shop"),
		    lengths[i].line };
		struct http_validation audit = audit_of("HTTP/1.1", lines);

		ck_assert_msg(http_validate_passes(&audit, "HTTP/1.1"),
		    "row %zu", i);
		ck_assert_uint_eq(audit.content_length, lengths[i].length);
		ck_assert(http_validate_has_body(&audit) ==
		    (lengths[i].length > 0));
	}
	for (i = 0; i < COUNT(wrong_lengths); i++)
		ck_assert_msg(!passes_with(&wrong_lengths[i]), "%s",
		    wrong_lengths[i].value.at);
}
END_TEST

static const struct line sound_encodings[] = {
	LINE("Transfer-Encoding", "chunked"),
	LINE("transfer-encoding", "Chunked"),
	LINE("TRANSFER-ENCODING", "CHUNKED"),
};

static const struct line wrong_encodings[] = {
	LINE("Transfer-Encoding", ""),
	LINE("Transfer-Encoding", "identity"),
	LINE("Transfer-Encoding", "gzip"),
	LINE("Transfer-Encoding", "gzip, chunked"),
	LINE("Transfer-Encoding", "chunked, chunked"),
	LINE("Transfer-Encoding", "chunked,"),
	LINE("Transfer-Encoding", ",chunked"),
	LINE("Transfer-Encoding", "chunked;q=1"),
	LINE("Transfer-Encoding", "chunked "),
	LINE("Transfer-Encoding", "\tchunked"),
	LINE("Transfer-Encoding", "\"chunked\""),
	LINE("Transfer-Encoding", "xchunked"),
	LINE("Transfer-Encoding", "chunke"),
	LINE("Transfer-Encoding", "chunked\0"),
};

START_TEST(a_transfer_encoding_is_chunked)
{
	size_t i;

	for (i = 0; i < COUNT(sound_encodings); i++) {
		const struct line lines[LINES_MAX] = { LINE("Host", "shop"),
		    sound_encodings[i] };
		struct http_validation audit = audit_of("HTTP/1.1", lines);

		ck_assert(http_validate_passes(&audit, "HTTP/1.1"));
		ck_assert(http_validate_has_body(&audit));
		/* RFC 9112, section 6.1: HTTP/1.0 does not know it. */
		ck_assert(!http_validate_passes(&audit, "HTTP/1.0"));
	}
	for (i = 0; i < COUNT(wrong_encodings); i++)
		ck_assert_msg(!passes_with(&wrong_encodings[i]), "%s",
		    wrong_encodings[i].value.at);
}
END_TEST

static const struct line sound_hosts[] = {
	LINE("Host", "shop"),
	LINE("host", "shop.example"),
	LINE("HOST", "127.0.0.1:8080"),
	LINE("Host", "[::1]:80"),
	LINE("Host", "a,b"),
	LINE("Host", ""),
	LINE("Host", "shop "),
	LINE("Host", "shop:80 \t"),
};

static const struct line wrong_hosts[] = {
	LINE("Host", " shop"),
	LINE("Host", "a b"),
	LINE("Host", "a, b"),
	LINE("Host", "http://a"),
	LINE("Host", "a\0b"),
	LINE("Host", "a:x"),
	LINE("Host", "::1"),
};

START_TEST(a_host_is_one_with_a_port_or_without)
{
	size_t i;

	for (i = 0; i < COUNT(sound_hosts); i++) {
		const struct line lines[LINES_MAX] = { sound_hosts[i] };

		ck_assert_msg(passes("HTTP/1.1", lines), "%s",
		    sound_hosts[i].value.at);
	}
	for (i = 0; i < COUNT(wrong_hosts); i++) {
		const struct line lines[LINES_MAX] = { wrong_hosts[i] };

		ck_assert_msg(!passes("HTTP/1.1", lines), "%s",
		    wrong_hosts[i].value.at);
		ck_assert(!passes("HTTP/1.0", lines));
	}
}
END_TEST

START_TEST(http_1_1_needs_a_host_and_http_1_0_does_not)
{
	static const struct line none[LINES_MAX] = { LINE("Accept", "a") };
	static const struct line one[LINES_MAX] = { LINE("Host", "shop") };
	static const struct line two[LINES_MAX] = { LINE("Host", "shop"),
	    LINE("host", "shop") };

	ck_assert(!passes("HTTP/1.1", none));
	ck_assert(passes("HTTP/1.0", none));
	ck_assert(passes("HTTP/1.1", one));
	ck_assert(passes("HTTP/1.0", one));
	ck_assert(!passes("HTTP/1.1", two));
	ck_assert(!passes("HTTP/1.0", two));
}
END_TEST

/* Each pair of lines that would be sound alone. */
static const struct line ambiguous[][LINES_MAX] = {
	{ LINE("Host", "shop"), LINE("Content-Length", "5"),
	    LINE("Content-Length", "5") },
	{ LINE("Host", "shop"), LINE("Content-Length", "5"),
	    LINE("content-length", "6") },
	{ LINE("Content-Length", "0"), LINE("Host", "shop"),
	    LINE("Content-Length", "0") },
	{ LINE("Host", "shop"), LINE("Content-Length", "5"),
	    LINE("Transfer-Encoding", "chunked") },
	{ LINE("Host", "shop"), LINE("Transfer-Encoding", "chunked"),
	    LINE("Content-Length", "5") },
	{ LINE("Host", "shop"), LINE("Transfer-Encoding", "chunked"),
	    LINE("Transfer-Encoding", "chunked") },
	{ LINE("Host", "shop"), LINE("Transfer-Encoding", "chunked"),
	    LINE("Transfer-Encoding", "identity") },
	{ LINE("Host", "shop"), LINE("Transfer-Encoding", "chunked"),
	    LINE("Content-Length", "0") },
	{ LINE("Host", "shop"), LINE("Authorization", "Bearer a"),
	    LINE("authorization", "Bearer a") },
	{ LINE("Host", "shop"), LINE("Origin", "null"),
	    LINE("ORIGIN", "null") },
	{ LINE("Host", "shop"), LINE("Content-Type", "text/plain"),
	    LINE("Content-Type", "text/plain") },
	{ LINE("Host", "shop"), LINE("Sec-WebSocket-Key", "a"),
	    LINE("Sec-WebSocket-Key", "a") },
	{ LINE("Host", "shop"), LINE("Sec-WebSocket-Version", "13"),
	    LINE("Sec-WebSocket-Version", "13") },
};

START_TEST(what_may_stand_once_does_not_stand_twice)
{
	size_t i;

	for (i = 0; i < COUNT(ambiguous); i++) {
		ck_assert_msg(!passes("HTTP/1.1", ambiguous[i]), "row %zu", i);
		ck_assert_msg(!passes("HTTP/1.0", ambiguous[i]), "row %zu", i);
	}
}
END_TEST

START_TEST(different_fields_may_stand_beside_one_another)
{
	static const struct line lines[LINES_MAX] = {
		LINE("Authorization", "Bearer a"), LINE("Origin", "null"),
		LINE("Content-Type", "text/plain"), LINE("Host", "shop"),
		LINE("Sec-WebSocket-Key", "a"),
		LINE("Sec-WebSocket-Version", "13"),
	};
	static const struct line lists[LINES_MAX] = {
		LINE("X-Forwarded-For", "a"), LINE("X-Forwarded-For", "b"),
		LINE("Host", "shop"), LINE("Connection", "Upgrade"),
		LINE("Connection", "keep-alive"),
	};
	struct http_validation audit = audit_of("HTTP/1.1", lines);

	ck_assert(http_validate_passes(&audit, "HTTP/1.1"));
	ck_assert(!http_validate_has_body(&audit));
	ck_assert(passes("HTTP/1.1", lists));
}
END_TEST

START_TEST(nothing_of_the_request_before_is_kept)
{
	static const struct line lines[LINES_MAX] = { LINE("Host", "a b"),
	    LINE("Transfer-Encoding", "chunked"), LINE("Origin", "null"),
	    LINE("Content-Length", "5") };
	struct http_validation audit = audit_of("HTTP/1.1", lines);

	http_validate_begin(&audit, "GET", "/", "HTTP/1.1");
	http_validate_line(&audit, "Host", 4, "shop", 4);
	http_validate_line(&audit, "Origin", 6, "null", 4);

	ck_assert(http_validate_passes(&audit, "HTTP/1.1"));
	ck_assert(!http_validate_has_body(&audit));
	ck_assert_uint_eq(audit.content_length, 0);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc,
	    a_request_line_has_a_token_an_origin_form_and_a_version);
	tcase_add_test(tc, a_field_has_a_token_and_text);
	tcase_add_test(tc, a_content_length_is_digits);
	tcase_add_test(tc, a_transfer_encoding_is_chunked);
	tcase_add_test(tc, a_host_is_one_with_a_port_or_without);
	tcase_add_test(tc, http_1_1_needs_a_host_and_http_1_0_does_not);
	tcase_add_test(tc, what_may_stand_once_does_not_stand_twice);
	tcase_add_test(tc, different_fields_may_stand_beside_one_another);
	tcase_add_test(tc, nothing_of_the_request_before_is_kept);
}
