#ifndef WORLD_STORE_H
#define WORLD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job_list;
struct payload;
struct session;

/*
 * The real storage of a world: a database in a folder of its own, on a disk
 * that never syncs and that may be full.  What it answers is compared with what
 * the world keeps by itself.
 */
struct world_store;

struct world_store *world_store_new(void);
/* The folder goes with it. */
void	 world_store_free(struct world_store *store);
/* The daemon ends, and finds the database again. */
void	 world_store_reopen(struct world_store *store);
void	 world_store_rows(struct world_store *store, int64_t *session_row,
	    int64_t *customer_row);

bool	 world_store_has_locked(const struct world_store *store);

/*
 * Do the jobs.  If the disk is full, nothing of them is done that writes, but
 * notes may be dropped instead: true then.
 */
bool	 world_store_do(struct world_store *store, struct job_list *jobs,
	    size_t max_remembered, bool disk_is_full);
/* The caller's; NULL if there is none of that id. */
struct session *world_store_load(struct world_store *store,
	    struct payload *id, size_t max_remembered);

#endif
