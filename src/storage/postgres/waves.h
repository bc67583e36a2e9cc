#ifndef WAVES_H
#define WAVES_H

#include <stdbool.h>
#include <stdint.h>

#include "statement.h"

struct pipeline;

/*
 * What a writer's transaction is to run, put together: to start a statement
 * costs the server more than a row does, so what many records do each is done
 * at once for all of them, by arrays (array_text.h).
 *
 * It waits in waves, which are run one after the other.  A wave is statements
 * in an order, that in which they came to it first, each with rows: what was
 * bound whenever it was to run.  What is about a key (engine.h's about()) goes
 * to the first place that is behind what came before it about the same key: in
 * the wave of that, if the statement comes later in that wave or is not there
 * yet, and in the next one otherwise.  So the records of a list that are the
 * first of their sessions are the first wave, the second ones the second, ...
 *
 * That is the same as running in order:
 *
 *  - What is about a key runs in the order in which it came, as its places only
 *    go on.  As a record of a session reads and changes rows of that session
 *    and of its customers alone (a row of the journal has the session's
 *    last_seq), it finds what it would have found.
 *  - The rows of a statement in a wave are of different keys, as a place is not
 *    taken twice: none of them sees what another does, and it would not have
 *    been any different for it.
 *  - What is about nothing is not in here, and whoever runs it has all that
 *    waits sent before.
 *
 * What differs is which fault is told first, if there is more than one.
 */
struct waves;

/* A statement that comes to waves. */
struct wave_statement;

/* The text is lent until wave_statement_free(). */
struct wave_statement *wave_statement_new(const struct sql_text *text);
/* NULL is allowed.  It does not wait any more. */
void	 wave_statement_free(struct wave_statement *statement);

struct waves *waves_new(void);
/* NULL is allowed. */
void	 waves_free(struct waves *waves);

/*
 * The statement, with what is bound in bound, is to run in that form; it is
 * lent until that is sent, or forgotten.
 */
void	 waves_add(struct waves *waves, int64_t key,
	    struct wave_statement *statement, enum statement_form form,
	    const struct statement *bound);
/* Whether nothing waits. */
bool	 waves_are_empty(const struct waves *waves);
/* Whether so much waits that it is to be sent, for memory's sake. */
bool	 waves_are_full(const struct waves *waves);
/*
 * Send all of it, after which nothing waits.  -1: the connection is lost, or
 * something failed that was waited for.
 */
int	 waves_send(struct waves *waves, struct pipeline *pipeline)
	    __attribute__((warn_unused_result));
/* Nothing waits. */
void	 waves_forget(struct waves *waves);

#endif
