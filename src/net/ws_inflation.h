#ifndef WS_INFLATION_H
#define WS_INFLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws;
struct ws_service;

/*
 * How much is inflated in a second, where compression was negotiated: by each
 * connection, and by all.
 */

/* Bytes a second of one; 0 for no limit. */
void	 ws_inflation_set(struct ws_service *service, uint64_t rate);

/*
 * Whether the peer has to wait before the largest message may be inflated, or
 * one that takes half a second's rate.
 */
bool	 ws_inflation_is_over(const struct ws *ws);
/*
 * Whether messages of so many bytes are enough for a turn.  That is a question
 * only where they come to more than was received for them.
 */
bool	 ws_inflation_is_enough(const struct ws *ws, size_t handed);
/* Count a message, which may have been inflated. */
void	 ws_inflation_charge(struct ws *ws, size_t len);

#endif
