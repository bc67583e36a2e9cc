#ifndef TIMERS_H
#define TIMERS_H

#include <stdint.h>

struct hub;
struct hub_settings;
struct job;
struct room;

/* What happens in a hub because time has passed. */

/* Do all that is due at hub->now. */
void	 timers_run(struct hub *hub);
/* When something is due next, on the monotonic clock; UINT64_MAX: never. */
uint64_t timers_next_ms(const struct hub *hub);

/* The hub's settings were those of before. */
void	 timers_configure(struct hub *hub, const struct hub_settings *before);

/* The storage has searched for sessions that are not in use. */
void	 idle_search_done(struct hub *hub, struct job *job);
/* End the room's session if it was not used for too long. */
void	 idle_end_session(struct hub *hub, struct room *room);

#endif
