#include "demo.h"

#include <string.h>

#include "base/buf.h"
#include "exchange.h"
#include "net/demo_page.h"

bool
demo_answer(const char *base_path, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	const struct http_target *target = request->target;

	if (strcmp(request->method, "GET") != 0 ||
	    target->path_len != strlen(base_path) ||
	    strncmp(target->path, base_path, target->path_len) != 0)
		return false;
	answer->status = 200;
	answer->body = payload_new(demo_page, sizeof(demo_page) - 1);
	answer->content_type = "text/html; charset=utf-8";
	answer->security_policy = demo_policy;
	return true;
}
