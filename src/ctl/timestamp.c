#include "timestamp.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/number.h"
#include "base/text.h"

enum {
	SECOND_MS = 1000,
	MINUTE_S = 60,
	HOUR_S = 3600,
	DAY_S = 86400,
	WEEK_S = 7 * DAY_S
};

#define LAST_MS UINT64_C(253402300799999)	/* of the year 9999 */

/* What is left to read. */
struct scan {
	const char *at;
};

struct date_time {
	int	 year, month, day;	/* from 1 */
	int	 hour, minute, second;
	int	 ms;
	bool	 has_zone;
	int	 zone_s;		/* east of UTC */
};

static bool
take_char(struct scan *scan, char c)
{
	if (*scan->at != c)
		return false;
	scan->at++;
	return true;
}

/* Exactly that many digits. */
static int
take_digits(struct scan *scan, int digits, int *number)
{
	int n = 0;

	for (; digits > 0; digits--, scan->at++) {
		if (!isdigit((unsigned char)*scan->at))
			return -1;
		n = n * 10 + (*scan->at - '0');
	}
	*number = n;
	return 0;
}

/* Any digits, but no number over max. */
static int
take_number(struct scan *scan, uint64_t max, uint64_t *number)
{
	size_t n = number_scan(scan->at, strlen(scan->at), max, number);

	scan->at += n;
	return n > 0 ? 0 : -1;
}

/* ".5" as milliseconds; what is finer is cut off. */
static int
take_fraction(struct scan *scan, int *ms)
{
	int weight = SECOND_MS / 10;

	*ms = 0;
	if (!take_char(scan, '.'))
		return 0;
	if (!isdigit((unsigned char)*scan->at))
		return -1;
	for (; isdigit((unsigned char)*scan->at); scan->at++) {
		*ms += (*scan->at - '0') * weight;
		weight /= 10;
	}
	return 0;
}

static int
take_zone(struct scan *scan, struct date_time *t)
{
	int hours, minutes, sign;

	if (*scan->at == '\0')
		return 0;
	t->has_zone = true;
	if (take_char(scan, 'Z') || take_char(scan, 'z'))
		return 0;
	sign = *scan->at == '-' ? -1 : 1;
	if (!take_char(scan, '+') && !take_char(scan, '-'))
		return -1;
	if (take_digits(scan, 2, &hours) == -1 || !take_char(scan, ':') ||
	    take_digits(scan, 2, &minutes) == -1 || hours > 23 ||
	    minutes > 59)
		return -1;
	t->zone_s = sign * (hours * HOUR_S + minutes * MINUTE_S);
	return 0;
}

static int
take_time_of_day(struct scan *scan, struct date_time *t)
{
	if (*scan->at == '\0')
		return 0;
	if (!take_char(scan, 'T') && !take_char(scan, 't') &&
	    !take_char(scan, ' '))
		return -1;
	if (take_digits(scan, 2, &t->hour) == -1 || !take_char(scan, ':') ||
	    take_digits(scan, 2, &t->minute) == -1)
		return -1;
	if (take_char(scan, ':') && (take_digits(scan, 2, &t->second) == -1 ||
	    take_fraction(scan, &t->ms) == -1))
		return -1;
	/* A leap second is the next minute's first. */
	return t->hour > 23 || t->minute > 59 || t->second > 60 ? -1 :
	    take_zone(scan, t);
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool
is_day(const struct date_time *t)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
	    31 };

	return t->month >= 1 && t->month <= 12 && t->day >= 1 && t->day <=
	    days[t->month - 1] + (t->month == 2 && is_leap(t->year) ? 1 : 0);
}

/* Seconds since 1970; negative before. */
static int64_t
seconds_of(const struct date_time *t)
{
	struct tm tm = {
		.tm_year = t->year - 1900,
		.tm_mon = t->month - 1,
		.tm_mday = t->day,
		.tm_hour = t->hour,
		.tm_min = t->minute,
		.tm_sec = t->second,
		.tm_isdst = -1,		/* mktime() finds out */
	};

	return t->has_zone ? (int64_t)timegm(&tm) - t->zone_s :
	    (int64_t)mktime(&tm);
}

static int
fail(char problem[TIMESTAMP_PROBLEM_BYTES], const char *what)
{
	xsnprintf(problem, TIMESTAMP_PROBLEM_BYTES, "%s", what);
	return -1;
}

static int
parse_rfc3339(struct scan scan, uint64_t *ms,
    char problem[TIMESTAMP_PROBLEM_BYTES])
{
	struct date_time t = { .year = 0 };
	int64_t seconds;

	if (take_digits(&scan, 4, &t.year) == -1 || !take_char(&scan, '-') ||
	    take_digits(&scan, 2, &t.month) == -1 || !take_char(&scan, '-') ||
	    take_digits(&scan, 2, &t.day) == -1 ||
	    take_time_of_day(&scan, &t) == -1 || *scan.at != '\0')
		return fail(problem, "not a time: write it as "
		    "2026-11-22T16:34:24Z, 2026-11-22, @1795365264 or 2h");
	if (!is_day(&t))
		return fail(problem, "there is no such day");
	seconds = seconds_of(&t);
	if (seconds < 0)
		return fail(problem, "before 1970");
	*ms = (uint64_t)seconds * SECOND_MS + (uint64_t)t.ms;
	return *ms <= LAST_MS ? 0 : fail(problem, "after 9999");
}

static int
parse_epoch(struct scan scan, uint64_t *ms,
    char problem[TIMESTAMP_PROBLEM_BYTES])
{
	uint64_t seconds;
	int fraction;

	if (take_number(&scan, LAST_MS / SECOND_MS, &seconds) == -1 ||
	    take_fraction(&scan, &fraction) == -1 || *scan.at != '\0')
		return fail(problem, "not seconds since 1970, as @1795365264");
	*ms = seconds * SECOND_MS + (uint64_t)fraction;
	return 0;
}

/* Seconds of one unit, 0 if there is none of that letter. */
static uint64_t
unit_s(char letter)
{
	switch (letter) {
	case 's':
		return 1;
	case 'm':
		return MINUTE_S;
	case 'h':
		return HOUR_S;
	case 'd':
		return DAY_S;
	case 'w':
		return WEEK_S;
	}
	return 0;
}

static int
parse_relative(struct scan scan, uint64_t now_ms, uint64_t *ms,
    char problem[TIMESTAMP_PROBLEM_BYTES])
{
	uint64_t ago_s = 0, number, unit;

	do {
		if (take_number(&scan, LAST_MS / SECOND_MS, &number) == -1 ||
		    (unit = unit_s(*scan.at)) == 0)
			return fail(problem, "not a time that long ago: "
			    "write it as 90s, 15m, 2h, 3d or 1w");
		scan.at++;
		ago_s += number * unit;
		if (ago_s > now_ms / SECOND_MS)
			return fail(problem, "before 1970");
	} while (*scan.at != '\0' && strcmp(scan.at, " ago") != 0);
	*ms = now_ms - ago_s * SECOND_MS;
	return 0;
}

int
timestamp_parse(const char *text, uint64_t now_ms, uint64_t *ms,
    char problem[TIMESTAMP_PROBLEM_BYTES])
{
	struct scan scan = { .at = text };
	size_t digits = strspn(text, "0123456789");

	if (strcmp(text, "now") == 0) {
		*ms = now_ms;
		return 0;
	}
	if (take_char(&scan, '@'))
		return parse_epoch(scan, ms, problem);
	if (digits > 0 && isalpha((unsigned char)text[digits]))
		return parse_relative(scan, now_ms, ms, problem);
	return parse_rfc3339(scan, ms, problem);
}

void
timestamp_format(uint64_t ms, char out[TIMESTAMP_CHARS + 1])
{
	uint64_t shown = ms < LAST_MS ? ms : LAST_MS;
	time_t seconds = (time_t)(shown / SECOND_MS);
	char date[TIMESTAMP_CHARS + 1];
	struct tm tm;

	(void)gmtime_r(&seconds, &tm); /* of a year that fits */
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	xsnprintf(out, TIMESTAMP_CHARS + 1, "%.19s.%03uZ", date,
	    (unsigned)(shown % SECOND_MS));
}
