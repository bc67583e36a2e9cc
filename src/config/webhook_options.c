#include "webhook_options.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>

#include "base/xalloc.h"
#include "options.h"
#include "setting_report.h"
#include "shop_section.h"
#include "webhook_secrets.h"
#include "webhook_url.h"

static void
read_secrets(struct options *options, struct setting_report *report)
{
	char where[PATH_MAX + 16], fault[WEBHOOK_SECRETS_FAULT_BYTES];
	const char *path = options->webhook_secret_file;
	struct webhook_secrets *secrets;
	unsigned line;

	secrets = xcalloc(1, sizeof(*secrets));
	if (webhook_secrets_read(path, secrets, &line, fault) == 0) {
		options->webhook_secrets = secrets;
		return;
	}
	webhook_secrets_free(secrets);
	(void)snprintf(where, sizeof(where), line == 0 ? "%s" : "%s:%u", path,
	    line);
	setting_report(report, where, "webhook-secret", fault);
}

/* Of what stands outside of sections, where is NULL, or in the one there. */
static void
report_url(struct setting_report *report, const char *where, const char *what)
{
	if (where == NULL)
		setting_report(report, "webhook-url", NULL, what);
	else
		setting_report(report, where, "webhook-url", what);
}

static void
read_shop(struct options *options, const char *where,
    struct setting_report *report)
{
	const char *url = options->webhook_url;
	const char *path = options->webhook_secret_file;

	if (url == NULL || path == NULL)
		return;		/* was refused as it is */
	if (*path != '\0')
		read_secrets(options, report);
	if (*url == '\0')
		return;
#ifndef HAVE_LIBCURL
	report_url(report, where,
	    "this program was built without libcurl, which it needs");
#endif
	if (*path == '\0')
		report_url(report, where,
		    "nothing to sign with: webhook-secret has to name a file");
	if (!webhook_url_is_encrypted(url) && !options->webhook_allow_private)
		report_url(report, where,
		    "http:// needs webhook-allow-private, others take "
		    "https://");
}

void
webhook_options_read(struct options *options, struct setting_report *report)
{
	struct shop_section *section;
	size_t i;

	read_shop(options, NULL, report);
	for (i = 0; i < options->shops_count; i++) {
		section = &options->shops[i];
		read_shop(&section->options, section->where, report);
	}
}
