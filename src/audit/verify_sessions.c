#include "verify_sessions.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/hash_table.h"
#include "base/xalloc.h"
#include "report.h"
#include "row.h"
#include "session/record.h"
#include "session/session.h"
#include "storage/column.h"
#include "storage/sql.h"
#include "verify_in_use.h"
#include "verify_tables.h"

enum {
	GONE_MAX = 64	/* customers of a session that are kept when gone */
};

enum statement {
	SQL_BEFORE,
	SQL_RUNNING,
	STATEMENTS
};

static const struct sql_text statement_sql[STATEMENTS] = {
	[SQL_BEFORE] = { .text =
	    "WITH RECURSIVE back (seq, event, incarnation, previous_seq) AS ("
	    " SELECT seq, event, incarnation, previous_seq FROM journal"
	    "  WHERE seq = ?"
	    " UNION ALL SELECT j.seq, j.event, j.incarnation, j.previous_seq"
	    "  FROM back CROSS JOIN journal AS j"
	    "  WHERE j.seq = back.previous_seq AND j.seq < back.seq)"
	    " SELECT incarnation FROM back"
	    " WHERE event NOT IN (9, 10, 11, 12, 15) LIMIT 1" },
	[SQL_RUNNING] = { .text =
	    "SELECT id, name FROM session WHERE ended_ms IS NULL" },
};

struct entry {
	UT_hash_handle hh;
	struct audit_replayed replayed;
	int64_t	 begun;			/* row of its START, or the first one */
					/* that is known */
	bool	 is_due;		/* it is in due */
};

/* To be compared with the tables, with others. */
struct group {
	struct entry *entries[VERIFY_TABLES_MAX];
	size_t	 count;
};

struct verify_sessions {
	struct audit *audit;
	struct audit_report *report;
	struct verify_in_use *use;
	struct verify_tables *stored;
	struct sql_statement *statements[STATEMENTS];
	struct entry *entries;
	struct entry *found;		/* last; or NULL */
	struct group due;		/* an incarnation of each has ended */
	bool	 is_midway;		/* rows before are not known, ... */
	bool	 is_trusting;		/* ... but may be there */
	bool	 has_readiness;		/* a row had some: they all say it */
};

enum audit_status
verify_sessions_new(struct audit *audit, struct audit_report *report,
    struct audit_erasures *erasures, struct verify_sessions **made)
{
	struct verify_sessions *states = xcalloc(1, sizeof(*states));
	enum audit_status status;

	states->audit = audit;
	states->report = report;
	states->use = verify_in_use_new(audit, report, erasures);
	status = verify_tables_new(audit, report, &states->stored);
	if (status == AUDIT_OK)
		status = audit_prepare_all(audit, statement_sql,
		    states->statements, STATEMENTS);
	if (status == AUDIT_OK)
		*made = states;
	else
		verify_sessions_free(states);
	return status;
}

static void
drop_entry(struct verify_sessions *states, struct entry *entry)
{
	HASH_DEL(states->entries, entry);
	states->found = NULL;
	session_free(entry->replayed.session);
	payload_unref(entry->replayed.last.record.session);
	free(entry);
}

static void
drop_entries(struct verify_sessions *states)
{
	while (states->entries != NULL)
		drop_entry(states, states->entries);
}

void
verify_sessions_free(struct verify_sessions *states)
{
	if (states == NULL)
		return;
	drop_entries(states);
	verify_in_use_free(states->use);
	verify_tables_free(states->stored);
	sql_finalize(states->statements, STATEMENTS);
	free(states);
}

void
verify_sessions_purged(struct verify_sessions *states, int64_t upto)
{
	struct entry *entry, *next;

	for (entry = states->entries; entry != NULL; entry = next) {
		next = entry->hh.next;
		if (entry->begun > upto)
			continue;
		/* If it goes on it is met again. */
		if (entry->replayed.is_partial &&
		    entry->replayed.session->is_running)
			states->report->skipped--;
		drop_entry(states, entry);
	}
	states->is_midway = true;
}

void
verify_sessions_midway(struct verify_sessions *states)
{
	drop_entries(states);
	states->is_midway = true;
	states->is_trusting = true;
}

static struct entry *
find_entry(struct verify_sessions *states, int64_t row)
{
	/* A row's session is asked for twice. */
	if (states->found == NULL || states->found->replayed.row != row)
		HASH_FIND(hh, states->entries, &row, sizeof(row),
		    states->found);
	return states->found;
}

struct payload *
verify_sessions_name(struct verify_sessions *states, int64_t session_row)
{
	struct entry *entry = find_entry(states, session_row);

	return entry == NULL ? NULL : entry->replayed.last.record.session;
}

static struct entry *
add_entry(struct verify_sessions *states, const struct audit_row *row)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));

	entry->begun = row->seq;
	entry->replayed.row = row->record.session_row;
	entry->replayed.session = session_new(row->record.session,
	    entry->replayed.row);
	entry->replayed.last.record.session = payload_ref(row->record.session);
	HASH_ADD(hh, states->entries, replayed.row,
	    sizeof(entry->replayed.row), entry);
	return entry;
}

/* What comes to light is said of this row. */
static void
set_last_row(struct entry *entry, const struct audit_row *row)
{
	entry->replayed.last.seq = row->seq;
	entry->replayed.last.record.event = row->record.event;
	entry->replayed.last.record.time_ms = row->record.time_ms;
}

static void
forget_gone(struct entry *entry)
{
	struct customer *customer, *next;

	customer = TAILQ_FIRST(&entry->replayed.session->customers);
	for (; customer != NULL; customer = next) {
		next = TAILQ_NEXT(customer, entry);
		if (customer->state == CUSTOMER_GONE)
			session_forget_customer(entry->replayed.session,
			    customer);
	}
}

/* Read what the tables have of the sessions, and compare their customers. */
static enum audit_status
compare_customers(struct verify_sessions *states, const struct group *group,
    struct verify_tables_row rows[VERIFY_TABLES_MAX])
{
	const struct audit_replayed *replayed[VERIFY_TABLES_MAX];
	enum audit_status status;
	size_t i, count = group->count;

	for (i = 0; i < count; i++)
		replayed[i] = &group->entries[i]->replayed;
	status = verify_tables_customers(states->stored, replayed, count);
	return status != AUDIT_OK ? status :
	    verify_tables_read(states->stored, replayed, count, rows);
}

/*
 * Nothing in the incarnation will change.  The tables may be further on: then
 * the session is kept until its next START has come.
 */
static enum audit_status
compare_ended(struct verify_sessions *states, struct entry *entry,
    const struct verify_tables_row *row)
{
	const struct audit_replayed *replayed = &entry->replayed;
	enum audit_status status = verify_tables_count(states->stored,
	    replayed, row);

	if (status != AUDIT_OK)
		return status;
	states->report->sessions += replayed->is_partial ? 0 : 1;
	if (row->incarnation > replayed->session->incarnation) {
		forget_gone(entry);
		return AUDIT_OK;
	}
	status = verify_tables_session(states->stored, replayed, row);
	drop_entry(states, entry);
	return status;
}

enum audit_status
verify_sessions_settle(struct verify_sessions *states)
{
	struct verify_tables_row rows[VERIFY_TABLES_MAX];
	struct group *due = &states->due;
	enum audit_status status;
	size_t i;

	if (due->count == 0)
		return AUDIT_OK;
	status = compare_customers(states, due, rows);
	for (i = 0; i < due->count && status == AUDIT_OK; i++) {
		due->entries[i]->is_due = false;
		status = compare_ended(states, due->entries[i], &rows[i]);
	}
	due->count = 0;
	return status;
}

/* It waits for others, but not for its own next row. */
static enum audit_status
let_wait(struct verify_sessions *states, struct entry *entry)
{
	struct group *due = &states->due;

	entry->is_due = true;
	due->entries[due->count++] = entry;
	return due->count < VERIFY_TABLES_MAX ? AUDIT_OK :
	    verify_sessions_settle(states);
}

/* Find the incarnation that was before row, if a row says so. */
static enum audit_status
read_before(struct verify_sessions *states, const struct audit_row *row,
    uint64_t *before)
{
	struct sql_binding rows = sql_run_of(states->statements[SQL_BEFORE]);
	struct columns columns = columns_at(rows.statement, "journal");

	sql_bind_row(&rows, row->previous_seq);
	if (sql_next(&rows))
		*before = column_number(&columns, 0);
	return audit_report_end_row(states->report, states->audit, &rows,
	    &columns);
}

/*
 * Begin to replay a session of which nothing is known: its incarnation before
 * has ended and was forgotten, or was deleted.
 */
static enum audit_status
begin_replay(struct verify_sessions *states, const struct audit_row *row,
    struct entry **begun)
{
	uint64_t before = states->is_midway ? row->record.incarnation - 1 : 0;
	enum audit_status status = row->previous_seq == 0 ? AUDIT_OK :
	    read_before(states, row, &before);

	*begun = add_entry(states, row);
	(*begun)->replayed.session->incarnation = before;
	return status;
}

/*
 * Begin in the midst of an incarnation, whose START is not there: how it ends
 * is known none the less, and what becomes of those who come from here on.
 */
static enum audit_status
begin_partial(struct verify_sessions *states, const struct audit_row *row,
    struct entry **begun)
{
	struct session *session;
	struct entry *entry;

	if (!states->is_midway)
		return audit_report_fault(states->report, row,
		    "its session does not run");
	states->report->skipped++;
	entry = add_entry(states, row);
	entry->replayed.is_partial = true;
	session = entry->replayed.session;
	session->is_running = true;
	session->incarnation = row->record.incarnation;
	session->revision = row->record.revision - 1;
	*begun = entry;
	return AUDIT_OK;
}

static bool
is_newcomer(const struct record *record)
{
	return record->event == RECORD_START || record->event == RECORD_JOIN;
}

/* Whether the customer came before what is known. */
static bool
is_stranger(const struct entry *entry, const struct customer_id *id)
{
	return entry->replayed.is_partial &&
	    session_customer(entry->replayed.session, id) == NULL;
}

/* What a stranger does counts only. */
static int
skip_stranger(struct session *session, const struct record *record)
{
	struct record next = { .event = record->event };

	session_number(session, &next);
	if (next.incarnation != record->incarnation ||
	    next.revision != record->revision)
		return -1;
	session->revision = record->revision;
	session->active_ms = record->time_ms;
	return 0;
}

/* Let the record happen with pointers for names and carts. */
static int
apply_with_pointers(struct entry *entry, const struct audit_row *row)
{
	struct record record = row->record;
	struct payload *pointer;
	int result;

	if (record.has_customer && !is_newcomer(&record) &&
	    is_stranger(entry, &record.customer))
		return skip_stranger(entry->replayed.session, &record);
	if (record.has_displaced && is_stranger(entry, &record.displaced))
		record.has_displaced = false;
	pointer = audit_pointer_new(row);
	record.name = is_newcomer(&record) ? pointer : NULL;
	record.cart = record.event == RECORD_CART ? pointer : NULL;
	record.customer_row = row->seq;
	result = session_apply(entry->replayed.session, &record);
	payload_unref(pointer);
	return result;
}

static enum audit_status
report_misfit_row(struct verify_sessions *states, const struct entry *entry,
    const struct audit_row *row)
{
	struct record next = { .event = row->record.event };

	session_number(entry->replayed.session, &next);
	if (next.incarnation != row->record.incarnation ||
	    next.revision != row->record.revision)
		return audit_report_fault(states->report, row,
		    "it is %" PRIu64 ".%" PRIu64 " of its session, after %"
		    PRIu64 ".%" PRIu64, row->record.incarnation,
		    row->record.revision, entry->replayed.session->incarnation,
		    entry->replayed.session->revision);
	return audit_report_fault(states->report, row,
	    "it cannot have happened to its session then");
}

/*
 * Rows of before version 7 of the schema do not say what they did to whether
 * everybody is ready; behind one that does, all do.
 */
static enum audit_status
check_readiness(struct verify_sessions *states, const struct entry *entry,
    const struct audit_row *row)
{
	const enum record_readiness said = row->record.readiness;

	states->has_readiness |= said != READINESS_KEPT;
	if (entry->replayed.is_partial || !states->has_readiness ||
	    said == entry->replayed.session->readiness)
		return AUDIT_OK;
	return audit_report_fault(states->report, row,
	    "its flags are wrong about whether everybody is ready");
}

/* The row happens to its session. */
static enum audit_status
happen(struct verify_sessions *states, struct entry *entry,
    const struct audit_row *row)
{
	enum audit_status status;
	struct audit_bodies_before held;

	verify_in_use_remember(&held, entry->replayed.session, &row->record);
	if (apply_with_pointers(entry, row) == -1) {
		status = report_misfit_row(states, entry, row);
	} else {
		set_last_row(entry, row);
		status = check_readiness(states, entry, row);
		if (status == AUDIT_OK)
			status = verify_in_use_released(states->use,
			    &entry->replayed, &held);
	}
	verify_in_use_forget(&held);
	return status;
}

static enum audit_status
replay_row(struct verify_sessions *states, struct entry *entry,
    const struct audit_row *row)
{
	const struct record *record = &row->record;
	enum audit_status status = AUDIT_OK;

	if (record->event == RECORD_START && record->revision == 1) {
		entry->replayed.newcomers = 0;
		entry->replayed.is_partial = false;
		entry->begun = row->seq;
	}
	if (record->event == RECORD_END) {
		set_last_row(entry, row);
		status =
		    verify_in_use_all_released(states->use, &entry->replayed);
	}
	if (status == AUDIT_OK)
		status = happen(states, entry, row);
	if (status != AUDIT_OK)
		return status;
	entry->replayed.newcomers += is_newcomer(record) ? 1 : 0;
	if (record->event == RECORD_END)
		return let_wait(states, entry);
	if (entry->replayed.session->counts[CUSTOMER_GONE] > GONE_MAX) {
		status = verify_tables_gone(states->stored, &entry->replayed);
		forget_gone(entry);
	}
	return status;
}

enum audit_status
verify_sessions_apply(struct verify_sessions *states,
    const struct audit_row *row)
{
	const struct record *record = &row->record;
	enum audit_status status = AUDIT_OK;
	struct entry *entry;

	if (record_is_note(record->event))
		return AUDIT_OK;
	entry = find_entry(states, record->session_row);
	if (entry != NULL && entry->is_due) {
		status = verify_sessions_settle(states);
		if (status != AUDIT_OK)
			return status;
		entry = find_entry(states, record->session_row);
	}
	if (entry == NULL)
		status = record->event == RECORD_START &&
		    record->revision == 1 ? begin_replay(states, row, &entry) :
		    begin_partial(states, row, &entry);
	return status != AUDIT_OK ? status : replay_row(states, entry, row);
}

/* Customers of one that has ended were compared at its end. */
static enum audit_status
compare_entry(struct verify_sessions *states, const struct entry *entry,
    const struct verify_tables_row *row)
{
	const struct audit_replayed *replayed = &entry->replayed;
	enum audit_status status = verify_tables_session(states->stored,
	    replayed, row);

	if (status != AUDIT_OK || !replayed->session->is_running)
		return status;
	states->report->sessions += replayed->is_partial ? 0 : 1;
	status = verify_tables_count(states->stored, replayed, row);
	return status != AUDIT_OK ? status :
	    verify_in_use_check(states->use, replayed);
}

static enum audit_status
compare_group(struct verify_sessions *states, const struct group *group)
{
	struct verify_tables_row rows[VERIFY_TABLES_MAX];
	enum audit_status status = compare_customers(states, group, rows);
	size_t i;

	for (i = 0; i < group->count && status == AUDIT_OK; i++)
		status = compare_entry(states, group->entries[i], &rows[i]);
	return status;
}

static enum audit_status
compare_entries(struct verify_sessions *states)
{
	struct group group = { .count = 0 };
	enum audit_status status = AUDIT_OK;
	struct entry *entry;

	for (entry = states->entries; entry != NULL && status == AUDIT_OK;
	    entry = entry->hh.next) {
		group.entries[group.count++] = entry;
		if (group.count < VERIFY_TABLES_MAX && entry->hh.next != NULL)
			continue;
		status = compare_group(states, &group);
		group.count = 0;
	}
	return status;
}

enum audit_status
verify_sessions_compare(struct verify_sessions *states, int64_t session_row)
{
	enum audit_status status = compare_entries(states);

	return status != AUDIT_OK ? status :
	    verify_tables_notes_only(states->stored, session_row);
}

/* Whatever runs by the tables was replayed from its START, and runs. */
static enum audit_status
compare_running(struct verify_sessions *states)
{
	struct sql_binding rows = sql_run_of(states->statements[SQL_RUNNING]);
	enum audit_status status = AUDIT_OK;
	const struct entry *entry;

	while (status == AUDIT_OK && sql_next(&rows)) {
		struct columns columns = columns_at(rows.statement, "session");
		struct payload *name;

		entry = find_entry(states, column_id(&columns, 0));
		name = column_session(&columns, 1);
		if (!columns_fit(&columns))
			status = audit_report_misfit(states->report, &columns);
		else if (entry == NULL || entry->replayed.is_partial)
			status = audit_report_session(states->report,
			    payload_ref(name), "the session runs by "
			    "the tables, but not by the journal");
		payload_unref(name);
	}
	return audit_end_walk(states->audit, &rows, status);
}

enum audit_status
verify_sessions_compare_all(struct verify_sessions *states)
{
	enum audit_status status = AUDIT_OK;

	/* A purge keeps the rows of what runs. */
	if (!states->is_trusting)
		status = compare_running(states);
	if (status == AUDIT_OK)
		status = verify_sessions_compare(states, 0);
	if (status == AUDIT_OK)
		status = verify_tables_extra(states->stored);
	return status;
}
