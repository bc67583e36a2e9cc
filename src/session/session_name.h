#ifndef SESSION_NAME_H
#define SESSION_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "session/session.h"

/*
 * What a session is called within the daemon, in the database and by those who
 * run it: SHOP/ID, or ID alone if it is none of a shop of its own.  Clients and
 * the shop's server see the id alone, in which there is no slash.
 */

enum {
	SESSION_NAME_SHOP_MAX = 32,	/* bytes of a shop's name */
	SESSION_NAME_MAX = SESSION_NAME_SHOP_MAX + 1 + SESSION_ID_MAX
};

/* Whether len bytes may name a shop: 1 to 32 of a-z 0-9 - */
bool	 session_name_is_shop(const char *shop, size_t len);
/* Whether len bytes may name a session. */
bool	 session_name_is_valid(const char *name, size_t len);

/* Make the name of the session id of shop, which is "" for none of its own. */
void	 session_name_make(const char *shop, const char *id,
	    char name[SESSION_NAME_MAX + 1]);

/* How many bytes of a valid name are the shop's; 0 for none of its own. */
size_t	 session_name_shop_len(const char *name);
/* The id in a valid name. */
const char *session_name_id(const char *name);

#endif
