#ifndef EVENT_READER_H
#define EVENT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session/session_name.h"
#include "storage/journal_events.h"

/*
 * A thread that reads the journal for the event stream and makes JSON of it,
 * one request at a time: neither the network nor the storage has to wait for
 * it, nor for whoever asks much.
 */
struct event_reader;

struct event_reader_config {
	const char *path;	/* of the database; copied */
	/* Called by the thread when the result is there. */
	void	(*done)(void *ctx);
	void	*ctx;
};

struct event_request {
	int64_t	 after;		/* behind that row; or EVENT_READER_NEWEST */
	size_t	 max;		/* events, about */
	char	 shop[SESSION_NAME_SHOP_MAX + 1]; /* whose they are */
};

enum { EVENT_READER_NEWEST = -1 };	/* for the journal's end alone */

struct event_result {
	enum journal_events_status status;
	struct payload *answer;	/* with events, if there are any; or NULL */
	int64_t	 last;		/* the row behind which to go on */
	bool	 has_more;	/* which is there */
};

/* Starts the thread, or ends the process. */
struct event_reader *event_reader_start(
	    const struct event_reader_config *config);
/* Once what it reads is read.  NULL is allowed. */
void	 event_reader_stop(struct event_reader *reader);

/* When no other request is with the thread. */
void	 event_reader_ask(struct event_reader *reader,
	    const struct event_request *request);
/* Whether there is a result; its answer is the caller's reference. */
bool	 event_reader_collect(struct event_reader *reader,
	    struct event_result *result);

/*
 * {"events": [...], "cursor": "LAST"}, as GET /v1/events has it, of a page; one
 * reference.
 */
struct payload *event_reader_answer(const struct journal_events_page *page)
	    __attribute__((warn_unused_result));

#endif
