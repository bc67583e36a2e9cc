#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <uv.h>

#include "config/endpoint.h"
#include "config/socket_access.h"
#include "daemon.h"
#include "net/listener.h"
#include "net/unix_socket.h"

const char suite_name[] = "listener";

/* More than listen(2) gives who asks for less than we do. */
#define MANY 300
/* What the kernel may hold of a connection's output and not have sent. */
#define UNSENT_BYTES 131072
/* An unprivileged user and group. */
#define NOBODY 65534

static char directory[DAEMON_PATH_MAX];
static char path[DAEMON_PATH_MAX + 16];
static struct endpoint endpoint;	/* unix:path */
static uv_loop_t loop;
static struct listener *listener;
static unsigned accepted;
static int accepted_family;
static int errors;			/* stderr of the test */

static bool refuses_to_listen;

/* In place of the C library's. */
int
listen(int fd, int backlog)
{
	if (refuses_to_listen) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_listen, fd, backlog);
}

static const struct socket_access open_access = {
	.mode = 0600,
	.owner = (uid_t)-1,
	.group = (gid_t)-1,
};

static void
check_unsent(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value,
	    &len), 0);
	ck_assert_int_eq(value, UNSENT_BYTES);
}

static void
on_accepted(void *ctx, int fd, const struct sockaddr *address, socklen_t len)
{
	ck_assert_ptr_eq(ctx, &accepted);
	ck_assert_uint_ge(len, sizeof(sa_family_t));
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	if (address->sa_family != AF_UNIX)
		check_unsent(fd);
	accepted_family = address->sa_family;
	accepted++;
	close(fd);
	listener_release(listener);
}

static const struct listener_user user = {
	.accepted = on_accepted,
	.ctx = &accepted,
};

static void
start(void)
{
	struct listener_config config = {
		.loop = &loop,
		.limit = "connections",
	};

	ck_assert_int_eq(uv_loop_init(&loop), 0);
	listener = listener_new(&config, 0);
}

static void
stop(void)
{
	listener_stop(listener);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	listener_free(listener);
}

static void
parse(const char *text)
{
	ck_assert_ptr_null(endpoint_parse(text, &endpoint));
}

static void
set_up(void)
{
	char text[sizeof(path) + 5];

	directory_make(directory);
	snprintf(path, sizeof(path), "%s/x.sock", directory);
	snprintf(text, sizeof(text), "unix:%s", path);
	parse(text);
	errors = memfd_create("errors", 0);
	ck_assert_int_ne(dup2(errors, STDERR_FILENO), -1);
	start();
}

static void
tear_down(void)
{
	/* LeakSanitizer needs what drop_privileges() gave up. */
	if (getuid() == 0) {
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(setegid(0), 0);
	}
	close(errors);
	directory_remove(directory);
}

/* What was logged. */
static const char *
logged(void)
{
	static char text[1024];
	ssize_t n = pread(errors, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

static int
add(void)
{
	return listener_add(listener, &endpoint, &open_access, &user);
}

/* A connection to endpoint, or -1 with errno. */
static int
try_connect(void)
{
	int fd = socket(endpoint.address.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK, 0);

	ck_assert_int_ne(fd, -1);
	if (connect(fd, (struct sockaddr *)&endpoint.address,
	    endpoint.len) == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

/* See that a connection to endpoint is accepted. */
static void
check_connection(void)
{
	unsigned before = accepted;
	int fd = try_connect();

	ck_assert_int_ne(fd, -1);
	while (accepted == before)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_int_eq(accepted_family, endpoint.address.ss_family);
	close(fd);
}

/* A socket at path as any program makes one. */
static int
bind_socket(int type)
{
	int fd = socket(AF_UNIX, type, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&endpoint.address,
	    endpoint.len), 0);
	return fd;
}

START_TEST(unix_socket_accepts_and_its_file_ends_with_it)
{
	struct stat st;

	ck_assert_int_eq(add(), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	check_connection();
	check_connection();

	stop();
	ck_assert_str_eq(directory_list(directory), "");
	ck_assert_str_eq(logged(), "");
}
END_TEST

static const char *const tcp[] = { "127.0.0.1:0", "[::1]:0" };

/* Whether the machine has the address; without IPv6 it has not. */
static bool
is_here(void)
{
	int fd = socket(endpoint.address.ss_family, SOCK_STREAM, 0);
	bool is_bound = fd != -1 && bind(fd,
	    (struct sockaddr *)&endpoint.address, endpoint.len) == 0;

	if (fd != -1)
		close(fd);
	return is_bound;
}

START_TEST(tcp_endpoint_accepts_at_the_port_that_it_says)
{
	parse(tcp[_i]);

	if (!is_here()) {
		ck_assert_int_eq(add(), -1);
		ck_assert_ptr_nonnull(strstr(logged(), tcp[_i]));
		return;
	}
	ck_assert_int_eq(add(), 0);
	check_connection();
	stop();
}
END_TEST

START_TEST(taken_tcp_port_is_refused)
{
	char text[ENDPOINT_TEXT_MAX + 1];

	parse("127.0.0.1:0");
	ck_assert_int_eq(add(), 0);
	endpoint_format(&endpoint, text);

	ck_assert_int_eq(add(), -1);
	ck_assert_ptr_nonnull(strstr(logged(), text));
	ck_assert_ptr_nonnull(strstr(logged(), "Address already in use"));
	stop();
}
END_TEST

/* The lowest descriptor that is free. */
static int
free_descriptor(void)
{
	int fd = dup(STDERR_FILENO);

	ck_assert_int_ne(fd, -1);
	close(fd);
	return fd;
}

static const char *const deaf[] = { NULL, "127.0.0.1:0" };

START_TEST(socket_that_cannot_listen_leaves_nothing)
{
	int before = free_descriptor();

	if (deaf[_i] != NULL)
		parse(deaf[_i]);
	refuses_to_listen = true;
	ck_assert_int_eq(add(), -1);

	ck_assert_ptr_nonnull(strstr(logged(), strerror(EOPNOTSUPP)));
	ck_assert_int_eq(free_descriptor(), before);
	ck_assert_str_eq(directory_list(directory), "");
	stop();
}
END_TEST

START_TEST(many_connections_may_wait)
{
	int fds[MANY], i;

	ck_assert_int_eq(add(), 0);
	for (i = 0; i < MANY; i++) {
		fds[i] = try_connect();
		ck_assert_int_ne(fds[i], -1);
	}
	while (accepted < MANY)
		uv_run(&loop, UV_RUN_ONCE);

	for (i = 0; i < MANY; i++)
		close(fds[i]);
	stop();
}
END_TEST

static const mode_t modes[] = { 0600, 0660, 0666, 0 };

START_TEST(socket_has_its_mode_whatever_the_umask)
{
	struct socket_access access = open_access;
	struct stat st;

	access.mode = modes[_i];
	umask(0777);
	ck_assert_int_eq(listener_add(listener, &endpoint, &access, &user), 0);

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, modes[_i]);
	stop();
}
END_TEST

START_TEST(socket_without_an_owner_or_group_is_given_to_nobody)
{
	struct socket_access access = open_access;

	ck_assert(!socket_access_is_given(&access));
	access.owner = NOBODY;
	ck_assert(socket_access_is_given(&access));
	access.group = NOBODY;
	ck_assert(socket_access_is_given(&access));
	access.owner = (uid_t)-1;
	ck_assert(socket_access_is_given(&access));
	stop();
}
END_TEST

START_TEST(socket_is_given_to_its_owner)
{
	bool is_root = geteuid() == 0;
	const struct socket_access access = {
		.mode = 0660,
		.owner = is_root ? NOBODY : geteuid(),
		.group = is_root ? NOBODY : getegid(),
	};
	struct stat st;

	ck_assert_int_eq(listener_add(listener, &endpoint, &access, &user), 0);

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_uid, access.owner);
	ck_assert_uint_eq(st.st_gid, access.group);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	stop();
}
END_TEST

/* Be somebody who may not give files away, in a directory of theirs. */
static void
drop_privileges(void)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(directory, NOBODY, NOBODY), 0);
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setegid(NOBODY), 0);
	ck_assert_int_eq(seteuid(NOBODY), 0);
}

START_TEST(owner_that_cannot_be_set_is_an_error_and_leaves_no_file)
{
	const struct socket_access access = {
		.mode = 0660,
		.owner = 0,
		.group = (gid_t)-1,
	};

	drop_privileges();
	ck_assert_int_eq(listener_add(listener, &endpoint, &access, &user), -1);

	ck_assert_ptr_nonnull(strstr(logged(), path));
	ck_assert_ptr_nonnull(strstr(logged(), "cannot be given to user 0"));
	ck_assert_ptr_nonnull(strstr(logged(), "Operation not permitted"));
	ck_assert_str_eq(directory_list(directory), "");
	stop();
}
END_TEST

START_TEST(directory_that_is_not_ours_is_an_error)
{
	ck_assert_int_eq(chmod(directory, 0555), 0);
	drop_privileges();

	ck_assert_int_eq(add(), -1);
	ck_assert_ptr_nonnull(strstr(logged(), "Permission denied"));
	ck_assert_int_eq(chmod(directory, 0755), 0);
	stop();
}
END_TEST

START_TEST(missing_directory_is_an_error)
{
	parse("unix:/nowhere/at/all.sock");

	ck_assert_int_eq(add(), -1);
	ck_assert_ptr_nonnull(strstr(logged(),
	    "/nowhere/at/all.sock: No such file or directory"));
	stop();
}
END_TEST

START_TEST(socket_of_a_dead_process_is_replaced)
{
	close(bind_socket(SOCK_STREAM));

	ck_assert_int_eq(add(), 0);
	check_connection();
	stop();
	ck_assert_str_eq(logged(), "");
}
END_TEST

START_TEST(socket_of_a_living_process_is_left_alone)
{
	int fd = bind_socket(SOCK_STREAM), client;

	ck_assert_int_eq(listen(fd, 0), 0);
	/* Also when more wait than may. */
	client = try_connect();
	ck_assert_int_eq(add(), -1);
	ck_assert_int_eq(add(), -1);

	ck_assert_ptr_nonnull(strstr(logged(), "another process listens"));
	stop();
	ck_assert_str_eq(directory_list(directory), "x.sock ");
	close(client);
	close(fd);
}
END_TEST

static void
make_file(void)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

static void
make_link(void)
{
	ck_assert_int_eq(symlink("elsewhere", path), 0);
}

static void
make_datagram(void)
{
	close(dup2(bind_socket(SOCK_DGRAM), 100));
}

static const struct {
	void	(*make)(void);
	const char *words;
} obstacles[] = {
	{ make_file, "is there, and is no socket" },
	{ make_link, "is there, and is no socket" },
	{ make_datagram, "cannot tell whether anybody listens" },
};

START_TEST(what_is_no_socket_of_ours_is_left_alone)
{
	obstacles[_i].make();

	ck_assert_int_eq(add(), -1);
	ck_assert_ptr_nonnull(strstr(logged(), obstacles[_i].words));
	stop();
	ck_assert_str_eq(directory_list(directory), "x.sock ");
}
END_TEST

START_TEST(file_that_took_our_place_stays)
{
	int fd;

	ck_assert_int_eq(add(), 0);
	/* Ours lives on by its descriptor: its inode is not given anew. */
	ck_assert_int_eq(unlink(path), 0);
	fd = bind_socket(SOCK_STREAM);

	stop();
	ck_assert_str_eq(directory_list(directory), "x.sock ");
	ck_assert_str_eq(logged(), "");
	close(fd);
}
END_TEST

START_TEST(socket_of_the_service_manager_is_adopted_and_kept)
{
	int fd = bind_socket(SOCK_STREAM);
	struct endpoint found;
	char text[ENDPOINT_TEXT_MAX + 1];

	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(listener_adopt(listener, fd, &found, &user), 0);
	endpoint_format(&found, text);
	ck_assert_str_eq(text + 5, path);
	check_connection();
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);

	stop();
	ck_assert_str_eq(directory_list(directory), "x.sock ");
}
END_TEST

static int
make_unlistening(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
make_udp(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static int
make_sequential(void)
{
	int fd = bind_socket(SOCK_SEQPACKET);

	ck_assert_int_eq(listen(fd, 8), 0);
	return fd;
}

static int
make_pipe(void)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	close(fds[1]);
	return fds[0];
}

static int (*const unfit[])(void) = {
	make_unlistening, make_udp, make_sequential, make_pipe
};

START_TEST(other_descriptors_are_not_adopted)
{
	struct endpoint found;
	int fd = unfit[_i]();

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(listener_adopt(listener, fd, &found, &user), -1);

	ck_assert_ptr_nonnull(strstr(logged(), "no listening stream socket"));
	ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	stop();
}
END_TEST

static unsigned asked;

/* The first time nobody may go. */
static void
make_room(void *ctx)
{
	ck_assert_ptr_eq(ctx, &asked);
	if (++asked % 2 == 0)
		listener_release(listener);
}

static void
on_kept(void *ctx, int fd, const struct sockaddr *address, socklen_t len)
{
	(void)ctx;	/* NULL */
	(void)address;
	(void)len;
	accepted++;
	close(fd);
}

START_TEST(full_house_asks_for_room_as_long_as_somebody_waits)
{
	const struct listener_user keeper = { .accepted = on_kept };
	const struct listener_config one = {
		.loop = &loop,
		.limit = "connections",
		.make_room = make_room,
		.ctx = &asked,
	};
	int fds[3], i;

	stop();
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	listener = listener_new(&one, 1);
	accepted = 0;
	ck_assert_int_eq(listener_add(listener, &endpoint, &open_access,
	    &keeper), 0);
	for (i = 0; i < 3; i++)
		fds[i] = try_connect();
	while (accepted < 3)
		uv_run(&loop, UV_RUN_ONCE);

	ck_assert_uint_eq(asked, 4);
	/* Nobody waits any more. */
	(void)uv_run(&loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(asked, 4);
	for (i = 0; i < 3; i++)
		close(fds[i]);
	stop();
}
END_TEST

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, unix_socket_accepts_and_its_file_ends_with_it);
	tcase_add_loop_test(tc, tcp_endpoint_accepts_at_the_port_that_it_says,
	    0, COUNT(tcp));
	tcase_add_test(tc, taken_tcp_port_is_refused);
	tcase_add_loop_test(tc, socket_that_cannot_listen_leaves_nothing, 0,
	    2);
	tcase_add_test(tc, many_connections_may_wait);
	tcase_add_test(tc,
	    full_house_asks_for_room_as_long_as_somebody_waits);
	tcase_add_loop_test(tc, socket_has_its_mode_whatever_the_umask, 0,
	    COUNT(modes));
	tcase_add_test(tc,
	    socket_without_an_owner_or_group_is_given_to_nobody);
	tcase_add_test(tc, socket_is_given_to_its_owner);
	tcase_add_test(tc,
	    owner_that_cannot_be_set_is_an_error_and_leaves_no_file);
	tcase_add_test(tc, directory_that_is_not_ours_is_an_error);
	tcase_add_test(tc, missing_directory_is_an_error);
	tcase_add_test(tc, socket_of_a_dead_process_is_replaced);
	tcase_add_test(tc, socket_of_a_living_process_is_left_alone);
	tcase_add_loop_test(tc, what_is_no_socket_of_ours_is_left_alone, 0,
	    COUNT(obstacles));
	tcase_add_test(tc, file_that_took_our_place_stays);
	tcase_add_test(tc,
	    socket_of_the_service_manager_is_adopted_and_kept);
	tcase_add_loop_test(tc, other_descriptors_are_not_adopted, 0,
	    COUNT(unfit));
}
