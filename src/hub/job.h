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
 * storage thread reads record, limit and wall_ms and writes result, loaded and
 * idle; the rest is the hub's note to itself.
 */

enum job_kind {
	JOB_APPEND,	/* store record */
	JOB_ANSWER,	/* nothing to store: an answer that waits its turn */
	JOB_LOAD,	/* read the session record.session into loaded */
	JOB_TOUCH,	/* record.session_row was in use at wall_ms */
	JOB_FIND_IDLE	/* list sessions not in use since wall_ms into idle */
};

enum job_result {
	JOB_PENDING,
	JOB_DONE,	/* durable, or read */
	JOB_REFUSED	/* not done; nothing of it is in the database */
};

struct job {
	STAILQ_ENTRY(job) entry;
	enum job_kind kind;
	enum job_result result;
	struct record record;

	struct session *loaded;	/* LOAD: NULL if there never was one */
	uint64_t wall_ms;	/* TOUCH, FIND_IDLE */
	int64_t	 after_row;	/* FIND_IDLE: begin behind this session; where */
				/* it got to, 0 at the end of the table */
	struct payload **idle;	/* FIND_IDLE: ids, idle_count of them */
	size_t	 idle_count;

	struct room *room;	/* the hub's session; lives while it has jobs */
	struct seat *seat;	/* whose connection the origin becomes when */
				/* this is done; NULL if it does not */
	uint64_t origin;	/* peer that asked; 0 for none */
	struct payload *reply;	/* for origin, when done; or NULL */
	struct message_error refused; /* what origin is told if refused */
	struct multicart *multicart; /* the room's after this record; only on */
				/* its last record of a turn */
};

STAILQ_HEAD(job_list, job);

struct job *job_new(enum job_kind kind);
/* Drop what job refers to, and job. */
void	 job_free(struct job *job);

#endif
