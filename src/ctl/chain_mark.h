#ifndef CHAIN_MARK_H
#define CHAIN_MARK_H

struct chain_head;

/*
 * A row of the chain as "SEQ:HASH", the hash in hexadecimal: as audit head
 * prints it and the daemon logs it.
 */

enum { CHAIN_MARK_CHARS = 20 + 1 + 64 };

/* With a NUL. */
void	 chain_mark_format(const struct chain_head *head,
	    char out[CHAIN_MARK_CHARS + 1]);
/* -1 if text is anything else. */
int	 chain_mark_parse(const char *text, struct chain_head *head)
	    __attribute__((warn_unused_result));

#endif
