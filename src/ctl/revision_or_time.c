#include "revision_or_time.h"

#include <string.h>

#include "audit/replay.h"
#include "base/number.h"
#include "base/text.h"

/* A number from 1 on; where it ends. */
static const char *
read_number(const char *text, uint64_t *number)
{
	size_t n = number_scan(text, strlen(text), UINT64_MAX, number);

	return n == 0 || *number == 0 ? NULL : text + n;
}

static int
parse_revision(const char *text, struct audit_point *point)
{
	const char *end = read_number(text, &point->revision);

	point->incarnation = 0;
	if (end != NULL && *end == '.') {
		point->incarnation = point->revision;
		end = read_number(end + 1, &point->revision);
	}
	return end != NULL && *end == '\0' ? 0 : -1;
}

int
revision_or_time_parse(const char *text, uint64_t now_ms,
    struct audit_point *point, char problem[TIMESTAMP_PROBLEM_BYTES])
{
	*point = (struct audit_point){ .moment = AUDIT_REVISION };
	if (parse_revision(text, point) == 0)
		return 0;
	if (*text != '\0' && text[strspn(text, "0123456789.")] == '\0') {
		xsnprintf(problem, TIMESTAMP_PROBLEM_BYTES, "%s",
		    "not a revision, as 12 or 1.12");
		return -1;
	}
	point->moment = AUDIT_TIME;
	return timestamp_parse(text, now_ms, &point->time_ms, problem);
}
