#ifndef SETTING_REPORT_H
#define SETTING_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "setting_type.h"

struct buf;

/* How settings are read: where problems go, and how many there were. */
struct setting_report {
	enum setting_names names;	/* whether they are looked up */
	bool	 is_plain;	/* lines on standard error, not of the log */
	struct buf *lines;	/* they go here too, if it is not NULL */
	size_t	 problems;
};

/*
 * Say "where: key: what", or "where: what" if key is NULL.  Bytes of key that
 * no key has are shown as '?'.
 */
void	 setting_report(struct setting_report *report, const char *where,
	    const char *key, const char *what);
/* Report that there is no such key, and which one may have been meant. */
void	 setting_report_unknown(struct setting_report *report,
	    const char *where, const char *key);

#endif
