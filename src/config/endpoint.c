#include "endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include "address.h"
#include "base/number.h"
#include "base/text.h"

enum {
	HOST_TEXT_MAX = INET6_ADDRSTRLEN - 1,
	PORT_MAX = 65535,
	PORT_DIGITS_MAX = 5
};

static const char unix_scheme[] = "unix:";
static const char malformed[] =
    "not unix:/path, address:port, [address]:port or *:port";

static const char *
parse_unix(const char *path, struct endpoint *endpoint)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (path[0] != '/')
		return "not unix: and a path that begins with /";
	if (len >= sizeof(un.sun_path))
		return "not a path of at most 107 bytes, as sockets have";
	memcpy(un.sun_path, path, len + 1);
	memcpy(&endpoint->address, &un, sizeof(un));
	endpoint->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    len + 1);
	return NULL;
}

/* Read a port that ends the text, in network byte order; -1 if it is none. */
static int
parse_port(const char *text, in_port_t *port)
{
	uint64_t number;

	if (strlen(text) > PORT_DIGITS_MAX ||
	    number_parse(text, PORT_MAX, &number) == -1)
		return -1;
	*port = htons((uint16_t)number);
	return 0;
}

static int
parse_ipv6(const char *host, in_port_t port, struct endpoint *endpoint)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = port,
	};

	if (inet_pton(AF_INET6, host, &in6.sin6_addr) != 1)
		return -1;
	memcpy(&endpoint->address, &in6, sizeof(in6));
	endpoint->len = sizeof(in6);
	return 0;
}

static int
parse_ipv4(const char *host, in_port_t port, struct endpoint *endpoint)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = port };

	if (inet_pton(AF_INET, host, &in.sin_addr) != 1)
		return -1;
	memcpy(&endpoint->address, &in, sizeof(in));
	endpoint->len = sizeof(in);
	return 0;
}

static int
parse_tcp(const char *text, struct endpoint *endpoint)
{
	const char *colon = strrchr(text, ':');
	char host[HOST_TEXT_MAX + 1];
	bool in_brackets;
	in_port_t port;
	size_t len;

	if (colon == NULL || parse_port(colon + 1, &port) == -1)
		return -1;
	len = (size_t)(colon - text);
	in_brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	if (in_brackets) {
		text++;
		len -= 2;
	}
	if (len > HOST_TEXT_MAX)
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!in_brackets && strcmp(host, "*") == 0)
		return parse_ipv6("::", port, endpoint);
	return in_brackets ? parse_ipv6(host, port, endpoint) :
	    parse_ipv4(host, port, endpoint);
}

const char *
endpoint_parse(const char *text, struct endpoint *endpoint)
{
	*endpoint = (struct endpoint){ .len = 0 };
	if (strncmp(text, unix_scheme, sizeof(unix_scheme) - 1) == 0)
		return parse_unix(text + sizeof(unix_scheme) - 1, endpoint);
	return parse_tcp(text, endpoint) == -1 ? malformed : NULL;
}

bool
endpoint_is_local(const struct endpoint *endpoint)
{
	struct address address = address_from_sockaddr(
	    (const struct sockaddr *)&endpoint->address);

	return endpoint->address.ss_family == AF_UNIX ||
	    address_is_loopback(&address);
}

static void
format_unix(const struct endpoint *endpoint, char *out, size_t room)
{
	size_t begin = offsetof(struct sockaddr_un, sun_path);
	size_t len = endpoint->len > begin ? endpoint->len - begin : 0;
	struct sockaddr_un un;
	bool is_abstract;

	memcpy(&un, &endpoint->address, sizeof(un));
	/* unix(7), "BUGS": a NUL counts that found no room. */
	if (len > sizeof(un.sun_path))
		len = sizeof(un.sun_path);
	is_abstract = len > 0 && un.sun_path[0] == '\0';
	xsnprintf(out, room, "%s%s%.*s", unix_scheme,
	    is_abstract ? "@" : "", (int)(len - is_abstract),
	    un.sun_path + is_abstract);
}

void
endpoint_format(const struct endpoint *endpoint,
    char out[ENDPOINT_TEXT_MAX + 1])
{
	size_t room = ENDPOINT_TEXT_MAX + 1;
	char host[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (endpoint->address.ss_family == AF_UNIX) {
		format_unix(endpoint, out, room);
	} else if (endpoint->address.ss_family == AF_INET6) {
		memcpy(&in6, &endpoint->address, sizeof(in6));
		(void)inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof(host));
		xsnprintf(out, room, "[%s]:%u", host, ntohs(in6.sin6_port));
	} else {
		memcpy(&in, &endpoint->address, sizeof(in));
		(void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof(host));
		xsnprintf(out, room, "%s:%u", host, ntohs(in.sin_port));
	}
}
