/*
 * What a forger can change in the file of a database and stay unnoticed, when
 * the newest row's hash is known elsewhere: every cell, row, pair of cells and
 * entry of an index is tried, one at a time, and the table below says what is
 * left, and why.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "audit/audit.h"
#include "audit/report.h"
#include "audit/verify.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "session/session.h"
#include "storage/store.h"

#include "story.h"
#include "suite.h"

const char suite_name[] = "forgery";

enum {
	SQL_BYTES = 1024,
	NAME_BYTES = 64,
	PLACES_MAX = 256,
	SHOWN_MAX = 10,
	TIMEOUT_S = 1800
};

/* What was done to it. */
enum forgery {
	FORGERY_EDIT,		/* of a cell, whose column is named */
	FORGERY_SWAP,		/* of the cells of two rows */
	FORGERY_DELETE, /* of a row, or of an entry of an index */
	FORGERY_INSERT
};

static const char *const forgery_names[] = {
	[FORGERY_EDIT] = "edit",
	[FORGERY_SWAP] = "swap",
	[FORGERY_DELETE] = "delete",
	[FORGERY_INSERT] = "insert",
};

static const char presence[] =
    "presence moves it, which is not in the journal";
static const char order[] =
    "numbers of customers mean nothing but their order";
static const char log_mark[] =
    "says which log is the file's, and nothing of sessions";
static const char emptied[] =
    "an erased body is empty or not there, which is the same";
static const char noted[] =
    "its END is gone, and a note has the incarnation alone";

static const char purged[] =
    "the way ends there, at whichever of the rows that are gone";

/* What stays unnoticed, and why that may be. */
static const struct {
	enum forgery forgery;
	const char *where;
	const char *why;
	const char *row;		/* NULL: in all of them */
} unnoticed[] = {
	{ FORGERY_EDIT, "session.active_ms", presence, NULL },
	{ FORGERY_SWAP, "session.active_ms", presence, NULL },
	{ FORGERY_EDIT, "session.ended_ms", noted, "3" },
	{ FORGERY_EDIT, "session.revision", noted, "3" },
	{ FORGERY_EDIT, "customer.id", order, NULL },
	{ FORGERY_EDIT, "journal.previous_seq", purged, "6" },
	{ FORGERY_EDIT, "journal.previous_seq", purged, "13" },
	{ FORGERY_EDIT, "journal.previous_seq", purged, "14" },
	{ FORGERY_EDIT, "journal.previous_seq", purged, "19" },
	{ FORGERY_SWAP, "journal.previous_seq", purged, "6" },
	{ FORGERY_SWAP, "journal.previous_seq", purged, "13" },
	{ FORGERY_EDIT, "log_mark.id", log_mark, NULL },
	{ FORGERY_EDIT, "log_mark.base", log_mark, NULL },
	{ FORGERY_EDIT, "log_mark.mark", log_mark, NULL },
	{ FORGERY_DELETE, "journal_body", emptied, "22" },
	{ FORGERY_DELETE, "journal_body", emptied, "23" },
	{ FORGERY_DELETE, "journal_body", emptied, "24" },
	{ FORGERY_INSERT, "journal_body", emptied, "22" },
	{ FORGERY_INSERT, "journal_body", emptied, "23" },
	{ FORGERY_INSERT, "journal_body", emptied, "24" },
	{ FORGERY_DELETE, "log_mark", log_mark, NULL },
	{ FORGERY_INSERT, "log_mark", log_mark, NULL },
};

#define UNNOTICED (sizeof(unnoticed) / sizeof(unnoticed[0]))

/* A database as it was written, its copies, and what came of them. */
struct trial {
	struct story story;
	unsigned char *image;
	size_t	 size;
	struct audit_verify_options wish;		/* with its head */
	char	 path[STORY_PATH_BYTES];
	int fd; /* of path, where copies are written */
	sqlite3	*db;			/* the copy to be changed */
	sqlite3	*pristine;		/* one that is not */
	const char *row;		/* that is edited, deleted or copied, or the */
					/* first of two; or NULL */

	char	 says[AUDIT_FAULT_BYTES]; /* of the fault found last */
	unsigned tried;
	unsigned missed;
	unsigned unlisted;		/* of them */
	unsigned seen[UNNOTICED];	/* the others */
};

static void
erase(struct story *story, unsigned session, const struct customer_id *id)
{
	int64_t upto = 0, after = 0;
	size_t erased;
	struct record note = {
		.event = RECORD_ERASE,
		.session = payload_ref(story->sessions[session]->id),
		.session_row = session + 1,
		.incarnation = 1,
		.time_ms = story->time_ms,
		.has_customer = true,
		.customer = *id,
		.salt = { 99 },
	};

	ck_assert_int_eq(store_begin(story->store), STORE_OK);
	ck_assert_int_eq(store_erase(story->store, &note, &upto, &after,
	    &erased), STORE_OK);
	ck_assert_int_eq(store_commit(story->store), STORE_OK);
	ck_assert_int_ne(upto, 0);
	record_clear(&note);
}

/* One who went is known by this. */
static const struct customer_id fifth = {
	{ 0, 5, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0 }
};

/*
 * Session c is purged but for a note behind its end, and so is the beginning of
 * d, which others joined later, and which is locked; a and b go on; of b
 * somebody was erased; carts of a are too old, but for the newest ones.
 */
static void
tell(struct story *story)
{
	story_begin(story);
	(void)story_tell(story, 2, RECORD_START, 8);
	(void)story_enter(story, 3, RECORD_START, 6);
	(void)story_tell(story, 3, RECORD_JOIN, 9);
	(void)story_tell(story, 2, RECORD_CART, 8);
	(void)story_tell(story, 2, RECORD_END, 0);		/* row 5 */
	(void)story_enter(story, 3, RECORD_JOIN, 10);
	(void)story_tell(story, 3, RECORD_CART, 6);
	(void)story_tell(story, 3, RECORD_CART, 10);
	(void)story_tell(story, 3, RECORD_JOIN, 12);
	(void)story_tell(story, 3, RECORD_READY, 12); /* row 10 */
	(void)story_tell(story, 3, RECORD_LEAVE, 12);
	(void)story_tell(story, 3, RECORD_END, 0);
	(void)story_tell(story, 2, RECORD_REFUSED, 8);
	(void)story_enter(story, 0, RECORD_START, 1);
	(void)story_enter(story, 0, RECORD_JOIN, 2);		/* row 15 */
	(void)story_tell(story, 0, RECORD_CART, 1);
	(void)story_tell(story, 0, RECORD_CART, 2);
	(void)story_tell(story, 0, RECORD_CART, 2);
	(void)story_tell(story, 1, RECORD_START, 3);
	(void)story_displace(story, 1, 4, 3); /* row 20 */
	(void)story_tell(story, 1, RECORD_CART, 4);
	(void)story_tell(story, 1, RECORD_JOIN, 5);
	(void)story_tell(story, 1, RECORD_CART, 5);
	(void)story_tell(story, 1, RECORD_LEAVE, 5);
	erase(story, 1, &fifth);				/* row 25 */
	story->seq++;
	(void)story_tell(story, 0, RECORD_EXPIRE, 2);
	(void)story_tell(story, 0, RECORD_RETURN, 2);
	(void)story_tell(story, 0, RECORD_REFUSED, 2);
	(void)story_tell(story, 0, RECORD_READY, 1);
	story_pass(story, story_ms(19), story_ms(6));	/* rows 30, 31 */
	(void)story_tell(story, 1, RECORD_CART, 4);
	(void)story_tell(story, 3, RECORD_START, 11);
	(void)story_tell(story, 3, RECORD_LOCK, 0);
	(void)story_tell(story, 0, RECORD_CART, 2);		/* row 35 */
}

/* Where a copy can be written without waiting for a disk. */
static void
find_place(struct trial *trial)
{
	(void)snprintf(trial->path, sizeof(trial->path),
	    "/dev/shm/check_forgery.XXXXXX");
	trial->fd = mkstemp(trial->path);
	if (trial->fd != -1)
		return;
	(void)snprintf(trial->path, sizeof(trial->path),
	    "check_forgery.XXXXXX");
	trial->fd = mkstemp(trial->path);
	ck_assert_int_ne(trial->fd, -1);
}

/* A connection to a copy of its own. */
static sqlite3 *
open_copy(const struct trial *trial)
{
	unsigned char *copy = sqlite3_malloc64(trial->size);
	sqlite3 *db;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, trial->image, trial->size);
	ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_deserialize(db, "main", copy,
	    (sqlite3_int64)trial->size, (sqlite3_int64)trial->size,
	    SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE),
	    SQLITE_OK);
	story_run(db, "PRAGMA ignore_check_constraints = ON;"
	    "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF");
	return db;
}

/*
 * Behind the head that is known come a RETAIN of what is older than retain_ms,
 * and a PURGE of rows up to upto; without those that are 0.
 */
static void
trial_begin(struct trial *trial, uint64_t retain_ms, int64_t upto)
{
	struct audit *audit;
	sqlite3_int64 size;
	sqlite3 *db;

	*trial = (struct trial){ .wish = { .has_head = true } };
	tell(&trial->story);
	ck_assert_int_eq(audit_open(trial->story.path, &audit), AUDIT_OK);
	ck_assert_int_eq(audit_head(audit, &trial->wish.head), AUDIT_OK);
	audit_close(audit);
	if (retain_ms != 0)
		(void)story_retain(&trial->story, retain_ms);
	if (upto != 0)
		(void)story_purge(&trial->story, upto);
	story_end(&trial->story);
	db = story_open(&trial->story);
	trial->image = sqlite3_serialize(db, "main", &size, 0);
	ck_assert_ptr_nonnull(trial->image);
	trial->size = (size_t)size;
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	find_place(trial);
	trial->pristine = open_copy(trial);
	/* What is said of each of them would be much. */
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

static void
trial_end(struct trial *trial)
{
	ck_assert_int_eq(sqlite3_close(trial->pristine), SQLITE_OK);
	ck_assert_int_eq(close(trial->fd), 0);
	ck_assert_int_eq(unlink(trial->path), 0);
	sqlite3_free(trial->image);
	story_clear(&trial->story);
}

/* Verify the bytes of db. */
static enum audit_status
judge(struct trial *trial, sqlite3 *db)
{
	struct audit_report report;
	enum audit_status status;
	struct audit *audit;
	sqlite3_int64 size;
	unsigned char *bytes = sqlite3_serialize(db, "main", &size, 0);

	ck_assert_ptr_nonnull(bytes);
	ck_assert_int_eq(pwrite(trial->fd, bytes, (size_t)size, 0), size);
	ck_assert_int_eq(ftruncate(trial->fd, size), 0);
	sqlite3_free(bytes);
	status = audit_open(trial->path, &audit);
	if (status != AUDIT_OK)
		return status;
	status = audit_verify(audit, &trial->wish, &report);
	memcpy(trial->says, report.fault.what, sizeof(trial->says));
	audit_report_clear(&report);
	audit_close(audit);
	return status;
}

static void
count_miss(struct trial *trial, enum forgery forgery, const char *where,
    const char *sql)
{
	size_t i;

	trial->missed++;
	for (i = 0; i < UNNOTICED; i++)
		if (unnoticed[i].forgery == forgery &&
		    strcmp(unnoticed[i].where, where) == 0 &&
		    (unnoticed[i].row == NULL || (trial->row != NULL &&
		    strcmp(unnoticed[i].row, trial->row) == 0))) {
			trial->seen[i]++;
			return;
		}
	if (trial->unlisted++ < SHOWN_MAX)
		printf("unnoticed and not listed: %s of %s: %s\n",
		    forgery_names[forgery], where, sql);
}

/* Judge what sql made of trial->db, unless nothing, and close it. */
static void
try_it(struct trial *trial, enum forgery forgery, const char *where,
    const char *sql)
{
	if (sqlite3_exec(trial->db, sql, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_total_changes(trial->db) > 0) {
		trial->tried++;
		if (judge(trial, trial->db) == AUDIT_OK)
			count_miss(trial, forgery, where, sql);
	}
	ck_assert_int_eq(sqlite3_close(trial->db), SQLITE_OK);
}

static void
try_table(struct trial *trial, enum forgery forgery, const char *where,
    const char *sql)
{
	trial->db = open_copy(trial);
	try_it(trial, forgery, where, sql);
}

/* The first column of the rows that sql yields; ended by NULL. */
static char **
list(sqlite3 *db, const char *sql)
{
	char **items = xcalloc(PLACES_MAX + 1, sizeof(*items));
	sqlite3_stmt *row;
	size_t n = 0;

	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &row, NULL) ==
	    SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(row) == SQLITE_ROW) {
		ck_assert_uint_lt(n, PLACES_MAX);
		items[n++] = xstrdup((const char *)sqlite3_column_text(row,
		    0));
	}
	ck_assert_int_eq(sqlite3_finalize(row), SQLITE_OK);
	return items;
}

static void
free_list(char **items)
{
	size_t i;

	for (i = 0; items[i] != NULL; i++)
		free(items[i]);
	free(items);
}

/* A table, with its columns and the numbers of its rows. */
struct place {
	const char *table;
	char	**columns;		/* the first one is the key */
	char	**rows;
};

static void
place_begin(struct trial *trial, const char *table, struct place *place)
{
	char sql[SQL_BYTES];

	place->table = table;
	(void)snprintf(sql, sizeof(sql), "SELECT name FROM"
	    " pragma_table_info('%s') ORDER BY cid", table);
	place->columns = list(trial->pristine, sql);
	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM %s NOT INDEXED"
	    " ORDER BY 1", place->columns[0], table);
	place->rows = list(trial->pristine, sql);
}

static void
place_end(struct place *place)
{
	free_list(place->columns);
	free_list(place->rows);
}

/* What a cell %1$s may become; the tables refuse what is of another type. */
static const char *const edits[] = {
	"%1$s + 1", "%1$s - 1", "0", "1", "2", "-1", "%1$s + 9007199254740991",
	"NULL", "%1$s || 'x'", "upper(%1$s)", "''", "'{}'", "zeroblob(16)",
	"zeroblob(32)", "CAST(substr(%1$s, 2) || substr(%1$s, 1, 1) AS BLOB)",
};

static void
edit_cells(struct trial *trial, const struct place *place)
{
	char sql[SQL_BYTES], value[SQL_BYTES / 4], where[NAME_BYTES];
	size_t c, r, e;

	for (c = 0; place->columns[c] != NULL; c++) {
		(void)snprintf(where, sizeof(where), "%s.%s", place->table,
		    place->columns[c]);
		for (e = 0; e < sizeof(edits) / sizeof(edits[0]); e++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			(void)snprintf(value, sizeof(value), edits[e],
			    place->columns[c]);
#pragma GCC diagnostic pop
			for (r = 0; place->rows[r] != NULL; r++) {
				(void)snprintf(sql, sizeof(sql),
				    "UPDATE %1$s SET %2$s = %3$s WHERE"
				    " %4$s = %5$s AND %2$s IS NOT %3$s",
				    place->table, place->columns[c], value,
				    place->columns[0], place->rows[r]);
				trial->row = place->rows[r];
				try_table(trial, FORGERY_EDIT, where, sql);
				trial->row = NULL;
			}
		}
	}
}

static void
swap_cells(struct trial *trial, const struct place *place)
{
	char sql[SQL_BYTES], where[NAME_BYTES];
	size_t c, a, b;

	for (c = 1; place->columns[c] != NULL; c++) {
		(void)snprintf(where, sizeof(where), "%s.%s", place->table,
		    place->columns[c]);
		for (a = 0; place->rows[a] != NULL; a++) {
			for (b = a + 1; place->rows[b] != NULL; b++) {
				(void)snprintf(sql, sizeof(sql),
				    "CREATE TEMP TABLE t AS SELECT"
				    " a.%2$s AS a, b.%2$s AS b FROM %1$s AS a,"
				    " %1$s AS b WHERE a.%3$s = %4$s AND"
				    " b.%3$s = %5$s AND a.%2$s IS NOT b.%2$s;"
				    "UPDATE OR IGNORE %1$s SET %2$s ="
				    " CASE %3$s WHEN %4$s THEN t.b ELSE t.a END"
				    " FROM t WHERE %3$s IN (%4$s, %5$s)",
				    place->table, place->columns[c],
				    place->columns[0], place->rows[a],
				    place->rows[b]);
				trial->row = place->rows[a];
				try_table(trial, FORGERY_SWAP, where, sql);
				trial->row = NULL;
			}
		}
	}
}

static void
delete_and_insert_rows(struct trial *trial, const struct place *place)
{
	char sql[SQL_BYTES], others[SQL_BYTES / 2];
	size_t r, c, n = 0;
	int way;

	for (c = 1; place->columns[c] != NULL; c++)
		n += (size_t)snprintf(others + n, sizeof(others) - n, ", %s",
		    strcmp(place->columns[c], "cid") == 0 ?
		    "'aaaaaaaaaaaaaaaaaaaaaaaa'" :
		    strcmp(place->columns[c], "name") == 0 ?
		    "name || 'x'" : place->columns[c]);
	for (r = 0; place->rows[r] != NULL; r++) {
		trial->row = place->rows[r];
		(void)snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s = %s",
		    place->table, place->columns[0], place->rows[r]);
		try_table(trial, FORGERY_DELETE, place->table, sql);
		for (way = 0; way < 2; way++) {
			(void)snprintf(sql, sizeof(sql), "INSERT INTO %1$s"
			    " SELECT (SELECT %6$s FROM %1$s)%3$s"
			    " FROM %1$s WHERE %2$s = %4$s%5$s", place->table,
			    place->columns[0], others, place->rows[r], "",
			    way == 0 ? "max(rowid) + 1" : "min(rowid) - 1");
			try_table(trial, FORGERY_INSERT, place->table, sql);
		}
		trial->row = NULL;
	}
}

START_TEST(what_is_changed_in_a_table_is_noticed_but_for_the_listed)
{
	static const char tables_sql[] = "SELECT name FROM sqlite_schema"
	    " WHERE type = 'table' ORDER BY 1";
	struct trial trial;
	struct place place;
	char **tables;
	size_t i;

	trial_begin(&trial, 0, 0);
	ck_assert_int_eq(judge(&trial, trial.pristine), AUDIT_OK);
	tables = list(trial.pristine, tables_sql);
	for (i = 0; tables[i] != NULL; i++) {
		place_begin(&trial, tables[i], &place);
		edit_cells(&trial, &place);
		swap_cells(&trial, &place);
		delete_and_insert_rows(&trial, &place);
		place_end(&place);
	}
	free_list(tables);
	for (i = 0; i < UNNOTICED; i++)
		ck_assert_msg(trial.seen[i] > 0, "%s of %s is noticed",
		    forgery_names[unnoticed[i].forgery], unnoticed[i].where);
	printf("tables: %u tried, %u unnoticed\n", trial.tried, trial.missed);
	ck_assert_uint_eq(trial.unlisted, 0);
	trial_end(&trial);
}
END_TEST

/* An index as a table "entries" of columns e0, e1, ...; the last is the row. */
static size_t
open_index(struct trial *trial, const char *name)
{
	char sql[SQL_BYTES], columns[SQL_BYTES / 4] = "";
	sqlite3_int64 root;
	size_t i, n = 0, count;

	trial->db = open_copy(trial);
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM"
	    " pragma_index_xinfo('%s')", name);
	count = (size_t)story_number(trial->db, sql);
	(void)snprintf(sql, sizeof(sql), "SELECT rootpage FROM sqlite_schema"
	    " WHERE name = '%s'", name);
	root = story_number(trial->db, sql);
	for (i = 0; i < count; i++)
		n += (size_t)snprintf(columns + n, sizeof(columns) - n,
		    "%se%zu", i == 0 ? "" : ", ", i);
	(void)snprintf(sql, sizeof(sql), "CREATE TABLE entries (%s,"
	    " PRIMARY KEY (%s)) WITHOUT ROWID", columns, columns);
	ck_assert_int_eq(sqlite3_test_control(SQLITE_TESTCTRL_IMPOSTER,
	    trial->db, "main", 1, (int)root), SQLITE_OK);
	story_run(trial->db, sql);
	ck_assert_int_eq(sqlite3_test_control(SQLITE_TESTCTRL_IMPOSTER,
	    trial->db, "main", 0, 0), SQLITE_OK);
	return count;
}

static void
try_index(struct trial *trial, enum forgery forgery, const char *name,
    const char *sql)
{
	(void)open_index(trial, name); /* how many it has is known */
	try_it(trial, forgery, name, sql);
}

/* Each entry is deleted, doubled, and given another row. */
static void
change_entry(struct trial *trial, const char *name, size_t last,
    const char *here)
{
	char sql[SQL_BYTES], before[NAME_BYTES] = "";
	size_t i, n = 0;

	for (i = 0; i < last; i++)
		n += (size_t)snprintf(before + n, sizeof(before) - n, "e%zu, ",
		    i);
	(void)snprintf(sql, sizeof(sql), "DELETE FROM entries WHERE e%zu = %s",
	    last, here);
	try_index(trial, FORGERY_DELETE, name, sql);
	(void)snprintf(sql, sizeof(sql), "INSERT INTO entries SELECT %1$s"
	    "(SELECT max(e%2$zu) + 1 FROM entries) FROM entries"
	    " WHERE e%2$zu = %3$s", before, last, here);
	try_index(trial, FORGERY_INSERT, name, sql);
	(void)snprintf(sql, sizeof(sql), "UPDATE entries SET e%1$zu ="
	    " (SELECT max(e%1$zu) + 1 FROM entries) WHERE e%1$zu = %2$s", last,
	    here);
	try_index(trial, FORGERY_EDIT, name, sql);
}

/* Two entries swap their rows. */
static void
swap_entries(struct trial *trial, const char *name, size_t last,
    const char *a, const char *b)
{
	char sql[SQL_BYTES];

	(void)snprintf(sql, sizeof(sql),
	    "UPDATE entries SET e%1$zu = -1 WHERE e%1$zu = %2$s;"
	    "UPDATE entries SET e%1$zu = %2$s WHERE e%1$zu = %3$s;"
	    "UPDATE entries SET e%1$zu = %3$s WHERE e%1$zu = -1", last, a, b);
	try_index(trial, FORGERY_SWAP, name, sql);
}

/* What the entries say but for their rows, which follow each in "row key". */
static char **
list_entries(struct trial *trial, size_t last)
{
	char sql[SQL_BYTES], key[SQL_BYTES / 2] = "''";
	size_t i, n = 2;

	for (i = 0; i < last; i++)
		n += (size_t)snprintf(key + n, sizeof(key) - n,
		    " || ' ' || quote(e%zu)", i);
	(void)snprintf(sql, sizeof(sql), "SELECT e%zu || %s FROM entries", last,
	    key);
	return list(trial->db, sql);
}

static void
change_index(struct trial *trial, const char *name)
{
	size_t last = open_index(trial, name) - 1, i, k;
	char **entries = list_entries(trial, last), **keys;

	keys = xcalloc(PLACES_MAX + 1, sizeof(*keys));
	ck_assert_int_eq(sqlite3_close(trial->db), SQLITE_OK);
	for (i = 0; entries[i] != NULL; i++) {
		keys[i] = entries[i] + strcspn(entries[i], " ");
		if (*keys[i] == ' ')
			*keys[i]++ = '\0';
	}
	for (i = 0; entries[i] != NULL; i++) {
		change_entry(trial, name, last, entries[i]);
		for (k = i + 1; entries[k] != NULL; k++)
			/* Else they are the same two. */
			if (strcmp(keys[i], keys[k]) != 0)
				swap_entries(trial, name, last, entries[i],
				    entries[k]);
	}
	free(keys);
	free_list(entries);
}

START_TEST(what_is_changed_in_an_index_is_noticed)
{
	static const char indexes_sql[] = "SELECT name FROM sqlite_schema"
	    " WHERE type = 'index' ORDER BY 1";
	struct trial trial;
	char **indexes;
	size_t i;

	trial_begin(&trial, 0, 0);
	indexes = list(trial.pristine, indexes_sql);
	for (i = 0; indexes[i] != NULL; i++)
		change_index(&trial, indexes[i]);
	free_list(indexes);
	printf("indexes: %u tried, %u unnoticed\n", trial.tried, trial.missed);
	ck_assert_uint_gt(trial.tried, 0);
	ck_assert_uint_eq(trial.missed, 0);
	trial_end(&trial);
}
END_TEST

/* The hash of row seq, as it is, becomes an anchor. */
#define ANCHOR(seq)							\
	"DELETE FROM chain_anchor; INSERT INTO chain_anchor"		\
	" SELECT seq, hash FROM journal WHERE seq = " #seq ";"
#define NULLED(which)							\
	"UPDATE journal_body SET salt = NULL, name = NULL,"		\
	" address = NULL, cart = NULL, request = NULL, account = NULL"	\
	" WHERE " which ";"

/* Forgeries of several steps, and what the verifier says of them. */
static const struct {
	const char *sql;
	const char *says;
} schemes[] = {
	/* An anchor hides that a cart before it was edited, */
	{ "UPDATE journal_body SET cart = '{}' WHERE seq = 18;" ANCHOR(20),
	    "row 6 is there" },
	/* or that what came before is gone, */
	{ ANCHOR(20) "DELETE FROM journal WHERE seq <= 20;"
	    "DELETE FROM journal_body WHERE seq <= 20", "no row says why" },
	/* or all but the last row. */
	{ ANCHOR(34) "DELETE FROM journal WHERE seq <= 34;"
	    "DELETE FROM journal_body WHERE seq <= 34", "no row says why" },
	{ "DELETE FROM chain_anchor; INSERT INTO chain_anchor"
	    " SELECT seq, hash FROM journal WHERE seq = 35;"
	    "DELETE FROM journal; DELETE FROM journal_body;"
	    "DELETE FROM customer; DELETE FROM session;", "no row says why" },
	/* A body is old enough, but is in use; or was when that was noted. */
	{ NULLED("seq = 16"), "is in use" },
	{ NULLED("seq = 18"), "was in use up to row 35" },
	{ NULLED("seq = 14") "UPDATE customer SET request = NULL"
	    " WHERE cid LIKE '0001%'", "is in use" },
	/* One is younger, or came after the note. */
	{ NULLED("seq = 21"), "no row says why" },
	{ NULLED("seq = 32"), "no row says why" },
};

START_TEST(forgeries_of_several_steps_are_noticed)
{
	struct trial trial;

	trial_begin(&trial, 0, 0);
	trial.db = open_copy(&trial);
	story_run(trial.db, schemes[_i].sql);
	ck_assert_int_eq(judge(&trial, trial.db), AUDIT_FAULT);
	ck_assert_msg(strstr(trial.says, schemes[_i].says) != NULL, "%s",
	    trial.says);
	ck_assert_int_eq(sqlite3_close(trial.db), SQLITE_OK);
	trial_end(&trial);
}
END_TEST

/* A note that reaches into the future, behind the head that is known. */
START_TEST(a_note_from_the_future_explains_no_more_than_others)
{
	static const char *const nulled[] = {
		NULLED("seq < 36"), NULLED("seq = 32"), NULLED("seq = 35"),
		NULLED("seq = 26"),
	};
	struct trial trial;

	trial_begin(&trial, UINT64_C(1900000000000), 0);
	trial.db = open_copy(&trial);
	story_run(trial.db, nulled[_i]);
	ck_assert_int_eq(judge(&trial, trial.db), AUDIT_FAULT);
	ck_assert_int_eq(sqlite3_close(trial.db), SQLITE_OK);
	trial_end(&trial);
}
END_TEST

/* Retention leaves the rows of what runs alone, whatever a later note says. */
START_TEST(no_note_explains_that_what_runs_has_no_beginning)
{
	struct trial trial;

	trial_begin(&trial, 0, 20);
	trial.db = open_copy(&trial);
	story_run(trial.db, ANCHOR(20) "DELETE FROM journal WHERE seq <= 20;"
	    "DELETE FROM journal_body WHERE seq <= 20");
	ck_assert_int_eq(judge(&trial, trial.db), AUDIT_FAULT);
	ck_assert_msg(strstr(trial.says, "runs by the tables") != NULL, "%s",
	    trial.says);
	ck_assert_int_eq(sqlite3_close(trial.db), SQLITE_OK);
	trial_end(&trial);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_set_timeout(tc, TIMEOUT_S);
	tcase_add_test(tc,
	    what_is_changed_in_a_table_is_noticed_but_for_the_listed);
	tcase_add_test(tc, what_is_changed_in_an_index_is_noticed);
	tcase_add_test(tc,
	    no_note_explains_that_what_runs_has_no_beginning);
	tcase_add_loop_test(tc,
	    a_note_from_the_future_explains_no_more_than_others, 0, 4);
	tcase_add_loop_test(tc, forgeries_of_several_steps_are_noticed, 0,
	    sizeof(schemes) / sizeof(schemes[0]));
}
