#ifndef API_QUERY_H
#define API_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "session/refusal.h"
#include "session/session.h"

struct http_target;

/* What the target of a request of the shop's server says. */

/* Which sessions are listed. */
enum api_state {
	API_STATE_RUNNING,	/* all that run */
	API_STATE_EMPTY,	/* nobody is present */
	API_STATE_READY		/* somebody is there, and everybody ready */
};

enum {
	API_LIMIT_DEFAULT = 100,	/* sessions or events of a page */
	API_LIMIT_MAX = 1000,
	/* Of a path in normal form, and more than any of ours has. */
	API_PATH_BYTES = 1024,
	API_NAMES_MAX = 2
};

/* Names that stand in a path where its pattern has a *; lent by the path. */
struct api_names {
	struct {
		const char *text;
		size_t	 len;
	} list[API_NAMES_MAX];
	size_t	 count;
};

/* What a request asks for, as far as its route has it. */
struct api_query {
	char	 session[SESSION_ID_MAX + 1];
	struct customer_id customer;
	uint64_t incarnation;		/* 0 if it is not said */
	bool	 has_after;
	int64_t	 after_row;
	size_t	 limit;
	unsigned wait_s;
	enum api_state state;
};

/* Which parameters a route has. */
enum {
	API_PARAMETER_LIMIT = 1,	/* limit=1 to 1000 */
	API_PARAMETER_AFTER = 2,	/* after=CURSOR */
	API_PARAMETER_STATE = 4,	/* state=running, empty or ready */
	API_PARAMETER_INCARNATION = 8,	/* incarnation=N */
	API_PARAMETER_WAIT = 16		/* wait=SECONDS */
};

/* The target's path in normal form; -1 if it is none, or too long. */
int	 api_path_normalize(const struct http_target *target,
	    char path[API_PATH_BYTES]) __attribute__((warn_unused_result));
/* Whether a path is as the pattern has it; names gets what stands for *. */
bool	 api_path_matches(const char *path, const char *pattern,
	    struct api_names *names);

/* Take the session's id and the customer's, as far as there are any. */
enum refusal api_query_read_names(const struct api_names *names,
	    struct api_query *query);
/*
 * Read the parameters of a query, each at most once, in any order.  Returns
 * NULL, or what is wrong in a few words of plain ASCII.
 */
const char *api_query_read(const char *text, unsigned parameters,
	    struct api_query *query) __attribute__((warn_unused_result));

#endif
