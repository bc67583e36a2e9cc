#include "metrics.h"

#include <stddef.h>
#include <string.h>

#include "exposition.h"
#include "shop_metrics.h"
#include "wire/message.h"
#include "wire/ticket.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const transports[] = {
	[TRANSPORT_WEBSOCKET] = "websocket",
	[TRANSPORT_HTTP] = "http",
	[TRANSPORT_FASTCGI] = "fastcgi",
};

static void
tell_value(struct exposition *out, uint64_t value)
{
	exposition_sample(out, NULL, 0, value, EXPOSITION_ONE);
}

static void
tell_labelled(struct exposition *out, const char *name, const char *label,
    uint64_t value)
{
	const struct exposition_label labels[] = { { name, label } };

	exposition_sample(out, labels, COUNT(labels), value, EXPOSITION_ONE);
}

static void
tell_build(struct exposition *out, const struct metrics *metrics)
{
	(void)metrics;	/* it is the same in all */
	tell_labelled(out, "version", PACKAGE_VERSION, 1);
}

static void
tell_ready(struct exposition *out, const struct metrics *metrics)
{
	tell_value(out, metrics->health == HEALTH_READY);
}

static void
tell_connections(struct exposition *out, const struct metrics *metrics)
{
	tell_labelled(out, "transport", "websocket", metrics->ws.open);
	tell_labelled(out, "transport", "http", metrics->http.open);
	tell_labelled(out, "transport", "fastcgi", metrics->fcgi.open);
}

static void
tell_opened(struct exposition *out, const struct metrics *metrics)
{
	tell_labelled(out, "transport", "websocket", metrics->ws.opened);
	tell_labelled(out, "transport", "http", metrics->http.opened);
	tell_labelled(out, "transport", "fastcgi", metrics->fcgi.opened);
}

static void
tell_closed_of(struct exposition *out, const char *transport,
    const char *const *reasons, const uint64_t *counts, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct exposition_label labels[] = {
			{ "transport", transport },
			{ "reason", reasons[i] },
		};

		exposition_sample(out, labels, COUNT(labels), counts[i],
		    EXPOSITION_ONE);
	}
}

static void
tell_closed(struct exposition *out, const struct metrics *metrics)
{
	static const char *const ws[] = {
		[WS_END_LOST] = "lost",
		[WS_END_PEER] = "client",
		[WS_END_OWNER] = "server",
		[WS_END_FAULT] = "fault",
		[WS_END_SILENCE] = "silent",
		[WS_END_STALL] = "slow",
		[WS_END_LATE] = "late",
	};
	static const char *const http[] = {
		[HTTP_END_CLOSED] = "closed",
		[HTTP_END_LATE] = "late",
		[HTTP_END_SLOW] = "slow",
		[HTTP_END_UPGRADED] = "upgraded",
	};
	static const char *const fcgi[] = {
		[FCGI_END_CLOSED] = "closed",
		[FCGI_END_FAULT] = "fault",
		[FCGI_END_LATE] = "late",
		[FCGI_END_STALL] = "slow",
		[FCGI_END_UNTRUSTED] = "untrusted",
	};

	tell_closed_of(out, "websocket", ws, metrics->ws.closed, WS_ENDS);
	tell_closed_of(out, "http", http, metrics->http.closed, HTTP_ENDS);
	tell_closed_of(out, "fastcgi", fcgi, metrics->fcgi.closed, FCGI_ENDS);
}

static void
tell_held_longpolls(struct exposition *out, const struct metrics *metrics)
{
	enum transport i;

	for (i = TRANSPORT_HTTP; i <= TRANSPORT_FASTCGI; i++)
		tell_labelled(out, "transport", transports[i],
		    metrics->longpolls.held[i]);
}

static void
tell_customers(struct exposition *out, const struct metrics *metrics)
{
	tell_labelled(out, "state", "present", metrics->hub.present);
	tell_labelled(out, "state", "awaited", metrics->hub.awaited);
}

static void
tell_messages(struct exposition *out, const struct metrics *metrics)
{
	static const char *const results[] = {
		[HUB_ACCEPTED] = "accepted",
		[HUB_STALE] = "stale",
		[HUB_REFUSED] = "refused",
	};
	enum message_event event;
	size_t i;

	for (event = 0; event < MESSAGE_EVENTS; event++)
		for (i = 0; i < HUB_JUDGEMENTS; i++) {
			const struct exposition_label labels[] = {
				{ "event", event == MESSAGE_NONE ? "none" :
				    message_event_name(event) },
				{ "result", results[i] },
			};

			exposition_sample(out, labels, COUNT(labels),
			    metrics->hub.messages[event][i], EXPOSITION_ONE);
		}
}

static void
tell_refusals(struct exposition *out, const struct metrics *metrics)
{
	enum refusal code;

	for (code = REFUSAL_NONE + 1; code < REFUSALS; code++)
		tell_labelled(out, "code", message_refusal_name(code),
		    metrics->hub.refusals[code] +
		    metrics->longpolls.refusals[code] +
		    metrics->router.refusals[code]);
}

static void
tell_tickets(struct exposition *out, const struct metrics *metrics)
{
	enum ticket_fault fault;

	for (fault = TICKET_GOOD + 1; fault < TICKET_FAULTS; fault++)
		tell_labelled(out, "reason", ticket_fault_name(fault),
		    metrics->hub.refused_tickets[fault]);
}

static void
tell_limited(struct exposition *out, const struct metrics *metrics)
{
	tell_labelled(out, "scope", "messages", metrics->hub.limited_messages);
	tell_labelled(out, "scope", "sessions", metrics->hub.limited_sessions);
	tell_labelled(out, "scope", "joins", metrics->hub.limited_joins);
	tell_labelled(out, "scope", "says", metrics->hub.limited_says);
	tell_labelled(out, "scope", "session_write_rate",
	    metrics->hub.limited_session_writes[QUOTA_SECOND]);
	tell_labelled(out, "scope", "session_write_day",
	    metrics->hub.limited_session_writes[QUOTA_DAY]);
	tell_labelled(out, "scope", "address_write_rate",
	    metrics->hub.limited_address_writes[QUOTA_SECOND]);
	tell_labelled(out, "scope", "address_write_day",
	    metrics->hub.limited_address_writes[QUOTA_DAY]);
	tell_labelled(out, "scope", "free_space", metrics->hub.limited_space);
	tell_labelled(out, "scope", "connections",
	    metrics->limited_connections + metrics->ws.limited +
	    metrics->longpolls.limited);
	tell_labelled(out, "scope", "customer_connections",
	    metrics->hub.limited_connections);
}

static void
tell_strangers(struct exposition *out, const struct metrics *metrics)
{
	tell_labelled(out, "reason", "late", metrics->hub.late_unjoined);
	tell_labelled(out, "reason", "full",
	    metrics->ws.made_room + metrics->http.made_room);
}

static void
tell_refused_of(struct exposition *out, const char *transport,
    const struct bad_requests *refused)
{
	enum bad_request_status i;

	for (i = 0; i < BAD_REQUEST_STATUSES; i++) {
		const struct exposition_label labels[] = {
			{ "transport", transport },
			{ "status", bad_request_status_name(i) },
		};

		exposition_sample(out, labels, COUNT(labels),
		    refused->counts[i], EXPOSITION_ONE);
	}
}

static void
tell_refused(struct exposition *out, const struct metrics *metrics)
{
	tell_refused_of(out, "http", &metrics->http.refused);
	tell_refused_of(out, "fastcgi", &metrics->fcgi.refused);
	tell_refused_of(out, "api", &metrics->api_refused);
}

static void
tell_api_answers(struct exposition *out, const struct metrics *metrics)
{
	unsigned i;

	for (i = 0; i < STATUS_COUNTS; i++)
		tell_labelled(out, "status", status_counts_name(i),
		    metrics->api_answers.counts[i]);
}

static void
tell_webhook_attempts(struct exposition *out, const struct metrics *metrics)
{
	size_t i;

	for (i = 0; i < WEBHOOK_RESULTS; i++)
		tell_labelled(out, "result", webhook_result_name(
		    (enum webhook_result)i), metrics->webhook.results[i]);
}

static void
tell_webhook_duration(struct exposition *out, const struct metrics *metrics)
{
	exposition_histogram(out, NULL, 0, &metrics->webhook.duration_us,
	    EXPOSITION_MICROSECONDS);
}

static void
tell_webhook_oldest(struct exposition *out, const struct metrics *metrics)
{
	exposition_sample(out, NULL, 0, metrics->webhook.oldest_ms,
	    EXPOSITION_MILLISECONDS);
}

static void
tell_jobs(struct exposition *out, const struct metrics *metrics)
{
	tell_labelled(out, "state", "pending", metrics->hub.jobs_pending);
	tell_labelled(out, "state", "in_flight", metrics->hub.jobs_in_flight);
}

static void
tell_waiting(struct exposition *out, const struct metrics *metrics)
{
	tell_labelled(out, "kind", "reply", metrics->hub.outboxes.replies);
	tell_labelled(out, "kind", "multicart",
	    metrics->hub.outboxes.multicarts);
}

static void
tell_unsent_ended(struct exposition *out, const struct metrics *metrics)
{
	tell_labelled(out, "reason", "late", metrics->unsent.late);
	tell_labelled(out, "reason", "crowded_out",
	    metrics->unsent.crowded_out);
}

/* Multicarts written to clients of a transport. */
static const struct latency_counts *
deliveries_of(const struct metrics *metrics, enum transport transport)
{
	return transport == TRANSPORT_WEBSOCKET ? &metrics->ws.deliveries :
	    &metrics->longpolls.deliveries[transport];
}

static void
tell_deliveries(struct exposition *out, const struct metrics *metrics)
{
	enum transport i;

	for (i = TRANSPORT_WEBSOCKET; i <= TRANSPORT_FASTCGI; i++)
		tell_labelled(out, "transport", transports[i],
		    deliveries_of(metrics, i)->multicarts);
}

static void
tell_latency(struct exposition *out, const struct metrics *metrics)
{
	enum transport i;

	for (i = TRANSPORT_WEBSOCKET; i <= TRANSPORT_FASTCGI; i++) {
		const struct exposition_label labels[] = {
			{ "transport", transports[i] },
		};

		exposition_histogram(out, labels, COUNT(labels),
		    &deliveries_of(metrics, i)->latency_us,
		    EXPOSITION_MICROSECONDS);
	}
}

static void
tell_commits(struct exposition *out, const struct metrics *metrics)
{
	exposition_histogram(out, NULL, 0, &metrics->writer.commit_us,
	    EXPOSITION_MICROSECONDS);
}

static void
tell_commit_rows(struct exposition *out, const struct metrics *metrics)
{
	exposition_histogram(out, NULL, 0, &metrics->writer.commit_rows,
	    EXPOSITION_ONE);
}

static void
tell_errors(struct exposition *out, const struct metrics *metrics)
{
	size_t i;

	for (i = 0; i < STORE_ERRORS; i++)
		tell_labelled(out, "kind",
		    store_error_name((enum store_error)i),
		    metrics->writer.store.errors[i]);
}

static void
tell_busy(struct exposition *out, const struct metrics *metrics)
{
	uint64_t since_us = metrics->writer.busy_since_us;

	/* It may have begun after the clock was read. */
	exposition_sample(out, NULL, 0,
	    since_us == 0 || since_us > metrics->now_us ? 0 :
	    metrics->now_us - since_us, EXPOSITION_MICROSECONDS);
}

static void
tell_retention(struct exposition *out, const struct metrics *metrics)
{
	exposition_sample(out, NULL, 0, metrics->hub.retention_behind_ms * 1000,
	    EXPOSITION_MICROSECONDS);
}

static void
tell_lag(struct exposition *out, const struct metrics *metrics)
{
	exposition_histogram(out, NULL, 0, &metrics->turns_us,
	    EXPOSITION_MICROSECONDS);
}

static void
tell_cpu(struct exposition *out, const struct metrics *metrics)
{
	exposition_sample(out, NULL, 0, metrics->process.cpu_us,
	    EXPOSITION_MICROSECONDS);
}

static void
tell_fds(struct exposition *out, const struct metrics *metrics)
{
	if (metrics->process.open_fds != 0)
		tell_value(out, metrics->process.open_fds);
}

static void
tell_start_time(struct exposition *out, const struct metrics *metrics)
{
	exposition_sample(out, NULL, 0, metrics->started_ms,
	    EXPOSITION_MILLISECONDS);
}

#define FIELD(name) .offset = offsetof(struct metrics, name), \
	.size = sizeof(((struct metrics *)NULL)->name)

static const struct family {
	const char *name;
	enum exposition_kind kind;
	const char *help;
	void	(*tell)(struct exposition *out, const struct metrics *metrics);
	/* Without it, the field whose value is the one sample. */
	size_t	 offset;
	size_t	 size;
} families[] = {
	{ "buddyshopping_build_info", EXPOSITION_GAUGE,
	    "The version that runs; always 1.", .tell = tell_build },
	{ "buddyshopping_ready", EXPOSITION_GAUGE,
	    "Whether /readyz says so: 1 or 0.", .tell = tell_ready },
	{ "buddyshopping_connections", EXPOSITION_GAUGE,
	    "Open connections.", .tell = tell_connections },
	{ "buddyshopping_connections_max", EXPOSITION_GAUGE,
	    "How many may be open; 0 for no limit.", FIELD(connections_max) },
	{ "buddyshopping_connections_opened_total", EXPOSITION_COUNTER,
	    "Connections that were opened.", .tell = tell_opened },
	{ "buddyshopping_connections_closed_total", EXPOSITION_COUNTER,
	    "Connections that ended, by the first reason for it.",
	    .tell = tell_closed },
	{ "buddyshopping_held_polls", EXPOSITION_GAUGE,
	    "Requests that wait for news.", .tell = tell_held_longpolls },
	{ "buddyshopping_sessions", EXPOSITION_GAUGE,
	    "Sessions in memory: somebody takes part, or they are locked.",
	    FIELD(hub.sessions) },
	{ "buddyshopping_sessions_locked", EXPOSITION_GAUGE,
	    "Sessions that the shop has locked.", FIELD(hub.locked) },
	{ "buddyshopping_sessions_started_total", EXPOSITION_COUNTER,
	    "Sessions that were started.", FIELD(hub.starts) },
	{ "buddyshopping_all_ready_total", EXPOSITION_COUNTER,
	    "How often all who take part in a session became ready to check "
	    "out.", FIELD(hub.all_ready) },
	{ "buddyshopping_customers", EXPOSITION_GAUGE,
	    "Customers who are present, or absent and waited for.",
	    .tell = tell_customers },
	{ "buddyshopping_messages_total", EXPOSITION_COUNTER,
	    "Messages of clients, by what they were judged to be.",
	    .tell = tell_messages },
	{ "buddyshopping_refusals_total", EXPOSITION_COUNTER,
	    "Errors that clients were told, by their code.",
	    .tell = tell_refusals },
	{ "buddyshopping_tickets_refused_total", EXPOSITION_COUNTER,
	    "Tickets that were refused, by what was found first.",
	    .tell = tell_tickets },
	{ "buddyshopping_rate_limited_total", EXPOSITION_COUNTER,
	    "What was refused, or left waiting, because it came too often, "
	    "or too many at a time.", .tell = tell_limited },
	{ "buddyshopping_strangers_ended_total", EXPOSITION_COUNTER,
	    "Connections ended because nobody had joined on them.",
	    .tell = tell_strangers },
	{ "buddyshopping_malformed_requests_total", EXPOSITION_COUNTER,
	    "Requests that were refused as malformed, or for a head that is "
	    "too large.", .tell = tell_refused },
	{ "buddyshopping_api_connections", EXPOSITION_GAUGE,
	    "Open connections of the shop's servers.",
	    FIELD(api_connections) },
	{ "buddyshopping_api_answers_total", EXPOSITION_COUNTER,
	    "Answers to the shop's servers, by their status.",
	    .tell = tell_api_answers },
	{ "buddyshopping_webhook_attempts_total", EXPOSITION_COUNTER,
	    "Events sent to webhook-url, by what came of it.",
	    .tell = tell_webhook_attempts },
	{ "buddyshopping_webhook_duration_seconds", EXPOSITION_HISTOGRAM,
	    "How long that took.", .tell = tell_webhook_duration },
	{ "buddyshopping_webhook_given_up_total", EXPOSITION_COUNTER,
	    "Events that were given up after webhook-retry-time.",
	    FIELD(webhook.given_up) },
	{ "buddyshopping_webhook_purged_total", EXPOSITION_COUNTER,
	    "How often rows had been purged before they were read.",
	    FIELD(webhook.purged) },
	{ "buddyshopping_webhook_parked_sessions", EXPOSITION_GAUGE,
	    "Sessions whose events wait because one was not delivered.",
	    FIELD(webhook.parked) },
	{ "buddyshopping_webhook_oldest_seconds", EXPOSITION_GAUGE,
	    "Since the oldest event happened that waits to be delivered.",
	    .tell = tell_webhook_oldest },
	{ "buddyshopping_jobs", EXPOSITION_GAUGE,
	    "Changes, reads and answers on their way to the storage thread, "
	    "or with it.", .tell = tell_jobs },
	{ "buddyshopping_outbox_messages", EXPOSITION_GAUGE,
	    "Messages that wait until their clients take them.",
	    .tell = tell_waiting },
	{ "buddyshopping_unsent_bytes", EXPOSITION_GAUGE,
	    "What clients have begun to take and not taken to its end.",
	    FIELD(unsent.bytes) },
	{ "buddyshopping_unsent_ended_total", EXPOSITION_COUNTER,
	    "Connections that were ended amid a message or answer.",
	    .tell = tell_unsent_ended },
	{ "buddyshopping_woken_peers", EXPOSITION_GAUGE,
	    "Clients for whom there is something new to be done.",
	    FIELD(hub.peers_woken) },
	{ "buddyshopping_deliveries_total", EXPOSITION_COUNTER,
	    "Multicarts written to clients, to their last byte.",
	    .tell = tell_deliveries },
	{ "buddyshopping_conflations_total", EXPOSITION_COUNTER,
	    "Multicarts that a newer one replaced before its client took "
	    "them.", FIELD(hub.outboxes.conflations) },
	{ "buddyshopping_said_bytes", EXPOSITION_GAUGE,
	    "Memory for what customers said to one another lately.",
	    FIELD(hub.said_bytes) },
	{ "buddyshopping_says_missed_total", EXPOSITION_COUNTER,
	    "What was said to clients who were told that they missed it.",
	    FIELD(hub.missed_says) },
	{ "buddyshopping_output_delays_total", EXPOSITION_COUNTER,
	    "How often a session came to session-output-rate and had to "
	    "wait.", FIELD(hub.delayed_publishes) },
	{ "buddyshopping_compressed_bytes_total", EXPOSITION_COUNTER,
	    "Bytes of messages that were compressed, each once for all its "
	    "readers.", FIELD(ws_service.compressed_bytes) },
	{ "buddyshopping_delivery_latency_seconds", EXPOSITION_HISTOGRAM,
	    "From the receipt of a change to the last byte of the multicart "
	    "that shows it, for each client.", .tell = tell_latency },
	{ "buddyshopping_commit_duration_seconds", EXPOSITION_HISTOGRAM,
	    "Transactions, from their first statement to when they are "
	    "durable.", .tell = tell_commits },
	{ "buddyshopping_commit_rows", EXPOSITION_HISTOGRAM,
	    "What was written in one transaction.", .tell = tell_commit_rows },
	{ "buddyshopping_commits_refused_total", EXPOSITION_COUNTER,
	    "Lists of changes that the storage refused.",
	    FIELD(writer.refusals) },
	{ "buddyshopping_storage_errors_total", EXPOSITION_COUNTER,
	    "Errors of the database, by kind.", .tell = tell_errors },
	{ "buddyshopping_storage_busy_seconds", EXPOSITION_GAUGE,
	    "For how long the storage thread has been at what it has in "
	    "hand.", .tell = tell_busy },
	{ "buddyshopping_wal_bytes", EXPOSITION_GAUGE,
	    "The write-ahead log's file, as the last commit found it.",
	    FIELD(writer.store.wal_bytes) },
	{ "buddyshopping_database_bytes", EXPOSITION_GAUGE,
	    "The database's file, as the last commit found it.",
	    FIELD(writer.store.database_bytes) },
	{ "buddyshopping_storage_free_bytes", EXPOSITION_GAUGE,
	    "Free on the database's disk, as last measured; 0 if it is not.",
	    FIELD(hub.free_bytes) },
	{ "buddyshopping_storage_min_free_bytes", EXPOSITION_GAUGE,
	    "How much of it is kept free; 0 for nothing.",
	    FIELD(hub.min_free_bytes) },
	{ "buddyshopping_retention_behind_seconds", EXPOSITION_GAUGE,
	    "For how long a pass of retention has been due that is not over.",
	    .tell = tell_retention },
	{ "buddyshopping_event_loop_lag_seconds", EXPOSITION_HISTOGRAM,
	    "Turns of the event loop: what becomes ready waits no longer.",
	    .tell = tell_lag },
	{ "buddyshopping_log_lines_lost_total", EXPOSITION_COUNTER,
	    "Lines of the log that nobody read in time.", FIELD(log_lost) },
	{ "process_cpu_seconds_total", EXPOSITION_COUNTER,
	    "Processor time, user and system.", .tell = tell_cpu },
	{ "process_virtual_memory_bytes", EXPOSITION_GAUGE,
	    "Virtual memory.", FIELD(process.virtual_bytes) },
	{ "process_resident_memory_bytes", EXPOSITION_GAUGE,
	    "Resident memory.", FIELD(process.resident_bytes) },
	{ "process_open_fds", EXPOSITION_GAUGE,
	    "Open file descriptors; without a value before Linux 6.2.",
	    .tell = tell_fds },
	{ "process_max_fds", EXPOSITION_GAUGE,
	    "How many file descriptors may be open.", FIELD(process.max_fds) },
	{ "process_start_time_seconds", EXPOSITION_GAUGE,
	    "When the daemon started, since 1970.", .tell = tell_start_time },
};

/* The value of a field, a size_t or an uint64_t. */
static uint64_t
field_value(const struct family *family, const struct metrics *metrics)
{
	const char *field = (const char *)metrics + family->offset;
	uint64_t wide;
	size_t size;

	if (family->size == sizeof(wide)) {
		memcpy(&wide, field, sizeof(wide));
		return wide;
	}
	memcpy(&size, field, sizeof(size));
	return size;
}

struct payload *
metrics_format(const struct metrics *metrics)
{
	struct exposition out;
	size_t i;

	exposition_init(&out);
	for (i = 0; i < COUNT(families); i++) {
		exposition_family(&out, families[i].name, families[i].kind,
		    families[i].help);
		if (families[i].tell != NULL)
			families[i].tell(&out, metrics);
		else
			tell_value(&out, field_value(&families[i], metrics));
	}
	shop_metrics_tell(&out, metrics->shops);
	return exposition_end(&out);
}
