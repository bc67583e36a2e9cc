#include "refused.h"

#include <inttypes.h>

#include "base/log.h"

enum { LOG_MS = 60000 };	/* between two lines */

static const struct {
	unsigned status;
	const char *name;
} statuses[REFUSED_STATUSES] = {
	[REFUSED_400] = { 400, "400" },
	[REFUSED_413] = { 413, "413" },
	[REFUSED_414] = { 414, "414" },
	[REFUSED_431] = { 431, "431" },
	[REFUSED_OTHER] = { 0, "other" },
};

void
refused_count(struct refused *refused, const char *transport, unsigned status,
    uint64_t now_ms)
{
	enum refused_status i = 0;

	while (i < REFUSED_OTHER && statuses[i].status != status)
		i++;
	refused->counts[i]++;
	refused->unlogged++;
	if (now_ms < refused->next_ms)
		return;
	log_info("%s: requests refused as malformed or for a large head: %"
	    PRIu64 ", the last one with status %u", transport,
	    refused->unlogged, status);
	refused->unlogged = 0;
	refused->next_ms = now_ms + LOG_MS;
}

const char *
refused_status_name(enum refused_status status)
{
	return statuses[status].name;
}
