#ifndef EVENT_TYPE_H
#define EVENT_TYPE_H

#include <stddef.h>
#include <stdint.h>

/* What the shop's server is told of a session, by name. */

enum event_type {
	EVENT_SESSION_STARTED,
	EVENT_CUSTOMER_JOINED,
	EVENT_CUSTOMER_RETURNED,
	EVENT_CART_CHANGED,
	EVENT_CUSTOMER_READY,
	EVENT_CUSTOMER_UNREADY,
	EVENT_SESSION_READY,
	EVENT_SESSION_UNREADY,
	EVENT_SESSION_LOCKED,
	EVENT_SESSION_UNLOCKED,
	EVENT_CUSTOMER_LEFT,
	EVENT_SESSION_ENDED,
	EVENT_TYPES
};

const char *event_type_name(enum event_type type);
/* -1 if there is no such type. */
int	 event_type_parse(const char *name, enum event_type *type)
	    __attribute__((warn_unused_result));

#endif
