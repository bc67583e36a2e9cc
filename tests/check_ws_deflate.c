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

static const struct negotiation negotiations[] = {
	{ PMD, ACCEPTED, PMD, { false, false, 15, 15 } },
	{ " \t" PMD "\t ", ACCEPTED, PMD, { false, false, 15, 15 } },
	/* each parameter */
	{ PMD "; server_no_context_takeover", ACCEPTED,
	    PMD "; server_no_context_takeover", { true, false, 15, 15 } },
	{ PMD "; client_no_context_takeover", ACCEPTED,
	    PMD "; client_no_context_takeover", { false, true, 15, 15 } },
	{ PMD "; server_max_window_bits=9", ACCEPTED,
	    PMD "; server_max_window_bits=9", { false, false, 9, 15 } },
	{ PMD "; server_max_window_bits=10", ACCEPTED,
	    PMD "; server_max_window_bits=10", { false, false, 10, 15 } },
	{ PMD "; server_max_window_bits=15", ACCEPTED,
	    PMD "; server_max_window_bits=15", { false, false, 15, 15 } },
	{ PMD "; client_max_window_bits", ACCEPTED, PMD,
	    { false, false, 15, 15 } },
	{ PMD "; client_max_window_bits=8", ACCEPTED,
	    PMD "; client_max_window_bits=8", { false, false, 15, 8 } },
	{ PMD "; client_max_window_bits=15", ACCEPTED,
	    PMD "; client_max_window_bits=15", { false, false, 15, 15 } },
	/* quoted, and with white space wherever it may be */
	{ PMD "; client_max_window_bits=\"10\"", ACCEPTED,
	    PMD "; client_max_window_bits=10", { false, false, 15, 10 } },
	{ PMD " ;\tserver_max_window_bits = 12 ; client_max_window_bits =\t"
	    "\"11\" ", ACCEPTED, PMD "; server_max_window_bits=12; "
	    "client_max_window_bits=11", { false, false, 12, 11 } },
	/* all of them, in another order */
	{ PMD ";client_max_window_bits=11;server_max_window_bits=12;"
	    "client_no_context_takeover;server_no_context_takeover", ACCEPTED,
	    PMD "; server_no_context_takeover; client_no_context_takeover; "
	    "server_max_window_bits=12; client_max_window_bits=11",
	    { true, true, 12, 11 } },
	/* the first offer that suits */
	{ PMD "; client_max_window_bits, " PMD, ACCEPTED, PMD,
	    { false, false, 15, 15 } },
	{ PMD "; server_max_window_bits=8, " PMD "; client_max_window_bits=9",
	    ACCEPTED, PMD "; client_max_window_bits=9",
	    { false, false, 15, 9 } },
	{ PMD "; server_no_context_takeover," PMD "; server_max_window_bits=9",
	    ACCEPTED, PMD "; server_no_context_takeover",
	    { true, false, 15, 15 } },
	{ "x-webkit-deflate-frame, " PMD, ACCEPTED, PMD,
	    { false, false, 15, 15 } },
	{ "foo; bar=\"a\\b\"; baz, " PMD ", qux; a=b", ACCEPTED, PMD,
	    { false, false, 15, 15 } },
	{ ",, ," PMD ",,", ACCEPTED, PMD, { false, false, 15, 15 } },
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
	ck_assert_int_eq(params.server_no_context_takeover,
	    row->params.server_no_context_takeover);
	ck_assert_int_eq(params.client_no_context_takeover,
	    row->params.client_no_context_takeover);
	ck_assert_int_eq(params.server_max_window_bits,
	    row->params.server_max_window_bits);
	ck_assert_int_eq(params.client_max_window_bits,
	    row->params.client_max_window_bits);
}
END_TEST

/* The 64 agreements that can be: context on each side, four windows each. */
static struct ws_deflate_params
params_of(int i)
{
	static const int bits[] = { 9, 10, 12, 15 };

	return (struct ws_deflate_params){
		.server_no_context_takeover = (i & 1) != 0,
		.client_no_context_takeover = (i & 2) != 0,
		.server_max_window_bits = bits[i >> 2 & 3],
		.client_max_window_bits = bits[i >> 4 & 3],
	};
}

enum {
	ALL_PARAMS = 64,
	LARGEST = 100000,
	LIMIT = 1 << 20,
	/* Of a client: what its message at most comes to. */
	CLIENT_BYTES = LARGEST + 1000
};

static const size_t sizes[] = { 0, 1, 0, 0, 5, 300, 1500, 1500, 70000,
    LARGEST, 4096, 4095, 0 };

/*
 * Text like that of carts: words that come again at all distances, between
 * numbers that do not.
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

/* A client's zlib that keeps exactly to what was agreed upon. */
static void
client_init(z_stream *stream, const struct ws_deflate_params *params)
{
	memset(stream, 0, sizeof(*stream));
	ck_assert_int_eq(inflateInit2(stream, -params->server_max_window_bits),
	    Z_OK);
}

static void
client_expects(z_stream *stream, struct buf *message, const uint8_t *text,
    size_t len)
{
	uint8_t *out = xcalloc(1, len + 1);

	ck_assert_int_eq(buf_append(message, "\0\0\xff\xff", 4), 0);
	stream->next_in = (Bytef *)buf_data(message);
	stream->avail_in = (uInt)message->len;
	stream->next_out = out;
	stream->avail_out = (uInt)len + 1;
	ck_assert_int_eq(inflate(stream, Z_SYNC_FLUSH), Z_OK);
	ck_assert_uint_eq(stream->avail_in, 0);
	ck_assert_uint_eq(stream->avail_out, 1);
	ck_assert_mem_eq(out, text, len);
	free(out);
}

/* Send a text in three pieces. */
static void
compress_text(struct ws_compressor *compressor, uint8_t *text, size_t len,
    struct buf *out)
{
	const struct iovec pieces[] = {
		{ text, len / 3 },
		{ text + len / 3, 0 },
		{ text + len / 3, len - len / 3 },
	};

	ck_assert_int_eq(ws_compressor_message(compressor, pieces,
	    COUNT(pieces), out), 0);
	ck_assert_uint_gt(out->len, 0);
}

START_TEST(a_client_inflates_what_was_compressed)
{
	const struct ws_deflate_params params = params_of(_i);
	uint8_t *text = xcalloc(1, LARGEST);
	struct ws_compressor compressor;
	struct buf message;
	z_stream client;
	size_t i;

	ws_compressor_init(&compressor, &params);
	buf_init(&message, LIMIT);
	client_init(&client, &params);
	for (i = 0; i < COUNT(sizes); i++) {
		fill(text, sizes[i], (unsigned)i);
		compress_text(&compressor, text, sizes[i], &message);
		client_expects(&client, &message, text, sizes[i]);
		buf_clear(&message);
		if (params.server_no_context_takeover)
			ck_assert_int_eq(inflateReset(&client), Z_OK);
	}
	ws_compressor_clear(&compressor);
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

/* Inflate a message that comes in pieces of step bytes. */
static enum ws_inflate_status
inflate_pieces(struct ws_inflate *inflate, const uint8_t *data, size_t len,
    size_t step, struct buf *out)
{
	enum ws_inflate_status status = WS_INFLATE_OK;
	size_t at, n;

	for (at = 0; at < len && status == WS_INFLATE_OK; at += n) {
		n = len - at < step ? len - at : step;
		status = ws_inflate_feed(inflate, data + at, n, out, out->max);
	}
	if (status != WS_INFLATE_OK)
		return status;
	return ws_inflate_end(inflate, out, out->max);
}

START_TEST(what_a_client_compressed_is_inflated)
{
	const struct ws_deflate_params params = params_of(_i);
	uint8_t *text = xcalloc(1, LARGEST), *data = xcalloc(1, CLIENT_BYTES);
	struct ws_inflate inflate;
	z_stream client;
	struct buf out;
	size_t i;

	client_deflate_init(&client, params.client_max_window_bits);
	ws_inflate_init(&inflate, &params);
	for (i = 0; i < COUNT(sizes); i++) {
		size_t n;

		buf_init(&out, sizes[i]);
		fill(text, sizes[i], (unsigned)i);
		n = client_compress(&client, text, sizes[i], data);
		ck_assert_int_eq(inflate_pieces(&inflate, data, n,
		    i % 2 == 0 ? 1 : n, &out), WS_INFLATE_OK);
		ck_assert_uint_eq(out.len, sizes[i]);
		if (sizes[i] > 0)
			ck_assert_mem_eq(buf_data(&out), text, sizes[i]);
		buf_clear(&out);
		if (params.client_no_context_takeover)
			ck_assert_int_eq(deflateReset(&client), Z_OK);
	}
	ws_inflate_clear(&inflate);
	(void)deflateEnd(&client);
	free(data);
	free(text);
}
END_TEST

START_TEST(a_context_is_kept_only_where_agreed_upon)
{
	const struct ws_deflate_params params = params_of(_i);
	const struct iovec piece = { (char[]){ "Hello" }, 5 };
	struct ws_compressor compressor;
	struct ws_inflate inflate;
	struct buf out;

	ws_compressor_init(&compressor, &params);
	ws_inflate_init(&inflate, &params);
	buf_init(&out, 100);
	ck_assert_ptr_null(compressor.stream);
	ck_assert_ptr_null(inflate.stream);
	ck_assert_int_eq(ws_compressor_message(&compressor, &piece, 1, &out),
	    0);
	/* RFC 7692, section 7.2.3.2: "Hello", and what refers to it */
	ck_assert_mem_eq(buf_data(&out), "\xf2\x48\xcd\xc9\xc9\x07\0", 7);
	ck_assert_int_eq(ws_compressor_message(&compressor, &piece, 1, &out),
	    0);
	ck_assert_uint_eq(out.len, compressor.keep_context ? 12 : 14);
	ck_assert_int_eq(compressor.stream != NULL,
	    !params.server_no_context_takeover);
	buf_clear(&out);
	ck_assert_int_eq(inflate_pieces(&inflate,
	    (const uint8_t *)"\xf2\x48\xcd\xc9\xc9\x07\0", 7, 7, &out),
	    WS_INFLATE_OK);
	ck_assert_int_eq(inflate.stream != NULL,
	    !params.client_no_context_takeover);
	buf_clear(&out);
	ws_inflate_clear(&inflate);
	ws_compressor_clear(&compressor);
}
END_TEST

static const struct ws_deflate_params all_defaults = {
	.server_max_window_bits = 15,
	.client_max_window_bits = 15,
};

START_TEST(a_bomb_takes_no_more_memory_than_the_limit)
{
	const size_t max = 1000, zeros = 10 << 20;
	uint8_t *text = xcalloc(1, zeros), *data = xcalloc(1, CLIENT_BYTES);
	struct ws_inflate inflate;
	z_stream client;
	struct buf out;
	size_t n;

	client_deflate_init(&client, 15);
	n = client_compress(&client, text, zeros, data);
	ws_inflate_init(&inflate, &all_defaults);
	buf_init(&out, max + 5000);

	ck_assert_int_eq(ws_inflate_feed(&inflate, data, n, &out, max),
	    WS_INFLATE_TOO_BIG);

	ck_assert_uint_eq(out.len, max);
	ck_assert_uint_le(out.cap, max);
	buf_clear(&out);
	ws_inflate_clear(&inflate);
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

START_TEST(payloads_inflate_alike_whole_and_byte_by_byte)
{
	const struct inflated *row = &inflated[_i];
	const size_t steps[] = { 1, 100 };
	size_t i;

	for (i = 0; i < COUNT(steps); i++) {
		struct ws_inflate inflate;
		struct buf out;

		ws_inflate_init(&inflate, &all_defaults);
		buf_init(&out, row->max);
		ck_assert_int_eq(inflate_pieces(&inflate,
		    (const uint8_t *)row->data, row->len, steps[i], &out),
		    row->status);
		ck_assert_uint_ge(out.len, strlen(row->text));
		if (out.len > 0)
			ck_assert_mem_eq(buf_data(&out), row->text,
			    strlen(row->text));
		buf_clear(&out);
		ws_inflate_clear(&inflate);
	}
}
END_TEST

START_TEST(what_can_be_inflated_is_not_held_back)
{
	uint8_t *text = xcalloc(1, LARGEST), *data = xcalloc(1, CLIENT_BYTES);
	struct ws_inflate ours;
	z_stream client, reference;
	struct buf out;
	size_t i, n, step = (size_t)_i;

	client_deflate_init(&client, 15);
	n = client_compress(&client, text, LARGEST, data);
	client_init(&reference, &all_defaults);
	ws_inflate_init(&ours, &all_defaults);
	buf_init(&out, LARGEST);
	reference.next_out = text;
	reference.avail_out = LARGEST;
	reference.next_in = data;
	for (i = 0; i + step <= n; i += step) {
		reference.avail_in = (uInt)step;
		ck_assert_int_eq(inflate(&reference, Z_SYNC_FLUSH), Z_OK);
		ck_assert_int_eq(ws_inflate_feed(&ours, data + i, step, &out,
		    LARGEST), WS_INFLATE_OK);
		ck_assert_uint_eq(out.len, reference.total_out);
	}
	buf_clear(&out);
	ws_inflate_clear(&ours);
	(void)inflateEnd(&reference);
	(void)deflateEnd(&client);
	free(data);
	free(text);
}
END_TEST

START_TEST(a_window_of_8_bits_is_inflated_as_zlib_makes_it)
{
	struct ws_deflate_params params = all_defaults;
	uint8_t text[600], data[CLIENT_BYTES];
	struct ws_inflate inflate;
	z_stream client;
	struct buf out;
	size_t i, n;

	/* Where 8 bits are asked for, zlib takes 9 and uses hardly 8. */
	fill_noise(text, sizeof(text));
	for (i = 240; i < sizeof(text); i++)
		text[i] = text[i - 240];
	client_deflate_init(&client, 9);
	n = client_compress(&client, text, sizeof(text), data);
	params.client_max_window_bits = 8;
	ws_inflate_init(&inflate, &params);
	buf_init(&out, sizeof(text));

	ck_assert_int_eq(inflate_pieces(&inflate, data, n, 1, &out),
	    WS_INFLATE_OK);

	ck_assert_mem_eq(buf_data(&out), text, sizeof(text));
	buf_clear(&out);
	ws_inflate_clear(&inflate);
	(void)deflateEnd(&client);
}
END_TEST

START_TEST(a_message_over_the_limit_leaves_no_trace)
{
	/* One that zlib holds back until it is flushed, one that it cannot. */
	const size_t big[] = { 9000, 200000 };
	uint8_t *noise = xcalloc(1, big[_i]), text[] = "Hello";
	const struct iovec pieces[] = { { noise, big[_i] }, { text, 5 } };
	struct ws_compressor compressor;
	struct buf out;
	z_stream client;

	fill_noise(noise, big[_i]);
	ws_compressor_init(&compressor, &all_defaults);
	client_init(&client, &all_defaults);
	buf_init(&out, 8192);
	compress_text(&compressor, text, 5, &out);
	client_expects(&client, &out, text, 5);
	out.len = 1;
	ck_assert_int_eq(ws_compressor_message(&compressor, pieces, 2, &out),
	    -1);
	ck_assert_uint_eq(out.len, 1);
	out.len = 0;
	compress_text(&compressor, text, 5, &out);
	client_expects(&client, &out, text, 5);
	ws_compressor_clear(&compressor);
	(void)inflateEnd(&client);
	buf_clear(&out);
	free(noise);
}
END_TEST

START_TEST(empty_messages_are_an_empty_block_each)
{
	struct ws_compressor compressor;
	struct buf out;

	ws_compressor_init(&compressor, &all_defaults);
	buf_init(&out, 2);
	ck_assert_int_eq(ws_compressor_message(&compressor, NULL, 0, &out), 0);
	ck_assert_int_eq(ws_compressor_message(&compressor, NULL, 0, &out), 0);
	ck_assert_int_eq(ws_compressor_message(&compressor, NULL, 0, &out), -1);

	/* RFC 7692, section 7.2.3.6 */
	ck_assert_uint_eq(out.len, 2);
	ck_assert_mem_eq(buf_data(&out), "\0\0", 2);
	ck_assert_ptr_null(compressor.stream);
	buf_clear(&out);
}
END_TEST

START_TEST(a_limit_of_every_size_is_kept)
{
	uint8_t noise[100];
	const struct iovec piece = { noise, sizeof(noise) };
	struct ws_compressor compressor;
	size_t max, len = 0;

	fill_noise(noise, sizeof(noise));
	ws_compressor_init(&compressor, &all_defaults);
	for (max = 120; max > 0; max--) {
		struct buf out;
		int result;

		buf_init(&out, max);
		ws_compressor_clear(&compressor);
		result = ws_compressor_message(&compressor, &piece, 1, &out);
		if (len == 0)
			len = out.len;
		/* The tail needs room before it is taken off. */
		ck_assert_int_eq(result, max > len + 4 ? 0 : -1);
		ck_assert_uint_eq(out.len, result == 0 ? len : 0);
		buf_clear(&out);
	}
	ws_compressor_clear(&compressor);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, offers_are_answered, 0, COUNT(negotiations));
	tcase_add_loop_test(tc, a_client_inflates_what_was_compressed, 0,
	    ALL_PARAMS);
	tcase_add_loop_test(tc, what_a_client_compressed_is_inflated, 0,
	    ALL_PARAMS);
	tcase_add_loop_test(tc, a_context_is_kept_only_where_agreed_upon, 0, 4);
	tcase_add_test(tc, a_bomb_takes_no_more_memory_than_the_limit);
	tcase_add_loop_test(tc, payloads_inflate_alike_whole_and_byte_by_byte,
	    0, COUNT(inflated));
	tcase_add_loop_test(tc, what_can_be_inflated_is_not_held_back, 1, 10);
	tcase_add_test(tc, a_window_of_8_bits_is_inflated_as_zlib_makes_it);
	tcase_add_loop_test(tc, a_message_over_the_limit_leaves_no_trace, 0, 2);
	tcase_add_test(tc, empty_messages_are_an_empty_block_each);
	tcase_add_test(tc, a_limit_of_every_size_is_kept);
}
