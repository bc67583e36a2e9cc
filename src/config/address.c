#include "address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "wire/http_text.h"

enum {
	IPV4_AT = 12,		/* where a mapped address has its IPv4 bytes */
	IPV4_MAPPED_BITS = 96,
	ADDRESS_BITS = 128,
	IPV4_KEPT_BYTES = 3,	/* of an address that is cut to its prefix */
	IPV6_KEPT_BYTES = 6,
	LIMIT_BYTES = 8		/* of an IPv6 address: what one customer of a
				   provider is given */
};

/* RFC 7239, section 6.2 */
static const char unreadable[] = "unknown";

static const uint8_t ipv4_prefix[IPV4_AT] = { [10] = 0xff, [11] = 0xff };

static struct address
address_from_ipv4(const struct in_addr *in)
{
	struct address address = { .is_known = true };

	memcpy(address.bytes, ipv4_prefix, IPV4_AT);
	memcpy(address.bytes + IPV4_AT, in, sizeof(*in));
	return address;
}

static bool
is_ipv4(const struct address *address)
{
	return memcmp(address->bytes, ipv4_prefix, IPV4_AT) == 0;
}

struct address
address_from_sockaddr(const struct sockaddr *sa)
{
	struct address address = { .is_known = false };
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		return address_from_ipv4(&in.sin_addr);
	}
	if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		address.is_known = true;
		memcpy(address.bytes, &in6.sin6_addr, sizeof(address.bytes));
	}
	return address;
}

/* As address_parse, of the first len characters. */
static int
parse_ip(const char *text, size_t len, struct address *address)
{
	char copy[ADDRESS_TEXT_MAX + 1];
	struct in_addr in;
	bool in_brackets = len > 1 && text[0] == '[' && text[len - 1] == ']';

	if (in_brackets) {
		text++;
		len -= 2;
	}
	if (len > ADDRESS_TEXT_MAX)
		return -1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (!in_brackets && inet_pton(AF_INET, copy, &in) == 1) {
		*address = address_from_ipv4(&in);
		return 0;
	}
	*address = (struct address){ .is_known = true };
	return inet_pton(AF_INET6, copy, address->bytes) == 1 ? 0 : -1;
}

int
address_parse(const char *text, struct address *address)
{
	return parse_ip(text, strlen(text), address);
}

int
address_parse_zoned(const char *text, size_t len, struct address *address)
{
	const char *zone = memchr(text, '%', len);

	if (zone == NULL)
		return parse_ip(text, len, address);
	if (text[0] == '[' && text[len - 1] == ']')
		text++;
	/* RFC 4007, section 11: the zone says nothing to us. */
	len = (size_t)(zone - text);
	return memchr(text, ':', len) == NULL ? -1 :
	    parse_ip(text, len, address);
}

void
address_format(const struct address *address, char out[ADDRESS_TEXT_MAX + 1])
{
	const char *text;

	out[0] = '\0';
	if (!address->is_known)
		return;
	if (address->is_unreadable) {
		memcpy(out, unreadable, sizeof(unreadable));
		return;
	}
	if (is_ipv4(address))
		text = inet_ntop(AF_INET, address->bytes + IPV4_AT, out,
		    ADDRESS_TEXT_MAX + 1);
	else
		text = inet_ntop(AF_INET6, address->bytes, out,
		    ADDRESS_TEXT_MAX + 1);
	assert(text == out);
	(void)text;	/* is for the assertion only */
}

void
address_format_detail(const struct address *address,
    enum address_detail detail, char out[ADDRESS_TEXT_MAX + 1])
{
	struct address cut = *address;
	bool is_v4 = is_ipv4(address);
	size_t kept = is_v4 ? IPV4_AT + IPV4_KEPT_BYTES : IPV6_KEPT_BYTES;
	size_t len;

	out[0] = '\0';
	if (detail == ADDRESS_NONE)
		return;
	if (detail == ADDRESS_PREFIX)
		memset(cut.bytes + kept, 0, sizeof(cut.bytes) - kept);
	address_format(&cut, out);
	len = strlen(out);
	if (detail == ADDRESS_PREFIX && len > 0 && !address->is_unreadable)
		xsnprintf(out + len, ADDRESS_TEXT_MAX + 1 - len,
		    is_v4 ? "/24" : "/48");
}

bool
address_is_loopback(const struct address *address)
{
	static const uint8_t ipv6_loopback[sizeof(address->bytes)] = {
		[15] = 1,
	};

	if (!address->is_known)
		return false;
	if (is_ipv4(address))
		return address->bytes[IPV4_AT] == 127;
	return memcmp(address->bytes, ipv6_loopback,
	    sizeof(ipv6_loopback)) == 0;
}

/* Read up to three digits that end the text; -1 if it is anything else. */
static int
parse_bits(const char *text, unsigned *bits)
{
	uint64_t number;

	if (strlen(text) > 3 || number_parse(text, ADDRESS_BITS, &number) == -1)
		return -1;
	*bits = (unsigned)number;
	return 0;
}

int
address_prefix_parse(const char *text, struct address_prefix *prefix)
{
	size_t len = strcspn(text, "/");
	unsigned bits = ADDRESS_BITS, first = 0;

	*prefix = (struct address_prefix){ .bits = 0 };
	if (strcmp(text, "unix") == 0)
		return 0;
	if (parse_ip(text, len, &prefix->address) == -1)
		return -1;
	if (text[len] == '/') {
		if (parse_bits(text + len + 1, &bits) == -1)
			return -1;
		if (memchr(text, ':', len) == NULL)
			first = IPV4_MAPPED_BITS;
		if (bits > ADDRESS_BITS - first)
			return -1;
	}
	prefix->bits = first + bits;
	return 0;
}

static bool
prefix_has(const struct address_prefix *prefix, const struct address *address)
{
	size_t bytes = prefix->bits / 8;
	unsigned rest = prefix->bits % 8;

	if (prefix->address.is_known != address->is_known)
		return false;
	if (memcmp(prefix->address.bytes, address->bytes, bytes) != 0)
		return false;
	return rest == 0 || (prefix->address.bytes[bytes] ^
	    address->bytes[bytes]) >> (8 - rest) == 0;
}

bool
address_is_trusted(const struct address_prefix *trusted, size_t count,
    const struct address *address)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (prefix_has(&trusted[i], address))
			return true;
	return false;
}

/* The length without a port: only brackets tell one from a part of IPv6. */
static size_t
entry_without_port(const char *entry, size_t len)
{
	const char *colon = memrchr(entry, ':', len);
	size_t host;

	if (colon == NULL)
		return len;
	host = (size_t)(colon - entry);
	if (strspn(colon + 1, "0123456789") < len - host - 1)
		return len;
	if (entry[0] == '[' || memchr(entry, ':', host) == NULL)
		return host;
	return len;
}

/* Read an entry of X-Forwarded-For, white space around it removed. */
static int
parse_forwarded_entry(const char *entry, size_t len, struct address *address)
{
	/* RFC 7239, section 6, asks for quotes around all but IPv4. */
	if (len > 2 && entry[0] == '"' && entry[len - 1] == '"') {
		entry++;
		len -= 2;
	}
	return address_parse_zoned(entry, entry_without_port(entry, len),
	    address);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Cut the last entry that is not empty off a list of *len characters; returns
 * its length, 0 if there is none.
 */
static size_t
cut_last_forwarded(const char *list, size_t *len, const char **entry)
{
	size_t end = *len, start;

	while (end > 0 && (list[end - 1] == ',' || is_blank(list[end - 1])))
		end--;
	for (start = end; start > 0 && list[start - 1] != ','; start--)
		;
	*len = start;
	while (start < end && is_blank(list[start]))
		start++;
	*entry = list + start;
	return end - start;
}

struct address
address_from_forwarded(const struct address_prefix *trusted, size_t count,
    const struct address *peer, const char *forwarded_for)
{
	const char *list = forwarded_for == NULL ? "" : forwarded_for;
	struct address client = *peer, next;
	size_t left = strlen(list), len;
	const char *entry;

	while (address_is_trusted(trusted, count, &client)) {
		len = cut_last_forwarded(list, &left, &entry);
		if (len == 0)
			break;
		if (parse_forwarded_entry(entry, len, &next) == -1)
			return (struct address){ .is_known = true,
			    .is_unreadable = true };
		client = next;
	}
	return client;
}

bool
address_limit_key(const struct address *address, uint8_t key[16])
{
	if (!address->is_known || address_is_loopback(address))
		return false;
	memset(key, 0, sizeof(address->bytes));
	memcpy(key, address->bytes,
	    is_ipv4(address) ? sizeof(address->bytes) : LIMIT_BYTES);
	return true;
}

/* How many bytes of host[:port] are the host. */
static size_t
host_without_port(const char *host, size_t len)
{
	const char *colon = memrchr(host, ':', len);

	return colon == NULL || host[len - 1] == ']' ? len :
	    (size_t)(colon - host);
}

bool
address_host_is_loopback(const char *host, size_t len)
{
	char text[ADDRESS_TEXT_MAX + 3];	/* with brackets and a NUL */
	struct address address;

	len = host_without_port(host, len);
	if (http_text_is(host, len, "localhost") ||
	    http_text_is(host, len, "localhost."))
		return true;
	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	return address_parse(text, &address) == 0 &&
	    address_is_loopback(&address);
}
