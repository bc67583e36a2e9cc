#include "fcgi.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "config/address.h"
#include "deadline.h"
#include "exchange.h"
#include "fcgi_head.h"
#include "fcgi_output.h"
#include "longpoll.h"
#include "unsent.h"
#include "wire/fcgi_parser.h"

enum {
	SCRATCH_BYTES = 32768, /* what a connection is read at most per turn */
	SEND_BYTES = 262144,	/* what is sent on it at most per turn */
	REQUESTS_MAX = 32,	/* at a time on one connection */
	CLOSE_TIMEOUT_MS = 5000, /* for the web server to close its end */
	COMPLAINT_MS = 60000	/* between two log lines of one kind */
};

/* Kinds of deadlines. */
enum fcgi_wait {
	WAIT_NONE = DEADLINE_NONE,
	WAIT_TURN = DEADLINE_TURN,	/* to close what broke */
	WAIT_HEAD,	/* for the params of a request */
	WAIT_NEXT,	/* for those of another one, and before it idle */
	WAIT_CLOSE,
	WAIT_TAKE,	/* for room to send; the only one of take */
	WAIT_BODY	/* the only one of a request */
};

enum fcgi_state {
	STATE_OPEN,
	STATE_ENDING, /* what is queued is sent, nothing is heard */
	STATE_LINGERING,	/* the web server is to end the stream */
	STATE_BROKEN,		/* nothing can be sent: closed in a turn */
	STATE_CLOSED
};

struct fcgi_connection {
	uv_poll_t poll;
	struct fcgi_service *service;
	TAILQ_ENTRY(fcgi_connection) entry;	/* service->connections */
	struct fcgi_parser parser;
	uint32_t shown;		/* requests whose head has come */
	STAILQ_HEAD(, fcgi_output) outputs;	/* to be sent */
	struct deadline wait;	/* what the web server has to do next */
	struct deadline take;	/* until when it has to take something */
	int	 fd;
	uint8_t	 state;		/* enum fcgi_state */
	uint8_t	 events;	/* what the loop watches for */
	uint8_t	 end;		/* enum fcgi_end */
	bool is_blocked; /* sending waits until the socket is writable */
	bool	 is_reading;	/* answers are sent when all is read */
	bool	 has_spoken;	/* a request came */
};

/* A request from its head to its answer. */
struct fcgi_exchange {
	struct fcgi_connection *connection;
	struct fcgi_request *request;
	/* Until the body is there, one of these, then only poll. */
	struct longpoll *longpoll;
	struct fcgi_output *answer;
	struct deadline body;
	uint64_t body_len;	/* that has come */
	uint64_t content_length;
	bool	 has_length;	/* content_length is known */
	bool	 is_too_large;	/* the body, which is being skipped */
};

struct fcgi_service {
	struct fcgi_service_config config;
	struct fcgi_service_settings settings;
	struct fcgi_parser_config parser;
	struct deadlines *deadlines;
	struct fcgi_counts counts;
	TAILQ_HEAD(, fcgi_connection) connections;
	size_t	 unsent;		/* outputs of all connections */
	uint64_t untrusted_ms; /* when either may be logged again */
	uint64_t no_client_ms;
	uint8_t	 scratch[SCRATCH_BYTES];
};

static void	 on_fcgi_socket(uv_poll_t *poll, int status, int events);

static void
fcgi_wait_for(struct fcgi_connection *connection, struct deadline *deadline,
    enum fcgi_wait kind)
{
	deadline_set(connection->service->deadlines, deadline, kind);
}

static void
fcgi_stop_waiting(struct fcgi_connection *connection, struct deadline *deadline)
{
	deadline_clear(connection->service->deadlines, deadline);
}

static void
fcgi_watch_socket(struct fcgi_connection *connection)
{
	/* Who does not read our answers is not read from. */
	int events = connection->is_blocked ? UV_WRITABLE : UV_READABLE;

	if (events == connection->events)
		return;
	connection->events = (uint8_t)events;
	uv_poll_start(&connection->poll, events, on_fcgi_socket);
}

static void
drop_first_output(struct fcgi_connection *connection)
{
	struct fcgi_output *out = STAILQ_FIRST(&connection->outputs);

	STAILQ_REMOVE_HEAD(&connection->outputs, entry);
	connection->service->unsent--;
	fcgi_output_free(out);
}

/* Forget an exchange that was answered or given up. */
static void
free_exchange(struct fcgi_exchange *exchange)
{
	struct fcgi_connection *connection = exchange->connection;

	if (exchange->longpoll != NULL)
		longpoll_cancel(exchange->longpoll);
	if (exchange->answer != NULL)
		fcgi_output_free(exchange->answer);
	fcgi_stop_waiting(connection, &exchange->body);
	/* The wait for the next one begins anew, unless it is for the end. */
	if (connection->state != STATE_BROKEN)
		fcgi_stop_waiting(connection, &connection->wait);
	connection->shown--;
	fcgi_request_end(&connection->parser, exchange->request);
	free(exchange);
}

/* Nobody waits for answers on the connection any more. */
static void
free_all_exchanges(struct fcgi_connection *connection)
{
	struct fcgi_request *request;

	while ((request = fcgi_parser_request(&connection->parser)) != NULL) {
		if (request->owner != NULL)
			free_exchange(request->owner);
		else
			fcgi_request_end(&connection->parser, request);
	}
}

static void
on_fcgi_closed(uv_handle_t *handle)
{
	struct fcgi_connection *connection = handle->data;
	const struct fcgi_service_config *config =
	    &connection->service->config;

	fcgi_parser_clear(&connection->parser);
	free(connection);
	config->owner->ended(config->ctx);
}

/* End the connection at once. */
static void
close_now(struct fcgi_connection *connection)
{
	if (connection->state == STATE_CLOSED)
		return;
	connection->state = STATE_CLOSED;
	connection->service->counts.open--;
	connection->service->counts.closed[connection->end]++;
	free_all_exchanges(connection);
	fcgi_stop_waiting(connection, &connection->wait);
	fcgi_stop_waiting(connection, &connection->take);
	while (!STAILQ_EMPTY(&connection->outputs))
		drop_first_output(connection);
	TAILQ_REMOVE(&connection->service->connections, connection, entry);
	uv_close((uv_handle_t *)&connection->poll, on_fcgi_closed);
	close(connection->fd);
}

/*
 * Close it in the loop's next turn: whoever made us send may be walking over
 * polls, of which others are on the same connection.
 */
static void
close_next_turn(struct fcgi_connection *connection)
{
	connection->state = STATE_BROKEN;
	fcgi_stop_waiting(connection, &connection->take);
	deadline_set_turn(connection->service->deadlines, &connection->wait);
}

/* An answer takes too long, or too much memory with all others. */
static void
on_fcgi_too_slow(struct unsent_item *item)
{
	struct fcgi_output *out = (void *)((char *)item -
	    offsetof(struct fcgi_output, unsent));

	log_debug("fastcgi: the web server is too slow");
	if (out->connection->end == FCGI_END_CLOSED)
		out->connection->end = FCGI_END_STALL;
	close_next_turn(out->connection);
}

static void
queue(struct fcgi_connection *connection, struct fcgi_output *out)
{
	STAILQ_INSERT_TAIL(&connection->outputs, out, entry);
	connection->service->unsent++;
	out->connection = connection;
	out->unsent.cut = on_fcgi_too_slow;
	if (out->body != NULL)
		unsent_begin(connection->service->config.unsent, &out->unsent,
		    out->body, connection->fd);
}

/* Everything is said: end our half, and let it be read before a reset. */
static void
fcgi_linger(struct fcgi_connection *connection)
{
	if (shutdown(connection->fd, SHUT_WR) == -1) {
		log_debug("fastcgi: shutdown: %s", strerror(errno));
		close_next_turn(connection);
		return;
	}
	connection->state = STATE_LINGERING;
	fcgi_wait_for(connection, &connection->wait, WAIT_CLOSE);
}

/* The socket takes no more for now. */
static void
fcgi_block_output(struct fcgi_connection *connection)
{
	connection->is_blocked = true;
	if (connection->take.kind == WAIT_NONE)
		fcgi_wait_for(connection, &connection->take, WAIT_TAKE);
}

/* All of the first output is sent. */
static void
sent_first(struct fcgi_connection *connection)
{
	const struct fcgi_service_config *config =
	    &connection->service->config;
	const struct fcgi_output *out = STAILQ_FIRST(&connection->outputs);

	if (out->news.is_multicart)
		config->owner->delivered(config->ctx, &out->news);
	drop_first_output(connection);
}

/* Send some of what is queued first; returns the number of bytes. */
static size_t
fcgi_send_some(struct fcgi_connection *connection)
{
	struct fcgi_output *out = STAILQ_FIRST(&connection->outputs);
	ssize_t n = fcgi_output_send(out, connection->fd);

	if (n == -1) {
		if (errno == EAGAIN)
			fcgi_block_output(connection);
		else if (errno != EINTR) {
			log_debug("fastcgi: send: %s", strerror(errno));
			close_next_turn(connection);
		}
		return 0;
	}
	fcgi_stop_waiting(connection, &connection->take);
	if (fcgi_output_is_sent(out))
		sent_first(connection);
	return (size_t)n;
}

static void
wait_for_input(struct fcgi_connection *connection)
{
	uint32_t active = connection->parser.active;
	enum fcgi_wait kind = WAIT_NONE;

	if (active > connection->shown || !connection->has_spoken)
		kind = WAIT_HEAD;
	else if (active == 0)
		kind = WAIT_NEXT;
	/* While nothing is read nothing is late. */
	if (connection->is_blocked)
		kind = WAIT_NONE;
	if (kind == WAIT_NONE)
		fcgi_stop_waiting(connection, &connection->wait);
	else if (connection->wait.kind != kind)
		fcgi_wait_for(connection, &connection->wait, kind);
}

/* Go on to what is due when all is sent that can be. */
static void
fcgi_after_flush(struct fcgi_connection *connection)
{
	if (connection->state == STATE_OPEN &&
	    fcgi_parser_is_done(&connection->parser))
		connection->state = STATE_ENDING;
	if (connection->state == STATE_ENDING &&
	    STAILQ_EMPTY(&connection->outputs))
		fcgi_linger(connection);
	if (connection->state == STATE_OPEN)
		wait_for_input(connection);
	if (connection->state <= STATE_LINGERING)
		fcgi_watch_socket(connection);
}

/* Send what there is and the socket takes. */
static void
fcgi_flush(struct fcgi_connection *connection)
{
	size_t spent = 0;

	while (connection->state <= STATE_ENDING && !connection->is_blocked &&
	    !STAILQ_EMPTY(&connection->outputs)) {
		spent += fcgi_send_some(connection);
		/* The others' turn; being writable, it will be called again. */
		if (spent >= SEND_BYTES && !STAILQ_EMPTY(&connection->outputs))
			fcgi_block_output(connection);
	}
	if (connection->state != STATE_CLOSED)
		fcgi_after_flush(connection);
}

static struct fcgi_output *
refusal_output(const struct fcgi_exchange *exchange, unsigned status)
{
	const struct exchange_answer answer = {
		.status = status,
		.body = bad_request_body(status),
	};
	struct fcgi_service *service = exchange->connection->service;

	bad_request_count(&service->counts.refused, "fastcgi", status,
	    uv_now(service->config.loop));
	return fcgi_output_answer(exchange->request->id, &answer);
}

/* Send exchange's answer, which ends it. */
static void
answer_exchange(struct fcgi_exchange *exchange)
{
	queue(exchange->connection, exchange->answer);
	exchange->answer = NULL;
	free_exchange(exchange);
}

static void
on_answered(void *ctx, const struct exchange_answer *answer)
{
	struct fcgi_exchange *exchange = ctx;
	struct fcgi_connection *connection = exchange->connection;

	exchange->longpoll = NULL;
	exchange->answer = fcgi_output_answer(exchange->request->id, answer);
	answer_exchange(exchange);
	if (!connection->is_reading)
		fcgi_flush(connection);
}

static const struct longpoll_owner longpoll_owner = { .answered = on_answered };

/* Whether a log line of a kind is due; it is not until a while later then. */
static bool
is_log_due(struct fcgi_service *service, uint64_t *next_ms)
{
	uint64_t now_ms = uv_now(service->config.loop);

	if (now_ms < *next_ms)
		return false;
	*next_ms = now_ms + COMPLAINT_MS;
	return true;
}

static void
complain_of_client(struct fcgi_service *service)
{
	if (is_log_due(service, &service->no_client_ms))
		log_warnx("fastcgi: the web server says no address in "
		    "REMOTE_ADDR: such requests are refused");
}

/* Let the owner decide about a request that is well-formed. */
static void
ask_fcgi_owner(struct fcgi_exchange *exchange, const struct fcgi_head *head)
{
	const struct fcgi_service_config *config =
	    &exchange->connection->service->config;
	struct exchange_answer answer = { .status = 0 };

	exchange->has_length = head->has_length;
	exchange->content_length = head->request.content_length;
	config->owner->request(config->ctx, &head->request, &answer);
	exchange->longpoll = answer.longpoll;
	if (answer.status != 0)
		exchange->answer = fcgi_output_answer(exchange->request->id,
		    &answer);
}

static void
read_params(struct fcgi_exchange *exchange)
{
	struct fcgi_connection *connection = exchange->connection;
	struct fcgi_head head;

	switch (fcgi_head_read(&connection->parser, exchange->request,
	    &head)) {
	case FCGI_HEAD_READ:
		ask_fcgi_owner(exchange, &head);
		return;
	case FCGI_HEAD_MALFORMED:
		break;
	case FCGI_HEAD_NO_CLIENT:
		complain_of_client(connection->service);
		break;
	}
	exchange->answer = refusal_output(exchange, 400);
}

static void
begin_exchange(struct fcgi_connection *connection,
    struct fcgi_request *request, enum fcgi_status status)
{
	struct fcgi_exchange *exchange = xcalloc(1, sizeof(*exchange));

	exchange->connection = connection;
	exchange->request = request;
	request->owner = exchange;
	connection->shown++;
	connection->has_spoken = true;
	/* That for the head of another one begins anew. */
	fcgi_stop_waiting(connection, &connection->wait);
	fcgi_wait_for(connection, &exchange->body, WAIT_BODY);
	if (status == FCGI_HEAD)
		read_params(exchange);
	else
		exchange->answer = refusal_output(exchange,
		    status == FCGI_BIG_HEAD ? 431 : 400);
}

/* What is too large is read on, or its sender would not see why. */
static void
add_exchange_body(struct fcgi_exchange *exchange,
    const struct fcgi_event *event)
{
	exchange->body_len += event->len;
	if (exchange->longpoll != NULL && !exchange->is_too_large &&
	    longpoll_add_body(exchange->longpoll, event->data, event->len) == -1)
		exchange->is_too_large = true;
}

/* The request is complete: answer it, or let it wait. */
static void
start_exchange(struct fcgi_exchange *exchange)
{
	fcgi_stop_waiting(exchange->connection, &exchange->body);
	if (exchange->has_length &&
	    exchange->content_length != exchange->body_len) {
		if (exchange->answer != NULL)
			fcgi_output_free(exchange->answer);
		exchange->answer = refusal_output(exchange, 400);
	}
	/* Either may end exchange. */
	if (exchange->answer != NULL)
		answer_exchange(exchange);
	else if (exchange->is_too_large)
		longpoll_refuse_body(exchange->longpoll, &longpoll_owner, exchange);
	else
		longpoll_start(exchange->longpoll, &longpoll_owner, exchange);
}

static void
abort_exchange(struct fcgi_exchange *exchange)
{
	queue(exchange->connection, fcgi_output_end(exchange->request->id));
	free_exchange(exchange);
}

static void
on_fcgi_fault(struct fcgi_connection *connection, const char *fault)
{
	log_debug("fastcgi: %s: the connection is closed", fault);
	free_all_exchanges(connection);
	fcgi_stop_waiting(connection, &connection->wait);
	connection->end = FCGI_END_FAULT;
	connection->state = STATE_ENDING;
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
		begin_exchange(connection, event->request, status);
		break;
	case FCGI_BODY:
		add_exchange_body(event->request->owner, event);
		break;
	case FCGI_INPUT_END:
		start_exchange(event->request->owner);
		break;
	case FCGI_ABORTED:
		abort_exchange(event->request->owner);
		break;
	case FCGI_REPLY:
		queue(connection, fcgi_output_records(event->data,
		    event->len));
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
	} while (status != FCGI_MORE && connection->state == STATE_OPEN &&
	    !fcgi_parser_is_done(&connection->parser));
	connection->is_reading = false;
}

static void
fcgi_receive(struct fcgi_connection *connection)
{
	uint8_t *scratch = connection->service->scratch;
	ssize_t n = recv(connection->fd, scratch, SCRATCH_BYTES, 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		close_now(connection);
	else if (connection->state == STATE_OPEN)
		fcgi_parse(connection, scratch, (size_t)n);
}

static void
on_fcgi_socket(uv_poll_t *poll, int status, int events)
{
	struct fcgi_connection *connection = poll->data;

	if (status < 0) {
		close_now(connection);
		return;
	}
	if ((events & UV_WRITABLE) != 0)
		connection->is_blocked = false;
	if ((events & UV_READABLE) != 0)
		fcgi_receive(connection);
	if (connection->state != STATE_CLOSED)
		fcgi_flush(connection);
}

/* The connection of a deadline, which tells by its kind where it stands. */
static struct fcgi_connection *
fcgi_of_deadline(struct deadline *deadline, enum fcgi_wait kind)
{
	char *at = (char *)deadline;

	if (kind == WAIT_BODY) {
		at -= offsetof(struct fcgi_exchange, body);
		return ((struct fcgi_exchange *)(void *)at)->connection;
	}
	at -= kind == WAIT_TAKE ? offsetof(struct fcgi_connection, take) :
	    offsetof(struct fcgi_connection, wait);
	return (void *)at;
}

static void
on_fcgi_deadline(struct deadline *deadline, unsigned kind)
{
	static const char *const faults[] = {
		[WAIT_HEAD] = "the params of a request do not come",
		[WAIT_NEXT] = "no other request comes",
		[WAIT_CLOSE] = "the web server keeps its end open",
		[WAIT_TAKE] = "the web server takes nothing",
		[WAIT_BODY] = "the body of a request does not come",
	};
	static const enum fcgi_end ends[] = {
		[WAIT_HEAD] = FCGI_END_LATE,
		[WAIT_TAKE] = FCGI_END_STALL,
		[WAIT_BODY] = FCGI_END_LATE,
	};

	struct fcgi_connection *connection =
	    fcgi_of_deadline(deadline, (enum fcgi_wait)kind);

	if (faults[kind] != NULL)
		log_debug("fastcgi: %s: the connection is closed",
		    faults[kind]);
	if (connection->end == FCGI_END_CLOSED)
		connection->end = (uint8_t)ends[kind];
	close_now(connection);
}

static uint64_t
seconds(unsigned n)
{
	return (uint64_t)n * 1000;
}

static void
fcgi_durations(const struct fcgi_service *service,
    uint64_t wait_ms[DEADLINE_KINDS_MAX])
{
	const struct fcgi_service_settings *settings = &service->settings;

	wait_ms[WAIT_HEAD] = seconds(settings->head_timeout_s);
	wait_ms[WAIT_NEXT] = settings->head_timeout_s == 0 ? 0 :
	    seconds(settings->head_timeout_s) +
	    seconds(service->config.idle_timeout_s);
	wait_ms[WAIT_CLOSE] = CLOSE_TIMEOUT_MS;
	wait_ms[WAIT_TAKE] = seconds(settings->stall_timeout_s);
	wait_ms[WAIT_BODY] = seconds(settings->body_timeout_s);
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
	if (is_log_due(service, &service->untrusted_ms))
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
	fcgi_after_flush(connection);
}

size_t
fcgi_service_unsent(const struct fcgi_service *service)
{
	return service->unsent;
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
		close_now(connection);
	deadlines_free(service->deadlines);
}

void
fcgi_service_free(struct fcgi_service *service)
{
	free(service);
}
