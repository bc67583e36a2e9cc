/*
 * What PostgreSQL runs together comes out as what SQLite runs in order: lists
 * of records, and what goes wrong in the middle of one.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "session/record.h"
#include "session/session.h"
#include "storage/engines.h"
#include "storage/sql.h"
#include "storage/store.h"

#include "postgres.h"
#include "suite.h"

const char suite_name[] = "waves";

enum {
	SESSIONS_MAX = 150,
	CUSTOMERS_MAX = 8,
	SEEDS = 12,
	LISTS = 12,
	LIST_MAX = 400
};

struct guest {
	int64_t	 row;
	enum customer_state state;
};

/* A session as records may say that it is. */
struct table {
	uint64_t incarnation;
	uint64_t revision;
	bool	 is_running;
	bool	 is_locked;
	unsigned count;
	struct guest guests[CUSTOMERS_MAX];
};

struct party {
	char	 url[POSTGRES_URL_BYTES];
	char	 folder[32];
	char	 path[64];
	struct store *together;		/* PostgreSQL's */
	struct store *in_order;		/* SQLite's; or NULL */
	uint64_t random;
	uint64_t time_ms;
	int64_t	 customers;		/* rows given */
	unsigned count;			/* of the tables that are used */
	struct table tables[SESSIONS_MAX + 1];
};

static unsigned
below(struct party *p, unsigned n)
{
	p->random = p->random * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)((p->random >> 33) % n);
}

static void
party_begin(struct party *p, unsigned seed, unsigned sessions)
{
	*p = (struct party){
		.folder = "story.XXXXXX",
		.random = seed,
		.time_ms = 1700000000000,
		.count = sessions,
	};
	log_set_level(LOG_LEVEL_ERROR);
	postgres_database(p->url);
	ck_assert_ptr_nonnull(mkdtemp(p->folder));
	(void)snprintf(p->path, sizeof(p->path), "%s/shop.db", p->folder);
	ck_assert_int_eq(store_open(p->url, NULL, &p->together), STORE_OPENED);
	ck_assert_int_eq(store_open(p->path, NULL, &p->in_order),
	    STORE_OPENED);
}

static void
party_end(struct party *p)
{
	static const char *const files[] = { "shop.db", "shop.db-wal",
	    "shop.db-shm" };
	char path[96];
	size_t i;

	store_close(p->together);
	store_close(p->in_order);
	for (i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", p->folder,
		    files[i]);
		(void)unlink(path);	/* if it is there */
	}
	ck_assert_int_eq(rmdir(p->folder), 0);
}

static void
set_customer(struct record *record, int64_t row)
{
	record->has_customer = true;
	record->customer_row = row;
	memset(record->customer.bytes, 0, sizeof(record->customer.bytes));
	memcpy(record->customer.bytes, &row, sizeof(row));
}

/* A record of that session, which takes it on; record_clear() it. */
static struct record
make_record(struct party *p, unsigned number, enum record_event event)
{
	struct table *table = &p->tables[number];
	struct record record = {
		.session_row = number,
		.incarnation = table->incarnation,
		.event = event,
		.time_ms = ++p->time_ms,
		.transport = TRANSPORT_WEBSOCKET,
		.address = "192.0.2.7",
	};
	char name[16];
	int n = snprintf(name, sizeof(name), "s%u", number);

	record.session = payload_new(name, (size_t)n);
	memset(record.salt, (int)below(p, 256), sizeof(record.salt));
	if (!record_is_note(event))
		record.revision = ++table->revision;
	return record;
}

static void
seat(struct party *p, struct table *table, struct record *record)
{
	struct guest *guest = &table->guests[table->count++];

	guest->row = ++p->customers;
	guest->state = CUSTOMER_SEATED;
	set_customer(record, guest->row);
	record->name = payload_new("Zo\xc3\xab", 4);
	record->has_token = below(p, 2) == 0;
	record->has_request = below(p, 2) == 0;
	record->has_account = below(p, 3) == 0;
	if (record->has_account)
		record->account = payload_new("account", 7);
}

/* One of the guests in that state, or NULL. */
static struct guest *
pick(struct party *p, struct table *table, enum customer_state state)
{
	struct guest *guest;

	if (table->count == 0)
		return NULL;
	guest = &table->guests[below(p, table->count)];
	return guest->state == state ? guest : NULL;
}

static struct record
start(struct party *p, unsigned number)
{
	struct table *table = &p->tables[number];
	struct record record;

	table->incarnation++;
	table->revision = 0;
	table->is_running = true;
	record = make_record(p, number, RECORD_START);
	seat(p, table, &record);
	return record;
}

/* A host takes the seat of another. */
static struct record
displace(struct party *p, unsigned number, struct guest *old)
{
	struct record record = make_record(p, number, RECORD_START);
	int64_t row = old->row;

	old->state = CUSTOMER_GONE;
	seat(p, &p->tables[number], &record);
	record.has_displaced = true;
	record.displaced_row = row;
	memcpy(record.displaced.bytes, &row, sizeof(row));
	return record;
}

static struct record
end(struct party *p, unsigned number)
{
	struct table *table = &p->tables[number];
	struct record record = make_record(p, number, RECORD_END);
	unsigned i;

	table->is_running = false;
	table->is_locked = false;
	for (i = 0; i < table->count; i++)
		table->guests[i].state = CUSTOMER_GONE;
	return record;
}

static struct record
about_guest(struct party *p, unsigned number, struct guest *guest,
    enum record_event event)
{
	struct record record = make_record(p, number, event);
	char cart[64];
	int n;

	set_customer(&record, guest->row);
	if (event == RECORD_CART) {
		n = snprintf(cart, sizeof(cart), "{\"n\":%u}", below(p, 1000));
		record.cart = below(p, 10) == 0 ? NULL :
		    payload_new(cart, (size_t)n);
	}
	if (event == RECORD_CART || event == RECORD_READY) {
		record.is_ready = below(p, 2) == 0;
		record.client_seq = below(p, 2) == 0 ? 0 : record.revision;
	}
	if (event == RECORD_LEAVE)
		guest->state = CUSTOMER_GONE;
	if (event == RECORD_EXPIRE)
		guest->state = CUSTOMER_AWAY;
	if (event == RECORD_RETURN)
		guest->state = CUSTOMER_SEATED;
	return record;
}

static struct record
lock(struct party *p, unsigned number)
{
	struct table *table = &p->tables[number];

	table->is_locked = !table->is_locked;
	return make_record(p, number,
	    table->is_locked ? RECORD_LOCK : RECORD_UNLOCK);
}

/* A note of the session, or of none. */
static struct record
note(struct party *p, unsigned number)
{
	struct record record = make_record(p, number, below(p, 2) == 0 ?
	    RECORD_REFUSED : RECORD_CALL);

	record.call = RECORD_CALL_LOCK;
	if (below(p, 4) == 0) {
		record.event = RECORD_RETAIN;
		record.session_row = 0;
		record.incarnation = 0;
	}
	return record;
}

/* What happens next in one of the sessions. */
static struct record
next_record(struct party *p)
{
	static const enum record_event usual[] = { RECORD_CART, RECORD_READY,
	    RECORD_CART, RECORD_LEAVE, RECORD_EXPIRE, RECORD_CART };
	unsigned number = 1 + below(p, p->count);
	struct table *table = &p->tables[number];
	struct guest *guest = pick(p, table, CUSTOMER_SEATED);
	struct record record;
	bool has_room = table->count < CUSTOMERS_MAX;

	if (!table->is_running && has_room)
		return start(p, number);
	if (!table->is_running || below(p, 12) == 0)
		return note(p, number);
	if (below(p, 20) == 0)
		return end(p, number);
	if (below(p, 12) == 0)
		return lock(p, number);
	if (guest != NULL && has_room && below(p, 12) == 0)
		return displace(p, number, guest);
	if (has_room && below(p, 4) == 0) {
		record = make_record(p, number, RECORD_JOIN);
		seat(p, table, &record);
		return record;
	}
	if (guest != NULL)
		return about_guest(p, number, guest, usual[below(p, 6)]);
	guest = pick(p, table, CUSTOMER_AWAY);
	return guest == NULL ? lock(p, number) :
	    about_guest(p, number, guest, RECORD_RETURN);
}

/* Of both. */
static void
append(struct party *p, struct record *record)
{
	ck_assert_int_eq(store_append(p->together, record), STORE_OK);
	ck_assert_int_eq(store_append(p->in_order, record), STORE_OK);
}

static void
touch(struct party *p)
{
	int64_t row = 1 + below(p, p->count);

	if (p->tables[row].incarnation == 0)
		return;
	ck_assert_int_eq(store_touch(p->together, row, ++p->time_ms),
	    STORE_OK);
	ck_assert_int_eq(store_touch(p->in_order, row, p->time_ms), STORE_OK);
}

static void
tell_list(struct party *p, unsigned length)
{
	struct record record;

	ck_assert_int_eq(store_begin(p->together), STORE_OK);
	ck_assert_int_eq(store_begin(p->in_order), STORE_OK);
	for (; length > 0; length--) {
		if (below(p, 40) == 0)
			touch(p);
		record = next_record(p);
		append(p, &record);
		record_clear(&record);
	}
	ck_assert_int_eq(store_commit(p->together), STORE_OK);
	ck_assert_int_eq(store_commit(p->in_order), STORE_OK);
}

static const struct sql_text tables_sql[] = {
	{ .text = "SELECT seq, session, incarnation, revision, event, ts_ms,"
	    " transport, customer, displaced, flags, client_seq, digest, hash,"
	    " previous_seq FROM journal ORDER BY seq" },
	{ .text = "SELECT seq, salt, name, address, cart, request, account"
	    " FROM journal_body ORDER BY seq" },
	{ .text = "SELECT id, name, incarnation, revision, ended_ms, active_ms,"
	    " last_seq, locked_ms, 0 AS none FROM session ORDER BY id" },
	{ .text = "SELECT id, session, cid, incarnation, is_host, is_ready,"
	    " has_token, request, state, left_revision, name_seq, cart_seq,"
	    " seq_cart, seq_ready FROM customer ORDER BY id" },
};
static const int tables_columns[] = { 14, 7, 9, 14 };

static void
expect_value(const struct sql_value *a, const struct sql_value *b)
{
	ck_assert_int_eq(a->type, b->type);
	if (a->type == SQL_INTEGER)
		ck_assert_int_eq(a->number, b->number);
	else if (a->type != SQL_NULL)
		ck_assert_mem_eq(a->bytes, b->bytes,
		    a->len == b->len ? a->len : SIZE_MAX);
}

static void
expect_same_rows(struct sql_statement *a, struct sql_statement *b, int columns)
{
	const struct engine *one = a->connection->engine;
	const struct engine *other = b->connection->engine;
	struct sql_value x, y;
	enum sql_result result;
	int i;

	do {
		result = one->step(a);
		ck_assert_int_eq(result, other->step(b));
		for (i = 0; i < columns && result == SQL_ROW; i++) {
			one->rows->column(a->row, i, &x);
			other->rows->column(b->row, i, &y);
			expect_value(&x, &y);
		}
	} while (result == SQL_ROW);
	ck_assert_int_eq(result, SQL_DONE);
}

static struct sql_connection *
read_by(const char *name)
{
	struct sql_connection *connection;

	ck_assert_int_eq(engine_of(name)->open_reader(name, SQL_READER_OF_ANY,
	    NULL, &connection), STORE_OPENED);
	return connection;
}

static void
expect_same(const struct party *p)
{
	struct sql_connection *one = read_by(p->url), *other = read_by(p->path);
	struct sql_statement *a, *b;
	size_t i;

	for (i = 0; i < 4; i++) {
		a = one->engine->prepare(one, &tables_sql[i]);
		b = other->engine->prepare(other, &tables_sql[i]);
		expect_same_rows(a, b, tables_columns[i]);
		one->engine->finalize(a);
		other->engine->finalize(b);
	}
	one->engine->close(one, false);
	other->engine->close(other, false);
}

/* Of one session, of few, and of many. */
START_TEST(lists_are_what_they_are_in_order)
{
	static const unsigned sessions[] = { 1, 3, 20, SESSIONS_MAX };
	struct party p;
	unsigned i;

	party_begin(&p, (unsigned)_i + 1, sessions[_i % 4]);
	for (i = 0; i < LISTS; i++)
		tell_list(&p, 1 + below(&p, i % 3 == 0 ? LIST_MAX : 30));

	expect_same(&p);
	party_end(&p);
}
END_TEST

/* One that is begun, in all sessions. */
static void
begin_all(struct party *p)
{
	struct record record;
	unsigned i;

	ck_assert_int_eq(store_begin(p->together), STORE_OK);
	ck_assert_int_eq(store_begin(p->in_order), STORE_OK);
	for (i = 1; i <= p->count; i++) {
		record = start(p, i);
		append(p, &record);
		record_clear(&record);
	}
	ck_assert_int_eq(store_commit(p->together), STORE_OK);
	ck_assert_int_eq(store_commit(p->in_order), STORE_OK);
}

/* Carts of all sessions; the one of session bad is not of its next revision. */
static enum store_status
append_carts(struct party *p, unsigned bad)
{
	enum store_status status = store_begin(p->together);
	struct record record;
	unsigned i;

	for (i = 1; i <= p->count && status == STORE_OK; i++) {
		record = about_guest(p, i, &p->tables[i].guests[0],
		    RECORD_CART);
		record.revision += i == bad;
		status = store_append(p->together, &record);
		record_clear(&record);
	}
	return status == STORE_OK ? store_commit(p->together) : status;
}

static void
forget_carts(struct party *p)
{
	unsigned i;

	for (i = 1; i <= p->count; i++)
		p->tables[i].revision--;
}

START_TEST(one_of_a_list_that_changes_no_row_is_found)
{
	struct party p;

	party_begin(&p, 1, 10);
	begin_all(&p);
	log_set_level(0);

	ck_assert_int_eq(append_carts(&p, 5), STORE_FATAL);

	ck_assert_int_eq(store_exit_status(p.together), STORE_BAD_DATA);
	expect_same(&p);
	party_end(&p);
}
END_TEST

START_TEST(one_of_a_list_that_is_there_is_found)
{
	enum store_status status;
	struct record record;
	struct party p;
	unsigned i;

	party_begin(&p, 1, 10);
	begin_all(&p);
	log_set_level(0);
	ck_assert_int_eq(store_begin(p.together), STORE_OK);
	for (i = 1; i <= p.count; i++) {
		record = make_record(&p, i, RECORD_JOIN);
		seat(&p, &p.tables[i], &record);
		if (i == 5)
			record.customer_row = 1;
		ck_assert_int_eq(store_append(p.together, &record), STORE_OK);
		record_clear(&record);
	}

	status = store_commit(p.together);

	ck_assert_int_eq(status, STORE_FATAL);
	ck_assert_int_eq(store_exit_status(p.together), STORE_BAD_DATA);
	expect_same(&p);
	party_end(&p);
}
END_TEST

/* The one is refused for good: nothing of it is in the next one. */
START_TEST(list_follows_one_that_was_refused)
{
	struct party p;

	party_begin(&p, 1, 10);
	begin_all(&p);
	log_set_level(0);
	postgres_exec(p.url, "CREATE FUNCTION f() RETURNS trigger LANGUAGE "
	    "plpgsql AS 'BEGIN IF NEW.id = 5 THEN RAISE SQLSTATE ''53100''; "
	    "END IF; RETURN NEW; END'; CREATE TRIGGER t BEFORE UPDATE ON "
	    "buddyshopping.session FOR EACH ROW EXECUTE FUNCTION f()");
	ck_assert_int_eq(append_carts(&p, 0), STORE_REFUSED);
	ck_assert(!store_was_lost(p.together));
	postgres_exec(p.url, "DROP TRIGGER t ON buddyshopping.session; "
	    "DROP FUNCTION f()");
	expect_same(&p);
	forget_carts(&p);

	tell_list(&p, 100);

	expect_same(&p);
	party_end(&p);
}
END_TEST

/* Some of it waits, some was sent; and it is given up, or has to be lost. */
START_TEST(list_follows_one_that_did_not_come_to_its_end)
{
	struct record record;
	struct party p;

	party_begin(&p, 1, 10);
	begin_all(&p);
	ck_assert_int_eq(store_begin(p.together), STORE_OK);
	record = about_guest(&p, 1, &p.tables[1].guests[0], RECORD_CART);
	ck_assert_int_eq(store_append(p.together, &record), STORE_OK);
	if (_i == 0)
		store_rollback(p.together);
	else {
		ck_assert_int_eq(postgres_terminate(p.url), 1);
		ck_assert_int_eq(store_commit(p.together), STORE_REFUSED);
		ck_assert(store_was_lost(p.together));
	}
	p.tables[1].revision--;
	record_clear(&record);

	tell_list(&p, 100);

	expect_same(&p);
	party_end(&p);
}
END_TEST

/* As modules run them, with texts of this test. */
enum statement {
	SQL_INSERT,
	SQL_UPDATE,
	STATEMENTS
};

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_INSERT] = { .text =
	    "INSERT INTO webhook (shop, seq) VALUES (CAST(? AS TEXT), ?)" },
	[SQL_UPDATE] = { .text =
	    "UPDATE webhook SET seq = 2 * seq + ?2"
	    " WHERE shop = CAST(?1 AS TEXT)" },
};

static void
run_one(struct sql *sql, enum statement id, int64_t shop, bool is_text,
    int64_t number)
{
	struct sql_binding b = sql_bind(sql, statement_sql, id);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", (int)shop);

	if (is_text)
		sql_bind_text(&b, text, (size_t)n);
	else
		sql_bind_row(&b, shop);
	sql_bind_row(&b, number);
	ck_assert_int_eq(sql_run_one(&b), STORE_OK);
}

static struct sql *
open_sql(char url[POSTGRES_URL_BYTES], struct sql_connection **connection)
{
	struct sql *sql;

	postgres_database(url);
	ck_assert_int_eq(engine_of(url)->open(url, NULL, connection),
	    STORE_OPENED);
	ck_assert_int_eq((*connection)->engine->start(*connection),
	    STORE_OPENED);
	sql = sql_new(*connection);
	ck_assert_int_eq(sql_prepare(sql, statement_sql, STATEMENTS), 0);
	ck_assert_int_eq(sql_begin(sql), STORE_OK);
	return sql;
}

static void
close_sql(struct sql *sql, struct sql_connection *connection)
{
	sql_free(sql);
	connection->engine->close(connection, false);
}

/* Also while others of the same statement, of other types, wait. */
START_TEST(types_may_change)
{
	struct sql_connection *connection;
	char url[POSTGRES_URL_BYTES];
	struct sql *sql = open_sql(url, &connection);
	int i;

	for (i = 1; i <= 20; i++) {
		sql_about(sql, i);
		run_one(sql, SQL_INSERT, i, i % 3 == 0, 1);
		run_one(sql, SQL_UPDATE, i, i % 2 == 0, 0);
		run_one(sql, SQL_UPDATE, i, true, 1);
	}
	sql_about(sql, 0);
	run_one(sql, SQL_INSERT, 21, true, 1);
	run_one(sql, SQL_UPDATE, 21, false, 3);
	ck_assert_int_eq(sql_commit(sql, 0), STORE_OK);

	ck_assert_str_eq(postgres_value(url, "SELECT string_agg("
	    "DISTINCT seq::text, ' ') || ' ' || count(*) "
	    "FROM buddyshopping.webhook"), "5 21");
	close_sql(sql, connection);
}
END_TEST

START_TEST(fault_is_that_of_the_statement)
{
	struct sql_connection *connection;
	char url[POSTGRES_URL_BYTES];
	struct sql *sql = open_sql(url, &connection);
	const struct sql_fault *fault;
	int i;

	for (i = 1; i <= 10; i++) {
		sql_about(sql, i);
		run_one(sql, SQL_INSERT, i, true, 1);
		run_one(sql, SQL_UPDATE, i == 5 ? 99 : i, true, 0);
	}
	sql_about(sql, 0);

	ck_assert_int_eq(connection->engine->commit(connection, 0),
	    SQL_FAILED);

	fault = connection->engine->fault(connection);
	ck_assert(fault->is_mismatch);
	ck_assert_int_eq(fault->status, STORE_BAD_DATA);
	ck_assert_str_eq(fault->what, statement_sql[SQL_UPDATE].text);
	sql_rollback(sql);
	close_sql(sql, connection);
}
END_TEST

void
suite_add(TCase *tc)
{
	postgres_need();
	tcase_add_loop_test(tc, lists_are_what_they_are_in_order, 0, SEEDS);
	tcase_add_test(tc, one_of_a_list_that_changes_no_row_is_found);
	tcase_add_test(tc, one_of_a_list_that_is_there_is_found);
	tcase_add_test(tc, list_follows_one_that_was_refused);
	tcase_add_loop_test(tc, list_follows_one_that_did_not_come_to_its_end,
	    0, 2);
	tcase_add_test(tc, types_may_change);
	tcase_add_test(tc, fault_is_that_of_the_statement);
}
