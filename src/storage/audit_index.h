#ifndef AUDIT_INDEX_H
#define AUDIT_INDEX_H

#include <stdint.h>

#include "storage/audit.h"

struct audit_report;

/*
 * Whether the index by which a session's rows are found has the rows that the
 * table has, all of them and no others.
 */
struct audit_index;

/* audit is lent until audit_index_free. */
enum audit_status audit_index_new(struct audit *audit,
	    struct audit_index **index);
/* NULL is allowed. */
void	 audit_index_free(struct audit_index *index);

/* The rows of the table, in order, behind row before; it forgets any others. */
void	 audit_index_begin(struct audit_index *index, int64_t before);
void	 audit_index_add(struct audit_index *index, int64_t session_row,
	    int64_t seq);

/*
 * Outside transactions: compare the index.  Rows that were deleted meanwhile
 * make it give up, which is AUDIT_OK.
 */
enum audit_status audit_index_check(struct audit_index *index,
	    struct audit_report *report);

#endif
