#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "session/record.h"
#include "wire/message.h"

struct multicart;
struct session;

/*
 * One piece of work for the storage thread and, when it comes back, its
 * result.  Jobs are done in the order in which the hub made them; each has one
 * owner at a time (hub, journal, hub), so nothing in it needs a lock.  The
 * storage thread reads record, wall_ms and where a slice begins, and writes
 * result, loaded, free_bytes, idle and where the next begins; the rest is the
 * hub's note to itself.
 */

enum job_kind {
	JOB_APPEND,	/* store record */
	JOB_ANSWER,	/* nothing to store: an answer that waits its turn */
	JOB_LOAD,	/* read the session record.session into loaded */
	JOB_TOUCH,	/* record.session_row was in use at wall_ms */
	JOB_FIND_IDLE,	/* list sessions not in use since wall_ms into idle */
	JOB_NOTE,	/* store record, a REFUSED: dropped if it cannot be */
	JOB_ERASE,	/* a slice of what record, an ERASE, says */
	JOB_SCRUB,	/* overwrite what was erased in the database's log */
	JOB_RETAIN,	/* a slice of retention */
	JOB_LOG_HEAD,	/* log where the journal's chain ends */
	JOB_MEASURE_DISK	/* whatever becomes of the others */
};

enum job_result {
	JOB_PENDING,
	JOB_DONE,	/* durable, or read */
	JOB_REFUSED	/* not done; nothing of it is in the database */
};

/*
 * A pass over what has become old: bodies are erased, then rows are purged
 * from the journal's beginning.
 */
enum retention_step {
	RETENTION_BODIES,
	RETENTION_SEARCH,	/* for the last row that may go */
	RETENTION_PURGE,
	RETENTION_OVER
};

struct retention {
	uint64_t now_ms;	/* when the pass began; all on the wall clock */
	uint64_t bodies_ms;	/* those of rows before this; 0 for none */
	uint64_t rows_ms;	/* rows before this; 0 for none */
	enum retention_step step;
	int64_t	 note_row;	/* of its last RETAIN; 0 before */
	int64_t	 after_row;	/* how far the step has got */
	bool	 is_worth_it;	/* the search met more than such notes */
	int64_t	 upto_row;	/* the last row found that may be purged */
};

struct job {
	STAILQ_ENTRY(job) entry;
	enum job_kind kind;
	enum job_result result;
	struct record record;

	struct session *loaded;	/* LOAD: NULL if there never was one */
	uint64_t wall_ms;	/* TOUCH, FIND_IDLE */
	/* Of what is done in slices: where this one begins, and where the
	 * next one will, 0 for the beginning and when there is none. */
	int64_t	 after_row;	/* FIND_IDLE: a session; ERASE: a record */
	int64_t	 next_row;
	int64_t	 upto_row;	/* ERASE: record's own row, 0 if it has none */
	int64_t	 note_row;	/* yet; ... and afterwards, 0 if what it is */
	/* about does not exist */
	struct retention retention;	/* RETAIN: its note is in record */
	struct retention next_retention;
	size_t	 erased;	/* ERASE: bodies of this slice */
	bool	 is_hindered;	/* SCRUB: by a reader, nothing was done */
	bool	 is_measured;	/* SPACE: it could be, */
	uint64_t free_bytes;	/* and so many are free */
	struct payload **idle;	/* FIND_IDLE: ids, idle_count of them */
	size_t	 idle_count;

	uint64_t erasure;	/* ERASE, SCRUB: its number in the hub */
	struct room *room;	/* the hub's session; lives while it has jobs */
	struct seat *seat;	/* whose connection the origin becomes when */
				/* this is done; NULL if it does not */
	uint64_t origin;	/* peer that asked; 0 for none */
	struct payload *reply;	/* for origin, when done; or NULL */
	struct message_error error; /* instead, if it has a code; in any case */
				/* what message of origin's this is about */
	struct multicart *multicart; /* the room's after this record; only on */
				/* its last record of a turn */
};

STAILQ_HEAD(job_list, job);

struct job *job_new(enum job_kind kind);
/* How much the database grows by job, about; 0 if that is not its purpose. */
uint64_t job_bytes(const struct job *job);
/* Drop what job refers to, and job. */
void	 job_free(struct job *job);

#endif
