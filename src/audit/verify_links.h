#ifndef VERIFY_LINKS_H
#define VERIFY_LINKS_H

#include <stdint.h>

#include "audit/audit.h"

struct audit_report;

/*
 * The way along which the rows of a session are found, from session.last_seq by
 * each row's previous_seq, leads to all rows of that session and to no other.
 *
 * In the transaction of the caller, over the whole journal, whose rows up to
 * anchor were purged: a way ends there.  Takes the same memory for any number
 * of rows, until something is wrong and has to be found.
 */
enum audit_status verify_links(struct audit *audit,
	    struct audit_report *report, int64_t anchor);

#endif
