#include "setting_report.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/database_name.h"
#include "base/log.h"
#include "settings_table.h"

/* Longer keys are shown cut. */
#define KEY_BYTES 64

static void
show_key(const char *key, char shown[KEY_BYTES])
{
	char *c;

	/* One that stands in the wrong place may have a password. */
	(void)snprintf(shown, KEY_BYTES, "%s",
	    database_name_is_postgresql(key) ? "postgresql" : key);
	for (c = shown; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("-_.", *c) == NULL)
			*c = '?';
}

/* What finds no room is in the log alone. */
static void
add_report_line(struct buf *lines, const char *where, const char *key,
    const char *colon, const char *what)
{
	size_t room = strlen(where) + strlen(key) + strlen(what) + 8;
	char *line = buf_reserve(lines, room);

	if (line != NULL)
		buf_added(lines, (size_t)snprintf(line, room, "%s: %s%s%s\n",
		    where, key, colon, what));
}

void
setting_report(struct setting_report *report, const char *where,
    const char *key, const char *what)
{
	char shown[KEY_BYTES] = "";
	const char *colon = key == NULL ? "" : ": ";

	if (key != NULL)
		show_key(key, shown);
	report->problems++;
	if (report->is_plain)
		(void)fprintf(stderr, "%s: %s%s%s\n", where, shown, colon,
		    what);
	else
		log_errorx("%s: %s%s%s", where, shown, colon, what);
	if (report->lines != NULL)
		add_report_line(report->lines, where, shown, colon, what);
}

void
setting_report_unknown(struct setting_report *report, const char *where,
    const char *key)
{
	char what[SETTING_PROBLEM_BYTES];

	(void)snprintf(what, sizeof(what), "unknown key; the nearest is %s",
	    settings_nearest(key)->key);
	setting_report(report, where, key, what);
}
