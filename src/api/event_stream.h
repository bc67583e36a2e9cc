#ifndef EVENT_STREAM_H
#define EVENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

struct api_query;
struct deferred;
struct exchange_request;

/*
 * GET /v1/events: requests that are answered with the events behind a row of
 * the journal, or held until there are some.  Before the first request there
 * is no thread for it, and while none is held a commit costs a comparison.
 */
struct event_stream;

enum {
	/* Requests at a time, so that half of the connections remain. */
	EVENT_STREAM_POLLS_MAX = 32,
	/* So many a shop may have, however many shops share these. */
	EVENT_STREAM_SHOP_MIN = 2,
	/* Between two rounds of reading, in which all have their turn: what is
	 * committed meanwhile is told together. */
	EVENT_STREAM_PACE_MS = 10
};

struct event_stream_config {
	uv_loop_t *loop;
	const char *database;		/* its path; copied */
	/* A request is answered so. */
	void	(*answered)(void *ctx, unsigned status);
	/* The service stops: none is begun any more. */
	bool	(*is_draining)(const void *ctx);
	void	*ctx;
};

struct event_stream *event_stream_new(
	    const struct event_stream_config *config);
/* When there is no request any more; ends the thread. */
void	 event_stream_stop(struct event_stream *stream);
/* After the loop's close callbacks. */
void	 event_stream_free(struct event_stream *stream);
/* Those whose head has come, and which have no answer yet. */
size_t	 event_stream_count(const struct event_stream *stream);

/* The answer to request of that shop, whose body says nothing. */
struct deferred *event_stream_poll(struct event_stream *stream,
	    const char *shop, const struct api_query *query,
	    const struct exchange_request *request);

/*
 * So many shops have keys now, and share the requests that may be held.  Those
 * that are held are answered with nothing: they come again if their key is good.
 */
void	 event_stream_configure(struct event_stream *stream, size_t shops);
/* Rows may have been committed. */
void	 event_stream_committed(struct event_stream *stream);
/* Answer all held ones: the service is stopping. */
void	 event_stream_drain(struct event_stream *stream);

#endif
