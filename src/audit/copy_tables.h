#ifndef COPY_TABLES_H
#define COPY_TABLES_H

#include <stdint.h>

#include "copy_status.h"
#include "storage/store_status.h"

struct columns;
struct sql;
struct sql_binding;

/* Both ends of a copy, with a transaction at each. */
struct copy_ends {
	struct audit *from;
	struct sql *to;
};

/* A status of one end as one of the copy's. */
enum copy_status copy_status_of_store(const struct copy_ends *ends,
	    enum store_status status);

/*
 * Bind the columns of a row from first on as they stand, and count their bytes.
 * kinds is of a letter each: n for numbers, t for texts, b for blobs.
 */
void	 copy_bind_columns(struct sql_binding *binding,
	    struct columns *columns, int first, const char *kinds,
	    uint64_t *bytes);

/* Prepare the statements. */
enum copy_status copy_tables_prepare(const struct copy_ends *ends);

/*
 * With all of from's rows at the other end, let that forget the bodies and rows
 * that from has no more, and let its other tables be from's.
 */
enum copy_status copy_tables(const struct copy_ends *ends,
	    struct copy_counts *counts);

#endif
