#ifndef STORY_H
#define STORY_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include <sqlite3.h>

#include "session/record.h"

#include "storage.h"

struct session;
struct store;

/*
 * A small database in a folder of its own, told record by record: what the hub
 * would do with them, their numbers and rows, is done here.
 */

enum {
	STORY_SESSIONS = 4,
	STORY_PATH_BYTES = 64,
	STORY_STEP_MS = 1000	/* between two records */
};

#define STORY_BEGIN_MS UINT64_C(1700000000000)

struct story {
	char	 folder[STORY_PATH_BYTES / 2];
	char	 path[STORAGE_NAME_BYTES];	/* the database's name */
	struct store *store;	/* NULL once it is told */
	struct session *sessions[STORY_SESSIONS]; /* named a, b, c, ... */
	uint64_t time_ms;	/* of the next record */
	int64_t	 seq;		/* of the last one */
	int64_t	 customers;	/* rows given */
	bool	 is_old;	/* records do not say who got all ready */
};

void	 story_begin(struct story *story);
/* The database is closed, and has no log. */
void	 story_end(struct story *story);
/* Whatever is in the folder goes. */
void	 story_clear(struct story *story);

/*
 * Each returns the number of its row.  Customers are numbers, each of one
 * session; a CART's content is {"n":seq}.  Customer 0 is none: a CALL is to end
 * the session then.
 */
int64_t	 story_tell(struct story *story, unsigned session,
	    enum record_event event, unsigned customer);
/* START or JOIN of one with a token, a requestId and an account. */
int64_t	 story_enter(struct story *story, unsigned session,
	    enum record_event event, unsigned customer);
/* START of a customer who takes the seat of another. */
int64_t	 story_displace(struct story *story, unsigned session,
	    unsigned customer, unsigned displaced);
/* A RETAIN of what is older than that. */
int64_t	 story_retain(struct story *story, uint64_t older_ms);
/* A PURGE of the rows up to that one, which stay. */
int64_t	 story_purge(struct story *story, int64_t upto);
/* An ERASE of all of the session. */
int64_t	 story_erase(struct story *story, unsigned session);
/* The same, and the bodies go. */
void	 story_forget(struct story *story, unsigned session);
/* A pass of retention: bodies and rows before that are old; 0 for none. */
void	 story_pass(struct story *story, uint64_t bodies_ms, uint64_t rows_ms);
/* When the record of row seq happened, if nothing but records did. */
uint64_t story_ms(int64_t seq);

/* A connection to a file that may do anything, triggers and checks are off. */
sqlite3	*story_open(const struct story *story);
void	 story_run(sqlite3 *db, const char *sql);
/* The number that sql yields. */
int64_t	 story_number(sqlite3 *db, const char *sql);

#endif
