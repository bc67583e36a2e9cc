/* What names a database: on a command line, in a file, in the environment. */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/database_name.h"
#include "base/xalloc.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* All of a path is shown, nothing of what has a fault, no more of the rest. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *name = xcalloc(1, len + 1), *shown;
	bool is_hidden;

	memcpy(name, data, len);
	shown = database_name_show(name);
	is_hidden = strcmp(shown, "***") == 0;
	if (database_name_is_postgresql(name))
		assert((database_name_fault(name) != NULL) == is_hidden);
	else
		assert(strcmp(shown, name) == 0);
	assert(strlen(shown) <= 4 * strlen(name) + 3);
	free(shown);
	free(name);
	return 0;
}
