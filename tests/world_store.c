#include "world_store.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>

#include "base/xalloc.h"
#include "crash_vfs.h"
#include "daemon.h"
#include "hub/job.h"
#include "storage/store.h"
#include "storage/writer.h"
#include "storage.h"

enum trouble {
	TROUBLE_NONE,
	TROUBLE_FULL,
	TROUBLE_DISCONNECTED
};

struct world_store {
	char	 folder[DAEMON_PATH_MAX];
	char	 name[STORAGE_NAME_BYTES];
	struct crash_vfs *disk;		/* of SQLite */
	struct store *store;
	unsigned troubles;		/* so far */
};

static void
open_store(struct world_store *store)
{
	ck_assert_int_eq(store_open(store->name, "world", &store->store),
	    STORE_OPENED);
}

struct world_store *
world_store_new(void)
{
	struct world_store *store = xcalloc(1, sizeof(*store));
	char path[DAEMON_PATH_MAX + 8];

	directory_make(store->folder);
	(void)snprintf(path, sizeof(path), "%s/x.db", store->folder);
	storage_name(path, store->name);
	store->disk = crash_vfs_new("world", CRASH_FORGETS);
	open_store(store);
	return store;
}

void
world_store_free(struct world_store *store)
{
	if (store == NULL)
		return;
	store_close(store->store);
	crash_vfs_free(store->disk);
	storage_remove(store->name);
	directory_remove(store->folder);
	free(store);
}

void
world_store_reopen(struct world_store *store)
{
	store_close(store->store);
	open_store(store);
}

void
world_store_rows(struct world_store *store, int64_t *session_row,
    int64_t *customer_row)
{
	store_last_rows(store->store, session_row, customer_row);
}

bool
world_store_has_locked(const struct world_store *store)
{
	return store_has_locked(store->store);
}

static bool
has_notes(const struct job_list *jobs)
{
	const struct job *job;

	STAILQ_FOREACH(job, jobs, entry)
		if (job->kind == JOB_NOTE)
			return true;
	return false;
}

/*
 * The disk is full; or a server's connection is lost, of which notes would not
 * say whether they were dropped for that.
 */
static enum trouble
make_trouble(struct world_store *store, const struct job_list *jobs)
{
	if (storage_is_sqlite()) {
		crash_vfs_fail(store->disk, CRASH_FAULT_WRITE, 1, SQLITE_FULL);
		return TROUBLE_FULL;
	}
	if (++store->troubles % 2 == 0 && !has_notes(jobs)) {
		storage_disconnect(store->name);
		return TROUBLE_DISCONNECTED;
	}
	storage_fail(store->name);
	return TROUBLE_FULL;
}

/* Whether it came to it that the disk was full. */
static bool
was_full(struct world_store *store, enum trouble trouble)
{
	if (trouble != TROUBLE_FULL)
		return false;
	return storage_is_sqlite() ? crash_vfs_disarm(store->disk) :
	    storage_disarm(store->name);
}

bool
world_store_do(struct world_store *store, struct job_list *jobs,
    size_t max_remembered, bool is_in_trouble)
{
	const struct writer_settings settings = {
		.max_remembered = max_remembered,
	};
	enum trouble trouble = is_in_trouble ? make_trouble(store, jobs) :
	    TROUBLE_NONE;
	enum store_status status = writer_run_inline(store->store, &settings,
	    jobs);
	bool has_failed = was_full(store, trouble);

	ck_assert_int_ne(status, STORE_FATAL);
	ck_assert(has_failed || trouble == TROUBLE_DISCONNECTED ||
	    status == STORE_OK);
	return has_failed && status == STORE_OK;
}

struct session *
world_store_load(struct world_store *store, struct payload *id,
    size_t max_remembered)
{
	struct session *session;

	ck_assert_int_eq(store_load(store->store, id, max_remembered,
	    &session), STORE_OK);
	return session;
}
