#ifndef WEBHOOKS_H
#define WEBHOOKS_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/webhook_figures.h"

struct webhook_erased;
struct webhook_settings;
struct webhook_state;

/*
 * A shop's webhook (buddyshopping-api(7)): a thread of its own tells its server
 * what the journal has.  Without a URL there is none.  All of this is called by
 * the network thread, and never waits for a network or a disk.
 */
struct webhooks;

struct webhooks_config {
	const char *database;		/* its path; copied */
	const char *shop;		/* its name; likewise */
	struct webhook_state *state;	/* where it had got; taken */
	int64_t	 head;			/* the newest row of the journal */
	/* A new state may be taken; called by the thread, or by who has it
	 * begin or end. */
	void	(*changed)(void *ctx);
	void	*ctx;
};

struct webhooks *webhooks_new(const struct webhooks_config *config,
	    const struct webhook_settings *settings);
/* Take over the settings, which are copied. */
void	 webhooks_configure(struct webhooks *webhooks,
	    const struct webhook_settings *settings);
/* Whether anything has to be said of what the storage has done. */
bool	 webhooks_want_results(const struct webhooks *webhooks);
/* Something was erased, which is to be sent no more. */
void	 webhooks_note_erased(struct webhooks *webhooks,
	    const struct webhook_erased *erased);
/* Something was committed. */
void	 webhooks_note_commit(struct webhooks *webhooks);

/*
 * How far they have got, if that is to be kept, or NULL; the caller's.  While
 * there is a thread there is none more until webhooks_kept().
 */
struct webhook_state *webhooks_take_state(struct webhooks *webhooks);
/* What was taken is kept, or is not: then another one comes in a second. */
enum webhooks_kept { WEBHOOKS_KEPT, WEBHOOKS_NOT_KEPT };
void	 webhooks_note_kept(struct webhooks *webhooks,
	    enum webhooks_kept kept);
/*
 * Without a thread, this is what makes it come.  In how many ms that may be, or
 * -1.
 */
int	 webhooks_run(struct webhooks *webhooks);
/*
 * End the thread, which takes some milliseconds, or a second where the database
 * is busy: it is told to, and then waited for, after which the last state is
 * there to be taken.
 */
void	 webhooks_begin_stop(struct webhooks *webhooks);
void	 webhooks_end_stop(struct webhooks *webhooks);
/* Stopped, if there was a thread.  NULL is allowed. */
void	 webhooks_free(struct webhooks *webhooks);

void	 webhooks_copy_figures(struct webhooks *webhooks,
	    struct webhook_figures *figures);
/*
 * Send a test event; returns its number, by which webhooks_tested() tells what
 * came of it, until there is another.  0: there is no URL.
 */
uint64_t webhooks_test(struct webhooks *webhooks);
struct webhook_test webhooks_tested(struct webhooks *webhooks,
	    uint64_t number);
/* Begin again behind row seq; -1 if there is no URL. */
int	 webhooks_replay(struct webhooks *webhooks, int64_t seq)
	    __attribute__((warn_unused_result));

#endif
