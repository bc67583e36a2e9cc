#ifndef ADDRESS_SCOPE_H
#define ADDRESS_SCOPE_H

#include <stdbool.h>

struct address;

/*
 * Whether an address is one of the public network: not of this machine, of a
 * private network, or reserved (IANA's registries of special-purpose
 * addresses).  One that stands for an IPv4 address, mapped or translated, is
 * as public as that.
 */
bool	 address_is_public(const struct address *address);

#endif
