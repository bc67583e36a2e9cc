#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

struct admin_calls;
struct admin_request;
struct exchange_answer;
struct hub;

/*
 * Sessions locked, unlocked and ended by operators.  That takes until it is
 * durable: an answer has a number, by which to ask what came of it.  No daemon
 * gives the number of another that ran before it.
 */

struct admin_calls *admin_calls_new(struct hub *hub);
/* Nobody is told any more.  Before the hub is freed. */
void	 admin_calls_free(struct admin_calls *calls);

/* POST /lock, /unlock or /end?session=S: 202 {"id":N}. */
void	 admin_call_lock(const struct admin_request *request,
	    struct exchange_answer *answer);
void	 admin_call_unlock(const struct admin_request *request,
	    struct exchange_answer *answer);
void	 admin_call_end(const struct admin_request *request,
	    struct exchange_answer *answer);
/*
 * GET /call/N: {"state":"pending"}, "notFound" or "failed"; or, with state
 * "done", "incarnation" and "revision", and after a lock payload and cursor of
 * the multicartUpdate at that revision, to who asks first.  404 if it was done a
 * minute ago or before 16 others, or by the daemon before it was started anew.
 */
void	 admin_call_status(const struct admin_request *request,
	    struct exchange_answer *answer);

#endif
