#include "admin_request.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "net/exchange.h"
#include "wire/json_write.h"

enum {
	FORMAT_BYTES = 256,
	RETRY_S = 1
};

struct ucred
admin_request_peer(const struct admin_request *request)
{
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);

	if (getsockopt(request->exchange->fd, SOL_SOCKET, SO_PEERCRED, &peer,
	    &len) == -1)
		log_warn("admin: who asks");
	return peer;
}

bool
admin_request_is_late(const struct admin_request *request,
    struct exchange_answer *answer)
{
	const struct admin_config *config = request->config;

	if (!config->is_draining(config->ctx))
		return false;
	admin_answer_error(answer, 503, "the daemon stops");
	return true;
}

void
admin_answer_json(struct exchange_answer *answer, unsigned status,
    struct payload *json)
{
	answer->status = status;
	answer->body = json;
}

void
admin_answer_format(struct exchange_answer *answer, unsigned status,
    const char *format, ...)
{
	char body[FORMAT_BYTES];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(body, sizeof(body), format, ap);
	va_end(ap);
	admin_answer_json(answer, status, payload_new(body, (size_t)len));
}

void
admin_answer_empty(struct exchange_answer *answer, unsigned status)
{
	struct json_write json;

	json_write_begin(&json, ADMIN_ANSWER_BYTES_MAX);
	admin_answer_json(answer, status, json_write_end(&json));
}

void
admin_answer_error(struct exchange_answer *answer, unsigned status,
    const char *why)
{
	admin_answer_format(answer, status, "{\"error\":\"%s\"}\n", why);
	if (status == 503)
		answer->retry_after_s = RETRY_S;
}
