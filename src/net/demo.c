#include "demo.h"

#include <string.h>

#include "base/buf.h"
#include "exchange.h"
#include "net/demo_page.h"
#include "session_path.h"

bool
demo_answer(const char *base_path, const struct exchange_request *request,
    struct exchange_answer *answer)
{
	if (strcmp(request->method, "GET") != 0 ||
	    !session_path_is_base(base_path, request->target))
		return false;
	answer->status = 200;
	answer->body = payload_new(demo_page, sizeof(demo_page) - 1);
	answer->content_type = "text/html; charset=utf-8";
	answer->security_policy = demo_policy;
	return true;
}
