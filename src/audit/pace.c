#include "pace.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "storage/fs.h"

enum {
	WORK_US = 500,			/* without a rest */
	REST_US_MAX = 50000,
	SERVES_US = 200000		/* how long a commit is a sign of more */
};

struct pace {
	char	*wal;			/* path */
	enum pace_of of;
	uint64_t begun_us;		/* the work, since the last rest */
	struct stat last;		/* look at the log */
	uint64_t serves_until_us;
};

static uint64_t
work_us(const struct pace *pace)
{
	switch (pace->of) {
	case PACE_OF_READING:
		return clock_thread_us();
	case PACE_OF_WRITING:
		break;
	}
	return clock_us();
}

struct pace *
pace_new(const char *database, enum pace_of of)
{
	struct pace *pace = xcalloc(1, sizeof(*pace));

	pace->wal = fs_with_suffix(database, "-wal");
	pace->of = of;
	/* What is not there has been written at no time. */
	(void)stat(pace->wal, &pace->last);
	pace->begun_us = work_us(pace);
	return pace;
}

void
pace_free(struct pace *pace)
{
	if (pace == NULL)
		return;
	free(pace->wal);
	free(pace);
}

/* Whether the log was written to since the last look, or not long ago. */
static bool
is_serving(struct pace *pace)
{
	uint64_t now_us = clock_us();
	struct stat st;

	if (stat(pace->wal, &st) == 0 &&
	    (st.st_mtim.tv_sec != pace->last.st_mtim.tv_sec ||
	    st.st_mtim.tv_nsec != pace->last.st_mtim.tv_nsec)) {
		pace->last = st;
		pace->serves_until_us = now_us + SERVES_US;
	}
	return now_us < pace->serves_until_us;
}

static void
rest(uint64_t us)
{
	struct timespec time = { .tv_nsec = (long)us * 1000 };

	(void)nanosleep(&time, NULL); /* too early is early enough */
}

void
pace_keep(struct pace *pace)
{
	uint64_t now_us = work_us(pace), us;

	/* The one who opened a connection may leave it to a new thread. */
	if (now_us < pace->begun_us)
		pace->begun_us = now_us;
	us = now_us - pace->begun_us;
	if (us < WORK_US)
		return;
	if (is_serving(pace))
		rest(us < REST_US_MAX ? us : REST_US_MAX);
	pace->begun_us = work_us(pace);
}
