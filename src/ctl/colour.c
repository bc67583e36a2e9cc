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
has_colours(void)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && (none == NULL || *none == '\0') &&
	    terminal != NULL && strcmp(terminal, "dumb") != 0;
}

enum ctl_status
colour_choose(const char *choice, bool *is_used)
{
	if (choice == NULL || strcmp(choice, "auto") == 0)
		*is_used = has_colours();
	else if (strcmp(choice, "always") == 0)
		*is_used = true;
	else if (strcmp(choice, "never") == 0)
		*is_used = false;
	else
		return ctl_usage_error("--color: \"%s\" is not auto, always "
		    "or never", choice);
	return CTL_OK;
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
