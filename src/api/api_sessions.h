#ifndef API_SESSIONS_H
#define API_SESSIONS_H

struct api_query;
struct call;
struct exchange_answer;
struct hub;

/* What the shop's server is told of sessions: buddyshopping-api(7). */

/* GET /v1/sessions: a page of those that run. */
void	 api_sessions_write_list(const struct api_query *query,
	    const struct call *call, const struct hub *hub,
	    struct exchange_answer *answer);
/* GET /v1/sessions/ID: one, with its multicart. */
void	 api_sessions_write_one(const struct api_query *query,
	    const struct call *call, const struct hub *hub,
	    struct exchange_answer *answer);
/* POST /v1/sessions/ID/lock: it is, with this multicart. */
void	 api_sessions_write_locked(const struct api_query *query,
	    const struct call *call, const struct hub *hub,
	    struct exchange_answer *answer);
/* POST /v1/sessions/ID/unlock: it is not any more. */
void	 api_sessions_write_unlocked(const struct api_query *query,
	    const struct call *call, const struct hub *hub,
	    struct exchange_answer *answer);
/* POST /v1/sessions/ID/end: it has ended. */
void	 api_sessions_write_ended(const struct api_query *query,
	    const struct call *call, const struct hub *hub,
	    struct exchange_answer *answer);
/* DELETE /v1/sessions/ID/customers/CID: the customer has left. */
void	 api_sessions_write_removed(const struct api_query *query,
	    const struct call *call, const struct hub *hub,
	    struct exchange_answer *answer);

#endif
