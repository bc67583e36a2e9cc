#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "net/ws_compressor.h"

const char suite_name[] = "ws_compressor";

enum {
	RATE = 1000000,		/* bytes a second */
	LARGEST = 524288,
	HALF = LARGEST / 2,
	SMALLEST = 256
};

static struct ws_codec *codec;
static struct ws_compressor packer;
static uint64_t now_ms;

static void
set_up(void)
{
	codec = ws_codec_new();
	ws_compressor_init(&packer, codec, RATE);
	now_ms = 1000;
}

static void
tear_down(void)
{
	ws_codec_free(codec);
}

/* len bytes that come out as a tenth, or not smaller; and "}". */
static struct ws_outgoing
message_of(size_t len, size_t tenth)
{
	char *text = xcalloc(1, len + 1);
	struct ws_outgoing message = { .opcode = WS_TEXT, .tail = "}" };
	unsigned seed = 1;
	size_t i;

	for (i = 0; i < len - 1; i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = (char)(i < tenth ? seed >> 16 : 'a');
	}
	/* What is behind the first bytes is not sent. */
	text[len - 1] = 'x';
	message.body = payload_new(text, len);
	message.len = len - 1;
	free(text);
	return message;
}

static struct ws_outgoing
easy(size_t len)
{
	return message_of(len, len / 10);
}

static struct ws_outgoing
hard(size_t len)
{
	return message_of(len, len);
}

/* Whether the message goes out compressed; it is still what it was. */
static bool
packs(struct ws_outgoing message, enum ws_window window,
    struct ws_compressed *shared)
{
	struct payload *plain = payload_ref(message.body);
	size_t len = message.len;
	struct buf out;

	buf_init(&out, LARGEST + 1);
	ws_compressor_compress(&packer, window, &message, shared, now_ms);
	if (message.is_compressed) {
		ck_assert_ptr_null(message.tail);
		ck_assert_uint_lt(message.len, len);
		ck_assert_int_eq(ws_codec_inflate(codec,
		    (const uint8_t *)message.body->data, message.len, &out,
		    LARGEST + 1), WS_INFLATE_OK);
		ck_assert_uint_eq(out.len, len + 1);
		ck_assert_mem_eq(buf_data(&out), plain->data, len);
		ck_assert_int_eq(buf_data(&out)[len], '}');
	} else {
		ck_assert_ptr_eq(message.body, plain);
		ck_assert_uint_eq(message.len, len);
		ck_assert_str_eq(message.tail, "}");
	}
	buf_clear(&out);
	payload_unref(plain);
	payload_unref(message.body);
	return message.is_compressed;
}

START_TEST(readers_of_a_message_have_one_form_of_it)
{
	struct ws_compressed shared = { .is_tried = { false } };
	struct payload *form;
	int i;

	for (i = 0; i < 49; i++)
		ck_assert(packs(easy(10000), WS_WINDOW_FULL, &shared));

	ck_assert_uint_eq(packer.bytes, 10000);
	form = payload_ref(shared.bytes[WS_WINDOW_FULL]);
	ck_assert_int_eq(form->refs, 2);
	ws_compressed_clear(&shared);
	ck_assert_int_eq(form->refs, 1);
	payload_unref(form);
}
END_TEST

START_TEST(readers_with_smaller_windows_have_one_among_them)
{
	struct ws_compressed shared = { .is_tried = { false } };
	int bits;

	for (bits = 9; bits <= 15; bits++)
		ck_assert(packs(easy(10000), ws_window_for(bits), &shared));

	ck_assert_uint_eq(packer.bytes, 2 * 10000);
	ws_compressed_clear(&shared);
}
END_TEST

START_TEST(what_does_not_shrink_is_tried_once_and_sent_as_it_is)
{
	struct ws_compressed shared = { .is_tried = { false } };
	int i;

	for (i = 0; i < 49; i++)
		ck_assert(!packs(hard(10000), WS_WINDOW_FULL, &shared));

	ck_assert_uint_eq(packer.bytes, 10000);
	ck_assert_ptr_null(shared.bytes[WS_WINDOW_FULL]);
}
END_TEST

START_TEST(a_message_for_one_is_compressed_for_it)
{
	ck_assert(packs(easy(10000), WS_WINDOW_FULL, NULL));
	ck_assert(packs(easy(10000), WS_WINDOW_SMALL, NULL));
	ck_assert(!packs(hard(10000), WS_WINDOW_FULL, NULL));
	ck_assert_uint_eq(packer.bytes, 3 * 10000);
}
END_TEST

START_TEST(small_and_large_messages_stay_as_they_are)
{
	ck_assert(!packs(easy(SMALLEST - 1), WS_WINDOW_FULL, NULL));
	ck_assert(!packs(easy(LARGEST + 1), WS_WINDOW_FULL, NULL));
	ck_assert_uint_eq(packer.bytes, 0);
	ck_assert(packs(easy(SMALLEST), WS_WINDOW_FULL, NULL));
	now_ms += 1000;
	ck_assert(packs(easy(LARGEST), WS_WINDOW_FULL, NULL));
}
END_TEST

/* How many messages of half the largest size are compressed now. */
static int
packed_now(void)
{
	int n = 0;

	while (n < 10 && packs(easy(HALF), WS_WINDOW_FULL, NULL))
		n++;
	return n;
}

START_TEST(what_is_compressed_at_once_has_a_limit)
{
	ck_assert_int_eq(packed_now(), 2);
	/* Nothing comes back before there is room for all of it. */
	now_ms += HALF / (RATE / 1000);
	ck_assert_int_eq(packed_now(), 0);
	now_ms++;
	ck_assert_int_eq(packed_now(), 1);
	now_ms += 3600000;
	ck_assert_int_eq(packed_now(), 2);
}
END_TEST

START_TEST(what_found_no_room_may_be_tried_again)
{
	struct ws_compressed shared = { .is_tried = { false } };

	ck_assert_int_eq(packed_now(), 2);
	ck_assert(!packs(easy(10000), WS_WINDOW_FULL, &shared));
	now_ms += 11;
	ck_assert(packs(easy(10000), WS_WINDOW_FULL, &shared));
	/* What is there needs none. */
	ck_assert_int_eq(packed_now(), 0);
	ck_assert(packs(easy(10000), WS_WINDOW_FULL, &shared));
	ws_compressed_clear(&shared);
}
END_TEST

START_TEST(the_limit_can_be_changed_and_be_none)
{
	ws_compressor_configure(&packer, 0);
	ck_assert_int_eq(packed_now(), 10);
	ws_compressor_configure(&packer, 1000);
	ck_assert_int_eq(packed_now(), 2);
	now_ms += 11000;
	ck_assert_int_eq(packed_now(), 0);
}
END_TEST

void
suite_add(TCase *tc)
{
	const TTest *const tests[] = {
		readers_of_a_message_have_one_form_of_it,
		readers_with_smaller_windows_have_one_among_them,
		what_does_not_shrink_is_tried_once_and_sent_as_it_is,
		a_message_for_one_is_compressed_for_it,
		small_and_large_messages_stay_as_they_are,
		what_is_compressed_at_once_has_a_limit,
		what_found_no_room_may_be_tried_again,
		the_limit_can_be_changed_and_be_none,
	};
	size_t i;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tc, tests[i]);
}
