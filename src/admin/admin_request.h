#ifndef ADMIN_REQUEST_H
#define ADMIN_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/id.h"
#include "base/log.h"
#include "probes.h"
#include "webhook_figures.h"

struct admin_calls;
struct exchange_answer;
struct exchange_request;
struct hub;
struct longpolls;
struct options;
struct payload;
struct reload_report;
struct ws_peers;

/* A request to the admin interface, and how it is answered. */

/* The daemon, as those who run it see it; lent for as long as they do. */
struct admin_config {
	struct id_key log_key;		/* of the tags of sessions in logs */
	uint64_t started_ms;		/* on the monotonic clock */
	const struct options *options;
	struct hub *hub;
	struct admin_calls *calls;	/* of the listener's */
	struct ws_peers *peers;
	struct longpolls *longpolls;
	struct probes probes;
	void	(*reload)(void *ctx, struct reload_report *report);
	void	(*drain)(void *ctx);
	bool	(*is_draining)(const void *ctx);
	/* How the storage is, in a word: "ok", or what is wrong. */
	const char *(*storage)(void *ctx);
	struct webhook_operations webhooks;
	void	*ctx;
};

struct admin_request {
	const struct admin_config *config;
	const struct exchange_request *exchange;
	const char *rest;	/* behind a route that ends in a slash */
	const char *query;
};

enum { ADMIN_ANSWER_BYTES_MAX = 1 << 20 };

/* Whose process is at the other end of the connection. */
struct ucred admin_request_peer(const struct admin_request *request);
/* Whether the daemon stops; then that is the answer. */
bool	 admin_request_is_late(const struct admin_request *request,
	    struct exchange_answer *answer);

/* Answer with JSON, whose reference is taken. */
void	 admin_answer_json(struct exchange_answer *answer, unsigned status,
	    struct payload *json);
/* Answer with a few words of JSON. */
void	 admin_answer_format(struct exchange_answer *answer, unsigned status,
	    const char *format, ...) LOG_FORMAT(3, 4);
/* Answer with an empty object. */
void	 admin_answer_empty(struct exchange_answer *answer, unsigned status);
/* Answer with an error; why is in ASCII, without quotes. */
void	 admin_answer_error(struct exchange_answer *answer, unsigned status,
	    const char *why);

#endif
