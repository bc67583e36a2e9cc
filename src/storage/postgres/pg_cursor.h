#ifndef PG_CURSOR_H
#define PG_CURSOR_H

#include <stdbool.h>

struct pipeline;
struct statement;

enum {
	PG_CURSOR_COMMAND_BYTES = 64
};

/*
 * The rows of a statement that yields more than memory should hold, some at a
 * time, by a cursor of the server's.
 */
struct pg_cursor {
	struct pipeline *pipeline;
	struct statement *statement;
	int	 rows;			/* that were asked for last */
	char	 fetch[PG_CURSOR_COMMAND_BYTES];
	char	 close[PG_CURSOR_COMMAND_BYTES];
};

/* Both are lent. */
void	 pg_cursor_init(struct pg_cursor *cursor, struct pipeline *pipeline,
	    struct statement *statement);
/* In a transaction, which has it: the statement has the first rows then. */
int	 pg_cursor_open(struct pg_cursor *cursor)
	    __attribute__((warn_unused_result));
/* Whether there may be rows behind those that the statement has. */
bool	 pg_cursor_may_go_on(const struct pg_cursor *cursor);
/* Then give it the next ones instead, if there are any. */
int	 pg_cursor_next(struct pg_cursor *cursor)
	    __attribute__((warn_unused_result));
/* Where its transaction goes on; -1: the connection is lost. */
int	 pg_cursor_close(struct pg_cursor *cursor)
	    __attribute__((warn_unused_result));

#endif
