/*
 * A load generator for servers that speak the protocol of
 * buddyshopping-protocol(7): see README.md in this folder.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "arguments.h"
#include "load.h"
#include "plan.h"

#include "base/log.h"

static void
print_latency(const char *name, const struct histogram *ns)
{
	(void)printf("\"%s\":{\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,"
	    "\"max\":%.3f},", name,
	    (double)histogram_quantile(ns, 0.5) / 1e6,
	    (double)histogram_quantile(ns, 0.99) / 1e6,
	    (double)histogram_quantile(ns, 0.999) / 1e6,
	    (double)ns->max / 1e6);
}

/* x / n, or null where there is nothing to divide by. */
static void
print_ratio(const char *name, double x, uint64_t n)
{
	if (n == 0)
		(void)printf("\"%s\":null,", name);
	else
		(void)printf("\"%s\":%.3f,", name, x / (double)n);
}

static void
print_load(const struct load_result *result)
{
	const struct tally *tally = &result->tally;
	struct histogram all = tally->sender_ns;

	histogram_merge(&all, &tally->others_ns);
	(void)printf("\"updates\":%" PRIu64 ",\"deliveries\":%" PRIu64
	    ",\"messages\":%" PRIu64 ",", tally->updates, tally->deliveries,
	    tally->messages);
	print_ratio("updates_per_s", (double)tally->updates * 1e9,
	    result->elapsed_ns);
	print_ratio("deliveries_per_s", (double)tally->deliveries * 1e9,
	    result->elapsed_ns);
	print_ratio("messages_per_s", (double)tally->messages * 1e9,
	    result->elapsed_ns);
	print_ratio("message_bytes", (double)tally->bytes, tally->messages);
	print_ratio("received_mb_per_s", (double)tally->bytes * 1e3,
	    result->elapsed_ns);
	print_latency("latency_ms", &all);
	print_latency("latency_sender_ms", &tally->sender_ns);
	print_latency("latency_others_ms", &tally->others_ns);
}

static void
print_hold(const struct tally *tally, const struct hold_figures *hold)
{
	print_ratio("message_bytes", (double)tally->bytes, tally->messages);
	print_latency("answer_all_ms", &hold->round_ns);
	print_latency("answer_spread_ms", &hold->spread_ns);
	print_latency("trip_ms", &hold->trip_ns);
	print_latency("trip_in_round_ms", &hold->trip_in_round_ns);
}

/* Whether updates were sent in the counted time. */
static bool
sends(const struct plan *plan)
{
	return plan->mode == PLAN_CLOSED || plan->mode == PLAN_RATE;
}

static void
print_server(const struct plan *plan, const struct load_result *result)
{
	uint64_t cpu_us = result->server_after.cpu_us -
	    result->server_before.cpu_us;
	uint64_t network_us = result->server_after.network_cpu_us -
	    result->server_before.network_cpu_us;
	double grown = (double)result->server_after.rss_bytes -
	    (double)result->server_empty.rss_bytes;

	if (sends(plan)) {
		print_ratio("server_cpu_us_per_update", (double)cpu_us,
		    result->tally.updates);
		print_ratio("server_cpu_us_per_delivery", (double)cpu_us,
		    result->tally.deliveries);
		print_ratio("server_network_cpu_us_per_delivery",
		    (double)network_us, result->tally.deliveries);
		print_ratio("server_switches_per_update",
		    (double)(result->server_after.switches -
		    result->server_before.switches), result->tally.updates);
	}
	if (result->syscalls_counted && sends(plan))
		print_ratio("server_syscalls_per_update",
		    (double)result->syscalls, result->tally.updates);
	if (result->syscalls_counted && plan->mode == PLAN_HOLD)
		print_ratio("server_syscalls_per_trip",
		    (double)result->syscalls, HOLD_PROBES);
	print_ratio("cpu_percent", (double)cpu_us * 1e5, result->elapsed_ns);
	print_ratio("rss_per_connection_bytes", grown, plan_connections(plan));
	print_ratio("rss_per_receiver_bytes", grown, plan_receivers(plan));
	(void)printf("\"rss_empty_bytes\":%" PRIu64 ",\"rss_bytes\":%" PRIu64
	    ",", result->server_empty.rss_bytes,
	    result->server_after.rss_bytes);
}

static void
print_result(const struct plan *plan, const struct load_result *result)
{
	static const char *const modes[] = {
		[PLAN_CLOSED] = "closed",
		[PLAN_RATE] = "rate",
		[PLAN_IDLE] = "idle",
		[PLAN_JOIN] = "join-only",
		[PLAN_HOLD] = "hold",
	};

	(void)printf("{\"mode\":\"%s\",\"sessions\":%" PRIu32
	    ",\"participants\":%" PRIu32 ",\"receivers\":%" PRIu64
	    ",\"connections\":%" PRIu64
	    ",\"cart_bytes\":%zu,\"seconds\":%.3f,", modes[plan->mode],
	    plan->sessions, plan->session_size, plan_receivers(plan),
	    plan_connections(plan), plan->cart_bytes,
	    (double)result->elapsed_ns / 1e9);
	if (sends(plan))
		print_load(result);
	if (plan->mode == PLAN_HOLD)
		print_hold(&result->tally, &result->hold);
	if (plan->pid != 0 && result->elapsed_ns > 0)
		print_server(plan, result);
	print_ratio("client_cpu_percent", (double)result->client_cpu_us * 1e5,
	    result->elapsed_ns);
	(void)printf("\"verified\":%s}\n",
	    result->verified ? "true" : "false");
}

int
main(int argc, char *argv[])
{
	static struct load_result result;
	struct plan plan;

	arguments_parse(argc, argv, &plan);
	if (load_run(&plan, &result) == -1)
		result.verified = false;
	print_result(&plan, &result);
	if (fflush(stdout) == EOF)
		fatal("standard output");
	return result.verified ? EXIT_SUCCESS : EXIT_FAILURE;
}
