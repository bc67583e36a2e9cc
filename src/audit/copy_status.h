#ifndef COPY_STATUS_H
#define COPY_STATUS_H

#include <stdint.h>

#include "audit.h"

/* How a copy ends: those of audit.h, and one more. */
enum copy_status {
	COPY_MADE = AUDIT_OK,
	COPY_FAULT = AUDIT_FAULT,	/* the rows are not as written */
	COPY_BAD_DATA = AUDIT_BAD_DATA,
	COPY_NO_DATABASE = AUDIT_NO_DATABASE,
	COPY_CANNOT_CREATE = 73,	/* there is something else */
	COPY_IO_ERROR = AUDIT_IO_ERROR,
	COPY_IN_USE = AUDIT_BUSY
};

/* What there was beside the journal. */
struct copy_counts {
	uint64_t forgotten;	/* bodies that were emptied or deleted */
	uint64_t sessions;	/* that there are */
};

#endif
