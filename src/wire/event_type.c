#include "event_type.h"

#include <string.h>

static const char *const names[EVENT_TYPES] = {
	[EVENT_SESSION_STARTED] = "session.started",
	[EVENT_CUSTOMER_JOINED] = "customer.joined",
	[EVENT_CUSTOMER_RETURNED] = "customer.returned",
	[EVENT_CART_CHANGED] = "cart.changed",
	[EVENT_CUSTOMER_READY] = "customer.ready",
	[EVENT_CUSTOMER_UNREADY] = "customer.unready",
	[EVENT_SESSION_READY] = "session.ready",
	[EVENT_SESSION_UNREADY] = "session.unready",
	[EVENT_SESSION_LOCKED] = "session.locked",
	[EVENT_SESSION_UNLOCKED] = "session.unlocked",
	[EVENT_CUSTOMER_LEFT] = "customer.left",
	[EVENT_SESSION_ENDED] = "session.ended",
};

const char *
event_type_name(enum event_type type)
{
	return names[type];
}

int
event_type_parse(const char *name, enum event_type *type)
{
	size_t i;

	for (i = 0; i < EVENT_TYPES; i++)
		if (strcmp(names[i], name) == 0) {
			*type = (enum event_type)i;
			return 0;
		}
	return -1;
}
