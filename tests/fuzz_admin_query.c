/* What is behind the question mark of a request to the admin socket. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin_query.h"
#include "base/xalloc.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xcalloc(1, len + 1);
	struct admin_query parsed;

	memcpy(text, data, len);
	if (admin_query_parse(text, &parsed) == NULL) {
		assert(session_id_is_valid(parsed.session,
		    strlen(parsed.session)));
		assert(strstr(text, parsed.session) != NULL);
	}
	free(text);
	return 0;
}
