#include "shop_section.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api_keys.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "provenance.h"
#include "setting.h"
#include "setting_report.h"
#include "settings_table.h"
#include "ticket_files.h"
#include "webhook_secrets.h"
#include "wire/ticket_key.h"

struct shop_section *
shop_section_add(struct options *options, const char *name, const char *where)
{
	struct shop_section *section;

	options->shops = xrealloc(options->shops,
	    (options->shops_count + 1) * sizeof(*options->shops));
	section = &options->shops[options->shops_count++];
	*section = (struct shop_section){
		.name = xstrdup(name),
		.where = xstrdup(where),
	};
	section->options.provenance = provenance_new(settings_count);
	return section;
}

struct shop_section *
shop_section_find(const struct options *options, const char *name)
{
	size_t i;

	for (i = 0; i < options->shops_count; i++)
		if (strcmp(options->shops[i].name, name) == 0)
			return &options->shops[i];
	return NULL;
}

bool
shop_section_says(const struct shop_section *section,
    const struct setting *setting)
{
	return provenance_origin(section->options.provenance,
	    (size_t)(setting - settings_table)) == PROVENANCE_FILE;
}

void
shop_section_format_key(const struct shop_section *section,
    const struct setting *setting, char key[SHOP_SECTION_KEY_BYTES])
{
	xsnprintf(key, SHOP_SECTION_KEY_BYTES, "%s/%s", section->name,
	    setting->key);
}

const struct ticket_keys *
shop_section_ticket_keys(const struct options *options,
    const struct shop_section *section)
{
	return shop_section_says(section, settings_find("ticket-keys")) ?
	    section->options.ticket_keys : options->ticket_keys;
}

/* What holds for a shop whose section does not say the setting. */
static const char *
inherited_text(const struct options *options, const struct setting *setting)
{
	if (setting->scope == SETTING_OF_SHOP)
		return provenance_text(options->provenance,
		    (size_t)(setting - settings_table));
	return setting->type == SETTING_FILE || setting->type == SETTING_URL ?
	    "" : "0";
}

static void
inherit_setting(const struct options *options, struct shop_section *section,
    const struct setting *setting)
{
	const char *text = inherited_text(options, setting);
	char problem[SETTING_PROBLEM_BYTES];

	if (setting->type == SETTING_BASE_PATH)
		return;		/* it is made */
	/* What is wrong with it was said of what stands outside. */
	if (setting_put(setting, &section->options, text, SETTING_NAMES_LEFT,
	    problem) == 0)
		provenance_add(section->options.provenance,
		    (size_t)(setting - settings_table), text);
}

/* Without one of its own it is that outside, and the shop's name. */
static void
make_base_path(const struct options *options, struct shop_section *section)
{
	const char *outside = options->base_path;
	size_t size;

	if (outside == NULL || section->base_path_where != NULL)
		return;
	size = strlen(outside) + strlen(section->name) + 2;
	section->options.base_path = xcalloc(1, size);
	xsnprintf(section->options.base_path, size, "%s%s/", outside,
	    section->name);
}

void
shop_sections_inherit(struct options *options)
{
	struct shop_section *section;
	size_t shop, i;

	for (shop = 0; shop < options->shops_count; shop++) {
		section = &options->shops[shop];
		for (i = 0; i < settings_count; i++)
			if (settings_table[i].scope != SETTING_OF_DAEMON &&
			    !shop_section_says(section, &settings_table[i]))
				inherit_setting(options, section,
				    &settings_table[i]);
		make_base_path(options, section);
	}
}

/* The hash of a key is that of another shop's. */
static bool
has_api_key(const struct api_keys *keys, const struct api_key *key)
{
	return api_keys_find(keys, key->hash) != NULL;
}

/* Report the keys of a section's file that are those of a shop before it. */
static void
report_shared_keys(const struct options *options,
    const struct shop_section *section, struct setting_report *report)
{
	const struct api_keys *keys = section->options.api_keys;
	const struct shop_section *before;
	char what[SETTING_PROBLEM_BYTES];
	const char *other;
	size_t i;

	for (i = 0; keys != NULL && i < keys->count; i++) {
		other = has_api_key(options->api_keys, &keys->list[i]) ?
		    "outside of sections" : NULL;
		for (before = options->shops; before < section; before++)
			if (has_api_key(before->options.api_keys,
			    &keys->list[i]))
				other = before->name;
		if (other == NULL)
			continue;
		(void)snprintf(what, sizeof(what), "%s is a key of two shops: "
		    "%s, too", keys->list[i].name, other);
		setting_report(report, section->options.api_keys_file, NULL,
		    what);
	}
}

static void
read_api_keys(struct shop_section *section, struct setting_report *report)
{
	char where[PATH_MAX + 16], fault[API_KEYS_FAULT_BYTES];
	const char *path = section->options.api_keys_file;
	unsigned line;

	if (path == NULL || *path == '\0' || api_keys_read(path,
	    &section->options.api_keys, &line, fault) == API_KEYS_READ)
		return;
	(void)snprintf(where, sizeof(where), line == 0 ? "%s" : "%s:%u", path,
	    line);
	setting_report(report, where, NULL, fault);
}

static void
read_ticket_keys(struct shop_section *section, struct setting_report *report)
{
	struct options *own = &section->options;

	if (own->ticket_key_files_count == 0) {
		if (own->require_tickets != TICKET_FOR_NOTHING)
			setting_report(report, section->where,
			    "require-tickets", "needs ticket-keys");
		return;
	}
	if (shop_section_says(section, settings_find("ticket-keys")))
		own->ticket_keys = ticket_files_read(own->ticket_key_files,
		    own->ticket_key_files_count, report);
}

void
shop_sections_read_keys(struct options *options, struct setting_report *report)
{
	size_t i;

	for (i = 0; i < options->shops_count; i++) {
		read_api_keys(&options->shops[i], report);
		report_shared_keys(options, &options->shops[i], report);
		read_ticket_keys(&options->shops[i], report);
	}
}

/* Whose the base path is that a section has too; NULL if nobody's. */
static const char *
other_of_base_path(const struct options *options,
    const struct shop_section *section)
{
	const char *path = section->options.base_path;
	const struct shop_section *before;

	if (path == NULL || options->base_path == NULL)
		return NULL;	/* it was refused as it is */
	if (strcmp(options->base_path, path) == 0)
		return "what stands outside of sections";
	for (before = options->shops; before < section; before++)
		if (before->options.base_path != NULL &&
		    strcmp(before->options.base_path, path) == 0 &&
		    strcmp(before->name, section->name) != 0)
			return before->name;
	return NULL;
}

void
shop_sections_check(const struct options *options,
    struct setting_report *report)
{
	const struct shop_section *section;
	char what[SETTING_PROBLEM_BYTES];
	const char *other;
	size_t i;

	for (i = 0; i < options->shops_count; i++) {
		section = &options->shops[i];
		other = other_of_base_path(options, section);
		if (other == NULL)
			continue;
		(void)snprintf(what, sizeof(what), "is that of %s, too", other);
		setting_report(report, section->base_path_where != NULL ?
		    section->base_path_where : section->where, "base-path",
		    what);
	}
}

bool
shop_sections_have_api_keys(const struct options *options)
{
	size_t i;

	for (i = 0; i < options->shops_count; i++)
		if (options->shops[i].options.api_keys_file != NULL &&
		    options->shops[i].options.api_keys_file[0] != '\0')
			return true;
	return false;
}

static void
clear_section(struct shop_section *section)
{
	size_t i;

	for (i = 0; i < settings_count; i++)
		if (settings_table[i].scope != SETTING_OF_DAEMON)
			setting_clear(&settings_table[i], &section->options);
	ticket_keys_free(section->options.ticket_keys);
	free(section->options.api_keys);
	webhook_secrets_free(section->options.webhook_secrets);
	provenance_free(section->options.provenance);
	free(section->name);
	free(section->where);
	free(section->base_path_where);
}

void
shop_sections_clear(struct options *options)
{
	size_t i;

	for (i = 0; i < options->shops_count; i++)
		clear_section(&options->shops[i]);
	free(options->shops);
	options->shops = NULL;
	options->shops_count = 0;
}
