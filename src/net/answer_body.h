#ifndef ANSWER_BODY_H
#define ANSWER_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "wire/message.h"

/*
 * The body of every answer over HTTP: a list of the messages that a WebSocket
 * would have carried, and the cursor of what they show.
 */
enum { ENVELOPE_HEAD_BYTES = 13 };

struct envelope {
	struct buf body;
	size_t	 count;
};

void	 envelope_init(struct envelope *envelope);
/* Add a message: len bytes and then tail. */
void	 envelope_add(struct envelope *envelope, const char *message,
	    size_t len, const char *tail);
/*
 * What was added, with one reference, to stand in front of an envelope of
 * messages: of that, the bytes from ENVELOPE_HEAD_BYTES on follow.
 */
struct payload *envelope_lead(struct envelope *envelope);
/* The whole, with one reference; without a cursor if incarnation is 0. */
struct payload *envelope_end(struct envelope *envelope, uint64_t incarnation,
	    uint64_t revision);
/* The body that says one error. */
struct payload *envelope_error(const struct message_error *error);

#endif
