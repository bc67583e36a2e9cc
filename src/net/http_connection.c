#include "http_connection.h"

#include <stddef.h>
#include <sys/socket.h>

#include "http_answer.h"

/* Of a body, to count it until it is taken: a smaller one the kernel takes. */
#define UNSENT_BYTES_MIN 16384

int
http_connection_fd(const struct http_connection *connection)
{
	return MHD_get_connection_info(connection->mhd,
	    MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

const struct sockaddr *
http_connection_address(const struct http_connection *connection)
{
	return MHD_get_connection_info(connection->mhd,
	    MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
}

struct http_connection *
http_connection_of_deadline(struct deadline *deadline)
{
	return (void *)((char *)deadline -
	    offsetof(struct http_connection, deadline));
}

void
http_connection_stop_waiting(struct http_connection *connection)
{
	deadline_clear(connection->http->deadlines, &connection->deadline);
}

void
http_connection_wait_for(struct http_connection *connection,
    enum http_wait kind)
{
	struct http *http = connection->http;

	connection->waiting_ms = uv_now(http->config.loop);
	deadline_set(http->deadlines, &connection->deadline, kind);
}

void
http_connection_shut_down(struct http_connection *connection)
{
	http_connection_stop_waiting(connection);
	/* It fails if the client is gone, which is as good. */
	(void)shutdown(http_connection_fd(connection), SHUT_RDWR);
	connection->http->is_dirty = true;
}

void
http_connection_end_fields(struct http_connection *connection)
{
	if (connection->phase == HTTP_PHASE_FIELDS)
		http_partial_remove(&connection->http->partial,
		    &connection->partial);
}

void
http_connection_drop_shared(struct http *http)
{
	if (http->shared != NULL)
		MHD_destroy_response(http->shared);
	http->shared = NULL;
	http->shared_body = NULL;
}

/*
 * The response for answer, with a reference.  Many polls are answered with the
 * same body one after the other: they share one response.
 */
static struct MHD_Response *
response_for(struct http *http, const struct exchange_answer *answer)
{
	struct MHD_Response *response;

	if (exchange_is_whole(answer) && answer->body != NULL &&
	    answer->body == http->shared_body && !answer->closes) {
		payload_unref(answer->body);
		return http->shared;
	}
	response = http_answer_plain(answer);
	if (response == NULL || answer->status != MHD_HTTP_OK ||
	    !exchange_is_whole(answer) || answer->body == NULL ||
	    answer->body->refs < 2 || answer->closes)
		return response;
	http_connection_drop_shared(http);
	http->shared = response;
	http->shared_body = answer->body;
	return response;
}

enum MHD_Result
http_connection_respond(struct http_connection *connection, unsigned status,
    struct MHD_Response *response)
{
	enum MHD_Result result;

	if (response == NULL)
		return MHD_NO;
	result = MHD_queue_response(connection->mhd, status, response);
	if (response != connection->http->shared)
		MHD_destroy_response(response);
	return result;
}

enum MHD_Result
http_connection_answer(struct http_connection *connection,
    const struct exchange_answer *answer)
{
	struct unsent *unsent = connection->http->config.unsent;
	struct exchange_answer whole = *answer;
	struct MHD_Response *response;

	connection->phase = HTTP_PHASE_ANSWERED;
	connection->news = answer->news;
	whole.closes = answer->closes || connection->is_last;
	response = response_for(connection->http, &whole);
	if (answer->body != NULL && answer->body->len >= UNSENT_BYTES_MIN &&
	    response != NULL && unsent != NULL)
		unsent_begin(unsent, &connection->unsent, answer->body,
		    http_connection_fd(connection));
	/* The body is libmicrohttpd's now. */
	connection->answer = (struct exchange_answer){ .status = 0 };
	return http_connection_respond(connection, whole.status, response);
}
