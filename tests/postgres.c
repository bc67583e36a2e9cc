#include "postgres.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>
#include <fcntl.h>
#include <libpq-fe.h>

enum {
	SERVERS_MAX = 8,
	OPTIONS_MAX = 16,
	PATH_BYTES = 512,
	VALUE_BYTES = 65536,
	SKIPPED = 77
};

static const char ready[] = "ready to accept connections\n";

/* Folders of servers, each with the process that removes it in the end. */
static struct {
	pid_t	 owner;
	char	 folder[POSTGRES_FOLDER_BYTES];
} made[SERVERS_MAX];

static struct postgres shared;

/* For what happens before tests, too, which check's own words are not. */
static void
must(bool is_well, const char *what)
{
	if (is_well)
		return;
	perror(what);
	exit(EXIT_FAILURE);
}

static void
find_tool(char path[PATH_BYTES])
{
	const char *srcdir = getenv("srcdir");

	must(snprintf(path, PATH_BYTES, "%s/tests/postgres",
	    srcdir == NULL ? "." : srcdir) < PATH_BYTES, "srcdir");
}

/*
 * Run tests/postgres with two arguments; returns its exit status.  What it prints
 * goes to out, without the last newline.
 */
static int
run_tool(const char *command, const char *folder, char *out, size_t size)
{
	char path[PATH_BYTES];
	int fds[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	find_tool(path);
	must(pipe2(fds, O_CLOEXEC) == 0, "pipe");
	pid = fork();
	must(pid != -1, "fork");
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execl(path, path, command, folder, (char *)NULL);
		perror(path);
		_exit(127);
	}
	close(fds[1]);
	while ((n = read(fds[0], out + len, size - 1 - len)) > 0)
		len += (size_t)n;
	out[len > 0 ? len - 1 : 0] = '\0';
	close(fds[0]);
	must(waitpid(pid, &status, 0) == pid, "wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void
remove_folder(const char *folder)
{
	char out[8];

	(void)run_tool("remove", folder, out, sizeof(out));
}

/* Tests that check forks end by exit(), too. */
static void
remove_made(void)
{
	for (size_t i = 0; i < SERVERS_MAX; i++)
		if (made[i].owner == getpid())
			remove_folder(made[i].folder);
}

static void
remember(const char *folder)
{
	static bool is_registered;
	size_t i = 0;

	if (!is_registered)
		must(atexit(remove_made) == 0, "atexit");
	is_registered = true;
	while (made[i].owner != 0)
		must(++i < SERVERS_MAX, "too many servers");
	made[i].owner = getpid();
	strcpy(made[i].folder, folder);
}

static void
forget(const char *folder)
{
	for (size_t i = 0; i < SERVERS_MAX; i++)
		if (strcmp(made[i].folder, folder) == 0)
			made[i].owner = 0;
}

/*
 * A process beside the server takes what it says to FOLDER/log, as a full pipe
 * would stop it, until all its processes have closed it.
 */
static void
run_pump(int said, int told, const char *folder)
{
	char path[PATH_BYTES], line[1024];
	FILE *in = fdopen(said, "r"), *out;
	bool is_ready = false;

	snprintf(path, sizeof(path), "%s/log", folder);
	out = fopen(path, "a");
	while (in != NULL && out != NULL &&
	    fgets(line, sizeof(line), in) != NULL) {
		fputs(line, out);
		fflush(out);
		if (!is_ready && strstr(line, ready) != NULL)
			is_ready = write(told, "", 1) == 1;
	}
	_exit(0);
}

static void
run_server(int said, const char *folder, const char *const *options)
{
	char path[PATH_BYTES];
	const char *args[OPTIONS_MAX + 4] = { path, "serve", folder };
	size_t n = 3;

	find_tool(path);
	while (options != NULL && *options != NULL && n < OPTIONS_MAX + 3)
		args[n++] = *options++;
	dup2(said, STDERR_FILENO);
	execv(path, (char **)(uintptr_t)args);
	perror(path);
	_exit(127);
}

/* The server's own child would outlive it, so the pump is ours. */
void
postgres_restart(struct postgres *server, const char *const *options)
{
	int said[2], told[2];
	pid_t pump;
	char byte;

	must(pipe2(said, O_CLOEXEC) == 0 && pipe2(told, O_CLOEXEC) == 0,
	    "pipe");
	server->pid = fork();
	must(server->pid != -1, "fork");
	if (server->pid == 0)
		run_server(said[1], server->folder, options);
	close(said[1]);
	pump = fork();
	must(pump != -1, "fork");
	if (pump == 0) {
		close(told[0]);
		run_pump(said[0], told[1], server->folder);
	}
	close(said[0]);
	close(told[1]);
	server->pump = told[0];
	must(read(server->pump, &byte, 1) == 1, "PostgreSQL does not start");
}

/* Returns the exit status of what makes a folder. */
static int
start(struct postgres *server, const char *const *options)
{
	int status;

	*server = (struct postgres){ .pid = 0 };
	status = run_tool("make", NULL, server->folder, POSTGRES_FOLDER_BYTES);
	if (status != 0)
		return status;
	remember(server->folder);
	postgres_restart(server, options);
	return 0;
}

void
postgres_start(struct postgres *server, const char *const *options)
{
	must(start(server, options) == 0, "no PostgreSQL");
}

void
postgres_end(struct postgres *server, int number)
{
	char byte;

	ck_assert_int_eq(kill(server->pid, number), 0);
	while (read(server->pump, &byte, 1) > 0)
		continue;
	close(server->pump);
	ck_assert_int_eq(waitpid(server->pid, NULL, 0), server->pid);
	server->pid = 0;
}

void
postgres_clear(struct postgres *server)
{
	if (server->pid != 0)
		postgres_end(server, SIGQUIT);
	remove_folder(server->folder);
	forget(server->folder);
}

void
postgres_need(void)
{
	const char *installed = getenv("INSTALLED");
	int status = start(&shared, NULL);

	if (status == 0)
		return;
	if (status != SKIPPED ||
	    (installed != NULL && strstr(installed, "postgresql") != NULL))
		exit(EXIT_FAILURE);
	printf("skipped: %s\n", installed != NULL ? "not selected" :
	    "there is no PostgreSQL server here");
	exit(SKIPPED);
}

static void
make_url(const struct postgres *server, const char *name, const char *user,
    char url[POSTGRES_URL_BYTES])
{
	ck_assert_int_lt(snprintf(url, POSTGRES_URL_BYTES,
	    "postgresql:///%s?host=%s&user=%s", name, server->folder, user),
	    POSTGRES_URL_BYTES);
}

void
postgres_superuser_url(const struct postgres *server, const char *name,
    char url[POSTGRES_URL_BYTES])
{
	make_url(server, name, "postgres", url);
}

/* Tests that check forks count alike, so the process is in the name. */
void
postgres_database_on(struct postgres *server, char url[POSTGRES_URL_BYTES])
{
	char name[64], sql[256];

	snprintf(name, sizeof(name), "shop_%ld_%u", (long)getpid(),
	    ++server->databases);
	snprintf(sql, sizeof(sql), "CREATE DATABASE %s OWNER buddyshopping "
	    "TEMPLATE template0", name);
	postgres_superuser_url(server, "postgres", url);
	postgres_exec(url, sql);
	make_url(server, name, "buddyshopping", url);
}

void
postgres_database(char url[POSTGRES_URL_BYTES])
{
	postgres_database_on(&shared, url);
}

const char *
postgres_value(const char *url, const char *sql)
{
	static char value[VALUE_BYTES];
	PGconn *connection = PQconnectdb(url);
	PGresult *result = PQexec(connection, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		ck_abort_msg("%s: %s", sql, PQerrorMessage(connection));
	value[0] = '\0';
	if (PQntuples(result) > 0)
		ck_assert_int_lt(snprintf(value, sizeof(value), "%s",
		    PQgetvalue(result, 0, 0)), VALUE_BYTES);
	PQclear(result);
	PQfinish(connection);
	return value;
}

void
postgres_exec(const char *url, const char *sql)
{
	(void)postgres_value(url, sql);
}

/* Until there is no such process: then its socket is closed, too. */
static void
wait_for_end(pid_t pid)
{
	while (kill(pid, 0) == 0)
		continue;
	ck_assert_int_eq(errno, ESRCH);
}

int
postgres_terminate(const char *url)
{
	char pids[VALUE_BYTES], *next = pids, *end;
	int count = 0;
	long pid;

	ck_assert_int_lt(snprintf(pids, sizeof(pids), "%s", postgres_value(url,
	    "SELECT string_agg(CAST(pid AS TEXT), ' ') "
	    "FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity "
	    "WHERE datname = current_database() "
	    "AND backend_type = 'client backend' "
	    "AND pid <> pg_backend_pid()")), sizeof(pids));
	for (; (pid = strtol(next, &end, 10)) > 0; next = end, count++)
		wait_for_end((pid_t)pid);
	return count;
}
