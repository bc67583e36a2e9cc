#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include <microhttpd.h>

#include "wire/http_validate.h"

/*
 * The header fields of a request that mean something to us, read from
 * libmicrohttpd once its head has come.
 */

enum http_field {
	HTTP_FIELD_HOST,
	HTTP_FIELD_ORIGIN,
	HTTP_FIELD_CONTENT_TYPE,
	HTTP_FIELD_AUTHORIZATION,
	HTTP_FIELD_FORWARDED_FOR,
	HTTP_FIELD_ACCEPT_ENCODING,
	HTTP_FIELD_IF_NONE_MATCH,
	HTTP_FIELD_CONNECTION,
	HTTP_FIELD_UPGRADE,
	HTTP_FIELD_KEY,
	HTTP_FIELD_VERSION,
	HTTP_FIELD_PROTOCOL,
	HTTP_FIELD_EXTENSIONS,
	HTTP_FIELDS
};

/*
 * All of a head lies in the memory that libmicrohttpd has for each connection,
 * and so do its notes about each line and about each parameter of the target,
 * until the answer's head has found room there, too.
 */
enum {
	HTTP_POOL_BYTES = 16384,
	HTTP_NOTE_BYTES = 64,
	HTTP_MEASURES = 4, /* by http_head_is_full(), each takes a note */
	HTTP_HEAD_BYTES = 8192, /* from the method to the empty line ... */
	HTTP_HEAD_ROOM = HTTP_POOL_BYTES - 1024 /* ... and with the notes */
};

/* The request line, as libmicrohttpd has it. */
struct http_request_line {
	const char *method;
	const char *url;	/* its path, decoded where the target lay */
	const char *target;	/* as it was sent */
	const char *version;
};

struct http_head {
	const char *values[HTTP_FIELDS];	/* NULL if absent */
	struct http_validation audit;
	size_t	 size;		/* up to and with the empty line */
	bool	 is_too_large;
	bool	 is_acceptable;
	bool is_trimmed; /* no white space behind values */
	bool is_intact; /* nothing was left out up to here: */
	const char *next;		/* where the next line has to be */
	bool is_next_exact; /* there, not just behind it */
	unsigned lines[HTTP_FIELDS];	/* of each field */
	unsigned needs_copy; /* bits: white space is behind one */
	enum http_field joining;	/* the one that is being copied */
	/* Values in several lines, joined, and without white space.  All of
	 * them, with longer names, were in one head, so they fit. */
	char	 copies[HTTP_HEAD_BYTES];
	size_t	 copies_len;
};

/*
 * The value of MHD_OPTION_STRICT_FOR_CLIENT with which nothing malformed gets
 * past the libmicrohttpd that we run with and http_head_read(); 0: none does.
 */
int	 http_head_strictness(void);
/* The name of a field as it is usually spelt. */
const char *http_field_name(enum http_field field);

/*
 * The target of a request has come, but none of its lines: keep libmicrohttpd
 * from taking a copy of its cookies, and notes about each.
 */
void	 http_head_skip_cookies(struct MHD_Connection *mhd);
/* Since then: whether all of the head has come, and there is no answer. */
bool	 http_head_has_come(struct MHD_Connection *mhd);
/*
 * Likewise, whether there is no room for another line, so that it is too large.
 * To be asked at most HTTP_MEASURES times for a head, as that takes the room of
 * a line where there is some.
 */
bool	 http_head_is_full(struct MHD_Connection *mhd);
/* The strings live as long as libmicrohttpd's request, and head. */
void	 http_head_read(struct http_head *head, struct MHD_Connection *mhd,
	    const struct http_request_line *line);

#endif
