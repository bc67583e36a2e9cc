#include "exchange.h"

#include <assert.h>
#include <stdio.h>

enum { STATUS_NO_CONTENT = 204 };

static void
add(struct exchange_fields *fields, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	assert(fields->count < EXCHANGE_FIELDS_MAX);
	fields->list[fields->count].name = name;
	fields->list[fields->count].value = value;
	fields->count++;
}

/* What a page asks before it sends a request of another origin. */
static void
add_preflight(struct exchange_fields *fields)
{
	add(fields, "Access-Control-Allow-Methods", "GET, POST, OPTIONS");
	add(fields, "Access-Control-Allow-Headers",
	    "Authorization, Content-Type");
	add(fields, "Access-Control-Max-Age", "86400");
}

static void
add_retry(struct exchange_fields *fields, unsigned seconds)
{
	(void)snprintf(fields->seconds, sizeof(fields->seconds), "%u",
	    seconds);	/* ten digits at most */
	add(fields, "Retry-After", fields->seconds);
	add(fields, "Access-Control-Expose-Headers", "Retry-After");
}

void
exchange_fields(const struct exchange_answer *answer,
    struct exchange_fields *fields)
{
	fields->count = 0;
	if (answer->body != NULL)
		add(fields, "Content-Type", answer->content_type != NULL ?
		    answer->content_type : "application/json");
	add(fields, "Content-Security-Policy", answer->security_policy);
	add(fields, "Cache-Control", "no-store");
	add(fields, "X-Content-Type-Options", "nosniff");
	add(fields, "Access-Control-Allow-Origin", "*");
	if (answer->status == STATUS_NO_CONTENT)
		add_preflight(fields);
	add(fields, "Allow", answer->allow);
	if (answer->retry_after_s != 0)
		add_retry(fields, answer->retry_after_s);
}
