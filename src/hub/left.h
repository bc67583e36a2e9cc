#ifndef LEFT_H
#define LEFT_H

struct hub;
struct live;
struct room;

/*
 * What was said in rooms that were dropped since, as nobody was there: who comes
 * back within the time for which it is kept anyway hears it.  It lies here by
 * the session's id, without the session and its carts, and its bookkeeping
 * counts for max-said, too.
 */

/* The room of live is about to be dropped: take live out of it. */
void	 left_put(struct hub *hub, struct live *live);
/* Give room, which was just made, what its session left here. */
void	 left_take(struct hub *hub, struct room *room);
/* Something of live is forgotten: if it is here, and that was all, free it. */
void	 left_end_if_over(struct hub *hub, struct live *live);
/* Free live, of which nothing is kept any more. */
void	 left_free(struct live *live);

#endif
