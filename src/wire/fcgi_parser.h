#ifndef FCGI_PARSER_H
#define FCGI_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "fcgi_encode.h"
#include "fcgi_pairs.h"

/*
 * The records of a FastCGI connection, seen from a responder (FastCGI
 * Specification 1.0): a parser that turns the web server's bytes into requests,
 * several at a time.  It is bytes in, events out.  The only memory that it
 * takes on the heap is one buf of kept params for each request, and the struct
 * of each but the first.
 */

enum {
	FCGI_PARAMS_MAX_BYTES = 65536, /* of one request, names and all */
	FCGI_KEPT_MAX = 16, /* names in fcgi_parser_config's table */
	FCGI_REPLY_MAX = 88
};

/* One for all connections. */
struct fcgi_parser_config {
	const char *const *params; /* names of those kept, then NULL; each
					   of 1 to 255 bytes */
	uint32_t max_requests;		/* at a time on one connection */
	uint32_t max_connections;	/* told to who asks; 0: unlimited */
};

enum fcgi_status {
	FCGI_MORE,		/* the input is used up */
	FCGI_HEAD,		/* all params of a request are there */
	FCGI_BAD_HEAD,		/* ... but malformed, and none is kept */
	FCGI_BIG_HEAD, /* ... but too many bytes, and none is kept */
	FCGI_BODY,		/* a piece of a request's body */
	FCGI_INPUT_END,		/* the body is over */
	FCGI_ABORTED,		/* the web server gave the request up */
	FCGI_REPLY,		/* data has to be sent */
	FCGI_FAILED		/* the connection has to be closed */
};

/*
 * Active from its BEGIN_REQUEST to fcgi_request_end().  All but id and owner is
 * the parser's own.
 */
struct fcgi_request {
	LIST_ENTRY(fcgi_request) entry;
	void	*owner;		/* the caller's, NULL at first */
	struct buf params; /* of each kept: place in the table + 1, value,
				   NUL */
	struct fcgi_pairs pairs;
	uint32_t params_left;	/* bytes that may still come */
	uint16_t kept;		/* bit i: params[i] has come */
	uint16_t id;
	uint8_t head; /* FCGI_HEAD, or what is wrong with it */
	uint8_t	 state;
	bool	 keep_conn;
};

/* Embedded by its owner and never moved; the fields are the parser's own. */
struct fcgi_parser {
	const struct fcgi_parser_config *config;
	LIST_HEAD(fcgi_requests, fcgi_request) requests;
	struct fcgi_request *request;	/* of this record, or NULL */
	const char *failed;		/* NULL while all is well */
	uint32_t active;		/* length of requests */
	uint16_t content_left;		/* bytes to come of this record */
	uint8_t	 padding_left;
	uint8_t	 record;		/* what to do with it */
	uint8_t	 header[FCGI_HEADER_BYTES];
	uint8_t header_len; /* bytes of it that have come */
	bool	 in_content;
	bool closing; /* a request without KEEP_CONN ended */
	uint8_t	 asked;			/* by GET_VALUES */
	uint8_t	 begin[8];		/* content of BEGIN_REQUEST */
	struct fcgi_pairs pairs;	/* of GET_VALUES */
	struct fcgi_request first;	/* id 0: free.  Most web servers send
					   one request at a time */
};

struct fcgi_event {
	struct fcgi_request *request;	/* NULL with REPLY and FAILED */
	const uint8_t *data;		/* of BODY and REPLY */
	size_t	 len;
	const char *fault;		/* of FAILED, for the log */
	uint8_t	 reply[FCGI_REPLY_MAX];	/* room for data */
};

/* config is lent for the life of the parser.  Allocates nothing. */
void	 fcgi_parser_init(struct fcgi_parser *parser,
	    const struct fcgi_parser_config *config);
/* End all requests. */
void	 fcgi_parser_clear(struct fcgi_parser *parser);

/*
 * Read on from *bytes, *len of them, moving both.  Call it until it says
 * FCGI_MORE; between two calls the caller may end any request.
 *
 * A request shows itself with one of the three HEADs, of which BAD and BIG are
 * to be answered as well; BODY, any number of times, and INPUT_END follow.
 * Nothing is counted against CONTENT_LENGTH and no limit set to the body.
 * ABORTED may come at any time after the head, and nothing after it.
 *
 * data lies in the input (BODY) or in event (REPLY: answers to management
 * records and refusals).  A few bytes can ask for a reply: who does not read
 * them must not be read from.
 *
 * FAILED: the framing or the order of records is wrong; so does every later
 * call.  Records for an id that is not active are skipped (section 3.3).
 */
enum fcgi_status fcgi_parser_next(struct fcgi_parser *parser,
	    const uint8_t **bytes, size_t *len, struct fcgi_event *event)
	    __attribute__((warn_unused_result));

/*
 * Whether the connection is to be closed once all is sent: the web server did
 * not ask to keep it, and no request is active.  Nothing that follows is then
 * of interest, but closing before it is read may destroy what was sent.
 */
bool	 fcgi_parser_is_done(const struct fcgi_parser *parser);
/* Some active request, its head shown or not; NULL if there is none. */
struct fcgi_request *fcgi_parser_request(const struct fcgi_parser *parser);

/*
 * A param of the config's table, good until the request ends; NULL if it did
 * not come.  Only after FCGI_HEAD.  It has no NUL inside and came just once.
 */
const char *fcgi_request_param(const struct fcgi_parser *parser,
	    const struct fcgi_request *request, const char *name);
/*
 * The END_REQUEST was put in line: forget the request.  The rest of its input
 * is skipped.
 */
void	 fcgi_request_end(struct fcgi_parser *parser,
	    struct fcgi_request *request);

#endif
