#include "story.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "hub/job.h"
#include "session/session.h"
#include "storage/chain.h"
#include "storage/store.h"

#include "suite.h"

void
story_begin(struct story *story)
{
	char path[STORY_PATH_BYTES];

	*story = (struct story){
		.folder = "story.XXXXXX",
		.time_ms = STORY_BEGIN_MS,
	};
	ck_assert_ptr_nonnull(mkdtemp(story->folder));
	(void)snprintf(path, sizeof(path), "%s/shop.db",
	    story->folder); /* fits */
	storage_name(path, story->path);
	log_set_level(LOG_LEVEL_ERROR);
	ck_assert_int_eq(store_open(story->path, NULL, &story->store),
	    STORE_OPENED);
}

void
story_end(struct story *story)
{
	size_t i;

	store_close(story->store);
	story->store = NULL;
	for (i = 0; i < STORY_SESSIONS; i++) {
		session_free(story->sessions[i]);
		story->sessions[i] = NULL;
	}
}

void
story_clear(struct story *story)
{
	DIR *folder = opendir(story->folder);
	struct dirent *entry;

	storage_remove(story->path);
	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			ck_assert_int_eq(unlinkat(dirfd(folder),
			    entry->d_name, 0), 0);
	ck_assert_int_eq(closedir(folder), 0);
	ck_assert_int_eq(rmdir(story->folder), 0);
}

static struct session *
session_of(struct story *story, unsigned number)
{
	const char name = (char)('a' + (int)number);
	struct payload *id;

	if (story->sessions[number] == NULL) {
		id = payload_new(&name, 1);
		story->sessions[number] = session_new(id, number + 1);
		payload_unref(id);
	}
	return story->sessions[number];
}

/* The id of a customer, and its row if it has one. */
static int64_t
find_customer(const struct session *session, unsigned number,
    struct customer_id *id)
{
	const struct customer *customer;

	memset(id->bytes, 0xc0, sizeof(id->bytes));
	id->bytes[0] = (uint8_t)(number >> 8);
	id->bytes[1] = (uint8_t)number;
	customer = session_customer(session, id);
	return customer == NULL ? 0 : customer->row;
}

static struct record
make_record(struct story *story, struct session *session,
    enum record_event event)
{
	struct record record = {
		.session_row = session->row,
		.event = event,
		.incarnation = session->incarnation,
		.time_ms = story->time_ms,
		.transport = TRANSPORT_WEBSOCKET,
		.is_ready = event == RECORD_READY,
		.client_seq = event == RECORD_CART ||
		    event == RECORD_REFUSED ? (uint64_t)story->seq : 0,
		.address = "192.0.2.7",
	};

	record.session = payload_ref(session->id);
	memset(record.salt, (int)(story->seq % 250 + 1),
	    sizeof(record.salt));
	story->time_ms += STORY_STEP_MS;
	if (!record_is_note(event))
		session_number(session, &record);
	return record;
}

static void
set_customer(struct story *story, struct session *session,
    struct record *record, unsigned number)
{
	record->has_customer = true;
	record->customer_row = find_customer(session, number,
	    &record->customer);
	if (record->event != RECORD_START && record->event != RECORD_JOIN)
		return;
	record->customer_row = ++story->customers;
	record->name = payload_new("Zo\xc3\xab", 4);
}

/* Let the record happen, and append it, which is cleared. */
static int64_t
append(struct story *story, struct session *session, struct record *record)
{
	if (!record_is_note(record->event)) {
		ck_assert_int_eq(session_apply(session, record), 0);
		if (!story->is_old)
			record->readiness = session->readiness;
	}
	ck_assert_int_eq(store_begin(story->store), STORE_OK);
	ck_assert_int_eq(store_append(story->store, record), STORE_OK);
	ck_assert_int_eq(store_commit(story->store), STORE_OK);
	record_clear(record);
	return ++story->seq;
}

int64_t
story_tell(struct story *story, unsigned number, enum record_event event,
    unsigned customer)
{
	struct session *session = session_of(story, number);
	struct record record = make_record(story, session, event);
	char cart[32];
	int n;

	if (event != RECORD_END && event != RECORD_LOCK &&
	    event != RECORD_UNLOCK && !(event == RECORD_CALL && customer == 0))
		set_customer(story, session, &record, customer);
	if (event == RECORD_CART) {
		n = snprintf(cart, sizeof(cart), "{\"n\":%lld}",
		    (long long)story->seq + 1);
		record.cart = payload_new(cart, (size_t)n);
	}
	if (event == RECORD_CALL) {
		record.call = customer == 0 ? RECORD_CALL_END :
		    RECORD_CALL_REMOVE;
		record.name = payload_new("back-end", 8);
	}
	if (event == RECORD_REFUSED) {
		record.refused = REFUSAL_RATE_LIMITED;
		record.refused_event = 3;
	}
	return append(story, session, &record);
}

int64_t
story_enter(struct story *story, unsigned number, enum record_event event,
    unsigned customer)
{
	struct session *session = session_of(story, number);
	struct record record = make_record(story, session, event);

	set_customer(story, session, &record, customer);
	record.has_token = true;
	record.has_request = true;
	memset(record.request, (int)customer + 1, sizeof(record.request));
	record.has_account = true;
	record.account = payload_new("account-4711", 12);
	return append(story, session, &record);
}

int64_t
story_displace(struct story *story, unsigned number, unsigned customer,
    unsigned displaced)
{
	struct session *session = session_of(story, number);
	struct record record = make_record(story, session, RECORD_START);

	set_customer(story, session, &record, customer);
	record.has_displaced = true;
	record.displaced_row = find_customer(session, displaced,
	    &record.displaced);
	return append(story, session, &record);
}

/* A note that is about no session. */
static int64_t
note(struct story *story, enum record_event event, uint64_t client_seq)
{
	struct session *session = session_of(story, 0);
	struct record record = make_record(story, session, event);

	payload_unref(record.session);
	record.session = payload_new("", 0);
	record.session_row = 0;
	record.incarnation = 0;
	record.client_seq = client_seq;
	return append(story, session, &record);
}

int64_t
story_retain(struct story *story, uint64_t older_ms)
{
	return note(story, RECORD_RETAIN, older_ms);
}

int64_t
story_purge(struct story *story, int64_t upto)
{
	return note(story, RECORD_PURGE, (uint64_t)upto);
}

int64_t
story_erase(struct story *story, unsigned number)
{
	struct session *session = session_of(story, number);
	struct record record = make_record(story, session, RECORD_ERASE);

	return append(story, session, &record);
}

/* The storage has appended rows by itself. */
static void
count_rows(struct story *story)
{
	struct chain_head head;
	struct audit *audit;

	ck_assert_int_eq(audit_open(story->path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_head(audit, &head), AUDIT_OK);
	audit_close(audit);
	story->seq = head.seq;
}

void
story_forget(struct story *story, unsigned number)
{
	struct session *session = session_of(story, number);
	struct record note = make_record(story, session, RECORD_ERASE);
	int64_t upto = 0, after = 0;
	size_t erased;

	ck_assert_int_eq(store_begin(story->store), STORE_OK);
	ck_assert_int_eq(store_erase(story->store, &note, &upto, &after,
	    &erased), STORE_OK);
	ck_assert_int_eq(store_commit(story->store), STORE_OK);
	ck_assert_int_ne(upto, 0);
	record_clear(&note);
	count_rows(story);
}

void
story_pass(struct story *story, uint64_t bodies_ms, uint64_t rows_ms)
{
	struct retention pass = {
		.now_ms = story->time_ms,
		.bodies_ms = bodies_ms,
		.rows_ms = rows_ms,
	};
	struct record note = {
		.event = RECORD_RETAIN,
		.session = payload_new("", 0),
		.time_ms = pass.now_ms,
		.client_seq = pass.bodies_ms,
	};

	while (pass.step != RETENTION_OVER) {
		ck_assert_int_eq(store_begin(story->store), STORE_OK);
		ck_assert_int_eq(store_purge(story->store, &pass, &note),
		    STORE_OK);
		ck_assert_int_eq(store_commit(story->store), STORE_OK);
	}
	record_clear(&note);
	story->time_ms += STORY_STEP_MS;
	count_rows(story);
}

uint64_t
story_ms(int64_t seq)
{
	return STORY_BEGIN_MS + (uint64_t)(seq - 1) * STORY_STEP_MS;
}

void
story_run(sqlite3 *db, const char *sql)
{
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
}

int64_t
story_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t number;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	number = sqlite3_column_int64(statement, 0);
	ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
	return number;
}

sqlite3 *
story_open(const struct story *story)
{
	static const char *const triggers[] = {
		"session_no_rename", "session_no_delete",
		"journal_no_update", "journal_no_delete",
		"journal_body_only_erase",
		"chain_anchor_no_update", "chain_anchor_no_delete",
	};
	char sql[64];
	sqlite3 *db;
	size_t i;

	ck_assert_int_eq(sqlite3_open(story->path, &db), SQLITE_OK);
	/* No log: that makes opening and changing it quick. */
	story_run(db, "PRAGMA journal_mode = DELETE;"
	    "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON;"
	    "PRAGMA foreign_keys = OFF;");
	for (i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
		(void)snprintf(sql, sizeof(sql), "DROP TRIGGER IF EXISTS %s",
		    triggers[i]); /* fits */
		story_run(db, sql);
	}
	return db;
}
