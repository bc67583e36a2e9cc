#ifndef API_ANSWER_H
#define API_ANSWER_H

#include "session/refusal.h"

struct exchange_answer;
struct payload;

/*
 * What the shop's server is answered: JSON, which no page of another origin may
 * read.  Errors are {"error": {"code": CODE, "message": "a few words"}} with
 * the protocol's codes and their statuses, and invalidKey (401) and cursorGone
 * (410) besides.
 */

/* Answer with JSON, whose reference is taken. */
void	 api_answer_json(struct exchange_answer *answer, struct payload *json);
/*
 * Refuse; why is in ASCII, without quotes, or NULL for what the code says.
 * Whoever has to come later is told when.
 */
void	 api_answer_refusal(struct exchange_answer *answer, enum refusal code,
	    const char *why);
/*
 * Refuse who has no key, and end the connection; in retry_after_s, if not 0, it
 * may try again.
 */
void	 api_answer_invalid_key(struct exchange_answer *answer,
	    unsigned retry_after_s);
/* Nobody can tell any more what happened since; why is as above. */
void	 api_answer_cursor_gone(struct exchange_answer *answer,
	    const char *why);
/* The body of an answer to what is no request, for http_config. */
struct payload *api_answer_malformed(unsigned status)
	    __attribute__((warn_unused_result));

#endif
