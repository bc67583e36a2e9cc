#include "admin_query.h"

#include <string.h>

#include "base/query.h"

/* A session's or a customer's id, whichever is the longer, and a NUL. */
enum { VALUE_BYTES = SESSION_NAME_MAX + 1 };

static const char *
parse_session(const char *value, struct admin_query *parsed)
{
	if (parsed->session[0] != '\0')
		return "two sessions";
	if (!session_name_is_valid(value, strlen(value)))
		return "session is not an id";
	memcpy(parsed->session, value, strlen(value) + 1);
	return NULL;
}

static const char *
parse_customer(const char *value, struct admin_query *parsed)
{
	if (parsed->has_customer)
		return "two customers";
	parsed->has_customer = true;
	return customer_id_parse(value, strlen(value), &parsed->customer) ==
	    -1 ? "customer is not an id" : NULL;
}

static const char *
parse_field(const struct query_field *field, struct admin_query *parsed)
{
	char value[VALUE_BYTES];

	if (field->value == NULL)
		return "unknown parameter";
	/* What cannot be unescaped is "", which is no id either. */
	(void)query_decode(field, value, sizeof(value));
	if (query_field_is(field, "session"))
		return parse_session(value, parsed);
	if (query_field_is(field, "customer"))
		return parse_customer(value, parsed);
	return "unknown parameter";
}

const char *
admin_query_parse(const char *query, struct admin_query *parsed)
{
	struct query_field field;
	const char *fault;

	*parsed = (struct admin_query){ .has_customer = false };
	while (query_next(&query, &field) == 0) {
		fault = parse_field(&field, parsed);
		if (fault != NULL)
			return fault;
	}
	return parsed->session[0] == '\0' ? "no session" : NULL;
}
