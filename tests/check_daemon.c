#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <sqlite3.h>
#include <uv.h>

#include "base/id.h"
#include "daemon.h"

const char suite_name[] = "daemon";

#define START "{\"event\":\"startSession\"," \
	"\"payload\":{\"customerName\":\"Ada\"}}"
#define JOIN "{\"event\":\"joinSession\"," \
	"\"payload\":{\"customerName\":\"Bob\"}}"

/* The daemon with tests/faults.c in it. */
#define FAULTY "./tests/faulty"

enum {
	/* A daemon that spins for a second uses more of the processor. */
	QUIET_CPU_MS = 150,
	DRIBBLE_MS = 100,
	DRIBBLES_MAX = 250,
	PAGE_BYTES = 4096
};

static char directory[DAEMON_PATH_MAX];
static char database[DAEMON_PATH_MAX + 16];

static void
set_up(void)
{
	directory_make(directory);
	snprintf(database, sizeof(database), "%s/shop.db", directory);
}

static void
tear_down(void)
{
	ck_assert_int_eq(chmod(directory, S_IRWXU), 0);
	directory_remove(directory);
}

/* A name beside the database, in memory of this function. */
static const char *
beside(const char *suffix)
{
	static char name[sizeof(database) + 16];

	snprintf(name, sizeof(name), "%s%s", database, suffix);
	return name;
}

static void
make_database(void)
{
	struct daemon daemon;

	daemon_start(&daemon, database, NULL);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}

/*
 * Run with the database and a setting until it ends by itself; returns the
 * status.  What explains it is there for who reads errors alone.
 */
static int
run_with(struct daemon *daemon, const char *setting)
{
	const char *args[] = { "-d", database, "-o", setting, "-o",
		"log-level=error", "0", NULL };
	int status;

	daemon_spawn(daemon, NULL, args);
	status = daemon_await_end(daemon);
	ck_assert_msg(daemon_log_lines(daemon) == 1, "%s", daemon->log);
	ck_assert_ptr_eq(strstr(daemon->log, "<3>"), daemon->log);
	args[5] = "log-level=info";
	daemon_spawn(daemon, NULL, args);
	ck_assert_int_eq(daemon_await_end(daemon), status);
	return status;
}

/* The same where no setting is to blame. */
static int
run_to_end(struct daemon *daemon)
{
	return run_with(daemon, "demo=no");
}

/* Start a session on fd; its host's id, in memory of this function. */
static const char *
start_session(int fd)
{
	static char id[ID_CUSTOMER_HEX + 1];
	struct frame frame;

	client_send_text(fd, START);
	client_await_event(fd, "startSession", &frame);
	ck_assert_int_eq(sscanf(frame.data, "{\"event\":\"startSession\","
	    "\"payload\":{\"customerId\":\"%24[0-9a-f]\"}}", id), 1);
	client_await_event(fd, "multicartUpdate", &frame);
	return id;
}

static void
send_cart(int fd, const char *id, const char *cart, unsigned seq)
{
	char text[512];

	snprintf(text, sizeof(text), "{\"event\":\"updateCart\",\"payload\":"
	    "{\"customerId\":\"%s\",\"cartContent\":%s,\"seq\":%u}}", id,
	    cart, seq);
	client_send_text(fd, text);
}

static size_t
read_file(const char *name, char *bytes, size_t size)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	ck_assert_int_ne(fd, -1);
	n = read(fd, bytes, size);
	ck_assert_int_ge(n, 0);
	ck_assert_int_lt(n, (ssize_t)size);
	close(fd);
	return (size_t)n;
}

static void
write_file(const char *name, off_t offset, const void *bytes, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(pwrite(fd, bytes, len, offset), (ssize_t)len);
	close(fd);
}

START_TEST(stopped_daemon_leaves_database_and_key_alone)
{
	struct daemon daemon;
	int fd;

	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/one");
	start_session(fd);
	daemon_signal(&daemon, _i);
	close(fd);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_OK);
	ck_assert_str_eq(directory_list(directory), "shop.db shop.db.key ");
}
END_TEST

START_TEST(started_again_it_has_the_carts)
{
	struct daemon daemon;
	struct frame frame;
	int fd;

	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/one");
	send_cart(fd, start_session(fd), "{\"tea\":1}", 1);
	client_await_event(fd, "updateCart", &frame);
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);

	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/one");
	client_send_text(fd, JOIN);
	client_await_event(fd, "multicartUpdate", &frame);
	ck_assert_ptr_nonnull(strstr(frame.data, "\"name\":\"Ada\""));
	ck_assert_ptr_nonnull(strstr(frame.data, "{\"tea\":1}"));
	ck_assert_ptr_nonnull(strstr(frame.data, "\"name\":\"Bob\""));
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(second_daemon_on_one_database_is_refused)
{
	struct daemon first, second;
	int fd;

	daemon_start(&first, database, NULL);

	ck_assert_int_eq(run_to_end(&second), EX_TEMPFAIL);
	ck_assert_uint_eq(daemon_log_lines(&second), 1);
	ck_assert_ptr_nonnull(strstr(second.log, "another daemon uses it"));
	fd = client_open(&first, "/one");
	start_session(fd);
	close(fd);
	ck_assert_int_eq(daemon_stop(&first), EX_OK);
}
END_TEST

START_TEST(killed_daemon_is_no_hindrance_to_the_next)
{
	struct daemon daemon;
	struct frame frame;
	int fd;

	daemon_start(&daemon, database, NULL);
	start_session(client_open(&daemon, "/one"));
	daemon_signal(&daemon, SIGKILL);
	ck_assert_int_eq(daemon_await_end(&daemon), DAEMON_SIGNALLED + SIGKILL);

	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/one");
	client_send_text(fd, JOIN);
	client_await_event(fd, "multicartUpdate", &frame);
	ck_assert_ptr_nonnull(strstr(frame.data, "\"name\":\"Ada\""));
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

/* What the database of another daemon would not look like. */

static void
make_text(void)
{
	static const char text[200] = "Dear diary, today I have";

	write_file(database, 0, text, sizeof(text));
}

static void
make_empty(void)
{
	write_file(database, 0, "", 0);
}

static void
make_foreign(void)
{
	make_database();
	write_file(database, 68, "ABCD", 4);	/* application_id */
}

static void
make_newer(void)
{
	make_database();
	write_file(database, 60, "\0\0\1\0", 4);	/* user_version */
}

static void
make_truncated(void)
{
	make_database();
	ck_assert_int_eq(truncate(database, PAGE_BYTES + 100), 0);
}

static void
make_corrupt(void)
{
	char bytes[PAGE_BYTES - 100];

	make_database();
	memset(bytes, 0xff, sizeof(bytes));
	write_file(database, 100, bytes, sizeof(bytes));	/* the schema */
}

static void
change_database(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(database, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void
make_narrow(void)
{
	make_database();
	change_database("ALTER TABLE session DROP COLUMN active_ms");
}

static void
make_read_only(void)
{
	make_database();
	ck_assert_int_eq(chmod(database, S_IRUSR), 0);
}

static void
make_read_only_directory(void)
{
	make_database();
	ck_assert_int_eq(chmod(directory, S_IRUSR | S_IXUSR), 0);
}

static const struct {
	void	(*make)(void);
	int	 status;
	const char *words;	/* in its log line */
} unfit[] = {
	{ make_text, EX_DATAERR, "shop.db: is not a database" },
	{ make_empty, EX_DATAERR, "shop.db: is an empty file" },
	{ make_foreign, EX_DATAERR, "shop.db: is another program's" },
	{ make_newer, EX_DATAERR, "shop.db: is of a newer version" },
	{ make_truncated, EX_DATAERR, "shop.db: is truncated" },
	{ make_corrupt, EX_DATAERR, "shop.db: cannot be opened" },
	{ make_narrow, EX_DATAERR, "no column named active_ms" },
	{ make_read_only, EX_CANTCREAT, "shop.db: cannot be written" },
	{ make_read_only_directory, EX_CANTCREAT,
	    "shop.db.lock: cannot be opened: Permission denied" },
};

enum { UNFIT = sizeof(unfit) / sizeof(unfit[0]) };

START_TEST(unfit_database_is_refused_and_left_alone)
{
	char before[262144], after[262144], names[1024];
	struct daemon daemon;
	size_t len;

	unfit[_i].make();
	len = read_file(database, before, sizeof(before));
	snprintf(names, sizeof(names), "%s", directory_list(directory));

	ck_assert_int_eq(run_to_end(&daemon), unfit[_i].status);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_nonnull(strstr(daemon.log, unfit[_i].words));
	ck_assert_uint_eq(read_file(database, after, sizeof(after)), len);
	ck_assert_mem_eq(after, before, len);
	ck_assert_str_eq(directory_list(directory), names);
}
END_TEST

START_TEST(database_in_no_directory_is_refused)
{
	struct daemon daemon;

	snprintf(database, sizeof(database), "%s/none/x.db", directory);

	ck_assert_int_eq(run_to_end(&daemon), EX_CANTCREAT);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_nonnull(strstr(daemon.log, "No such file or directory"));
}
END_TEST

START_TEST(key_of_another_length_is_refused)
{
	struct daemon daemon;

	make_database();
	ck_assert_int_eq(truncate(beside(".key"), ID_KEY_BYTES - 1), 0);

	ck_assert_int_eq(run_to_end(&daemon), EX_IOERR);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_nonnull(strstr(daemon.log, "is not a key of 32 bytes"));
}
END_TEST

START_TEST(key_is_made_once_for_its_owner_alone)
{
	char first[64], second[64];
	struct stat st;

	make_database();
	ck_assert_int_eq(stat(beside(".key"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, S_IRUSR | S_IWUSR);
	ck_assert_uint_eq(read_file(beside(".key"), first, sizeof(first)),
	    ID_KEY_BYTES);
	make_database();

	read_file(beside(".key"), second, sizeof(second));
	ck_assert_mem_eq(second, first, ID_KEY_BYTES);
}
END_TEST

START_TEST(lost_key_is_made_anew_with_a_warning_if_it_mattered)
{
	struct daemon daemon;
	int fd;

	make_database();
	ck_assert_int_eq(unlink(beside(".key")), 0);
	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/one");
	start_session(fd);
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_null(strstr(daemon.log, "all tokens are void"));
	ck_assert_int_eq(unlink(beside(".key")), 0);

	daemon_start(&daemon, database, NULL);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_nonnull(strstr(daemon.log, "<4>store: "));
	ck_assert_ptr_nonnull(strstr(daemon.log, "all tokens are void"));
}
END_TEST

START_TEST(good_configuration_is_called_valid)
{
	const char *const args[] = { "-t", "-o", "max-message=1000",
		"-d", database, NULL };
	struct daemon daemon;

	daemon_spawn(&daemon, NULL, args);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_OK);
	ck_assert_str_eq(daemon.log, "configuration is valid\n");
	ck_assert_str_eq(directory_list(directory), "");
}
END_TEST

START_TEST(owners_that_the_unit_forbids_are_warned_of)
{
	const char *const args[] = { "-t", "-o", "fastcgi-owner=0",
		"-o", "fastcgi-listen=unix:/run/x", "-o", "listen-owner=:0",
		"-o", "listen=unix:/run/y", NULL };
	const char *const without[] = { "-t", "-o", "fastcgi-owner=0",
		"-o", "fastcgi-listen=127.0.0.1:9000", NULL };
	struct daemon daemon;

	daemon_spawn(&daemon, NULL, args);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_OK);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 3);
	ck_assert_ptr_nonnull(strstr(daemon.log, "warning: listen-owner: "));
	ck_assert_ptr_nonnull(strstr(daemon.log, "warning: fastcgi-owner: "));
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "use buddyshopping-fastcgi.socket there\n"));
	daemon_spawn(&daemon, NULL, without);
	ck_assert_int_eq(daemon_await_end(&daemon), EX_OK);
	ck_assert_str_eq(daemon.log, "configuration is valid\n");
}
END_TEST

/* Trying again would change nothing: it is no EX_OSERR. */
START_TEST(owner_that_cannot_be_set_is_a_mistake_of_the_configuration)
{
	char socket[512];
	const char *const args[] = { "-d", database, "-o", socket,
		"-o", "fastcgi-owner=1", "0", NULL };
	struct daemon daemon;

	(void)snprintf(socket, sizeof(socket), "fastcgi-listen=unix:%s",
	    beside(".fastcgi"));
	/* Of root, too; nobody else has it, and then this fails. */
	(void)prctl(PR_CAPBSET_DROP, CAP_CHOWN);
	daemon_spawn(&daemon, NULL, args);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(daemon.log, "<3>fastcgi-owner: the daemon "
	    "may not give files away: with systemd use "
	    "buddyshopping-fastcgi.socket\n"));
	ck_assert_int_eq(access(beside(".fastcgi"), F_OK), -1);
}
END_TEST

START_TEST(bad_configuration_is_refused_with_file_line_and_key)
{
	static const char config[] = "max-message = 1000\nhost = x\n";
	const char *const args[] = { "-t", "-c", beside(".conf"), NULL };
	struct daemon daemon;

	write_file(beside(".conf"), 0, config, sizeof(config) - 1);
	daemon_spawn(&daemon, NULL, args);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_CONFIG);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_nonnull(strstr(daemon.log, "shop.db.conf:2: host: "));
}
END_TEST

/* Be nobody who may look into processes that do not let him. */
static void
drop_ptrace(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	const __u32 others = ~CAP_TO_MASK(CAP_SYS_PTRACE);

	/* Nor may our children; it fails where there is nothing to lose. */
	(void)prctl(PR_CAPBSET_DROP, CAP_SYS_PTRACE);
	ck_assert_int_eq(syscall(SYS_capget, &header, sets), 0);
	sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective &= others;
	sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].permitted &= others;
	sets[CAP_TO_INDEX(CAP_SYS_PTRACE)].inheritable = 0;
	ck_assert_int_eq(syscall(SYS_capset, &header, sets), 0);
}

static const struct {
	const char *setting;
	int	 error;		/* of a look into it; 0 for none */
} dumps[] = {
	{ "core-dumps=no", EACCES },
	{ "core-dumps=yes", 0 },
};

/* The kernel dumps what it would show to others of the same user. */
START_TEST(memory_is_dumped_only_if_that_is_wanted)
{
	const char *const args[] = { "-o", dumps[_i].setting, NULL };
	struct daemon daemon;
	char name[64], folder[4096];
	ssize_t n;

	drop_ptrace();
	daemon_start(&daemon, database, args);
	snprintf(name, sizeof(name), "/proc/%ld/cwd", (long)daemon.pid);
	n = readlink(name, folder, sizeof(folder));

	ck_assert_int_eq(n == -1 ? errno : 0, dumps[_i].error);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(version_is_that_of_the_package)
{
	const char *const args[] = { "-V", NULL };
	struct daemon daemon;

	daemon_spawn(&daemon, NULL, args);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_OK);
	ck_assert_ptr_eq(strstr(daemon.log, PACKAGE_STRING "\n"), daemon.log);
}
END_TEST

static void
make_nothing(void)
{
}

static void
make_file(void)
{
	write_file(beside(".file"), 0, "", 0);
}

static void
make_directory(void)
{
	ck_assert_int_eq(mkdir(database, S_IRWXU), 0);
}

static void
make_unreadable_key(void)
{
	make_database();
	ck_assert_int_eq(unlink(beside(".key")), 0);
	ck_assert_int_eq(mkdir(beside(".key"), S_IRWXU), 0);
}

static const struct {
	void	(*make)(void);
	const char *setting;
	const char *suffix;	/* of a path beside the database; or NULL */
	int	 status;
	const char *words;
} starts[] = {
	{ make_directory, "demo=no", NULL, EX_DATAERR, "is a directory" },
	{ make_unreadable_key, "demo=no", NULL, EX_IOERR, "cannot be read" },
	{ make_nothing, "max-message=x", NULL, EX_CONFIG, "max-message" },
	{ make_nothing, "none=7", NULL, EX_CONFIG, "none" },
	{ make_nothing, "fastcgi-listen=192.0.2.1:1", NULL, EX_OSERR,
	    "192.0.2.1:1: Cannot assign" },
	{ make_nothing, "fastcgi-listen=unix:", "/none", EX_OSERR,
	    "Not a directory" },
	{ make_nothing, "admin-listen=unix:", "/none", EX_OSERR,
	    "Not a directory" },
	{ make_file, "fastcgi-listen=unix:", ".file", EX_OSERR,
	    "is no socket" },
	{ make_file, "admin-listen=unix:", ".file", EX_OSERR,
	    "is no socket" },
};

START_TEST(start_that_fails_is_explained_by_one_error)
{
	struct daemon daemon;
	char setting[512];

	starts[_i].make();
	snprintf(setting, sizeof(setting), "%s%s", starts[_i].setting,
	    starts[_i].suffix == NULL ? "" : beside(starts[_i].suffix));

	ck_assert_int_eq(run_with(&daemon, setting), starts[_i].status);
	ck_assert_ptr_nonnull(strstr(daemon.log, starts[_i].words));
}
END_TEST

static const struct {
	const char *name;
	int	 status;
	const char *words;
} handed[] = {
	{ "other", EX_CONFIG, "\"other\" of the service manager" },
	{ "http", EX_OSERR, "descriptor 3 is no listening stream socket" },
};

START_TEST(sockets_that_do_not_fit_are_refused)
{
	char command[1024];
	const char *const args[] = { "-c", command, NULL };
	struct daemon daemon;

	snprintf(command, sizeof(command), "LISTEN_PID=$$ LISTEN_FDS=1 "
	    "LISTEN_FDNAMES=%s exec ./src/buddyshopping -o core-dumps=yes "
	    "-o log-level=error -d %s 0 3</dev/null", handed[_i].name,
	    database);
	daemon_spawn(&daemon, "/bin/sh", args);

	ck_assert_int_eq(daemon_await_end(&daemon), handed[_i].status);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_nonnull(strstr(daemon.log, handed[_i].words));
}
END_TEST

START_TEST(default_directory_that_cannot_be_made_is_refused)
{
	const char *const args[] = { "-o", "log-level=error", "0", NULL };
	struct daemon daemon;

	make_file();
	ck_assert_int_eq(unsetenv("STATE_DIRECTORY"), 0);
	ck_assert_int_eq(setenv("XDG_STATE_HOME", beside(".file"), 1), 0);
	daemon_spawn(&daemon, NULL, args);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_CANTCREAT);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_nonnull(strstr(daemon.log, "shop.db.file/buddyshopping: "
	    "cannot be made: Not a directory"));
}
END_TEST

static const char *const port_settings[] = {
	"listen", "fastcgi-listen", "admin-listen",
};

START_TEST(port_of_another_program_is_refused)
{
	char setting[64];
	const char *const args[] = { "-d", beside(".other"), "-o",
		"log-level=error", "-o", "listen=127.0.0.1:0", "-o", setting,
		NULL };
	struct daemon first, second;

	daemon_start(&first, database, NULL);
	snprintf(setting, sizeof(setting), "%s=127.0.0.1:%u",
	    port_settings[_i], first.port);
	daemon_spawn(&second, NULL, args);

	ck_assert_int_eq(daemon_await_end(&second), EX_OSERR);
	ck_assert_uint_eq(daemon_log_lines(&second), 1);
	ck_assert_ptr_nonnull(strstr(second.log, "<3>listener: 127.0.0.1:"));
	ck_assert_ptr_nonnull(strstr(second.log, "Address already in use"));
	ck_assert_int_eq(daemon_stop(&first), EX_OK);
}
END_TEST

static void
lose_database(void)
{
	ck_assert_int_eq(unlink(database), 0);
}

static void
lose_log(void)
{
	ck_assert_int_eq(unlink(beside("-wal")), 0);
}

static void
replace_database(void)
{
	write_file(beside(".other"), 0, "other", 5);
	ck_assert_int_eq(rename(beside(".other"), database), 0);
}

static void (*const losses[])(void) = {
	lose_database, lose_log, replace_database
};

START_TEST(lost_database_ends_the_daemon_and_acknowledges_nothing)
{
	const char *const args[] = { "-o", "log-level=error", NULL };
	struct daemon daemon;
	const char *id;
	int fd;

	daemon_start(&daemon, database, args);
	fd = client_open(&daemon, "/one");
	id = start_session(fd);
	losses[_i]();
	send_cart(fd, id, "{}", 1);

	ck_assert_str_eq(client_read_rest(fd), "");
	ck_assert_int_eq(daemon_await_end(&daemon), EX_IOERR);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "was removed or replaced while in use"));
	close(fd);
}
END_TEST

/* Read the ping that comes after a second of silence, and answer it. */
static void
await_ping(int fd)
{
	static const uint8_t pong[] = { 0x8a, 0x80, 1, 2, 3, 4 };
	struct frame frame;

	client_read_frame(fd, &frame);
	ck_assert_int_eq(frame.opcode, 9);
	client_send(fd, pong, sizeof(pong));
}

/* A restart would find it again: it is not EX_IOERR. */
START_TEST(what_cannot_be_in_the_database_ends_the_daemon)
{
	struct daemon daemon;
	int fd;

	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/one");
	(void)start_session(fd);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	change_database("UPDATE session SET revision = -1");
	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/one");
	client_send_text(fd, START);

	ck_assert_str_eq(client_read_rest(fd), "");
	ck_assert_int_eq(daemon_await_end(&daemon), EX_DATAERR);
	ck_assert_ptr_nonnull(strstr(daemon.log, "<3>store: "));
	ck_assert_ptr_nonnull(strstr(daemon.log, "shop.db: row 1 of session: "
	    "revision is out of range\n"));
	ck_assert_ptr_null(strstr(strstr(daemon.log, "<3>") + 1, "<3>"));
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

/*
 * Start FAULTY with a setting; the switch of its fault is fault's file, still
 * absent.
 */
static void
start_faulty(struct daemon *daemon, const char *fault, const char *setting)
{
	const char *const args[] = { "-o", "core-dumps=yes", "-d", database,
		"-o", setting, "0", NULL };

	ck_assert_int_eq(setenv(fault, beside(".fault"), 1), 0);
	daemon_spawn(daemon, FAULTY, args);
	daemon_await_ready(daemon);
}

START_TEST(failed_flush_ends_the_daemon_and_acknowledges_nothing)
{
	struct daemon daemon;
	const char *id;
	int fd;

	start_faulty(&daemon, "FAULT_SYNC", "log-level=error");
	fd = client_open(&daemon, "/one");
	id = start_session(fd);
	write_file(beside(".fault"), 0, "", 0);
	send_cart(fd, id, "{}", 1);

	ck_assert_str_eq(client_read_rest(fd), "");
	ck_assert_int_eq(daemon_await_end(&daemon), EX_IOERR);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_int_eq(unlink(beside(".fault")), 0);
	make_database();
	close(fd);
}
END_TEST

enum { CROWD = 200 };

static const int signals_at_end[] = { SIGTERM, SIGHUP };

START_TEST(signal_while_a_failed_daemon_ends_changes_nothing)
{
	struct daemon daemon;
	const char *id;
	int others[CROWD], fd, idle;
	size_t i;

	start_faulty(&daemon, "FAULT_SYNC", "demo=no");
	idle = client_connect(&daemon);
	for (i = 0; i < CROWD; i++)
		others[i] = client_open(&daemon, "/one");
	fd = client_open(&daemon, "/one");
	id = start_session(fd);
	write_file(beside(".fault"), 0, "", 0);
	send_cart(fd, id, "{}", 1);
	/* Connections of HTTP are closed before WebSockets, which take a while. */
	ck_assert_str_eq(client_read_rest(idle), "");
	daemon_signal(&daemon, signals_at_end[_i]);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_IOERR);
	ck_assert_int_eq(unlink(beside(".fault")), 0);
	make_database();
	for (i = 0; i < CROWD; i++)
		close(others[i]);
	close(idle);
	close(fd);
}
END_TEST

/* What a service manager sets that wants seven signs of life a second. */
static void
want_watchdog(void)
{
	ck_assert_int_eq(setenv("WATCHDOG_USEC", "300000", 1), 0);
	ck_assert_int_eq(unsetenv("WATCHDOG_PID"), 0);
}

START_TEST(idle_daemon_feeds_its_watchdog)
{
	struct daemon daemon;
	int i;

	want_watchdog();
	daemon_start(&daemon, database, NULL);

	for (i = 0; i < 3; i++) {
		daemon_await_notice(&daemon, "WATCHDOG=1");
		ck_assert_str_eq(daemon.notice, "WATCHDOG=1");
	}
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(daemon_that_nobody_watches_feeds_no_watchdog)
{
	const char *const args[] = { "-o", "ping-interval=1", NULL };
	struct daemon daemon;
	int fd;

	want_watchdog();
	ck_assert_int_eq(setenv("WATCHDOG_PID", "1", 1), 0);
	daemon_start(&daemon, database, args);
	fd = client_open(&daemon, "/one");
	await_ping(fd);

	ck_assert_uint_eq(daemon_skip_notices(&daemon), 0);
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(hanging_disk_starves_the_watchdog_although_the_loop_goes_on)
{
	struct daemon daemon;
	int fd, gate;

	want_watchdog();
	start_faulty(&daemon, "FAULT_HANG", "ping-interval=1");
	fd = client_open(&daemon, "/one");
	ck_assert_int_eq(mkfifo(beside(".fault"), S_IRUSR | S_IWUSR), 0);
	client_send_text(fd, START);
	gate = open(beside(".fault"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ne(gate, -1);	/* the storage thread is in there */
	(void)daemon_skip_notices(&daemon);	/* of before */
	await_ping(fd);
	/* One may have been on its way. */
	ck_assert_uint_le(daemon_skip_notices(&daemon), 1);

	ck_assert_int_eq(unlink(beside(".fault")), 0);
	close(gate);
	daemon_await_notice(&daemon, "WATCHDOG=1");
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(full_disk_refuses_changes_until_there_is_room)
{
	struct daemon daemon;
	struct frame frame;
	const char *id;
	int fd;

	start_faulty(&daemon, "FAULT_WRITE", "demo=no");
	fd = client_open(&daemon, "/one");
	id = start_session(fd);
	write_file(beside(".fault"), 0, "", 0);
	send_cart(fd, id, "{\"a\":1}", 1);
	client_await_event(fd, "error", &frame);
	ck_assert_ptr_nonnull(strstr(frame.data, "\"storageUnavailable\""));
	ck_assert_ptr_nonnull(strstr(frame.data, "\"retryAfter\":"));

	ck_assert_int_eq(unlink(beside(".fault")), 0);
	send_cart(fd, id, "{\"a\":1}", 1);
	client_await_event(fd, "updateCart", &frame);
	ck_assert_str_eq(frame.data,
	    "{\"event\":\"updateCart\",\"payload\":{\"seq\":1}}");
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

/* For longer than the daemon waits, which itself finds sessions in use. */
START_TEST(database_locked_by_another_refuses_changes_and_nothing_else)
{
	static const char *const args[] = { "-osession-ttl=10", NULL };
	struct daemon daemon;
	struct frame frame;
	sqlite3 *db;
	int fd;

	daemon_start(&daemon, database, args);
	ck_assert_int_eq(sqlite3_open(database, &db), SQLITE_OK);
	fd = client_open(&daemon, "/one");
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL,
	    NULL), SQLITE_OK);
	client_send_text(fd, START);
	client_await_event(fd, "error", &frame);
	ck_assert_ptr_nonnull(strstr(frame.data, "\"storageUnavailable\""));
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);

	(void)start_session(fd); /* its id is of no interest */
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

/* Fill the pipe that the daemon logs to; how many bytes that took. */
static size_t
fill_log(const struct daemon *daemon)
{
	char junk[PAGE_BYTES], name[64];
	size_t len = 0;
	ssize_t n;
	int fd;

	memset(junk, '.', sizeof(junk));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", daemon->output);
	fd = open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	while ((n = write(fd, junk, sizeof(junk))) > 0)
		len += (size_t)n;
	ck_assert_int_eq(errno, EAGAIN);
	close(fd);
	return len;
}

static void
skip_log(const struct daemon *daemon, size_t len)
{
	char junk[PAGE_BYTES];
	ssize_t n;

	for (; len > 0; len -= (size_t)n) {
		n = read(daemon->output, junk, len < sizeof(junk) ? len :
		    sizeof(junk));
		ck_assert_int_gt(n, 0);
	}
}

/* Have the configuration read again, which logs a line. */
static void
reload_unread(struct daemon *daemon)
{
	char notice[DAEMON_NOTICE_MAX];
	ssize_t n;

	daemon_signal(daemon, SIGHUP);
	do {
		n = recv(daemon->notify, notice, sizeof(notice) - 1, 0);
		ck_assert_int_gt(n, 0);
		notice[n] = '\0';
	} while (strcmp(notice, "READY=1") != 0);
}

START_TEST(log_that_nobody_reads_holds_up_nothing)
{
	struct daemon daemon;
	struct frame frame;
	const char *id;
	size_t len;
	int fd, status;

	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/one");
	id = start_session(fd);
	len = fill_log(&daemon);
	reload_unread(&daemon);
	send_cart(fd, id, "{\"tea\":1}", 1);
	client_await_event(fd, "updateCart", &frame);
	skip_log(&daemon, len);
	daemon_signal(&daemon, SIGHUP);
	daemon_await_log(&daemon,
	    "<4>log: 1 lines were lost: nobody read them\n<6>reload: done\n");

	(void)fill_log(&daemon);
	close(fd);
	daemon_signal(&daemon, SIGTERM);
	ck_assert_int_eq(waitpid(daemon.pid, &status, 0), daemon.pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EX_OK);
	close(daemon.output);
	close(daemon.notify);
}
END_TEST

/* The line was logged before the connection ends, and is read after that. */
START_TEST(error_that_ends_the_daemon_is_told_once_the_log_is_read)
{
	struct daemon daemon;
	const char *id;
	size_t len;
	int fd;

	start_faulty(&daemon, "FAULT_SYNC", "log-level=error");
	fd = client_open(&daemon, "/one");
	id = start_session(fd);
	len = fill_log(&daemon);
	write_file(beside(".fault"), 0, "", 0);
	send_cart(fd, id, "{}", 1);
	ck_assert_str_eq(client_read_rest(fd), "");
	skip_log(&daemon, len);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_IOERR);
	ck_assert_msg(daemon_log_lines(&daemon) == 1, "%s", daemon.log);
	ck_assert_ptr_eq(strstr(daemon.log, "<3>"), daemon.log);
	close(fd);
}
END_TEST

static const char *const programs[] = {
	"./src/buddyshopping -t", "./src/buddyshoppingctl sessions",
};

enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]) };

/* A program reads its configuration while we look. */
START_TEST(standard_descriptor_that_is_closed_is_no_other_file)
{
	int closed = _i / PROGRAMS, fd;
	char command[1024], name[64], file[64] = "";
	const char *const args[] = { "-c", command, NULL };
	struct daemon daemon;

	ck_assert_int_eq(mkfifo(beside(".conf"), S_IRUSR | S_IWUSR), 0);
	snprintf(command, sizeof(command), "exec %s -c %s %d>&-",
	    programs[_i % PROGRAMS], beside(".conf"), closed);
	daemon_spawn(&daemon, "/bin/sh", args);
	fd = open(beside(".conf"), O_WRONLY | O_CLOEXEC);
	ck_assert_int_ne(fd, -1);
	snprintf(name, sizeof(name), "/proc/%ld/fd/%d", (long)daemon.pid,
	    closed);
	ck_assert_int_ne(readlink(name, file, sizeof(file) - 1), -1);
	close(fd);

	ck_assert_str_eq(file, "/dev/null");
	ck_assert_int_lt(daemon_await_end(&daemon), DAEMON_SIGNALLED);
}
END_TEST

START_TEST(stop_answers_what_was_received_and_closes_with_1012)
{
	struct daemon daemon;
	struct frame frame;
	int fd, status;

	daemon_start(&daemon, database, NULL);
	fd = client_open(&daemon, "/one");
	daemon_signal(&daemon, SIGSTOP);
	ck_assert_int_eq(waitpid(daemon.pid, &status, WUNTRACED), daemon.pid);
	client_send_text(fd, START);
	daemon_signal(&daemon, SIGTERM);
	daemon_signal(&daemon, SIGCONT);

	client_read_frame(fd, &frame);
	ck_assert_ptr_nonnull(strstr(frame.data, "\"startSession\""));
	client_read_frame(fd, &frame);
	ck_assert_ptr_nonnull(strstr(frame.data, "\"multicartUpdate\""));
	client_read_frame(fd, &frame);
	ck_assert_uint_eq(frame_close_code(&frame), 1012);
	close(fd);
	ck_assert_int_eq(daemon_await_end(&daemon), EX_OK);
}
END_TEST

/* Read the status with which the daemon closes a WebSocket. */
static unsigned
read_close(int fd)
{
	struct frame frame;

	client_read_frame(fd, &frame);
	return frame_close_code(&frame);
}

static bool
has_input(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	return poll(&poller, 1, 0) == 1;
}

START_TEST(stop_closes_websockets_one_after_the_other)
{
	const char *const args[] = { "-o", "drain-time=1", NULL };
	struct daemon daemon;
	int first, second;

	daemon_start(&daemon, database, args);
	first = client_open(&daemon, "/one");
	second = client_open(&daemon, "/one");
	daemon_signal(&daemon, SIGTERM);

	daemon_await_notice(&daemon, "STOPPING=1\n"
	    "STATUS=draining: 2 WebSockets\nEXTEND_TIMEOUT_USEC=11000000");
	ck_assert_uint_eq(read_close(second), 1012);
	ck_assert(has_input(first));
	ck_assert_uint_eq(read_close(first), 1012);
	close(first);
	close(second);
	ck_assert_int_eq(daemon_await_end(&daemon), EX_OK);
}
END_TEST

START_TEST(second_signal_closes_all_at_once_and_the_next_waits_for_nobody)
{
	const char *const args[] = { "-o", "drain-time=3600", NULL };
	struct daemon daemon;
	int fds[3], i;

	daemon_start(&daemon, database, args);
	for (i = 0; i < 3; i++)
		fds[i] = client_open(&daemon, "/one");
	daemon_signal(&daemon, SIGTERM);
	ck_assert_uint_eq(read_close(fds[0]), 1012);
	ck_assert(!has_input(fds[1]) && !has_input(fds[2]));
	daemon_signal(&daemon, SIGTERM);
	ck_assert_uint_eq(read_close(fds[1]), 1012);
	ck_assert_uint_eq(read_close(fds[2]), 1012);

	/* Nobody answers. */
	daemon_signal(&daemon, SIGTERM);
	ck_assert_int_eq(daemon_await_end(&daemon), EX_OK);
	ck_assert_ptr_nonnull(strstr(daemon.log, "<6>stopping at once\n"));
	for (i = 0; i < 3; i++)
		close(fds[i]);
}
END_TEST

#define POST_START(target) "POST " target " HTTP/1.1\r\n" \
	"Host: localhost\r\nContent-Length: 57\r\n\r\n" START
#define GET_POLL "GET /one?customerId=%s&cursor=1.1 HTTP/1.1\r\n" \
	"Host: localhost\r\nAuthorization: Bearer %s\r\n\r\n"

#define HANDSHAKE "GET /one HTTP/1.1\r\nHost: localhost\r\n" \
	"Connection: Upgrade\r\nUpgrade: websocket\r\n" \
	"Sec-WebSocket-Version: 13\r\n" \
	"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n"

enum { POLL_BYTES = 512 };	/* for one of the latter */

/* Start a session by a request; poll becomes one that would be held then. */
static int
start_by_request(const struct daemon *daemon, char poll[POLL_BYTES])
{
	char id[ID_CUSTOMER_HEX + 1], token[ID_TOKEN_CHARS + 1];
	const char *answer;
	int fd = client_connect(daemon);

	client_send(fd, POST_START("/one"), sizeof(POST_START("/one")) - 1);
	answer = client_read_answer(fd);
	ck_assert_int_eq(sscanf(strstr(answer, "{\"customerId"),
	    "{\"customerId\":\"%24[0-9a-f]\",\"token\":\"%43[^\"]", id, token),
	    2);
	snprintf(poll, POLL_BYTES, GET_POLL, id, token);
	return fd;
}

/* The same, and let that one be held. */
static int
hold_poll(const struct daemon *daemon)
{
	char poll[POLL_BYTES];
	int fd = start_by_request(daemon, poll);

	client_send(fd, poll, strlen(poll));
	return fd;
}

START_TEST(stop_answers_held_requests_and_takes_no_new_work)
{
	const char *const args[] = { "-o", "drain-time=3600", NULL };
	struct daemon daemon;
	int polling, fds[2], i;

	daemon_start(&daemon, database, args);
	polling = hold_poll(&daemon);
	for (i = 0; i < 2; i++)
		fds[i] = client_open(&daemon, "/one");
	daemon_signal(&daemon, SIGTERM);
	ck_assert_ptr_nonnull(strstr(client_read_answer(polling),
	    "\"shuttingDown\""));
	client_send(polling, POST_START("/one"),
	    sizeof(POST_START("/one")) - 1);
	ck_assert_ptr_nonnull(strstr(client_read_answer(polling), " 503 "));
	client_send(polling, HANDSHAKE, sizeof(HANDSHAKE) - 1);
	ck_assert_ptr_nonnull(strstr(client_read_answer(polling), " 503 "));

	daemon_signal(&daemon, SIGTERM);
	for (i = 0; i < 2; i++) {
		ck_assert_uint_eq(read_close(fds[i]), 1012);
		close(fds[i]);
	}
	close(polling);
	ck_assert_int_eq(daemon_await_end(&daemon), EX_OK);
}
END_TEST

/*
 * Of two requests in one piece the second would be held, or become a WebSocket,
 * while all ends.
 */
START_TEST(failed_flush_ends_the_daemon_with_requests_in_line)
{
	char poll[POLL_BYTES], both[2 * POLL_BYTES];
	struct daemon daemon;
	int fd;

	start_faulty(&daemon, "FAULT_SYNC", "log-level=error");
	fd = start_by_request(&daemon, poll);
	write_file(beside(".fault"), 0, "", 0);
	snprintf(both, sizeof(both), "%s%s", POST_START("/two"),
	    _i == 0 ? poll : HANDSHAKE);
	client_send(fd, both, strlen(both));

	ck_assert_ptr_null(strstr(client_read_rest(fd), "customerId"));
	ck_assert_int_eq(daemon_await_end(&daemon), EX_IOERR);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_int_eq(unlink(beside(".fault")), 0);
	make_database();
	close(fd);
}
END_TEST

/*
 * To hold a request libmicrohttpd takes its socket out of its watch, where that
 * is: not before it has looked in vain for what comes behind an answer, as it
 * has by the time of the second answer on another connection.  It holds those
 * behind which it has read more.
 */
START_TEST(panic_of_libmicrohttpd_is_an_internal_error)
{
	static const char other[] = "OPTIONS /one HTTP/1.1\r\n"
	    "Host: localhost\r\n\r\n";
	char poll[POLL_BYTES], both[2 * POLL_BYTES];
	struct daemon daemon;
	int fd, others, i;

	start_faulty(&daemon, "FAULT_UNWATCH", "log-level=error");
	fd = start_by_request(&daemon, poll);
	others = client_connect(&daemon);
	for (i = 0; i < 2; i++) {
		client_send(others, other, sizeof(other) - 1);
		(void)client_read_head(others);
	}
	write_file(beside(".fault"), 0, "", 0);
	snprintf(both, sizeof(both), "%s%s", poll, poll);
	client_send(fd, both, strlen(both));

	ck_assert_int_eq(daemon_await_end(&daemon), EX_SOFTWARE);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_eq(strstr(daemon.log, "<3>http: libmicrohttpd: "),
	    daemon.log);
	ck_assert_int_eq(unlink(beside(".fault")), 0);
	make_database();
	close(others);
	close(fd);
}
END_TEST

#define GET(target, fields) \
	"GET " target " HTTP/1.1\r\nHost: localhost\r\n" fields "\r\n"
#define CLOSE "Connection: close\r\n"
#define UPGRADE "Connection: Upgrade\r\nUpgrade: websocket\r\n"

static const struct {
	const char *request;
	const char *status;
	const char *words;	/* in head or body */
} answers[] = {
	{ GET("/cart/one", CLOSE), "400", "customerId must be " },
	{ GET("/cart/one", "Origin: https://shop.example\r\n" CLOSE), "400",
	    "Access-Control-Allow-Origin: *\r\n" },
	{ GET("/cart/one?customerId=0123456789abcdef01234567", CLOSE), "401",
	    "\"code\":\"invalidToken\"," },
	{ GET("/cart/one", "Origin: https://evil.example\r\n" UPGRADE), "403",
	    "{\"messages\":[{\"event\":\"error\",\"payload\":"
	    "{\"code\":\"originNotAllowed\"," },
	{ GET("/cart/a%20b", UPGRADE), "400", "\"code\":\"invalidSession\"," },
	{ GET("/cart/..", UPGRADE), "400", "\"code\":\"invalidSession\"," },
	{ GET("/cart/x/../one", CLOSE), "400", "customerId must be " },
	{ GET("/cart/", UPGRADE), "404", "\"code\":\"notFound\"," },
	{ GET("/other/one", UPGRADE), "404", "\"code\":\"notFound\"," },
	{ GET("/", CLOSE), "404", "\"code\":\"notFound\"," },
	{ GET("/cart/one", CLOSE "Content-Length: 2\r\n") "{}", "400",
	    "\"The HTTP request is malformed" },
	{ GET("/cart/one", CLOSE "Transfer-Encoding: chunked\r\n")
	    "2\r\n{}\r\n0\r\n\r\n", "400",
	    "\"The HTTP request is malformed" },
	{ GET("/cart/one", UPGRADE "Sec-WebSocket-Version: 13\r\n"), "400",
	    "\"code\":\"invalidMessage\"," },
	{ GET("/cart/one", UPGRADE "Sec-WebSocket-Version: 8\r\n"
	    "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n"), "426",
	    "Sec-WebSocket-Version: 13\r\n" },
	{ "GET /cart/one HTTP/1.1\r\n\r\n", "400", "" },
	/* What libmicrohttpd may take for the end of the head. */
	{ "GET / HTTP/1.1\r\nHost: localhost\r\n" CLOSE "\n", "400", "" },
	{ GET("/", CLOSE ": a\r\n"), "400", "" },
	{ GET("/", CLOSE "A: b\r\n c\r\n"), "400", "" },
};

enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

START_TEST(requests_that_cannot_become_websockets_get_their_status)
{
	const char *const args[] = { "-o", "base-path=/cart/", "-o",
		"allowed-origins=https://shop.example", NULL };
	struct daemon daemon;
	char expected[32];
	const char *answer;
	int fd;

	daemon_start(&daemon, database, args);
	fd = client_connect(&daemon);
	client_send(fd, answers[_i].request, strlen(answers[_i].request));
	answer = client_read_answer(fd);

	snprintf(expected, sizeof(expected), "HTTP/1.1 %s ",
	    answers[_i].status);
	ck_assert_ptr_eq(strstr(answer, expected), answer);
	ck_assert_ptr_nonnull(strstr(answer, answers[_i].words));
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

/* A byte now and then, for longer than any head may take. */
START_TEST(dribbled_head_is_cut_at_its_deadline)
{
	static const char head[] = "GET /one HTTP/1.1\r\nHost: a\r\nX: ";
	const char *const args[] = { "-o", "head-timeout=1", NULL };
	struct pollfd poller = { .events = POLLIN };
	struct daemon daemon;
	int dribbles = 0;

	daemon_start(&daemon, database, args);
	poller.fd = client_connect(&daemon);
	client_send(poller.fd, head, sizeof(head) - 1);
	while (poll(&poller, 1, DRIBBLE_MS) == 0) {
		client_send(poller.fd, "x", 1);
		ck_assert_int_lt(dribbles++, DRIBBLES_MAX);
	}

	ck_assert_int_gt(dribbles, 2);
	ck_assert_str_eq(client_read_rest(poller.fd), "");
	close(poller.fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

static const char plain_get[] = GET("/one", CLOSE);

START_TEST(connections_above_the_limit_wait_without_spinning)
{
	const char *const args[] = { "-o", "max-connections=2", "-o",
		"ping-interval=1", NULL };
	struct daemon daemon;
	int first, second, third;
	uint64_t cpu_ms;

	daemon_start(&daemon, database, args);
	first = client_open(&daemon, "/one");
	(void)start_session(first);
	second = client_open(&daemon, "/two");
	(void)start_session(second);
	third = client_connect(&daemon);
	client_send(third, plain_get, sizeof(plain_get) - 1);
	daemon_await_log(&daemon, "max-connections (2) are reached");
	cpu_ms = daemon_cpu_ms(&daemon);
	await_ping(first);
	ck_assert_uint_lt(daemon_cpu_ms(&daemon) - cpu_ms, QUIET_CPU_MS);
	ck_assert_int_eq(recv(third, &cpu_ms, 1, MSG_DONTWAIT), -1);

	close(second);
	ck_assert_ptr_nonnull(strstr(client_read_head(third), " 400 "));
	close(first);
	close(third);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

/* Leave the daemon as many free descriptors. */
static void
limit_descriptors(const struct daemon *daemon, size_t n)
{
	struct rlimit limit;

	limit.rlim_cur = limit.rlim_max = daemon_descriptor_limit(daemon, n);
	ck_assert_int_eq(prlimit(daemon->pid, RLIMIT_NOFILE, &limit, NULL), 0);
}

START_TEST(want_of_descriptors_is_waited_out_without_spinning)
{
	const char *const args[] = { "-o", "ping-interval=1", NULL };
	struct daemon daemon;
	int first, second, third;
	uint64_t cpu_ms;

	daemon_start(&daemon, database, args);
	first = client_open(&daemon, "/one");
	await_ping(first);
	limit_descriptors(&daemon, 1);
	second = client_connect(&daemon);
	third = client_connect(&daemon);
	client_send(third, plain_get, sizeof(plain_get) - 1);
	daemon_await_log(&daemon,
	    "no connections are accepted for now: Too many open files");
	cpu_ms = daemon_cpu_ms(&daemon);
	await_ping(first);
	ck_assert_uint_lt(daemon_cpu_ms(&daemon) - cpu_ms, QUIET_CPU_MS);

	close(second);
	ck_assert_ptr_nonnull(strstr(client_read_head(third), " 400 "));
	close(first);
	close(third);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 4);
}
END_TEST

/* Ask by fd for a client at an address; the status of the answer. */
static int
status_for_client(int fd, const char *address)
{
	char request[256];
	int len, status;

	len = snprintf(request, sizeof(request), "GET /one HTTP/1.1\r\n"
	    "Host: localhost\r\nX-Forwarded-For: %s\r\n"
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n", address);
	client_send(fd, request, (size_t)len);
	ck_assert_int_eq(sscanf(client_read_head(fd), "HTTP/1.1 %d ",
	    &status), 1);
	return status;
}

/* Whether trusted-proxies has unix, and what a client's second WebSocket is. */
static const struct {
	const char *setting;
	int	 status;
} proxies[] = {
	{ "trusted-proxies=unix", 429 },
	{ "trusted-proxies=127.0.0.1", 101 },
};

START_TEST(web_server_on_a_unix_socket_may_be_trusted)
{
	char path[sizeof(database) + 16], listen[sizeof(path) + 64];
	const char *const args[] = { "-d", database, "-o", listen, "-o",
		"max-connections-per-address=1", "-o", proxies[_i].setting,
		NULL };
	struct daemon daemon;
	int fds[3], i;

	snprintf(path, sizeof(path), "%s", beside(".http"));
	snprintf(listen, sizeof(listen), "listen=unix:%s,127.0.0.1:0", path);
	daemon_spawn(&daemon, NULL, args);
	daemon_await_notice(&daemon, "READY=1\nSTATUS=listening on unix:");
	for (i = 0; i < 3; i++)
		fds[i] = client_connect_unix(path);

	ck_assert_int_eq(status_for_client(fds[0], "192.0.2.1"), 101);
	ck_assert_int_eq(status_for_client(fds[1], "192.0.2.2"), 101);
	ck_assert_int_eq(status_for_client(fds[2], "192.0.2.1"),
	    proxies[_i].status);
	for (i = 0; i < 3; i++)
		close(fds[i]);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_ptr_nonnull(strstr(daemon.log, "listening on 127.0.0.1:"));
}
END_TEST

START_TEST(few_descriptors_mean_few_connections)
{
	const struct rlimit limit = { .rlim_cur = 70, .rlim_max = 70 };
	struct daemon daemon;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	daemon_start(&daemon, database, NULL);

	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "at most 6 connections: the limit of open files is 70"));
}
END_TEST

START_TEST(webhooks_have_descriptors_of_their_own)
{
	const struct rlimit limit = { .rlim_cur = 102, .rlim_max = 102 };
	static const char secret[] =
	    "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n";
	char secret_option[sizeof(database) + 32];
	const char *const args[] = { "-o", "webhook-url=https://127.0.0.1:1/",
	    "-o", secret_option, NULL };
	struct daemon daemon;

	(void)unlink(beside(".secret"));	/* there may be none */
	write_file(beside(".secret"), 0, secret, strlen(secret));
	ck_assert_int_eq(chmod(beside(".secret"), 0600), 0);
	snprintf(secret_option, sizeof(secret_option), "webhook-secret=%s",
	    beside(".secret"));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	daemon_start(&daemon, database, args);

	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "at most 6 connections: the limit of open files is 102"));
}
END_TEST

static void
put_config(const char *text)
{
	(void)unlink(beside(".conf"));	/* there may be none */
	write_file(beside(".conf"), 0, text, strlen(text));
}

/* Start with a configuration file and a setting on the command line. */
static void
start_with(struct daemon *daemon, const char *config, const char *setting)
{
	char path[sizeof(database) + 16];
	const char *const args[] = { "-c", path, "-o", setting, NULL };

	snprintf(path, sizeof(path), "%s", beside(".conf"));
	put_config(config);
	daemon_start(daemon, database, args);
}

/* Let it read its configuration again; when it has, that is logged. */
static void
reload(struct daemon *daemon)
{
	daemon_signal(daemon, SIGHUP);
	daemon_await_notice(daemon, "RELOADING=1\nMONOTONIC_USEC=");
	daemon_await_notice(daemon, "READY=1");
}

/* The status of an answer to a request of a page at origin. */
static int
status_for_origin(const struct daemon *daemon, const char *origin)
{
	char request[256];
	int fd = client_connect(daemon), len, status;

	len = snprintf(request, sizeof(request), "GET /one HTTP/1.1\r\n"
	    "Host: localhost\r\nOrigin: %s\r\n\r\n", origin);
	client_send(fd, request, (size_t)len);
	ck_assert_int_eq(sscanf(client_read_answer(fd), "HTTP/1.1 %d ",
	    &status), 1);
	close(fd);
	return status;
}

/* Run with so many descriptors; true if it serves, or one line says why not. */
static bool
serves_with(unsigned descriptors)
{
	char command[1024];
	const char *const args[] = { "-c", command, NULL };
	struct pollfd fds[2];
	struct daemon daemon;

	snprintf(command, sizeof(command), "ulimit -n %u && "
	    "exec ./src/buddyshopping -o core-dumps=yes -o log-level=error "
	    "-d %s 0", descriptors, database);
	daemon_spawn(&daemon, "/bin/sh", args);
	fds[0] = (struct pollfd){ .fd = daemon.notify, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = daemon.output, .events = POLLIN };
	ck_assert_int_gt(poll(fds, 2, -1), 0);
	if (fds[0].revents != 0) {
		ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
		ck_assert_str_eq(daemon.log, "");
		return true;
	}
	ck_assert_int_eq(daemon_await_end(&daemon), EX_OSERR);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "<3>the limit of open files is "));
	return false;
}

enum {
	DESCRIPTORS_MIN = 8,	/* with fewer libraries are not loaded */
	DESCRIPTORS_MAX = 70
};

START_TEST(start_without_descriptors_enough_says_so)
{
	unsigned descriptors = DESCRIPTORS_MIN;

	while (!serves_with(descriptors))
		descriptors++;

	ck_assert_uint_gt(descriptors, DESCRIPTORS_MIN);
	ck_assert_uint_le(descriptors, DESCRIPTORS_MAX);
}
END_TEST

START_TEST(want_of_watches_at_the_start_is_an_error)
{
	struct daemon daemon;
	const char *const args[] = { "-o", "core-dumps=yes", "-o",
		"log-level=error", "-d", database, "0", NULL };

	write_file(beside(".fault"), 0, "", 0);
	ck_assert_int_eq(setenv("FAULT_WATCH", beside(".fault"), 1), 0);
	daemon_spawn(&daemon, FAULTY, args);

	ck_assert_int_eq(daemon_await_end(&daemon), EX_OSERR);
	ck_assert_uint_eq(daemon_log_lines(&daemon), 1);
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "<3>36 files cannot be watched (max_user_watches): "
	    "No space left on device\n"));
}
END_TEST

/* It stops listening while two connections are all that there may be. */
START_TEST(want_of_watches_later_ends_it_with_a_line)
{
	struct daemon daemon;
	int fds[3], i;

	/* As Debian 13 has it; Debian 12 has 1.44. */
	if (uv_version() >= 0x013200) {
		(void)printf("skipped: libuv %s keeps the watch of what is "
		    "stopped\n", uv_version_string());
		return;
	}
	start_faulty(&daemon, "FAULT_WATCH", "max-connections=2");
	for (i = 0; i < 3; i++)
		fds[i] = client_connect(&daemon);
	daemon_await_log(&daemon, "listener: max-connections (2) are reached");
	write_file(beside(".fault"), 0, "", 0);
	close(fds[0]);

	ck_assert_int_eq(daemon_await_end(&daemon), DAEMON_SIGNALLED + SIGABRT);
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "<3>aborted: the last error was: No space left on device\n"));
	close(fds[1]);
	close(fds[2]);
	ck_assert_int_eq(unlink(beside(".fault")), 0);
	ck_assert_int_eq(unlink(beside(".admin")), 0);
	make_database();
}
END_TEST

START_TEST(reload_changes_rules_for_everybody)
{
	struct daemon daemon;
	struct frame frame;
	const char *id;
	int fd;

	start_with(&daemon, "allowed-origins = \"http://a.example\"\n",
	    "demo=no");
	fd = client_open(&daemon, "/one");
	id = start_session(fd);
	ck_assert_int_eq(status_for_origin(&daemon, "http://a.example"), 400);
	ck_assert_int_eq(status_for_origin(&daemon, "http://b.example"), 403);
	put_config("allowed-origins = {\"http://b.example\"}\n"
	    "max-session-carts = 10\n");
	reload(&daemon);

	ck_assert_int_eq(status_for_origin(&daemon, "http://a.example"), 403);
	ck_assert_int_eq(status_for_origin(&daemon, "http://b.example"), 400);
	send_cart(fd, id, "{\"tea\":12345}", 1);
	client_await_event(fd, "error", &frame);
	ck_assert_ptr_nonnull(strstr(frame.data, "\"messageTooLarge\""));
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "<6>reload: max-session-carts has a new value\n"
	    "<6>reload: allowed-origins has a new value\n"
	    "<6>reload: done\n"));
}
END_TEST

static void
lose_config(void)
{
	ck_assert_int_eq(unlink(beside(".conf")), 0);
}

static void
spoil_config(void)
{
	put_config("allowed-origins = \"*\"\nmax-message = -1\nhost = x\n");
}

static const struct {
	void	(*spoil)(void);
	const char *words;	/* in the log */
} bad_reloads[] = {
	{ lose_config, "shop.db.conf: No such file or directory\n" },
	{ spoil_config, "shop.db.conf:2: max-message: not a number from " },
	{ spoil_config, "shop.db.conf:3: host: unknown key; the nearest is " },
};

START_TEST(reload_of_a_bad_file_changes_nothing)
{
	struct daemon daemon;

	start_with(&daemon, "allowed-origins = \"http://a.example\"\n",
	    "demo=no");
	bad_reloads[_i].spoil();
	reload(&daemon);

	ck_assert_int_eq(status_for_origin(&daemon, "http://a.example"), 400);
	ck_assert_int_eq(status_for_origin(&daemon, "http://b.example"), 403);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_nonnull(strstr(daemon.log, bad_reloads[_i].words));
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "<3>reload: refused: nothing was changed\n"));
}
END_TEST

START_TEST(reload_leaves_what_the_command_line_says)
{
	struct daemon daemon;

	start_with(&daemon, "", "allowed-origins=http://a.example");
	put_config("allowed-origins = \"*\"\n");
	reload(&daemon);

	ck_assert_int_eq(status_for_origin(&daemon, "http://b.example"), 403);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_null(strstr(daemon.log, "has a new value"));
}
END_TEST

START_TEST(reload_says_what_needs_a_restart)
{
	struct daemon daemon;
	int i;

	start_with(&daemon, "", "demo=no");
	put_config("fastcgi-mode = 0600\nmax-message = 7\n");
	reload(&daemon);
	for (i = 0; i < 2; i++)
		reload(&daemon);

	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
	ck_assert_ptr_nonnull(strstr(daemon.log,
	    "<6>reload: max-message has a new value\n"
	    "<4>reload: fastcgi-mode keeps its value until a restart\n"
	    "<6>reload: done\n"
	    "<4>reload: fastcgi-mode keeps its value until a restart\n"
	    "<6>reload: done\n"));
}
END_TEST

START_TEST(reload_under_load_loses_nothing)
{
	enum { CARTS = 200, CARTS_PER_RELOAD = 20 };
	struct daemon daemon;
	struct frame frame;
	char expected[32];
	const char *id;
	unsigned n;
	int fd;

	start_with(&daemon, "", "message-rate=0");
	fd = client_open(&daemon, "/one");
	id = start_session(fd);
	for (n = 1; n <= CARTS; n++) {
		send_cart(fd, id, "{\"a\":1}", n);
		if (n % CARTS_PER_RELOAD != 0)
			continue;
		put_config(n % (2 * CARTS_PER_RELOAD) != 0 ?
		    "base-path = /cart/\nsubprotocol = shop\n"
		    "trusted-proxies = {127.0.0.1, unix}\n" :
		    "allowed-origins = {\"http://a\", \"http://b\"}\n");
		reload(&daemon);
	}

	for (n = 1; n <= CARTS; n++) {
		client_await_event(fd, "updateCart", &frame);
		snprintf(expected, sizeof(expected), "{\"seq\":%u}", n);
		ck_assert_ptr_nonnull(strstr(frame.data, expected));
	}
	close(fd);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(reload_lets_more_connections_in)
{
	struct daemon daemon;
	int first, second;

	start_with(&daemon, "max-connections = 1\n", "demo=no");
	first = client_open(&daemon, "/one");
	(void)start_session(first);
	second = client_connect(&daemon);
	client_send(second, plain_get, sizeof(plain_get) - 1);
	daemon_await_log(&daemon, "max-connections (1) are reached");
	put_config("max-connections = 2\n");
	reload(&daemon);

	ck_assert_ptr_nonnull(strstr(client_read_head(second), " 400 "));
	close(first);
	close(second);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

START_TEST(reload_changes_times_for_those_who_wait)
{
	static const char head[] = "GET /one HTTP/1.1\r\nHost: a\r\n";
	struct daemon daemon;
	int idle, slow;

	start_with(&daemon, "ping-interval = 0\nhead-timeout = 0\n",
	    "demo=no");
	idle = client_open(&daemon, "/one");
	slow = client_connect(&daemon);
	client_send(slow, head, sizeof(head) - 1);
	put_config("ping-interval = 1\nhead-timeout = 1\n");
	reload(&daemon);

	await_ping(idle);
	ck_assert_str_eq(client_read_rest(slow), "");
	close(idle);
	close(slow);
	ck_assert_int_eq(daemon_stop(&daemon), EX_OK);
}
END_TEST

/* A test that waits for a second of the daemon's, or longer. */
static void
add_waiting(const TTest *test)
{
	TCase *tc = suite_waiting_case();

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, test);
}

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, stopped_daemon_leaves_database_and_key_alone,
	    SIGTERM, SIGTERM + 1);
	tcase_add_loop_test(tc, stopped_daemon_leaves_database_and_key_alone,
	    SIGINT, SIGINT + 1);
	tcase_add_test(tc, started_again_it_has_the_carts);
	tcase_add_test(tc, second_daemon_on_one_database_is_refused);
	tcase_add_test(tc, killed_daemon_is_no_hindrance_to_the_next);
	tcase_add_loop_test(tc, unfit_database_is_refused_and_left_alone, 0,
	    UNFIT);
	tcase_add_test(tc, database_in_no_directory_is_refused);
	tcase_add_test(tc, key_of_another_length_is_refused);
	tcase_add_test(tc, key_is_made_once_for_its_owner_alone);
	tcase_add_test(tc,
	    lost_key_is_made_anew_with_a_warning_if_it_mattered);
	tcase_add_test(tc, good_configuration_is_called_valid);
	tcase_add_test(tc, owners_that_the_unit_forbids_are_warned_of);
	tcase_add_test(tc,
	    owner_that_cannot_be_set_is_a_mistake_of_the_configuration);
	tcase_add_test(tc,
	    bad_configuration_is_refused_with_file_line_and_key);
	tcase_add_loop_test(tc, memory_is_dumped_only_if_that_is_wanted, 0,
	    sizeof(dumps) / sizeof(dumps[0]));
	tcase_add_test(tc, version_is_that_of_the_package);
	tcase_add_loop_test(tc, port_of_another_program_is_refused, 0, 3);
	tcase_add_loop_test(tc, start_that_fails_is_explained_by_one_error, 0,
	    sizeof(starts) / sizeof(starts[0]));
	tcase_add_loop_test(tc, sockets_that_do_not_fit_are_refused, 0,
	    sizeof(handed) / sizeof(handed[0]));
	tcase_add_test(tc, default_directory_that_cannot_be_made_is_refused);
	tcase_add_loop_test(tc,
	    lost_database_ends_the_daemon_and_acknowledges_nothing, 0,
	    sizeof(losses) / sizeof(losses[0]));
	tcase_add_test(tc, what_cannot_be_in_the_database_ends_the_daemon);
	tcase_add_test(tc,
	    failed_flush_ends_the_daemon_and_acknowledges_nothing);
	tcase_add_loop_test(tc,
	    signal_while_a_failed_daemon_ends_changes_nothing, 0, 2);
	add_waiting(idle_daemon_feeds_its_watchdog);
	add_waiting(daemon_that_nobody_watches_feeds_no_watchdog);
	add_waiting(
	    hanging_disk_starves_the_watchdog_although_the_loop_goes_on);
	tcase_add_test(tc, full_disk_refuses_changes_until_there_is_room);
	add_waiting(
	    database_locked_by_another_refuses_changes_and_nothing_else);
	tcase_add_test(tc, log_that_nobody_reads_holds_up_nothing);
	tcase_add_test(tc,
	    error_that_ends_the_daemon_is_told_once_the_log_is_read);
	tcase_add_loop_test(tc,
	    standard_descriptor_that_is_closed_is_no_other_file, 0,
	    3 * PROGRAMS);
	tcase_add_test(tc,
	    stop_answers_what_was_received_and_closes_with_1012);
	add_waiting(stop_closes_websockets_one_after_the_other);
	tcase_add_test(tc,
	    second_signal_closes_all_at_once_and_the_next_waits_for_nobody);
	tcase_add_test(tc,
	    stop_answers_held_requests_and_takes_no_new_work);
	tcase_add_loop_test(tc,
	    failed_flush_ends_the_daemon_with_requests_in_line, 0, 2);
	tcase_add_test(tc, panic_of_libmicrohttpd_is_an_internal_error);
	tcase_add_loop_test(tc,
	    requests_that_cannot_become_websockets_get_their_status, 0,
	    ANSWERS);
	add_waiting(dribbled_head_is_cut_at_its_deadline);
	add_waiting(connections_above_the_limit_wait_without_spinning);
	add_waiting(want_of_descriptors_is_waited_out_without_spinning);
	tcase_add_loop_test(tc, web_server_on_a_unix_socket_may_be_trusted, 0,
	    sizeof(proxies) / sizeof(proxies[0]));
	tcase_add_test(tc, few_descriptors_mean_few_connections);
	tcase_add_test(tc, webhooks_have_descriptors_of_their_own);
	tcase_add_test(tc, start_without_descriptors_enough_says_so);
	tcase_add_test(tc, want_of_watches_at_the_start_is_an_error);
	tcase_add_test(tc, want_of_watches_later_ends_it_with_a_line);
	tcase_add_test(tc, reload_changes_rules_for_everybody);
	tcase_add_loop_test(tc, reload_of_a_bad_file_changes_nothing, 0,
	    sizeof(bad_reloads) / sizeof(bad_reloads[0]));
	tcase_add_test(tc, reload_leaves_what_the_command_line_says);
	tcase_add_test(tc, reload_says_what_needs_a_restart);
	tcase_add_test(tc, reload_under_load_loses_nothing);
	tcase_add_test(tc, reload_lets_more_connections_in);
	add_waiting(reload_changes_times_for_those_who_wait);
}
