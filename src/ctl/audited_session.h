#ifndef AUDITED_SESSION_H
#define AUDITED_SESSION_H

#include "audit/session_list.h"
#include "ctl.h"

struct audit;

/* The session that a command is about, in its database. */
struct audited_session {
	struct audit *audit;
	struct audit_session session;	/* its row is 0 for all of them */
};

/*
 * Open the command's database and find the session of that name; with NULL all
 * are meant.  What is wrong was said, and nothing is left to close, unless it
 * is CTL_OK.
 */
enum ctl_status audited_session_open(const struct ctl *ctl, const char *name,
	    struct audited_session *subject);
void	 audited_session_close(struct audited_session *subject);

#endif
