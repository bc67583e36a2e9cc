#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "plan.h"
#include "syscalls.h"

#include "base/log.h"
#include "base/xalloc.h"

#define SECOND_NS 1000000000ULL
/* The run fails if nothing that it waits for happens for so long. */
#define STALL_NS (30 * SECOND_NS)
/* How long nothing may change at the end before what is held is believed. */
#define SETTLE_NS (SECOND_NS / 5)

enum {
	EVENTS_MAX = 512,
	CONNECTING_MAX = 100		/* handshakes under way: listen(2) */
};

enum phase {
	PHASE_CONNECTING,
	PHASE_JOINING,		/* until everybody holds all first carts */
	PHASE_WARMUP,		/* load, not counted */
	PHASE_COUNTING,
	PHASE_DRAINING,		/* until everybody holds all last carts */
	PHASE_SETTLING,		/* and still does some time later */
	PHASE_HOLDING,		/* idle or joined, for the plan's duration */
	PHASE_ASKING,		/* PLAN_HOLD: see hold.h */
	PHASE_DONE
};

struct load {
	const struct plan *plan;
	struct load_result *result;
	struct crowd crowd;
	struct participant *participants;
	uint32_t count;			/* of them, watchers included */
	uint32_t stride;		/* from one session's to the next's */
	uint32_t connecting;
	uint32_t connected;		/* begun, the open ones included */
	uint32_t opened;
	uint32_t missing;		/* who do not hold the last carts */
	enum phase phase;
	uint64_t phase_ends_ns;
	uint64_t progress_ns;		/* when something last happened */
	uint64_t counting_since_ns;
	uint64_t quota;			/* updates that may still be sent */
	uint64_t tick_origin_ns;	/* PLAN_RATE: of the first update */
	uint64_t ticks;			/* updates sent since */
	uint32_t run;			/* makes session ids new in each run */
	bool	 failed;
	int	 epoll_fd;
	struct inbox inbox;
	struct hold hold;
	struct syscalls syscalls;
};

static uint64_t
clock_ns(void)
{
	struct timespec ts = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);	/* cannot fail */
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static void
fail(struct load *load, const char *why)
{
	log_warnx("%s", why);
	load->failed = true;
}

static void
fail_stalled(struct load *load)
{
	load->failed = true;
	if (load->phase == PHASE_CONNECTING)
		log_warnx("%" PRIu32 " of %" PRIu32 " connections are open and "
		    "no more open", load->opened, load->count);
	else if (load->missing > 0)
		log_warnx("%" PRIu32 " of %" PRIu32 " participants do not get "
		    "everybody's last cart", load->missing, load->count);
	else
		log_warnx("%" PRIu64 " deliveries do not come",
		    load->crowd.outstanding);
}

static void
read_server(struct load *load, struct process_usage *usage)
{
	if (load->plan->pid != 0 &&
	    process_usage(load->plan->pid, usage) == -1)
		load->failed = true;
}

/* Only for figures of their own: counting costs time. */
static void
begin_syscalls(struct load *load)
{
	if (load->plan->counts_syscalls)
		load->result->syscalls_counted =
		    syscalls_begin(&load->syscalls, load->plan->pid) == 0;
}

static void
end_syscalls(struct load *load)
{
	if (load->result->syscalls_counted)
		load->result->syscalls = syscalls_end(&load->syscalls);
}

static bool
sends_on(const struct load *load)
{
	return load->phase == PHASE_WARMUP || load->phase == PHASE_COUNTING;
}

static void
update(struct load *load, struct participant *participant, uint64_t due_ns)
{
	if (load->phase == PHASE_COUNTING && load->plan->updates > 0) {
		if (load->quota == 0)
			return;
		load->quota--;
	}
	if (participant_update(participant, &load->crowd, due_ns) == -1)
		fail(load, link_reason(&participant->link));
}

static void
update_all(struct load *load)
{
	uint32_t i;

	for (i = 0; i < load->count && !load->failed; i++)
		if (!load->participants[i].is_watcher)
			update(load, &load->participants[i], clock_ns());
}

/* PLAN_RATE: when the next update is due; sessions and members take turns. */
static uint64_t
next_tick_ns(const struct load *load)
{
	double interval_ns = (double)SECOND_NS /
	    (load->plan->rate * load->plan->sessions);

	return load->tick_origin_ns +
	    (uint64_t)((double)load->ticks * interval_ns);
}

static void
send_due(struct load *load, uint64_t now_ns)
{
	const struct plan *plan = load->plan;

	while (!load->failed && next_tick_ns(load) <= now_ns) {
		uint64_t session = load->ticks % plan->sessions;
		uint64_t member = load->ticks / plan->sessions %
		    plan->session_size;

		update(load, &load->participants[session * load->stride +
		    member], next_tick_ns(load));
		load->ticks++;
	}
}

/* Begin to connect the link of the i-th participant, or one like it. */
static void
connect_link(struct load *load, struct link *link, uint32_t i,
    enum link_width width)
{
	struct link_place place;
	char session[128];

	(void)snprintf(session, sizeof(session), "%s%08" PRIx32 "-%" PRIu32,
	    load->plan->prefix, load->run, i / load->stride);
	place = plan_place(load->plan, i, session);
	if (link_connect(link, &place, width) == -1)
		fail(load, link_reason(link));
}

static void
connect_next(struct load *load)
{
	uint32_t i = load->connected;

	load->connected++;
	load->connecting++;
	connect_link(load, &load->participants[i].link, i,
	    plan_width(load->plan, i));
}

static void
begin_holding(struct load *load, uint64_t now_ns)
{
	load->phase = PHASE_HOLDING;
	load->phase_ends_ns = now_ns + load->plan->duration_ns;
	load->counting_since_ns = now_ns;
	load->result->client_cpu_us = process_own_cpu_us();
	read_server(load, &load->result->server_before);
	log_info("all are there");	/* for who waits to do something else */
}

static void	 take_joined(struct load *load,
		    struct participant *participant);

static void
join(struct load *load, struct participant *participant)
{
	if (participant_join(participant, &load->crowd) == -1)
		fail(load, link_reason(&participant->link));
	else if (participant->id[0] != '\0')
		take_joined(load, participant);
}

/*
 * Let the guests in behind their host, let everybody send a first cart, and let
 * those watch who watch this one.
 */
static void
take_joined(struct load *load, struct participant *participant)
{
	const uint32_t size = load->plan->session_size;
	uint32_t i;

	for (i = 1; participant->number == 0 && i < size && !load->failed; i++)
		join(load, &participant->members[i]);
	if (!load->failed)
		update(load, participant, clock_ns());
	for (i = size + participant->number; i < load->stride &&
	    !load->failed; i += size)
		if (participant_watch(&participant->members[i]) == -1)
			fail(load, link_reason(&participant->members[i].link));
}

static void
begin_joining(struct load *load)
{
	uint32_t i;

	load->phase = PHASE_JOINING;
	load->missing = load->count;
	for (i = 0; i < load->count && !load->failed; i += load->stride)
		join(load, &load->participants[i]);
}

static void
begin_warmup(struct load *load, uint64_t now_ns)
{
	load->phase = PHASE_WARMUP;
	load->phase_ends_ns = now_ns + load->plan->warmup_ns;
	load->tick_origin_ns = now_ns;
	if (load->plan->mode == PLAN_CLOSED && load->plan->warmup_ns > 0)
		update_all(load);
}

static void
begin_counting(struct load *load, uint64_t now_ns)
{
	load->phase = PHASE_COUNTING;
	load->phase_ends_ns = UINT64_MAX;
	if (load->plan->updates == 0)
		load->phase_ends_ns = now_ns + load->plan->duration_ns;
	load->quota = load->plan->updates;
	load->crowd.tally.counts = true;
	load->counting_since_ns = now_ns;
	load->result->client_cpu_us = process_own_cpu_us();
	read_server(load, &load->result->server_before);
	begin_syscalls(load);
	if (load->plan->mode == PLAN_CLOSED && load->plan->warmup_ns == 0)
		update_all(load);
}

static void
stop_counting(struct load *load, uint64_t now_ns)
{
	load->crowd.tally.counts = false;
	load->result->elapsed_ns = now_ns - load->counting_since_ns;
	load->result->client_cpu_us = process_own_cpu_us() -
	    load->result->client_cpu_us;
	read_server(load, &load->result->server_after);
}

/* Everybody sends once more, so that everybody is shown something new. */
static void
begin_draining(struct load *load)
{
	uint32_t i;

	load->phase = PHASE_DRAINING;
	load->missing = load->count;
	for (i = 0; i < load->count; i++)
		load->participants[i].holds = false;
	update_all(load);
}

static void
step_connecting(struct load *load, uint64_t now_ns)
{
	while (!load->failed && load->connected < load->count &&
	    load->connecting < CONNECTING_MAX)
		connect_next(load);
	if (load->opened < load->count)
		return;
	if (load->plan->mode == PLAN_IDLE)
		begin_holding(load, now_ns);
	else
		begin_joining(load);
}

static void
step_joining(struct load *load, uint64_t now_ns)
{
	if (load->missing > 0)
		return;
	if (load->plan->mode == PLAN_JOIN || load->plan->mode == PLAN_HOLD)
		begin_holding(load, now_ns);
	else
		begin_warmup(load, now_ns);
}

static void
step_sending(struct load *load, uint64_t now_ns)
{
	bool is_over = now_ns >= load->phase_ends_ns;

	if (load->plan->mode == PLAN_RATE)
		send_due(load, now_ns);
	if (load->phase == PHASE_WARMUP) {
		if (is_over)
			begin_counting(load, now_ns);
		return;
	}
	if (load->plan->updates > 0)
		is_over = load->quota == 0 && load->crowd.outstanding == 0;
	if (is_over) {
		stop_counting(load, now_ns);
		end_syscalls(load);
		begin_draining(load);
	}
}

static void
step_holding(struct load *load, uint64_t now_ns)
{
	if (now_ns < load->phase_ends_ns)
		return;
	stop_counting(load, now_ns);
	load->result->verified = load->missing == 0;
	load->phase = PHASE_DONE;
	if (load->plan->mode != PLAN_HOLD)
		return;
	load->phase = PHASE_ASKING;
	load->progress_ns = now_ns;
	load->crowd.tally.counts = true;
	connect_link(load, &load->hold.prober, 0, LINK_ONE);
	hold_begin(&load->hold, load->plan->rounds, now_ns);
}

static void
step_asking(struct load *load, uint64_t now_ns)
{
	bool is_probing = hold_only_probes(&load->hold);

	if (hold_step(&load->hold, &load->crowd, now_ns) == -1) {
		load->failed = true;
		return;
	}
	if (!is_probing && hold_only_probes(&load->hold))
		begin_syscalls(load);
	if (hold_is_over(&load->hold)) {
		end_syscalls(load);
		load->phase = PHASE_DONE;
	}
}

static void
step_end(struct load *load, uint64_t now_ns)
{
	if (load->missing > 0) {
		load->phase = PHASE_DRAINING;
	} else if (load->phase == PHASE_DRAINING) {
		load->phase = PHASE_SETTLING;
		load->phase_ends_ns = now_ns + SETTLE_NS;
	} else if (now_ns >= load->phase_ends_ns) {
		load->result->verified = true;
		load->phase = PHASE_DONE;
	}
}

/* Do what the time and the state of everybody ask for. */
static void
step(struct load *load, uint64_t now_ns)
{
	switch (load->phase) {
	case PHASE_CONNECTING:
		step_connecting(load, now_ns);
		break;
	case PHASE_JOINING:
		step_joining(load, now_ns);
		break;
	case PHASE_WARMUP:
	case PHASE_COUNTING:
		step_sending(load, now_ns);
		break;
	case PHASE_DRAINING:
	case PHASE_SETTLING:
		step_end(load, now_ns);
		break;
	case PHASE_HOLDING:
		step_holding(load, now_ns);
		break;
	case PHASE_ASKING:
		step_asking(load, now_ns);
		break;
	case PHASE_DONE:
		break;
	}
	if (load->phase != PHASE_HOLDING &&
	    now_ns > load->progress_ns + STALL_NS)
		fail_stalled(load);
}

static void
take_opened(struct load *load, const struct link *link)
{
	if (link->owner == NULL)
		return;
	load->connecting--;
	load->opened++;
}

static void
take_multicart(struct load *load, struct participant *participant,
    struct span text, uint64_t now_ns)
{
	bool holds;

	if (load->phase == PHASE_ASKING) {
		hold_take_multicart(&load->hold, now_ns);
		return;
	}
	if (sends_on(load)) {
		if (load->plan->mode == PLAN_CLOSED &&
		    !participant->is_watcher &&
		    participant->seen[participant->number] ==
		    participant->sent)
			update(load, participant, clock_ns());
		return;
	}
	holds = participant_check(participant, &load->crowd, text);
	if (holds && !participant->holds)
		load->missing--;
	if (!holds && participant->holds)
		load->missing++;
	participant->holds = holds;
}

static void
take_message(struct load *load, struct participant *participant,
    struct span text, uint64_t now_ns)
{
	if (participant == NULL) {
		hold_take_probe(&load->hold, now_ns);
		return;
	}
	switch (participant_receive(participant, &load->crowd, text, now_ns)) {
	case PARTICIPANT_JOINED:
		take_joined(load, participant);
		break;
	case PARTICIPANT_MULTICART:
		take_multicart(load, participant, text, now_ns);
		break;
	case PARTICIPANT_CONFUSED:
		load->failed = true;
		break;
	}
}

/* Let a link do what its stream is ready for. */
static void
serve(struct load *load, struct stream *stream, uint32_t events)
{
	struct link *link = stream->owner;
	struct span message;
	uint64_t now_ns;

	if ((events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0 &&
	    stream_flush(stream) == -1)
		fail(load, link_reason(link));
	if ((events & ~(uint32_t)EPOLLOUT) != 0 && !load->failed &&
	    link_fill(link, stream, &load->inbox) == -1)
		fail(load, link_reason(link));
	now_ns = clock_ns();
	load->progress_ns = now_ns;
	while (!load->failed) {
		switch (link_next(link, stream, &load->inbox, &message)) {
		case LINK_NOTHING:
			return;
		case LINK_OPENED:
			take_opened(load, link);
			break;
		case LINK_MESSAGE:
			take_message(load, link->owner, message, now_ns);
			break;
		case LINK_LOST:
			fail(load, link_reason(link));
			break;
		}
	}
}

/* How long there may be nothing to do but to listen. */
static struct timespec
patience(const struct load *load, uint64_t now_ns)
{
	uint64_t until = now_ns + SECOND_NS;

	if (load->phase >= PHASE_WARMUP &&
	    load->phase < PHASE_ASKING && load->phase_ends_ns < until)
		until = load->phase_ends_ns;
	if (sends_on(load) && load->plan->mode == PLAN_RATE &&
	    next_tick_ns(load) < until)
		until = next_tick_ns(load);
	if (load->phase == PHASE_ASKING && hold_due_ns(&load->hold) < until)
		until = hold_due_ns(&load->hold);
	if (load->phase == PHASE_DONE || until < now_ns)
		until = now_ns;
	until -= now_ns;
	return (struct timespec){ (time_t)(until / SECOND_NS),
	    (long)(until % SECOND_NS) };
}

static void
run_loop(struct load *load)
{
	struct epoll_event events[EVENTS_MAX];
	struct timespec timeout;
	uint64_t now_ns;
	int i, n;

	load->progress_ns = clock_ns();
	while (load->phase != PHASE_DONE && !load->failed) {
		now_ns = clock_ns();
		step(load, now_ns);
		timeout = patience(load, now_ns);
		n = epoll_pwait2(load->epoll_fd, events, EVENTS_MAX, &timeout,
		    NULL);
		if (n == -1 && errno != EINTR)
			fatal("epoll_pwait2");
		for (i = 0; i < n && !load->failed; i++)
			serve(load, events[i].data.ptr, events[i].events);
	}
}

static void
init_crowd(struct load *load)
{
	const struct plan *plan = load->plan;
	const struct crowd_config config = {
		.transport = plan->transport,
		.session_size = plan->session_size,
		.watchers = plan->watchers,
		.cart_bytes = plan->cart_bytes,
		.message_bytes = plan->message_bytes,
	};

	crowd_init(&load->crowd, &config);
}

static void
init_participants(struct load *load)
{
	uint32_t i;

	load->stride = load->plan->session_size + load->plan->watchers;
	load->count = load->plan->sessions * load->stride;
	load->participants = xcalloc(load->count, sizeof(*load->participants));
	for (i = 0; i < load->count; i++) {
		struct participant *participant = &load->participants[i];

		link_init(&participant->link, load->plan->transport,
		    load->epoll_fd, participant);
		participant_init(participant, participant - i % load->stride,
		    i % load->stride, &load->crowd);
	}
}

static void
load_open(struct load *load)
{
	load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (load->epoll_fd == -1)
		fatal("epoll_create1");
	if (getrandom(&load->run, sizeof(load->run), 0) != sizeof(load->run))
		fatal("getrandom");
	srandom(load->run);
	inbox_init(&load->inbox);
	init_crowd(load);
	init_participants(load);
	hold_init(&load->hold, load->participants, &load->result->hold,
	    load->epoll_fd);
	read_server(load, &load->result->server_empty);
}

static void
load_close(struct load *load)
{
	uint32_t i;

	for (i = 0; i < load->count; i++)
		participant_clear(&load->participants[i]);
	free(load->participants);
	hold_clear(&load->hold);
	crowd_clear(&load->crowd);
	inbox_clear(&load->inbox);
	(void)close(load->epoll_fd);	/* nothing is behind it any more */
}

int
load_run(const struct plan *plan, struct load_result *result)
{
	struct load load = { .plan = plan, .result = result };

	*result = (struct load_result){ .verified = false };
	load_open(&load);
	run_loop(&load);
	result->tally = load.crowd.tally;
	load_close(&load);
	return load.failed ? -1 : 0;
}
