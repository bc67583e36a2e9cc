#ifndef SHOP_SECTION_H
#define SHOP_SECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

struct setting;
struct setting_report;

/*
 * A section of the configuration file, "shop NAME { key = value ... }": what
 * holds for one of several shops.  What stands outside of all is the default of
 * them, and a shop of its own, whose name is "".
 */
struct shop_section {
	char	*name;
	char	*where;		/* FILE:LINE, where it begins */
	char	*base_path_where;	/* likewise its base-path; or NULL */
	/* The fields of settings that are a shop's; ticket_keys only if the
	 * section names some. */
	struct options options;
};

enum {
	SHOP_SECTIONS_MAX = 256,
	SHOP_SECTION_KEY_BYTES = 128
};

/* One more section, which says nothing yet; valid until the next one. */
struct shop_section *shop_section_add(struct options *options,
	    const char *name, const char *where);
/* The one with that name; or NULL. */
struct shop_section *shop_section_find(const struct options *options,
	    const char *name);
/* Whether the setting stands in the section. */
bool	 shop_section_says(const struct shop_section *section,
	    const struct setting *setting);
/* What a setting of a section is called: NAME/KEY. */
void	 shop_section_format_key(const struct shop_section *section,
	    const struct setting *setting, char key[SHOP_SECTION_KEY_BYTES]);
/* The keys of the shop's tickets, its own or those outside; NULL for none. */
const struct ticket_keys *shop_section_ticket_keys(
	    const struct options *options, const struct shop_section *section);

/* Fill in what sections do not say, once all is said outside. */
void	 shop_sections_inherit(struct options *options);
/*
 * Read the keys that sections name.  What is wrong is reported, also if a key
 * of the shops' servers is that of two shops.
 */
void	 shop_sections_read_keys(struct options *options,
	    struct setting_report *report);
/* Report base paths that two shops have. */
void	 shop_sections_check(const struct options *options,
	    struct setting_report *report);
/* Whether any section has keys of the shop's server, by their file's name. */
bool	 shop_sections_have_api_keys(const struct options *options);

/* Free all sections. */
void	 shop_sections_clear(struct options *options);

#endif
