#ifndef WS_OUTPUT_H
#define WS_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

struct ws;
struct ws_service;

/*
 * What a connection sends: as much as the socket takes, and as is a fair part
 * of a turn; and what becomes of peers that take nothing.
 */

/* Send what there is and the socket takes, then see what is due next. */
void	 ws_output_flush(struct ws *ws);
/* Whether another frame of the peer may be looked at. */
bool	 ws_output_may_read(const struct ws *ws);
/*
 * How many bytes of our output the peer's end has taken.  A socket that is not
 * TCP may count what is on the way as more than it is: then fewer.
 */
uint64_t ws_output_taken(const struct ws *ws);
/*
 * The time to take some of what waits is over: whether the peer did, and has
 * it again.  The socket may have room for less than it asks to be filled with.
 */
bool	 ws_output_goes_on(struct ws *ws);
/*
 * A turn of the loop begins: those go on that wait for others.  First who is
 * amid a message, then the others in the order in which they came; what these
 * send is asked for only then, and is as new as it can be.
 */
void	 ws_output_turn(struct ws_service *service);
/* Whether anybody still waits so. */
bool	 ws_output_is_behind(const struct ws_service *service);

#endif
