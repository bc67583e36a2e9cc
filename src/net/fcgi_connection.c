#include "fcgi_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "deferred.h"
#include "fcgi_output.h"
#include "unsent.h"

#define SEND_BYTES 262144	/* what is sent on one at most per turn */

void
fcgi_connection_wait_for(struct fcgi_connection *connection,
    struct deadline *deadline, enum fcgi_wait kind)
{
	deadline_set(connection->service->deadlines, deadline, kind);
}

void
fcgi_connection_stop_waiting(struct fcgi_connection *connection,
    struct deadline *deadline)
{
	deadline_clear(connection->service->deadlines, deadline);
}

static void
watch_fcgi_socket(struct fcgi_connection *connection)
{
	/* Who does not read our answers is not read from. */
	int events = connection->is_blocked ? UV_WRITABLE : UV_READABLE;

	if (events == connection->events)
		return;
	connection->events = (uint8_t)events;
	uv_poll_start(&connection->poll, events,
	    connection->service->on_socket);
}

static void
drop_first_output(struct fcgi_connection *connection)
{
	struct fcgi_output *out = STAILQ_FIRST(&connection->outputs);

	STAILQ_REMOVE_HEAD(&connection->outputs, entry);
	connection->service->pending--;
	fcgi_output_free(out);
}

void
fcgi_connection_end_exchange(struct fcgi_exchange *exchange)
{
	struct fcgi_connection *connection = exchange->connection;

	if (exchange->deferred != NULL)
		deferred_cancel(exchange->deferred);
	if (exchange->answer != NULL)
		fcgi_output_free(exchange->answer);
	fcgi_connection_stop_waiting(connection, &exchange->body);
	/* The wait for the next one begins anew, unless it is for the end. */
	if (connection->state != FCGI_STATE_BROKEN)
		fcgi_connection_stop_waiting(connection, &connection->wait);
	connection->shown--;
	fcgi_request_end(&connection->parser, exchange->request);
	free(exchange);
}

void
fcgi_connection_end_all(struct fcgi_connection *connection)
{
	struct fcgi_request *request;

	while ((request = fcgi_parser_request(&connection->parser)) != NULL) {
		if (request->owner != NULL)
			fcgi_connection_end_exchange(request->owner);
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

void
fcgi_connection_close(struct fcgi_connection *connection)
{
	if (connection->state == FCGI_STATE_CLOSED)
		return;
	connection->state = FCGI_STATE_CLOSED;
	connection->service->counts.open--;
	connection->service->counts.closed[connection->end]++;
	fcgi_connection_end_all(connection);
	fcgi_connection_stop_waiting(connection, &connection->wait);
	fcgi_connection_stop_waiting(connection, &connection->stall);
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
	connection->state = FCGI_STATE_BROKEN;
	fcgi_connection_stop_waiting(connection, &connection->stall);
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

void
fcgi_connection_queue(struct fcgi_connection *connection,
    struct fcgi_output *out)
{
	STAILQ_INSERT_TAIL(&connection->outputs, out, entry);
	connection->service->pending++;
	out->connection = connection;
	out->unsent.cut = on_fcgi_too_slow;
	if (out->body != NULL)
		unsent_begin(connection->service->config.unsent, &out->unsent,
		    out->body, connection->fd);
}

/* Everything is said: end our half, and let it be read before a reset. */
static void
linger(struct fcgi_connection *connection)
{
	if (shutdown(connection->fd, SHUT_WR) == -1) {
		log_debug("fastcgi: shutdown: %s", strerror(errno));
		close_next_turn(connection);
		return;
	}
	connection->state = FCGI_STATE_LINGERING;
	fcgi_connection_wait_for(connection, &connection->wait,
	    FCGI_WAIT_CLOSE);
}

/* The socket takes no more for now. */
static void
block_output(struct fcgi_connection *connection)
{
	connection->is_blocked = true;
	if (connection->stall.kind == FCGI_WAIT_NONE)
		fcgi_connection_wait_for(connection, &connection->stall,
		    FCGI_WAIT_STALL);
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
send_some_output(struct fcgi_connection *connection)
{
	struct fcgi_output *out = STAILQ_FIRST(&connection->outputs);
	ssize_t n = fcgi_output_send(out, connection->fd);

	if (n == -1) {
		if (errno == EAGAIN)
			block_output(connection);
		else if (errno != EINTR) {
			log_debug("fastcgi: send: %s", strerror(errno));
			close_next_turn(connection);
		}
		return 0;
	}
	fcgi_connection_stop_waiting(connection, &connection->stall);
	if (fcgi_output_is_sent(out))
		sent_first(connection);
	return (size_t)n;
}

static void
wait_for_input(struct fcgi_connection *connection)
{
	uint32_t active = connection->parser.active;
	enum fcgi_wait kind = FCGI_WAIT_NONE;

	if (active > connection->shown || !connection->has_spoken)
		kind = FCGI_WAIT_HEAD;
	else if (active == 0)
		kind = FCGI_WAIT_NEXT;
	/* While nothing is read nothing is late. */
	if (connection->is_blocked)
		kind = FCGI_WAIT_NONE;
	if (kind == FCGI_WAIT_NONE)
		fcgi_connection_stop_waiting(connection, &connection->wait);
	else if (connection->wait.kind != kind)
		fcgi_connection_wait_for(connection, &connection->wait, kind);
}

void
fcgi_connection_go_on(struct fcgi_connection *connection)
{
	if (connection->state == FCGI_STATE_OPEN &&
	    fcgi_parser_is_done(&connection->parser))
		connection->state = FCGI_STATE_ENDING;
	if (connection->state == FCGI_STATE_ENDING &&
	    STAILQ_EMPTY(&connection->outputs))
		linger(connection);
	if (connection->state == FCGI_STATE_OPEN)
		wait_for_input(connection);
	if (connection->state <= FCGI_STATE_LINGERING)
		watch_fcgi_socket(connection);
}

void
fcgi_connection_flush(struct fcgi_connection *connection)
{
	size_t spent = 0;

	while (connection->state <= FCGI_STATE_ENDING &&
	    !connection->is_blocked && !STAILQ_EMPTY(&connection->outputs)) {
		spent += send_some_output(connection);
		/* The others' turn; being writable, it will be called again. */
		if (spent >= SEND_BYTES && !STAILQ_EMPTY(&connection->outputs))
			block_output(connection);
	}
	if (connection->state != FCGI_STATE_CLOSED)
		fcgi_connection_go_on(connection);
}
