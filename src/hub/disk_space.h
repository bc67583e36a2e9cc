#ifndef DISK_SPACE_H
#define DISK_SPACE_H

#include <stdbool.h>
#include <stdint.h>

struct hub;
struct job;

/*
 * The room on the disk.  Below min_free_bytes only small changes go on, below
 * half of it only what makes room or lets customers go: that half is kept for
 * erasures.  The storage measures with each list that writes something, and
 * once a second while room is scarce.
 */

/* min_free_bytes may have changed: measure as soon as possible. */
void	 disk_space_configure(struct hub *hub);

/* Whether there is no room for job, a change that a client sent. */
bool	 disk_space_refuses(const struct hub *hub, const struct job *job);

/* Have it measured if that is due. */
void	 disk_space_tick(struct hub *hub);
uint64_t disk_space_next_ms(const struct hub *hub);
/* A list is about to go to the storage: measure what becomes of it. */
void	 disk_space_end_turn(struct hub *hub);
/* It was measured. */
void	 disk_space_measured(struct hub *hub, const struct job *job);

#endif
