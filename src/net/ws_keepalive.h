#ifndef WS_KEEPALIVE_H
#define WS_KEEPALIVE_H

#include <stdbool.h>

struct ws;

/* Pings of ours, which silence asks for, and the wait for their answers. */

/* Send a ping now; its answer is awaited for pong_timeout_s. */
void	 ws_keepalive_ping(struct ws *ws);
/*
 * Whether a peer that was pinged may well be there without having answered: it
 * took some of what waited for it before the ping, or is not listened to now.
 */
bool	 ws_keepalive_is_excused(const struct ws *ws);
/* The answer does not come: end the connection of a peer with no excuse. */
void	 ws_keepalive_on_timeout(struct ws *ws);

#endif
