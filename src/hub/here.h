#ifndef HERE_H
#define HERE_H

#include <stdint.h>

struct hub;
struct hub_settings;
struct live;
struct room;
struct seat;

/*
 * Who is here, as those are told who asked for it (presenceUpdate): a member of
 * the multicart that was shown last, with a connection or a held poll, or who
 * had one, or made a request, less than presence-grace ago.  It is of no effect
 * on who stays in the multicart, which is presence.h's.  Rooms of which nobody
 * asked for it only note when a seat was here last.
 */

/* The seat has one more peer, or one less; or it made a request. */
void	 here_changed(struct hub *hub, struct seat *seat);
/* Its customer said goodbye: without a peer it is not here from now on. */
void	 here_left(struct hub *hub, struct seat *seat);
/* The seat is freed. */
void	 here_forget(struct hub *hub, struct seat *seat);
/* Somebody asked for it for the first time. */
void	 here_begin(struct hub *hub, struct live *live);
/*
 * Find out now who is here, and let those know whom that concerns: if there is
 * nobody, that is not known from then on.
 */
void	 here_update(struct hub *hub, struct live *live);
/* live is freed. */
void	 here_end(struct hub *hub, struct live *live);

/* Who was here lately is not any more; changes that were gathered are told. */
void	 here_tick(struct hub *hub);
uint64_t here_next_ms(const struct hub *hub);
/* The hub's times were those before. */
void	 here_configure(struct hub *hub, const struct hub_settings *before);

#endif
