#include "fcgi.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "config/address.h"
#include "fcgi_connection.h"
#include "fcgi_exchange.h"
#include "fcgi_head.h"
#include "fcgi_output.h"
#include "loop_lag.h"

enum {
	REQUESTS_MAX = 32,	/* at a time on one connection */
	CLOSE_TIMEOUT_MS = 5000	/* for the web server to close its end */
};

static void
on_fcgi_fault(struct fcgi_connection *connection, const char *fault)
{
	log_debug("fastcgi: %s: the connection is closed", fault);
	fcgi_connection_end_all(connection);
	fcgi_connection_stop_waiting(connection, &connection->wait);
	connection->end = FCGI_END_FAULT;
	connection->state = FCGI_STATE_ENDING;
}

static void
on_fcgi_event(struct fcgi_connection *connection, enum fcgi_status status,
    const struct fcgi_event *event)
{
	switch (status) {
	case FCGI_MORE:
		break;
	case FCGI_HEAD:
	case FCGI_BAD_HEAD:
	case FCGI_BIG_HEAD:
		fcgi_exchange_begin(connection, event->request, status);
		break;
	case FCGI_BODY:
		fcgi_exchange_add_body(event->request->owner, event);
		break;
	case FCGI_INPUT_END:
		fcgi_exchange_start(event->request->owner);
		break;
	case FCGI_ABORTED:
		fcgi_exchange_abort(event->request->owner);
		break;
	case FCGI_REPLY:
		fcgi_connection_queue(connection,
		    fcgi_output_records(event->data, event->len));
		break;
	case FCGI_FAILED:
		on_fcgi_fault(connection, event->fault);
		break;
	}
}

static void
fcgi_parse(struct fcgi_connection *connection, const uint8_t *bytes, size_t len)
{
	struct fcgi_event event;
	enum fcgi_status status;

	connection->is_reading = true;
	do {
		status = fcgi_parser_next(&connection->parser, &bytes, &len,
		    &event);
		on_fcgi_event(connection, status, &event);
	} while (status != FCGI_MORE && connection->state == FCGI_STATE_OPEN &&
	    !fcgi_parser_is_done(&connection->parser));
	connection->is_reading = false;
}

static void
fcgi_receive(struct fcgi_connection *connection)
{
	uint8_t *scratch = connection->service->scratch;
	ssize_t n = recv(connection->fd, scratch, FCGI_SCRATCH_BYTES, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		fcgi_connection_close(connection);
	else if (connection->state == FCGI_STATE_OPEN)
		fcgi_parse(connection, scratch, (size_t)n);
}

static void
on_fcgi_socket(uv_poll_t *poll, int status, int events)
{
	struct fcgi_connection *connection = poll->data;

	loop_lag_begin(poll->loop);
	if (status < 0) {
		fcgi_connection_close(connection);
		return;
	}
	if ((events & UV_WRITABLE) != 0)
		connection->is_blocked = false;
	if ((events & UV_READABLE) != 0)
		fcgi_receive(connection);
	if (connection->state != FCGI_STATE_CLOSED)
		fcgi_connection_flush(connection);
}

/* The connection of a deadline, which tells by its kind where it stands. */
static struct fcgi_connection *
fcgi_of_deadline(struct deadline *deadline, enum fcgi_wait kind)
{
	char *at = (char *)deadline;

	if (kind == FCGI_WAIT_BODY) {
		at -= offsetof(struct fcgi_exchange, body);
		return ((struct fcgi_exchange *)(void *)at)->connection;
	}
	at -= kind == FCGI_WAIT_STALL ?
	    offsetof(struct fcgi_connection, stall) :
	    offsetof(struct fcgi_connection, wait);
	return (void *)at;
}

static void
on_fcgi_deadline(struct deadline *deadline, unsigned kind)
{
	static const char *const faults[] = {
		[FCGI_WAIT_HEAD] = "the params of a request do not come",
		[FCGI_WAIT_NEXT] = "no other request comes",
		[FCGI_WAIT_CLOSE] = "the web server keeps its end open",
		[FCGI_WAIT_STALL] = "the web server takes nothing",
		[FCGI_WAIT_BODY] = "the body of a request does not come",
	};
	static const enum fcgi_end ends[] = {
		[FCGI_WAIT_HEAD] = FCGI_END_LATE,
		[FCGI_WAIT_STALL] = FCGI_END_STALL,
		[FCGI_WAIT_BODY] = FCGI_END_LATE,
	};

	struct fcgi_connection *connection =
	    fcgi_of_deadline(deadline, (enum fcgi_wait)kind);

	if (faults[kind] != NULL)
		log_debug("fastcgi: %s: the connection is closed",
		    faults[kind]);
	if (connection->end == FCGI_END_CLOSED)
		connection->end = (uint8_t)ends[kind];
	fcgi_connection_close(connection);
}

static void
fcgi_durations(const struct fcgi_service *service,
    uint64_t wait_ms[DEADLINE_KINDS_MAX])
{
	const struct fcgi_service_settings *settings = &service->settings;

	wait_ms[FCGI_WAIT_HEAD] = deadline_seconds(settings->head_timeout_s);
	wait_ms[FCGI_WAIT_NEXT] = settings->head_timeout_s == 0 ? 0 :
	    deadline_seconds(settings->head_timeout_s) +
	    deadline_seconds(service->config.idle_timeout_s);
	wait_ms[FCGI_WAIT_CLOSE] = CLOSE_TIMEOUT_MS;
	wait_ms[FCGI_WAIT_STALL] = deadline_seconds(settings->stall_timeout_s);
	wait_ms[FCGI_WAIT_BODY] = deadline_seconds(settings->body_timeout_s);
}

static struct fcgi_parser_config
parser_settings(const struct fcgi_service_settings *settings)
{
	return (struct fcgi_parser_config){
		.params = fcgi_head_params,
		.max_requests = REQUESTS_MAX,
		.max_connections = settings->max_connections > UINT32_MAX ? 0 :
		    (uint32_t)settings->max_connections,
	};
}

struct fcgi_service *
fcgi_service_new(const struct fcgi_service_config *config,
    const struct fcgi_service_settings *settings)
{
	struct fcgi_service *service = xcalloc(1, sizeof(*service));
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	service->config = *config;
	service->settings = *settings;
	service->on_socket = on_fcgi_socket;
	service->parser = parser_settings(settings);
	fcgi_durations(service, wait_ms);
	service->deadlines =
	    deadlines_new(config->loop, wait_ms, on_fcgi_deadline);
	TAILQ_INIT(&service->connections);
	return service;
}

void
fcgi_service_configure(struct fcgi_service *service,
    const struct fcgi_service_settings *settings)
{
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	service->settings = *settings;
	service->parser = parser_settings(settings);
	fcgi_durations(service, wait_ms);
	deadlines_configure(service->deadlines, wait_ms);
}

/* Whether who connected from there is believed about its clients. */
static bool
is_trusted(const struct fcgi_service *service, const struct sockaddr *from)
{
	struct address address = address_from_sockaddr(from);

	return from->sa_family == AF_UNIX || address_is_trusted(
	    service->settings.trusted_proxies,
	    service->settings.trusted_proxies_count, &address);
}

static void
refuse_connection(struct fcgi_service *service, int fd,
    const struct sockaddr *from)
{
	struct address address = address_from_sockaddr(from);
	char text[ADDRESS_TEXT_MAX + 1];

	close(fd);
	service->counts.opened++;
	service->counts.closed[FCGI_END_UNTRUSTED]++;
	address_format_detail(&address, service->settings.log_addresses, text);
	if (log_is_due(&service->untrusted_ms, uv_now(service->config.loop)))
		log_warnx("fastcgi: connections from %s are refused: it is "
		    "not in trusted-proxies", text[0] != '\0' ? text :
		    "an address");
	service->config.owner->ended(service->config.ctx);
}

void
fcgi_service_add(struct fcgi_service *service, int fd,
    const struct sockaddr *address, socklen_t len)
{
	struct fcgi_connection *connection;
	int on = 1, error;

	(void)len;	/* the family tells */
	if (!is_trusted(service, address)) {
		refuse_connection(service, fd, address);
		return;
	}
	connection = xcalloc(1, sizeof(*connection));
	error = uv_poll_init(service->config.loop, &connection->poll, fd);
	if (error < 0) {
		log_warnx("fastcgi: %s", uv_strerror(error));
		close(fd);
		free(connection);
		service->config.owner->ended(service->config.ctx);
		return;
	}
	/* It fails on a socket that is not TCP, which has no such delay. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection->poll.data = connection;
	connection->service = service;
	connection->fd = fd;
	service->counts.open++;
	service->counts.opened++;
	fcgi_parser_init(&connection->parser, &service->parser);
	STAILQ_INIT(&connection->outputs);
	TAILQ_INSERT_TAIL(&service->connections, connection, entry);
	fcgi_connection_go_on(connection);
}

size_t
fcgi_service_pending(const struct fcgi_service *service)
{
	return service->pending;
}

void
fcgi_service_copy_counts(const struct fcgi_service *service,
    struct fcgi_counts *counts)
{
	*counts = service->counts;
}

void
fcgi_service_stop(struct fcgi_service *service)
{
	struct fcgi_connection *connection;

	while ((connection = TAILQ_FIRST(&service->connections)) != NULL)
		fcgi_connection_close(connection);
	deadlines_free(service->deadlines);
}

void
fcgi_service_free(struct fcgi_service *service)
{
	free(service);
}
