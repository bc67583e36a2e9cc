#ifndef SAID_H
#define SAID_H

#include <stdbool.h>
#include <stdint.h>

struct customer_id;
struct hub;
struct live;
struct message;
struct seat;

/*
 * What was said in a room lately.  It has a number, and whoever listens knows
 * up to which one it has heard: there is one such list, and no queue for
 * anybody.  The newest 32 of a room are kept, for as long as poll-presence and
 * of all rooms together max-said bytes; of others, the oldest first, it is known
 * for a while that they were said, so that those can be told how much they
 * missed who are that far behind.
 */

/*
 * from said what stands in message.  False if no more is to be said in this turn:
 * whoever is not slow is told what was said before so much more is that it is
 * not kept.
 */
bool	 said_add(struct hub *hub, struct live *live,
	    const struct customer_id *from, const struct message *message);
/*
 * The first that seat has still to hear of what was said after number; NULL if
 * there is none.  missed is how many before it, or before the end, it cannot
 * hear any more; upto is the last number that is not for it before that.
 */
const struct said *said_next(const struct live *live, const struct seat *seat,
	    uint64_t number, uint64_t *missed, uint64_t *upto);
/* All who have spoken are shown to everybody. */
void	 said_shown(struct live *live);
/* Forget what was said by that customer, and to it, and that it was. */
void	 said_forget(struct hub *hub, struct live *live,
	    const struct customer_id *id);
/* Forget all that was said in a room. */
void	 said_clear(struct hub *hub, struct live *live);

/* Forget what was said too long ago. */
void	 said_tick(struct hub *hub);
uint64_t said_next_ms(const struct hub *hub);
/* The settings are others now. */
void	 said_configure(struct hub *hub);

#endif
