#ifndef PRESENCE_H
#define PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct customer;
struct hub;
struct hub_settings;
struct peer;
struct room;
struct seat;

/*
 * Who is here.  A customer with a connection, or one coming, is present; one
 * without is waited for, as long as anybody else is present in its room.
 */

/* The seat of a customer of room, made if need be. */
struct seat *presence_seat(struct room *room, struct customer *customer);

/* peer speaks for the seat's customer from now on; it spoke for nobody. */
void	 presence_bind(struct hub *hub, struct peer *peer, struct seat *seat);
/* peer speaks for nobody any more, and is shown nothing.  May free its seat. */
void	 presence_unbind(struct hub *hub, struct peer *peer);

/*
 * The oldest of the seat's peers that count if these are more than max; NULL
 * if they are not, or max is 0.
 */
struct peer *presence_oldest_beyond(const struct seat *seat, size_t max,
	    bool (*counts)(const struct peer *peer));

/*
 * The seat's customer made a request: it is present for a while.  It may have
 * gone since: then not any more.
 */
void	 presence_by_request(struct hub *hub, struct seat *seat);
void	 presence_end_request(struct hub *hub, struct seat *seat);
/* Likewise in ms, or earlier if it is over earlier. */
void	 presence_end_request_in(struct hub *hub, struct seat *seat,
	    uint64_t ms);

/* Something changed that presence of seat depends on.  May free it. */
void	 presence_update(struct hub *hub, struct seat *seat);

/* The room's session is no longer known, until presence_relink(). */
void	 presence_unlink(struct hub *hub, struct room *room);
/*
 * The room's session was loaded: find the seats' customers in it.  Peers whose
 * customer is not there any more speak for nobody.
 */
void	 presence_relink(struct hub *hub, struct room *room);

/* The hub's times were those before: let those who wait have the new ones. */
void	 presence_configure(struct hub *hub, const struct hub_settings *before);

/* The customer of seat is no longer in the multicart: it is not waited for. */
void	 presence_end_absence(struct hub *hub, struct seat *seat);

/*
 * Whose absence window is over leaves the multicart; whose last request is too
 * long ago is absent.
 */
void	 presence_tick(struct hub *hub);
uint64_t presence_next_ms(const struct hub *hub);

#endif
