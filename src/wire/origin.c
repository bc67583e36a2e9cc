#include "origin.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "wire/http_text.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* RFC 3986, section 3.1. */
#define SCHEME_CHARS UPPER LOWER DIGITS "+.-"
/* Names, IPv4 addresses, and what stands between an IPv6 one's brackets. */
#define HOST_CHARS UPPER LOWER DIGITS "._-"
#define IPV6_CHARS DIGITS "abcdefABCDEF:."

/* Pieces of an origin; a port that its scheme implies is empty. */
struct origin {
	const char *scheme;
	size_t	 scheme_len;
	const char *host;
	size_t	 host_len;
	const char *port;
	size_t	 port_len;
};

/* The length of a host at the start of text, 0 if there is none. */
static size_t
host_length(const char *text)
{
	size_t len;

	if (text[0] != '[')
		return strspn(text, HOST_CHARS);
	len = strspn(text + 1, IPV6_CHARS);
	return len > 0 && text[len + 1] == ']' ? len + 2 : 0;
}

static bool
is_port(const char *text, size_t len)
{
	uint64_t port;

	return len > 0 && text[0] != '0' &&
	    number_scan(text, len, UINT16_MAX, &port) == len;
}

static bool
is_default_port(const struct origin *origin)
{
	if (http_text_is(origin->scheme, origin->scheme_len, "http"))
		return http_text_is(origin->port, origin->port_len, "80");
	if (http_text_is(origin->scheme, origin->scheme_len, "https"))
		return http_text_is(origin->port, origin->port_len, "443");
	return false;
}

/* Take text apart; -1 if it is not an origin (RFC 6454, section 6.2). */
static int
origin_parse(const char *text, struct origin *origin)
{
	*origin = (struct origin){ .scheme = text };
	origin->scheme_len = strspn(text, SCHEME_CHARS);
	if (strchr(UPPER LOWER, text[0]) == NULL || origin->scheme_len == 0 ||
	    strncmp(text + origin->scheme_len, "://", 3) != 0)
		return -1;
	origin->host = text + origin->scheme_len + 3;
	origin->host_len = host_length(origin->host);
	if (origin->host_len == 0)
		return -1;
	origin->port = origin->host + origin->host_len;
	if (origin->port[0] == '\0')
		return 0;
	if (*origin->port++ != ':')
		return -1;
	origin->port_len = strspn(origin->port, DIGITS);
	if (origin->port[origin->port_len] != '\0' ||
	    !is_port(origin->port, origin->port_len))
		return -1;
	if (is_default_port(origin))
		origin->port_len = 0;
	return 0;
}

bool
origin_is_valid(const char *text)
{
	struct origin origin;

	return origin_parse(text, &origin) == 0 &&
	    text[strcspn(text, UPPER)] == '\0';
}

static bool
origin_is_equal(const struct origin *a, const struct origin *b)
{
	return a->scheme_len == b->scheme_len && a->host_len == b->host_len &&
	    a->port_len == b->port_len &&
	    strncasecmp(a->scheme, b->scheme, a->scheme_len) == 0 &&
	    strncasecmp(a->host, b->host, a->host_len) == 0 &&
	    strncmp(a->port, b->port, a->port_len) == 0;
}

bool
origin_is_allowed(char *const *allowed, size_t count, const char *origin)
{
	struct origin asking, one;
	bool is_origin;
	size_t i;

	if (origin == NULL)
		return true;
	is_origin = origin_parse(origin, &asking) == 0;
	for (i = 0; i < count; i++) {
		if (strcmp(allowed[i], "*") == 0)
			return true;
		if (is_origin && origin_parse(allowed[i], &one) == 0 &&
		    origin_is_equal(&asking, &one))
			return true;
	}
	return false;
}
