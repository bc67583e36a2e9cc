#include "getopt_error.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "text.h"

/* Longer options are cut; an escaped byte takes four. */
enum { SHOWN_BYTES = 400 };

static void
escape_option(const char *option, size_t len, char shown[SHOWN_BYTES])
{
	size_t n = 0, i;

	for (i = 0; i < len && n + 5 < SHOWN_BYTES; i++) {
		unsigned char c = (unsigned char)option[i];

		if (c >= 0x20 && c < 0x7f)
			shown[n++] = (char)c;
		else
			n += xsnprintf(shown + n, 5, "\\x%02x", c);
	}
	shown[n] = '\0';
}

/* Whether a long option has that value. */
static bool
is_known(const struct option *names, int value)
{
	for (; names->name != NULL; names++)
		if (names->val == value)
			return true;
	return false;
}

/* Whether the beginning of a name, without dashes, is that of several. */
static bool
is_ambiguous(const struct option *names, const char *name, size_t len)
{
	size_t n = 0;

	for (; names->name != NULL; names++)
		if (strncmp(names->name, name, len) == 0)
			n++;
	return n > 1;
}

void
getopt_error(int c, char *const *argv, const struct option *names,
    char text[GETOPT_ERROR_BYTES])
{
	/* getopt_long() is past a long option, and may not be past a letter. */
	const char *option = argv[optind - 1], *what = "no such option";
	size_t len = strcspn(option, "=");
	char letter[] = { '-', (char)optopt, '\0' }, shown[SHOWN_BYTES];
	bool is_long = strncmp(option, "--", 2) == 0;

	if (c == ':')
		what = "needs an argument";
	else if (optopt == 0 && is_ambiguous(names, option + 2, len - 2))
		what = "short for more than one option";
	else if (optopt != 0 && is_known(names, optopt))
		what = "takes no argument";
	else if (optopt != 0)
		is_long = false;
	if (is_long)
		escape_option(option, len, shown);
	else
		escape_option(letter, 2, shown);
	xsnprintf(text, GETOPT_ERROR_BYTES, "%s: %s", shown, what);
}
