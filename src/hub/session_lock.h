#ifndef SESSION_LOCK_H
#define SESSION_LOCK_H

#include <stdint.h>

struct hub;
struct hub_settings;
struct job;
struct record;
struct room;

/*
 * No session stays locked for longer than lock-time: it is kept in memory until
 * then.  After a start the storage is searched for those that were locked
 * before, whose time goes on by the wall clock; whatever that says, it is not
 * more than all of it once more.  The same holds for one that is forgotten
 * because a record of it was refused while nobody was connected.
 */

/* The hub begins, and some were locked before: look for them. */
void	 session_lock_seek(struct hub *hub);
/* Unlock what is locked for too long; look again for what got lost. */
void	 session_lock_tick(struct hub *hub);
uint64_t session_lock_next_ms(const struct hub *hub);
/* The hub's settings were those of before. */
void	 session_lock_configure(struct hub *hub,
	    const struct hub_settings *before);

/* A JOB_FIND_LOCKED is back. */
void	 session_lock_found(struct hub *hub, struct job *job);
/* The room's session was loaded, or could not be read. */
void	 session_lock_loaded(struct hub *hub, struct room *room);
/* record of the room's session is durable. */
void	 session_lock_completed(struct room *room,
	    const struct record *record);
/*
 * record of the room's session did not happen after all, and the session will
 * not be known.
 */
void	 session_lock_refused(struct hub *hub, struct room *room,
	    const struct record *record);

#endif
