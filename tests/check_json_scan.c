#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "suite.h"
#include "wire/json_scan.h"

const char suite_name[] = "json_scan";

enum {
	DEPTH = 32
};

/* Bytes that may hold NULs. */
struct text {
	const char *bytes;
	size_t	 len;
};

#define TEXT(literal) { literal, sizeof(literal) - 1 }
#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct text valid[] = {
	/* structure */
	TEXT("{}"),
	TEXT("[]"),
	TEXT("[[]]"),
	TEXT("[{}]"),
	TEXT("[[],[],{}]"),
	TEXT("{\"a\":{}}"),
	TEXT("{\"a\":[]}"),
	TEXT("{\"a\":1}"),
	TEXT("{\"a\":1,\"b\":2}"),
	TEXT("{\"a\":[1,{\"b\":[2]}],\"c\":{\"d\":{\"e\":[]}}}"),
	TEXT("[1,2,3]"),
	TEXT("[null,true,false,0,\"\",[],{}]"),
	TEXT("{\"\":0}"),
	TEXT("{\"\":\"\"}"),
	TEXT("[{\"a\":1},{\"a\":2}]"),
	TEXT("[{\"a\":1,\"a\":2}]"),
	TEXT("[{\"a\\u0000b\":1}]"),
	TEXT("[{\"\\\"\":1}]"),
	TEXT("[\"]\",\"}\",\"[\",\"{\",\",\",\":\"]"),
	/* a value alone */
	TEXT("null"),
	TEXT("true"),
	TEXT("false"),
	TEXT("0"),
	TEXT("-1"),
	TEXT("42"),
	TEXT("0.5e-3"),
	TEXT("\"\""),
	TEXT("\"text\""),
	/* white space */
	TEXT(" {}"),
	TEXT("{} "),
	TEXT("\t\r\n {\t\r\n }\t\r\n "),
	TEXT(" [ 1 , 2 ] "),
	TEXT("{ \"a\" : 1 , \"b\" : [ ] }"),
	TEXT(" null "),
	TEXT("\n7\n"),
	TEXT(" \"a b\" "),
	/* numbers */
	TEXT("[-0]"),
	TEXT("[-0.0]"),
	TEXT("[0e0]"),
	TEXT("[0E+1]"),
	TEXT("[0e-1]"),
	TEXT("[1e2]"),
	TEXT("[1E2]"),
	TEXT("[1.0]"),
	TEXT("[1.10]"),
	TEXT("[-1.5E+007]"),
	TEXT("[1e400]"),
	TEXT("[1e-400]"),
	TEXT("[-1e999999999999999999]"),
	TEXT("[9007199254740993]"),
	TEXT("[18446744073709551616]"),
	TEXT("[-9223372036854775809]"),
	TEXT("[12345678901234567890123456789012345678901234567890]"),
	TEXT("[0.00000000000000000000000000000000000000000000000001]"),
	TEXT("[1234567890.0123456789]"),
	TEXT("{\"a\":-0,\"b\":1e0}"),
	/* strings */
	TEXT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
	TEXT("[\"\\u0041\\u00e9\\u20AC\\uabcd\\uABCD\"]"),
	TEXT("[\"\\u0000\"]"),
	TEXT("[\"\\u001f\"]"),
	TEXT("[\"\\uD83D\\uDE00\"]"),
	TEXT("[\"\\ud800\"]"),
	TEXT("[\"\\udc00\"]"),
	TEXT("[\"\\ud800\\ud800\"]"),
	TEXT("[\"\\udc00\\ud800\"]"),
	TEXT("[\"\\ud800x\"]"),
	TEXT("[\"\\uFFFF\\uFFFE\"]"),
	TEXT("[\"\\\\u0041\"]"),
	TEXT("[\"\\\\\"]"),
	TEXT("[\"\\\\\\\"\"]"),
	TEXT("[\"/\"]"),
	TEXT("[\"'\"]"),
	TEXT("[\"\x7f\"]"),
	TEXT("[\"seven77\",\"eight888\",\"nine99999\"]"),
	TEXT("[\"a long text without anything that has to be escaped\"]"),
	TEXT("[\"1234567\\n1234567\\n12345678\\n\"]"),
	TEXT("[\"// no comment\",\"/* nor this */\"]"),
	/* UTF-8: first and last characters of each length, and around gaps */
	TEXT("[\"\xc2\x80\xdf\xbf\"]"),
	TEXT("[\"\xe0\xa0\x80\xef\xbf\xbf\"]"),
	TEXT("[\"\xed\x9f\xbf\xee\x80\x80\"]"),
	TEXT("[\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"]"),
	TEXT("[\"\xef\xb7\x90\xef\xbf\xbe\"]"),
	TEXT("[\"\xe2\x80\xa8\xe2\x80\xa9\"]"),
	TEXT("[\"\xef\xbb\xbf\"]"),
	TEXT("[\"\xf0\x9f\x9b\x92 caf\xc3\xa9 \xd0\xa7\xd0\xb0\xd0\xb9\"]"),
	TEXT("{\"\xc3\xa9\":\"\xc2\x85\"}"),
};

static const struct text invalid[] = {
	/* nothing */
	TEXT(""),
	TEXT(" "),
	TEXT("\n\t\r "),
	/* structure */
	TEXT("{"),
	TEXT("}"),
	TEXT("["),
	TEXT("]"),
	TEXT("[}"),
	TEXT("{]"),
	TEXT("[1}"),
	TEXT("{\"a\":1]"),
	TEXT("[[]"),
	TEXT("[]]"),
	TEXT("{}}"),
	TEXT("[1"),
	TEXT("[1,"),
	TEXT("[,1]"),
	TEXT("[,]"),
	TEXT("[1,,2]"),
	TEXT("[1,]"),
	TEXT("[1 2]"),
	TEXT("[1;2]"),
	TEXT("[1:2]"),
	TEXT("[\"a\":1]"),
	TEXT(":"),
	TEXT(","),
	TEXT("1,2"),
	TEXT("{,}"),
	TEXT("{\"a\"}"),
	TEXT("{\"a\":}"),
	TEXT("{\"a\" 1}"),
	TEXT("{\"a\",1}"),
	TEXT("{:1}"),
	TEXT("{\"a\":1,}"),
	TEXT("{\"a\":1,,\"b\":2}"),
	TEXT("{,\"a\":1}"),
	TEXT("{\"a\":1 \"b\":2}"),
	TEXT("{\"a\":1:2}"),
	TEXT("{\"a\"::1}"),
	TEXT("{\"a\":1,2}"),
	TEXT("{1:2}"),
	TEXT("{a:1}"),
	TEXT("{'a':1}"),
	TEXT("{null:1}"),
	TEXT("{[]:1}"),
	TEXT("{\"a\":1"),
	TEXT("{\"a\":"),
	TEXT("{\"a\""),
	TEXT("{\"a"),
	TEXT("{\"a\":\"b"),
	TEXT("{\"a\":{\"b\":{}}"),
	/* something behind the value */
	TEXT("{} x"),
	TEXT("{}{}"),
	TEXT("{},"),
	TEXT("[]\0"),
	TEXT("{}\0{}"),
	TEXT("null null"),
	TEXT("\"a\" \"b\""),
	TEXT("\"a\"b"),
	TEXT("1 2"),
	TEXT("1]"),
	TEXT("{}#"),
	/* no JSON, though some readers take it */
	TEXT("[1] // comment"),
	TEXT("/* comment */ {}"),
	TEXT("{/* comment */}"),
	TEXT("# comment\n{}"),
	TEXT("['single']"),
	TEXT("[`back`]"),
	TEXT("[undefined]"),
	TEXT("[NaN]"),
	TEXT("[-NaN]"),
	TEXT("[Infinity]"),
	TEXT("[-Infinity]"),
	TEXT("[inf]"),
	TEXT("[0x10]"),
	TEXT("[0b1]"),
	TEXT("[1_000]"),
	TEXT("[1n]"),
	TEXT("<a/>"),
	TEXT("*"),
	/* literals */
	TEXT("[nul]"),
	TEXT("[nulll]"),
	TEXT("[tru]"),
	TEXT("[truee]"),
	TEXT("[fals]"),
	TEXT("[True]"),
	TEXT("[TRUE]"),
	TEXT("[Null]"),
	TEXT("[t]"),
	TEXT("[f]"),
	TEXT("[n]"),
	TEXT("tru"),
	TEXT("fal"),
	TEXT("nul"),
	TEXT("[true false]"),
	TEXT("[nottrue]"),
	/* white space */
	TEXT("[\v]"),
	TEXT("[\f]"),
	TEXT("[\xc2\xa0]"),
	TEXT("[\xe2\x81\xa0]"),
	TEXT("[\b1]"),
	TEXT("\xef\xbb\xbf{}"),
	TEXT("\xfe\xff\0{\0}"),
	TEXT("{\0\"\0a\0\"\0:\0" "1\0}\0"),
	TEXT("\xef\xbb"),
	TEXT("[\0]"),
	TEXT("\0"),
	TEXT("\0{}"),
	/* numbers */
	TEXT("-"),
	TEXT("[-]"),
	TEXT("[+]"),
	TEXT("[+1]"),
	TEXT("[--1]"),
	TEXT("[- 1]"),
	TEXT("[01]"),
	TEXT("[-01]"),
	TEXT("[00]"),
	TEXT("[00.5]"),
	TEXT("[.5]"),
	TEXT("[-.5]"),
	TEXT("[1.]"),
	TEXT("[1.e1]"),
	TEXT("[1..2]"),
	TEXT("[1.2.3]"),
	TEXT("1."),
	TEXT("[1e]"),
	TEXT("[1E]"),
	TEXT("[1e+]"),
	TEXT("[1e-]"),
	TEXT("1e"),
	TEXT("1e+"),
	TEXT("[1e1.5]"),
	TEXT("[1e1e1]"),
	TEXT("[1ee1]"),
	TEXT("[e1]"),
	TEXT("[1a]"),
	TEXT("[1 .5]"),
	TEXT("[1-2]"),
	TEXT("[1+2]"),
	TEXT("[\xef\xbc\x91]"),
	/* strings */
	TEXT("\""),
	TEXT("[\"]"),
	TEXT("[\"a]"),
	TEXT("[a\"]"),
	TEXT("[\"\\\"]"),
	TEXT("\"\\"),
	TEXT("[\"\\x41\"]"),
	TEXT("[\"\\a\"]"),
	TEXT("[\"\\v\"]"),
	TEXT("[\"\\0\"]"),
	TEXT("[\"\\'\"]"),
	TEXT("[\"\\U0041\"]"),
	TEXT("[\"\\\n\"]"),
	TEXT("[\"\\\0\"]"),
	TEXT("[\"\\\xc3\xa9\"]"),
	TEXT("[\"\\u\"]"),
	TEXT("[\"\\u1\"]"),
	TEXT("[\"\\u12\"]"),
	TEXT("[\"\\u123\"]"),
	TEXT("[\"\\u123g\"]"),
	TEXT("[\"\\u-123\"]"),
	TEXT("[\"\\u 123\"]"),
	TEXT("[\"\\u00\0" "1\"]"),
	TEXT("[\"\\uD83D\\u\"]"),
	TEXT("[\"\\u{41}\"]"),
	TEXT("[\"\\u004@\"]"),
	TEXT("[\"\\u004`\"]"),
	TEXT("[\"\\u004/\"]"),
	TEXT("[\"\\u004:\"]"),
	TEXT("\"\\u004"),
	TEXT("\"\\u"),
	TEXT("[\"a\0b\"]"),
	TEXT("[\"a\tb\"]"),
	TEXT("[\"a\nb\"]"),
	TEXT("[\"\x1f\"]"),
	TEXT("[\"1234567\x01\"]"),
	TEXT("[\"1234567812345678\x1f\"]"),
	TEXT("{\"a\nb\":1}"),
	TEXT("{\"a\x80\":1}"),
	/* UTF-8 */
	TEXT("[\xc3\xa9]"),
	TEXT("[\"\x80\"]"),
	TEXT("[\"\xbf\"]"),
	TEXT("[\"\xc3\"]"),
	TEXT("[\"\xc3\xc3\"]"),
	TEXT("[\"\xc3\xa9\xa9\"]"),
	TEXT("[\"\xe2\x82\"]"),
	TEXT("[\"\xe2\x82x\"]"),
	TEXT("[\"\xf0\x9f\x9b\"]"),
	TEXT("[\"\xf0\x9f\"]"),
	TEXT("[\"\xc0\x80\"]"),
	TEXT("[\"\xc0\xaf\"]"),
	TEXT("[\"\xc1\xbf\"]"),
	TEXT("[\"\xe0\x80\xaf\"]"),
	TEXT("[\"\xe0\x9f\xbf\"]"),
	TEXT("[\"\xf0\x80\x80\xaf\"]"),
	TEXT("[\"\xf0\x8f\xbf\xbf\"]"),
	TEXT("[\"\xed\xa0\x80\"]"),
	TEXT("[\"\xed\xbf\xbf\"]"),
	TEXT("[\"\xed\xa0\xbd\xed\xb8\x80\"]"),
	TEXT("[\"\xf4\x90\x80\x80\"]"),
	TEXT("[\"\xf5\x80\x80\x80\"]"),
	TEXT("[\"\xf8\x88\x80\x80\x80\"]"),
	TEXT("[\"\xfc\x84\x80\x80\x80\x80\"]"),
	TEXT("[\"\xfe\"]"),
	TEXT("[\"\xff\"]"),
	TEXT("[\"abcdefg\xe9\"]"),
	TEXT("\"\xc3"),
	TEXT("\xff"),
};

/* Scan at the end of a block of memory, so that reading on is seen. */
static enum json_status
scan_copy(const char *bytes, size_t len, size_t depth)
{
	struct json_members outer, inner;
	char *block = xcalloc(1, len + 1);
	enum json_status status;

	memcpy(block + 1, bytes, len);
	status = json_scan_object(block + 1, len, depth, &outer, "in", &inner);
	free(block);
	return status;
}

static bool
is_valid(const char *bytes, size_t len)
{
	return scan_copy(bytes, len, DEPTH) != JSON_INVALID;
}

START_TEST(json_is_accepted)
{
	size_t i;

	for (i = 0; i < N(valid); i++)
		ck_assert_msg(is_valid(valid[i].bytes, valid[i].len),
		    "refused: %s", valid[i].bytes);
}
END_TEST

START_TEST(what_is_no_json_is_refused)
{
	size_t i;

	for (i = 0; i < N(invalid); i++)
		ck_assert_msg(!is_valid(invalid[i].bytes, invalid[i].len),
		    "accepted: %s (%zu)", invalid[i].bytes, i);
}
END_TEST

/* Append front, text and back, which must fit. */
static void
wrap(struct buf *buf, const char *front, const struct text *text,
    const char *back)
{
	buf->len = 0;
	ck_assert_int_eq(buf_append(buf, front, strlen(front)), 0);
	ck_assert_int_eq(buf_append(buf, text->bytes, text->len), 0);
	ck_assert_int_eq(buf_append(buf, back, strlen(back)), 0);
}

START_TEST(json_is_accepted_inside_of_json)
{
	struct buf buf;
	size_t i;

	buf_init(&buf, 1024);
	for (i = 0; i < N(valid); i++) {
		wrap(&buf, "[0, ", &valid[i], ",{}]");
		ck_assert(is_valid(buf_data(&buf), buf.len));
		wrap(&buf, "{\"a\":", &valid[i], ",\"b\":[]}");
		ck_assert(is_valid(buf_data(&buf), buf.len));
	}
	buf_clear(&buf);
}
END_TEST

START_TEST(json_cut_off_anywhere_is_refused)
{
	size_t i, cut;

	for (i = 0; i < N(valid); i++) {
		const struct text *text = &valid[i];

		if (strchr("]}\"", text->bytes[text->len - 1]) == NULL)
			continue;
		for (cut = 0; cut < text->len; cut++)
			ck_assert_msg(!is_valid(text->bytes, cut),
			    "accepted: %.*s", (int)cut, text->bytes);
	}
}
END_TEST

/* Everything at every place of a word of eight bytes, and across two. */
START_TEST(string_bytes_are_judged_wherever_they_stand)
{
	char text[] = "\"abcdefghijklmnopqrstuvw\"";
	size_t at;
	int byte;

	for (at = 1; at < sizeof(text) - 2; at++) {
		char kept = text[at];

		for (byte = 0; byte < 256; byte++) {
			bool plain = byte >= 0x20 && byte < 0x80 &&
			    byte != '"' && byte != '\\';

			text[at] = (char)byte;
			if (byte == '\\')
				plain = strchr("bfnrt", text[at + 1]) != NULL;
			ck_assert_msg(is_valid(text, sizeof(text) - 1) ==
			    plain, "byte %d at %zu", byte, at);
		}
		text[at] = kept;
	}
}
END_TEST

static void
nest(struct buf *buf, const char *open, const char *inside, const char *close,
    size_t depth)
{
	size_t i;

	buf->len = 0;
	for (i = 0; i < depth; i++)
		ck_assert_int_eq(buf_append(buf, open, strlen(open)), 0);
	ck_assert_int_eq(buf_append(buf, inside, strlen(inside)), 0);
	for (i = 0; i < depth; i++)
		ck_assert_int_eq(buf_append(buf, close, strlen(close)), 0);
}

START_TEST(nesting_is_accepted_up_to_the_limit_only)
{
	static const char *const brackets[][2] = {
		{ "[", "]" }, { "{\"a\":", "}" }, { "[{\"a\":", "}]" },
		{ "[1,[],", ",{}]" },
	};
	static const size_t levels[] = { 1, 1, 2, 1 };
	struct buf buf;
	size_t i, n;

	buf_init(&buf, 65536);
	for (i = 0; i < N(brackets); i++) {
		n = DEPTH / levels[i];
		if (i == 3)
			n--;	/* its pairs inside are a level, too */
		nest(&buf, brackets[i][0], "1", brackets[i][1], n);
		ck_assert(is_valid(buf_data(&buf), buf.len));
		nest(&buf, brackets[i][0], "1", brackets[i][1], n + 1);
		ck_assert(!is_valid(buf_data(&buf), buf.len));
		nest(&buf, brackets[i][0], "1", "", 5000);
		ck_assert(!is_valid(buf_data(&buf), buf.len));
	}
	buf_clear(&buf);
}
END_TEST

START_TEST(every_depth_can_be_asked_for)
{
	struct buf buf;
	size_t depth;

	buf_init(&buf, 1024);
	for (depth = 1; depth <= JSON_DEPTH_MAX; depth++) {
		nest(&buf, "[", "", "]", depth);
		ck_assert_int_eq(scan_copy(buf_data(&buf), buf.len, depth),
		    JSON_NOT_OBJECT);
		ck_assert_int_eq(scan_copy(buf_data(&buf), buf.len, depth - 1),
		    JSON_INVALID);
	}
	ck_assert_int_eq(scan_copy("1", 1, 0), JSON_NOT_OBJECT);
	buf_clear(&buf);
}
END_TEST

/* "KEY=VALUE/SPACE;" for each member. */
static char *
describe(const struct json_members *members)
{
	size_t i, len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	for (i = 0; i < members->count; i++)
		(void)fprintf(out, "%.*s=%.*s/%zu;",
		    (int)members->list[i].key_len, members->list[i].key,
		    (int)members->list[i].value_len, members->list[i].value,
		    members->list[i].space);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

static const struct {
	const char *text;
	const char *outer;
	enum json_status status;
	const char *inner;
} member_cases[] = {
	{ "{}", "", JSON_NOT_OBJECT, "" },
	{ " { } ", "", JSON_NOT_OBJECT, "" },
	{ "{\"a\":1}", "a=1/0;", JSON_NOT_OBJECT, "" },
	{ "{ \"a\" : 1 , \"b\" : \"x y\" }", "a=1/0;b=\"x y\"/0;",
	    JSON_NOT_OBJECT, "" },
	{ "{\"\":null,\"b\":true ,\"c\":-1.5e3}",
	    "=null/0;b=true/0;c=-1.5e3/0;", JSON_NOT_OBJECT, "" },
	{ "{\"a\": [ 1, 2 ] ,\"b\":{\t}}", "a=[ 1, 2 ]/3;b={\t}/1;",
	    JSON_NOT_OBJECT, "" },
	{ "{\"in\":{}}", "in={}/0;", JSON_OK, "" },
	{ "{\"in\":{\"x\":{\"y\":1},\"z\":[{}]},\"a\":{\"x\":1,\"x\":2}}",
	    "in={\"x\":{\"y\":1},\"z\":[{}]}/0;a={\"x\":1,\"x\":2}/0;",
	    JSON_OK, "x={\"y\":1}/0;z=[{}]/0;" },
	{ "{\"a\":{\"in\":{\"x\":1}}}", "a={\"in\":{\"x\":1}}/0;",
	    JSON_NOT_OBJECT, "" },
	{ "{\"in\":[{\"x\":1}],\"on\":{\"x\":1}}",
	    "in=[{\"x\":1}]/0;on={\"x\":1}/0;", JSON_NOT_OBJECT, "" },
	{ "{\"in\":\"{}\"}", "in=\"{}\"/0;", JSON_NOT_OBJECT, "" },
	{ "{ \"in\" : { \"x\" : [ 1 ] , \"y\" : 2 } }",
	    "in={ \"x\" : [ 1 ] , \"y\" : 2 }/10;", JSON_OK,
	    "x=[ 1 ]/2;y=2/0;" },
	{ "{\"in\":{\"x\":1,\"x\":2}}", "in={\"x\":1,\"x\":2}/0;",
	    JSON_AMBIGUOUS, "x=1/0;x=2/0;" },
	{ "{\"in\":{\"\\u0078\":1}}", "in={\"\\u0078\":1}/0;",
	    JSON_AMBIGUOUS, "\\u0078=1/0;" },
	{ "{\"in\":{\"x\":{\"\\u0078\":1,\"y\":2,\"y\":3}}}",
	    "in={\"x\":{\"\\u0078\":1,\"y\":2,\"y\":3}}/0;", JSON_OK,
	    "x={\"\\u0078\":1,\"y\":2,\"y\":3}/0;" },
	{ "{\"inn\":{\"x\":1},\"i\":{\"x\":1}}",
	    "inn={\"x\":1}/0;i={\"x\":1}/0;", JSON_NOT_OBJECT, "" },
};

START_TEST(members_are_found_where_they_stand)
{
	struct json_members outer, inner;
	char *text;
	size_t i;

	for (i = 0; i < N(member_cases); i++) {
		ck_assert_int_eq(json_scan_object(member_cases[i].text,
		    strlen(member_cases[i].text), DEPTH, &outer, "in", &inner),
		    JSON_OK);
		ck_assert_int_eq(inner.status, member_cases[i].status);
		text = describe(&outer);
		ck_assert_str_eq(text, member_cases[i].outer);
		free(text);
		text = describe(&inner);
		ck_assert_str_eq(text, member_cases[i].inner);
		free(text);
	}
}
END_TEST

static const struct {
	const char *text;
	enum json_status status;
} status_cases[] = {
	{ "[]", JSON_NOT_OBJECT },
	{ "null", JSON_NOT_OBJECT },
	{ " \"{}\"", JSON_NOT_OBJECT },
	{ "[{\"a\":1,\"a\":1}]", JSON_NOT_OBJECT },
	{ "{\"a\":1,\"a\":1}", JSON_AMBIGUOUS },
	{ "{\"a\":1,\"b\":2,\"a\":{}}", JSON_AMBIGUOUS },
	{ "{\"in\":{},\"in\":{}}", JSON_AMBIGUOUS },
	{ "{\"in\":{},\"in\":1}", JSON_AMBIGUOUS },
	{ "{\"\":1,\"\":2}", JSON_AMBIGUOUS },
	{ "{\"\\u0061\":1}", JSON_AMBIGUOUS },
	{ "{\"a\\/b\":1}", JSON_AMBIGUOUS },
	{ "{\"a\":1,\"A\":1,\"aa\":1,\"\":1}", JSON_OK },
	{ "{\"a\":1,\"a\":1", JSON_INVALID },
	{ "{\"\\u0061\":1}}", JSON_INVALID },
};

START_TEST(objects_are_told_from_other_values)
{
	size_t i;

	for (i = 0; i < N(status_cases); i++)
		ck_assert_msg(scan_copy(status_cases[i].text,
		    strlen(status_cases[i].text), DEPTH) ==
		    status_cases[i].status, "%s", status_cases[i].text);
}
END_TEST

/* An object of n members in front of tail; its first key is named twice. */
static void
fill_object(struct buf *buf, size_t n, const char *tail)
{
	char member[32];
	size_t i;
	int len;

	buf->len = 0;
	for (i = 0; i < n; i++) {
		len = snprintf(member, sizeof(member), "%c\"%zu\":%zu",
		    i == 0 ? '{' : ',', i, i);
		ck_assert_int_eq(buf_append(buf, member, (size_t)len), 0);
	}
	ck_assert_int_eq(buf_append(buf, tail, strlen(tail)), 0);
}

START_TEST(members_beyond_the_room_are_not_written)
{
	static const struct {
		size_t n;
		const char *tail;
		enum json_status status;
	} cases[] = {
		{ JSON_MEMBERS_MAX, "}", JSON_OK },
		{ JSON_MEMBERS_MAX - 1, ",\"0\":1}", JSON_AMBIGUOUS },
		{ JSON_MEMBERS_MAX + 1, "}", JSON_TOO_MANY },
		{ 20 * JSON_MEMBERS_MAX, "}", JSON_TOO_MANY },
		{ JSON_MEMBERS_MAX, ",\"\\n\":1}", JSON_AMBIGUOUS },
		{ JSON_MEMBERS_MAX + 1, "", JSON_INVALID },
	};
	struct json_members outer, inner;
	struct buf buf;
	size_t i;

	buf_init(&buf, 65536);
	for (i = 0; i < N(cases); i++) {
		fill_object(&buf, cases[i].n, cases[i].tail);
		ck_assert_int_eq(json_scan_object(buf_data(&buf), buf.len,
		    DEPTH, &outer, "in", &inner), cases[i].status);
		ck_assert_uint_eq(outer.count,
		    cases[i].status == JSON_INVALID ? 0 : JSON_MEMBERS_MAX);
	}
	buf_clear(&buf);
}
END_TEST

START_TEST(inner_members_have_their_own_room)
{
	struct json_members outer, inner;
	struct buf buf, whole;

	buf_init(&buf, 65536);
	buf_init(&whole, 65536);
	fill_object(&buf, JSON_MEMBERS_MAX + 1, "}");
	wrap(&whole, "{\"in\":", &(struct text){ buf_data(&buf), buf.len },
	    ",\"a\":1}");

	ck_assert_int_eq(json_scan_object(buf_data(&whole), whole.len, DEPTH,
	    &outer, "in", &inner), JSON_OK);
	ck_assert_uint_eq(outer.count, 2);
	ck_assert_int_eq(inner.status, JSON_TOO_MANY);
	ck_assert_uint_eq(inner.count, JSON_MEMBERS_MAX);

	buf_clear(&whole);
	buf_clear(&buf);
}
END_TEST

START_TEST(a_member_is_found_by_its_whole_key)
{
	static const char text[] = "{\"ab\":1,\"abc\":2,\"\":3}";
	struct json_members outer, inner;

	ck_assert_int_eq(json_scan_object(text, strlen(text), DEPTH, &outer,
	    "in", &inner), JSON_OK);

	ck_assert_int_eq(*json_find(&outer, "abc")->value, '2');
	ck_assert_int_eq(*json_find(&outer, "")->value, '3');
	ck_assert_ptr_null(json_find(&outer, "a"));
	ck_assert_ptr_null(json_find(&outer, "abcd"));
	ck_assert_ptr_null(json_find(&inner, "ab"));
}
END_TEST

static const struct {
	const char *text;
	const char *minified;
} minify_cases[] = {
	{ "1", "1" },
	{ "{}", "{}" },
	{ "{ }", "{}" },
	{ "[ \t\r\n]", "[]" },
	{ "[1, 2]", "[1,2]" },
	{ "{\"a\":1}", "{\"a\":1}" },
	{ "{\n\t\"a\" : 1 ,\r\n\"b\" : [ ]\n}", "{\"a\":1,\"b\":[]}" },
	{ "[\" \"]", "[\" \"]" },
	{ "[ \" a b \" ]", "[\" a b \"]" },
	{ "[ \"\\\" \" ]", "[\"\\\" \"]" },
	{ "[ \"\\\\\" , \" \" ]", "[\"\\\\\",\" \"]" },
	{ "[ \"\\\\\\\" \\\\\" , 1 ]", "[\"\\\\\\\" \\\\\",1]" },
	{ "[ \"\\\\\\\\\" , \"\" ]", "[\"\\\\\\\\\",\"\"]" },
	{ "[ \"\", \"\" ]", "[\"\",\"\"]" },
	{ "[ 1.0, 1e400, -0, \"\\ud800\\u0000\\/\" ]",
	    "[1.0,1e400,-0,\"\\ud800\\u0000\\/\"]" },
	{ "{\"a\": 1, \"a\": 2}", "{\"a\":1,\"a\":2}" },
	{ "[\" \", \"\xc3\xa9 \xe2\x82\xac\" ]",
	    "[\" \",\"\xc3\xa9 \xe2\x82\xac\"]" },
};

/* Scan {"a":TEXT} and take the member; its bytes are in buf. */
static struct json_member
member_of(struct buf *buf, const char *text)
{
	struct json_members outer, inner;

	wrap(buf, "{\"a\": ", &(struct text){ text, strlen(text) }, " }");
	ck_assert_int_eq(json_scan_object(buf_data(buf), buf->len, DEPTH,
	    &outer, "in", &inner), JSON_OK);
	ck_assert_uint_eq(outer.count, 1);
	return outer.list[0];
}

START_TEST(white_space_between_tokens_is_removed)
{
	struct json_member member;
	struct buf text, out;
	size_t i;

	buf_init(&text, 1024);
	for (i = 0; i < N(minify_cases); i++) {
		size_t len = strlen(minify_cases[i].minified);

		member = member_of(&text, minify_cases[i].text);
		ck_assert_uint_eq(member.value_len - member.space, len);
		buf_init(&out, len);
		ck_assert_int_eq(json_minify(&out, &member), 0);
		ck_assert_mem_eq(buf_data(&out), minify_cases[i].minified,
		    len);
		ck_assert_uint_eq(out.len, len);
		buf_clear(&out);
	}
	buf_clear(&text);
}
END_TEST

START_TEST(minifying_stops_at_the_limit)
{
	struct json_member member;
	struct buf text, out;
	size_t max;

	buf_init(&text, 1024);
	for (max = 0; max < 5; max++) {
		buf_init(&out, max);
		member = member_of(&text, "[1,2]");
		ck_assert_int_eq(json_minify(&out, &member), -1);
		member = member_of(&text, "[1, 2]");
		ck_assert_int_eq(json_minify(&out, &member), -1);
		ck_assert_uint_le(out.len, max);
		buf_clear(&out);
	}
	buf_clear(&text);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, json_is_accepted);
	tcase_add_test(tc, what_is_no_json_is_refused);
	tcase_add_test(tc, json_is_accepted_inside_of_json);
	tcase_add_test(tc, json_cut_off_anywhere_is_refused);
	tcase_add_test(tc, string_bytes_are_judged_wherever_they_stand);
	tcase_add_test(tc, nesting_is_accepted_up_to_the_limit_only);
	tcase_add_test(tc, every_depth_can_be_asked_for);
	tcase_add_test(tc, members_are_found_where_they_stand);
	tcase_add_test(tc, objects_are_told_from_other_values);
	tcase_add_test(tc, members_beyond_the_room_are_not_written);
	tcase_add_test(tc, inner_members_have_their_own_room);
	tcase_add_test(tc, a_member_is_found_by_its_whole_key);
	tcase_add_test(tc, white_space_between_tokens_is_removed);
	tcase_add_test(tc, minifying_stops_at_the_limit);
}
