#ifndef THROTTLE_H
#define THROTTLE_H

#include <stddef.h>
#include <stdint.h>

struct hub;
struct peer;

/*
 * Connections that sent all that message-rate and message-burst allow: they
 * are not read from until these allow another message.
 */

/* As how many messages one of len bytes counts. */
uint64_t throttle_units(size_t len);
/* What counts as so many messages of peer, a connection, has come. */
void	 throttle_charge(struct hub *hub, struct peer *peer, uint64_t units);
/* peer goes; it need not wait. */
void	 throttle_forget(struct hub *hub, struct peer *peer);

/* Let those go on whose time has come at hub->now. */
void	 throttle_tick(struct hub *hub);
uint64_t throttle_next_ms(const struct hub *hub);
/* The rate may have changed. */
void	 throttle_configure(struct hub *hub);

#endif
