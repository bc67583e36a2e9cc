#include "webhook_settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/webhook_secrets.h"

/* With what its pointers point to, which the copy owns. */
struct copy {
	struct webhook_settings settings;	/* the first */
	char	*url;
	char	*ca_file;
	struct webhook_secrets *secrets;
	char	**events;
};

struct webhook_settings *
webhook_settings_copy(const struct webhook_settings *settings)
{
	struct copy *copy = xcalloc(1, sizeof(*copy));
	size_t i;

	copy->settings = *settings;
	copy->url = xstrdup(settings->url);
	copy->ca_file = xstrdup(settings->ca_file);
	copy->events = xcalloc(settings->events_count + 1,
	    sizeof(*copy->events));
	for (i = 0; i < settings->events_count; i++)
		copy->events[i] = xstrdup(settings->events[i]);
	if (settings->secrets != NULL) {
		copy->secrets = xcalloc(1, sizeof(*copy->secrets));
		*copy->secrets = *settings->secrets;
	}
	copy->settings.url = copy->url;
	copy->settings.ca_file = copy->ca_file;
	copy->settings.secrets = copy->secrets;
	copy->settings.events = copy->events;
	return &copy->settings;
}

void
webhook_settings_free(struct webhook_settings *settings)
{
	struct copy *copy = (struct copy *)settings;
	size_t i;

	if (copy == NULL)
		return;
	for (i = 0; i < settings->events_count; i++)
		free(copy->events[i]);
	free(copy->events);
	free(copy->url);
	free(copy->ca_file);
	webhook_secrets_free(copy->secrets);
	free(copy);
}

bool
webhook_settings_are_on(const struct webhook_settings *settings)
{
	return settings->url[0] != '\0';
}

bool
webhook_settings_want(const struct webhook_settings *settings,
    enum event_type type)
{
	size_t i;

	for (i = 0; i < settings->events_count; i++)
		if (strcmp(settings->events[i], "*") == 0 ||
		    strcmp(settings->events[i], event_type_name(type)) == 0)
			return true;
	return false;
}
