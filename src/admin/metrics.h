#ifndef METRICS_H
#define METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"
#include "health.h"
#include "hub/hub_counts.h"
#include "net/fcgi.h"
#include "net/http.h"
#include "net/longpoll.h"
#include "net/router.h"
#include "net/status_counts.h"
#include "net/unsent.h"
#include "net/ws_peer.h"
#include "process.h"
#include "storage/writer.h"
#include "webhook_figures.h"

struct shops;

/*
 * What a monitoring system is told: copies of what all modules have counted,
 * and their text.  Every family of it stands in buddyshopping(8).  No session
 * and no customer is named, and what labels can say is fixed, by the
 * configuration for shops, so the text is of one length however much goes on.
 */
struct metrics {
	const struct shops *shops;	/* lent; NULL: they are not told */
	struct hub_counts hub;
	struct ws_peers_counts ws;
	struct ws_service_counts ws_service;
	struct longpolls_counts longpolls;
	struct router_counts router;
	struct http_counts http;
	struct fcgi_counts fcgi;
	struct unsent_counts unsent;
	struct writer_counts writer;
	struct histogram turns_us;	/* of the loop */
	struct status_counts api_answers;
	struct bad_requests api_refused;
	size_t	 api_connections;
	struct webhook_figures webhook;
	size_t	 connections_max;	/* 0: no limit */
	uint64_t limited_connections;	/* not let in */
	struct process_figures process;
	uint64_t log_lost;		/* lines */
	uint64_t started_ms;		/* since 1970 */
	uint64_t now_us;		/* monotonic */
	enum health health;
};

/* Text in the exposition format, with one reference. */
struct payload *metrics_format(const struct metrics *metrics)
	    __attribute__((warn_unused_result));

#endif
