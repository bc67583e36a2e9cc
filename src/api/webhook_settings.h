#ifndef WEBHOOK_SETTINGS_H
#define WEBHOOK_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/event_type.h"

struct webhook_secrets;

/* Where a shop's events go, and how; strings and lists are lent. */
struct webhook_settings {
	const char *url;		/* "": nowhere */
	const struct webhook_secrets *secrets;	/* not NULL with a URL */
	char *const *events;		/* names of types, or "*" */
	size_t	 events_count;
	bool	 allow_private;
	const char *ca_file;		/* "": what the system trusts */
	unsigned timeout_s;		/* 0: the default */
	uint64_t retry_ms;		/* 0: for ever */
};

/* All of it, to be freed by webhook_settings_free(), which allows NULL. */
struct webhook_settings *webhook_settings_copy(
	    const struct webhook_settings *settings);
void	 webhook_settings_free(struct webhook_settings *settings);

bool	 webhook_settings_are_on(const struct webhook_settings *settings);
/* Whether events of type are wanted. */
bool	 webhook_settings_want(const struct webhook_settings *settings,
	    enum event_type type);

#endif
