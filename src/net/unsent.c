#include "unsent.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tcp_progress.h"

/* The one kind of deadline: its list has the item that began first first. */
enum { WAIT_SENT = DEADLINE_FIRST };

/* What one took at once is not how fast it goes on. */
#define GRACE_MS 1000

struct unsent {
	struct unsent_config config;
	struct deadlines *deadlines;
	struct unsent_counts counts;
};

static struct unsent_item *
of_deadline(struct deadline *deadline)
{
	return (struct unsent_item *)((uintptr_t)deadline -
	    offsetof(struct unsent_item, deadline));
}

static void
forget(struct unsent_item *item)
{
	if (--item->body->senders == 0)
		item->unsent->counts.bytes -= item->body->len;
	payload_unref(item->body);
	item->body = NULL;
}

static void
expire(struct deadline *deadline, unsigned kind)
{
	struct unsent_item *item = of_deadline(deadline);

	(void)kind;	/* is WAIT_SENT */
	forget(item);
	item->unsent->counts.late++;
	item->cut(item);
}

static void
put_wait(const struct unsent_config *config,
    uint64_t wait_ms[DEADLINE_KINDS_MAX])
{
	wait_ms[WAIT_SENT] = (uint64_t)config->timeout_s * 1000;
}

struct unsent *
unsent_new(const struct unsent_config *config)
{
	struct unsent *unsent = xcalloc(1, sizeof(*unsent));
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	unsent->config = *config;
	put_wait(config, wait_ms);
	unsent->deadlines = deadlines_new(config->loop, wait_ms, expire);
	return unsent;
}

/* Bytes a second; of who has just begun as if that were a while ago. */
static uint64_t
speed(const struct unsent_item *item, uint64_t now_ms)
{
	return (tcp_progress(item->fd) - item->acked) * 1000 /
	    (now_ms - item->begun_ms + GRACE_MS);
}

/* Of several the one that began first. */
static struct unsent_item *
slowest(const struct unsent *unsent)
{
	uint64_t now_ms = uv_now(unsent->config.loop), least = UINT64_MAX;
	struct deadline *deadline;
	struct unsent_item *found = NULL;

	for (deadline = deadlines_first(unsent->deadlines, WAIT_SENT);
	    deadline != NULL && least > 0;
	    deadline = TAILQ_NEXT(deadline, entry)) {
		struct unsent_item *item = of_deadline(deadline);
		uint64_t bytes_s = speed(item, now_ms);

		if (bytes_s >= least)
			continue;
		least = bytes_s;
		found = item;
	}
	assert(found != NULL);
	return found;
}

/* Over the budget, those go that are taken slowest. */
static void
keep_to_budget(struct unsent *unsent)
{
	struct unsent_item *item;

	while (unsent->config.max_bytes != 0 &&
	    unsent->counts.bytes > unsent->config.max_bytes) {
		item = slowest(unsent);
		unsent_end(item);
		unsent->counts.crowded_out++;
		item->cut(item);
	}
}

void
unsent_configure(struct unsent *unsent, const struct unsent_config *config)
{
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	unsent->config.max_bytes = config->max_bytes;
	unsent->config.timeout_s = config->timeout_s;
	put_wait(config, wait_ms);
	deadlines_configure(unsent->deadlines, wait_ms);
	keep_to_budget(unsent);
}

void
unsent_free(struct unsent *unsent)
{
	deadlines_free(unsent->deadlines);
	free(unsent);
}

void
unsent_copy_counts(const struct unsent *unsent, struct unsent_counts *counts)
{
	*counts = unsent->counts;
}

void
unsent_begin(struct unsent *unsent, struct unsent_item *item,
    struct payload *body, int fd)
{
	assert(item->body == NULL);
	item->unsent = unsent;
	item->begun_ms = uv_now(unsent->config.loop);
	item->acked = tcp_progress(fd);
	item->fd = fd;
	item->body = payload_ref(body);
	if (body->senders++ == 0)
		unsent->counts.bytes += body->len;
	deadline_set(unsent->deadlines, &item->deadline, WAIT_SENT);
	keep_to_budget(unsent);
}

void
unsent_end(struct unsent_item *item)
{
	if (item->body == NULL)
		return;
	deadline_clear(item->unsent->deadlines, &item->deadline);
	forget(item);
}
