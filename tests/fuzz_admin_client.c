/* What comes from whoever listens at the admin socket's path. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ctl/admin_client.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xcalloc(1, len + 1);
	const char *body;
	unsigned status;

	memcpy(text, data, len);
	if (admin_client_parse(text, len, &status, &body) == 0) {
		assert(status >= 1 && status <= 999);
		assert(body + strlen(body) == text + len);
	}
	free(text);
	return 0;
}
