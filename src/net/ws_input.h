#ifndef WS_INPUT_H
#define WS_INPUT_H

#include <stddef.h>

#include "wire/ws_frame.h"
#include "ws_connection.h"

/*
 * What a connection receives: frames, while its owner is ready for messages,
 * and a fair part in each turn; what has to wait is kept or left in the socket.
 */

/* The socket is readable. */
void	 ws_input_receive(struct ws *ws);
/* Keep bytes that were received, to be read later. */
void	 ws_input_keep(struct ws *ws, const void *bytes, size_t len);
/* Reading waited for a turn, or rested, and goes on. */
void	 ws_input_read_on(struct ws *ws);
/* The peer says nothing more, and may have said much that is not read yet. */
void	 ws_input_note_end(struct ws *ws);
/*
 * Start the closing handshake, if it has not begun; what was received is read
 * on for the peer's part of it.
 */
void	 ws_input_close(struct ws *ws, enum ws_end end,
	    enum ws_close_code code);
/* A message does not come to its end. */
void	 ws_input_on_timeout(struct ws *ws);

#endif
