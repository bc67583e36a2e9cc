#ifndef ROOM_H
#define ROOM_H

#include <stddef.h>
#include <stdint.h>

struct hub;
struct payload;
struct room;

/*
 * The sessions in memory, each with those who are connected to it: made when
 * somebody asks for one, loaded from the storage, and dropped when nothing
 * needs them any more.
 */

/* The room of that id, made if need be. */
struct room *room_get(struct hub *hub, struct payload *id);
/* Likewise, but NULL if it is not in memory. */
struct room *room_find(const struct hub *hub, const char *id, size_t len);
/* Ask the storage for the room's session. */
void	 room_load(struct hub *hub, struct room *room);
/* It could not be read: load it some time later, if nobody does before. */
void	 room_load_later(struct hub *hub, struct room *room);
/*
 * Tell the storage that the room's session is in use, unless records under way
 * do so: the session may be none without them.
 */
void	 room_touch(struct hub *hub, const struct room *room);
/* Drop the room if nothing needs it in memory. */
void	 room_release(struct hub *hub, struct room *room);
/* Drop it whatever needs it. */
void	 room_free(struct hub *hub, struct room *room);
/* Forget how it was encoded last. */
void	 room_drop_encoding(struct hub *hub, struct room *room);
/* It may show something at any time. */
void	 room_end_delay(struct hub *hub, struct room *room);

/* Load again what could not be read a while ago. */
void	 room_tick(struct hub *hub);
uint64_t room_next_ms(const struct hub *hub);

#endif
