#ifndef IDLE_H
#define IDLE_H

#include <stdint.h>

struct hub;
struct hub_settings;
struct job;
struct room;

/*
 * Sessions that nobody uses end after session-ttl.  Those in use say so to the
 * storage now and then; it is searched for the others, slice by slice, which
 * are loaded and end then.
 */

/* Tell the storage of those in use, and search it for others. */
void	 idle_tick(struct hub *hub);
uint64_t idle_next_ms(const struct hub *hub);
/* The hub's settings were those of before. */
void	 idle_configure(struct hub *hub, const struct hub_settings *before);

/* A JOB_FIND_IDLE is back. */
void	 idle_search_done(struct hub *hub, struct job *job);
/* End the room's session if it was not used for too long. */
void	 idle_end_session(struct hub *hub, struct room *room);

#endif
