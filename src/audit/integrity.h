#ifndef INTEGRITY_H
#define INTEGRITY_H

#include "audit/audit.h"

struct audit_report;

/*
 * Whether the file is sound: every page is in one place, every index has the
 * rows that its table has, in their order and no others, and no row breaks a
 * constraint.  Reads all of the file, in transactions of its own.
 */
enum audit_status audit_integrity_check(struct audit *audit,
	    struct audit_report *report);

/*
 * Whether what guards the rows was in force, behind a verification that ended
 * as status says: AUDIT_FAULT, and why, if it was not, or else that.
 */
enum audit_status audit_guard_check(struct audit *audit,
	    struct audit_report *report, enum audit_status status);

#endif
