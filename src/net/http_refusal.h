#ifndef HTTP_REFUSAL_H
#define HTTP_REFUSAL_H

#include <microhttpd.h>

struct http;
struct http_connection;

/*
 * Requests that are refused before anybody is asked about them: those that are
 * malformed, those whose heads are too large, and those that libmicrohttpd
 * refuses by itself, which it logs without saying which they are; and those
 * with which it stands still without a word.
 */

/* Answer 400 to what may mean one thing to us and another to a proxy. */
enum MHD_Result http_refusal_malformed(struct http_connection *connection);
/*
 * The head is too large.  method may be NULL, as libmicrohttpd does not tell
 * the one of a request that it did not show to us.
 */
void	 http_refusal_large_head(struct http_connection *connection,
	    const char *method);

/* libmicrohttpd logs that it is about to refuse a request with status. */
void	 http_refusal_by_library(struct http *http, unsigned status);
/* A connection with is_full has said all that it will. */
void	 http_refusal_forget_full(struct http *http);

/*
 * MHD_run() is due again in wait_ms: if it has been so at once for too long,
 * end what keeps it.
 */
void	 http_refusal_count_run(struct http *http, int wait_ms);

#endif
