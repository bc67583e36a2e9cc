#ifndef WEBHOOK_ROWS_H
#define WEBHOOK_ROWS_H

#include "store_status.h"

struct sql;
struct webhook_state;
struct webhook_states;

/* The rows that say how far webhooks have got. */

/* Before the others; -1: the error is the connection's. */
int	 webhook_rows_prepare(struct sql *sql)
	    __attribute__((warn_unused_result));
/*
 * Add what they say of each shop that has a position; -1 is likewise, or what
 * they say cannot be.
 */
int	 webhook_rows_load(struct sql *sql, struct webhook_states *states)
	    __attribute__((warn_unused_result));
/* Put state in the place of those of its shop. */
enum store_status webhook_rows_save(struct sql *sql,
	    const struct webhook_state *state);

#endif
