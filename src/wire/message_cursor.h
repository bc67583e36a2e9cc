#ifndef MESSAGE_CURSOR_H
#define MESSAGE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a client says it has seen: "<incarnation>.<revision>[.<number>]". */
struct message_cursor {
	uint64_t incarnation;	/* 0: none, or one that cannot be read */
	uint64_t revision;
	bool	 has_number;	/* the third part, whatever it is */
};

struct message_cursor message_cursor_parse(const char *text, size_t len);

#endif
