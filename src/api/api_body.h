#ifndef API_BODY_H
#define API_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "session/refusal.h"

struct exchange_request;

/*
 * The body of a request of the shop's server, in which nothing is said: it is
 * empty, or {} for those who cannot send none.
 */
struct api_body {
	struct buf text;
	bool	 is_json;		/* it would be, by its type */
};

void	 api_body_init(struct api_body *body,
	    const struct exchange_request *request);
void	 api_body_clear(struct api_body *body);

/* More of it; -1 if it gets too large. */
int	 api_body_add(struct api_body *body, const void *data, size_t len)
	    __attribute__((warn_unused_result));
/* REFUSAL_NONE if it is as it should be; otherwise why may say more. */
enum refusal api_body_judge(const struct api_body *body, const char **why);

#endif
