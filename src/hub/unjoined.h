#ifndef UNJOINED_H
#define UNJOINED_H

#include <stdint.h>

struct hub;
struct hub_settings;
struct peer;
struct shop;

/*
 * Connections that speak for nobody.  They have to come to do so some time
 * (join-timeout), and are the first to go when there are too many.
 */

/* peer speaks for nobody from now on; requests are none of these. */
void	 unjoined_add(struct hub *hub, struct peer *peer);
/* It does speak for somebody, or goes; it need not be one of them. */
void	 unjoined_remove(struct hub *hub, struct peer *peer);
/* What peer said was accepted: if it is one, it is as one from now on. */
void	 unjoined_renew(struct hub *hub, struct peer *peer);

/*
 * Take out the one of a shop, or (NULL) of all, that has been one for longest,
 * since then at the latest, and waits for nothing of ours; NULL if there is none
 * at once.
 */
struct peer *unjoined_take(struct hub *hub, const struct shop *shop,
	    uint64_t since_ms);

/* Let those be closed whose time is up at hub->now. */
void	 unjoined_tick(struct hub *hub);
uint64_t unjoined_next_ms(const struct hub *hub);
/* The hub's settings were those of before. */
void	 unjoined_configure(struct hub *hub,
	    const struct hub_settings *before);

#endif
