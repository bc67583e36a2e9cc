#ifndef KEY_MATCH_H
#define KEY_MATCH_H

#include "base/id.h"

struct sql_connection;

/*
 * A key that is not beside its database could be that of another one, and would
 * void all tokens: so the database, if it is no file, keeps what tells its key
 * from others (id_key_digest()).
 */

enum key_match {
	KEY_MATCHES,		/* the database knew it, or does now */
	KEY_IS_ANOTHER,
	KEY_MATCH_FAILED	/* the connection's fault says why */
};

/*
 * Whether key, or none if it is NULL, is the one of a writer's database; which
 * is noted if there was none.
 */
enum key_match key_match(struct sql_connection *connection,
	    const struct id_key *key);

#endif
