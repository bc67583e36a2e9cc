#ifndef PIPELINE_H
#define PIPELINE_H

#include <stdbool.h>

#include "connection.h"
#include "statement.h"

/*
 * What is sent to a server one behind the other, without waiting for results:
 * those are looked at when somebody has to know, and all that waits goes out
 * with that in one round trip.  What follows a statement that failed is not run
 * there, up to where it was waited for.  See "Pipeline Mode" of libpq.
 */
struct pipeline;

/* The connection is lent until pipeline_free(). */
struct pipeline *pipeline_new(struct connection *connection);
/* NULL is allowed. */
void	 pipeline_free(struct pipeline *pipeline);

/*
 * The connection was made anew, and is the pipeline's from now on; nothing
 * waits in it.  -1: it is lost again.
 */
int	 pipeline_start(struct pipeline *pipeline)
	    __attribute__((warn_unused_result));

/* -1: the connection is lost; its fault says why. */
int	 pipeline_send(struct pipeline *pipeline, struct statement *statement,
	    enum statement_form form) __attribute__((warn_unused_result));
/*
 * The same of a text without parameters, which is lent until it was waited
 * for.
 */
int	 pipeline_send_text(struct pipeline *pipeline, const char *text)
	    __attribute__((warn_unused_result));

/* Whether so much was sent that it is to be waited for, for memory's sake. */
bool	 pipeline_is_full(const struct pipeline *pipeline);
/*
 * Wait until all that was sent has run, and give its rows to a statement that
 * was the last one sent; NULL: nobody wants them.  -1: something failed, the
 * first of which is the connection's fault.
 */
int	 pipeline_wait(struct pipeline *pipeline, struct statement *rows)
	    __attribute__((warn_unused_result));
/* Which statement that was; NULL for a text. */
const struct statement *pipeline_culprit(const struct pipeline *pipeline);
/* What the server said of the last that ran: "COMMIT". */
const char *pipeline_tag(const struct pipeline *pipeline);

#endif
