#include "fcgi_head.h"

#include <stdint.h>
#include <string.h>

#include "base/number.h"
#include "wire/fcgi_parser.h"

const char *const fcgi_head_params[] = {
	"REQUEST_METHOD", "REQUEST_URI", "REMOTE_ADDR", "CONTENT_TYPE",
	"CONTENT_LENGTH", "HTTP_AUTHORIZATION", "HTTP_ORIGIN",
	"HTTP_X_FORWARDED_FOR", "HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH",
	NULL
};

/* A param; NULL also if it is empty, as absent fields may be sent so. */
static const char *
param(const struct fcgi_parser *parser, const struct fcgi_request *request,
    const char *name)
{
	const char *value = fcgi_request_param(parser, request, name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

/*
 * Read who the web server's client is.  One that came by a UNIX-domain socket
 * has no address: some say "unix:" then, others nothing.
 */
static int
read_client(const char *text, struct address *address)
{
	*address = (struct address){ .is_known = false };
	if (text == NULL)
		return -1;
	if (text[0] == '\0' || strcmp(text, "unix:") == 0)
		return 0;
	return address_parse_zoned(text, strlen(text), address);
}

enum fcgi_head_status
fcgi_head_read(const struct fcgi_parser *parser,
    const struct fcgi_request *request, struct fcgi_head *head)
{
	const char *length = param(parser, request, "CONTENT_LENGTH");
	const char *uri = param(parser, request, "REQUEST_URI");
	struct exchange_request *to = &head->request;

	*to = (struct exchange_request){
		.transport = TRANSPORT_FASTCGI,
		.method = param(parser, request, "REQUEST_METHOD"),
		.target = &head->target,
		.origin = param(parser, request, "HTTP_ORIGIN"),
		.content_type = param(parser, request, "CONTENT_TYPE"),
		.authorization = param(parser, request, "HTTP_AUTHORIZATION"),
		.forwarded_for = param(parser, request,
		    "HTTP_X_FORWARDED_FOR"),
		.accept_encoding = param(parser, request,
		    "HTTP_ACCEPT_ENCODING"),
		.if_none_match = param(parser, request, "HTTP_IF_NONE_MATCH"),
	};
	head->has_length = length != NULL;
	if (to->method == NULL || uri == NULL ||
	    http_target_parse(to->method, uri, &head->target) == -1 ||
	    (length != NULL &&
	    number_parse(length, UINT64_MAX, &to->content_length) == -1))
		return FCGI_HEAD_MALFORMED;
	if (read_client(fcgi_request_param(parser, request, "REMOTE_ADDR"),
	    &to->address) == -1)
		return FCGI_HEAD_NO_CLIENT;
	return FCGI_HEAD_READ;
}
