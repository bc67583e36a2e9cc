#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>

#include <microhttpd.h>

struct exchange_answer;
struct text;
struct ws_handshake;

/* Answers as libmicrohttpd sends them: header fields and a body. */

/*
 * A response for an answer whose status is not 101; NULL if there is no memory.
 * Takes the references of the answer's body.
 */
struct MHD_Response *http_answer_plain(const struct exchange_answer *answer);

/* The head of an answer whose connection ends with it, or lives on. */
void	 http_answer_head(const struct exchange_answer *answer, bool closes,
	    struct text *head);

/*
 * Send an answer with a body, and that the connection ends with it, to fd by
 * ourselves: nothing may have been sent there for its request, of which method
 * is NULL where it is not known.  Takes the references.  What fd has no room
 * for is lost.
 */
void	 http_answer_send(const struct exchange_answer *answer,
	    const char *method, int fd);

/* A response that hands the connection to upgraded(ctx, ...). */
struct MHD_Response *http_answer_upgrade(const struct ws_handshake *handshake,
	    MHD_UpgradeHandler upgraded, void *ctx);

#endif
