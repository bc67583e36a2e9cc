#include "journal_events.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/database_name.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "chain.h"
#include "column.h"
#include "engines.h"
#include "session/record.h"
#include "sql.h"

enum {
	/* So long a transaction lasts, and a file's log cannot begin anew. */
	SLICE_US = 5000,
	/* Of a session, of which few may be its own; likewise. */
	SESSION_ROWS = 10000,
	PARTS_MAX = JOURNAL_PART_READINESS + 1
};

enum statement {
	SQL_BOUNDS,
	SQL_ROWS,
	SQL_ROWS_OF_SESSION,
	STATEMENTS
};

enum column {
	COLUMN_SEQ,
	COLUMN_INCARNATION,
	COLUMN_REVISION,
	COLUMN_EVENT,
	COLUMN_TIME,
	COLUMN_TRANSPORT,
	COLUMN_CUSTOMER,
	COLUMN_DISPLACED,
	COLUMN_FLAGS,
	COLUMN_SESSION,
	COLUMN_ACCOUNT,
	COLUMN_IS_OURS		/* NULL: whosever it is */
};

#define SELECT_ROW							\
	"SELECT j.seq, j.incarnation, j.revision, j.event, j.ts_ms,"	\
	" j.transport, j.customer, j.displaced, j.flags, s.name, b.account,"
/* Bodies of those alone that may name an account. */
#define FROM_JOURNAL							\
	" FROM journal AS j LEFT JOIN session AS s ON s.id = j.session"	\
	" LEFT JOIN journal_body AS b ON b.seq = j.seq"			\
	"  AND j.event IN (1, 2) AND (j.flags & 8) <> 0"

/* With how long the shop's name is that the session's begins with. */
#define ROWS(shop_chars)						\
	SELECT_ROW							\
	" substr(s.name, 1, " shop_chars ") = ?3"			\
	FROM_JOURNAL							\
	" WHERE j.seq > ?1 ORDER BY j.seq LIMIT ?2"

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_BOUNDS] = { .text =
	    "SELECT (SELECT min(seq) FROM journal),"
	    " (SELECT max(seq) FROM journal)" },
	[SQL_ROWS] = {
	    .text = ROWS("max(instr(s.name, '/') - 1, 0)"),
	    .postgres = ROWS("greatest(strpos(s.name, '/') - 1, 0)") },
	/* No index leads to them: all rows are looked at. */
	[SQL_ROWS_OF_SESSION] = { .text =
	    SELECT_ROW
	    " 1"
	    FROM_JOURNAL
	    " WHERE j.seq > ?1 AND j.seq <= ?2"
	    "  AND j.session = (SELECT id FROM session WHERE name = ?3)"
	    " ORDER BY j.seq" },
};

struct journal_events {
	char	*path;
	char	*shown;		/* the same without a password */
	const struct engine *engine;
	struct sql_waiting waiting;
	struct sql_connection *connection; /* NULL until it is opened */
	struct sql_statement *statements[STATEMENTS];
	bool	 has_failed;		/* which was logged */
};

/* A call's transaction. */
struct reading {
	struct journal_events *reader;
	struct journal_events_page *page;
	const char *shop;		/* NULL where session is not */
	int64_t	 after;			/* of one that is of no session */
	const char *session;		/* of this one alone; or NULL, ... */
	int64_t	 from;			/* ... in these rows; 0: the oldest */
	int64_t	 upto;
	size_t	 max;
	size_t	 account_bytes;
	uint64_t begun_us;
};

struct journal_events *
journal_events_new(const char *path)
{
	struct journal_events *reader = xcalloc(1, sizeof(*reader));

	reader->path = xstrdup(path);
	reader->shown = database_name_show(path);
	reader->engine = engine_of(path);
	return reader;
}

void
journal_events_set_waiting(struct journal_events *reader,
    bool (*goes_on)(void *ctx), void *ctx)
{
	reader->waiting = (struct sql_waiting){ goes_on, ctx };
}

static void
close_connection(struct journal_events *reader)
{
	sql_finalize(reader->statements, STATEMENTS);
	if (reader->connection != NULL)
		reader->engine->close(reader->connection, false);
	reader->connection = NULL;
}

void
journal_events_free(struct journal_events *reader)
{
	if (reader == NULL)
		return;
	close_connection(reader);
	free(reader->path);
	free(reader->shown);
	free(reader);
}

static void
clear_event(struct journal_event *event)
{
	payload_unref(event->session);
	payload_unref(event->account);
}

void
journal_events_page_clear(struct journal_events_page *page)
{
	size_t i;

	for (i = 0; i < page->count; i++)
		clear_event(&page->events[i]);
	free(page->events);
	*page = (struct journal_events_page){ .events = NULL };
}

/* What lasts is logged when it begins.  The next call opens it anew. */
static enum journal_events_status
reading_failed(struct journal_events *reader, const char *why)
{
	if (!reader->has_failed)
		log_errorx("events: %s: %s", reader->shown, why);
	reader->has_failed = true;
	close_connection(reader);
	return JOURNAL_EVENTS_FAILED;
}

/* The engine failed. */
static enum journal_events_status
engine_failed(struct journal_events *reader)
{
	return reading_failed(reader,
	    reader->engine->fault(reader->connection)->message);
}

static enum journal_events_status
open_connection(struct journal_events *reader)
{
	if (reader->connection != NULL)
		return JOURNAL_EVENTS_OK;
	if (reader->engine->open_reader(reader->path, SQL_READER_OF_STORE,
	    &reader->waiting, &reader->connection) == STORE_OPENED &&
	    sql_prepare_all(reader->connection, statement_sql,
	    reader->statements, STATEMENTS) == 0)
		return JOURNAL_EVENTS_OK;
	return engine_failed(reader);
}

/* The run is over, and its last row was read with columns. */
static enum journal_events_status
end_rows(struct journal_events *reader, const struct sql_binding *rows,
    const struct columns *columns)
{
	char text[COLUMN_FAULT_BYTES];

	/* While there is a row, which has the name of what does not fit. */
	if (!columns_fit(columns))
		columns_describe(columns, text);
	sql_reset(rows);
	if (rows->result == SQL_FAILED)
		return engine_failed(reader);
	return columns_fit(columns) ? JOURNAL_EVENTS_OK :
	    reading_failed(reader, text);
}

/* The oldest row and the newest; 0 and 0 if there is none. */
static enum journal_events_status
read_bounds(struct journal_events *reader, int64_t *oldest, int64_t *newest)
{
	struct sql_binding rows = sql_run_of(reader->statements[SQL_BOUNDS]);
	struct columns columns = columns_at(rows.statement, "journal");

	if (sql_next(&rows)) {
		*oldest = column_row_or_none(&columns, 0);
		*newest = column_row_or_none(&columns, 1);
	}
	return end_rows(reader, &rows, &columns);
}

/* Whether the row is one of the shop whose rows are read. */
static bool
is_ours(struct columns *columns)
{
	return column_is_null(columns, COLUMN_IS_OURS) ||
	    column_bool(columns, COLUMN_IS_OURS);
}

/*
 * A row as the record that it was, less what no event tells.  Its session and
 * account are references; a note has none, nor has what is another shop's.
 */
static int64_t
read_row(struct columns *columns, struct record *record)
{
	const int64_t seq = column_id(columns, COLUMN_SEQ);

	record->incarnation = column_number(columns, COLUMN_INCARNATION);
	record->revision = column_number(columns, COLUMN_REVISION);
	record->event = (enum record_event)column_between(columns,
	    COLUMN_EVENT, RECORD_START, RECORD_EVENT_MAX);
	record->time_ms = column_number(columns, COLUMN_TIME);
	record->transport = (enum transport)column_between(columns,
	    COLUMN_TRANSPORT, TRANSPORT_NONE, TRANSPORT_FASTCGI);
	record->has_customer = column_customer_or_none(columns,
	    COLUMN_CUSTOMER, &record->customer);
	record->has_displaced = column_customer_or_none(columns,
	    COLUMN_DISPLACED, &record->displaced);
	if (!columns_fit(columns) || record_is_note(record->event) ||
	    !is_ours(columns))
		return seq;
	chain_read_flags(record, column_number(columns, COLUMN_FLAGS));
	record->session = column_session(columns, COLUMN_SESSION);
	record->account = column_account_or_none(columns, COLUMN_ACCOUNT);
	return seq;
}

/* Another event of the page, about the row's customer. */
static struct journal_event *
add_event(struct reading *reading, int64_t seq, const struct record *record,
    enum journal_event_part part, enum journal_event_type type)
{
	struct journal_events_page *page = reading->page;
	struct journal_event *event = &page->events[page->count++];

	*event = (struct journal_event){
		.seq = seq,
		.part = part,
		.type = type,
		.session = payload_ref(record->session),
		.incarnation = record->incarnation,
		.revision = record->revision,
		.time_ms = record->time_ms,
		.has_customer = record->has_customer,
		.customer = record->customer,
	};
	return event;
}

static void
add_displaced(struct reading *reading, int64_t seq,
    const struct record *record)
{
	struct journal_event *event;

	if (!record->has_displaced)
		return;
	event = add_event(reading, seq, record, JOURNAL_PART_DISPLACED,
	    JOURNAL_CUSTOMER_LEFT);
	event->customer = record->displaced;
	event->reason = JOURNAL_REASON_REPLACED;
}

static void
add_readiness(struct reading *reading, int64_t seq,
    const struct record *record)
{
	switch (record->readiness) {
	case READINESS_KEPT:
		break;
	case READINESS_REACHED:
		(void)add_event(reading, seq, record, JOURNAL_PART_READINESS,
		    JOURNAL_SESSION_READY);
		break;
	case READINESS_LOST:
		(void)add_event(reading, seq, record, JOURNAL_PART_READINESS,
		    JOURNAL_SESSION_UNREADY);
		break;
	}
}

static enum journal_event_type
event_type(const struct record *record)
{
	switch (record->event) {
	case RECORD_START:
		/* The session may run, and have lost its host. */
		return record->revision == 1 ? JOURNAL_SESSION_STARTED :
		    JOURNAL_CUSTOMER_JOINED;
	case RECORD_JOIN:
		return JOURNAL_CUSTOMER_JOINED;
	case RECORD_CART:
		return JOURNAL_CART_CHANGED;
	case RECORD_READY:
		return record->is_ready ? JOURNAL_CUSTOMER_READY :
		    JOURNAL_CUSTOMER_UNREADY;
	case RECORD_LEAVE:
	case RECORD_EXPIRE:
		return JOURNAL_CUSTOMER_LEFT;
	case RECORD_RETURN:
		return JOURNAL_CUSTOMER_RETURNED;
	case RECORD_LOCK:
		return JOURNAL_SESSION_LOCKED;
	case RECORD_UNLOCK:
		return JOURNAL_SESSION_UNLOCKED;
	case RECORD_END:
	case RECORD_REFUSED:	/* notes make no event */
	case RECORD_ERASE:
	case RECORD_RETAIN:
	case RECORD_PURGE:
	case RECORD_CALL:
		break;
	}
	return JOURNAL_SESSION_ENDED;
}

static enum journal_event_reason
leave_reason(const struct record *record)
{
	if (record->event == RECORD_EXPIRE)
		return JOURNAL_REASON_EXPIRED;
	if (record->event != RECORD_LEAVE)
		return JOURNAL_REASON_NONE;
	/* A customer's own message has come by some transport. */
	return record->transport == TRANSPORT_NONE ? JOURNAL_REASON_REMOVED :
	    JOURNAL_REASON_LEFT;
}

/* Another cart of the same session makes it old. */
static void
drop_last_cart(struct journal_events_page *page)
{
	if (page->count > 0 &&
	    page->events[page->count - 1].type == JOURNAL_CART_CHANGED)
		clear_event(&page->events[--page->count]);
}

/* Add what the row is to others, unless it is nothing to them. */
static void
add_row(struct reading *reading, int64_t seq, const struct record *record)
{
	struct journal_event *event;

	if (record->session == NULL)
		return;
	if (record->event == RECORD_CART && reading->session != NULL)
		drop_last_cart(reading->page);
	add_displaced(reading, seq, record);
	event = add_event(reading, seq, record, JOURNAL_PART_ROW,
	    event_type(record));
	event->account = payload_ref(record->account);
	event->reason = leave_reason(record);
	event->is_timed_out = record->is_timed_out;
	add_readiness(reading, seq, record);
	if (record->account != NULL)
		reading->account_bytes += record->account->len;
}

static bool
has_enough(const struct reading *reading)
{
	return reading->page->count >= reading->max ||
	    reading->account_bytes >= JOURNAL_EVENTS_ACCOUNT_BYTES_MAX ||
	    (reading->reader->engine->has_files &&
	    clock_us() - reading->begun_us >= SLICE_US);
}

/* The next rows that run yields; whether it has no more. */
static bool
add_rows(struct reading *reading, struct sql_binding *run,
    struct columns *columns)
{
	struct record record;
	int64_t seq;

	while (sql_next(run)) {
		record = (struct record){ .session = NULL };
		seq = read_row(columns, &record);
		if (columns_fit(columns)) {
			add_row(reading, seq, &record);
			reading->page->last = seq;
		}
		record_clear(&record);
		if (!columns_fit(columns) || has_enough(reading))
			return false;
	}
	return true;
}

static enum journal_events_status
read_rows(struct reading *reading)
{
	struct journal_events *reader = reading->reader;
	struct sql_binding run = sql_run_of(reader->statements[SQL_ROWS]);
	struct columns columns = columns_at(run.statement, "journal");

	sql_bind_row(&run, reading->page->last);
	sql_bind_row(&run, JOURNAL_EVENTS_ROWS_MAX);
	sql_bind_text(&run, reading->shop, strlen(reading->shop));
	(void)add_rows(reading, &run, &columns);
	return end_rows(reader, &run, &columns);
}

static enum journal_events_status
read_rows_of_session(struct reading *reading)
{
	struct journal_events *reader = reading->reader;
	struct sql_binding run =
	    sql_run_of(reader->statements[SQL_ROWS_OF_SESSION]);
	struct columns columns = columns_at(run.statement, "journal");
	int64_t upto = reading->page->last + SESSION_ROWS;

	if (upto > reading->upto)
		upto = reading->upto;
	sql_bind_row(&run, reading->page->last);
	sql_bind_row(&run, upto);
	sql_bind_text(&run, reading->session, strlen(reading->session));
	if (add_rows(reading, &run, &columns))
		reading->page->last = upto;
	return end_rows(reader, &run, &columns);
}

static enum journal_events_status
read_page(struct reading *reading)
{
	struct journal_events_page *page = reading->page;
	enum journal_events_status status;
	int64_t oldest = 0, newest = 0;

	status = read_bounds(reading->reader, &oldest, &newest);
	if (status != JOURNAL_EVENTS_OK)
		return status;
	if (reading->after > newest)
		return JOURNAL_EVENTS_AHEAD;
	if (reading->after != 0 && reading->after < oldest - 1)
		return JOURNAL_EVENTS_PURGED;
	page->last = reading->after;
	page->newest = newest;
	return page->last < newest ? read_rows(reading) : JOURNAL_EVENTS_OK;
}

static enum journal_events_status
read_page_of_session(struct reading *reading)
{
	struct journal_events_page *page = reading->page;
	enum journal_events_status status;
	int64_t oldest = 0, newest = 0;

	status = read_bounds(reading->reader, &oldest, &newest);
	if (status != JOURNAL_EVENTS_OK)
		return status;
	if (reading->from != 0 && reading->from < oldest)
		return JOURNAL_EVENTS_PURGED;
	page->last = reading->from != 0 ? reading->from - 1 : oldest - 1;
	page->newest = reading->upto;
	return read_rows_of_session(reading);
}

/* Whatever came of it, the transaction is over; a failure ended it. */
static enum journal_events_status
end_reading(struct journal_events *reader, enum journal_events_status status)
{
	if (status == JOURNAL_EVENTS_FAILED)
		return status;
	if (reader->engine->rollback(reader->connection) != SQL_OK)
		return engine_failed(reader);
	if (reader->has_failed)
		log_info("events: %s: is read again", reader->shown);
	reader->has_failed = false;
	return status;
}

/* Fill the reading's page by read, in a transaction. */
static enum journal_events_status
begin_reading(struct reading *reading,
    enum journal_events_status (*read)(struct reading *reading))
{
	struct journal_events *reader = reading->reader;
	struct journal_events_page *page = reading->page;
	enum journal_events_status status = open_connection(reader);

	*page = (struct journal_events_page){ .events = NULL };
	if (status == JOURNAL_EVENTS_OK &&
	    reader->engine->begin(reader->connection) != SQL_OK)
		status = engine_failed(reader);
	if (status != JOURNAL_EVENTS_OK)
		return status;
	reading->begun_us = clock_us();
	page->events = xcalloc(reading->max + PARTS_MAX,
	    sizeof(*page->events));
	status = end_reading(reader, read(reading));
	if (status != JOURNAL_EVENTS_OK)
		journal_events_page_clear(page);
	return status;
}

enum journal_events_status
journal_events_read_shop(struct journal_events *reader, const char *shop,
    int64_t after, size_t max, struct journal_events_page *page)
{
	struct reading reading = {
		.reader = reader,
		.page = page,
		.shop = shop,
		.after = after,
		.max = max,
	};

	return begin_reading(&reading, read_page);
}

enum journal_events_status
journal_events_read_session(struct journal_events *reader,
    const char *session, int64_t from, int64_t upto, size_t max,
    struct journal_events_page *page)
{
	struct reading reading = {
		.reader = reader,
		.page = page,
		.session = session,
		.from = from,
		.upto = upto,
		.max = max,
	};

	return begin_reading(&reading, read_page_of_session);
}

enum journal_events_status
journal_events_newest(struct journal_events *reader, int64_t *newest)
{
	enum journal_events_status status = open_connection(reader);
	int64_t oldest = 0;

	*newest = 0;
	if (status == JOURNAL_EVENTS_OK)
		status = read_bounds(reader, &oldest, newest);
	return status;
}
