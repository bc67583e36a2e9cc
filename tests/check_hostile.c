/*
 * Databases in which somebody else has written: each column of each table
 * holds what the schema would never have let in, and whoever reads it says so
 * in one line and ends with 65, or finds nothing wrong.  A child tries one cell
 * after the other; behind one at which it ended the next child goes on.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "ctl/commands.h"
#include "ctl/ctl.h"
#include "hub/job.h"
#include "session/session.h"
#include "storage/store.h"

#include "story.h"
#include "suite.h"

const char suite_name[] = "hostile";

enum {
	SQL_BYTES = 512,
	SAID_BYTES = 4096,
	PAGE_BYTES = 512,
	COLUMNS_MAX = 20,		/* of a table */
	SLICES_MAX = 1000,		/* of one erasure or pass */
	CHILD_TIMEOUT_S = 60,
	FAULTS_SHOWN = 40,
	ANY_LINES = -1
};

/* Nothing here has to outlive the test. */
int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

#define YEAR_MS	UINT64_C(31557600000)

/* The rows that are tried, each of a table and a kind of its own. */
static const struct target {
	const char *table;
	const char *key;
	int64_t	 row;
} targets[] = {
	{ "session", "id", 1 },
	{ "customer", "id", 2 },
	{ "journal", "seq", 3 },	/* CART */
	{ "journal", "seq", 8 },	/* ERASE */
	{ "journal", "seq", 9 },	/* RETAIN */
	{ "journal", "seq", 10 },	/* PURGE */
	{ "journal", "seq", 14 },	/* LOCK */
	{ "journal_body", "seq", 1 },
	{ "chain_anchor", "seq", 1 },
	{ "log_mark", "id", 1 },
	{ "webhook", "rowid", 1 },
	{ "webhook_parked", "rowid", 1 },
};

/* As SQLite writes them. */
static const char *const values[] = {
	"NULL", "0", "-1", "2", "9223372036854775807",
	"-9223372036854775807 - 1", "1.5", "''", "'x'", "char(0, 65)",
	"'FFFFFFFFFFFFFFFFFFFFFFFF'", "CAST(x'ff27c0' AS TEXT)",
	"zeroblob(31)", "printf('%.*c', 500000, 'x')",
};

#define TARGETS	(sizeof(targets) / sizeof(targets[0]))
#define VALUES	(sizeof(values) / sizeof(values[0]))

/* What a child tells. */
struct telling {
	size_t	 cell;			/* that it is at, ... */
	size_t	 use;			/* ... what it does with that, ... */
	char	 step[64];		/* ... and the step of it */
	char	 wrong[SAID_BYTES];	/* "": nothing */
};

/* A database without what keeps values out, and how to bring that back. */
struct loose {
	struct story story;
	uint8_t	*bytes;
	size_t	 len;
	char	*schema;	/* SQL */
	struct telling *telling;
};

/* Write the database with what is wrong there; false: it cannot be there. */
typedef bool damage_fn(const struct loose *loose, const char *what);

static void
tell_all(struct story *story)
{
	sqlite3 *db;

	story_begin(story);
	(void)story_enter(story, 0, RECORD_START, 1);
	(void)story_enter(story, 0, RECORD_JOIN, 2);
	(void)story_tell(story, 0, RECORD_CART, 2);
	(void)story_tell(story, 1, RECORD_START, 3);
	(void)story_tell(story, 0, RECORD_REFUSED, 2);
	(void)story_tell(story, 1, RECORD_CART, 3);
	(void)story_tell(story, 1, RECORD_END, 0);
	(void)story_erase(story, 1);
	(void)story_retain(story, STORY_BEGIN_MS + 1);
	(void)story_purge(story, 0);
	(void)story_tell(story, 0, RECORD_READY, 1);
	(void)story_tell(story, 0, RECORD_JOIN, 4);
	(void)story_tell(story, 0, RECORD_EXPIRE, 4);
	(void)story_tell(story, 0, RECORD_LOCK, 0);
	story_end(story);
	ck_assert_int_eq(sqlite3_open(story->path, &db), SQLITE_OK);
	story_run(db, "PRAGMA journal_mode = DELETE;"
	    "UPDATE journal_body SET salt = NULL, name = NULL, address = NULL,"
	    " cart = NULL, request = NULL, account = NULL WHERE seq IN (4, 6);"
	    "INSERT INTO chain_anchor SELECT seq, hash FROM journal"
	    " WHERE seq = 1;"
	    "INSERT INTO webhook VALUES ('', 9);"
	    "INSERT INTO webhook_parked VALUES ('s', '', 3, 1, 7, 8)");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* The text that sql yields; to be freed. */
static char *
query_text(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	char *text;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	text = xstrdup((const char *)sqlite3_column_text(statement, 0));
	ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
	return text;
}

/* Everything of the tables but the names of columns, and what indexes need. */
static const char loosen_sql[] =
    "PRAGMA writable_schema = ON;"
    "UPDATE sqlite_schema AS s SET sql = 'CREATE TABLE ' || name || ' ('"
    " || (SELECT group_concat(name || iif(pk AND type = 'INTEGER',"
    "  ' INTEGER PRIMARY KEY', ''), ', ') FROM pragma_table_info(s.name))"
    " || CASE name WHEN 'session' THEN ', UNIQUE (name)'"
    "  WHEN 'customer' THEN ', UNIQUE (session, cid)'"
    "  WHEN 'webhook' THEN ', UNIQUE (shop)'"
    "  WHEN 'webhook_parked' THEN ', UNIQUE (session)' ELSE '' END || ')'"
    " WHERE type = 'table';"
    "DELETE FROM sqlite_schema WHERE type = 'trigger';";

/* SQL that makes the schema what it is now. */
static const char restore_sql[] =
    "SELECT 'PRAGMA writable_schema = ON;"
    "DELETE FROM sqlite_schema;"
    "INSERT INTO sqlite_schema VALUES ' || group_concat('(' || quote(type)"
    " || ',' || quote(name) || ',' || quote(tbl_name) || ',' ||"
    " quote(rootpage) || ',' || quote(sql) || ')', ',')"
    " FROM sqlite_schema";

static void
loosen(struct loose *loose)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(loose->story.path, &db), SQLITE_OK);
	loose->schema = query_text(db, restore_sql);
	story_run(db, loosen_sql);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
read_file(struct loose *loose)
{
	FILE *file = fopen(loose->story.path, "r");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	loose->len = (size_t)ftell(file);
	rewind(file);
	loose->bytes = xcalloc(1, loose->len);
	ck_assert_uint_eq(fread(loose->bytes, 1, loose->len, file),
	    loose->len);
	ck_assert_int_eq(fclose(file), 0);
}

static void
begin(struct loose *loose)
{
	*loose = (struct loose){ .schema = NULL };
	tell_all(&loose->story);
	loosen(loose);
	read_file(loose);
	loose->telling = mmap(NULL, sizeof(*loose->telling),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(loose->telling, MAP_FAILED);
}

static void
end(struct loose *loose)
{
	ck_assert_int_eq(munmap(loose->telling, sizeof(*loose->telling)), 0);
	free(loose->schema);
	free(loose->bytes);
	story_clear(&loose->story);
}

/* What a child that ended early has left beside the database. */
static void
remove_rest(const struct loose *loose)
{
	static const char *const endings[] = { "-wal", "-shm", "-journal" };
	char path[STORAGE_NAME_BYTES + 16];
	size_t i;

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", loose->story.path,
		    endings[i]); /* fits */
		(void)unlink(path); /* is not there most often */
	}
}

/* Write the database with the row that sql changes; whether there is one. */
static bool
write_database(const struct loose *loose, const char *sql)
{
	FILE *file = fopen(loose->story.path, "w");
	bool is_changed;
	sqlite3 *db;

	remove_rest(loose);
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(loose->bytes, 1, loose->len, file),
	    loose->len);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(sqlite3_open(loose->story.path, &db), SQLITE_OK);
	story_run(db, "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;"
	    "PRAGMA journal_mode = MEMORY; BEGIN;");
	/* A number of a row is one, and an index has a name once. */
	is_changed = sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_changes(db) == 1;
	story_run(db, loose->schema);
	story_run(db, "COMMIT");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return is_changed;
}

/* The rest is what a child does. */

static void
step(struct telling *telling, const char *name)
{
	(void)snprintf(telling->step, sizeof(telling->step), "%s", name);
	ck_assert_int_eq(ftruncate(STDERR_FILENO, 0), 0);
	ck_assert_int_eq(lseek(STDERR_FILENO, 0, SEEK_SET), 0);
}

/* How many lines of standard error begin with that since the step began. */
static int
count_lines(char said[SAID_BYTES], const char *prefix)
{
	ssize_t n = pread(STDERR_FILENO, said, SAID_BYTES - 1, 0);
	char *line;
	int lines = 0;

	said[n < 0 ? 0 : n] = '\0';
	for (line = said; *line != '\0'; line += strcspn(line, "\n") + 1)
		lines += strncmp(line, prefix, strlen(prefix)) == 0 ? 1 : 0;
	return lines;
}

/* The step must have ended so, and said so many lines. */
static void
expect(struct telling *telling, bool is_right, int status, int lines,
    const char *prefix)
{
	char said[SAID_BYTES];
	int count = count_lines(said, prefix);

	if (is_right && (count == lines || lines == ANY_LINES))
		return;
	(void)snprintf(telling->wrong, sizeof(telling->wrong),
	    "status %d, %d lines: %.3000s", status, count, said);
	_exit(EXIT_FAILURE);
}

static void
run_command(struct telling *telling, const char *path, const char *line)
{
	char text[128], database[STORY_PATH_BYTES];
	char program[] = "ctl", option[] = "-d";
	char *argv[16] = { program, option, database }, *rest = text;
	int argc = 3, status;
	bool fails;

	step(telling, line);
	(void)snprintf(database, sizeof(database), "%s", path); /* fits */
	(void)snprintf(text, sizeof(text), "%s", line); /* fits */
	while ((argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	status = ctl_run(commands, argc, argv);
	fails = status == CTL_BAD_DATA || status == CTL_NOT_FOUND;
	expect(telling, fails || status == CTL_OK || (status == CTL_FAULT &&
	    strncmp(line, "audit verify", 12) == 0), status,
	    fails ? 1 : ANY_LINES, "");
}

static void
run_commands(struct telling *telling, const char *path, const char *folder)
{
	static const char *const lines[] = {
		"audit verify", "audit verify --from=2", "audit head",
		"audit sessions", "audit sessions --json", "audit export",
		"audit export --format=csv", "audit show a",
		"audit show b --json", "audit who a n", "audit state a",
		"audit diff a 1 3", "audit customers zo",
		"audit customers --account=account-4711",
		"audit customers --account=account-4711 --json",
	};
	char line[128];
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		run_command(telling, path, lines[i]);
	(void)snprintf(line, sizeof(line), "backup --force %s/copy.db",
	    folder);
	run_command(telling, path, line);
}

/* Whether the store can be used on. */
static bool
goes_on(struct telling *telling, const struct store *store,
    enum store_status status)
{
	expect(telling, status == STORE_OK || (status == STORE_FATAL &&
	    store_exit_status(store) == STORE_BAD_DATA), (int)status,
	    status == STORE_OK ? 0 : 1, "<3>");
	return status == STORE_OK;
}

static bool
load(struct telling *telling, struct store *store, const char *name,
    size_t max_remembered, struct session **session)
{
	struct payload *id = payload_new(name, strlen(name));
	enum store_status status = store_load(store, id, max_remembered,
	    session);

	payload_unref(id);
	return goes_on(telling, store, status);
}

static bool
find_idle(struct telling *telling, struct store *store)
{
	struct payload *ids[STORY_SESSIONS];
	enum store_status status;
	size_t i, count = 0;
	int64_t after = 0;

	do {
		status = store_find_idle(store, INT64_MAX, &after, ids,
		    STORY_SESSIONS, &count);
		for (i = 0; i < count; i++)
			payload_unref(ids[i]);
	} while (status == STORE_OK && after != 0);
	return goes_on(telling, store, status);
}

/* What a customer of the session says next. */
static enum store_status
append(struct store *store, struct session *session)
{
	struct customer *customer;
	struct record record = {
		.event = RECORD_CART,
		.session = session->id,
		.session_row = session->row,
		.time_ms = STORY_BEGIN_MS + YEAR_MS,
		.has_customer = true,
		.client_seq = 1,
	};

	TAILQ_FOREACH(customer, &session->customers, entry)
		if (customer->state != CUSTOMER_GONE)
			break;
	if (customer == NULL || !session->is_running)
		return STORE_OK;
	session_number(session, &record);
	record.customer = customer->id;
	record.customer_row = customer->row;
	return store_append(store, &record);
}

static bool
go_on(struct telling *telling, struct store *store, struct session *session)
{
	enum store_status status;

	step(telling, "append");
	status = store_begin(store);
	if (status == STORE_OK)
		status = append(store, session);
	if (status == STORE_OK)
		status = store_touch(store, session->row, STORY_BEGIN_MS);
	if (status == STORE_OK)
		status = store_commit(store);
	return goes_on(telling, store, status);
}

static bool
erase(struct telling *telling, struct store *store, struct session *session)
{
	const struct record record = {
		.event = RECORD_ERASE,
		.session = session->id,
		.session_row = session->row,
		.incarnation = session->incarnation,
		.time_ms = STORY_BEGIN_MS + YEAR_MS,
	};
	int64_t upto = 0, after = 0;
	enum store_status status;
	size_t erased;
	int slices = 0;

	do {
		status = store_begin(store);
		if (status == STORE_OK)
			status = store_erase(store, &record, &upto, &after,
			    &erased);
		if (status == STORE_OK)
			status = store_commit(store);
		slices++;
		expect(telling, slices < SLICES_MAX, slices, 0, "endless");
	} while (status == STORE_OK && after != 0);
	return goes_on(telling, store, status);
}

static bool
retain(struct telling *telling, struct store *store)
{
	struct payload *none = payload_new("", 0);
	const struct record note = {
		.event = RECORD_RETAIN,
		.session = none,
		.time_ms = STORY_BEGIN_MS + YEAR_MS,
		.client_seq = STORY_BEGIN_MS + YEAR_MS,
	};
	struct retention pass = {
		.now_ms = note.time_ms,
		.bodies_ms = note.time_ms,
		.rows_ms = note.time_ms,
	};
	enum store_status status;
	int slices = 0;

	do {
		status = store_begin(store);
		if (status == STORE_OK)
			status = store_purge(store, &pass, &note);
		if (status == STORE_OK)
			status = store_commit(store);
		slices++;
		expect(telling, slices < SLICES_MAX, slices, 0, "endless");
	} while (status == STORE_OK && pass.step != RETENTION_OVER);
	payload_unref(none);
	return goes_on(telling, store, status);
}

static void
use_session(struct telling *telling, struct store *store, const char *name,
    bool *is_over)
{
	struct session *session;

	step(telling, "load");
	*is_over = !load(telling, store, name, 1, &session);
	session_free(session);
	if (!*is_over)
		*is_over = !load(telling, store, name, 0, &session);
	if (*is_over || session == NULL)
		return;
	*is_over = !go_on(telling, store, session);
	step(telling, "erase");
	if (!*is_over)
		*is_over = !erase(telling, store, session);
	session_free(session);
}

static void
use_store(struct telling *telling, const char *path)
{
	enum store_open_status status;
	struct store *store;
	bool is_over = false;

	step(telling, "open");
	log_set_program(NULL);
	status = store_open(path, NULL, &store);
	expect(telling, status == STORE_OPENED || status == STORE_BAD_DATA,
	    (int)status, status == STORE_OPENED ? 0 : 1, "<3>");
	if (status != STORE_OPENED)
		return;
	step(telling, "find idle");
	is_over = !find_idle(telling, store);
	if (!is_over)
		use_session(telling, store, "a", &is_over);
	if (!is_over)
		use_session(telling, store, "b", &is_over);
	step(telling, "retain");
	if (!is_over)
		(void)retain(telling, store);
	store_close(store);
}

static void
redirect(void)
{
	int none = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int said = memfd_create("stderr", MFD_CLOEXEC);

	ck_assert_int_ne(none, -1);
	ck_assert_int_ne(said, -1);
	ck_assert_int_eq(dup2(none, STDOUT_FILENO), STDOUT_FILENO);
	ck_assert_int_eq(dup2(said, STDERR_FILENO), STDERR_FILENO);
}

static void
read_it(const struct loose *loose)
{
	run_commands(loose->telling, loose->story.path, loose->story.folder);
}

static void
use_it(const struct loose *loose)
{
	use_store(loose->telling, loose->story.path);
}

static void
erase_it(const struct loose *loose)
{
	run_command(loose->telling, loose->story.path,
	    "erase --yes --session=a");
}

/* What is done with each of them. */
static void (*const uses[])(const struct loose *loose) = {
	read_it,
	use_it,		/* what has been read: that changes nothing */
	erase_it,
};

#define USES	(sizeof(uses) / sizeof(uses[0]))

static void
try_cell(const struct loose *loose, damage_fn *damage, const char *what)
{
	struct telling *telling = loose->telling;
	size_t *use = &telling->use;

	for (; *use < USES; ++*use) {
		telling->step[0] = telling->wrong[0] = '\0';
		if (uses[*use] != use_it && !damage(loose, what))
			return;
		(void)alarm(CHILD_TIMEOUT_S);
		uses[*use](loose);
	}
}

/* In a child, from where the one before ended. */
static void
try_rest(const struct loose *loose, damage_fn *damage, const char *const *cells,
    size_t count)
{
	struct telling *telling = loose->telling;

	redirect();
	for (; telling->cell < count; telling->cell++) {
		try_cell(loose, damage, cells[telling->cell]);
		telling->use = 0;
	}
	_exit(EXIT_SUCCESS);
}

/* Try each cell, and say how those end that do not end well. */
static void
try_all(const struct loose *loose, damage_fn *damage, const char *const *cells,
    size_t count)
{
	struct telling *telling = loose->telling;
	int status, faults = 0;
	pid_t pid;

	for (*telling = (struct telling){ .cell = 0 };; telling->use++) {
		pid = fork();
		ck_assert_int_ne(pid, -1);
		if (pid == 0)
			try_rest(loose, damage, cells, count);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
			break;
		ck_assert_uint_lt(telling->cell, count);
		if (faults++ < FAULTS_SHOWN)
			(void)fprintf(stderr, "%s: %s: %s %d: %s\n",
			    cells[telling->cell], telling->step,
			    WIFSIGNALED(status) ? "signal" : "exit",
			    WIFSIGNALED(status) ? WTERMSIG(status) :
			    WEXITSTATUS(status), telling->wrong);
	}
	ck_assert_uint_eq(telling->cell, count);
	ck_assert_int_eq(faults, 0);
}

/* The names of the target's columns, as a list with commas; to be freed. */
static char *
list_columns(const struct loose *loose, const struct target *target)
{
	char sql[SQL_BYTES];
	sqlite3 *db;
	char *list;

	(void)write_database(loose, "");
	ck_assert_int_eq(sqlite3_open(loose->story.path, &db), SQLITE_OK);
	(void)snprintf(sql, sizeof(sql), "SELECT group_concat(name)"
	    " FROM pragma_table_info('%s')", target->table);
	list = query_text(db, sql);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return list;
}

/* SQL that puts a value there; to be freed. */
static char *
set_value(const struct target *target, const char *column, const char *value)
{
	char sql[SQL_BYTES];

	(void)snprintf(sql, sizeof(sql), "UPDATE %s SET %s = %s "
	    "WHERE %s = %lld", target->table, column, value, target->key,
	    (long long)target->row); /* fits */
	return xstrdup(sql);
}

static char *
delete_row(const struct target *target)
{
	char sql[SQL_BYTES];

	(void)snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s = %lld",
	    target->table, target->key, (long long)target->row); /* fits */
	return xstrdup(sql);
}

START_TEST(no_value_of_a_column_is_trusted)
{
	const struct target *target = &targets[_i];
	char *cells[COLUMNS_MAX * VALUES + 1];
	char *columns, *rest, *column;
	size_t i, count = 0;
	struct loose loose;

	begin(&loose);
	columns = rest = list_columns(&loose, target);
	cells[count++] = delete_row(target);
	ck_assert(write_database(&loose, cells[0]));
	while ((column = strsep(&rest, ",")) != NULL)
		for (i = 0; i < VALUES; i++) {
			ck_assert_uint_lt(count, sizeof(cells) /
			    sizeof(cells[0]));
			cells[count++] = set_value(target, column, values[i]);
		}
	try_all(&loose, write_database, (const char *const *)cells, count);
	while (count > 0)
		free(cells[--count]);
	free(columns);
	end(&loose);
}
END_TEST

/* Make the page at which a table begins none. */
static bool
damage_page(const struct loose *loose, const char *table)
{
	uint8_t page[PAGE_BYTES];
	char sql[SQL_BYTES];
	sqlite3 *db;
	off_t at;
	int fd;

	(void)write_database(loose, "");
	ck_assert_int_eq(sqlite3_open(loose->story.path, &db), SQLITE_OK);
	(void)snprintf(sql, sizeof(sql), "SELECT (rootpage - 1) * page_size"
	    " FROM sqlite_schema, pragma_page_size WHERE name = '%s'", table);
	at = (off_t)story_number(db, sql);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	memset(page, 0xff, sizeof(page));
	fd = open(loose->story.path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(pwrite(fd, page, sizeof(page), at), PAGE_BYTES);
	ck_assert_int_eq(close(fd), 0);
	return true;
}

START_TEST(damaged_page_is_said_in_one_line)
{
	static const char *const tables[] = {
		"session", "customer", "journal", "journal_body",
		"chain_anchor", "log_mark",
	};
	struct loose loose;

	begin(&loose);
	try_all(&loose, damage_page, tables, sizeof(tables) /
	    sizeof(tables[0]));
	end(&loose);
}
END_TEST

static bool
break_schema(const struct loose *loose, const char *sql)
{
	sqlite3 *db;

	(void)write_database(loose, "");
	ck_assert_int_eq(sqlite3_open(loose->story.path, &db), SQLITE_OK);
	story_run(db, sql);
	ck_assert_int_eq(sqlite3_changes(db), 1);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return true;
}

/* A check that nobody can make. */
START_TEST(schema_that_cannot_be_run_is_said_in_one_line)
{
	static const char *const sql[] = { "PRAGMA writable_schema = ON;"
	    "UPDATE sqlite_schema SET sql = replace(sql, 'length(cid)',"
	    " 'lengte(cid)') WHERE name = 'customer'" };
	struct loose loose;

	begin(&loose);
	try_all(&loose, break_schema, sql, 1);
	end(&loose);
}
END_TEST

static int64_t
count_rows(const struct loose *loose)
{
	int64_t count;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(loose->story.path, &db), SQLITE_OK);
	count = story_number(db, "SELECT count(*) FROM journal");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return count;
}

/* All numbers are less than a text. */
START_TEST(purge_of_its_own_row_deletes_nothing)
{
	static const char *const changes[] = {
		"UPDATE journal SET client_seq = 'x' WHERE seq = 10",
		"UPDATE journal SET client_seq = 10 WHERE seq = 10",
	};
	const struct record note = { .event = RECORD_RETAIN };
	struct retention pass = { .rows_ms = 1, .has_bodies = true };
	struct loose loose;
	struct store *store;
	int64_t rows;

	begin(&loose);
	log_set_level(0); /* failures are wanted here */
	ck_assert(write_database(&loose, changes[_i]));
	rows = count_rows(&loose);
	ck_assert_int_eq(store_open(loose.story.path, NULL, &store),
	    STORE_OPENED);
	ck_assert_int_eq(store_begin(store), STORE_OK);

	ck_assert_int_eq(store_purge(store, &pass, &note), STORE_FATAL);
	ck_assert_int_eq(store_exit_status(store), STORE_BAD_DATA);

	store_close(store);
	ck_assert_int_eq(count_rows(&loose), rows);
	end(&loose);
}
END_TEST

static bool
touch_nothing(const struct loose *loose, const char *what)
{
	(void)write_database(loose, what);
	return true;
}

START_TEST(what_nobody_has_touched_is_read)
{
	static const char *const nothing[] = { "" };
	struct loose loose;

	begin(&loose);
	try_all(&loose, touch_nothing, nothing, 1);
	end(&loose);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, what_nobody_has_touched_is_read);
	tcase_add_test(tc, damaged_page_is_said_in_one_line);
	tcase_add_test(tc, schema_that_cannot_be_run_is_said_in_one_line);
	tcase_add_loop_test(tc, purge_of_its_own_row_deletes_nothing, 0, 2);
	tcase_add_loop_test(tc, no_value_of_a_column_is_trusted, 0, TARGETS);
}
