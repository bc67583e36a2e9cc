#ifndef OFFLINE_ERASE_H
#define OFFLINE_ERASE_H

#include "storage/store_status.h"

struct customer_id;
struct erasure;
struct payload;

/*
 * Do what erasure_begin() does in the database at path, which no daemon uses,
 * by the same records in the same order.  As store_open() if it cannot be, or
 * store_exit_status() if it failed; the cause was logged.  Otherwise erasure
 * says how it ended; ERASURE_PENDING if a reader of the database was in the way
 * for wait_ms: then it is to be done again.
 */
enum store_open_status offline_erase(const char *path,
	    struct payload *session, const struct customer_id *customer,
	    unsigned wait_ms, struct erasure *erasure);

#endif
