#include "event_reader.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "event_json.h"
#include "wire/json_write.h"

enum {
	CURSOR_BYTES = 24,
	FRAME_BYTES_MAX = 128		/* of an answer besides its events */
};

struct event_reader {
	struct event_reader_config config;
	pthread_t thread;
	struct journal_events *journal;	/* the thread's */

	pthread_mutex_t lock;		/* over these, ... */
	pthread_cond_t wake;		/* ... which have changed */
	struct event_request request;
	bool	 is_asked;
	struct event_result result;
	bool	 is_done;
	bool	 is_stopping;
};

struct payload *
event_reader_answer(const struct journal_events_page *page)
{
	struct json_write json;
	char cursor[CURSOR_BYTES];
	size_t i;

	json_write_begin(&json,
	    FRAME_BYTES_MAX + page->count * EVENT_JSON_BYTES_MAX);
	json_write_open(&json, "events", "[");
	for (i = 0; i < page->count; i++) {
		json_write_open(&json, NULL, "{");
		event_json_write(&json, &page->events[i]);
		json_write_close(&json, "}");
	}
	json_write_close(&json, "]");
	xsnprintf(cursor, sizeof(cursor), "%" PRId64, page->last);
	json_write_string(&json, "cursor", cursor);
	return json_write_end(&json);
}

static struct event_result
read_newest(struct event_reader *reader)
{
	struct event_result result = { .answer = NULL };

	result.status = journal_events_newest(reader->journal, &result.last);
	return result;
}

static struct event_result
read_events(struct event_reader *reader, const struct event_request *request)
{
	struct event_result result = { .answer = NULL };
	struct journal_events_page page;

	result.status = journal_events_read_shop(reader->journal,
	    request->shop, request->after, request->max, &page);
	if (page.count > 0)
		result.answer = event_reader_answer(&page);
	result.last = page.last;
	result.has_more = page.last < page.newest;
	journal_events_page_clear(&page);
	return result;
}

/* Wait for a request; false at the end. */
static bool
wait_for_request(struct event_reader *reader, struct event_request *request)
{
	bool is_asked;

	mutex_lock(&reader->lock);
	while (!reader->is_asked && !reader->is_stopping)
		condition_wait(&reader->wake, &reader->lock);
	is_asked = reader->is_asked && !reader->is_stopping;
	*request = reader->request;
	reader->is_asked = false;
	mutex_unlock(&reader->lock);
	return is_asked;
}

/* The database's server is waited for: does anybody wait for the answer? */
static bool
goes_on(void *ctx)
{
	struct event_reader *reader = ctx;
	bool is_stopping;

	mutex_lock(&reader->lock);
	is_stopping = reader->is_stopping;
	mutex_unlock(&reader->lock);
	return !is_stopping;
}

static void *
event_reader_main(void *ctx)
{
	struct event_reader *reader = ctx;
	struct event_request request;
	struct event_result result;

	while (wait_for_request(reader, &request)) {
		result = request.after == EVENT_READER_NEWEST ?
		    read_newest(reader) : read_events(reader, &request);
		mutex_lock(&reader->lock);
		reader->result = result;
		reader->is_done = true;
		mutex_unlock(&reader->lock);
		reader->config.done(reader->config.ctx);
	}
	return NULL;
}

struct event_reader *
event_reader_start(const struct event_reader_config *config)
{
	struct event_reader *reader = xcalloc(1, sizeof(*reader));

	reader->config = *config;
	reader->journal = journal_events_new(config->path);
	journal_events_set_waiting(reader->journal, goes_on, reader);
	if (pthread_mutex_init(&reader->lock, NULL) != 0 ||
	    pthread_cond_init(&reader->wake, NULL) != 0)
		fatalx("events: no lock");
	reader->thread = thread_start("events", event_reader_main, reader);
	return reader;
}

void
event_reader_stop(struct event_reader *reader)
{
	if (reader == NULL)
		return;
	mutex_lock(&reader->lock);
	reader->is_stopping = true;
	condition_signal(&reader->wake);
	mutex_unlock(&reader->lock);
	(void)pthread_join(reader->thread, NULL); /* it is ours */
	(void)pthread_cond_destroy(&reader->wake); /* nobody waits */
	(void)pthread_mutex_destroy(&reader->lock); /* nobody holds it */
	if (reader->is_done)
		payload_unref(reader->result.answer);
	journal_events_free(reader->journal);
	free(reader);
}

void
event_reader_ask(struct event_reader *reader,
    const struct event_request *request)
{
	mutex_lock(&reader->lock);
	reader->request = *request;
	reader->is_asked = true;
	condition_signal(&reader->wake);
	mutex_unlock(&reader->lock);
}

bool
event_reader_collect(struct event_reader *reader, struct event_result *result)
{
	bool is_done;

	mutex_lock(&reader->lock);
	is_done = reader->is_done;
	reader->is_done = false;
	*result = reader->result;
	mutex_unlock(&reader->lock);
	return is_done;
}
