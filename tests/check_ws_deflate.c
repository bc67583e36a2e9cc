#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "wire/ws_deflate.h"

const char suite_name[] = "ws_deflate";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A Sec-WebSocket-Extensions value, the answer, and what was agreed upon. */
struct negotiation {
	const char *offers;
	enum ws_deflate_answer answer;
	const char *response;
	struct ws_deflate_params params;
};

#define ACCEPTED WS_DEFLATE_ACCEPTED
#define DECLINED WS_DEFLATE_DECLINED, "", { 0 }
#define MALFORMED WS_DEFLATE_MALFORMED, "", { 0 }
#define PMD "permessage-deflate"
/* What every answer begins with, whatever was offered. */
#define ANSWER PMD "; server_no_context_takeover; client_no_context_takeover"

static const struct negotiation negotiations[] = {
	{ PMD, ACCEPTED, ANSWER, { 15, 15 } },
	{ " \t" PMD "\t ", ACCEPTED, ANSWER, { 15, 15 } },
	/* each parameter */
	{ PMD "; server_no_context_takeover", ACCEPTED, ANSWER, { 15, 15 } },
	{ PMD "; client_no_context_takeover", ACCEPTED, ANSWER, { 15, 15 } },
	{ PMD "; server_max_window_bits=9", ACCEPTED,
	    ANSWER "; server_max_window_bits=9", { 9, 15 } },
	{ PMD "; server_max_window_bits=10", ACCEPTED,
	    ANSWER "; server_max_window_bits=10", { 10, 15 } },
	{ PMD "; server_max_window_bits=15", ACCEPTED,
	    ANSWER "; server_max_window_bits=15", { 15, 15 } },
	{ PMD "; client_max_window_bits", ACCEPTED, ANSWER, { 15, 15 } },
	{ PMD "; client_max_window_bits=8", ACCEPTED,
	    ANSWER "; client_max_window_bits=8", { 15, 8 } },
	{ PMD "; client_max_window_bits=15", ACCEPTED,
	    ANSWER "; client_max_window_bits=15", { 15, 15 } },
	/* quoted, and with white space wherever it may be */
	{ PMD "; client_max_window_bits=\"10\"", ACCEPTED,
	    ANSWER "; client_max_window_bits=10", { 15, 10 } },
	{ PMD " ;\tserver_max_window_bits = 12 ; client_max_window_bits =\t"
	    "\"11\" ", ACCEPTED, ANSWER "; server_max_window_bits=12; "
	    "client_max_window_bits=11", { 12, 11 } },
	/* all of them, in another order */
	{ PMD ";client_max_window_bits=11;server_max_window_bits=12;"
	    "client_no_context_takeover;server_no_context_takeover", ACCEPTED,
	    ANSWER "; server_max_window_bits=12; client_max_window_bits=11",
	    { 12, 11 } },
	/* the first offer that suits */
	{ PMD "; client_max_window_bits, " PMD "; client_max_window_bits=9",
	    ACCEPTED, ANSWER, { 15, 15 } },
	{ PMD "; server_max_window_bits=8, " PMD "; client_max_window_bits=9",
	    ACCEPTED, ANSWER "; client_max_window_bits=9", { 15, 9 } },
	{ PMD "; server_no_context_takeover," PMD "; server_max_window_bits=9",
	    ACCEPTED, ANSWER, { 15, 15 } },
	{ "x-webkit-deflate-frame, " PMD, ACCEPTED, ANSWER, { 15, 15 } },
	{ "foo; bar=\"a\\b\"; baz, " PMD ", qux; a=b", ACCEPTED, ANSWER,
	    { 15, 15 } },
	{ ",, ," PMD ",,", ACCEPTED, ANSWER, { 15, 15 } },
	/* parameters that nobody knows, that lack a value or have one */
	{ PMD "; unknown", DECLINED },
	{ PMD "; unknown=1", DECLINED },
	{ PMD "; Server_No_Context_Takeover", DECLINED },
	{ PMD "; server_no_context_takeover=1", DECLINED },
	{ PMD "; server_no_context_takeover=\"1\"", DECLINED },
	{ PMD "; client_no_context_takeover=true", DECLINED },
	{ PMD "; server_max_window_bits", DECLINED },
	/* values: 8 to 15 without leading zeros; zlib cannot do 8 */
	{ PMD "; server_max_window_bits=7", DECLINED },
	{ PMD "; server_max_window_bits=8", DECLINED },
	{ PMD "; server_max_window_bits=16", DECLINED },
	{ PMD "; server_max_window_bits=09", DECLINED },
	{ PMD "; server_max_window_bits=1", DECLINED },
	{ PMD "; server_max_window_bits=20", DECLINED },
	{ PMD "; server_max_window_bits=150", DECLINED },
	{ PMD "; server_max_window_bits=1a", DECLINED },
	{ PMD "; server_max_window_bits=+9", DECLINED },
	{ PMD "; client_max_window_bits=7", DECLINED },
	{ PMD "; client_max_window_bits=16", DECLINED },
	{ PMD "; client_max_window_bits=08", DECLINED },
	{ PMD "; client_max_window_bits=1\\0", MALFORMED },
	{ PMD "; client_max_window_bits=\"1\\0\"", DECLINED },
	{ PMD "; client_max_window_bits=x", DECLINED },
	/* twice, the same or not */
	{ PMD "; server_no_context_takeover; server_no_context_takeover",
	    DECLINED },
	{ PMD "; client_no_context_takeover; client_no_context_takeover",
	    DECLINED },
	{ PMD "; server_max_window_bits=9; server_max_window_bits=9",
	    DECLINED },
	{ PMD "; client_max_window_bits=9; client_max_window_bits", DECLINED },
	{ PMD "; client_max_window_bits; client_max_window_bits=9", DECLINED },
	{ PMD "; client_max_window_bits; client_max_window_bits", DECLINED },
	/* other extensions */
	{ "permessage-deflat", DECLINED },
	{ "permessage-deflatee", DECLINED },
	{ "permessage-bzip2; a; b=c", DECLINED },
	/* no list of extensions */
	{ "", MALFORMED },
	{ " , ", MALFORMED },
	{ ";", MALFORMED },
	{ PMD ";", MALFORMED },
	{ PMD "; ;a", MALFORMED },
	{ PMD "; =1", MALFORMED },
	{ PMD "; a=", MALFORMED },
	{ PMD "; a=\"\"", MALFORMED },
	{ PMD "; a=\"b", MALFORMED },
	{ PMD "; a=\"b c\"", MALFORMED },
	{ PMD "; a=\"b\"c", MALFORMED },
	{ PMD "; a b", MALFORMED },
	{ PMD " b", MALFORMED },
	{ PMD "=1", MALFORMED },
	{ PMD "; a==1", MALFORMED },
	{ PMD ", (", MALFORMED },
	{ "\x80", MALFORMED },
};

START_TEST(offers_are_answered)
{
	const struct negotiation *row = &negotiations[_i];
	struct ws_deflate_params params = { 0 };
	char response[WS_DEFLATE_RESPONSE_SIZE] = "";

	ck_assert_int_eq(ws_deflate_negotiate(row->offers, &params, response),
	    row->answer);

	if (row->answer != WS_DEFLATE_ACCEPTED)
		return;
	ck_assert_str_eq(response, row->response);
	ck_assert_int_eq(params.server_max_window_bits,
	    row->params.server_max_window_bits);
	ck_assert_int_eq(params.client_max_window_bits,
	    row->params.client_max_window_bits);
}
END_TEST

enum {
	LARGEST = 100000,
	LIMIT = 1 << 20,
	/* Of a client: what its message at most comes to. */
	CLIENT_BYTES = LARGEST + 1000
};

static const size_t sizes[] = { 0, 1, 0, 0, 5, 300, 1500, 1500, 70000,
    LARGEST, 4096, 4095, 0 };

/*
 * Text like that of carts: words that come again at all distances, between
 * numbers that do not, but for some at its end.
 */
static void
fill(uint8_t *out, size_t n, unsigned seed)
{
	size_t i;

	for (i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		if (i / 7 % 3 == 0)
			out[i] = (uint8_t)('0' + (seed >> 16) % 10);
		else
			out[i] = (uint8_t)"productName:quantity,"[i % 21];
	}
	if (n > 1000)
		memcpy(out + n - 300, out + n - 300 - n / 4, 300);
}

/* Bytes that do not shrink. */
static void
fill_noise(uint8_t *out, size_t n)
{
	unsigned seed = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		out[i] = (uint8_t)(seed >> 16);
	}
}

/* A client's zlib with exactly the window that was agreed upon. */
static void
client_init(z_stream *stream, int window_bits)
{
	memset(stream, 0, sizeof(*stream));
	ck_assert_int_eq(inflateInit2(stream, -window_bits), Z_OK);
}

/* In small steps: what is further back has to be in the window. */
static void
client_expects(z_stream *stream, struct buf *message, const uint8_t *text,
    size_t len)
{
	enum { STEP = 100 };
	uint8_t *out = xcalloc(1, len + STEP);
	size_t n = 0;

	ck_assert_int_eq(buf_append(message, "\0\0\xff\xff", 4), 0);
	stream->next_in = (Bytef *)buf_data(message);
	stream->avail_in = (uInt)message->len;
	do {
		ck_assert_uint_le(n, len);
		stream->next_out = out + n;
		stream->avail_out = STEP;
		ck_assert_int_ne(inflate(stream, Z_SYNC_FLUSH), Z_DATA_ERROR);
		n += STEP - stream->avail_out;
	} while (stream->avail_out == 0);
	ck_assert_uint_eq(stream->avail_in, 0);
	ck_assert_uint_eq(n, len);
	ck_assert_mem_eq(out, text, len);
	free(out);
}

/* Send a text in three pieces. */
static void
compress_text(struct ws_codec *codec, enum ws_window window, uint8_t *text,
    size_t len, struct buf *out)
{
	const struct iovec pieces[] = {
		{ text, len / 3 },
		{ text + len / 3, 0 },
		{ text + len / 3, len - len / 3 },
	};

	ck_assert_int_eq(ws_codec_compress(codec, window, pieces,
	    COUNT(pieces), out), 0);
	ck_assert_uint_gt(out->len, 0);
}

START_TEST(a_client_inflates_what_was_compressed)
{
	/* Windows of all sizes, and none smaller than the answer says. */
	const int bits = 9 + _i;
	uint8_t *text = xcalloc(1, LARGEST);
	struct ws_codec *codec = ws_codec_new();
	struct buf message;
	z_stream client;
	size_t i;

	buf_init(&message, LIMIT);
	client_init(&client, bits);
	for (i = 0; i < COUNT(sizes); i++) {
		fill(text, sizes[i], (unsigned)i);
		compress_text(codec, ws_window_for(bits), text, sizes[i],
		    &message);
		client_expects(&client, &message, text, sizes[i]);
		buf_clear(&message);
		ck_assert_int_eq(inflateReset(&client), Z_OK);
	}
	ws_codec_free(codec);
	(void)inflateEnd(&client);
	free(text);
}
END_TEST

static void
client_deflate_init(z_stream *stream, int window_bits)
{
	memset(stream, 0, sizeof(*stream));
	ck_assert_int_eq(deflateInit2(stream, 9, Z_DEFLATED, -window_bits, 8,
	    Z_DEFAULT_STRATEGY), Z_OK);
}

/* Compress as a client does; returns the length without the tail. */
static size_t
client_compress(z_stream *stream, uint8_t *text, size_t len, uint8_t *out)
{
	stream->next_in = text;
	stream->avail_in = (uInt)len;
	stream->next_out = out;
	stream->avail_out = CLIENT_BYTES;
	(void)deflate(stream, Z_SYNC_FLUSH);
	ck_assert_uint_gt(stream->avail_out, 0);
	len = CLIENT_BYTES - stream->avail_out;
	return len < 4 ? 0 : len - 4;
}

/* The next message is inflated to text. */
static void
inflates_to(struct ws_codec *codec, const uint8_t *data, size_t n,
    const uint8_t *text, size_t len)
{
	struct buf out;

	buf_init(&out, len);
	ck_assert_int_eq(ws_codec_inflate(codec, data, n, &out, len),
	    WS_INFLATE_OK);
	ck_assert_uint_eq(out.len, len);
	if (len > 0)
		ck_assert_mem_eq(buf_data(&out), text, len);
	buf_clear(&out);
}

START_TEST(what_a_client_compressed_is_inflated)
{
	uint8_t *text = xcalloc(1, LARGEST), *data = xcalloc(1, CLIENT_BYTES);
	struct ws_codec *codec = ws_codec_new();
	z_stream client;
	size_t i, n;

	client_deflate_init(&client, 9 + _i);
	for (i = 0; i < COUNT(sizes); i++) {
		fill(text, sizes[i], (unsigned)i);
		n = client_compress(&client, text, sizes[i], data);
		inflates_to(codec, data, n, text, sizes[i]);
		ck_assert_int_eq(deflateReset(&client), Z_OK);
	}
	ws_codec_free(codec);
	(void)deflateEnd(&client);
	free(data);
	free(text);
}
END_TEST

START_TEST(no_message_refers_to_the_one_before)
{
	uint8_t text[] = "Hello";
	struct ws_codec *codec = ws_codec_new();
	struct buf out;
	int i;

	buf_init(&out, 100);
	for (i = 0; i < 2; i++) {
		compress_text(codec, WS_WINDOW_FULL, text, 5, &out);
		/* RFC 7692, section 7.2.3.1 */
		ck_assert_uint_eq(out.len, 7);
		ck_assert_mem_eq(buf_data(&out), "\xf2\x48\xcd\xc9\xc9\x07\0",
		    7);
		out.len = 0;
	}
	inflates_to(codec, (const uint8_t *)"\xf2\x48\xcd\xc9\xc9\x07\0", 7,
	    text, 5);
	/* ... section 7.2.3.2: what refers to it */
	ck_assert_int_eq(ws_codec_inflate(codec,
	    (const uint8_t *)"\xf2\0\x11\0\0", 5, &out, 100),
	    WS_INFLATE_CORRUPT);
	buf_clear(&out);
	ws_codec_free(codec);
}
END_TEST

START_TEST(a_bomb_takes_no_more_memory_than_the_limit)
{
	const size_t max = 1000, zeros = 10 << 20;
	uint8_t *text = xcalloc(1, zeros), *data = xcalloc(1, CLIENT_BYTES);
	struct ws_codec *codec = ws_codec_new();
	z_stream client;
	struct buf out;
	size_t n;

	client_deflate_init(&client, 15);
	n = client_compress(&client, text, zeros, data);
	buf_init(&out, max + 5000);

	ck_assert_int_eq(ws_codec_inflate(codec, data, n, &out, max),
	    WS_INFLATE_TOO_BIG);

	ck_assert_uint_eq(out.len, max);
	ck_assert_uint_le(out.cap, max);
	buf_clear(&out);
	ws_codec_free(codec);
	(void)deflateEnd(&client);
	free(data);
	free(text);
}
END_TEST

/* Payloads as they come, what they inflate to, and with which limit. */
struct inflated {
	const char *data;
	size_t	 len;
	size_t	 max;
	const char *text;
	enum ws_inflate_status status;
};

#define BYTES(s) s, sizeof(s) - 1
#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\0"

static const struct inflated inflated[] = {
	{ BYTES(HELLO), 5, "Hello", WS_INFLATE_OK },
	{ BYTES(HELLO), 4, "Hell", WS_INFLATE_TOO_BIG },
	{ BYTES(HELLO), 0, "", WS_INFLATE_TOO_BIG },
	/* an empty block; none at all; many */
	{ BYTES("\0"), 0, "", WS_INFLATE_OK },
	{ BYTES(""), 0, "", WS_INFLATE_OK },
	{ BYTES("\0\0\0\xff\xff\0\0\0\xff\xff\0"), 0, "", WS_INFLATE_OK },
	/* last blocks: "Hello"; "Hello" and again; "Hello" by reference */
	{ BYTES("\xf3\x48\xcd\xc9\xc9\x07\0\0"), 5, "Hello", WS_INFLATE_OK },
	{ BYTES("\xf3\x48\xcd\xc9\xc9\x07\0" HELLO), 10, "HelloHello",
	    WS_INFLATE_OK },
	{ BYTES("\xf3\x48\xcd\xc9\xc9\x07\0\xf2\0\x11\0\0"), 10, "HelloHello",
	    WS_INFLATE_OK },
	{ BYTES("\x03\0\x03\0\x03\0\0"), 0, "", WS_INFLATE_OK },
	/* ... without the empty block that has to follow */
	{ BYTES("\xf3\x48\xcd\xc9\xc9\x07\0"), 9, "Hello",
	    WS_INFLATE_CORRUPT },
	/* block type 3; LEN and NLEN that differ; too far back */
	{ BYTES("\x06"), 9, "", WS_INFLATE_CORRUPT },
	{ BYTES("\0\x01\0\0\0"), 9, "", WS_INFLATE_CORRUPT },
	{ BYTES("\xf2\0\x11\0\0"), 9, "H", WS_INFLATE_CORRUPT },
	/* "He" and the end in the middle of a block */
	{ BYTES("\xf2\x48\x05"), 9, "He", WS_INFLATE_CORRUPT },
	{ BYTES("\0\x09\0\xf6\xff" "abc"), 9, "abc", WS_INFLATE_CORRUPT },
	/* a block that ends in what was taken off and is put back */
	{ BYTES("\0\x02\0\xfd\xff"), 9, "", WS_INFLATE_CORRUPT },
	{ BYTES("\0\x02\0\xfd\xff"), 1, "", WS_INFLATE_TOO_BIG },
};

START_TEST(payloads_inflate_after_whatever_came_before)
{
	const struct inflated *row = &inflated[_i];
	struct ws_codec *codec = ws_codec_new();
	struct buf out;
	size_t i, j;

	for (i = 0; i < COUNT(inflated); i++)
		for (j = 0; j < 2; j++) {
			const struct inflated *next = j == 0 ? &inflated[i] :
			    row;

			buf_init(&out, next->max);
			ck_assert_int_eq(ws_codec_inflate(codec,
			    (const uint8_t *)next->data, next->len, &out,
			    next->max), next->status);
			ck_assert_uint_ge(out.len, strlen(next->text));
			if (out.len > 0)
				ck_assert_mem_eq(buf_data(&out), next->text,
				    strlen(next->text));
			buf_clear(&out);
		}
	ws_codec_free(codec);
}
END_TEST

START_TEST(a_window_of_8_bits_is_inflated_as_zlib_makes_it)
{
	uint8_t text[600], data[CLIENT_BYTES];
	struct ws_codec *codec = ws_codec_new();
	z_stream client;
	size_t i, n;

	/* Where 8 bits are asked for, zlib takes 9 and uses hardly 8. */
	fill_noise(text, sizeof(text));
	for (i = 240; i < sizeof(text); i++)
		text[i] = text[i - 240];
	client_deflate_init(&client, 9);
	n = client_compress(&client, text, sizeof(text), data);

	inflates_to(codec, data, n, text, sizeof(text));

	ws_codec_free(codec);
	(void)deflateEnd(&client);
}
END_TEST

START_TEST(a_message_over_the_limit_leaves_no_trace)
{
	/* One that zlib holds back until it is flushed, one that it cannot. */
	const size_t big[] = { 9000, 200000 };
	uint8_t *noise = xcalloc(1, big[_i]), text[] = "Hello";
	const struct iovec pieces[] = { { noise, big[_i] }, { text, 5 } };
	struct ws_codec *codec = ws_codec_new();
	struct buf out;
	z_stream client;

	fill_noise(noise, big[_i]);
	client_init(&client, 15);
	buf_init(&out, 8192);
	compress_text(codec, WS_WINDOW_FULL, text, 5, &out);
	client_expects(&client, &out, text, 5);
	out.len = 1;
	ck_assert_int_eq(ws_codec_compress(codec, WS_WINDOW_FULL, pieces, 2,
	    &out), -1);
	ck_assert_uint_eq(out.len, 1);
	out.len = 0;
	compress_text(codec, WS_WINDOW_FULL, text, 5, &out);
	client_expects(&client, &out, text, 5);
	ws_codec_free(codec);
	(void)inflateEnd(&client);
	buf_clear(&out);
	free(noise);
}
END_TEST

START_TEST(empty_messages_are_an_empty_block_each)
{
	struct ws_codec *codec = ws_codec_new();
	struct buf out;

	buf_init(&out, 2);
	ck_assert_int_eq(ws_codec_compress(codec, WS_WINDOW_FULL, NULL, 0,
	    &out), 0);
	ck_assert_int_eq(ws_codec_compress(codec, WS_WINDOW_FULL, NULL, 0,
	    &out), 0);
	ck_assert_int_eq(ws_codec_compress(codec, WS_WINDOW_FULL, NULL, 0,
	    &out), -1);

	/* RFC 7692, section 7.2.3.6 */
	ck_assert_uint_eq(out.len, 2);
	ck_assert_mem_eq(buf_data(&out), "\0\0", 2);
	buf_clear(&out);
	ws_codec_free(codec);
}
END_TEST

START_TEST(a_limit_of_every_size_is_kept)
{
	uint8_t noise[100];
	const struct iovec piece = { noise, sizeof(noise) };
	struct ws_codec *codec = ws_codec_new();
	size_t max, len = 0;

	fill_noise(noise, sizeof(noise));
	for (max = 120; max > 0; max--) {
		struct buf out;
		int result;

		buf_init(&out, max);
		result = ws_codec_compress(codec, WS_WINDOW_FULL, &piece, 1,
		    &out);
		if (len == 0)
			len = out.len;
		/* The tail needs room before it is taken off. */
		ck_assert_int_eq(result, max > len + 4 ? 0 : -1);
		ck_assert_uint_eq(out.len, result == 0 ? len : 0);
		buf_clear(&out);
	}
	ws_codec_free(codec);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, offers_are_answered, 0, COUNT(negotiations));
	tcase_add_loop_test(tc, a_client_inflates_what_was_compressed, 0, 7);
	tcase_add_loop_test(tc, what_a_client_compressed_is_inflated, 0, 7);
	tcase_add_test(tc, no_message_refers_to_the_one_before);
	tcase_add_test(tc, a_bomb_takes_no_more_memory_than_the_limit);
	tcase_add_loop_test(tc, payloads_inflate_after_whatever_came_before, 0,
	    COUNT(inflated));
	tcase_add_test(tc, a_window_of_8_bits_is_inflated_as_zlib_makes_it);
	tcase_add_loop_test(tc, a_message_over_the_limit_leaves_no_trace, 0, 2);
	tcase_add_test(tc, empty_messages_are_an_empty_block_each);
	tcase_add_test(tc, a_limit_of_every_size_is_kept);
}
