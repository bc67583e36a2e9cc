#ifndef RELOAD_H
#define RELOAD_H

#include "base/buf.h"

struct options;

/*
 * Taking over a changed configuration while the daemon runs: all of it that
 * can change, or nothing if anything is wrong with it.  What happens is logged
 * and told to the service manager (sd_notify(3), RELOADING=1).
 */

/* A setting, or a shop, that was read again and is not what it was. */
enum reload_change {
	RELOAD_ADOPTED,
	RELOAD_NEEDS_RESTART,	/* it keeps the value that it had */
	RELOAD_SHOP_ADDED,
	RELOAD_SHOP_REMOVED
};

/*
 * Give options the values of fresh that a running daemon can change, the keys
 * of tickets, the API and webhooks too, and tell of all that differ, in the
 * order of the table.  Then those of shops' sections follow, as SHOP/KEY, and shops that
 * came or went, by their names.  What options had is in fresh then: who was
 * lent it must have the new values before that is cleared.
 */
void	 reload_adopt(struct options *options, struct options *fresh,
	    void (*changed)(void *ctx, const char *key,
	    enum reload_change change), void *ctx);

/* What came of it, each a text of lines; empty where there is none. */
struct reload_report {
	struct buf problems;	/* not empty: nothing was changed */
	struct buf adopted;	/* keys of settings that have another value, */
				/* and "shop NAME" of shops that came or went */
	struct buf restart;	/* keys of those that have one with a restart */
};

void	 reload_report_init(struct reload_report *report);
void	 reload_report_clear(struct reload_report *report);

/*
 * Read again what options_read() read with argc and argv; apply(ctx) is called
 * when options have the new values, and nobody may use the old ones after it.
 */
void	 reload(struct options *options, int argc, char **argv,
	    void (*apply)(void *ctx), void *ctx,
	    struct reload_report *report);

#endif
