#ifndef FCGI_EXCHANGE_H
#define FCGI_EXCHANGE_H

#include "wire/fcgi_parser.h"

struct fcgi_connection;
struct fcgi_exchange;

/* Requests on a connection of FastCGI, from their head to their answer. */

/* The head has come, or what status says is wrong with it. */
void	 fcgi_exchange_begin(struct fcgi_connection *connection,
	    struct fcgi_request *request, enum fcgi_status status);
/* A piece of the body has come. */
void	 fcgi_exchange_add_body(struct fcgi_exchange *exchange,
	    const struct fcgi_event *event);
/* The request is complete: it is answered, or waits for its long-poll. */
void	 fcgi_exchange_start(struct fcgi_exchange *exchange);
/* The web server gave the request up. */
void	 fcgi_exchange_abort(struct fcgi_exchange *exchange);

#endif
