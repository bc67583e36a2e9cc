#ifndef ADMIN_ROUTER_H
#define ADMIN_ROUTER_H

struct admin_config;
struct exchange_answer;
struct exchange_request;

/*
 * What an administrator asks of the daemon, on a socket of its own: whoever can
 * connect to it may do all of this.  Answers are JSON and immediate; what takes
 * time has a number to ask for.
 *
 *	GET /metrics, /healthz, /readyz		as probes.h says
 *	GET /status, ...			as admin_status.h says
 *	POST /reload, ...			as admin_command.h says
 *	POST /lock, ...				as admin_call.h says
 *
 * Errors are {"error":"a few words"}: 400 for a bad query, 403 for a web page
 * (it sends Origin), 404 for an unknown path or number, 405, 501, 503 when too
 * much is pending already or the daemon stops, and over TCP 421 for a Host that
 * is no name of this machine.  Over TCP, where nobody knows who asks, only the
 * first three paths are there.
 */

/* Answer a request, which is logged with who asked if it changes anything. */
void	 admin_router_answer(const struct admin_config *config,
	    const struct exchange_request *request,
	    struct exchange_answer *answer);

#endif
