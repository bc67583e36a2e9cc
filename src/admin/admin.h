#ifndef ADMIN_H
#define ADMIN_H

#include "base/id.h"

struct exchange_answer;
struct exchange_request;
struct hub;
struct payload;
struct watch;

/*
 * What an administrator asks of the daemon, on a socket of its own: whoever can
 * connect to it may do all of this.  Answers are JSON and immediate; what takes
 * time has a number to ask for.
 *
 *	POST /erase?session=S[&customer=C]	202 {"id":N}
 *	GET /erase/N				200 {"state":"pending","bodies":0}
 *	GET /metrics, /healthz, /readyz		as watch.h says
 *
 * States are those of enum erasure_state, spelt pending, done, notFound and
 * failed.  Errors are {"error":"a few words"}: 400 for a bad query, 403 for a
 * web page (it sends Origin), 404 for an unknown path or number, 405, 501, 503
 * when too much is pending already or the daemon stops, and over TCP 421 for a
 * Host that is no name of this machine.  Over TCP, where nobody
 * knows who asks, only the last three paths are there.
 */
struct admin;

/* A request that somebody else answers, with admin_answer_json() or admin_answer_error(). */
struct admin_route {
	const char *method;	/* NULL behind the last route */
	const char *path;
	const char *deed;	/* logged with who asked; NULL: none */
	void	(*answer)(void *ctx, const char *query,
		    struct exchange_answer *answer);
};

struct admin_config {
	struct hub *hub;
	struct id_key log_key; /* of the tags of sessions in logs */
	const struct watch *watch;	/* lent for the life of the admin */
	const struct admin_route *routes;	/* besides the above */
	void	*ctx;				/* of these */
};

struct admin *admin_new(const struct admin_config *config);
/* NULL is allowed. */
void	 admin_free(struct admin *admin);

/* Answer a request, which is logged with who asked if it changes anything. */
void	 admin_request(struct admin *admin,
	    const struct exchange_request *request,
	    struct exchange_answer *answer);
/* Answer with JSON, whose reference is taken. */
void	 admin_answer_json(struct exchange_answer *answer, unsigned status,
	    struct payload *json);
/* Answer with an error; why is in ASCII, without quotes. */
void	 admin_answer_error(struct exchange_answer *answer, unsigned status,
	    const char *why);
/* Nothing that takes time is begun any more. */
void	 admin_drain(struct admin *admin);

#endif
