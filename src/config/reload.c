#include "reload.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "base/log.h"
#include "options.h"

/* Of each text of a report. */
#define REPORT_BYTES_MAX 65536

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

static void
report_key(struct buf *lines, const char *key)
{
	if (buf_append(lines, key, strlen(key)) == -1 ||
	    buf_append(lines, "\n", 1) == -1)
		fatalx("reload: out of memory");
}

static void
report_changed_setting(void *ctx, const char *key, enum options_change change)
{
	struct reload_report *report = ctx;

	switch (change) {
	case OPTIONS_ADOPTED:
		log_info("reload: %s has a new value", key);
		report_key(&report->adopted, key);
		break;
	case OPTIONS_NEEDS_RESTART:
		log_warnx("reload: %s keeps its value until a restart", key);
		report_key(&report->restart, key);
		break;
	}
}

static void
notify_reloading(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
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
		options_adopt(options, &fresh, report_changed_setting, report);
		apply(ctx);
		options_clear(&fresh);
		log_info("reload: done");
	}
	(void)sd_notify(0, "READY=1");	/* likewise */
}
