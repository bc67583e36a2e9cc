#ifndef WEBHOOK_URL_H
#define WEBHOOK_URL_H

#include <stdbool.h>

/*
 * Whether text is a URL to send webhooks to: https or http, a host, which may
 * have a port, and no user, password or fragment; or "" for none.
 */
bool	 webhook_url_is_valid(const char *text);
/* Whether a valid one is https. */
bool	 webhook_url_is_encrypted(const char *text);

#endif
