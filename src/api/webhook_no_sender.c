/*
 * Without libcurl, where nobody gets as far as to have a URL: the settings
 * refuse it.
 */
#include "webhook_sender.h"

#include "base/log.h"

static void __attribute__((noreturn))
give_up(void)
{
	fatalx("webhook: there is no libcurl");
}

struct webhook_sender *
webhook_sender_new(void)
{
	give_up();
}

void
webhook_sender_free(struct webhook_sender *sender)
{
	(void)sender;	/* is NULL */
}

void
webhook_sender_disconnect(struct webhook_sender *sender)
{
	(void)sender;
	give_up();
}

void
webhook_sender_configure(struct webhook_sender *sender,
    const struct webhook_settings *settings)
{
	(void)sender;
	(void)settings;
	give_up();
}

size_t
webhook_sender_busy(const struct webhook_sender *sender)
{
	(void)sender;
	give_up();
}

void
webhook_sender_send(struct webhook_sender *sender, struct payload *id,
    struct payload *body, uint64_t wall_s, void *ctx)
{
	(void)sender;
	(void)id;
	(void)body;
	(void)wall_s;
	(void)ctx;
	give_up();
}

int
webhook_sender_next(struct webhook_sender *sender,
    struct webhook_outcome *outcome)
{
	(void)sender;
	(void)outcome;
	give_up();
}

void *
webhook_sender_cancel(struct webhook_sender *sender)
{
	(void)sender;
	give_up();
}

void
webhook_sender_cancel_of(struct webhook_sender *sender, const void *ctx)
{
	(void)sender;
	(void)ctx;
	give_up();
}

void
webhook_sender_wait(struct webhook_sender *sender, uint64_t ms)
{
	(void)sender;
	(void)ms;
	give_up();
}

void
webhook_sender_wake(struct webhook_sender *sender)
{
	(void)sender;
	give_up();
}
