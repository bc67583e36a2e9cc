/* What is behind the question mark of a request to the admin socket. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin_query.h"
#include "base/text.h"
#include "base/xalloc.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What was understood, written without escapes, is understood as the same. */
static void
parse_again(const struct admin_query *parsed)
{
	char text[sizeof("session=&customer=") + SESSION_NAME_MAX +
	    ID_CUSTOMER_HEX];
	char customer[ID_CUSTOMER_HEX + 1] = "";
	struct admin_query again;

	if (parsed->has_customer)
		customer_id_format(&parsed->customer, customer);
	xsnprintf(text, sizeof(text), "session=%s%s%s", parsed->session,
	    parsed->has_customer ? "&customer=" : "", customer);
	assert(admin_query_parse(text, &again) == NULL);
	assert(strcmp(again.session, parsed->session) == 0);
	assert(again.has_customer == parsed->has_customer);
	assert(memcmp(&again.customer, &parsed->customer,
	    sizeof(again.customer)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xcalloc(1, len + 1);
	struct admin_query parsed;

	memcpy(text, data, len);
	if (admin_query_parse(text, &parsed) == NULL) {
		assert(session_name_is_valid(parsed.session,
		    strlen(parsed.session)));
		parse_again(&parsed);
	}
	free(text);
	return 0;
}
