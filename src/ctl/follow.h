#ifndef FOLLOW_H
#define FOLLOW_H

/*
 * Waiting for commits of the daemon: the system tells of writes to the
 * database's files, and a commit is looked for soon after.  Where it does not
 * (on a network's file system, of PostgreSQL) that is done once a second.
 */
struct follow;

enum follow_event {
	FOLLOW_LOOK,		/* there may be something new */
	FOLLOW_STOP		/* SIGINT or SIGTERM */
};

/* From here on the two signals end follow_wait() instead of the process. */
struct follow *follow_new(const char *database);
/* NULL is allowed. */
void	 follow_free(struct follow *follow);

/* What happened since the last call, or happens next. */
enum follow_event follow_wait(struct follow *follow);

#endif
