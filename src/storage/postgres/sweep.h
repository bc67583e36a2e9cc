#ifndef SWEEP_H
#define SWEEP_H

#include "storage/store_status.h"

/*
 * store_sweep(): VACUUM of the tables that had what was erased.  Without the
 * right to that the server skips them, and says so.  What an older
 * transaction, a standby or a slot still sees it keeps, and says nothing: that
 * is looked for, with some patience, and logged.
 */
enum store_sweep sweep_tables(const char *database);

#endif
