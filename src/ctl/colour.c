#include "colour.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ECMA-48, Select Graphic Rendition; colours that all palettes have. */
static const char *const sequences[] = {
	[COLOUR_HEADING] = "\x1b[1m",
	[COLOUR_NAME] = "\x1b[36m",
	[COLOUR_ADDED] = "\x1b[32m",
	[COLOUR_REMOVED] = "\x1b[31m",
	[COLOUR_CHANGED] = "\x1b[33m",
	[COLOUR_WARNING] = "\x1b[35m",
	[COLOUR_FAINT] = "\x1b[2m",
};

static bool
has_colours(int fd)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(fd) && (none == NULL || *none == '\0') &&
	    terminal != NULL && strcmp(terminal, "dumb") != 0;
}

int
colour_choose(const char *choice, int fd, bool *is_used)
{
	if (choice == NULL || strcmp(choice, "auto") == 0)
		*is_used = has_colours(fd);
	else if (strcmp(choice, "always") == 0)
		*is_used = true;
	else if (strcmp(choice, "never") == 0)
		*is_used = false;
	else
		return -1;
	return 0;
}

void
colour_begin(FILE *out, bool is_used, enum colour colour)
{
	if (is_used)
		fputs(sequences[colour], out);
}

void
colour_end(FILE *out, bool is_used)
{
	if (is_used)
		fputs("\x1b[0m", out);
}
