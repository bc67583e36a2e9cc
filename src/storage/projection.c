#include "projection.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "column.h"
#include "session/record.h"
#include "session/session_name.h"
#include "sql.h"

enum {
	IDLE_SLICE_ROWS = 1000,		/* looked at by one _find_idle() */
	LIST_SLICE_ROWS = 1000		/* and by one _list() */
};

enum statement {
	SQL_SESSION_START,
	SQL_SESSION_END,
	SQL_SESSION_LOCK,
	SQL_SESSION_CHANGE,
	SQL_SESSION_NOTE,
	SQL_SESSION_TOUCH,
	SQL_CUSTOMER_NEW,
	SQL_CUSTOMER_CART,
	SQL_CUSTOMER_READY,
	SQL_CUSTOMER_GONE,
	SQL_CUSTOMER_EXPIRE,
	SQL_CUSTOMER_RETURN,
	SQL_CUSTOMERS_END,
	SQL_LOAD_SESSION,
	SQL_LOAD_CUSTOMERS,
	SQL_AWAY,
	SQL_RUNNING,
	SQL_LIST,
	SQL_LOCKED,
	SQL_ROWS,
	STATEMENTS
};

/* Where the slash is that ends the shop's name, or 0. */
#define LIST(slash)							\
	"SELECT s.id, s.name, s.incarnation, s.revision, s.active_ms,"	\
	" CASE WHEN is_wanted THEN (SELECT count(*) FROM customer AS c"	\
	"  WHERE c.session = s.id AND c.state = 0) END,"		\
	" CASE WHEN is_wanted THEN (SELECT count(*) FROM customer AS c"	\
	"  WHERE c.session = s.id AND c.state = 0 AND c.is_ready = 1) END" \
	" FROM (SELECT id, name, incarnation, revision, active_ms,"	\
	"  substr(name, 1, " slash ") = ? AS is_wanted"			\
	"  FROM session INDEXED BY session_running"			\
	"  WHERE ended_ms IS NULL AND id > ? ORDER BY id LIMIT ?) AS s"

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_SESSION_START] = { .text =
	    "INSERT INTO session (id, name, incarnation, revision, active_ms,"
	    " last_seq) VALUES (?, ?, ?, 1, ?, ?) ON CONFLICT (id) DO UPDATE"
	    " SET incarnation = excluded.incarnation, revision = 1,"
	    " active_ms = excluded.active_ms, last_seq = excluded.last_seq,"
	    " ended_ms = NULL, locked_ms = NULL"
	    " WHERE session.name = excluded.name"
	    " AND session.ended_ms IS NOT NULL"
	    " AND session.incarnation = excluded.incarnation - 1" },
	[SQL_SESSION_END] = { .text =
	    "UPDATE session SET ended_ms = ?2, locked_ms = NULL WHERE id = ?1" },
	[SQL_SESSION_LOCK] = { .text =
	    "UPDATE session SET locked_ms = ?2 WHERE id = ?1" },
	[SQL_SESSION_CHANGE] = { .text =
	    "UPDATE session SET revision = ?3, active_ms = ?4, last_seq = ?5"
	    " WHERE id = ?1 AND incarnation = ?2 AND revision = ?3 - 1" },
	[SQL_SESSION_NOTE] = { .text =
	    "UPDATE session SET last_seq = ?2 WHERE id = ?1" },
	[SQL_SESSION_TOUCH] = { .text =
	    "UPDATE session SET active_ms = ?2 WHERE id = ?1" },
	[SQL_CUSTOMER_NEW] = { .text =
	    "INSERT INTO customer (id, session, cid, incarnation, is_host,"
	    " has_token, request, name_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)" },
	[SQL_CUSTOMER_CART] = { .text =
	    "UPDATE customer SET cart_seq = ?2,"
	    " seq_cart = coalesce(?3, seq_cart) WHERE id = ?1" },
	[SQL_CUSTOMER_READY] = { .text =
	    "UPDATE customer SET is_ready = ?2,"
	    " seq_ready = coalesce(?3, seq_ready) WHERE id = ?1" },
	[SQL_CUSTOMER_GONE] = { .text =
	    "UPDATE customer SET state = 2, left_revision = ?2,"
	    " name_seq = NULL, cart_seq = NULL WHERE id = ?1" },
	[SQL_CUSTOMER_EXPIRE] = { .text =
	    "UPDATE customer SET left_revision = ?2,"
	    " state = CASE WHEN has_token = 1 THEN 1 ELSE 2 END,"
	    " name_seq = CASE WHEN has_token = 1 THEN name_seq END,"
	    " cart_seq = CASE WHEN has_token = 1 THEN cart_seq END"
	    " WHERE id = ?1" },
	[SQL_CUSTOMER_RETURN] = { .text =
	    "UPDATE customer SET state = 0, left_revision = 0 WHERE id = ?1" },
	[SQL_CUSTOMERS_END] = { .text =
	    "UPDATE customer SET state = 2, left_revision = ?2,"
	    " name_seq = NULL, cart_seq = NULL"
	    " WHERE session = ?1 AND state IN (0, 1)" },
	[SQL_LOAD_SESSION] = { .text =
	    "SELECT id, incarnation, revision, ended_ms, active_ms, locked_ms"
	    " FROM session WHERE name = ?" },
	/* At least those whom session_trim() leaves of all: some who are away
	 * may have to be gone, and a host that is away always stays. */
	[SQL_LOAD_CUSTOMERS] = { .text =
	    "WITH wanted (customer) AS ("
	    " SELECT id FROM customer WHERE session = ?1 AND state = 0"
	    " UNION ALL SELECT id FROM customer"
	    "  WHERE session = ?1 AND state = 1 AND is_host = 1"
	    " UNION ALL SELECT * FROM (SELECT id FROM customer"
	    "  WHERE session = ?1 AND state = 1 AND is_host = 0"
	    "  ORDER BY incarnation DESC, left_revision DESC, id DESC"
	    "  LIMIT 2 * ?2) AS away"
	    " UNION ALL SELECT * FROM (SELECT id FROM customer"
	    "  WHERE session = ?1 AND state = 2"
	    "  ORDER BY incarnation DESC, left_revision DESC, id DESC"
	    "  LIMIT ?2) AS gone)"
	    " SELECT c.id, c.cid, c.incarnation, c.is_host, c.is_ready,"
	    " c.has_token, c.request, c.state, c.left_revision,"
	    " c.seq_cart, c.seq_ready, n.name, b.cart"
	    " FROM wanted CROSS JOIN customer AS c"
	    " LEFT JOIN journal_body AS n ON n.seq = c.name_seq"
	    " LEFT JOIN journal_body AS b ON b.seq = c.cart_seq"
	    " WHERE c.id = wanted.customer ORDER BY c.id" },
	[SQL_AWAY] = { .text =
	    "SELECT id FROM customer WHERE session = ? AND cid = ?"
	    " AND state = 1" },
	[SQL_RUNNING] = { .text =
	    "SELECT id, name, active_ms FROM session"
	    " WHERE ended_ms IS NULL AND id > ? ORDER BY id LIMIT ?" },
	[SQL_LIST] = {
	    .text = LIST("instr(name, '/')"),
	    .postgres = LIST("strpos(name, '/')") },
	[SQL_LOCKED] = { .text =
	    "SELECT id, name FROM session"
	    " WHERE locked_ms IS NOT NULL AND id > ? ORDER BY id LIMIT ?" },
	[SQL_ROWS] = { .text =
	    "SELECT (SELECT coalesce(max(id), 0) FROM session) AS id,"
	    " (SELECT coalesce(max(id), 0) FROM customer) AS id,"
	    " EXISTS (SELECT 1 FROM session WHERE locked_ms IS NOT NULL)"
	    " AS locked_ms" },
};

int
projection_prepare(struct sql *sql)
{
	return sql_prepare(sql, statement_sql, STATEMENTS);
}

int
projection_last_rows(struct sql *sql, int64_t *session_row,
    int64_t *customer_row, bool *has_locked)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_ROWS);
	struct columns sessions = columns_at(b.statement, "session");
	struct columns customers = columns_at(b.statement, "customer");

	if (sql_next(&b)) {
		*session_row = column_between(&sessions, 0, 0,
		    COLUMN_NUMBER_MAX);
		*customer_row = column_between(&customers, 1, 0,
		    COLUMN_NUMBER_MAX);
		*has_locked = column_bool(&sessions, 2);
	}
	if (!columns_fit(&sessions))
		(void)sql_end_row(&b, &sessions);
	else if (!columns_fit(&customers))
		(void)sql_end_row(&b, &customers);
	else {
		sql_reset(&b);
		return b.result == SQL_FAILED ? -1 : 0;
	}
	return -1;
}

/* 0 stands for a number that is not there. */
static void
bind_client_seq(struct sql_binding *binding, uint64_t client_seq)
{
	if (client_seq == 0)
		sql_bind_null(binding);
	else
		sql_bind_number(binding, client_seq);
}

static enum store_status
write_newcomer(struct sql *sql, const struct record *record,
    int64_t seq)
{
	char digits[ID_CUSTOMER_HEX + 1];
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_CUSTOMER_NEW);

	sql_bind_row(&b, record->customer_row);
	sql_bind_row(&b, record->session_row);
	sql_bind_customer(&b, &record->customer, digits);
	sql_bind_number(&b, record->incarnation);
	sql_bind_number(&b, record->event == RECORD_START);
	sql_bind_number(&b, record->has_token);
	sql_bind_blob(&b, record->has_request ? record->request : NULL,
	    sizeof(record->request));
	sql_bind_row(&b, seq);
	return sql_run_one(&b);
}

/* A customer leaves the multicart in the way that statement id says. */
static enum store_status
write_leaving(struct sql *sql, enum statement id,
    int64_t customer_row, uint64_t revision)
{
	struct sql_binding b = sql_bind(sql, statement_sql, id);

	sql_bind_row(&b, customer_row);
	sql_bind_number(&b, revision);
	return sql_run_one(&b);
}

/* A session begins, for the first time or anew. */
static enum store_status
write_incarnation(struct sql *sql, const struct record *record, int64_t seq)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_SESSION_START);

	sql_bind_row(&b, record->session_row);
	sql_bind_payload(&b, record->session);
	sql_bind_number(&b, record->incarnation);
	sql_bind_number(&b, record->time_ms);
	sql_bind_row(&b, seq);
	return sql_run_one(&b);
}

/* The session of record goes on by one revision. */
static enum store_status
write_session(struct sql *sql, const struct record *record, int64_t seq)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_SESSION_CHANGE);

	sql_bind_row(&b, record->session_row);
	sql_bind_number(&b, record->incarnation);
	sql_bind_number(&b, record->revision);
	sql_bind_number(&b, record->time_ms);
	sql_bind_row(&b, seq);
	return sql_run_one(&b);
}

/* A note is the session's last row, and changes nothing else of it. */
static enum store_status
write_note(struct sql *sql, const struct record *record, int64_t seq)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_SESSION_NOTE);

	sql_bind_row(&b, record->session_row);
	sql_bind_row(&b, seq);
	return sql_run_one(&b);
}

static enum store_status
write_start(struct sql *sql, const struct record *record,
    int64_t seq)
{
	enum store_status status = STORE_OK;

	if (record->has_displaced)
		status = write_leaving(sql, SQL_CUSTOMER_GONE,
		    record->displaced_row, record->revision);
	if (status == STORE_OK)
		status = write_newcomer(sql, record, seq);
	return status;
}

static enum store_status
write_cart(struct sql *sql, const struct record *record,
    int64_t seq)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_CUSTOMER_CART);

	sql_bind_row(&b, record->customer_row);
	sql_bind_row(&b, seq);
	bind_client_seq(&b, record->client_seq);
	return sql_run_one(&b);
}

static enum store_status
write_ready(struct sql *sql, const struct record *record)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_CUSTOMER_READY);

	sql_bind_row(&b, record->customer_row);
	sql_bind_number(&b, record->is_ready);
	bind_client_seq(&b, record->client_seq);
	return sql_run_one(&b);
}

static enum store_status
write_return(struct sql *sql, const struct record *record)
{
	struct sql_binding b = sql_bind(sql, statement_sql,
	    SQL_CUSTOMER_RETURN);

	sql_bind_row(&b, record->customer_row);
	return sql_run_one(&b);
}

static enum store_status
write_end(struct sql *sql, const struct record *record)
{
	struct sql_binding session, customers;
	enum store_status status;

	session = sql_bind(sql, statement_sql, SQL_SESSION_END);
	sql_bind_row(&session, record->session_row);
	sql_bind_number(&session, record->time_ms);
	status = sql_run_one(&session);
	if (status != STORE_OK)
		return status;
	customers = sql_bind(sql, statement_sql, SQL_CUSTOMERS_END);
	sql_bind_row(&customers, record->session_row);
	sql_bind_number(&customers, record->revision);
	return sql_run(&customers);
}

static enum store_status
write_lock(struct sql *sql, const struct record *record)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_SESSION_LOCK);

	sql_bind_row(&b, record->session_row);
	if (record->event == RECORD_LOCK)
		sql_bind_number(&b, record->time_ms);
	else
		sql_bind_null(&b);
	return sql_run_one(&b);
}

/* What the record's event changes besides. */
static enum store_status
write_event(struct sql *sql, const struct record *record,
    int64_t seq)
{
	switch (record->event) {
	case RECORD_START:
		return write_start(sql, record, seq);
	case RECORD_JOIN:
		return write_newcomer(sql, record, seq);
	case RECORD_CART:
		return write_cart(sql, record, seq);
	case RECORD_READY:
		return write_ready(sql, record);
	case RECORD_LEAVE:
		return write_leaving(sql, SQL_CUSTOMER_GONE,
		    record->customer_row, record->revision);
	case RECORD_EXPIRE:
		return write_leaving(sql, SQL_CUSTOMER_EXPIRE,
		    record->customer_row, record->revision);
	case RECORD_RETURN:
		return write_return(sql, record);
	case RECORD_END:
		return write_end(sql, record);
	case RECORD_LOCK:
	case RECORD_UNLOCK:
		return write_lock(sql, record);
	case RECORD_REFUSED:
	case RECORD_ERASE:
	case RECORD_RETAIN:
	case RECORD_PURGE:
	case RECORD_CALL:
		break;
	}
	return sql_mismatch(sql,
	    statement_sql[SQL_SESSION_CHANGE].text);
}

enum store_status
projection_apply(struct sql *sql, const struct record *record,
    int64_t seq)
{
	enum store_status status;

	if (record_is_note(record->event))
		return record->session_row == 0 ? STORE_OK :
		    write_note(sql, record, seq);
	/* A START with revision 1 begins an incarnation. */
	status = record->event == RECORD_START && record->revision == 1 ?
	    write_incarnation(sql, record, seq) :
	    write_session(sql, record, seq);
	return status == STORE_OK ?
	    write_event(sql, record, seq) : status;
}

enum store_status
projection_touch(struct sql *sql, int64_t session_row,
    uint64_t wall_ms)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_SESSION_TOUCH);
	enum store_status status;

	sql_about(sql, session_row);
	sql_bind_row(&b, session_row);
	sql_bind_number(&b, wall_ms);
	status = sql_run_one(&b);
	sql_about(sql, 0);
	return status;
}

/* Read the customer that SQL_LOAD_CUSTOMERS stands at. */
static void
load_customer(struct columns *columns, struct session *session)
{
	int64_t row = column_id(columns, 0);	/* first: faults name it */
	struct customer customer = {
		.row = row,
		.incarnation = column_number(columns, 2),
		.is_host = column_bool(columns, 3),
		.is_ready = column_bool(columns, 4),
		.has_token = column_bool(columns, 5),
		.state = (enum customer_state)column_between(columns, 7,
		    CUSTOMER_SEATED, CUSTOMER_GONE),
		.left_revision = column_number(columns, 8),
		.seq = {
			[SEQUENCE_CART] = column_number(columns, 9),
			[SEQUENCE_READY] = column_number(columns, 10),
		},
	};

	column_customer(columns, 1, &customer.id);
	customer.has_request = column_blob_or_none(columns, 6,
	    customer.request, sizeof(customer.request));
	if (customer.state != CUSTOMER_GONE) {
		customer.name = column_name_or_none(columns, 11);
		customer.cart = column_text_or_none(columns, 12, 0,
		    COLUMN_TEXT_MAX);
		/* Erased under one who is still there: nameless from now on. */
		if (customer.name == NULL)
			customer.name = payload_new("", 0);
	}
	/* Found by its id later. */
	(void)session_restore_customer(session, &customer);
}

static enum store_status
load_customers(struct sql *sql, size_t max_remembered,
    struct session *session)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_LOAD_CUSTOMERS);

	sql_bind_row(&b, session->row);
	sql_bind_row(&b, max_remembered == 0 ? COLUMN_NUMBER_MAX :
	    (int64_t)max_remembered);
	while (sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "customer");

		load_customer(&columns, session);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
	}
	return sql_end_rows(&b);
}

/* Find the session's row; *session stays NULL if there is none. */
static enum store_status
load_session(struct sql *sql, const struct payload *id,
    struct session **session)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_LOAD_SESSION);
	struct columns columns = columns_at(b.statement, "session");
	struct payload *name;

	sql_bind_text(&b, id->data, id->len);
	if (sql_next(&b)) {
		name = payload_new(id->data, id->len);
		*session = session_new(name, column_id(&columns, 0));
		payload_unref(name);
		(*session)->incarnation = column_number(&columns, 1);
		(*session)->revision = column_number(&columns, 2);
		(*session)->is_running = column_is_null(&columns, 3);
		(*session)->active_ms = column_number(&columns, 4);
		/* Only those that run can be, whatever was done to the row. */
		(*session)->is_locked = (*session)->is_running &&
		    !column_is_null(&columns, 5);
		if ((*session)->is_locked)
			(*session)->locked_ms = column_number(&columns, 5);
	}
	return sql_end_row(&b, &columns);
}

enum store_status
projection_load(struct sql *sql, const struct payload *id,
    size_t max_remembered, struct session **session)
{
	const struct session_limits limits = {
		.max_remembered = max_remembered,
	};
	enum store_status status;

	*session = NULL;
	status = load_session(sql, id, session);
	if (status == STORE_OK && *session != NULL)
		status = load_customers(sql, max_remembered, *session);
	if (status != STORE_OK) {
		session_free(*session);
		*session = NULL;
	}
	if (*session != NULL)
		session_trim(*session, &limits);
	return status;
}

enum store_status
projection_find_away(struct sql *sql, const struct record *record,
    int64_t *row)
{
	char digits[ID_CUSTOMER_HEX + 1];
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_AWAY);
	struct columns columns = columns_at(b.statement, "customer");

	*row = 0;
	sql_bind_row(&b, record->session_row);
	sql_bind_customer(&b, &record->customer, digits);
	if (sql_next(&b))
		*row = column_id(&columns, 0);
	return sql_end_row(&b, &columns);
}

enum store_status
projection_find_idle(struct sql *sql, uint64_t wall_ms,
    int64_t *after_row, struct payload **ids, size_t room, size_t *count)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_RUNNING);
	int rows = 0;

	*count = 0;
	sql_bind_row(&b, *after_row);
	sql_bind_row(&b, IDLE_SLICE_ROWS);
	while (*count < room && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "session");
		struct payload *id;
		uint64_t active_ms;

		rows++;
		*after_row = column_id(&columns, 0);
		id = column_session(&columns, 1);
		active_ms = column_number(&columns, 2);
		if (columns_fit(&columns) && active_ms < wall_ms)
			ids[(*count)++] = payload_ref(id);
		payload_unref(id);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
	}
	if (b.result == SQL_DONE && rows < IDLE_SLICE_ROWS)
		*after_row = 0;
	return sql_end_rows(&b);
}

/* Is NULL in rows of SQL_LIST that are none of the shop's. */
enum { LIST_COUNT_COLUMN = 5 };

/* Read the session that SQL_LIST stands at. */
static void
list_session(struct columns *columns, struct session_summary *session)
{
	session->row = column_id(columns, 0);	/* first: faults name it */
	session->id = column_session(columns, 1);
	session->incarnation = column_number(columns, 2);
	session->revision = column_number(columns, 3);
	session->active_ms = column_number(columns, 4);
	session->customers = (size_t)column_number(columns, LIST_COUNT_COLUMN);
	session->ready = (size_t)column_number(columns, 6);
}

/* Ask for a slice of the list, of which the sessions of shop are wanted. */
static struct sql_binding
bind_list(struct sql *sql, const char *shop, int64_t after_row,
    char prefix[SESSION_NAME_SHOP_MAX + 2])
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_LIST);

	xsnprintf(prefix, SESSION_NAME_SHOP_MAX + 2, "%s%s", shop,
	    shop[0] == '\0' ? "" : "/");
	sql_bind_text(&b, prefix, strlen(prefix));
	sql_bind_row(&b, after_row);
	sql_bind_row(&b, LIST_SLICE_ROWS);
	return b;
}

enum store_status
projection_list(struct sql *sql, const char *shop, int64_t *after_row,
    struct session_summary *sessions, size_t max, size_t *count)
{
	char prefix[SESSION_NAME_SHOP_MAX + 2];
	struct sql_binding b = bind_list(sql, shop, *after_row, prefix);
	size_t rows = 0;

	*count = 0;
	while (*count < max && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "session");

		rows++;
		*after_row = column_id(&columns, 0);
		if (!column_is_null(&columns, LIST_COUNT_COLUMN))
			list_session(&columns, &sessions[(*count)++]);
		if (!columns_fit(&columns))
			return sql_end_row(&b, &columns);
	}
	if (*count < max && rows < LIST_SLICE_ROWS)
		*after_row = 0;
	return sql_end_rows(&b);
}

enum store_status
projection_find_locked(struct sql *sql, int64_t *after_row,
    struct payload **ids, size_t room, size_t *count)
{
	struct sql_binding b = sql_bind(sql, statement_sql, SQL_LOCKED);

	*count = 0;
	sql_bind_row(&b, *after_row);
	sql_bind_row(&b, (int64_t)room);
	while (*count < room && sql_next(&b)) {
		struct columns columns = columns_at(b.statement, "session");
		struct payload *id;

		*after_row = column_id(&columns, 0);
		id = column_session(&columns, 1);
		if (!columns_fit(&columns)) {
			payload_unref(id);
			return sql_end_row(&b, &columns);
		}
		ids[(*count)++] = id;
	}
	if (*count < room)
		*after_row = 0;
	return sql_end_rows(&b);
}
