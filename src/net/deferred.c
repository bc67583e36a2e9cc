#include "deferred.h"

int
deferred_add_body(struct deferred *deferred, const void *data, size_t len)
{
	return deferred->ops->add_body(deferred, data, len);
}

void
deferred_start(struct deferred *deferred, void (*answered)(void *ctx,
    const struct exchange_answer *answer), void *ctx)
{
	deferred_redirect(deferred, answered, ctx);
	deferred->ops->start(deferred);
}

void
deferred_refuse_body(struct deferred *deferred, void (*answered)(void *ctx,
    const struct exchange_answer *answer), void *ctx)
{
	deferred_redirect(deferred, answered, ctx);
	deferred->ops->refuse_body(deferred);
}

bool
deferred_is_held(const struct deferred *deferred)
{
	return deferred->ops->is_held(deferred);
}

void
deferred_redirect(struct deferred *deferred, void (*answered)(void *ctx,
    const struct exchange_answer *answer), void *ctx)
{
	deferred->answered = answered;
	deferred->ctx = ctx;
}

void
deferred_cancel(struct deferred *deferred)
{
	deferred->ops->cancel(deferred);
}
