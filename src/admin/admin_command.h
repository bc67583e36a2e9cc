#ifndef ADMIN_COMMAND_H
#define ADMIN_COMMAND_H

struct admin_request;
struct exchange_answer;

/* What operators want a running daemon to do, over its admin socket. */

/* POST /erase?session=S[&customer=C]: 202 {"id":N}. */
void	 admin_command_erase(const struct admin_request *request,
	    struct exchange_answer *answer);
/* POST /kick?session=S&customer=C: 200 {}; 404 if it takes no part. */
void	 admin_command_kick(const struct admin_request *request,
	    struct exchange_answer *answer);
/* POST /reload: 200, or 422 with what is wrong. */
void	 admin_command_reload(const struct admin_request *request,
	    struct exchange_answer *answer);
/* POST /drain: 202; the daemon stops. */
void	 admin_command_drain(const struct admin_request *request,
	    struct exchange_answer *answer);
/* POST /log-level?level=L: until the next reload. */
void	 admin_command_log_level(const struct admin_request *request,
	    struct exchange_answer *answer);

#endif
