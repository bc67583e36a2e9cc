#ifndef CLIENT_SCRIPT_H
#define CLIENT_SCRIPT_H

#include <stdbool.h>

#include "exchange.h"

/*
 * The browser's client, contrib/client/buddyshopping.js, as a file that the
 * daemon itself serves below every base path: no session's id has a slash; but
 * where a shop's base path is that folder, what is there are its sessions.  It
 * may be cached for an hour, and is asked for anew by its ETag (RFC 9110,
 * sections 8.8.3 and 13.1.2).  Whoever takes gzip gets it compressed.
 */

#define CLIENT_SCRIPT_PATH "client/buddyshopping.js"

/* The file, made ready when it is asked for at first. */
struct client_script;

struct client_script *client_script_new(void);
void client_script_free(struct client_script *script);

/* Answer a GET with it, or 304.  What the answer lends lives as long as script. */
void client_script_answer(struct client_script *script,
    const struct exchange_request *request, struct exchange_answer *answer);

#endif
