/*
 * The opening handshake with any field values.  The input: a byte of options,
 * then one line a field, in the order of the table below; a line "-" leaves the
 * field out, and lines that are missing leave it as it should be.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "wire/ws_handshake.h"

enum {
	OPTION_COMPRESSION = 1,
	OPTION_SUBPROTOCOL = 2	/* the last field is the one configured */
};

enum {
	FIELD_METHOD,
	FIELD_HTTP_VERSION,
	FIELD_CONNECTION,
	FIELD_UPGRADE,
	FIELD_KEY,
	FIELD_VERSION,
	FIELD_PROTOCOL,
	FIELD_EXTENSIONS,
	FIELD_SUBPROTOCOL,
	FIELDS
};

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Cut the text into its lines. */
static void
read_fields(char *text, const char *fields[FIELDS])
{
	char *line;
	size_t i;

	for (i = 0; i < FIELDS && (line = strsep(&text, "\n")) != NULL; i++)
		fields[i] = strcmp(line, "-") == 0 ? NULL : line;
	if (fields[FIELD_METHOD] == NULL)
		fields[FIELD_METHOD] = "";
	if (fields[FIELD_HTTP_VERSION] == NULL)
		fields[FIELD_HTTP_VERSION] = "";
}

/* What we answer is an offer that would get the same answer. */
static void
check_extensions(const struct ws_handshake *handshake)
{
	const struct ws_deflate_params *agreed = &handshake->params;
	struct ws_deflate_params params;
	char response[WS_DEFLATE_RESPONSE_SIZE];

	if (ws_deflate_negotiate(handshake->extensions, &params, response) !=
	    WS_DEFLATE_ACCEPTED)
		abort();
	assert(strcmp(response, handshake->extensions) == 0);
	assert(params.server_max_window_bits == agreed->server_max_window_bits);
	assert(params.client_max_window_bits == agreed->client_max_window_bits);
	assert(params.server_max_window_bits >= 9);
}

/* What is accepted was asked for. */
static void
check_accepted(const struct ws_handshake_request *request,
    const struct ws_handshake_policy *policy,
    const struct ws_handshake *handshake)
{
	const char *chosen = handshake->subprotocol;

	assert(ws_handshake_is_wanted(request->upgrade));
	assert(strlen(handshake->accept) == WS_ACCEPT_CHARS);
	assert(handshake->deflate == (handshake->extensions[0] != '\0'));
	assert(policy->compression || !handshake->deflate);
	assert((request->protocol == NULL) == (*chosen == '\0'));
	assert(strspn(chosen, WS_TOKEN_CHARS) == strlen(chosen));
	assert(*chosen == '\0' || strstr(request->protocol, chosen) != NULL);
	if (policy->subprotocol != NULL && *policy->subprotocol != '\0')
		assert(strcmp(chosen, policy->subprotocol) == 0);
	if (handshake->deflate)
		check_extensions(handshake);
}

static void
decide(uint8_t options, char *text)
{
	const char *fields[FIELDS] = { "GET", "HTTP/1.1", "Upgrade",
	    "websocket", "dGhlIHNhbXBsZSBub25jZQ==", "13", NULL, NULL, NULL };
	struct ws_handshake_request request;
	struct ws_handshake_policy policy = { NULL, false };
	struct ws_handshake handshake;

	read_fields(text, fields);
	request = (struct ws_handshake_request){
		.method = fields[FIELD_METHOD],
		.http_version = fields[FIELD_HTTP_VERSION],
		.connection = fields[FIELD_CONNECTION],
		.upgrade = fields[FIELD_UPGRADE],
		.key = fields[FIELD_KEY],
		.version = fields[FIELD_VERSION],
		.protocol = fields[FIELD_PROTOCOL],
		.extensions = fields[FIELD_EXTENSIONS],
	};
	policy.compression = (options & OPTION_COMPRESSION) != 0;
	if ((options & OPTION_SUBPROTOCOL) != 0)
		policy.subprotocol = fields[FIELD_SUBPROTOCOL];
	ws_handshake_decide(&request, &policy, &handshake);
	if (handshake.status == 101)
		check_accepted(&request, &policy, &handshake);
	else
		assert(handshake.status == 400 || handshake.status == 426);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (len == 0)
		return 0;
	/* A field cannot carry a NUL: what is behind one is not there. */
	text = xcalloc(1, len);
	memcpy(text, data + 1, len - 1);
	decide(data[0], text);
	free(text);
	return 0;
}
