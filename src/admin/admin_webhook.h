#ifndef ADMIN_WEBHOOK_H
#define ADMIN_WEBHOOK_H

struct admin_request;
struct exchange_answer;

/* Webhooks, as operators see them, over the admin socket. */

/* GET /webhook: whether there is one, how far it has got, what waits. */
void	 admin_webhook_status(const struct admin_request *request,
	    struct exchange_answer *answer);
/* POST /webhook-test: 202 {"id":N}; 409 without a URL. */
void	 admin_webhook_test(const struct admin_request *request,
	    struct exchange_answer *answer);
/*
 * GET /webhook-test/N: {"state":"pending"}, or "done" and what came of it; 404
 * if there was another one since.
 */
void	 admin_webhook_tested(const struct admin_request *request,
	    struct exchange_answer *answer);
/*
 * POST /webhook-replay?after=SEQ: 200; 409 without a URL, or
 * if nothing behind that row is done yet.
 */
void	 admin_webhook_replay(const struct admin_request *request,
	    struct exchange_answer *answer);

#endif
