#ifndef SHOP_WEBHOOKS_H
#define SHOP_WEBHOOKS_H

#include <stddef.h>
#include <stdint.h>

#include "admin/webhook_figures.h"

struct job_list;
struct webhook_settings;
struct webhook_state;
struct webhook_states;

/*
 * The webhooks of all shops: a thread for each that has, or had, a URL.  All of
 * this is called by the network thread, and waits as little as webhooks.h does.
 */
struct shop_webhooks;

struct shop_webhooks_config {
	const char *database;		/* its path; lent */
	struct webhook_states *states;	/* where they had got; taken */
	int64_t	 head;			/* the newest row of the journal */
	/* As webhooks.h's. */
	void	(*changed)(void *ctx);
	void	*ctx;
};

/* What a shop's server is told; both are lent for the call. */
struct shop_webhooks_settings {
	const char *shop;		/* its name */
	const struct webhook_settings *webhook;
};

/* Of count shops, the first of which is that outside of sections. */
struct shop_webhooks *shop_webhooks_new(
	    const struct shop_webhooks_config *config,
	    const struct shop_webhooks_settings *settings, size_t count);
/* Take over the settings.  A shop that is not among them has no URL. */
void	 shop_webhooks_configure(struct shop_webhooks *all,
	    const struct shop_webhooks_settings *settings, size_t count);
/* What the storage has done. */
void	 shop_webhooks_note_results(struct shop_webhooks *all,
	    const struct job_list *results);
/* How far one of them has got, until there is none to be kept: NULL. */
struct webhook_state *shop_webhooks_take_state(struct shop_webhooks *all);
/*
 * Let those come that were refused, and have no thread; in how many ms there
 * may be another, or -1.  NULL is allowed.
 */
int	 shop_webhooks_run(struct shop_webhooks *all);
/* End the threads; then the last states are there to be taken. */
void	 shop_webhooks_stop(struct shop_webhooks *all);
/* NULL is allowed, as above. */
void	 shop_webhooks_free(struct shop_webhooks *all);

/* Those of all shops together. */
void	 shop_webhooks_copy_figures(struct shop_webhooks *all,
	    struct webhook_figures *figures);
/* For the admin interface. */
struct webhook_operations shop_webhooks_operations(struct shop_webhooks *all);

#endif
