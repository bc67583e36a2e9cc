#ifndef FCGI_OUTPUT_H
#define FCGI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "hub/outbox.h"
#include "unsent.h"

struct exchange_answer;
struct fcgi_connection;
struct payload;

/*
 * Bytes that a FastCGI connection has to send: records of one answer, or of
 * the protocol's own.  The body of an answer is sent from where it lies, with
 * the headers of its records made on the way.
 */
struct fcgi_output {
	STAILQ_ENTRY(fcgi_output) entry;
	struct payload *lead;	/* whole records */
	struct payload *body;	/* what follows them in STDOUT; NULL: none, */
	size_t	 body_from;	/* ... but for so many bytes of it */
	struct payload *more;	/* the padding of that, and whole records; or */
				/* NULL */
	struct outbox_news news; /* what the answer shows */
	/* The owner's, once it is queued. */
	struct fcgi_connection *connection;
	struct unsent_item unsent;	/* body */
	size_t	 sent;		/* of all bytes */
	uint16_t id;
	bool	 has_tail;	/* the end of the request follows */
};

/*
 * The answer to request id as a CGI response (RFC 3875, section 6) and its
 * END_REQUEST.  Takes the references of the answer's body.
 */
struct fcgi_output *fcgi_output_answer(uint16_t id,
	    const struct exchange_answer *answer);
/* No answer, but the END_REQUEST. */
struct fcgi_output *fcgi_output_end(uint16_t id);
/* len bytes of records, which are copied. */
struct fcgi_output *fcgi_output_records(const void *data, size_t len);
void	 fcgi_output_free(struct fcgi_output *out);

/* Send more of it; the number of bytes, or -1 with errno. */
ssize_t	 fcgi_output_send(struct fcgi_output *out, int fd)
	    __attribute__((warn_unused_result));
bool	 fcgi_output_is_sent(const struct fcgi_output *out);

#endif
