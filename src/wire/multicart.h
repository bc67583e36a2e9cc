#ifndef MULTICART_H
#define MULTICART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ws_deflate.h"

struct multicart_members;
struct payload;
struct session;

enum {
	MULTICART_PAYLOAD_AT = 37,	/* in the bytes of each */
	/* Room for a cursor with all digits, its name and the last brace. */
	MULTICART_CURSOR_BYTES = 96,
	/* Room for the third part of a cursor, and a NUL. */
	MULTICART_NUMBER_BYTES = 64
};

/*
 * An encoded multicartUpdate.  Customers without a token get the first
 * plain_len bytes and a closing brace, those with one all bytes, which go on
 * with the cursor and the brace; and those who have a feature on get all bytes
 * of the featured one, or of the delta.
 */
struct multicart {
	int	 refs;			/* network thread only */
	bool	 is_locked;		/* the session is */
	bool	 is_featured;		/* that of another one */
	uint64_t from;			/* a delta: of that revision; or 0 */
	struct multicart *delta;	/* for those who know that already; */
					/* or NULL */
	struct multicart *featured;	/* for those who have a feature on; */
					/* or NULL, if nobody asked */
	struct multicart_members *members; /* that it shows; NULL where */
					/* nobody is told of them */
	uint64_t incarnation;
	uint64_t revision;
	uint64_t changed_us; /* the hub's: when the oldest change */
	/* was received since the multicart */
	/* before; 0 if there is none */
	size_t	 plain_len;	/* of another form: without a cursor */
	struct payload *bytes;
	struct payload *enclosed; /* the net layer's: as the body of an */
	/* answer over HTTP; or NULL */
	struct ws_compressed packed; /* likewise: all bytes, compressed */
	struct ws_compressed plain_packed; /* ... plain_len and the brace, or */
	/* of another form plain_len and a cursor with ... */
	char	 number[MULTICART_NUMBER_BYTES]; /* ... this; or "" */
	struct payload *told_enclosed; /* the net layer's: the body of an */
	/* answer up to that cursor, whatever it is; or NULL */
};

/*
 * The third part of the cursors of those who have a feature on but none that has
 * to know anything by it.
 */
#define MULTICART_NUMBER "0"

/*
 * Encode what session shows now; one reference.  The unchanging parts are kept
 * with the customers.
 */
struct multicart *multicart_encode(struct session *session)
	    __attribute__((warn_unused_result));
/* Whom and what session shows now; one reference. */
struct multicart_members *multicart_members(struct session *session)
	    __attribute__((warn_unused_result));
/* The bytes of its multicartContent, an array, within it. */
const char *multicart_content(const struct multicart *multicart, size_t *len);
/* What of it those get who have a feature on: its own, made once for all. */
struct multicart *multicart_featured(struct multicart *multicart);
/*
 * Another form of it, for those who have a feature on: bytes, of which the
 * reference is taken, that end with multicart_cursor_tail().  One reference.
 */
struct multicart *multicart_form(const struct multicart *multicart,
	    struct payload *bytes) __attribute__((warn_unused_result));
/*
 * How such a form ends, from the comma before the cursor on; returns the
 * length.
 */
size_t	 multicart_cursor_tail(const struct multicart *multicart,
	    char out[MULTICART_CURSOR_BYTES]);
/*
 * Somebody gets such a form with a cursor of his own, of which this is the third
 * part: what is compressed with it is kept from now on, for others who have the
 * same one.
 */
void	 multicart_stamp(struct multicart *form, const char *number);
/* How many bytes it has, with all its forms. */
size_t	 multicart_size(const struct multicart *multicart);
struct multicart *multicart_ref(struct multicart *multicart);
/* NULL is allowed. */
void	 multicart_unref(struct multicart *multicart);

#endif
