#include "health.h"

#include "base/buf.h"
#include "base/text.h"

#define HEALTH_BYTES 160

static bool
is_older(uint64_t since_us, uint64_t now_us, uint64_t ms)
{
	return now_us > since_us && (now_us - since_us) / 1000 >= ms;
}

enum health
health_judge(const struct health_signs *signs)
{
	if (signs->is_draining)
		return HEALTH_DRAINING;
	/* What waits for the server is not stuck. */
	if (signs->is_unreachable)
		return HEALTH_UNREACHABLE;
	if (signs->busy_since_us != 0 &&
	    is_older(signs->busy_since_us, signs->now_us, HEALTH_STUCK_MS))
		return HEALTH_STUCK;
	if (signs->refused_us != 0 &&
	    !is_older(signs->refused_us, signs->now_us, HEALTH_REFUSED_MS))
		return HEALTH_REFUSED;
	return HEALTH_READY;
}

struct payload *
health_format(enum health health)
{
	static const struct {
		const char *reason;
		const char *message;
	} faults[] = {
		[HEALTH_DRAINING] = { "draining", "The daemon is stopping." },
		[HEALTH_REFUSED] = { "storageRefused",
		    "Changes could not be written to the database; "
		    "the log says why." },
		[HEALTH_STUCK] = { "storageStuck",
		    "The storage does not come back." },
		[HEALTH_UNREACHABLE] = { "storageUnreachable",
		    "The database's server cannot be reached." },
	};
	char text[HEALTH_BYTES];
	size_t len;

	if (health == HEALTH_READY)
		len = xsnprintf(text, sizeof(text), "{\"ready\":true}\n");
	else
		len = xsnprintf(text, sizeof(text), "{\"ready\":false,"
		    "\"reason\":\"%s\",\"message\":\"%s\"}\n",
		    faults[health].reason, faults[health].message);
	return payload_new(text, len);
}
