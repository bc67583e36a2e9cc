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

struct world_store {
	char	 folder[DAEMON_PATH_MAX];
	char	 path[DAEMON_PATH_MAX + 8];
	struct crash_vfs *disk;
	struct store *store;
};

static void
open_store(struct world_store *store)
{
	ck_assert_int_eq(store_open(store->path, "world", &store->store),
	    STORE_OPENED);
}

struct world_store *
world_store_new(void)
{
	struct world_store *store = xcalloc(1, sizeof(*store));

	directory_make(store->folder);
	(void)snprintf(store->path, sizeof(store->path), "%s/x.db",
	    store->folder);
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

bool
world_store_do(struct world_store *store, struct job_list *jobs,
    size_t max_remembered, bool disk_is_full)
{
	const struct writer_settings settings = {
		.max_remembered = max_remembered,
	};
	enum store_status status;
	bool was_full;

	if (disk_is_full)
		crash_vfs_fail(store->disk, CRASH_FAULT_WRITE, 1, SQLITE_FULL);
	status = writer_run_inline(store->store, &settings, jobs);
	was_full = disk_is_full && crash_vfs_disarm(store->disk);
	ck_assert_int_ne(status, STORE_FATAL);
	ck_assert(was_full || status == STORE_OK);
	return was_full && status == STORE_OK;
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
