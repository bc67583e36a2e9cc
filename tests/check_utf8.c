#include "suite.h"

#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "wire/utf8.h"

const char suite_name[] = "utf8";

struct text {
	const char *bytes;
	size_t	 len;
	size_t	 wrong;		/* which byte is, from 1; 0: none */
	bool	 complete;
};

#define TEXT(s) s, sizeof(s) - 1

static const struct text texts[] = {
	{ TEXT(""), 0, true },
	{ TEXT("a"), 0, true },
	{ TEXT("\0"), 0, true },
	{ TEXT("exactly8"), 0, true },
	{ TEXT("more than two words of eight"), 0, true },
	{ TEXT("\x7f"), 0, true },
	/* U+0080, U+07FF, U+0800, U+FFFF, U+10000, U+10FFFF: the bounds */
	{ TEXT("\xc2\x80"), 0, true },
	{ TEXT("\xdf\xbf"), 0, true },
	{ TEXT("\xe0\xa0\x80"), 0, true },
	{ TEXT("\xef\xbf\xbf"), 0, true },
	{ TEXT("\xf0\x90\x80\x80"), 0, true },
	{ TEXT("\xf4\x8f\xbf\xbf"), 0, true },
	/* U+D7FF, U+E000: around the surrogates; U+FFFE, U+FDD0: nobody's */
	{ TEXT("\xed\x9f\xbf"), 0, true },
	{ TEXT("\xee\x80\x80"), 0, true },
	{ TEXT("\xef\xbf\xbe"), 0, true },
	{ TEXT("\xef\xb7\x90"), 0, true },
	/* the Greek word kosme, then ASCII enough for a word of eight */
	{ TEXT("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"), 0, true },
	{ TEXT("12345678\xc3\xa4" "12345678\xf0\x9f\x9b\x92" "1"), 0, true },
	/* cut off */
	{ TEXT("\xc3"), 0, false },
	{ TEXT("\xe2\x82"), 0, false },
	{ TEXT("\xf0\x9f\x9b"), 0, false },
	{ TEXT("12345678\xf0"), 0, false },
	/* a continuation byte first */
	{ TEXT("\x80"), 1, false },
	{ TEXT("\xbf"), 1, false },
	{ TEXT("\xc3\xa4\xa4"), 3, false },
	{ TEXT("12345678\x80"), 9, false },
	{ TEXT("12345678\x80" "1234567"), 9, false },
	/* a character that does not go on */
	{ TEXT("\xc3" "a"), 2, false },
	{ TEXT("\xe2\x82" "a"), 3, false },
	{ TEXT("\xf0\x9f\x9b" "a"), 4, false },
	{ TEXT("\xc3\xc3"), 2, false },
	/* overlong: U+0000 and U+002F in two to four bytes, U+07FF, U+FFFF */
	{ TEXT("\xc0\x80"), 1, false },
	{ TEXT("\xc1\xbf"), 1, false },
	{ TEXT("\xe0\x80\xaf"), 2, false },
	{ TEXT("\xe0\x9f\xbf"), 2, false },
	{ TEXT("\xf0\x80\x80\xaf"), 2, false },
	{ TEXT("\xf0\x8f\xbf\xbf"), 2, false },
	/* surrogates: U+D800, U+DBFF, U+DC00, U+DFFF */
	{ TEXT("\xed\xa0\x80"), 2, false },
	{ TEXT("\xed\xaf\xbf"), 2, false },
	{ TEXT("\xed\xb0\x80"), 2, false },
	{ TEXT("\xed\xbf\xbf"), 2, false },
	/* above U+10FFFF: U+110000, and bytes that never occur */
	{ TEXT("\xf4\x90\x80\x80"), 2, false },
	{ TEXT("\xf5\x80\x80\x80"), 1, false },
	{ TEXT("\xf8\x88\x80\x80\x80"), 1, false },
	{ TEXT("\xfe"), 1, false },
	{ TEXT("\xff"), 1, false },
	{ TEXT("12345678" "1234567\xff"), 16, false },
};

struct reader {
	const struct text *text;
	struct utf8 utf8;
	bool	 failed;
};

static void
start(void *ctx)
{
	struct reader *reader = ctx;

	reader->utf8 = (struct utf8){ 0 };
	reader->failed = false;
}

static void
piece(void *ctx, uint8_t *bytes, size_t n)
{
	struct reader *reader = ctx;

	if (!reader->failed)
		reader->failed = utf8_feed(&reader->utf8, bytes, n) == -1;
}

static void
check(void *ctx)
{
	struct reader *reader = ctx;

	ck_assert_int_eq(reader->failed, reader->text->wrong != 0);
	if (!reader->failed)
		ck_assert_int_eq(utf8_is_complete(&reader->utf8),
		    reader->text->complete);
}

START_TEST(text_is_judged_alike_however_it_is_cut)
{
	struct reader reader = { .text = &texts[_i] };
	struct feed feed = { start, piece, check, &reader };

	feed_all(&feed, texts[_i].bytes, texts[_i].len);
}
END_TEST

START_TEST(the_first_wrong_byte_is_the_one_that_fails)
{
	const struct text *text = &texts[_i];
	const uint8_t *bytes = (const uint8_t *)text->bytes;
	struct utf8 utf8 = { 0 };
	size_t i, good = text->wrong > 0 ? text->wrong - 1 : text->len;

	for (i = 0; i < good; i++)
		ck_assert_int_eq(utf8_feed(&utf8, bytes + i, 1), 0);
	if (text->wrong > 0)
		ck_assert_int_eq(utf8_feed(&utf8, bytes + i, 1), -1);
}
END_TEST

/* Encode any number below 2^21, allowed or not. */
static size_t
encode(uint32_t c, uint8_t out[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t mark[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t i;

	for (i = n - 1; i > 0; i--) {
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (uint8_t)(mark[n] | c);
	return n;
}

START_TEST(every_character_is_allowed_and_nothing_else)
{
	/* Room for ASCII behind it, as the last bytes are read otherwise. */
	uint8_t bytes[6] = { 0 };
	size_t behind = (size_t)_i;
	uint32_t c;

	for (c = 0; c < 0x200000; c++) {
		bool allowed = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
		struct utf8 utf8 = { 0 };
		size_t n = encode(c, bytes);
		bool fine;

		memset(bytes + n, 'a', sizeof(bytes) - n);
		fine = utf8_feed(&utf8, bytes, n + behind) == 0 &&
		    utf8_is_complete(&utf8);
		if (fine != allowed)
			ck_abort_msg("U+%04X", (unsigned)c);
	}
}
END_TEST

START_TEST(any_three_bytes_are_judged_as_one_at_a_time)
{
	static const uint8_t last[] = { 0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	size_t i;

	for (i = 0; i < 0x10000 * sizeof(last); i++) {
		uint8_t bytes[] = { (uint8_t)i, (uint8_t)(i >> 8),
		    last[i >> 16] };
		struct utf8 whole = { 0 }, cut = { 0 };
		bool fine = utf8_feed(&whole, bytes, 3) == 0;

		if (fine != (utf8_feed(&cut, bytes, 1) == 0 &&
		    utf8_feed(&cut, bytes + 1, 1) == 0 &&
		    utf8_feed(&cut, bytes + 2, 1) == 0) ||
		    (fine && whole.need != cut.need))
			ck_abort_msg("%02x %02x %02x", bytes[0], bytes[1],
			    bytes[2]);
	}
}
END_TEST

void
suite_add(TCase *tc)
{
	const int n = sizeof(texts) / sizeof(texts[0]);

	tcase_add_loop_test(tc, text_is_judged_alike_however_it_is_cut, 0, n);
	tcase_add_loop_test(tc, the_first_wrong_byte_is_the_one_that_fails, 0,
	    n);
	tcase_add_loop_test(tc, every_character_is_allowed_and_nothing_else, 0,
	    3);
	tcase_add_test(tc, any_three_bytes_are_judged_as_one_at_a_time);
}
