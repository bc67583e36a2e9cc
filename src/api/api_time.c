#include "api_time.h"

#include <time.h>

#include "base/text.h"
#include "wire/json_write.h"

enum { TIME_BYTES = 24 };	/* of SECONDS_MAX, and more */

#define SECONDS_MAX	UINT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

void
api_time_write(struct json_write *json, const char *key, uint64_t ms)
{
	char whole[TIME_BYTES], text[sizeof(whole) + sizeof(".000Z")];
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (ms / 1000 > SECONDS_MAX || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		json_write_literal(json, key, "null");
		return;
	}
	xsnprintf(text, sizeof(text), "%s.%03uZ", whole, (unsigned)(ms % 1000));
	json_write_string(json, key, text);
}
