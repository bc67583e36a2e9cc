#ifndef WS_HANDSHAKE_H
#define WS_HANDSHAKE_H

#include <stdbool.h>

#include "ws_deflate.h"

/*
 * The opening handshake (RFC 6455, section 4.2): the decision alone.  The HTTP
 * layer says what it read and sends what comes out; that an HTTP/1.1 request
 * has a Host is its business.
 */

enum {
	WS_ACCEPT_CHARS = 28,
	WS_SUBPROTOCOL_MAX = 255	/* a longer one is refused */
};

/* The version that a response with status 426 names. */
#define WS_VERSION "13"

/*
 * Values of header fields, NULL if absent; those of a field that stands in
 * several lines are joined by ", ".
 */
struct ws_handshake_request {
	const char *method;
	const char *http_version;	/* "HTTP/1.1" or later */
	const char *connection;
	const char *upgrade;
	const char *key;		/* Sec-WebSocket-Key ... */
	const char *version;
	const char *protocol;
	const char *extensions;
};

struct ws_handshake_policy {
	const char *subprotocol;	/* NULL or "": whatever is offered */
	bool	 compression;
};

/* All but status has a meaning with status 101 only. */
struct ws_handshake {
	int	 status;		/* 101, 400 or 426 */
	bool	 deflate;		/* params were agreed upon */
	struct ws_deflate_params params;
	/* Values of the response's header fields; if "", leave it out. */
	char	 accept[WS_ACCEPT_CHARS + 1];
	char	 subprotocol[WS_SUBPROTOCOL_MAX + 1];
	char	 extensions[WS_DEFLATE_RESPONSE_SIZE];
};

/* Whether a request with this Upgrade field (NULL: none) asks for one. */
bool	 ws_handshake_is_wanted(const char *upgrade);

/* Decide upon such a request. */
void	 ws_handshake_decide(const struct ws_handshake_request *request,
	    const struct ws_handshake_policy *policy,
	    struct ws_handshake *handshake);

#endif
