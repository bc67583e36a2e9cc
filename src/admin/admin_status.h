#ifndef ADMIN_STATUS_H
#define ADMIN_STATUS_H

struct admin_request;
struct exchange_answer;

/*
 * What operators ask of a running daemon, over its admin socket.  Everything is
 * answered at once, in JSON.
 */

/* GET /status: version, uptime and counts. */
void	 admin_status_daemon(const struct admin_request *request,
	    struct exchange_answer *answer);
/*
 * GET /sessions[?after=N]: a page of the sessions in memory, and N of the next
 * page or null.
 */
void	 admin_status_sessions(const struct admin_request *request,
	    struct exchange_answer *answer);
/* GET /session?id=S: one of them with its customers. */
void	 admin_status_session(const struct admin_request *request,
	    struct exchange_answer *answer);
/* GET /config: all settings, and where they come from. */
void	 admin_status_settings(const struct admin_request *request,
	    struct exchange_answer *answer);
/*
 * GET /erase/N: {"state":"pending","bodies":0}.  States are those of enum
 * erasure_state, spelt pending, done, notFound and failed.
 */
void	 admin_status_erasure(const struct admin_request *request,
	    struct exchange_answer *answer);

#endif
