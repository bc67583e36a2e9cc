#include "storage.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage_engine.h"

enum { SKIPPED = 77 };

static const struct storage_engine *const engines[] = {
	&storage_sqlite,
#ifdef HAVE_LIBPQ
	&storage_postgres,
#endif
};

static const struct storage_engine *
chosen(void)
{
	const char *name = getenv("STORAGE");
	size_t i;

	if (name == NULL)
		return &storage_sqlite;
	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i]->name, name) == 0)
			return engines[i];
	fprintf(stderr, "STORAGE: %s is not known here\n", name);
	exit(EXIT_FAILURE);
}

/* In a child: true there, else whether all was well comes back. */
static bool
begin_on(const struct storage_engine *engine, bool *is_well)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		return setenv("STORAGE", engine->name, 1) == 0;
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		perror("fork");
	*is_well = status == 0 ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED);
	return false;
}

/* Returns once for each engine, in a process that has that. */
static void
choose_each(void)
{
	bool are_well = true, is_well = false;
	size_t i;

	for (i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (begin_on(engines[i], &is_well))
			return;
		are_well = is_well && are_well;
	}
	exit(are_well ? EXIT_SUCCESS : EXIT_FAILURE);
}

void
storage_need(void)
{
	if (getenv("STORAGE") == NULL)
		choose_each();
	chosen()->need();
}

bool
storage_is_sqlite(void)
{
	return chosen() == &storage_sqlite;
}

bool
storage_stands_for_sqlite(const char *why)
{
	if (!storage_is_sqlite())
		printf("left out, being SQLite's: %s\n", why);
	return storage_is_sqlite();
}

void
storage_name(const char *path, char name[STORAGE_NAME_BYTES])
{
	chosen()->make(path, name);
}

void
storage_remove(const char *name)
{
	chosen()->remove(name);
}

/* The text that was found. */
static char *
run(const char *name, enum storage_guards guards, const char *sql)
{
	struct storage_answer answer = chosen()->run(name, guards, sql);

	ck_assert_msg(answer.result == STORAGE_DONE, "%s: %s", sql,
	    answer.text);
	return answer.text;
}

void
storage_exec(const char *name, const char *sql)
{
	free(run(name, STORAGE_GUARDED, sql));
}

void
storage_tamper(const char *name, const char *sql)
{
	free(run(name, STORAGE_UNGUARDED, sql));
}

bool
storage_refuses(const char *name, const char *sql)
{
	struct storage_answer answer = chosen()->run(name, STORAGE_GUARDED,
	    sql);

	ck_assert_msg(answer.result != STORAGE_FAILED, "%s: %s", sql,
	    answer.text);
	free(answer.text);
	return answer.result == STORAGE_REFUSED;
}

char *
storage_text(const char *name, const char *sql)
{
	char *text = run(name, STORAGE_GUARDED, sql);

	return text != NULL ? text : strdup("NULL");
}

int64_t
storage_number(const char *name, const char *sql)
{
	char *text = storage_text(name, sql), *end;
	int64_t number = strtoll(text, &end, 10);

	ck_assert_msg(end != text && *end == '\0', "%s: %s", sql, text);
	free(text);
	return number;
}

void
storage_fail(const char *name)
{
	chosen()->arm(name);
}

bool
storage_disarm(const char *name)
{
	return chosen()->disarm(name);
}

void
storage_disconnect(const char *name)
{
	chosen()->disconnect(name);
}
