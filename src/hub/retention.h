#ifndef RETENTION_H
#define RETENTION_H

#include <stdint.h>

struct hub;
struct job;

/*
 * What has become old is erased and purged: now and then a pass, which the
 * storage does in slices with pauses in between.
 */

/* Do the next slice if it is due. */
void	 retention_tick(struct hub *hub);
uint64_t retention_next_ms(const struct hub *hub);
/* A JOB_RETAIN is back. */
void	 retention_done(struct hub *hub, const struct job *job);

/* For how long a pass has been due that is not over; 0 if none is. */
uint64_t retention_behind_ms(const struct hub *hub);

/* The hub's settings have changed; a pass that is under way goes on. */
void	 retention_configure(struct hub *hub);
/* When the first pass is due in a hub that begins now; UINT64_MAX: never. */
uint64_t retention_first_ms(const struct hub *hub);

#endif
