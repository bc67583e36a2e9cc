#ifndef WRITER_H
#define WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"
#include "store_status.h"

struct job_list;
struct store;

/*
 * The storage thread.  It takes the jobs that wait, does them in order as one
 * transaction, and gives them back with their results.  If the transaction
 * fails all of them are refused; what its owner made upon them meanwhile is
 * the owner's to undo, so it submits a list only when the last one is back.
 */
struct writer;

struct writer_config {
	struct store *store;		/* the thread's until writer_stop */
	void	(*done)(void *ctx);	/* called by the storage thread when */
	void	*ctx;			/* results wait to be collected */
};

/* What may change: writer_configure(). */
struct writer_settings {
	size_t	 max_remembered;	/* for store_load() */
};

/*
 * Do the jobs of a list here and now, without a thread; done is not called.
 * STORE_FATAL is the end.
 */
enum store_status writer_run_inline(struct store *store,
	    const struct writer_settings *settings, struct job_list *jobs);

/* Start the thread. */
struct writer *writer_start(const struct writer_config *config,
	    const struct writer_settings *settings);

/* Take over the settings, for sessions that are loaded from now on. */
void	 writer_configure(struct writer *writer,
	    const struct writer_settings *settings);

/*
 * Do everything that was submitted, end the thread and free the writer;
 * results go to results, which the caller may settle or drop.  Returns as
 * writer_collect().
 */
enum store_open_status writer_stop(struct writer *writer,
	    struct job_list *results);

/* Takes all jobs of the list, which is empty afterwards. */
void	 writer_submit(struct writer *writer, struct job_list *jobs);

/*
 * Have the storage thread call alive(ctx) when it has nothing in hand, at once
 * if it waits for work; never while the disk keeps it.  Asking again before it
 * did changes nothing.  alive() may not call the writer.
 */
void	 writer_probe(struct writer *writer, void (*alive)(void *ctx),
	    void *ctx);

/*
 * Move the finished jobs, in order, to results.  Returns STORE_OPENED, or once
 * the database cannot be trusted any more (the cause was logged) the status to
 * exit with: the process must stop without acknowledging anything further.
 */
enum store_open_status writer_collect(struct writer *writer,
	    struct job_list *results) __attribute__((warn_unused_result));

/* What the storage thread has done, and what it is doing. */
struct writer_counts {
	/* Of transactions that were committed: from their first statement to
	 * when they were durable, and how many jobs they did that write. */
	struct histogram commit_us;
	struct histogram commit_rows;
	uint64_t refusals;	/* transactions that were not committed */
	/* When the last one was refused, on the monotonic clock; 0 if none
	 * was, or one was committed since. */
	uint64_t refused_us;
	uint64_t busy_since_us;	/* when it took what it has in hand, or 0 */
	struct store_figures store;
};

void	 writer_copy_counts(struct writer *writer,
	    struct writer_counts *counts);

#endif
