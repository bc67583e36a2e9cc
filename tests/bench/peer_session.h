#ifndef PEER_SESSION_H
#define PEER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/buf.h"

/*
 * Sessions in memory, as the servers have them that the daemon is compared
 * with: as much of buddyshopping-protocol(7) as fanout needs, so that peers
 * differ in how they receive and send alone.  C++ includes this, too.
 */

enum { PEER_ID_CHARS = 24 };

struct peer_session;

/* One of a session, or who will be as soon as it is let in. */
struct peer_member {
	TAILQ_ENTRY(peer_member) entry;	/* of those let in */
	struct peer_session *session;
	void	*socket;		/* its server's */
	char	 id[PEER_ID_CHARS + 1];	/* "": not let in */
	struct payload *owner;		/* up to its cart in the multicart */
	struct payload *cart;		/* NULL: {} */
};

TAILQ_HEAD(peer_members, peer_member);

/*
 * Who connected for the session of this id, which lives as long as one of its
 * members; free with peer_member_free().
 */
struct peer_member *peer_member_new(const char *session_id, size_t len,
	    void *socket);
/*
 * It is gone.  Returns its session if others are left, who are to be shown
 * that, else NULL.
 */
struct peer_session *peer_member_free(struct peer_member *member);

/*
 * A message from a member.  A reply to it goes to the empty buf reply; whether
 * the session changed, so that all are to be shown it.
 */
bool	 peer_receive(struct peer_member *member, const char *text, size_t len,
	    struct buf *reply);

/* Those let in, in their order. */
struct peer_members *peer_session_members(struct peer_session *session);
/* Append the session's multicart to a buf that is large enough. */
void	 peer_session_encode(struct peer_session *session, struct buf *out);

#endif
