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
enum { ANSWER_BODY_HEAD_BYTES = 13 };

struct answer_body {
	struct buf bytes;
	size_t	 count;
};

struct answer_cursor {
	uint64_t incarnation;	/* 0 for none */
	uint64_t revision;
	const char *number;	/* its third part; "" for none */
};

void	 answer_body_init(struct answer_body *body);
/* Add a message: len bytes and then tail. */
void	 answer_body_add(struct answer_body *body, const char *message,
	    size_t len, const char *tail);
/*
 * What was added, with one reference, to stand in front of a body of
 * messages: of that, the bytes from ANSWER_BODY_HEAD_BYTES on follow.
 */
struct payload *answer_body_lead(struct answer_body *body);
/*
 * What was added, with one reference, as what many bodies begin with that end
 * with answer_body_tail(): that of the last message, "" for none, and of all.
 */
struct payload *answer_body_begin(struct answer_body *body);
struct payload *answer_body_tail(const char *tail,
	    const struct answer_cursor *cursor);
/* The whole, with one reference. */
struct payload *answer_body_end(struct answer_body *body,
	    const struct answer_cursor *cursor);
/* The body that says one error. */
struct payload *answer_body_error(const struct message_error *error);

#endif
