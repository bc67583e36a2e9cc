#include "webhook_url.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/number.h"

enum {
	URL_BYTES_MAX = 2048,
	PORT_MAX = 65535
};

static const char https[] = "https://";
static const char http[] = "http://";

static bool
begins_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* A host, or an address in brackets if it has colons; and a port or none. */
static bool
is_host(const char *text, size_t len)
{
	const char *end = text + len, *colon, *bracket;
	char port[sizeof("65535")];
	uint64_t number;

	bracket = len > 0 && text[0] == '[' ? memchr(text, ']', len) : NULL;
	if (len == 0 || (text[0] == '[') != (bracket != NULL))
		return false;
	colon = memchr(bracket == NULL ? text : bracket, ':',
	    (size_t)(end - (bracket == NULL ? text : bracket)));
	if (bracket != NULL && bracket + 1 != (colon == NULL ? end : colon))
		return false;
	if (colon == NULL)
		return true;
	if (colon == text || (size_t)(end - colon) > sizeof(port))
		return false;
	memcpy(port, colon + 1, (size_t)(end - colon) - 1);
	port[end - colon - 1] = '\0';
	return number_parse(port, PORT_MAX, &number) == 0 && number > 0;
}

bool
webhook_url_is_valid(const char *text)
{
	const char *c, *host;

	if (*text == '\0')
		return true;
	if (strlen(text) > URL_BYTES_MAX)
		return false;
	for (c = text; *c != '\0'; c++)
		if (!isgraph((unsigned char)*c) || strchr("\"<>\\^`{|}#", *c)
		    != NULL)
			return false;
	if (begins_with(text, https))
		host = text + sizeof(https) - 1;
	else if (begins_with(text, http))
		host = text + sizeof(http) - 1;
	else
		return false;
	return memchr(host, '@', strcspn(host, "/?")) == NULL &&
	    is_host(host, strcspn(host, "/?"));
}

bool
webhook_url_is_encrypted(const char *text)
{
	return begins_with(text, https);
}
