/* The target of a request of the shop's server: its path and its query. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/api_query.h"
#include "base/xalloc.h"
#include "wire/http_target.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const patterns[] = {
	"/v1/sessions", "/v1/sessions/*", "/v1/sessions/*/customers/*",
};

/* The session that a path names is an id, if it is taken for one. */
static void
read_names(const char *path)
{
	struct api_query query = { .limit = 0 };
	struct api_names names;
	size_t i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (!api_path_matches(path, patterns[i], &names))
			continue;
		assert(names.count == i);
		if (api_query_read_names(&names, &query) == REFUSAL_NONE &&
		    names.count > 0)
			assert(session_id_is_valid(query.session,
			    strlen(query.session)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xcalloc(1, len + 1), path[API_PATH_BYTES];
	struct api_query query = { .after_row = 0 };
	struct http_target target;

	memcpy(text, data, len);
	if (http_target_parse("GET", text, &target) == 0) {
		if (api_path_normalize(&target, path) == 0)
			read_names(path);
		if (api_query_read(target.query, UINT32_MAX, &query) == NULL)
			assert(query.limit > 0 &&
			    query.limit <= API_LIMIT_MAX &&
			    query.after_row >= 0 && query.wait_s <= 55 &&
			    query.state <= API_STATE_READY);
	}
	free(text);
	return 0;
}
