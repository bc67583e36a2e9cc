#include "bad_request.h"

#include <inttypes.h>

#include "answer_body.h"
#include "base/log.h"

static const struct {
	unsigned status;
	const char *name;
	const char *field;	/* of the error */
} statuses[BAD_REQUEST_STATUSES] = {
	[BAD_REQUEST_400] = { 400, "400", "request" },
	[BAD_REQUEST_413] = { 413, "413", "length" },
	[BAD_REQUEST_414] = { 414, "414", "url" },
	[BAD_REQUEST_431] = { 431, "431", "head" },
	[BAD_REQUEST_OTHER] = { 0, "other", "request" },
};

static enum bad_request_status
status_of(unsigned status)
{
	enum bad_request_status i = 0;

	while (i < BAD_REQUEST_OTHER && statuses[i].status != status)
		i++;
	return i;
}

void
bad_request_count(struct bad_requests *refused, const char *name,
    unsigned status, uint64_t now_ms)
{
	refused->counts[status_of(status)]++;
	refused->unlogged++;
	if (!log_is_due(&refused->next_ms, now_ms))
		return;
	log_info("%s: requests refused as malformed or for a large head: %"
	    PRIu64 ", the last one with status %u", name,
	    refused->unlogged, status);
	refused->unlogged = 0;
}

struct payload *
bad_request_body(unsigned status)
{
	const struct message_error error = {
		.code = REFUSAL_INVALID_MESSAGE,
		.field = statuses[status_of(status)].field,
	};

	return answer_body_error(&error);
}

const char *
bad_request_status_name(enum bad_request_status status)
{
	return statuses[status].name;
}
