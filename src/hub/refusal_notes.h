#ifndef REFUSAL_NOTES_H
#define REFUSAL_NOTES_H

#include <stdint.h>

struct customer;
struct hub;
struct message_error;
struct peer;
struct room;

/*
 * Refused messages of known customers go on record: the first at once, those
 * that follow within a second together when it is over.  So a customer makes
 * one row a second at the most, whatever it sends, and fewer while its session
 * or address has had too much written.
 */

/* A message of customer, who takes part in room, was refused to peer. */
void	 refusal_notes_add(struct hub *hub, struct room *room,
	    const struct customer *customer, const struct peer *peer,
	    const struct message_error *error);

/* Write down what is due. */
void	 refusal_notes_tick(struct hub *hub);
uint64_t refusal_notes_next_ms(const struct hub *hub);

/* Write down all that was counted, due or not. */
void	 refusal_notes_flush(struct hub *hub);
/* Forget all of it. */
void	 refusal_notes_clear(struct hub *hub);

#endif
