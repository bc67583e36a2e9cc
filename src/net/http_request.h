#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stddef.h>

#include <microhttpd.h>

struct http;
struct http_connection;

/*
 * Requests from their target to their answer, as libmicrohttpd reports them.
 * One that is to wait is suspended; libmicrohttpd does not look at its socket
 * then, so that is watched for the client's end.
 */

/* Callbacks of libmicrohttpd; see there for the arguments. */
void	*http_request_on_target(void *cls, const char *target,
	    struct MHD_Connection *mhd);
enum MHD_Result http_request_on_data(void *cls, struct MHD_Connection *mhd,
	    const char *url, const char *method, const char *version,
	    const char *upload, size_t *upload_len, void **con_cls);
void	 http_request_on_completed(void *cls, struct MHD_Connection *mhd,
	    void **con_cls, enum MHD_RequestTerminationCode code);

/* Nothing comes of the request any more, if it was not answered. */
void	 http_request_drop(struct http_connection *connection);
/* Nobody waits any longer for the answers to those that are suspended. */
void	 http_request_answer_suspended(struct http *http);

#endif
