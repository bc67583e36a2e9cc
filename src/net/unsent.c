#include "unsent.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "tcp_progress.h"

/* The one kind of deadline: its list has the item that began first first. */
enum { WAIT_SENT = DEADLINE_FIRST };

/* Who takes something in such a time goes on. */
#define SAMPLE_MS 100

struct unsent {
	uv_loop_t *loop;
	size_t	 max_bytes;	/* 0 for no limit */
	struct deadlines *deadlines;
	struct unsent_counts counts;
	uint64_t sampled_ms; /* when it was last seen who takes something */
};

static struct unsent_item *
unsent_of_deadline(struct deadline *deadline)
{
	return (struct unsent_item *)((uintptr_t)deadline -
	    offsetof(struct unsent_item, deadline));
}

static void
forget_unsent(struct unsent_item *item)
{
	if (--item->body->senders == 0)
		item->unsent->counts.bytes -= item->body->len;
	payload_unref(item->body);
	item->body = NULL;
}

static void
on_send_timeout(struct deadline *deadline, unsigned kind)
{
	struct unsent_item *item = unsent_of_deadline(deadline);

	(void)kind;	/* is WAIT_SENT */
	forget_unsent(item);
	item->unsent->counts.late++;
	item->cut(item);
}

static void
put_wait(const struct unsent_settings *settings,
    uint64_t wait_ms[DEADLINE_KINDS_MAX])
{
	wait_ms[WAIT_SENT] = (uint64_t)settings->timeout_s * 1000;
}

struct unsent *
unsent_new(uv_loop_t *loop, const struct unsent_settings *settings)
{
	struct unsent *unsent = xcalloc(1, sizeof(*unsent));
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	unsent->loop = loop;
	unsent->max_bytes = settings->max_bytes;
	put_wait(settings, wait_ms);
	unsent->deadlines = deadlines_new(loop, wait_ms, on_send_timeout);
	return unsent;
}

static struct unsent_item *
first_unsent(const struct unsent *unsent)
{
	struct deadline *first = deadlines_first(unsent->deadlines, WAIT_SENT);

	return first == NULL ? NULL : unsent_of_deadline(first);
}

static struct unsent_item *
next_unsent(const struct unsent_item *item)
{
	struct deadline *next = deadline_next(&item->deadline);

	return next == NULL ? NULL : unsent_of_deadline(next);
}

/* See who has taken something since the last time. */
static void
sample_progress(struct unsent *unsent)
{
	uint64_t now_ms = uv_now(unsent->loop), acked;
	struct unsent_item *item;

	if (now_ms - unsent->sampled_ms < SAMPLE_MS)
		return;
	unsent->sampled_ms = now_ms;
	for (item = first_unsent(unsent); item != NULL;
	     item = next_unsent(item)) {
		acked = tcp_progress(item->fd);
		if (acked > item->acked)
			item->moved_ms = now_ms;
		item->acked = acked;
	}
}

/* Who has taken nothing for longest; of several the one that began first. */
static struct unsent_item *
longest_idle(const struct unsent *unsent)
{
	struct unsent_item *found = first_unsent(unsent), *item;

	assert(found != NULL);
	for (item = next_unsent(found); item != NULL; item = next_unsent(item))
		if (item->moved_ms < found->moved_ms)
			found = item;
	return found;
}

/* Over the budget, those go that take nothing. */
static void
cut_over_budget(struct unsent *unsent)
{
	size_t max = unsent->max_bytes;
	struct unsent_item *item;

	if (max != 0 && unsent->counts.bytes > max / 2)
		sample_progress(unsent);
	while (max != 0 && unsent->counts.bytes > max) {
		item = longest_idle(unsent);
		unsent_end(item);
		unsent->counts.crowded_out++;
		item->cut(item);
	}
}

void
unsent_configure(struct unsent *unsent, const struct unsent_settings *settings)
{
	uint64_t wait_ms[DEADLINE_KINDS_MAX] = { 0 };

	unsent->max_bytes = settings->max_bytes;
	put_wait(settings, wait_ms);
	deadlines_configure(unsent->deadlines, wait_ms);
	cut_over_budget(unsent);
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
	item->moved_ms = uv_now(unsent->loop);
	item->acked = tcp_progress(fd);
	item->fd = fd;
	item->body = payload_ref(body);
	if (body->senders++ == 0)
		unsent->counts.bytes += body->len;
	deadline_set(unsent->deadlines, &item->deadline, WAIT_SENT);
	cut_over_budget(unsent);
}

void
unsent_end(struct unsent_item *item)
{
	if (item->body == NULL)
		return;
	deadline_clear(item->unsent->deadlines, &item->deadline);
	forget_unsent(item);
}
