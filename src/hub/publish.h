#ifndef PUBLISH_H
#define PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

struct hub;
struct multicart;
struct peer;
struct room;

/*
 * What the members of a session are shown: the newest of its multicarts that
 * is durable, encoded once for all.  A large encoding is kept a little longer,
 * for those who come or ask again.
 *
 * Who wants deltas gets the change to the newest multicart, if what it took
 * last is just the one before; who is behind, or in doubt, or comes anew gets
 * the whole, as all others do.
 *
 * What a session's output may cost is bounded: each multicart counts as many
 * bytes as it has in the form that is shown, for each peer, less what one has
 * that waits there in its place; and a session over session-output-rate shows
 * nothing until that is made up for.  Meanwhile it is not encoded either, and
 * then everybody gets the newest multicart, as somebody does who reads slowly.
 * Of large sessions only so many bytes are encoded in a turn of the loop; the
 * others have theirs in the next ones.  One that is larger still is not encoded
 * for each change when they come faster than it can be shown to anybody.
 */

/* All that changed since the last time goes to the storage: encode it. */
void	 publish_encode_changed(struct hub *hub);

/*
 * multicart, of which the reference is taken, is what room shows once all is
 * settled that is being settled.
 */
void	 publish_when_completed(struct hub *hub, struct room *room,
	    struct multicart *multicart);
/* All is settled: show what there is. */
void	 publish_all(struct hub *hub);
/*
 * A record of room, which was not encoded, is durable: show it if nothing that
 * is under way does so.
 */
void	 publish_unencoded(struct hub *hub, struct room *room);

/*
 * Show peer its room as it is, as soon as the room's output allows, unless
 * something is under way that will do so.
 */
void	 publish_to_peer(struct hub *hub, struct peer *peer, struct room *room);

/*
 * Whether who has seen this state of room, which is ready, lacks nothing that was
 * shown to others; false if that is not known.
 */
bool	 publish_is_shown(const struct room *room, uint64_t incarnation,
	    uint64_t revision);

/* A turn of the loop begins. */
void	 publish_begin_turn(struct hub *hub);
/* Show what had to wait, and forget what is of no use any more. */
void	 publish_tick(struct hub *hub);
uint64_t publish_next_ms(const struct hub *hub);

#endif
