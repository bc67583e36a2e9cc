#ifndef CLAIM_H
#define CLAIM_H

#include <stdbool.h>
#include <stdint.h>

struct customer;
struct hub;
struct message;
struct peer;
struct room;
struct seat;

/*
 * The claim on the host's seat.  A host without a token is replaced by whoever
 * starts its session anew: at once if it is not here, and if it only seems to
 * be, then unless it answers a ping.  Until that is known, claimants wait in
 * room->claiming.
 */

enum claim {
	CLAIM_GRANTED,
	CLAIM_REFUSED,	/* the session exists */
	CLAIM_WAITS
};

/*
 * Whether the start that peer sent as message may go on.  If it is granted,
 * *displaced is the host that loses its seat, or NULL; if it waits, message is
 * taken.
 */
enum claim claim_may_replace_host(struct hub *hub, struct peer *peer,
	    struct room *room, struct message *message,
	    struct customer **displaced);

/*
 * A connection of the seat's customer is alive: if that is a host whose seat
 * is claimed, it keeps it.
 */
void	 claim_host_lives(struct hub *hub, const struct seat *seat);
/* Whether a host's seat that is claimed has nobody in it: judge again. */
bool	 claim_is_vacant(const struct room *room);
/* Nobody waits any longer in room->claiming, or is about to. */
void	 claim_end(struct hub *hub, struct room *room);

/*
 * The next room whose host has not answered and lost its connections, so that
 * its claims are to be judged again; NULL if there is none at hub->now.
 */
struct room *claim_next_unanswered(struct hub *hub);
uint64_t claim_next_ms(const struct hub *hub);

#endif
