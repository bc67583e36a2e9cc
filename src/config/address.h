#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Addresses of peers, and which proxies are believed about them. */

enum { ADDRESS_TEXT_MAX = 45 };

/* An IPv4 or IPv6 address; IPv4 is kept mapped (::ffff:a.b.c.d). */
struct address {
	bool	 is_known;	/* false for UNIX-domain peers */
	bool	 is_unreadable;	/* known to be somebody's, whose proxy says no
				   address; bytes are 0 */
	uint8_t	 bytes[16];
};

struct address_prefix {
	struct address address;	/* !is_known: UNIX-domain peers ("unix") */
	unsigned bits;		/* of the mapped form */
};

/* How much of an address is written down. */
enum address_detail {
	ADDRESS_FULL,
	ADDRESS_PREFIX,		/* IPv4 as a.b.c.0/24, IPv6 cut to its /48 */
	ADDRESS_NONE
};

struct address address_from_sockaddr(const struct sockaddr *sa);
/* Read an address in text, also in brackets; -1 if it is none. */
int	 address_parse(const char *text, struct address *address)
	    __attribute__((warn_unused_result));
/* Likewise of len characters, with the zone of an IPv6 address or without. */
int	 address_parse_zoned(const char *text, size_t len,
	    struct address *address)
	    __attribute__((warn_unused_result));
/*
 * The usual text, IPv4 as a.b.c.d; "" for a UNIX-domain peer, and "unknown" for
 * what was unreadable.
 */
void	 address_format(const struct address *address,
	    char out[ADDRESS_TEXT_MAX + 1]);
/* The same with less detail; "" if none is wanted. */
void	 address_format_detail(const struct address *address,
	    enum address_detail detail, char out[ADDRESS_TEXT_MAX + 1]);
bool	 address_is_loopback(const struct address *address);
/*
 * Whether len bytes of host[:port] name this machine whatever the DNS says:
 * localhost, or a loopback address.
 */
bool	 address_host_is_loopback(const char *host, size_t len);

/* Read "address", "address/bits" or "unix"; -1 if text is none of them. */
int	 address_prefix_parse(const char *text, struct address_prefix *prefix)
	    __attribute__((warn_unused_result));
bool	 address_is_trusted(const struct address_prefix *trusted, size_t count,
    const struct address *address);

/*
 * Who a connection from peer speaks for: peer itself unless it is trusted;
 * then the rightmost address of forwarded_for (a list with commas, NULL for
 * none) that is not trusted, or the leftmost if all are.  Ports, brackets,
 * quotes and zones of an address are dropped.  An entry that is none, such as
 * "unknown", makes an unreadable address: trusted proxies said that it is a
 * client, and not themselves.
 */
struct address address_from_forwarded(const struct address_prefix *trusted,
	    size_t count, const struct address *peer,
	    const char *forwarded_for);

/*
 * The key under which per-address limits count: the address, an IPv6 one cut
 * to its /64; all unreadable ones have the same.  False if limits do not apply:
 * loopback and UNIX-domain peers that speak for themselves.
 */
bool	 address_limit_key(const struct address *address, uint8_t key[16]);

#endif
