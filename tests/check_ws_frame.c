#include "suite.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/xalloc.h"
#include "feed.h"
#include "wire/ws_deflate.h"
#include "wire/ws_frame.h"

const char suite_name[] = "ws_frame";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* A string literal with NULs inside. */
#define BYTES(s) s, sizeof(s) - 1
/* The mask that changes nothing. */
#define M0 "\0\0\0\0"
/* The mask of the examples in RFC 6455, section 5.7. */
#define M "\x37\xfa\x21\x3d"

enum setting {
	PLAIN,			/* text only, at most 100 bytes */
	BINARY,			/* binary too */
	DEFLATE			/* binary too, permessage-deflate */
};

/* A stream and what it reads as: see note_event(). */
struct stream {
	const char *bytes;
	size_t	 len;
	const char *expected;
};

/* A parser and a record of what it said. */
struct reader {
	enum setting setting;
	size_t	 max;
	const char *expected;
	struct ws_parser parser;
	struct ws_codec *codec;
	char	 seen[1024];
	size_t	 seen_len;
	bool	 failed;
};

static void
reader_start(void *ctx)
{
	struct reader *reader = ctx;

	reader->codec = ws_codec_new();
	ws_parser_init(&reader->parser, reader->max,
	    reader->setting != PLAIN,
	    reader->setting == DEFLATE ? reader->codec : NULL);
	reader->seen[0] = '\0';
	reader->seen_len = 0;
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

static const char *
opcode_name(enum ws_opcode opcode)
{
	switch (opcode) {
	case WS_CONTINUATION:
		break;
	case WS_TEXT:
		return "text";
	case WS_BINARY:
		return "binary";
	case WS_CLOSE:
		return "close";
	case WS_PING:
		return "ping";
	case WS_PONG:
		return "pong";
	}
	ck_abort_msg("an event with opcode %d", (int)opcode);
}

/* "text[Hello] ", "close 1000[bye] "; bytes beyond ASCII as "<c3>". */
static void
note_event(struct reader *reader, const struct ws_event *event)
{
	size_t i;

	note(reader, "%s", opcode_name(event->opcode));
	if (event->opcode == WS_CLOSE)
		note(reader, " %u", event->close_code);
	note(reader, "[");
	for (i = 0; i < event->len; i++)
		note(reader, event->data[i] < 0x20 || event->data[i] > 0x7e ?
		    "<%02x>" : "%c", event->data[i]);
	note(reader, "] ");
}

static void
reader_piece(void *ctx, uint8_t *bytes, size_t n)
{
	struct reader *reader = ctx;
	struct ws_event event;
	enum ws_status status;

	while ((status = ws_parser_next(&reader->parser, &bytes, &n, &event)) ==
	    WS_EVENT)
		note_event(reader, &event);
	ck_assert_uint_eq(n, 0);
	if (status == WS_FAILED)
		ck_assert_uint_eq(reader->parser.message.len, 0);
	if (status == WS_FAILED && !reader->failed)
		note(reader, "failed %u", event.close_code);
	if (reader->failed)
		ck_assert_int_eq(status, WS_FAILED);
	reader->failed = status == WS_FAILED;
}

static void
reader_check(void *ctx)
{
	struct reader *reader = ctx;

	ck_assert_str_eq(reader->seen, reader->expected);
	ws_parser_clear(&reader->parser);
	ws_codec_free(reader->codec);
}

static void
read_stream(const struct stream *stream, enum setting setting)
{
	struct reader reader = {
		.setting = setting,
		.max = 100,
		.expected = stream->expected,
	};
	struct feed feed = { reader_start, reader_piece, reader_check,
	    &reader };

	feed_all(&feed, stream->bytes, stream->len);
}

/* Messages and control frames that are as they should be. */
static const struct stream sound[] = {
	{ BYTES(""), "" },
	/* RFC 6455, section 5.7: FIN text, masked, 5 bytes "Hello" */
	{ BYTES("\x81\x85" M "\x7f\x9f\x4d\x51\x58"), "text[Hello] " },
	/* an empty text, an empty ping, an empty pong */
	{ BYTES("\x81\x80" M), "text[] " },
	{ BYTES("\x89\x80" M), "ping[] " },
	{ BYTES("\x8a\x80" M), "pong[] " },
	/* ping "Hello", pong "Hello" */
	{ BYTES("\x89\x85" M "\x7f\x9f\x4d\x51\x58"), "ping[Hello] " },
	{ BYTES("\x8a\x85" M "\x7f\x9f\x4d\x51\x58"), "pong[Hello] " },
	/* control frames carry any bytes */
	{ BYTES("\x89\x83" M0 "\xff\0\x80"), "ping[<ff><00><80>] " },
	/* three messages one after the other */
	{ BYTES("\x81\x81" M0 "a" "\x81\x80" M0 "\x81\x82" M0 "bc"),
	    "text[a] text[] text[bc] " },
	/* text "Hel", continuation "lo" with FIN */
	{ BYTES("\x01\x83" M "\x7f\x9f\x4d" "\x80\x82" M "\x5b\x95"),
	    "text[Hello] " },
	/* empty fragments first, in the middle, last */
	{ BYTES("\x01\x80" M0 "\0\x81" M0 "a" "\0\x80" M0 "\0\x81" M0 "b"
	    "\x80\x80" M0), "text[ab] " },
	{ BYTES("\x01\x80" M0 "\0\x80" M0 "\x80\x80" M0), "text[] " },
	/* text "ab", ping "12", continuation "c", pong "", last "d" */
	{ BYTES("\x01\x82" M0 "ab" "\x89\x82" M0 "12" "\0\x81" M0 "c"
	    "\x8a\x80" M0 "\x80\x81" M0 "d"), "ping[12] pong[] text[abcd] " },
	/* ... with pings before anything of the message came */
	{ BYTES("\x01\x80" M0 "\x89\x81" M0 "1" "\x89\x81" M0 "2"
	    "\x80\x81" M0 "a"), "ping[1] ping[2] text[a] " },
	/* a fragmented message, then one that is not */
	{ BYTES("\x01\x81" M0 "a" "\x80\x81" M0 "b" "\x81\x81" M0 "c"),
	    "text[ab] text[c] " },
	/* a last fragment that is all of the message */
	{ BYTES("\x01\x80" M0 "\x80\x81" M0 "a"), "text[a] " },
	/* U+00E4, U+20AC, U+1F6D2, each cut by a fragment's end */
	{ BYTES("\x01\x81" M0 "\xc3" "\x80\x81" M0 "\xa4"),
	    "text[<c3><a4>] " },
	{ BYTES("\x01\x82" M0 "\xe2\x82" "\x89\x81" M0 "\xff"
	    "\x80\x81" M0 "\xac"), "ping[<ff>] text[<e2><82><ac>] " },
	{ BYTES("\x01\x81" M0 "\xf0" "\0\x82" M0 "\x9f\x9b"
	    "\x80\x81" M0 "\x92"), "text[<f0><9f><9b><92>] " },
	/* close: empty, 1000, 1000 "bye", 4999 "U+00E4" */
	{ BYTES("\x88\x80" M), "close 1005[] " },
	{ BYTES("\x88\x82" M0 "\x03\xe8"), "close 1000[] " },
	{ BYTES("\x88\x85" M0 "\x03\xe8" "bye"), "close 1000[bye] " },
	{ BYTES("\x88\x84" M0 "\x13\x87\xc3\xa4"), "close 4999[<c3><a4>] " },
	/* a close between fragments */
	{ BYTES("\x01\x81" M0 "a" "\x88\x82" M0 "\x03\xe9"),
	    "close 1001[] " },
	/* what follows a close is not even looked at */
	{ BYTES("\x88\x80" M0 "\x81\x81" M0 "a"), "close 1005[] " },
	{ BYTES("\x88\x82" M0 "\x03\xe8" "\xff\xff\xff\xff"),
	    "close 1000[] " },
};

START_TEST(sound_frames_become_events_however_they_are_cut)
{
	read_stream(&sound[_i], PLAIN);
}
END_TEST

static const struct stream binary[] = {
	/* binary 00 ff */
	{ BYTES("\x82\x82" M0 "\0\xff"), "binary[<00><ff>] " },
	/* binary 80, continuation 81: each no UTF-8 */
	{ BYTES("\x02\x81" M0 "\x80" "\x80\x81" M0 "\x81"),
	    "binary[<80><81>] " },
	{ BYTES("\x82\x80" M0), "binary[] " },
	/* text is still judged, after binary too */
	{ BYTES("\x82\x81" M0 "\x80" "\x81\x81" M0 "\x80"),
	    "binary[<80>] failed 1007" },
};

START_TEST(binary_messages_come_through_where_accepted)
{
	read_stream(&binary[_i], BINARY);
}
END_TEST

/* What fails, most with an event in front to see that it got there. */
static const struct stream unsound[] = {
	/* unmasked: text "a", empty ping */
	{ BYTES("\x81\x01" "a"), "failed 1002" },
	{ BYTES("\x89\0"), "failed 1002" },
	/* RSV1, RSV2, RSV3 in text, ping and continuation */
	{ BYTES("\xc1\x80" M0), "failed 1002" },
	{ BYTES("\xa1\x80" M0), "failed 1002" },
	{ BYTES("\x91\x80" M0), "failed 1002" },
	{ BYTES("\xc9\x80" M0), "failed 1002" },
	{ BYTES("\xa9\x80" M0), "failed 1002" },
	{ BYTES("\x99\x80" M0), "failed 1002" },
	{ BYTES("\x01\x80" M0 "\xc0\x80" M0), "failed 1002" },
	{ BYTES("\x81\x81" M0 "a" "\xf1\x80" M0), "text[a] failed 1002" },
	/* opcodes 3 to 7 and 11 to 15 */
	{ BYTES("\x83\x80" M0), "failed 1002" },
	{ BYTES("\x84\x80" M0), "failed 1002" },
	{ BYTES("\x85\x80" M0), "failed 1002" },
	{ BYTES("\x86\x80" M0), "failed 1002" },
	{ BYTES("\x87\x80" M0), "failed 1002" },
	{ BYTES("\x8b\x80" M0), "failed 1002" },
	{ BYTES("\x8c\x80" M0), "failed 1002" },
	{ BYTES("\x8d\x80" M0), "failed 1002" },
	{ BYTES("\x8e\x80" M0), "failed 1002" },
	{ BYTES("\x8f\x80" M0), "failed 1002" },
	{ BYTES("\x89\x81" M0 "1" "\x03\x80" M0), "ping[1] failed 1002" },
	/* control frames in fragments: close, ping, pong */
	{ BYTES("\x08\x80" M0), "failed 1002" },
	{ BYTES("\x09\x80" M0), "failed 1002" },
	{ BYTES("\x0a\x80" M0), "failed 1002" },
	/* ping of 126 and of 65536 bytes by its header */
	{ BYTES("\x89\xfe\0\x7e"), "failed 1002" },
	{ BYTES("\x89\xff\0\0\0\0\0\x01\0\0"), "failed 1002" },
	{ BYTES("\x88\xfe\0\x7e"), "failed 1002" },
	/* a continuation of nothing, at first and after a message */
	{ BYTES("\x80\x81" M0 "a"), "failed 1002" },
	{ BYTES("\0\x81" M0 "a"), "failed 1002" },
	{ BYTES("\x01\x81" M0 "a" "\x80\x80" M0 "\x80\x80" M0),
	    "text[a] failed 1002" },
	/* a new message inside one that is not over: text, binary */
	{ BYTES("\x01\x81" M0 "a" "\x81\x81" M0 "b"), "failed 1002" },
	{ BYTES("\x01\x81" M0 "a" "\x02\x81" M0 "b"), "failed 1002" },
	/* lengths that a shorter form could say: 125 in 2 bytes, 65535 in 8 */
	{ BYTES("\x81\xfe\0\x7d" M0), "failed 1002" },
	{ BYTES("\x81\xfe\0\0" M0), "failed 1002" },
	{ BYTES("\x81\xff\0\0\0\0\0\0\xff\xff" M0), "failed 1002" },
	{ BYTES("\x81\xff\0\0\0\0\0\0\0\0" M0), "failed 1002" },
	/* 2^63, 2^64 - 1 */
	{ BYTES("\x81\xff\x80\0\0\0\0\0\0\0" M0), "failed 1002" },
	{ BYTES("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" M0),
	    "failed 1002" },
	/* a close payload of one byte; codes 999 and 1005; a bad reason */
	{ BYTES("\x88\x81" M0 "\x03"), "failed 1002" },
	{ BYTES("\x88\x82" M0 "\x03\xe7" "more"), "failed 1002" },
	{ BYTES("\x88\x82" M0 "\x03\xed"), "failed 1002" },
	{ BYTES("\x88\x83" M0 "\x03\xe8\x80"), "failed 1007" },
	{ BYTES("\x88\x83" M0 "\x03\xe8\xc3"), "failed 1007" },
	{ BYTES("\x01\x81" M0 "a" "\x88\x83" M0 "\x03\xe8\xc3"),
	    "failed 1007" },
	/* text: U+D800; overlong; cut off at the end of a message */
	{ BYTES("\x81\x83" M0 "\xed\xa0\x80"), "failed 1007" },
	{ BYTES("\x81\x82" M0 "\xc0\xaf"), "failed 1007" },
	{ BYTES("\x81\x82" M0 "a\xc3"), "failed 1007" },
	{ BYTES("\x01\x82" M0 "a\xc3" "\x80\x80" M0), "failed 1007" },
	{ BYTES("\x01\x82" M0 "a\xc3" "\x80\x81" M0 "b"), "failed 1007" },
	/* the next message does not go on with it */
	{ BYTES("\x81\x82" M0 "\xc3\xa4" "\x81\x81" M0 "\xa4"),
	    "text[<c3><a4>] failed 1007" },
	/* binary: by the header of its first frame */
	{ BYTES("\x82\x85" M0), "failed 1003" },
	{ BYTES("\x02\x80" M0), "failed 1003" },
	{ BYTES("\x81\x81" M0 "a" "\x82\x80" M0), "text[a] failed 1003" },
	/* 101, 256, 2^16, 2^62 bytes: by the header */
	{ BYTES("\x81\xe5" M0), "failed 1009" },
	{ BYTES("\x81\xfe\x01\0" M0), "failed 1009" },
	{ BYTES("\x81\xff\0\0\0\0\0\x01\0\0" M0), "failed 1009" },
	{ BYTES("\x81\xff\x40\0\0\0\0\0\0\0" M0), "failed 1009" },
	{ BYTES("\x01\xff\x40\0\0\0\0\0\0\0" M0), "failed 1009" },
	/* 3 bytes, then a fragment of 98 announced */
	{ BYTES("\x01\x83" M0 "abc" "\x80\xe2" M0), "failed 1009" },
	/* ... and with a ping between that does not count */
	{ BYTES("\x01\x83" M0 "abc" "\x89\x81" M0 "1" "\0\xe2" M0),
	    "ping[1] failed 1009" },
};

START_TEST(unsound_frames_fail_the_same_however_they_are_cut)
{
	read_stream(&unsound[_i], PLAIN);
}
END_TEST

/* RFC 7692, section 7.2.3, and what section 6 says of RSV1. */
static const struct stream deflated[] = {
	/* 7.2.3.1: "Hello", one block; in two fragments */
	{ BYTES("\xc1\x87" M0 "\xf2\x48\xcd\xc9\xc9\x07\0"), "text[Hello] " },
	{ BYTES("\x41\x83" M0 "\xf2\x48\xcd" "\x80\x84" M0 "\xc9\xc9\x07\0"),
	    "text[Hello] " },
	/* ... with a ping between them, and an empty fragment */
	{ BYTES("\x41\x83" M0 "\xf2\x48\xcd" "\x89\x82" M0 "12" "\0\x80" M0
	    "\x80\x84" M0 "\xc9\xc9\x07\0"), "ping[12] text[Hello] " },
	/* 7.2.3.2: the second "Hello" refers to the first, which it may not */
	{ BYTES("\xc1\x87" M0 "\xf2\x48\xcd\xc9\xc9\x07\0"
	    "\xc1\x85" M0 "\xf2\0\x11\0\0"), "text[Hello] failed 1002" },
	/* ... it does not, and there is an uncompressed message between them */
	{ BYTES("\xc1\x87" M0 "\xf2\x48\xcd\xc9\xc9\x07\0" "\x81\x81" M0 "a"
	    "\xc1\x87" M0 "\xf2\x48\xcd\xc9\xc9\x07\0"),
	    "text[Hello] text[a] text[Hello] " },
	/* 7.2.3.3: a stored block */
	{ BYTES("\xc1\x8b" M0 "\0\x05\0\xfa\xff" "Hello" "\0"),
	    "text[Hello] " },
	/* 7.2.3.4: a last block */
	{ BYTES("\xc1\x88" M0 "\xf3\x48\xcd\xc9\xc9\x07\0\0"),
	    "text[Hello] " },
	/* 7.2.3.5: two blocks */
	{ BYTES("\xc1\x8d" M0 "\xf2\x48\x05\0\0\0\xff\xff\xca\xc9\xc9\x07\0"),
	    "text[Hello] " },
	/* 7.2.3.6: an empty message; and as zlib sends the second of two */
	{ BYTES("\xc1\x81" M0 "\0"), "text[] " },
	{ BYTES("\xc1\x80" M0 "\xc1\x87" M0 "\xf2\x48\xcd\xc9\xc9\x07\0"),
	    "text[] text[Hello] " },
	/* binary */
	{ BYTES("\xc2\x87" M0 "\xf2\x48\xcd\xc9\xc9\x07\0"),
	    "binary[Hello] " },
	/* the message may stay uncompressed */
	{ BYTES("\x81\x85" M "\x7f\x9f\x4d\x51\x58"), "text[Hello] " },
	/* RSV1 on a continuation, whatever its message; on control frames */
	{ BYTES("\x41\x83" M0 "\xf2\x48\xcd" "\xc0\x84" M0), "failed 1002" },
	{ BYTES("\x01\x81" M0 "a" "\xc0\x81" M0 "b"), "failed 1002" },
	{ BYTES("\xc8\x80" M0), "failed 1002" },
	{ BYTES("\xc9\x80" M0), "failed 1002" },
	{ BYTES("\xca\x80" M0), "failed 1002" },
	/* RSV2 and RSV3 stay forbidden */
	{ BYTES("\xe1\x80" M0), "failed 1002" },
	{ BYTES("\xd1\x80" M0), "failed 1002" },
	/* no deflate: block type 3; a stored block that does not end */
	{ BYTES("\xc1\x81" M0 "\x06"), "failed 1002" },
	{ BYTES("\xc2\x85" M0 "\0\x05\0\xfa\xff"), "failed 1002" },
	/* stored: "a", C3; "a", FF; C3 in one message, A4 in the next */
	{ BYTES("\xc1\x88" M0 "\0\x02\0\xfd\xff" "a\xc3\0"), "failed 1007" },
	{ BYTES("\xc1\x87" M0 "\0\x02\0\xfd\xff" "a\xff"), "failed 1007" },
	{ BYTES("\xc1\x87" M0 "\0\x01\0\xfe\xff\xc3\0"
	    "\xc1\x87" M0 "\0\x01\0\xfe\xff\xa4\0"), "failed 1007" },
	/* bad text first, no deflate behind it */
	{ BYTES("\xc1\x88" M0 "\0\x01\0\xfe\xff\xff\x06\0"), "failed 1007" },
	/* a stored block of 101 bytes, 100 of them "a" */
	{ BYTES("\xc1\xeb" M0 "\0\x65\0\x9a\xff"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "b\0"), "failed 1009" },
};

START_TEST(compressed_frames_are_read_however_they_are_cut)
{
	read_stream(&deflated[_i], DEFLATE);
}
END_TEST

/* Write a client's frame with a zero mask: header and len times fill. */
static size_t
make_frame(uint8_t *out, uint8_t first, size_t len, int fill)
{
	size_t n = ws_frame_header(out, first & 0x0f, false, len);

	out[0] = first;
	out[1] |= 0x80;
	memset(out + n, 0, 4);
	memset(out + n + 4, fill, len);
	return n + 4 + len;
}

struct measured {
	size_t	 len;
	size_t	 header;	/* bytes in front of the payload */
};

static const struct measured measured[] = {
	{ 0, 6 }, { 1, 6 }, { 125, 6 }, { 126, 8 }, { 127, 8 }, { 128, 8 },
	{ 65535, 8 }, { 65536, 14 }, { 65537, 14 },
};

/* Deliver in pieces of step bytes; the first event's length. */
static size_t
length_read(uint8_t *bytes, size_t n, size_t step, size_t max)
{
	struct ws_parser parser;
	struct ws_event event;
	size_t at, events = 0, len = 0;

	ws_parser_init(&parser, max, true, NULL);
	for (at = 0; at < n; at += step) {
		size_t left = n - at < step ? n - at : step;
		uint8_t *p = bytes + at;
		enum ws_status status;

		while ((status = ws_parser_next(&parser, &p, &left, &event)) ==
		    WS_EVENT) {
			ck_assert_uint_eq(++events, 1);
			ck_assert_int_eq(event.opcode, WS_BINARY);
			len = event.len;
		}
		ck_assert_int_eq(status, WS_MORE);
	}
	ck_assert_uint_eq(events, 1);
	ws_parser_clear(&parser);
	return len;
}

START_TEST(every_form_of_length_is_read)
{
	const struct measured *row = &measured[_i];
	const size_t steps[] = { SIZE_MAX / 2, 1, 2, 3, 7, 4096 };
	uint8_t *bytes = xcalloc(1, row->len + WS_HEADER_MAX);
	size_t i, n = make_frame(bytes, 0x82, row->len, 'x');

	ck_assert_uint_eq(n, row->header + row->len);
	for (i = 0; i < COUNT(steps); i++)
		ck_assert_uint_eq(length_read(bytes, n, steps[i], row->len),
		    row->len);
	free(bytes);
}
END_TEST

START_TEST(control_frames_have_up_to_125_bytes)
{
	uint8_t bytes[WS_HEADER_MAX + WS_CONTROL_MAX];
	size_t n = make_frame(bytes, 0x89, WS_CONTROL_MAX, 'p');
	struct reader reader = { .max = 1 };
	uint8_t *rest = bytes + 50;

	reader_start(&reader);
	reader_piece(&reader, bytes, 50);
	ck_assert_str_eq(reader.seen, "");
	reader_piece(&reader, rest, n - 50);

	ck_assert_uint_eq(reader.seen_len, strlen("ping[] ") + WS_CONTROL_MAX);
	ws_parser_clear(&reader.parser);
	ws_codec_free(reader.codec);
}
END_TEST

/* Read a frame of the bytes 0, 1, 2, ... in two pieces. */
static void
unmask_in_two(size_t len, size_t cut)
{
	const uint8_t mask[] = { 0x91, 0x00, 0xfe, 0x5a };
	uint8_t bytes[80] = { 0x82, (uint8_t)(0x80 | len) }, *p = bytes;
	struct ws_parser parser;
	struct ws_event event;
	size_t i, n = 6 + cut;

	memcpy(bytes + 2, mask, 4);
	for (i = 0; i < len; i++)
		bytes[6 + i] = (uint8_t)(i ^ mask[i % 4]);
	ws_parser_init(&parser, len, true, NULL);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_MORE);
	n = len - cut;
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_EVENT);
	ck_assert_uint_eq(event.len, len);
	for (i = 0; i < len; i++)
		if (event.data[i] != i)
			ck_abort_msg("byte %zu of %zu, cut at %zu", i, len,
			    cut);
	ws_parser_clear(&parser);
}

START_TEST(the_mask_comes_off_wherever_the_frame_is_cut)
{
	size_t len, cut;

	for (len = 1; len <= 40; len++)
		for (cut = 0; cut < len; cut++)
			unmask_in_two(len, cut);
}
END_TEST

/* A stream that fails, and with which byte, counted from 1. */
struct fault {
	const char *bytes;
	size_t	 len;
	size_t	 byte;
	uint16_t code;
};

static const struct fault faults[] = {
	/* reserved bit, no mask, control length: after two bytes */
	{ BYTES("\xf1\x85" M0 "Hello"), 2, 1002 },
	{ BYTES("\x81\x05" "Hello"), 2, 1002 },
	{ BYTES("\x89\xfe\0\x7e" M0), 2, 1002 },
	{ BYTES("\x82\x85" M0 "Hello"), 2, 1003 },
	/* lengths: after the header */
	{ BYTES("\x81\xfe\0\x7d" M0 "Hello"), 8, 1002 },
	{ BYTES("\x81\xfe\x01\0" M0 "Hello"), 8, 1009 },
	{ BYTES("\x81\xff\x80\0\0\0\0\0\0\0" M0 "Hello"), 14, 1002 },
	/* text: the byte itself, in one frame, in two, under a mask */
	{ BYTES("\x81\x8a" M0 "a\xff" "bcdefghi"), 8, 1007 },
	{ BYTES("\x81\x8a" M0 "a\xed\xa0\x80" "bcdefg"), 9, 1007 },
	{ BYTES("\x81\x8a" M0 "a\xf4\x90\x80\x80" "bcdef"), 9, 1007 },
	{ BYTES("\x01\x82" M0 "a\xe2" "\0\x85" M0 "bcdef"), 15, 1007 },
	{ BYTES("\x81\x8a" M "\xc8" "bcdefghij"), 7, 1007 },
	/* deflate, with the last byte: a stored block of "a", FF, "bcd" */
	{ BYTES("\xc1\x8b" M0 "\0\x05\0\xfa\xff" "a\xff" "bcd\0"), 17, 1007 },
	/* ... block type 3, in two fragments */
	{ BYTES("\x41\x81" M0 "\x06" "\x80\x81" M0 "a"), 14, 1002 },
	/* ... longer than any compressed message has to be: after the header */
	{ BYTES("\xc1\xfe\0\xb3" M0 "a"), 8, 1009 },
	{ BYTES("\x41\x81" M0 "a" "\0\xfe\0\xb2" M0 "a"), 15, 1009 },
};

START_TEST(faults_are_found_with_the_first_wrong_byte)
{
	const struct fault *fault = &faults[_i];
	bool deflate = (fault->bytes[0] & 0x70) == 0x40;
	struct reader reader = { .max = 100 };
	struct ws_event event;
	size_t i;

	reader.setting = deflate ? DEFLATE : PLAIN;
	reader_start(&reader);
	for (i = 1; i <= fault->byte; i++) {
		uint8_t byte = (uint8_t)fault->bytes[i - 1], *p = &byte;
		size_t n = 1;

		ck_assert_int_eq(ws_parser_next(&reader.parser, &p, &n, &event),
		    i == fault->byte ? WS_FAILED : WS_MORE);
	}
	ck_assert_uint_eq(event.close_code, fault->code);
	ws_parser_clear(&reader.parser);
	ws_codec_free(reader.codec);
}
END_TEST

START_TEST(a_parser_that_failed_stays_failed)
{
	uint8_t bytes[] = { 0x81, 0x01, 0x81, 0x80, 0, 0, 0, 0 }, *p = bytes;
	struct ws_parser parser;
	struct ws_event event;
	size_t n = 2;

	ws_parser_init(&parser, 10, false, NULL);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_FAILED);
	n = 6;
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_FAILED);
	ck_assert_uint_eq(event.close_code, WS_CLOSE_PROTOCOL_ERROR);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_FAILED);
}
END_TEST

/* RFC 6455, section 7.4; 1012 to 1014 are in the registry since. */
static bool
may_be_sent(unsigned code)
{
	static const unsigned ranges[][2] = {
		{ 1000, 1003 }, { 1007, 1014 }, { 3000, 4999 },
	};
	size_t i;

	for (i = 0; i < COUNT(ranges); i++)
		if (code >= ranges[i][0] && code <= ranges[i][1])
			return true;
	return false;
}

START_TEST(only_codes_that_may_be_sent_close)
{
	unsigned code;

	for (code = 0; code <= UINT16_MAX; code++) {
		uint8_t bytes[] = { 0x88, 0x82, 0, 0, 0, 0,
		    (uint8_t)(code >> 8), (uint8_t)code };
		uint8_t *p = bytes;
		size_t n = sizeof(bytes);
		struct ws_parser parser;
		struct ws_event event;
		enum ws_status status;

		ws_parser_init(&parser, 0, false, NULL);
		status = ws_parser_next(&parser, &p, &n, &event);
		if ((status == WS_EVENT) != may_be_sent(code) ||
		    event.close_code != (status == WS_EVENT ? code :
		    WS_CLOSE_PROTOCOL_ERROR))
			ck_abort_msg("code %u", code);
	}
}
END_TEST

START_TEST(an_idle_parser_is_small_and_owns_nothing)
{
	uint8_t bytes[] = "\x81\x81\0\0\0\0a", *p = bytes;
	struct ws_parser parser;
	struct ws_event event;
	size_t n = 7;

	ck_assert_uint_le(sizeof(struct ws_parser), 96);
	ws_parser_init(&parser, 10, false, NULL);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_EVENT);
	ck_assert_ptr_null(buf_data(&parser.message));
}
END_TEST

START_TEST(what_lies_whole_in_the_input_is_not_copied)
{
	/* text "a", ping "b", text fragment "c", ping "d" */
	uint8_t bytes[] = "\x81\x81\0\0\0\0a" "\x89\x81\0\0\0\0b"
	    "\x01\x81\0\0\0\0c" "\x89\x81\0\0\0\0d";
	const size_t places[] = { 6, 13, 27 };
	struct ws_parser parser;
	struct ws_event event;
	uint8_t *p = bytes;
	size_t i, n = sizeof(bytes) - 1;

	ws_parser_init(&parser, 10, false, NULL);
	for (i = 0; i < COUNT(places); i++) {
		ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event),
		    WS_EVENT);
		ck_assert_ptr_eq(event.data, bytes + places[i]);
	}
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_MORE);
	ws_parser_clear(&parser);
}
END_TEST

START_TEST(memory_grows_with_what_came_not_with_what_is_announced)
{
	/* text of 1 MiB, of which 7 bytes come */
	uint8_t bytes[] = "\x81\xff\0\0\0\0\0\x10\0\0\0\0\0\0" "1234567";
	struct ws_parser parser;
	struct ws_event event;
	uint8_t *p = bytes;
	size_t n = sizeof(bytes) - 1;

	ws_parser_init(&parser, 1 << 24, false, NULL);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_MORE);
	ck_assert_uint_eq(parser.message.len, 7);
	ck_assert_uint_le(parser.message.cap, 4096);
	ws_parser_clear(&parser);
}
END_TEST

START_TEST(an_unfinished_bomb_holds_what_was_sent)
{
	enum { ZEROS = 262144 };
	const struct iovec zeros = { xcalloc(1, ZEROS), ZEROS };
	/* A fragment that holds the message, and the empty last one. */
	uint8_t bytes[4096], last[] = "\x80\x80\0\0\0\0", *p = bytes;
	struct ws_codec *codec = ws_codec_new();
	struct ws_parser parser;
	struct ws_event event;
	struct buf bomb;
	size_t n;

	buf_init(&bomb, sizeof(bytes) - WS_HEADER_MAX);
	ck_assert_int_eq(ws_codec_compress(codec, WS_WINDOW_FULL, &zeros, 1,
	    &bomb), 0);
	n = make_frame(bytes, 0x42, bomb.len, 0);
	memcpy(bytes + n - bomb.len, buf_data(&bomb), bomb.len);
	ws_parser_init(&parser, ZEROS, true, codec);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_MORE);
	ck_assert_uint_eq(parser.message.len, bomb.len);
	ck_assert_uint_le(parser.message.cap, sizeof(bytes));

	p = last;
	n = sizeof(last) - 1;
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_EVENT);
	ck_assert_uint_eq(event.len, ZEROS);
	ck_assert_mem_eq(event.data, zeros.iov_base, ZEROS);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_MORE);
	ck_assert_ptr_null(buf_data(&parser.message));
	ws_codec_free(codec);
	buf_clear(&bomb);
	free(zeros.iov_base);
}
END_TEST

START_TEST(a_message_too_big_is_refused_before_memory_is_taken)
{
	/* text of 11 bytes */
	uint8_t bytes[] = "\x81\x8b\0\0\0\0" "12345678901", *p = bytes;
	struct ws_parser parser;
	struct ws_event event;
	size_t n = 6;

	ws_parser_init(&parser, 10, false, NULL);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_FAILED);
	ck_assert_uint_eq(event.close_code, WS_CLOSE_TOO_BIG);
	ck_assert_ptr_null(buf_data(&parser.message));
}
END_TEST

START_TEST(a_message_may_have_exactly_the_limit)
{
	/* "12345" and "67890" with a ping of 1 byte between them */
	const struct stream stream = { BYTES("\x01\x85" M0 "12345"
	    "\x89\x81" M0 "p" "\x80\x85" M0 "67890"),
	    "ping[p] text[1234567890] " };
	struct reader reader = { .max = 10, .expected = stream.expected };
	struct feed feed = { reader_start, reader_piece, reader_check,
	    &reader };

	feed_all(&feed, stream.bytes, stream.len);
}
END_TEST

START_TEST(memory_of_a_message_is_given_back_by_the_next_call)
{
	/* text fragments "a" and "b" */
	uint8_t bytes[] = "\x01\x81\0\0\0\0a" "\x80\x81\0\0\0\0b", *p = bytes;
	struct ws_parser parser;
	struct ws_event event;
	size_t n = sizeof(bytes) - 1;

	ws_parser_init(&parser, 10, false, NULL);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_EVENT);
	ck_assert_mem_eq(event.data, "ab", 2);
	ck_assert_int_eq(ws_parser_next(&parser, &p, &n, &event), WS_MORE);
	ck_assert_ptr_null(buf_data(&parser.message));
}
END_TEST

START_TEST(a_hundred_thousand_fragments_are_one_message)
{
	enum { FRAGMENTS = 100000 };
	uint8_t frame[] = "\x01\x81\0\0\0\0x", *p;
	struct ws_parser parser;
	struct ws_event event;
	enum ws_status status = WS_MORE;
	size_t i, n;

	ws_parser_init(&parser, FRAGMENTS, false, NULL);
	for (i = 1; i <= FRAGMENTS && status == WS_MORE; i++) {
		p = frame;
		n = sizeof(frame) - 1;
		status = ws_parser_next(&parser, &p, &n, &event);
		frame[0] = i == FRAGMENTS - 1 ? 0x80 : 0x00;
	}
	ck_assert_int_eq(status, WS_EVENT);
	ck_assert_uint_eq(event.len, FRAGMENTS);
	ws_parser_clear(&parser);
}
END_TEST

/* Frames of ours: bytes are the header. */
struct header {
	enum ws_opcode opcode;
	bool	 compressed;
	uint64_t payload_len;
	const char *bytes;
	size_t	 len;
};

static const struct header headers[] = {
	{ WS_TEXT, false, 0, BYTES("\x81\0") },
	{ WS_TEXT, false, 125, BYTES("\x81\x7d") },
	{ WS_TEXT, true, 125, BYTES("\xc1\x7d") },
	{ WS_BINARY, false, 126, BYTES("\x82\x7e\0\x7e") },
	{ WS_BINARY, true, 256, BYTES("\xc2\x7e\x01\0") },
	{ WS_TEXT, false, 65535, BYTES("\x81\x7e\xff\xff") },
	{ WS_TEXT, false, 65536, BYTES("\x81\x7f\0\0\0\0\0\x01\0\0") },
	{ WS_TEXT, false, 0x0102030405060708,
	    BYTES("\x81\x7f\x01\x02\x03\x04\x05\x06\x07\x08") },
	{ WS_CLOSE, false, 2, BYTES("\x88\x02") },
	{ WS_PING, false, 0, BYTES("\x89\0") },
	{ WS_PONG, false, 4, BYTES("\x8a\x04") },
};

START_TEST(our_headers_are_final_unmasked_and_short)
{
	const struct header *row = &headers[_i];
	uint8_t out[WS_SERVER_HEADER_MAX];

	ck_assert_uint_eq(ws_frame_header(out, row->opcode, row->compressed,
	    row->payload_len), row->len);
	ck_assert_mem_eq(out, row->bytes, row->len);
}
END_TEST

START_TEST(our_close_says_code_and_reason)
{
	uint8_t out[WS_CONTROL_MAX];
	char longest[WS_REASON_MAX + 1] = "";

	memset(longest, 'r', WS_REASON_MAX);

	ck_assert_uint_eq(ws_close_payload(out, WS_CLOSE_NORMAL, ""), 2);
	ck_assert_mem_eq(out, "\x03\xe8", 2);
	ck_assert_uint_eq(ws_close_payload(out, 4000, "bye"), 5);
	ck_assert_mem_eq(out, "\x0f\xa0" "bye", 5);
	ck_assert_uint_eq(ws_close_payload(out, WS_CLOSE_NO_STATUS, ""), 0);
	ck_assert_uint_eq(ws_close_payload(out, 1001, longest), WS_CONTROL_MAX);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, sound_frames_become_events_however_they_are_cut,
	    0, COUNT(sound));
	tcase_add_loop_test(tc, binary_messages_come_through_where_accepted, 0,
	    COUNT(binary));
	tcase_add_loop_test(tc,
	    unsound_frames_fail_the_same_however_they_are_cut, 0,
	    COUNT(unsound));
	tcase_add_loop_test(tc, compressed_frames_are_read_however_they_are_cut,
	    0, COUNT(deflated));
	tcase_add_loop_test(tc, every_form_of_length_is_read, 0,
	    COUNT(measured));
	tcase_add_test(tc, control_frames_have_up_to_125_bytes);
	tcase_add_test(tc, the_mask_comes_off_wherever_the_frame_is_cut);
	tcase_add_loop_test(tc, faults_are_found_with_the_first_wrong_byte, 0,
	    COUNT(faults));
	tcase_add_test(tc, a_parser_that_failed_stays_failed);
	tcase_add_test(tc, only_codes_that_may_be_sent_close);
	tcase_add_test(tc, an_idle_parser_is_small_and_owns_nothing);
	tcase_add_test(tc, what_lies_whole_in_the_input_is_not_copied);
	tcase_add_test(tc,
	    memory_grows_with_what_came_not_with_what_is_announced);
	tcase_add_test(tc, an_unfinished_bomb_holds_what_was_sent);
	tcase_add_test(tc, a_message_too_big_is_refused_before_memory_is_taken);
	tcase_add_test(tc, a_message_may_have_exactly_the_limit);
	tcase_add_test(tc,
	    memory_of_a_message_is_given_back_by_the_next_call);
	tcase_add_test(tc, a_hundred_thousand_fragments_are_one_message);
	tcase_add_loop_test(tc, our_headers_are_final_unmasked_and_short, 0,
	    COUNT(headers));
	tcase_add_test(tc, our_close_says_code_and_reason);
}
