#ifndef WEBHOOK_WORKER_H
#define WEBHOOK_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/webhook_figures.h"
#include "base/id.h"
#include "session/session_name.h"

struct webhook_erased;
struct webhook_settings;
struct webhook_state;

/*
 * A shop's webhook at work: it reads the journal, keeps the queue and sends.
 * All of it is done by one thread, but for webhook_worker_wake().
 */
struct webhook_worker;

enum { WEBHOOK_NAME_BYTES = sizeof("webhook of shop ") +
	    SESSION_NAME_SHOP_MAX };

/* What the log calls that of a shop. */
void	 webhook_worker_name(const char *shop, char name[WEBHOOK_NAME_BYTES]);

/*
 * path of the database, the shop's name, "" for that outside of sections, and
 * seed are copied, state is taken.  Where that says
 * that there is no webhook, it begins behind row head, or at the newest if that
 * is -1.
 */
struct webhook_worker *webhook_worker_new(const char *path, const char *shop,
	    const struct id_key *seed, struct webhook_state *state,
	    int64_t head);
void	 webhook_worker_free(struct webhook_worker *worker);
/* See journal_events_set_waiting(). */
void	 webhook_worker_set_waiting(struct webhook_worker *worker,
	    bool (*goes_on)(void *ctx), void *ctx);

/* Takes settings, which hold from now on: all that is under way is sent anew. */
void	 webhook_worker_configure(struct webhook_worker *worker,
	    struct webhook_settings *settings);
/* Begin again behind row seq, unless what is behind it was not delivered. */
void	 webhook_worker_replay(struct webhook_worker *worker, int64_t seq);
/* What was erased is to be sent no more: it is read from the journal anew. */
void	 webhook_worker_forget(struct webhook_worker *worker,
	    const struct webhook_erased *erased);
/* Send an event that says nothing of a session, as soon as there is room. */
void	 webhook_worker_test(struct webhook_worker *worker);
/* What came of the last one; pending until then. */
const struct webhook_test *webhook_worker_tested(
	    const struct webhook_worker *worker);

/*
 * Do what there is to do now, but that what is to be sent is sent while it
 * waits.  Whether the journal had nothing new, so that there is none before the
 * next commit.
 */
bool	 webhook_worker_turn(struct webhook_worker *worker);
/* Wait until there is something to do, ms have passed, or it is woken. */
void	 webhook_worker_wait(struct webhook_worker *worker, uint64_t ms);
/* By any thread. */
void	 webhook_worker_wake(struct webhook_worker *worker);

/* What is to be kept, if that has changed since the last call, else NULL. */
struct webhook_state *webhook_worker_state(struct webhook_worker *worker);
/*
 * Whether that has to be kept at once: where the webhook begins, or begins
 * again, which a crash must not have it do elsewhere.
 */
bool	 webhook_worker_is_urgent(const struct webhook_worker *worker);
/* What the last one said is not kept. */
void	 webhook_worker_note_unkept(struct webhook_worker *worker);
void	 webhook_worker_copy_figures(const struct webhook_worker *worker,
	    struct webhook_figures *figures);

#endif
