#include "suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "feed.h"
#include "wire/fcgi_parser.h"

const char suite_name[] = "fcgi_parser";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* A string literal with NULs inside. */
#define BYTES(s) s, sizeof(s) - 1

/* Records of request 1: version, type, id, content length, padding, 0. */
#define HEADER(type, len) "\x01" type "\0\x01" len "\0\0"
/* A responder; to be kept; an authorizer. */
#define BEGIN HEADER("\x01", "\0\x08") "\0\x01\0\0\0\0\0\0"
#define BEGIN_KEEP HEADER("\x01", "\0\x08") "\0\x01\x01\0\0\0\0\0"
#define BEGIN_AUTHORIZER HEADER("\x01", "\0\x08") "\0\x02\0\0\0\0\0\0"
#define ABORT HEADER("\x02", "\0\0")
#define PARAMS(len) HEADER("\x04", len)
#define PARAMS_END PARAMS("\0\0")
#define STDIN(len) HEADER("\x05", len)
#define STDIN_END STDIN("\0\0")
/* ... and of request 0x0102. */
#define HEADER_2(type, len) "\x01" type "\x01\x02" len "\0\0"
#define BEGIN_2 HEADER_2("\x01", "\0\x08") "\0\x01\0\0\0\0\0\0"
#define PARAMS_2(len) HEADER_2("\x04", len)
#define STDIN_2(len) HEADER_2("\x05", len)
/* Management records. */
#define MANAGEMENT(type, len) "\x01" type "\0\0" len "\0\0"

/* 19 bytes: REQUEST_METHOD=GET.  6 bytes, not kept: A=wxy. */
#define METHOD "\x0e\x03" "REQUEST_METHODGET"
#define OTHER "\x01\x03" "Awxy"

/* A stream and what it reads as: see note_event(). */
struct stream {
	const char *bytes;
	size_t	 len;
	const char *expected;
};

/* A parser and a record of what it said. */
struct reader {
	const struct fcgi_parser_config *config;
	const char *expected;
	struct fcgi_parser parser;
	char	 seen[1024];
	size_t	 seen_len;
	unsigned body_of;	/* the id if a body's piece came last */
	bool	 done;
	bool	 failed;
};

static const char *const kept[] = {
	"REQUEST_METHOD", "REQUEST_URI", "CONTENT_TYPE", "CONTENT_LENGTH",
	"HTTP_AUTHORIZATION", "HTTP_ORIGIN", "REMOTE_ADDR", "HTTPS",
	"REQUEST_SCHEME", "HTTP_X_FORWARDED_FOR", NULL
};

static const struct fcgi_parser_config one = {
	.params = kept,
	.max_requests = 1,
	.max_connections = 20,
};

static const struct fcgi_parser_config two = {
	.params = kept,
	.max_requests = 2,
	.max_connections = 4294967295,
};

static const struct fcgi_parser_config unlimited = {
	.params = kept,
	.max_requests = 2,
};

static void
reader_start(void *ctx)
{
	struct reader *reader = ctx;

	fcgi_parser_init(&reader->parser, reader->config);
	reader->seen[0] = '\0';
	reader->seen_len = 0;
	reader->body_of = 0;
	reader->done = false;
	reader->failed = false;
}

static void __attribute__((format(printf, 2, 3)))
note(struct reader *reader, const char *format, ...)
{
	size_t room = sizeof(reader->seen) - reader->seen_len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(reader->seen + reader->seen_len, room, format, ap);
	va_end(ap);
	ck_assert(n >= 0 && (size_t)n < room);
	reader->seen_len += (size_t)n;
}

static void
note_bytes(struct reader *reader, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		note(reader, data[i] < 0x20 || data[i] > 0x7e ? "<%02x>" : "%c",
		    data[i]);
}

/* "1:head{REQUEST_METHOD=GET} "; params in the order of the table. */
static void
note_head(struct reader *reader, const struct fcgi_request *request)
{
	size_t i;

	note(reader, "%u:head{", request->id);
	for (i = 0; kept[i] != NULL; i++) {
		const char *value = fcgi_request_param(&reader->parser,
		    request, kept[i]);

		if (value != NULL)
			note(reader, "%s=%s;", kept[i], value);
	}
	note(reader, "} ");
}

/* "1:abc"; what follows of it, in the same record or not, without a "1:". */
static void
note_body(struct reader *reader, const struct fcgi_event *event)
{
	ck_assert_uint_gt(event->len, 0);
	if (reader->body_of != event->request->id)
		note(reader, "%s%u:", reader->body_of != 0 ? " " : "",
		    event->request->id);
	reader->body_of = event->request->id;
	note_bytes(reader, event->data, event->len);
}

static void
note_event(struct reader *reader, enum fcgi_status status,
    const struct fcgi_event *event)
{
	if (status == FCGI_BODY) {
		note_body(reader, event);
		return;
	}
	if (reader->body_of != 0)
		note(reader, " ");
	reader->body_of = 0;
	if (status == FCGI_HEAD)
		note_head(reader, event->request);
	if (status == FCGI_BAD_HEAD)
		note(reader, "%u:bad ", event->request->id);
	if (status == FCGI_BIG_HEAD)
		note(reader, "%u:big ", event->request->id);
	if (status == FCGI_INPUT_END)
		note(reader, "%u:end ", event->request->id);
	if (status == FCGI_ABORTED)
		note(reader, "%u:aborted ", event->request->id);
	if (status == FCGI_REPLY)
		note_bytes(reader, event->data, event->len);
}

/* The end of request 1's input and each abort is answered at once. */
static void
take_event(struct reader *reader, enum fcgi_status status,
    const struct fcgi_event *event)
{
	note_event(reader, status, event);
	if (status == FCGI_ABORTED ||
	    (status == FCGI_INPUT_END && event->request->id == 1))
		fcgi_request_end(&reader->parser, event->request);
	reader->done = fcgi_parser_is_done(&reader->parser);
	if (reader->done)
		note(reader, "done");
}

static void
reader_piece(void *ctx, uint8_t *piece, size_t n)
{
	struct reader *reader = ctx;
	const uint8_t *bytes = piece;
	struct fcgi_event event;
	enum fcgi_status status = FCGI_MORE;

	while (!reader->done && (status = fcgi_parser_next(&reader->parser,
	    &bytes, &n, &event)) != FCGI_MORE && status != FCGI_FAILED)
		take_event(reader, status, &event);
	if (!reader->done)
		ck_assert_uint_eq(n, 0);
	if (reader->failed)
		ck_assert_int_eq(status, FCGI_FAILED);
	if (status == FCGI_FAILED && !reader->failed)
		note(reader, "failed: %s", event.fault);
	reader->failed = status == FCGI_FAILED;
}

static void
reader_check(void *ctx)
{
	struct reader *reader = ctx;

	ck_assert_str_eq(reader->seen, reader->expected);
	fcgi_parser_clear(&reader->parser);
}

static void
read_stream(const struct stream *stream,
    const struct fcgi_parser_config *config)
{
	struct reader reader = {
		.config = config,
		.expected = stream->expected,
	};
	struct feed feed = { reader_start, reader_piece, reader_check,
	    &reader };

	feed_all(&feed, stream->bytes, stream->len);
}

/* What our answers look like in the record. */
#define ENDED(id, status) "<01><03>" id "<00><08><00><00>" \
	"<00><00><00><00>" status "<00><00><00>"
#define ID "<00><01>"
#define ID_2 "<01><02>"
#define UNKNOWN(type) "<01><0b><00><00><00><08><00><00>" \
	type "<00><00><00><00><00><00><00>"
#define GOT "1:head{REQUEST_METHOD=GET;} "

/* Whole requests, most without KEEP_CONN: done at their end. */
static const struct stream sound[] = {
	{ BYTES(""), "" },
	/* no params, no body */
	{ BYTES(BEGIN PARAMS_END STDIN_END), "1:head{} 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x13") METHOD PARAMS_END STDIN_END),
	    GOT "1:end done" },
	/* a body in one record, in two */
	{ BYTES(BEGIN PARAMS_END STDIN("\0\x03") "abc" STDIN_END),
	    "1:head{} 1:abc 1:end done" },
	{ BYTES(BEGIN PARAMS_END STDIN("\0\x03") "abc" STDIN("\0\x02")
	    "\0\xff" STDIN_END), "1:head{} 1:abc<00><ff> 1:end done" },
	/* the last record has not come */
	{ BYTES(BEGIN PARAMS("\0\x13") METHOD), "" },
	{ BYTES(BEGIN PARAMS("\0\x13") METHOD PARAMS_END STDIN("\0\x03")
	    "ab"), GOT "1:ab" },
	/* params that nobody wants, around one that is wanted */
	{ BYTES(BEGIN PARAMS("\0\x1f") OTHER METHOD OTHER PARAMS_END
	    STDIN_END), GOT "1:end done" },
	/* names that are almost it: longer, shorter, another case, another */
	{ BYTES(BEGIN PARAMS("\0\x28") "\x06\x01HTTPSXy" "\x04\x01HTTPy"
	    "\x05\x01httpsy" "\x05\x01HTTPXy" "\x05\x01XTTPSy"
	    PARAMS_END STDIN_END), "1:head{} 1:end done" },
	/* two names of one length, of which one goes on like the other */
	{ BYTES(BEGIN PARAMS("\0\x25") "\x0e\x02REQUEST_METHODxx"
	    "\x0e\x03REQUEST_SCHEMEyyy" PARAMS_END STDIN_END),
	    "1:head{REQUEST_METHOD=xx;REQUEST_SCHEME=yyy;} 1:end done" },
	/* an empty value, in the middle and at the end; an empty name */
	{ BYTES(BEGIN PARAMS("\0\x1a") "\x05\0HTTPS" METHOD PARAMS_END
	    STDIN_END), "1:head{REQUEST_METHOD=GET;HTTPS=;} 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x1a") METHOD "\x05\0HTTPS" PARAMS_END
	    STDIN_END), "1:head{REQUEST_METHOD=GET;HTTPS=;} 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x18") "\0\x01y" METHOD "\0\0"
	    PARAMS_END STDIN_END), GOT "1:end done" },
	/* a name, a value, both with a length of 4 bytes */
	{ BYTES(BEGIN PARAMS("\0\x0c") "\x80\0\0\x05\x02HTTPSon"
	    PARAMS_END STDIN_END), "1:head{HTTPS=on;} 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x0c") "\x05\x80\0\0\x02HTTPSon"
	    PARAMS_END STDIN_END), "1:head{HTTPS=on;} 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x0f") "\x80\0\0\x05\x80\0\0\x02"
	    "HTTPSon" PARAMS_END STDIN_END), "1:head{HTTPS=on;} 1:end done" },
	/* a pair cut by records: in a length, in the name, in the value */
	{ BYTES(BEGIN PARAMS("\0\x02") "\x80\0" PARAMS("\0\x05")
	    "\0\x05\x02HT" PARAMS("\0\x04") "TPSo" PARAMS("\0\x01") "n"
	    PARAMS_END STDIN_END), "1:head{HTTPS=on;} 1:end done" },
	/* a value with any bytes but NUL */
	{ BYTES(BEGIN PARAMS("\0\x0a") "\x05\x03HTTPS\x01\x02\x03"
	    PARAMS_END STDIN_END),
	    "1:head{HTTPS=\x01\x02\x03;} 1:end done" },
	/* ... which a param that is not kept may have */
	{ BYTES(BEGIN PARAMS("\0\x16") "\x01\0A" METHOD PARAMS_END
	    STDIN_END), GOT "1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x17") "\x01\x01" "A\0" METHOD PARAMS_END
	    STDIN_END), GOT "1:end done" },
	/* ... and come twice */
	{ BYTES(BEGIN PARAMS("\0\x0c") OTHER OTHER PARAMS_END STDIN_END),
	    "1:head{} 1:end done" },
	/* padding: 1 byte, 3 bytes, 2 bytes behind no content; reserved set */
	{ BYTES("\x01\x01\0\x01\0\x08\x01\xff" "\0\x01\xfe\1\2\3\4\5" "p"
	    "\x01\x04\0\x01\0\x13\x03\xff" METHOD "ppp"
	    "\x01\x04\0\x01\0\0\x02\xff" "pp" STDIN("\0\x01") "a"
	    STDIN_END), GOT "1:a 1:end done" },
	/* KEEP_CONN: the id again, once the first is answered */
	{ BYTES(BEGIN_KEEP PARAMS_END STDIN_END BEGIN_KEEP
	    PARAMS("\0\x13") METHOD PARAMS_END STDIN("\0\x01") "a"
	    STDIN_END), "1:head{} 1:end " GOT "1:a 1:end " },
	/* not kept the second time, and then a third */
	{ BYTES(BEGIN_KEEP PARAMS_END STDIN_END BEGIN PARAMS_END STDIN_END
	    BEGIN), "1:head{} 1:end 1:head{} 1:end done" },
};

START_TEST(sound_requests_become_events_however_they_are_cut)
{
	read_stream(&sound[_i], &one);
}
END_TEST

static const struct stream several[] = {
	/* two at a time: begun, params in turn, bodies in turn */
	{ BYTES(BEGIN_KEEP BEGIN_2 PARAMS("\0\x07") "\x0e\x03REQUE"
	    PARAMS_2("\0\x09") "\x05\x02HTTPSon" PARAMS("\0\x0c")
	    "ST_METHODGET" PARAMS_2("\0\0") PARAMS_END
	    STDIN_2("\0\x02") "ab" STDIN("\0\x01") "c"
	    STDIN_2("\0\x01") "d" STDIN_END STDIN_2("\0\0")),
	    "258:head{HTTPS=on;} " GOT "258:ab 1:c 258:d 1:end 258:end " },
	/* one is over, the other is answered later: not done before */
	{ BYTES(BEGIN BEGIN_2 PARAMS_2("\0\0") PARAMS_END STDIN_END
	    STDIN_2("\0\0") ABORT HEADER_2("\x02", "\0\0")),
	    "258:head{} 1:head{} 1:end 258:end 258:aborted done" },
	/* a third, as long as two are active */
	{ BYTES(BEGIN_KEEP BEGIN_2 "\x01\x01\0\x03\0\x08\0\0"
	    "\0\x01\x01\0\0\0\0\0" PARAMS_END STDIN_END
	    "\x01\x01\0\x03\0\x08\0\0" "\0\x01\x01\0\0\0\0\0"
	    "\x01\x04\0\x03\0\0\0\0"),
	    ENDED("<00><03>", "<02>") "1:head{} 1:end 3:head{} " },
	/* a management record between two pieces of a pair */
	{ BYTES(BEGIN PARAMS("\0\x07") "\x0e\x03REQUE"
	    MANAGEMENT("\x09", "\0\x11") "\x0f\0FCGI_MPXS_CONNS"
	    PARAMS("\0\x0c") "ST_METHODGET" PARAMS_END STDIN_END),
	    "<01><0a><00><00><00><12><06><00><0f><01>FCGI_MPXS_CONNS1"
	    "<00><00><00><00><00><00>" GOT "1:end done" },
};

START_TEST(several_requests_share_a_connection)
{
	read_stream(&several[_i], &two);
}
END_TEST

static const struct stream refused[] = {
	/* an authorizer, kept and not; what it sends is skipped */
	{ BYTES(BEGIN_AUTHORIZER), ENDED(ID, "<03>") "done" },
	{ BYTES("\x01\x01\0\x01\0\x08\0\0" "\0\x03\x01\0\0\0\0\0"
	    PARAMS("\0\x06") OTHER PARAMS_END STDIN_END BEGIN PARAMS_END
	    STDIN_END), ENDED(ID, "<03>") "1:head{} 1:end done" },
	/* role 0x0101 */
	{ BYTES("\x01\x01\0\x01\0\x08\0\0" "\1\1\0\0\0\0\0\0"),
	    ENDED(ID, "<03>") "done" },
	/* a second one; unlike the first it would not keep the connection */
	{ BYTES(BEGIN_KEEP BEGIN_2 PARAMS_END STDIN_END),
	    ENDED(ID_2, "<01>") "1:head{} 1:end done" },
	/* ... an authorizer */
	{ BYTES(BEGIN_KEEP HEADER_2("\x01", "\0\x08")
	    "\0\x02\x01\0\0\0\0\0" PARAMS_END STDIN_END),
	    ENDED(ID_2, "<03>") "1:head{} 1:end " },
};

START_TEST(requests_that_cannot_be_served_are_refused)
{
	read_stream(&refused[_i], &one);
}
END_TEST

static const struct stream aborted[] = {
	/* before anybody heard of it: kept, and not */
	{ BYTES(BEGIN ABORT), ENDED(ID, "<00>") "done" },
	{ BYTES(BEGIN_KEEP PARAMS("\0\x13") METHOD ABORT PARAMS_END
	    STDIN_END), ENDED(ID, "<00>") },
	{ BYTES(BEGIN_KEEP PARAMS("\0\x07") "\x0e\x03REQUE" ABORT BEGIN
	    PARAMS("\0\x13") METHOD PARAMS_END STDIN_END),
	    ENDED(ID, "<00>") GOT "1:end done" },
	/* before the body, in it, after it */
	{ BYTES(BEGIN PARAMS_END ABORT), "1:head{} 1:aborted done" },
	{ BYTES(BEGIN_KEEP PARAMS_END STDIN("\0\x01") "a" ABORT
	    STDIN("\0\x01") "b" STDIN_END), "1:head{} 1:a 1:aborted " },
	{ BYTES(BEGIN_2 PARAMS_2("\0\0") STDIN_2("\0\0")
	    HEADER_2("\x02", "\0\0")),
	    "258:head{} 258:end 258:aborted done" },
	/* with content and padding, which it should not have */
	{ BYTES(BEGIN PARAMS_END "\x01\x02\0\x01\0\x02\x01\0" "xyp"),
	    "1:head{} 1:aborted done" },
	/* a request that is not there */
	{ BYTES(ABORT BEGIN PARAMS_END STDIN_END), "1:head{} 1:end done" },
};

START_TEST(a_request_may_be_aborted_at_any_time)
{
	read_stream(&aborted[_i], &one);
}
END_TEST

static const struct stream ignored[] = {
	/* params, stdin, data, stdout, end, GET_VALUES, 200 for no request */
	{ BYTES(PARAMS("\0\x13") METHOD PARAMS_END STDIN("\0\x01") "a"
	    STDIN_END HEADER("\x08", "\0\x01") "d" HEADER("\x06", "\0\0")
	    HEADER("\x03", "\0\x08") "endofreq" HEADER("\x09", "\0\0")
	    HEADER("\xc8", "\0\x01") "x" BEGIN PARAMS_END STDIN_END),
	    "1:head{} 1:end done" },
	/* another id in the low byte, in the high byte */
	{ BYTES(BEGIN "\x01\x04\x01\x01\0\x13\0\0" METHOD
	    "\x01\x04\0\x02\0\0\0\0" PARAMS_END STDIN_END),
	    "1:head{} 1:end done" },
	/* what comes of a request that was answered */
	{ BYTES(BEGIN_KEEP PARAMS_END STDIN_END STDIN("\0\x01") "a" ABORT
	    PARAMS("\0\x01") "x" BEGIN PARAMS_END STDIN_END),
	    "1:head{} 1:end 1:head{} 1:end done" },
};

START_TEST(records_without_an_active_request_are_skipped)
{
	read_stream(&ignored[_i], &one);
}
END_TEST

/* The heads that are wrong in themselves; the connection goes on. */
static const struct stream bad_heads[] = {
	/* the same param twice: at once, apart, one of them empty */
	{ BYTES(BEGIN PARAMS("\0\x26") METHOD METHOD PARAMS_END STDIN_END),
	    "1:bad 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x13") METHOD PARAMS("\0\x06") OTHER
	    PARAMS("\0\x10") "\x0e\0REQUEST_METHOD" PARAMS_END STDIN_END),
	    "1:bad 1:end done" },
	/* ... in the params after it nothing is of interest */
	{ BYTES(BEGIN PARAMS("\0\x0e") "\x05\0HTTPS" "\x05\0HTTPS"
	    PARAMS("\0\x01") "\x80" PARAMS_END STDIN("\0\x01") "a"
	    STDIN_END), "1:bad 1:a 1:end done" },
	/* NUL: alone, at the end, in the middle */
	{ BYTES(BEGIN PARAMS("\0\x08") "\x05\x01HTTPS\0" PARAMS_END
	    STDIN_END), "1:bad 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x09") "\x05\x02HTTPSx\0" PARAMS_END
	    STDIN_END), "1:bad 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x0a") "\x05\x03HTTPSx\0y" PARAMS_END
	    STDIN_END), "1:bad 1:end done" },
	/* the end in: a length, the other, a name, a value, before a value */
	{ BYTES(BEGIN PARAMS("\0\x01") "\x05" PARAMS_END STDIN_END),
	    "1:bad 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x03") "\x80\0\0" PARAMS_END STDIN_END),
	    "1:bad 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x04") "\x05\x80\0\0" PARAMS_END STDIN_END),
	    "1:bad 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x06") "\x05\x02HTTP" PARAMS_END
	    STDIN_END), "1:bad 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x08") "\x05\x02HTTPSo" PARAMS_END
	    STDIN_END), "1:bad 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x07") "\x05\x02HTTPS" PARAMS_END
	    STDIN_END), "1:bad 1:end done" },
	/* ... of a pair that nobody wants */
	{ BYTES(BEGIN PARAMS("\0\x04") "\x01\x02" "Ax" PARAMS_END
	    STDIN_END), "1:bad 1:end done" },
	/* 2 GiB announced, in the name and in the value */
	{ BYTES(BEGIN PARAMS("\0\x0a") "\xff\xff\xff\xff\xff\xff\xff\xff"
	    "ab" PARAMS_END STDIN_END), "1:bad 1:end done" },
	{ BYTES(BEGIN PARAMS("\0\x0c") "\x05\xff\xff\xff\xff" "HTTPSon"
	    PARAMS_END STDIN_END), "1:bad 1:end done" },
};

START_TEST(malformed_params_make_the_request_bad_not_the_connection)
{
	read_stream(&bad_heads[_i], &one);
}
END_TEST

/* A reply's header: GET_VALUES_RESULT, content length, padding. */
#define RESULT(len, padding) "<01><0a><00><00><00>" len padding "<00>"

/* A question, and the answers of three configurations. */
struct question {
	const char *bytes;
	size_t	 len;
	const char *one;
	const char *two;
	const char *unlimited;
};

static const struct question questions[] = {
	/* nothing */
	{ BYTES(MANAGEMENT("\x09", "\0\0")), RESULT("<00>", "<00>"),
	    RESULT("<00>", "<00>"), RESULT("<00>", "<00>") },
	/* all three, among others and one of them twice */
	{ BYTES(MANAGEMENT("\x09", "\0\x57") "\x0f\0FCGI_MPXS_CONNS"
	    "\x0e\0FCGI_MAX_CONNS" "\x0e\0FCGI_ALL_CONNS"
	    "\x0e\0FCGI_MAX_CONNS" "\x03\0FCG" "\0\0"
	    "\x0d\0FCGI_MAX_REQS"),
	    RESULT("5", "<03>") "<0e><02>FCGI_MAX_CONNS20"
	    "<0d><02>FCGI_MAX_REQS20" "<0f><01>FCGI_MPXS_CONNS0"
	    "<00><00><00>",
	    RESULT("E", "<03>") "<0e><0a>FCGI_MAX_CONNS4294967295"
	    "<0d><0a>FCGI_MAX_REQS8589934590" "<0f><01>FCGI_MPXS_CONNS1"
	    "<00><00><00>",
	    RESULT("<12>", "<06>") "<0f><01>FCGI_MPXS_CONNS1"
	    "<00><00><00><00><00><00>" },
	/* one, with a length of 4 bytes, a value, and padding behind it */
	{ BYTES("\x01\x09\0\0\0\x16\x02\0" "\x80\0\0\x0f\x02"
	    "FCGI_MPXS_CONNSxy" "pp"),
	    RESULT("<12>", "<06>") "<0f><01>FCGI_MPXS_CONNS0"
	    "<00><00><00><00><00><00>",
	    RESULT("<12>", "<06>") "<0f><01>FCGI_MPXS_CONNS1"
	    "<00><00><00><00><00><00>",
	    RESULT("<12>", "<06>") "<0f><01>FCGI_MPXS_CONNS1"
	    "<00><00><00><00><00><00>" },
	/* one; then something else */
	{ BYTES(MANAGEMENT("\x09", "\0\x0f") "\x0d\0FCGI_MAX_REQS"
	    MANAGEMENT("\x09", "\0\x02") "\0\0"),
	    RESULT("<11>", "<07>") "<0d><02>FCGI_MAX_REQS20"
	    "<00><00><00><00><00><00><00>" RESULT("<00>", "<00>"),
	    RESULT("<19>", "<07>") "<0d><0a>FCGI_MAX_REQS8589934590"
	    "<00><00><00><00><00><00><00>" RESULT("<00>", "<00>"),
	    RESULT("<00>", "<00>") RESULT("<00>", "<00>") },
	/* cut off: in the lengths, in the name, in the value */
#define CUT_OFF "failed: GET_VALUES with a pair cut off"
	{ BYTES(MANAGEMENT("\x09", "\0\x01") "\0"), CUT_OFF, CUT_OFF,
	    CUT_OFF },
	{ BYTES(MANAGEMENT("\x09", "\0\x10") "\x0f\0FCGI_MPXS_CONN" "S"),
	    CUT_OFF, CUT_OFF, CUT_OFF },
	{ BYTES(MANAGEMENT("\x09", "\0\x11") "\x0f\x01" "FCGI_MPXS_CONNS"),
	    CUT_OFF, CUT_OFF, CUT_OFF },
};

START_TEST(what_can_be_asked_is_answered)
{
	const struct question *row = &questions[_i];
	const struct stream streams[] = {
		{ row->bytes, row->len, row->one },
		{ row->bytes, row->len, row->two },
		{ row->bytes, row->len, row->unlimited },
	};

	read_stream(&streams[0], &one);
	read_stream(&streams[1], &two);
	read_stream(&streams[2], &unlimited);
}
END_TEST

static const struct stream unknown[] = {
	/* no content; 3 bytes of it; padding too */
	{ BYTES(MANAGEMENT("\x0c", "\0\0")), UNKNOWN("<0c>") },
	{ BYTES(MANAGEMENT("\xff", "\0\x03") "abc"), UNKNOWN("<ff>") },
	{ BYTES("\x01\x0c\0\0\0\x01\x02\0" "app" MANAGEMENT("\0", "\0\0")),
	    UNKNOWN("<0c>") UNKNOWN("<00>") },
	/* types of records that belong to a request */
	{ BYTES(MANAGEMENT("\x01", "\0\x08") "\0\x01\0\0\0\0\0\0"),
	    UNKNOWN("<01>") },
	{ BYTES(MANAGEMENT("\x02", "\0\0")), UNKNOWN("<02>") },
	{ BYTES(MANAGEMENT("\x04", "\0\0")), UNKNOWN("<04>") },
	{ BYTES(MANAGEMENT("\x05", "\0\0")), UNKNOWN("<05>") },
	/* what only we send */
	{ BYTES(MANAGEMENT("\x0a", "\0\0")), UNKNOWN("<0a>") },
	{ BYTES(MANAGEMENT("\x0b", "\0\x08") "\x0c\0\0\0\0\0\0\0"),
	    UNKNOWN("<0b>") },
	/* inside a request */
	{ BYTES(BEGIN MANAGEMENT("\x0c", "\0\0") PARAMS_END
	    MANAGEMENT("\x0c", "\0\0") STDIN_END),
	    UNKNOWN("<0c>") "1:head{} " UNKNOWN("<0c>") "1:end done" },
};

START_TEST(other_management_records_are_answered_as_unknown)
{
	read_stream(&unknown[_i], &one);
}
END_TEST

#define WRONG_TYPE "failed: a record that no responder gets"
#define WRONG_BEGIN "failed: BEGIN_REQUEST of a wrong length"
#define SECOND_BEGIN "failed: BEGIN_REQUEST for an active request"

/* What breaks the connection. */
static const struct stream unsound[] = {
	/* version 0, 2; another protocol */
	{ BYTES("\0\x01\0\x01\0\x08\0\0"),
	    "failed: another version of the protocol" },
	{ BYTES(BEGIN "\x02\x04\0\x01\0\0\0\0" "more"),
	    "failed: another version of the protocol" },
	{ BYTES("GET / HTTP/1.1\r\n\r\n"),
	    "failed: another version of the protocol" },
	/* BEGIN_REQUEST of 0, 7, 9, 264 bytes */
	{ BYTES(HEADER("\x01", "\0\0")), WRONG_BEGIN },
	{ BYTES(HEADER("\x01", "\0\x07") "\0\x01\0\0\0\0\0"), WRONG_BEGIN },
	{ BYTES(HEADER("\x01", "\0\x09") "\0\x01\0\0\0\0\0\0\0"),
	    WRONG_BEGIN },
	{ BYTES(HEADER("\x01", "\x01\x08") "\0\x01\0\0\0\0\0\0"),
	    WRONG_BEGIN },
	/* BEGIN_REQUEST twice: at once, in the body, behind it */
	{ BYTES(BEGIN BEGIN), SECOND_BEGIN },
	{ BYTES(BEGIN PARAMS_END BEGIN), "1:head{} " SECOND_BEGIN },
	{ BYTES(BEGIN_2 PARAMS_2("\0\0") STDIN_2("\0\0") BEGIN_2),
	    "258:head{} 258:end " SECOND_BEGIN },
	/* params after their end: some, the end again, behind the body */
	{ BYTES(BEGIN PARAMS_END PARAMS("\0\x06") OTHER),
	    "1:head{} failed: PARAMS after their end" },
	{ BYTES(BEGIN PARAMS_END PARAMS_END),
	    "1:head{} failed: PARAMS after their end" },
	{ BYTES(BEGIN_2 PARAMS_2("\0\0") STDIN_2("\0\0") PARAMS_2("\0\0")),
	    "258:head{} 258:end failed: PARAMS after their end" },
	/* a body before the params are over; after its end */
	{ BYTES(BEGIN STDIN("\0\x01") "a"), "failed: STDIN out of order" },
	{ BYTES(BEGIN PARAMS("\0\x13") METHOD STDIN_END),
	    "failed: STDIN out of order" },
	{ BYTES(BEGIN_2 PARAMS_2("\0\0") STDIN_2("\0\0")
	    STDIN_2("\0\x01") "a"),
	    "258:head{} 258:end failed: STDIN out of order" },
	/* types 0, END_REQUEST, STDOUT, DATA, GET_VALUES, 12 */
	{ BYTES(BEGIN HEADER("\0", "\0\0")), WRONG_TYPE },
	{ BYTES(BEGIN HEADER("\x03", "\0\x08") "\0\0\0\0\0\0\0\0"),
	    WRONG_TYPE },
	{ BYTES(BEGIN HEADER("\x06", "\0\0")), WRONG_TYPE },
	{ BYTES(BEGIN HEADER("\x08", "\0\0")), WRONG_TYPE },
	{ BYTES(BEGIN HEADER("\x09", "\0\0")), WRONG_TYPE },
	{ BYTES(BEGIN PARAMS_END HEADER("\x0c", "\0\0")),
	    "1:head{} " WRONG_TYPE },
};

START_TEST(unsound_records_fail_the_same_however_they_are_cut)
{
	read_stream(&unsound[_i], &two);
}
END_TEST

START_TEST(faults_are_found_with_the_header_of_their_record)
{
	/* BEGIN_REQUEST, STDIN of 16 bytes */
	const uint8_t bytes[] = BEGIN STDIN("\0\x10"), *p = bytes;
	struct fcgi_parser parser;
	struct fcgi_event event;
	size_t n = sizeof(bytes) - 2, rest = 1;

	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(fcgi_parser_next(&parser, &p, &n, &event), FCGI_MORE);
	ck_assert_int_eq(fcgi_parser_next(&parser, &p, &rest, &event),
	    FCGI_FAILED);
	rest = 1;
	ck_assert_int_eq(fcgi_parser_next(&parser, &p, &rest, &event),
	    FCGI_FAILED);
	ck_assert_uint_eq(rest, 0);
	rest = 0;
	ck_assert_int_eq(fcgi_parser_next(&parser, &p, &rest, &event),
	    FCGI_FAILED);
	fcgi_parser_clear(&parser);
}
END_TEST

/* The next thing that the parser says of n bytes. */
static enum fcgi_status
say(struct fcgi_parser *parser, const void *bytes, size_t n,
    struct fcgi_event *event)
{
	const uint8_t *p = bytes;
	enum fcgi_status status = fcgi_parser_next(parser, &p, &n, event);

	ck_assert_uint_eq(n, 0);
	return status;
}

START_TEST(an_aborted_request_is_silent_until_it_is_ended)
{
	struct fcgi_parser parser;
	struct fcgi_event event;
	struct fcgi_request *request;

	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(say(&parser, BYTES(BEGIN PARAMS_END), &event),
	    FCGI_HEAD);
	request = event.request;
	ck_assert_int_eq(say(&parser, BYTES(ABORT), &event), FCGI_ABORTED);
	ck_assert_ptr_eq(event.request, request);
	ck_assert_int_eq(say(&parser, BYTES(ABORT STDIN("\0\x01") "a" STDIN_END
	    PARAMS_END HEADER("\x08", "\0\0")), &event), FCGI_MORE);
	ck_assert(!fcgi_parser_is_done(&parser));
	fcgi_request_end(&parser, request);
	ck_assert(fcgi_parser_is_done(&parser));
}
END_TEST

START_TEST(the_rest_of_a_request_ended_early_is_skipped)
{
	struct fcgi_parser parser;
	struct fcgi_event event;

	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(say(&parser, BYTES(BEGIN_KEEP PARAMS_END), &event),
	    FCGI_HEAD);
	ck_assert_int_eq(say(&parser, BYTES(STDIN("\0\x03") "a"), &event),
	    FCGI_BODY);
	fcgi_request_end(&parser, event.request);
	ck_assert_ptr_null(fcgi_parser_request(&parser));
	ck_assert_int_eq(say(&parser, BYTES("bc" STDIN("\0\x01") "d" STDIN_END),
	    &event), FCGI_MORE);
	ck_assert_int_eq(say(&parser, BYTES(BEGIN_KEEP PARAMS_END), &event),
	    FCGI_HEAD);
	ck_assert(!fcgi_parser_is_done(&parser));
	fcgi_parser_clear(&parser);
}
END_TEST

START_TEST(a_request_ended_among_its_params_is_not_shown)
{
	struct fcgi_parser parser;
	struct fcgi_event event;

	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(say(&parser, BYTES(BEGIN PARAMS("\0\x13")
	    "\x0e\x03REQUEST_METHODG"), &event), FCGI_MORE);
	fcgi_request_end(&parser, fcgi_parser_request(&parser));
	ck_assert_ptr_null(buf_data(&parser.first.params));
	ck_assert_int_eq(say(&parser, BYTES("ET" PARAMS_END STDIN_END),
	    &event), FCGI_MORE);
	ck_assert(fcgi_parser_is_done(&parser));
}
END_TEST

START_TEST(requests_keep_their_owners_and_are_found_until_they_end)
{
	struct fcgi_parser parser;
	struct fcgi_request *request;
	struct fcgi_event event;
	int owners[2], ended = 0;

	fcgi_parser_init(&parser, &two);
	ck_assert_int_eq(say(&parser, BYTES(BEGIN PARAMS_END), &event),
	    FCGI_HEAD);
	ck_assert_ptr_null(event.request->owner);
	event.request->owner = &owners[0];
	ck_assert_int_eq(say(&parser, BYTES(BEGIN_2 PARAMS_2("\0\0")),
	    &event), FCGI_HEAD);
	event.request->owner = &owners[1];
	ck_assert_int_eq(say(&parser, BYTES(STDIN_END), &event),
	    FCGI_INPUT_END);
	ck_assert_ptr_eq(event.request->owner, &owners[0]);
	while ((request = fcgi_parser_request(&parser)) != NULL) {
		ck_assert_ptr_eq(request->owner,
		    &owners[request->id == 1 ? 0 : 1]);
		fcgi_request_end(&parser, request);
		ended++;
	}
	ck_assert_int_eq(ended, 2);
}
END_TEST

/*
 * The whole head of a request whose params are HTTPS with a value of len bytes,
 * in records of at most step bytes; returns its length.
 */
static size_t
make_head(uint8_t *out, size_t len, size_t step)
{
	static const uint8_t begin[] = BEGIN, end[] = PARAMS_END;
	uint8_t *stream = xcalloc(1, len + 10), *p = out;
	size_t at, n, total = len + 10;

	memcpy(stream, "\x05\x80\0\0\0HTTPS", 10);
	stream[2] = (uint8_t)(len >> 16);
	stream[3] = (uint8_t)(len >> 8);
	stream[4] = (uint8_t)len;
	memset(stream + 10, 'v', len);
	p = mempcpy(p, begin, sizeof(begin) - 1);
	for (at = 0; at < total; at += n) {
		n = total - at < step ? total - at : step;
		p = mempcpy(p, PARAMS("\0\0"), FCGI_HEADER_BYTES);
		p[-4] = (uint8_t)(n >> 8);
		p[-3] = (uint8_t)n;
		p = mempcpy(p, stream + at, n);
	}
	p = mempcpy(p, end, sizeof(end) - 1);
	free(stream);
	return (size_t)(p - out);
}

struct measured {
	size_t len; /* of the value, with 10 bytes in front */
	size_t	 step;
	enum fcgi_status status;
};

static const struct measured measured[] = {
	{ 0, 65535, FCGI_HEAD }, { 127, 65535, FCGI_HEAD },
	{ 40000, 65535, FCGI_HEAD }, { 65525, 65535, FCGI_HEAD },
	{ 65526, 65535, FCGI_HEAD }, { 65526, 100, FCGI_HEAD },
	{ 65527, 65535, FCGI_BIG_HEAD }, { 65527, 100, FCGI_BIG_HEAD },
	{ 65527, 32768, FCGI_BIG_HEAD }, { 300000, 65535, FCGI_BIG_HEAD },
	{ 300000, 7, FCGI_BIG_HEAD },
};

START_TEST(params_have_up_to_64_kib)
{
	const struct measured *row = &measured[_i];
	uint8_t *bytes = xcalloc(1, (row->len + 10) * 3 + 64);
	size_t n = make_head(bytes, row->len, row->step);
	struct fcgi_parser parser;
	struct fcgi_event event;

	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(say(&parser, bytes, n, &event), row->status);
	if (row->status == FCGI_HEAD)
		ck_assert_uint_eq(strlen(fcgi_request_param(&parser,
		    event.request, "HTTPS")), row->len);
	else
		ck_assert_ptr_null(buf_data(&parser.first.params));
	fcgi_parser_clear(&parser);
	free(bytes);
}
END_TEST

START_TEST(a_head_too_big_is_known_and_freed_with_the_record_that_makes_it_so)
{
	uint8_t *bytes = xcalloc(1, 200000);
	struct fcgi_parser parser;
	struct fcgi_event event;

	/* 16 bytes, 8 bytes and 65535 bytes; 8 bytes and 2 bytes */
	(void)make_head(bytes, 65527, 65535);
	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(say(&parser, bytes, 65566, &event), FCGI_MORE);
	ck_assert_ptr_nonnull(buf_data(&parser.first.params));
	ck_assert_int_eq(say(&parser, bytes + 65566, 1, &event), FCGI_MORE);
	ck_assert_ptr_null(buf_data(&parser.first.params));
	fcgi_parser_clear(&parser);
	free(bytes);
}
END_TEST

START_TEST(memory_grows_with_what_came_not_with_what_is_announced)
{
	/* PARAMS of 65535 bytes: HTTPS with 65000 bytes, of which 3 come */
	struct fcgi_parser parser;
	struct fcgi_event event;

	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(say(&parser, BYTES(BEGIN PARAMS("\xff\xff")
	    "\x05\x80\0\xfd\xe8" "HTTPSabc"), &event), FCGI_MORE);
	ck_assert_uint_eq(parser.first.params.len, 4);
	ck_assert_uint_le(parser.first.params.cap, 1024);
	fcgi_parser_clear(&parser);
}
END_TEST

/* Append a name-value pair with lengths of one byte to a record of PARAMS. */
static void
put_param(struct buf *out, const char *name, const char *value)
{
	const uint8_t lengths[] = { (uint8_t)strlen(name),
	    (uint8_t)strlen(value) };

	ck_assert_int_eq(buf_append(out, lengths, 2), 0);
	ck_assert_int_eq(buf_append(out, name, lengths[0]), 0);
	ck_assert_int_eq(buf_append(out, value, lengths[1]), 0);
}

/* What a web server sends of a poll, in its order. */
static const char *const poll_params[][2] = {
	{ "SCRIPT_FILENAME", "/usr/share/nginx/html/shop/0123456789abcdef" },
	{ "QUERY_STRING", "customerId=0123456789abcdef01234567"
	    "&cursor=0123456789abcdef.4711&wait=25" },
	{ "REQUEST_METHOD", "GET" }, { "CONTENT_TYPE", "" },
	{ "CONTENT_LENGTH", "" }, { "SCRIPT_NAME", "/shop/0123456789abcdef" },
	{ "REQUEST_URI", "/shop/0123456789abcdef"
	    "?customerId=0123456789abcdef01234567"
	    "&cursor=0123456789abcdef.4711&wait=25" },
	{ "SERVER_PROTOCOL", "HTTP/1.1" }, { "REQUEST_SCHEME", "https" },
	{ "HTTPS", "on" }, { "GATEWAY_INTERFACE", "CGI/1.1" },
	{ "REMOTE_ADDR", "2001:db8:1234:5678:9abc:def0:1234:5678" },
	{ "HTTP_HOST", "shop.example" },
	{ "HTTP_ORIGIN", "https://shop.example" },
	{ "HTTP_AUTHORIZATION",
	    "Bearer AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" },
	{ "HTTP_X_FORWARDED_FOR", "203.0.113.195" },
};

START_TEST(a_held_poll_takes_one_small_piece_of_memory)
{
	uint8_t header[] = PARAMS("\0\0");
	struct fcgi_parser parser;
	struct fcgi_event event;
	struct buf params;
	size_t i;

	buf_init(&params, 4096);
	for (i = 0; i < COUNT(poll_params); i++)
		put_param(&params, poll_params[i][0], poll_params[i][1]);
	header[4] = (uint8_t)(params.len >> 8);
	header[5] = (uint8_t)params.len;

	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(say(&parser, BYTES(BEGIN), &event), FCGI_MORE);
	ck_assert_int_eq(say(&parser, header, 8, &event), FCGI_MORE);
	ck_assert_int_eq(say(&parser, buf_data(&params), params.len, &event),
	    FCGI_MORE);
	ck_assert_int_eq(say(&parser, BYTES(PARAMS_END), &event), FCGI_HEAD);
	ck_assert_str_eq(fcgi_request_param(&parser, event.request,
	    "REMOTE_ADDR"), "2001:db8:1234:5678:9abc:def0:1234:5678");
	ck_assert_ptr_eq(event.request, &parser.first);
	ck_assert_uint_le(sizeof(parser) + parser.first.params.cap, 640);
	fcgi_parser_clear(&parser);
	buf_clear(&params);
}
END_TEST

START_TEST(an_idle_parser_is_small_and_owns_nothing)
{
	struct fcgi_parser parser;
	struct fcgi_event event;

	ck_assert_uint_le(sizeof(struct fcgi_parser), 240);
	ck_assert_uint_le(sizeof(struct fcgi_request), 112);
	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(say(&parser, BYTES(BEGIN_KEEP PARAMS("\0\x13") METHOD
	    PARAMS_END), &event), FCGI_HEAD);
	ck_assert_int_eq(say(&parser, BYTES(STDIN_END), &event),
	    FCGI_INPUT_END);
	fcgi_request_end(&parser, event.request);
	ck_assert_ptr_null(buf_data(&parser.first.params));
	ck_assert_ptr_null(fcgi_parser_request(&parser));
}
END_TEST

START_TEST(a_body_is_not_copied)
{
	const uint8_t bytes[] = BEGIN PARAMS_END STDIN("\0\x05") "Hello";
	const uint8_t *p = bytes;
	struct fcgi_parser parser;
	struct fcgi_event event;
	size_t n = sizeof(bytes) - 1;

	fcgi_parser_init(&parser, &one);
	ck_assert_int_eq(fcgi_parser_next(&parser, &p, &n, &event), FCGI_HEAD);
	ck_assert_int_eq(fcgi_parser_next(&parser, &p, &n, &event), FCGI_BODY);
	ck_assert_ptr_eq(event.data, bytes + 32);
	ck_assert_uint_eq(event.len, 5);
	fcgi_parser_clear(&parser);
}
END_TEST

/* Our records: what is appended for a STDOUT. */
struct output {
	const char *data;
	size_t	 data_len;
	const char *bytes;
	size_t	 len;
};

static const struct output outputs[] = {
	{ BYTES(""), BYTES("") },
	/* STDOUT of 1, 7, 8, 9 bytes with 7, 1, 0, 7 of padding */
	{ BYTES("a"), BYTES("\x01\x06\x12\x34\0\x01\x07\0" "a\0\0\0\0\0\0\0") },
	{ BYTES("abcdefg"),
	    BYTES("\x01\x06\x12\x34\0\x07\x01\0" "abcdefg\0") },
	{ BYTES("abcdefgh"),
	    BYTES("\x01\x06\x12\x34\0\x08\0\0" "abcdefgh") },
	{ BYTES("abcdefghi"),
	    BYTES("\x01\x06\x12\x34\0\x09\x07\0"
	    "abcdefghi\0\0\0\0\0\0\0") },
};

START_TEST(stdout_is_padded_to_eight_bytes)
{
	const struct output *row = &outputs[_i];
	struct buf out;

	buf_init(&out, 100);
	ck_assert_int_eq(fcgi_append_stdout(&out, 0x1234, row->data,
	    row->data_len), 0);
	ck_assert_uint_eq(out.len, row->len);
	if (row->len > 0)
		ck_assert_mem_eq(buf_data(&out), row->bytes, row->len);
	buf_clear(&out);
}
END_TEST

/* Append the end of STDOUT and END_REQUEST. */
static int
append_end(struct buf *out, uint16_t id, uint32_t app_status)
{
	uint8_t tail[FCGI_TAIL_MAX];

	return buf_append(out, tail,
	    fcgi_encode_tail(tail, id, 0, app_status));
}

START_TEST(an_answer_ends_with_an_empty_stdout_and_end_request)
{
	/* STDOUT of 0 bytes; END_REQUEST: app 0x01020304, REQUEST_COMPLETE */
	static const char expected[] = "\x01\x06\x12\x34\0\0\0\0"
	    "\x01\x03\x12\x34\0\x08\0\0" "\x01\x02\x03\x04\0\0\0\0";
	struct buf out;

	buf_init(&out, 24);
	ck_assert_int_eq(append_end(&out, 0x1234, 0x01020304), 0);
	ck_assert_uint_eq(out.len, sizeof(expected) - 1);
	ck_assert_mem_eq(buf_data(&out), expected, out.len);
	ck_assert_int_eq(append_end(&out, 0x1234, 0), -1);
	ck_assert_uint_eq(out.len, sizeof(expected) - 1);
	buf_clear(&out);
}
END_TEST

/* A STDOUT of any length read back: its records have at most 65535 bytes. */
static void
read_back(const uint8_t *in, size_t n, const uint8_t *data, size_t len)
{
	size_t content, padding;

	while (n > 0) {
		ck_assert_mem_eq(in, "\x01\x06\0\x07", 4);
		content = (size_t)in[4] << 8 | in[5];
		padding = in[6];
		ck_assert_uint_gt(content, 0);
		ck_assert_uint_eq((content + padding) % 8, 0);
		ck_assert_uint_le(content, len);
		ck_assert_uint_le(8 + content + padding, n);
		ck_assert_mem_eq(in + 8, data, content);
		data += content;
		len -= content;
		in += 8 + content + padding;
		n -= 8 + content + padding;
	}
	ck_assert_uint_eq(len, 0);
}

static const size_t lengths[] = {
	1, 65527, 65528, 65529, 65535, 65536, 131056, 131057, 1000001
};

START_TEST(a_long_stdout_is_split_into_records)
{
	size_t i, len = lengths[_i];
	uint8_t *data = xcalloc(1, len);
	struct buf out;

	for (i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 31 >> 4);
	buf_init(&out, 1 << 21);
	ck_assert_int_eq(fcgi_append_stdout(&out, 7, data, len), 0);
	read_back((const uint8_t *)buf_data(&out), out.len, data, len);
	buf_clear(&out);
	free(data);
}
END_TEST

START_TEST(a_stdout_that_does_not_fit_leaves_nothing_behind)
{
	char data[100] = "";
	struct buf out;

	/* header, 100 bytes, 4 of padding: 112 */
	buf_init(&out, 113);
	ck_assert_int_eq(buf_append(&out, "xy", 2), 0);
	ck_assert_int_eq(fcgi_append_stdout(&out, 7, data, sizeof(data)), -1);
	ck_assert_uint_eq(out.len, 2);
	buf_consume(&out, 1);
	ck_assert_int_eq(fcgi_append_stdout(&out, 7, data, sizeof(data)), 0);
	ck_assert_uint_eq(out.len, 113);
	buf_clear(&out);
}
END_TEST

START_TEST(pieces_around_a_shared_body_are_the_same_bytes)
{
	size_t at, n, len = lengths[_i];
	uint8_t *data = xcalloc(1, len), header[8], tail[FCGI_TAIL_MAX];
	struct buf copied, pieces;

	memset(data, 'd', len);
	buf_init(&copied, 1 << 21);
	buf_init(&pieces, 1 << 21);
	ck_assert_int_eq(fcgi_append_stdout(&copied, 7, data, len), 0);
	ck_assert_int_eq(append_end(&copied, 7, 1), 0);
	for (at = 0; at < len; at += n) {
		n = fcgi_encode_stdout_header(header, 7, len - at);
		ck_assert_int_eq(buf_append(&pieces, header, 8), 0);
		ck_assert_int_eq(buf_append(&pieces, data + at, n), 0);
	}
	n = fcgi_encode_tail(tail, 7, len, 1);
	ck_assert_uint_le(n, FCGI_TAIL_MAX);
	ck_assert_int_eq(buf_append(&pieces, tail, n), 0);
	ck_assert_uint_eq(pieces.len, copied.len);
	ck_assert_mem_eq(buf_data(&pieces), buf_data(&copied), copied.len);
	buf_clear(&copied);
	buf_clear(&pieces);
	free(data);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc,
	    sound_requests_become_events_however_they_are_cut, 0, COUNT(sound));
	tcase_add_loop_test(tc, several_requests_share_a_connection, 0,
	    COUNT(several));
	tcase_add_loop_test(tc, requests_that_cannot_be_served_are_refused, 0,
	    COUNT(refused));
	tcase_add_loop_test(tc, a_request_may_be_aborted_at_any_time, 0,
	    COUNT(aborted));
	tcase_add_loop_test(tc, records_without_an_active_request_are_skipped,
	    0, COUNT(ignored));
	tcase_add_loop_test(tc,
	    malformed_params_make_the_request_bad_not_the_connection, 0,
	    COUNT(bad_heads));
	tcase_add_loop_test(tc, what_can_be_asked_is_answered, 0,
	    COUNT(questions));
	tcase_add_loop_test(tc,
	    other_management_records_are_answered_as_unknown, 0,
	    COUNT(unknown));
	tcase_add_loop_test(tc,
	    unsound_records_fail_the_same_however_they_are_cut, 0,
	    COUNT(unsound));
	tcase_add_test(tc, faults_are_found_with_the_header_of_their_record);
	tcase_add_test(tc, an_aborted_request_is_silent_until_it_is_ended);
	tcase_add_test(tc, the_rest_of_a_request_ended_early_is_skipped);
	tcase_add_test(tc, a_request_ended_among_its_params_is_not_shown);
	tcase_add_test(tc,
	    requests_keep_their_owners_and_are_found_until_they_end);
	tcase_add_loop_test(tc, params_have_up_to_64_kib, 0, COUNT(measured));
	tcase_add_test(tc,
	    a_head_too_big_is_known_and_freed_with_the_record_that_makes_it_so);
	tcase_add_test(tc,
	    memory_grows_with_what_came_not_with_what_is_announced);
	tcase_add_test(tc, a_held_poll_takes_one_small_piece_of_memory);
	tcase_add_test(tc, an_idle_parser_is_small_and_owns_nothing);
	tcase_add_test(tc, a_body_is_not_copied);
	tcase_add_loop_test(tc, stdout_is_padded_to_eight_bytes, 0,
	    COUNT(outputs));
	tcase_add_test(tc, an_answer_ends_with_an_empty_stdout_and_end_request);
	tcase_add_loop_test(tc, a_long_stdout_is_split_into_records, 0,
	    COUNT(lengths));
	tcase_add_test(tc, a_stdout_that_does_not_fit_leaves_nothing_behind);
	tcase_add_loop_test(tc, pieces_around_a_shared_body_are_the_same_bytes,
	    0, COUNT(lengths));
}
