#ifndef FCGI_HEAD_H
#define FCGI_HEAD_H

#include <stdbool.h>

#include "exchange.h"

struct fcgi_parser;
struct fcgi_request;

/*
 * The head of a FastCGI request: what its params say of the client's request
 * (RFC 3875, section 4.1).  Path and query are those of REQUEST_URI, as web
 * servers differ in what they make of it in SCRIPT_NAME and PATH_INFO.
 */

/* The params that are read, ending with NULL: for fcgi_parser_config. */
extern const char *const fcgi_head_params[];

struct fcgi_head {
	struct http_target target;	/* of request */
	struct exchange_request request;
	bool	 has_length;	/* content_length is known */
};

enum fcgi_head_status {
	FCGI_HEAD_READ,
	FCGI_HEAD_MALFORMED,
	FCGI_HEAD_NO_CLIENT	/* REMOTE_ADDR is missing or no address */
};

/* The strings live as long as the request. */
enum fcgi_head_status fcgi_head_read(const struct fcgi_parser *parser,
	    const struct fcgi_request *request, struct fcgi_head *head)
	    __attribute__((warn_unused_result));

#endif
