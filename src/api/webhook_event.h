#ifndef WEBHOOK_EVENT_H
#define WEBHOOK_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/event_type.h"

struct payload;

/* An event as webhooks have it. */

/* Where an event stands: one row of the journal may make several. */
struct webhook_place {
	int64_t	 seq;
	unsigned part;		/* 0, 1, 2 */
};

struct webhook_event {
	struct webhook_place place;
	enum event_type type;
	uint64_t time_ms;	/* when it happened; wall */
	bool	 has_account;	/* the body has what may be erased */
	struct payload *id;	/* its text; a reference */
	struct payload *body;	/* JSON; a reference */
};

#endif
