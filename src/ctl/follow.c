#include "follow.h"

#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "base/database_name.h"
#include "base/log.h"
#include "base/xalloc.h"

/*
 * A write to the log comes some time before its commit can be seen, which the
 * system does not tell of: after a write it is looked for at growing intervals.
 */
enum {
	FIRST_LOOK_MS = 5,
	LAST_LOOK_MS = 1000	/* stays at that, whatever the system tells */
};

struct follow {
	char	*name;		/* of the database in its folder */
	uv_loop_t loop;
	uv_fs_event_t folder;
	uv_timer_t timer;
	uv_signal_t interrupt;
	uv_signal_t terminate;
	uint64_t look_ms;	/* the present interval */
	bool	 is_changed;
	bool	 is_stopped;
};

static void on_timer(uv_timer_t *handle);

static void
schedule_look(struct follow *follow, uint64_t ms)
{
	follow->look_ms = ms < LAST_LOOK_MS ? ms : LAST_LOOK_MS;
	/* The timer was initialized. */
	(void)uv_timer_start(&follow->timer, on_timer, follow->look_ms, 0);
}

static void
on_timer(uv_timer_t *handle)
{
	struct follow *follow = handle->data;

	follow->is_changed = true;
	schedule_look(follow, 2 * follow->look_ms);
}

/* The database and its log begin with the same name. */
static void
on_write(uv_fs_event_t *handle, const char *file, int events, int status)
{
	struct follow *follow = handle->data;

	(void)events;	/* a write or a rename is all the same */
	if (status == 0 && (file == NULL || strncmp(file, follow->name,
	    strlen(follow->name)) == 0) && follow->look_ms > FIRST_LOOK_MS)
		schedule_look(follow, FIRST_LOOK_MS);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct follow *follow = handle->data;

	(void)number;	/* both mean the same */
	follow->is_stopped = true;
}

/* The folder and the file in it; they are the caller's to free. */
static void
split_path(const char *database, char **folder, char **name)
{
	char *copy = xstrdup(database);

	*folder = xstrdup(dirname(copy));
	free(copy);
	copy = xstrdup(database);
	*name = xstrdup(basename(copy));
	free(copy);
}

/* folder is NULL if there is none. */
static void
start_watching(struct follow *follow, const char *folder)
{
	int rc = uv_loop_init(&follow->loop);

	if (rc == 0)
		rc = uv_fs_event_init(&follow->loop, &follow->folder);
	if (rc == 0)
		rc = uv_timer_init(&follow->loop, &follow->timer);
	if (rc == 0)
		rc = uv_signal_init(&follow->loop, &follow->interrupt);
	if (rc == 0)
		rc = uv_signal_init(&follow->loop, &follow->terminate);
	if (rc == 0)
		rc = uv_signal_start(&follow->interrupt, on_signal, SIGINT);
	if (rc == 0)
		rc = uv_signal_start(&follow->terminate, on_signal, SIGTERM);
	if (rc != 0)
		fatalx("cannot wait for changes: %s", uv_strerror(rc));
	schedule_look(follow, LAST_LOOK_MS);
	/* Without it the timer has to do. */
	if (folder != NULL)
		(void)uv_fs_event_start(&follow->folder, on_write, folder, 0);
}

struct follow *
follow_new(const char *database)
{
	struct follow *follow = xcalloc(1, sizeof(*follow));
	char *folder = NULL;

	if (!database_name_is_postgresql(database))
		split_path(database, &folder, &follow->name);
	follow->folder.data = follow->timer.data = follow;
	follow->interrupt.data = follow->terminate.data = follow;
	start_watching(follow, folder);
	free(folder);
	return follow;
}

static void
close_handle(uv_handle_t *handle, void *ctx)
{
	(void)ctx;	/* there is none */
	uv_close(handle, NULL);
}

void
follow_free(struct follow *follow)
{
	if (follow == NULL)
		return;
	uv_walk(&follow->loop, close_handle, NULL);
	/* Runs until all are closed, and then closing cannot fail. */
	(void)uv_run(&follow->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&follow->loop);
	free(follow->name);
	free(follow);
}

enum follow_event
follow_wait(struct follow *follow)
{
	while (!follow->is_changed && !follow->is_stopped)
		(void)uv_run(&follow->loop, UV_RUN_ONCE); /* some are active */
	follow->is_changed = false;
	return follow->is_stopped ? FOLLOW_STOP : FOLLOW_LOOK;
}
