#include "fcgi_exchange.h"

#include "bad_request.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "deferred.h"
#include "exchange.h"
#include "fcgi_connection.h"
#include "fcgi_head.h"
#include "fcgi_output.h"

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
	fcgi_connection_queue(exchange->connection, exchange->answer);
	exchange->answer = NULL;
	fcgi_connection_end_exchange(exchange);
}

static void
on_exchange_answered(void *ctx, const struct exchange_answer *answer)
{
	struct fcgi_exchange *exchange = ctx;
	struct fcgi_connection *connection = exchange->connection;

	exchange->deferred = NULL;
	exchange->answer = fcgi_output_answer(exchange->request->id, answer);
	answer_exchange(exchange);
	if (!connection->is_reading)
		fcgi_connection_flush(connection);
}

static void
complain_of_client(struct fcgi_service *service)
{
	if (log_is_due(&service->no_client_ms, uv_now(service->config.loop)))
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
	exchange->deferred = answer.deferred;
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

void
fcgi_exchange_begin(struct fcgi_connection *connection,
    struct fcgi_request *request, enum fcgi_status status)
{
	struct fcgi_exchange *exchange = xcalloc(1, sizeof(*exchange));

	exchange->connection = connection;
	exchange->request = request;
	request->owner = exchange;
	connection->shown++;
	connection->has_spoken = true;
	/* That for the head of another one begins anew. */
	fcgi_connection_stop_waiting(connection, &connection->wait);
	fcgi_connection_wait_for(connection, &exchange->body, FCGI_WAIT_BODY);
	if (status == FCGI_HEAD)
		read_params(exchange);
	else
		exchange->answer = refusal_output(exchange,
		    status == FCGI_BIG_HEAD ? 431 : 400);
}

/* What is too large is read on, or its sender would not see why. */
void
fcgi_exchange_add_body(struct fcgi_exchange *exchange,
    const struct fcgi_event *event)
{
	exchange->body_len += event->len;
	if (exchange->deferred != NULL && !exchange->is_too_large &&
	    deferred_add_body(exchange->deferred, event->data,
	    event->len) == -1)
		exchange->is_too_large = true;
}

void
fcgi_exchange_start(struct fcgi_exchange *exchange)
{
	fcgi_connection_stop_waiting(exchange->connection, &exchange->body);
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
		deferred_refuse_body(exchange->deferred,
		    on_exchange_answered, exchange);
	else
		deferred_start(exchange->deferred, on_exchange_answered,
		    exchange);
}

void
fcgi_exchange_abort(struct fcgi_exchange *exchange)
{
	fcgi_connection_queue(exchange->connection,
	    fcgi_output_end(exchange->request->id));
	fcgi_connection_end_exchange(exchange);
}
