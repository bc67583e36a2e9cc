#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "cart.h"
#include "plan.h"

#include "base/log.h"

enum {
	DESCRIPTORS_BESIDES = 16,	/* those that are no connections */
	CONNECTIONS_MAX = 1000000
};

#define DURATION_NS 5000000000ULL
#define WARMUP_NS 1000000000ULL
#define WARMUP_UNSET UINT64_MAX

enum flag {
	FLAG_URL,
	FLAG_TRANSPORT,
	FLAG_SESSIONS,
	FLAG_PARTICIPANTS,
	FLAG_WATCHERS,
	FLAG_CART_BYTES,
	FLAG_MESSAGE_BYTES,
	FLAG_DURATION,
	FLAG_UPDATES,
	FLAG_MODE,
	FLAG_RATE,
	FLAG_IDLE,
	FLAG_JOIN_ONLY,
	FLAG_HOLD,
	FLAG_ROUNDS,
	FLAG_PID,
	FLAG_SYSCALLS,
	FLAG_SUBPROTOCOL,
	FLAG_PREFIX,
	FLAG_WARMUP,
	FLAG_HELP		/* in the order of options[] */
};

static const struct option options[] = {
	{ "url", required_argument, NULL, FLAG_URL },
	{ "transport", required_argument, NULL, FLAG_TRANSPORT },
	{ "sessions", required_argument, NULL, FLAG_SESSIONS },
	{ "participants", required_argument, NULL, FLAG_PARTICIPANTS },
	{ "watchers", required_argument, NULL, FLAG_WATCHERS },
	{ "cart-bytes", required_argument, NULL, FLAG_CART_BYTES },
	{ "message-bytes", required_argument, NULL, FLAG_MESSAGE_BYTES },
	{ "duration", required_argument, NULL, FLAG_DURATION },
	{ "updates", required_argument, NULL, FLAG_UPDATES },
	{ "mode", required_argument, NULL, FLAG_MODE },
	{ "rate", required_argument, NULL, FLAG_RATE },
	{ "idle", no_argument, NULL, FLAG_IDLE },
	{ "join-only", no_argument, NULL, FLAG_JOIN_ONLY },
	{ "hold", no_argument, NULL, FLAG_HOLD },
	{ "rounds", required_argument, NULL, FLAG_ROUNDS },
	{ "pid", required_argument, NULL, FLAG_PID },
	{ "syscalls", no_argument, NULL, FLAG_SYSCALLS },
	{ "subprotocol", required_argument, NULL, FLAG_SUBPROTOCOL },
	{ "prefix", required_argument, NULL, FLAG_PREFIX },
	{ "warmup", required_argument, NULL, FLAG_WARMUP },
	{ "help", no_argument, NULL, FLAG_HELP },
	{ NULL, 0, NULL, 0 }
};

static const char usage_text[] =
"usage: fanout --url ws://HOST:PORT[/BASE/] [OPTION]...\n"
"  --transport NAME     ws (default), poll (long-polling; http:// in the URL\n"
"                       will do) or nchan (its long-polling)\n"
"  --sessions N         (1)\n"
"  --participants N     in each session (3)\n"
"  --watchers N         more polls in each session, of its participants (0)\n"
"  --cart-bytes N       length of a cart (1500)\n"
"  --message-bytes N    nchan: length of an update (as its cart needs)\n"
"  --mode closed        send again when one's own update came back (default)\n"
"  --rate R             instead: R updates a second in each session\n"
"  --idle               instead: only connect, and hold for the duration\n"
"  --join-only          instead: connect, join, one cart each, and hold\n"
"  --hold               instead: likewise over HTTP, and then measure changes\n"
"                       and polls beside those that are held\n"
"  --rounds N           --hold: so many changes (20)\n"
"  --warmup SECONDS     of load that does not count (1; 0 with --updates)\n"
"  --duration SECONDS   of load that does (5)\n"
"  --updates N          instead: until so many updates reached everybody\n"
"  --pid PID            the server's, for its CPU time and memory\n"
"  --syscalls           count its system calls, too, as root\n"
"  --subprotocol NAME   to offer\n"
"  --prefix TEXT        of the session ids (bench-)\n";

static void __attribute__((noreturn))
usage(FILE *to, int status)
{
	(void)fputs(usage_text, to);	/* the exit status says enough */
	exit(status);
}

/* Connections to the loopback come from many of its addresses. */
static void
set_source(struct stream_target *target)
{
	const struct sockaddr_in *to = (const void *)&target->address;
	struct sockaddr_in *from = (void *)&target->source;

	if (target->address.ss_family != AF_INET ||
	    ntohl(to->sin_addr.s_addr) >> 24 != IN_LOOPBACKNET)
		return;
	from->sin_family = AF_INET;
	target->source_len = sizeof(*from);
}

static void
resolve(struct stream_target *target, const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	int error;

	error = getaddrinfo(host, port, &hints, &found);
	if (error != 0) {
		log_warnx("%s: %s", host, gai_strerror(error));
		exit(EX_NOHOST);
	}
	memcpy(&target->address, found->ai_addr, found->ai_addrlen);
	target->address_len = found->ai_addrlen;
	freeaddrinfo(found);
	set_source(target);
}

/* Take ws://HOST:PORT[/BASE[/]] apart; HOST may be in brackets. */
static void
parse_url(struct plan *plan, char *url)
{
	static const char scheme_end[] = "://";
	char *host, *path, *port;
	size_t n;

	host = strstr(url, scheme_end);
	if (host == NULL || (strncmp(url, "ws:", 3) != 0 &&
	    strncmp(url, "http:", 5) != 0))
		usage(stderr, EX_USAGE);
	host += sizeof(scheme_end) - 1;
	n = strcspn(host, "/");
	path = host + n;
	if ((size_t)snprintf(plan->host, sizeof(plan->host), "%.*s", (int)n,
	    host) >= sizeof(plan->host) ||
	    (size_t)snprintf(plan->base_path, sizeof(plan->base_path), "%s%s",
	    path, n > 0 && host[strlen(host) - 1] == '/' ? "" : "/") >=
	    sizeof(plan->base_path))
		usage(stderr, EX_USAGE);
	*path = '\0';
	port = strrchr(host, ':');
	if (port == NULL)
		usage(stderr, EX_USAGE);
	*port++ = '\0';
	if (*host == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		host++;
	}
	resolve(&plan->target, host, port);
}

static enum transport
parse_transport(const char *name)
{
	static const char *const names[] = {
		[TRANSPORT_WS] = "ws",
		[TRANSPORT_POLL] = "poll",
		[TRANSPORT_NCHAN] = "nchan",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum transport)i;
	usage(stderr, EX_USAGE);
}

/* What the value of an option that takes a number may be. */
static const struct range {
	double	 min;
	double	 max;
} ranges[] = {
	[FLAG_SESSIONS] = { 1, CONNECTIONS_MAX },
	[FLAG_PARTICIPANTS] = { 1, CART_MEMBERS_MAX },
	[FLAG_WATCHERS] = { 0, CONNECTIONS_MAX },
	[FLAG_MESSAGE_BYTES] = { 0, CART_MAX_BYTES },
	[FLAG_ROUNDS] = { 1, 1e6 },
	[FLAG_CART_BYTES] = { CART_MIN_BYTES, CART_MAX_BYTES },
	[FLAG_DURATION] = { 0.01, 86400 },
	[FLAG_UPDATES] = { 1, 1e9 },
	[FLAG_RATE] = { 1e-6, 1e6 },
	[FLAG_PID] = { 1, INT32_MAX },
	[FLAG_WARMUP] = { 0, 3600 },
};

static double
parse_number(enum flag flag, const char *text)
{
	const struct range *range = &ranges[flag];
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 ||
	    !(value >= range->min && value <= range->max)) {
		log_warnx("--%s: a number from %g to %g is needed",
		    options[flag].name, range->min, range->max);
		exit(EX_USAGE);
	}
	return value;
}

static void
take_option(struct plan *plan, enum flag flag, char *value)
{
	switch (flag) {
	case FLAG_URL:
		parse_url(plan, value);
		break;
	case FLAG_TRANSPORT:
		plan->transport = parse_transport(value);
		break;
	case FLAG_SESSIONS:
		plan->sessions = (uint32_t)parse_number(flag, value);
		break;
	case FLAG_PARTICIPANTS:
		plan->session_size = (uint32_t)parse_number(flag, value);
		break;
	case FLAG_WATCHERS:
		plan->watchers = (uint32_t)parse_number(flag, value);
		break;
	case FLAG_CART_BYTES:
		plan->cart_bytes = (size_t)parse_number(flag, value);
		break;
	case FLAG_MESSAGE_BYTES:
		plan->message_bytes = (size_t)parse_number(flag, value);
		break;
	case FLAG_DURATION:
		plan->duration_ns = (uint64_t)(1e9 * parse_number(flag, value));
		break;
	case FLAG_UPDATES:
		plan->updates = (uint64_t)parse_number(flag, value);
		break;
	case FLAG_MODE:
		if (strcmp(value, "closed") != 0)
			usage(stderr, EX_USAGE);
		plan->mode = PLAN_CLOSED;
		break;
	case FLAG_RATE:
		plan->mode = PLAN_RATE;
		plan->rate = parse_number(flag, value);
		break;
	case FLAG_IDLE:
		plan->mode = PLAN_IDLE;
		break;
	case FLAG_JOIN_ONLY:
		plan->mode = PLAN_JOIN;
		break;
	case FLAG_HOLD:
		plan->mode = PLAN_HOLD;
		break;
	case FLAG_ROUNDS:
		plan->rounds = (uint32_t)parse_number(flag, value);
		break;
	case FLAG_PID:
		plan->pid = (pid_t)parse_number(flag, value);
		break;
	case FLAG_SYSCALLS:
		plan->counts_syscalls = true;
		break;
	case FLAG_SUBPROTOCOL:
		plan->subprotocol = value;
		break;
	case FLAG_PREFIX:
		plan->prefix = value;
		break;
	case FLAG_WARMUP:
		plan->warmup_ns = (uint64_t)(1e9 * parse_number(flag, value));
		break;
	case FLAG_HELP:
		usage(stdout, EXIT_SUCCESS);
		break;
	}
}

/* Without enough descriptors the figures would be of something else. */
static void
check_descriptors(const struct plan *plan)
{
	uint64_t need = plan_connections(plan) + DESCRIPTORS_BESIDES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("getrlimit");
	if (need > limit.rlim_max || need > CONNECTIONS_MAX) {
		log_warnx("%" PRIu64 " connections need as many file "
		    "descriptors and %d more; the hard limit (ulimit -Hn) is "
		    "%" PRIu64, need - DESCRIPTORS_BESIDES,
		    DESCRIPTORS_BESIDES, (uint64_t)limit.rlim_max);
		exit(EX_OSERR);
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("setrlimit");
}

/* Watchers and --hold need polls, and polls mean nothing to --idle. */
static bool
is_possible(const struct plan *plan)
{
	if (plan->transport == TRANSPORT_WS)
		return plan->watchers == 0 && plan->mode != PLAN_HOLD;
	return plan->mode != PLAN_IDLE && *plan->subprotocol == '\0';
}

void
arguments_parse(int argc, char *argv[], struct plan *plan)
{
	int option;

	*plan = (struct plan){
		.mode = PLAN_CLOSED,
		.sessions = 1,
		.session_size = 3,
		.rounds = 20,
		.cart_bytes = 1500,
		.warmup_ns = WARMUP_UNSET,
		.duration_ns = DURATION_NS,
		.prefix = "bench-",
		.subprotocol = "",
	};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			usage(stderr, EX_USAGE);
		take_option(plan, (enum flag)option, optarg);
	}
	if (optind < argc || plan->target.address_len == 0 ||
	    (plan->counts_syscalls && plan->pid == 0) ||
	    !is_possible(plan))
		usage(stderr, EX_USAGE);
	if (plan->warmup_ns == WARMUP_UNSET)
		plan->warmup_ns = plan->updates > 0 ? 0 : WARMUP_NS;
	check_descriptors(plan);
}
