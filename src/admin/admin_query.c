#include "admin_query.h"

#include <string.h>

/* One name=value of len bytes. */
static const char *
parse_pair(const char *pair, size_t len, struct admin_query *parsed)
{
	static const char session[] = "session=", customer[] = "customer=";
	const size_t session_len = sizeof(session) - 1;
	const size_t customer_len = sizeof(customer) - 1;

	if (len >= session_len && memcmp(pair, session, session_len) == 0) {
		pair += session_len;
		len -= session_len;
		if (parsed->session[0] != '\0')
			return "two sessions";
		if (!session_id_is_valid(pair, len))
			return "session is not an id";
		memcpy(parsed->session, pair, len);
		parsed->session[len] = '\0';
		return NULL;
	}
	if (len >= customer_len && memcmp(pair, customer, customer_len) == 0) {
		if (parsed->has_customer)
			return "two customers";
		parsed->has_customer = true;
		return customer_id_parse(pair + customer_len,
		    len - customer_len, &parsed->customer) == -1 ?
		    "customer is not an id" : NULL;
	}
	return "unknown parameter";
}

const char *
admin_query_parse(const char *query, struct admin_query *parsed)
{
	const char *fault;
	size_t len;

	*parsed = (struct admin_query){ .has_customer = false };
	for (; *query != '\0'; query += len + (query[len] == '&')) {
		len = strcspn(query, "&");
		fault = parse_pair(query, len, parsed);
		if (fault != NULL)
			return fault;
	}
	return parsed->session[0] == '\0' ? "no session" : NULL;
}

int
admin_number_parse(const char *text, uint64_t *number)
{
	uint64_t n = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		unsigned digit = (unsigned)(unsigned char)*text - '0';

		if (digit > 9 || n > UINT64_MAX / 10 ||
		    n * 10 > UINT64_MAX - digit)
			return -1;
		n = n * 10 + digit;
	}
	*number = n;
	return 0;
}
