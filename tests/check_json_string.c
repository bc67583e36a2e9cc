#include "suite.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "wire/json_string.h"

const char suite_name[] = "json_string";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Values, and their characters, of which there are len; NULL for none. */
static const struct {
	const char *value;
	const char *text;
	size_t	 len;
} cases[] = {
	{ "\"\"", "", 0 },
	{ "\"plain\"", "plain", 5 },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8 },
	{ "\"\\u0000a\"", "\0a", 2 },
	{ "\"\\u007f\\u0080\"", "\x7f\xc2\x80", 3 },
	{ "\"\\u07ff\\u0800\"", "\xdf\xbf\xe0\xa0\x80", 5 },
	{ "\"\\uD7FF\\ue000\\uFffF\"",
	    "\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 9 },
	{ "\"\\ud800\\udc00\\uDBFF\\uDFFF\"",
	    "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8 },
	{ "\"\xc3\xa9\xf0\x9f\x98\x80\"", "\xc3\xa9\xf0\x9f\x98\x80", 6 },
	{ "\"\\\\ud800\"", "\\ud800", 6 },
	{ "\"\\ud800\"", NULL, 0 },
	{ "\"\\udc00\\ud800\"", NULL, 0 },
	{ "\"\\ud800\\ud800\\udc00\"", NULL, 0 },
	{ "\"\\ud800x\"", NULL, 0 },
	{ "\"\\ud800\\n\"", NULL, 0 },
	{ "7", NULL, 0 },
	{ "null", NULL, 0 },
	{ "[\"a\"]", NULL, 0 },
};

START_TEST(the_characters_of_a_string_are_decoded)
{
	size_t len = strlen(cases[_i].value), n = 0;
	/* So that a sanitizer sees what is read or written beyond. */
	char *value = xcalloc(1, len), *out = xcalloc(1, len);
	bool is_text = cases[_i].text != NULL;

	memcpy(value, cases[_i].value, len);
	ck_assert_int_eq(json_string_decode(value, len, out, &n),
	    is_text ? 0 : -1);
	ck_assert_uint_eq(n, cases[_i].len);
	if (is_text)
		ck_assert_int_eq(memcmp(out, cases[_i].text, n), 0);
	free(value);
	free(out);
}
END_TEST

START_TEST(the_end_of_a_string_is_its_quote)
{
	static const char *const strings[] = {
		"\"\"", "\"a\"", "\"\\\"\"", "\"\\\\\"", "\"\\\\\\\"x\"",
	};
	char text[32];
	size_t i;

	for (i = 0; i < COUNT(strings); i++) {
		(void)strcpy(text, strings[i]);
		(void)strcat(text, ",\"\"");
		ck_assert_ptr_eq(json_string_end(text),
		    text + strlen(strings[i]));
	}
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_loop_test(tc, the_characters_of_a_string_are_decoded, 0,
	    COUNT(cases));
	tcase_add_test(tc, the_end_of_a_string_is_its_quote);
}
