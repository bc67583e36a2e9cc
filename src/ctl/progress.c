#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	DRAW_MS = 100,
	BAR_CHARS = 24
};

void
progress_begin(struct progress *progress)
{
	*progress = (struct progress){
		.is_shown = isatty(STDERR_FILENO) == 1,
		.begun_ms = clock_now().mono_ms,
	};
}

/* What comes behind the bar: nobody is told if it cannot be shown. */
static void
show_rate(uint64_t done, uint64_t total, uint64_t ms)
{
	double rate = ms == 0 ? 0 : (double)done * 1000 / (double)ms;
	uint64_t left_s;

	(void)fprintf(stderr, " %" PRIu64 "/%" PRIu64, done, total);
	if (rate < 1)
		return;
	left_s = (uint64_t)((double)(total - done) / rate);
	(void)fprintf(stderr, " %.0f/s %" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
	    rate, left_s / 3600, left_s / 60 % 60, left_s % 60);
}

void
progress_show(struct progress *progress, const char *what, uint64_t done,
    uint64_t total)
{
	static const char bar[BAR_CHARS + 1] = "########################";
	double part = total == 0 ? 1 : (double)done / (double)total;
	uint64_t now_ms;

	if (!progress->is_shown)
		return;
	now_ms = clock_now().mono_ms;
	if (now_ms < progress->next_ms)
		return;
	progress->next_ms = now_ms + DRAW_MS;
	(void)fprintf(stderr, "\r\033[K%s [%-*.*s] %3d %%", what, BAR_CHARS,
	    (int)(part * BAR_CHARS), bar, (int)(part * 100));
	show_rate(done, total, now_ms - progress->begun_ms);
	(void)fflush(stderr);
}

void
progress_end(const struct progress *progress)
{
	if (!progress->is_shown)
		return;
	(void)fputs("\r\033[K", stderr);
	(void)fflush(stderr);
}
