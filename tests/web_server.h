#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * A web server's end of FastCGI connections (FastCGI Specification 1.0), which
 * sends what a test puts together and reads what comes.  What goes wrong fails
 * the test.
 */

enum {
	WEB_BEGIN = 1,
	WEB_ABORT = 2,
	WEB_END = 3,
	WEB_PARAMS = 4,
	WEB_STDIN = 5,
	WEB_STDOUT = 6,
	WEB_GET_VALUES = 9,
	WEB_GET_VALUES_RESULT = 10,
	WEB_UNKNOWN_TYPE = 11,

	WEB_CLOSE = 0,		/* flags of BEGIN */
	WEB_KEEP = 1,

	WEB_BYTES_MAX = 1 << 20
};

/* What to send: forget it with buf_clear(), or web_send(). */
void	 web_init(struct buf *out);
void	 web_record(struct buf *out, int type, unsigned id,
	    const void *content, size_t len);
/* BEGIN as a responder. */
void	 web_begin(struct buf *out, unsigned id, int flags);
/* PARAMS and their end: name, value, name, ..., NULL. */
void	 web_params(struct buf *out, unsigned id, const char *const *params);
/* STDIN in several records and its end. */
void	 web_stdin(struct buf *out, unsigned id, const char *body,
	    size_t len);

struct web_request {
	const char *method;		/* NULL: GET */
	const char *uri;
	const char *body;		/* NULL: none */
	const char *authorization;
	const char *const *params;	/* more of them, as for web_params() */
	const char *client;		/* REMOTE_ADDR; NULL: 192.0.2.7 */
};

/* All records of a request. */
void	 web_request(struct buf *out, unsigned id, int flags,
	    const struct web_request *request);

/* A connection to the UNIX-domain socket at path. */
int	 web_connect(const char *path);
void	 web_send(int fd, struct buf *out);

struct web_record {
	int	 type;
	unsigned id;
	size_t	 len;
	uint8_t	 content[65536 + 1];	/* with a NUL behind */
};

void	 web_read(int fd, struct web_record *record);

struct web_answer {
	unsigned id;
	unsigned protocol_status;
	size_t	 len;
	char	 text[WEB_BYTES_MAX + 1];	/* STDOUT, with a NUL behind */
};

/* Read an answer, whose records have to follow one another. */
void	 web_read_answer(int fd, struct web_answer *answer);
/* What follows the head. */
const char *web_body(const struct web_answer *answer);
/* See that the connection ends here. */
void	 web_check_end(int fd);

#endif
