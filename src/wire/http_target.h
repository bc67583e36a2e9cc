#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a request is for: the four forms of its target (RFC 9112, section 3.2),
 * which HTTP, FastCGI and the administrator's socket all read here.
 */

enum http_form {
	HTTP_FORM_ORIGIN,	/* /path?query */
	HTTP_FORM_ABSOLUTE,	/* http://host/path?query: as to a proxy */
	HTTP_FORM_AUTHORITY,	/* host:port, of CONNECT alone */
	HTTP_FORM_ASTERISK	/* *, of OPTIONS alone: the whole server */
};

/* The strings are the target's. */
struct http_target {
	enum http_form form;
	const char *host;	/* host[:port] of an absolute one, else NULL */
	size_t	 host_len;
	const char *path;	/* as it was sent; "" if the form has none */
	size_t	 path_len;
	const char *query;	/* behind the question mark, else "" */
};

/*
 * Read a target of printable ASCII that fits its method; -1 if it is none.  An
 * absolute one is of http or https and names a host, but no user (RFC 9110,
 * section 4.2.4); without a path it is for /, or of OPTIONS for *.
 */
int	 http_target_parse(const char *method, const char *target,
	    struct http_target *parsed)
	    __attribute__((warn_unused_result));

/*
 * Whether len bytes are host[:port] as a Host has it, which may be empty
 * (RFC 3986, section 3.2.2; RFC 9110, section 7.2).  IPv6 addresses are not
 * looked at closely; their zones are of no use on a network (RFC 6874).
 */
bool	 http_host_is_valid(const char *host, size_t len);

enum { HTTP_PATH_GROWTH = 3 };	/* of a path in normal form, at the most */

/*
 * Write the normal form of len bytes of a path, and a NUL: an escaped
 * unreserved character or slash is that character, other escapes are in upper
 * case, a % that begins none is escaped, several slashes are one, and segments
 * . and .. are resolved (RFC 3986, sections 6.2.2 and 5.2.4).  Web servers do
 * so, or a part of it, before they hand a request on: here all paths end up as
 * the same one, and the browser client has the same form of what it sends.
 * Returns whether there were such segments.
 */
bool	 http_path_normalize(const char *path, size_t len, char *out);

/* Whether some server may know the method: of RFC 9110, or PATCH. */
bool	 http_method_is_known(const char *method);

#endif
