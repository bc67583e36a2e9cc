#include "status_counts.h"

static const struct {
	unsigned status;
	const char *name;
} statuses[STATUS_COUNTS] = {
	{ 200, "200" },
	{ 400, "400" },
	{ 401, "401" },
	{ 404, "404" },
	{ 405, "405" },
	{ 413, "413" },
	{ 415, "415" },
	{ 429, "429" },
	{ 501, "501" },
	{ 503, "503" },
	{ 0, "other" },		/* and all that are not above */
};

void
status_counts_add(struct status_counts *counts, unsigned status)
{
	unsigned i = 0;

	while (i < STATUS_COUNTS - 1 && statuses[i].status != status)
		i++;
	counts->counts[i]++;
}

const char *
status_counts_name(unsigned i)
{
	return statuses[i].name;
}
