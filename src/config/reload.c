#include "reload.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "api_keys.h"
#include "base/log.h"
#include "options.h"
#include "options_read.h"
#include "provenance.h"
#include "settings_table.h"
#include "shop_section.h"
#include "webhook_secrets.h"
#include "wire/ticket_key.h"

/* Of each text of a report. */
#define REPORT_BYTES_MAX 65536

/* Who is told. */
struct reload_listener {
	void	(*changed)(void *ctx, const char *key,
		    enum reload_change change);
	void	*ctx;
};

void
reload_report_init(struct reload_report *report)
{
	buf_init(&report->problems, REPORT_BYTES_MAX);
	buf_init(&report->adopted, REPORT_BYTES_MAX);
	buf_init(&report->restart, REPORT_BYTES_MAX);
}

void
reload_report_clear(struct reload_report *report)
{
	buf_clear(&report->problems);
	buf_clear(&report->adopted);
	buf_clear(&report->restart);
}

/* Exchange the keys of the shop's server; whether they differ. */
static bool
swap_api_keys(struct options *options, struct options *fresh)
{
	struct api_keys *old = options->api_keys;

	options->api_keys = fresh->api_keys;
	fresh->api_keys = old;
	return !api_keys_are_equal(old, options->api_keys);
}

/* Likewise those of tickets. */
static bool
swap_ticket_keys(struct options *options, struct options *fresh)
{
	struct ticket_keys *old = options->ticket_keys;

	options->ticket_keys = fresh->ticket_keys;
	fresh->ticket_keys = old;
	return !ticket_keys_are_equal(old, options->ticket_keys);
}

/* Likewise those that webhooks are signed with. */
static bool
swap_webhook_secrets(struct options *options, struct options *fresh)
{
	struct webhook_secrets *old = options->webhook_secrets;

	options->webhook_secrets = fresh->webhook_secrets;
	fresh->webhook_secrets = old;
	return !webhook_secrets_are_equal(old, options->webhook_secrets);
}

/* Adopt what the files have that a setting names; whether it is other keys. */
static bool
adopt_keys(const struct setting *setting, struct options *options,
    struct options *fresh)
{
	switch (setting->offset) {
	case offsetof(struct options, api_keys_file):
		return swap_api_keys(options, fresh);
	case offsetof(struct options, ticket_key_files):
		return swap_ticket_keys(options, fresh);
	case offsetof(struct options, webhook_secret_file):
		return swap_webhook_secrets(options, fresh);
	default:
		return false;
	}
}

/* Whether one of the sections says another value, or other keys. */
static bool
shop_setting_differs(const struct shop_section *old,
    const struct shop_section *new, const struct setting *setting)
{
	size_t i = (size_t)(setting - settings_table);

	if (setting->scope == SETTING_OF_DAEMON ||
	    (!shop_section_says(old, setting) &&
	    !shop_section_says(new, setting)))
		return false;
	return !setting_is_equal(setting, &old->options,
	    provenance_text(old->options.provenance, i), &new->options,
	    provenance_text(new->options.provenance, i)) ||
	    (setting->offset == offsetof(struct options, api_keys_file) &&
	    !api_keys_are_equal(old->options.api_keys,
	    new->options.api_keys)) ||
	    (setting->offset == offsetof(struct options,
	    webhook_secret_file) && !webhook_secrets_are_equal(
	    old->options.webhook_secrets, new->options.webhook_secrets)) ||
	    (setting->offset == offsetof(struct options, ticket_key_files) &&
	    !ticket_keys_are_equal(old->options.ticket_keys,
	    new->options.ticket_keys));
}

/* Tell what of a shop is another than it was. */
static void
tell_shop(const struct shop_section *old, const struct shop_section *new,
    const struct reload_listener *listener)
{
	char key[SHOP_SECTION_KEY_BYTES];
	size_t i;

	for (i = 0; i < settings_count; i++) {
		if (!shop_setting_differs(old, new, &settings_table[i]))
			continue;
		shop_section_format_key(new, &settings_table[i], key);
		listener->changed(listener->ctx, key, RELOAD_ADOPTED);
	}
}

/* Exchange all sections, and tell what differs. */
static void
adopt_shops(struct options *options, struct options *fresh,
    const struct reload_listener *listener)
{
	struct shop_section *shops = options->shops;
	size_t count = options->shops_count, i;
	const struct shop_section *old;

	options->shops = fresh->shops;
	options->shops_count = fresh->shops_count;
	fresh->shops = shops;
	fresh->shops_count = count;
	for (i = 0; i < count; i++)
		if (shop_section_find(options, shops[i].name) == NULL)
			listener->changed(listener->ctx, shops[i].name,
			    RELOAD_SHOP_REMOVED);
	for (i = 0; i < options->shops_count; i++) {
		old = shop_section_find(fresh, options->shops[i].name);
		if (old != NULL)
			tell_shop(old, &options->shops[i], listener);
		else
			listener->changed(listener->ctx,
			    options->shops[i].name, RELOAD_SHOP_ADDED);
	}
}

void
reload_adopt(struct options *options, struct options *fresh,
    void (*changed)(void *ctx, const char *key, enum reload_change change),
    void *ctx)
{
	const struct reload_listener listener = { changed, ctx };
	struct provenance *old = options->provenance, *new = fresh->provenance;
	const struct setting *setting;
	bool is_equal;
	size_t i;

	for (i = 0; i < settings_count; i++) {
		setting = &settings_table[i];
		is_equal = setting_is_equal(setting, options,
		    provenance_text(old, i), fresh, provenance_text(new, i));
		/* The same files may have other keys. */
		is_equal &= !adopt_keys(setting, options, fresh);
		if (is_equal || !setting->needs_restart)
			provenance_swap(old, new, i);
		if (is_equal)
			continue;
		if (!setting->needs_restart)
			setting_swap(setting, options, fresh);
		changed(ctx, setting->key, setting->needs_restart ?
		    RELOAD_NEEDS_RESTART : RELOAD_ADOPTED);
	}
	adopt_shops(options, fresh, &listener);
}

/* What finds no room is in the log alone. */
static void
report_key(struct buf *lines, const char *kind, const char *key)
{
	size_t room = strlen(kind) + strlen(key) + 2;
	char *line = buf_reserve(lines, room);

	if (line != NULL)
		buf_added(lines, (size_t)snprintf(line, room, "%s%s\n", kind,
		    key));
}

static void
report_changed_setting(void *ctx, const char *key, enum reload_change change)
{
	struct reload_report *report = ctx;

	switch (change) {
	case RELOAD_ADOPTED:
		log_info("reload: %s has a new value", key);
		report_key(&report->adopted, "", key);
		break;
	case RELOAD_NEEDS_RESTART:
		log_warnx("reload: %s keeps its value until a restart", key);
		report_key(&report->restart, "", key);
		break;
	case RELOAD_SHOP_ADDED:
		log_info("reload: shop %s is served from now on", key);
		report_key(&report->adopted, "shop ", key);
		break;
	case RELOAD_SHOP_REMOVED:
		log_info("reload: shop %s is served no more", key);
		report_key(&report->adopted, "shop ", key);
		break;
	}
}

static void
notify_reloading(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	/* Whether anybody listens for this is not ours to judge. */
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	    (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

void
reload(struct options *options, int argc, char **argv,
    void (*apply)(void *ctx), void *ctx, struct reload_report *report)
{
	struct options fresh;

	notify_reloading();
	if (options_read_again(argc, argv, &fresh, &report->problems) == -1) {
		log_errorx("reload: refused: nothing was changed");
	} else {
		reload_adopt(options, &fresh, report_changed_setting, report);
		apply(ctx);
		options_clear(&fresh);
		log_info("reload: done");
	}
	(void)sd_notify(0, "READY=1");
}
