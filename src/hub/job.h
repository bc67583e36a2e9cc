#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "session/record.h"
#include "session/session_name.h"
#include "wire/message.h"

struct multicart;
struct session;
struct session_summary;
struct webhook_state;

/*
 * One piece of work for the storage thread and, when it comes back, its
 * result.  Jobs are done in the order in which the hub made them; each has one
 * owner at a time (hub, writer, hub), so nothing in it needs a lock.  The
 * storage thread reads record and the union, and writes result and what the
 * union says; the rest is the hub's note to itself.
 */

enum job_kind {
	JOB_APPEND,	/* store record */
	JOB_ANSWER,	/* nothing to store: an answer that waits its turn */
	JOB_LOAD,	/* read a session */
	JOB_TOUCH,	/* a session is in use */
	JOB_FIND_IDLE,	/* list sessions that are not */
	JOB_LIST,	/* list sessions that run */
	JOB_FIND_LOCKED,	/* list sessions that are locked */
	JOB_NOTE,	/* store record, a REFUSED: dropped if it cannot be */
	JOB_CALL,	/* store record, a CALL, or nothing of the list */
	JOB_ERASE,	/* a slice of what record, an ERASE, says */
	JOB_SCRUB,	/* overwrite what was erased in the database's WAL */
	JOB_RETAIN,	/* a slice of retention, with record as its note */
	JOB_WEBHOOK,	/* store how far webhooks have got */
	JOB_LOG_HEAD,	/* log where the journal's chain ends */
	JOB_MEASURE_DISK	/* whatever becomes of the others */
};

enum job_result {
	JOB_PENDING,
	JOB_DONE,	/* durable, or read */
	JOB_REFUSED	/* not done; nothing of it is in the database */
};

/*
 * A pass over what has become old: bodies are deleted, and rows are purged from
 * the journal's beginning, side by side.  Then what stays free is given back.
 */
enum retention_step {
	RETENTION_PURGE,
	RETENTION_VACUUM,
	RETENTION_OVER
};

struct retention {
	uint64_t now_ms;	/* when the pass began; all on the wall clock */
	uint64_t bodies_ms;	/* those of rows before this; 0 for none */
	uint64_t rows_ms;	/* rows before this; 0 for none */
	enum retention_step step;
	int64_t	 head_row;	/* the journal's last when the slice before */
				/* was done; 0 for the first slice */
	int64_t	 note_row;	/* of its last RETAIN; 0 before */
	bool	 is_noted;	/* since then only notes of its own came */
	int64_t	 body_row;	/* how far bodies were looked at */
	bool	 has_bodies;	/* all of them were */
	int64_t	 search_row;	/* how far rows were, for the last that may */
	bool	 has_searched;	/* go, and whether all of them were */
	bool	 is_worth_it;	/* they were more than such notes */
	int64_t	 upto_row;	/* the last one found that may go; or 0 */
	bool	 has_rows;	/* all of them are gone */
	int64_t	 spare_pages;	/* to be given back */
};

/*
 * What is done in slices says in after_row where this one begins, and gets in
 * next_row where the next one will: 0 for the beginning, and for none.
 */
struct job {
	STAILQ_ENTRY(job) entry;
	enum job_kind kind;
	enum job_result result;
	struct record record;	/* APPEND, NOTE, CALL, ERASE, RETAIN */
	union {
		/* APPEND: the hub's, the room's after the last record of it in
		 * a turn; NULL after others. */
		struct multicart *multicart;
		struct {
			struct payload *id;
			struct session *session; /* result; NULL: never was */
		} load;
		struct {
			int64_t	 session_row;
			uint64_t used_ms;	/* by the wall clock */
		} touch;
		struct {	/* FIND_IDLE, FIND_LOCKED */
			uint64_t before_ms;	/* used last, likewise; IDLE */
			int64_t	 after_row;	/* of sessions */
			int64_t	 next_row;
			struct payload **ids;	/* result */
			size_t	 count;
		} idle;
		struct {	/* LIST */
			char	 shop[SESSION_NAME_SHOP_MAX + 1];
			int64_t	 after_row;	/* of sessions */
			int64_t	 next_row;
			size_t	 max;
			struct session_summary *sessions; /* result */
			size_t	 count;
		} list;
		struct {	/* ERASE, SCRUB */
			uint64_t number;	/* the hub's */
			int64_t	 after_row;	/* of records */
			int64_t	 next_row;
			int64_t	 upto_row;	/* record's own, if written */
			int64_t	 note_row;	/* result: that; 0 if what it */
						/* is about does not exist */
			int64_t	 away_row;	/* result: of the customer's; */
						/* nothing was done as it */
						/* is away, and 0 if not */
			size_t	 bodies;	/* result: erased in this slice */
			bool	 is_hindered;	/* SCRUB, result: by a reader, */
						/* nothing was done */
		} erase;
		struct {
			struct retention pass;
			struct retention next;	/* result */
		} retain;
		struct webhook_state *webhook;	/* WEBHOOK: the job's */
		struct {	/* MEASURE_DISK, result */
			bool	 is_measured;
			uint64_t free_bytes;
		} disk;
	};

	struct room *room;	/* the hub's session; lives while it has jobs */
	struct seat *seat;	/* whose connection the origin becomes when */
				/* this is done; NULL if it does not */
	unsigned features;	/* that it has on then, ... */
	struct message_cursor cursor;	/* ... and what it was told before */
	uint64_t origin;	/* peer that asked; 0 for none */
	struct payload *reply;	/* for origin, when done; or NULL */
	uint64_t call;		/* number of the call that waits for this; */
				/* 0 for none */
	struct message_error error; /* instead, if it has a code; in any case */
				/* what message of origin's this is about */
};

STAILQ_HEAD(job_list, job);

struct job *job_new(enum job_kind kind);
/* How much the database grows by job, about; 0 if that is not its purpose. */
uint64_t job_bytes(const struct job *job);
/* What was read for job never was so. */
void	 job_drop_result(struct job *job);
/* Drop what job refers to, and job. */
void	 job_free(struct job *job);

#endif
