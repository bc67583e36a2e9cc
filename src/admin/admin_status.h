#ifndef ADMIN_STATUS_H
#define ADMIN_STATUS_H

#include <stdbool.h>

#include "admin.h"

struct hub;
struct options;
struct longpolls;
struct reload_report;
struct ws_peers;

/*
 * What operators ask and want of a running daemon, over its admin socket.
 * Everything is answered at once, in JSON.
 *
 *	GET /status			version, uptime and counts
 *	GET /sessions[?after=N]		a page of the sessions in memory, and
 *					N of the next page or null
 *	GET /session?id=S		one of them with its customers
 *	GET /config			all settings, and where they come from
 *	POST /kick?session=S&customer=C	200 {}; 404 if it takes no part
 *	POST /reload			200, or 422 with what is wrong
 *	POST /drain			202: the daemon stops
 *	POST /log-level?level=L		until the next reload
 */
struct operate;

struct operate_config {
	const struct options *options;
	struct hub *hub;
	struct ws_peers *peers;
	struct longpolls *polls;
	void	(*reload)(void *ctx, struct reload_report *report);
	void	(*drain)(void *ctx);
	bool	(*is_draining)(const void *ctx);
	/* How the storage is, in a word: "ok", or what is wrong. */
	const char *(*storage)(void *ctx);
	void	*ctx;
};

struct operate *operate_new(const struct operate_config *config);
/* NULL is allowed. */
void	 operate_free(struct operate *operate);

/* The routes, for which the ctx is the operate. */
extern const struct admin_route operate_routes[];

#endif
