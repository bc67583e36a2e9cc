#ifndef LIVE_H
#define LIVE_H

#include <stdbool.h>
#include <stddef.h>

struct hub;
struct message_cursor;
struct outbox_item;
struct peer;
struct room;

/*
 * What a room has besides its multicart: who is here (here.h), and what was said
 * lately (said.h).  It is made when somebody asks for it or says something, goes
 * with the room but for what was said, and is stored nowhere.
 *
 * Nothing of it waits in an outbox: each peer knows what it was told
 * (peer->told), and gets what it lacks when it can take something, behind its
 * replies and its multicart.  That is also the third part of its cursors,
 * "<epoch>.<said>.<present>", exact to the message.  Those wait for it who wait
 * for their first multicart, or whose room has shown too much; and nobody hears
 * of customers whom the room does not show yet.
 */

/* The room's, made if need be. */
struct live *live_open(struct hub *hub, struct room *room);
/* The room is about to be dropped: keep what may be asked for yet (left.h). */
void	 live_leave(struct hub *hub, struct room *room);
/* Free the room's, if it has any. */
void	 live_close(struct hub *hub, struct room *room);

/*
 * peer, which has a seat and its features, hears of its room from now on, or
 * what came after cursor.  One that is to see the multicart first says so.
 */
enum live_order { LIVE_AT_ONCE, LIVE_AFTER_MULTICART };
void	 live_follow(struct hub *hub, struct peer *peer, enum live_order order,
	    const struct message_cursor *cursor);
/* peer, which has a seat, goes on to hear what it has not: say so in cursor. */
void	 live_keep_place(const struct peer *peer,
	    struct message_cursor *cursor);
/* peer has its multicart, that it waited for. */
void	 live_show(struct peer *peer);
/* room shows another multicart. */
void	 live_shown(struct hub *hub, struct room *room);
/* room may show something again. */
void	 live_go_on(struct hub *hub, struct room *room);

/* Whether there is something for peer, besides its outbox; how long it is. */
bool	 live_has_news(const struct peer *peer);
size_t	 live_next_bytes(const struct peer *peer);
/* Take it, as from an outbox; false if there is nothing. */
bool	 live_take(struct hub *hub, struct peer *peer,
	    struct outbox_item *item);
/* Give item, a multicart that peer took, the cursor that is its own. */
void	 live_set_cursor(struct peer *peer, struct outbox_item *item);
/* The third part of peer's cursor, valid until the next call; "" for none. */
const char *live_number(struct peer *peer);

#endif
