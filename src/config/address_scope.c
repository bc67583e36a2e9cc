#include "address_scope.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "address.h"

enum { IPV4_AT = 12 };	/* where a mapped address has its IPv4 bytes */

struct range {
	uint8_t	 bytes[16];
	unsigned bits;
};

/* ::ffff:a.b.c.d, which is how IPv4 is kept. */
#define IPV4(a, b, c, d, n) \
	{ { [10] = 0xff, [11] = 0xff, a, b, c, d }, IPV4_AT * 8 + (n) }

static const struct range not_public[] = {
	IPV4(0, 0, 0, 0, 8),		/* this network */
	IPV4(10, 0, 0, 0, 8),		/* private (RFC 1918) */
	IPV4(100, 64, 0, 0, 10),	/* a provider's own (RFC 6598) */
	IPV4(127, 0, 0, 0, 8),		/* loopback */
	IPV4(169, 254, 0, 0, 16),	/* link-local, metadata of clouds */
	IPV4(172, 16, 0, 0, 12),	/* private */
	IPV4(192, 0, 0, 0, 24),		/* protocol assignments */
	IPV4(192, 0, 2, 0, 24),		/* documentation */
	IPV4(192, 88, 99, 0, 24),	/* 6to4 relays, deprecated */
	IPV4(192, 168, 0, 0, 16),	/* private */
	IPV4(198, 18, 0, 0, 15),	/* benchmarks */
	IPV4(198, 51, 100, 0, 24),	/* documentation */
	IPV4(203, 0, 113, 0, 24),	/* documentation */
	IPV4(224, 0, 0, 0, 4),		/* multicast */
	IPV4(240, 0, 0, 0, 4),		/* reserved, broadcast */
	{ { 0x01, 0x00 }, 64 },		/* discard only */
	{ { 0x20, 0x01, 0x00, 0x00 }, 23 },	/* assignments, Teredo */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 },	/* documentation */
	{ { 0x3f, 0xff }, 20 },		/* documentation */
	{ { 0x5f, 0x00 }, 16 },		/* segment routing */
	{ { 0xfc, 0x00 }, 7 },		/* unique local */
	{ { 0xfe, 0x80 }, 10 },		/* link-local */
	{ { 0xfe, 0xc0 }, 10 },		/* site-local, deprecated */
	{ { 0xff, 0x00 }, 8 },		/* multicast */
};

static const struct range mapped = IPV4(0, 0, 0, 0, 0);
/* Unspecified, loopback and what once was IPv4-compatible. */
static const struct range below_96 = { { 0 }, 96 };

/* Where an address that stands for one of IPv4 has its bytes. */
static const struct {
	struct range range;
	size_t	 at;
} translated[] = {
	{ { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 },	/* RFC 6052 */
	{ { { 0x20, 0x02 }, 16 }, 2 },			/* 6to4 */
};

/* For use within a network only (RFC 8215). */
static const struct range local_translation =
    { { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_in(const uint8_t bytes[16], const struct range *range)
{
	size_t whole = range->bits / 8;
	unsigned rest = range->bits % 8;

	if (memcmp(bytes, range->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	    (bytes[whole] ^ range->bytes[whole]) >> (8 - rest) == 0;
}

static bool
is_public(const uint8_t bytes[16])
{
	size_t i;

	if (is_in(bytes, &below_96) || is_in(bytes, &local_translation))
		return false;
	for (i = 0; i < COUNT(not_public); i++)
		if (is_in(bytes, &not_public[i]))
			return false;
	return true;
}

bool
address_is_public(const struct address *address)
{
	uint8_t ipv4[16];
	size_t i;

	if (!address->is_known || address->is_unreadable ||
	    !is_public(address->bytes))
		return false;
	for (i = 0; i < COUNT(translated); i++)
		if (is_in(address->bytes, &translated[i].range)) {
			memcpy(ipv4, mapped.bytes, IPV4_AT);
			memcpy(ipv4 + IPV4_AT,
			    address->bytes + translated[i].at, 4);
			return is_public(ipv4);
		}
	return true;
}
