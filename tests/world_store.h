#ifndef WORLD_STORE_H
#define WORLD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job_list;
struct payload;
struct session;

/*
 * The real storage of a world: a database of the engine that storage.h names;
 * SQLite's is in a folder of its own, on a disk that never syncs.  What it
 * answers is compared with what the world keeps by itself.
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
 * Do the jobs.  If it is in trouble, the disk is full, and nothing of them is
 * done that writes, but notes may be dropped instead: true then.  A server may
 * end the connection instead, and do them on the next one.
 */
bool	 world_store_do(struct world_store *store, struct job_list *jobs,
	    size_t max_remembered, bool is_in_trouble);
/* The caller's; NULL if there is none of that id. */
struct session *world_store_load(struct world_store *store,
	    struct payload *id, size_t max_remembered);

#endif
