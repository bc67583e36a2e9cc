#include "api_query.h"

#include <string.h>

#include "base/number.h"
#include "base/query.h"
#include "wire/http_target.h"
#include "wire/message.h"

enum { VALUE_BYTES = 32 };	/* of a parameter, and more than any has */

int
api_path_normalize(const struct http_target *target, char path[API_PATH_BYTES])
{
	if (target->path_len == 0 ||
	    target->path_len >= API_PATH_BYTES / HTTP_PATH_GROWTH)
		return -1;
	(void)http_path_normalize(target->path, target->path_len, path);
	return 0;
}

bool
api_path_matches(const char *path, const char *pattern,
    struct api_names *names)
{
	size_t len;

	for (names->count = 0; *pattern != '\0'; pattern++) {
		if (*pattern != '*') {
			if (*path++ != *pattern)
				return false;
			continue;
		}
		len = strcspn(path, "/");
		if (len == 0)
			return false;
		names->list[names->count].text = path;
		names->list[names->count++].len = len;
		path += len;
	}
	return *path == '\0';
}

enum refusal
api_query_read_names(const struct api_names *names, struct api_query *query)
{
	if (names->count == 0)
		return REFUSAL_NONE;
	if (!session_id_is_valid(names->list[0].text, names->list[0].len))
		return REFUSAL_INVALID_SESSION;
	memcpy(query->session, names->list[0].text, names->list[0].len);
	query->session[names->list[0].len] = '\0';
	/* What cannot be a customer's id is no customer's. */
	return names->count > 1 && customer_id_parse(names->list[1].text,
	    names->list[1].len, &query->customer) == -1 ?
	    REFUSAL_UNKNOWN_CUSTOMER : REFUSAL_NONE;
}

static const char *
read_limit(const char *value, struct api_query *query)
{
	uint64_t number;

	if (number_parse(value, API_LIMIT_MAX, &number) == -1 || number == 0)
		return "limit is not a number from 1 to 1000";
	query->limit = (size_t)number;
	return NULL;
}

static const char *
read_after(const char *value, struct api_query *query)
{
	uint64_t number;

	if (number_parse(value, INT64_MAX, &number) == -1)
		return "after is not a cursor of an answer before";
	query->has_after = true;
	query->after_row = (int64_t)number;
	return NULL;
}

static const char *
read_state(const char *value, struct api_query *query)
{
	static const char *const states[] = {
		[API_STATE_RUNNING] = "running",
		[API_STATE_EMPTY] = "empty",
		[API_STATE_READY] = "ready",
	};
	enum api_state state;

	for (state = API_STATE_RUNNING; state <= API_STATE_READY; state++)
		if (strcmp(value, states[state]) == 0) {
			query->state = state;
			return NULL;
		}
	return "state is not running, empty or ready";
}

static const char *
read_incarnation(const char *value, struct api_query *query)
{
	if (number_parse(value, INT64_MAX, &query->incarnation) == -1 ||
	    query->incarnation == 0)
		return "incarnation is not a number from 1 on";
	return NULL;
}

static const char *
read_wait(const char *value, struct api_query *query)
{
	uint64_t number;

	if (number_parse(value, INT64_MAX, &number) == -1)
		return "wait is not a whole number of seconds";
	query->wait_s = number < MESSAGE_WAIT_MAX_S ? (unsigned)number :
	    MESSAGE_WAIT_MAX_S;
	return NULL;
}

static const struct parameter {
	const char *name;
	unsigned bit;
	const char *(*read)(const char *value, struct api_query *query);
} known[] = {
	{ "limit", API_PARAMETER_LIMIT, read_limit },
	{ "after", API_PARAMETER_AFTER, read_after },
	{ "state", API_PARAMETER_STATE, read_state },
	{ "incarnation", API_PARAMETER_INCARNATION, read_incarnation },
	{ "wait", API_PARAMETER_WAIT, read_wait },
};

/* Read a field that is one of the parameters left, which it is no more. */
static const char *
read_field(const struct query_field *field, unsigned *left,
    struct api_query *query)
{
	char value[VALUE_BYTES];
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if ((*left & known[i].bit) == 0 ||
		    !query_field_is(field, known[i].name))
			continue;
		*left &= ~known[i].bit;
		/* What cannot be unescaped is "", which none may be. */
		(void)query_decode(field, value, sizeof(value));
		return known[i].read(value, query);
	}
	return "unknown parameter, or one that was there before";
}

const char *
api_query_read(const char *text, unsigned parameters, struct api_query *query)
{
	struct query_field field;
	const char *fault = NULL;

	query->limit = API_LIMIT_DEFAULT;
	query->wait_s = MESSAGE_WAIT_S;
	while (fault == NULL && query_next(&text, &field) == 0)
		fault = read_field(&field, &parameters, query);
	return fault;
}
