#ifndef MESSAGE_CURSOR_H
#define MESSAGE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a client says it has seen: "<incarnation>.<revision>[.<number>]", where
 * the number is any digits and dots: "<epoch>.<said>.<present>" if it was told
 * more than multicarts.
 */
struct message_cursor {
	uint64_t incarnation;	/* 0: none, or one that cannot be read */
	uint64_t revision;
	bool	 has_number;	/* the third part, whatever it is */
	uint64_t epoch;		/* 0: it is no such one */
	uint64_t said;
	uint64_t present;
};

struct message_cursor message_cursor_parse(const char *text, size_t len);

#endif
