#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdint.h>

struct hub;
struct room;

/*
 * What a session's output may cost: each message to a member counts as many
 * bytes as it has, and a session over session-output-rate shows nothing until
 * that is made up for (room->is_delayed, in hub->delayed).
 */

/* Show nothing of room, which is not delayed, before due_ms. */
void	 output_delay(struct hub *hub, struct room *room, uint64_t due_ms);
/* The output of room comes to so many more bytes. */
void	 output_charge(struct hub *hub, struct room *room, uint64_t bytes);
/* The rate is set, or is another one now. */
void	 output_configure(struct hub *hub);

#endif
