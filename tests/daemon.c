#include "daemon.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "storage.h"

#define PROGRAM "./src/buddyshopping"

/* An answer that takes as long will not come. */
#define PATIENCE_S 60

/* Where the key is of a database that is in none. */
static char newest_directory[DAEMON_PATH_MAX];

void
directory_make(char path[DAEMON_PATH_MAX])
{
	const char *parent = getenv("TMPDIR");

	if (parent == NULL)
		parent = "/tmp";
	ck_assert_int_lt(snprintf(path, DAEMON_PATH_MAX,
	    "%s/check_daemon.XXXXXX", parent), DAEMON_PATH_MAX);
	ck_assert_ptr_nonnull(mkdtemp(path));
	memcpy(newest_directory, path, DAEMON_PATH_MAX);
}

static int
is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 &&
	    strcmp(entry->d_name, "..") != 0;
}

const char *
directory_list(const char *path)
{
	static char list[1024];
	struct dirent **entries;
	size_t len = 0;
	int i, n;

	list[0] = '\0';
	n = scandir(path, &entries, is_entry, alphasort);
	ck_assert_int_ne(n, -1);
	for (i = 0; i < n; i++) {
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s ",
		    entries[i]->d_name);
		ck_assert_uint_lt(len, sizeof(list));
		free(entries[i]);
	}
	free(entries);
	return list;
}

void
directory_remove(const char *path)
{
	struct dirent **entries;
	int i, n = scandir(path, &entries, is_entry, NULL);
	char name[2 * DAEMON_PATH_MAX];

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path,
		    entries[i]->d_name);
		ck_assert_int_eq(remove(name), 0);
		free(entries[i]);
	}
	free(entries);
	ck_assert_int_eq(rmdir(path), 0);
}

/* Bind to an abstract address that the kernel chooses: unix(7), "Autobind". */
static void
make_notify(struct daemon *daemon, char name[16])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(address.sun_family);
	size_t name_len;

	daemon->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(daemon->notify, -1);
	ck_assert_int_eq(bind(daemon->notify, (struct sockaddr *)&address,
	    len), 0);
	len = sizeof(address);
	ck_assert_int_eq(getsockname(daemon->notify,
	    (struct sockaddr *)&address, &len), 0);
	name_len = len - offsetof(struct sockaddr_un, sun_path);
	ck_assert_uint_lt(name_len, 16);
	memcpy(name, address.sun_path, name_len);
	name[0] = '@';
	name[name_len] = '\0';
}

/*
 * Permissions are to hold for the daemon even if the tests are root's.  What
 * root inherits in a container would survive the loss of the bounding set.
 * Others have nothing to lose, and get an error.
 */
static void
drop_override(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	(void)prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
	if (syscall(SYS_capget, &header, sets) == -1)
		return;
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets[i].inheritable = 0;
	(void)syscall(SYS_capset, &header, sets);
}

/* The child's part of daemon_spawn(). */
static void
run(const char *program, char **args, int output, const char *notify)
{
	const char *chosen = getenv("BUDDYSHOPPING");
	const struct rlimit no_core = { 0, 0 };

	if (program == NULL)
		program = chosen == NULL ? PROGRAM : chosen;
	args[0] = (char *)(uintptr_t)program;
	/* It must not outlive a test that fails. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setrlimit(RLIMIT_CORE, &no_core);
	drop_override();
	if (setenv("NOTIFY_SOCKET", notify, 1) == 0 &&
	    unsetenv("PROTOCOL") == 0 && dup2(output, STDOUT_FILENO) != -1 &&
	    dup2(output, STDERR_FILENO) != -1)
		execv(program, args);
	perror(program);
	_exit(127);
}

void
daemon_spawn(struct daemon *daemon, const char *program,
    const char *const *args)
{
	static const char *const visible[] = { "-o", "core-dumps=yes" };
	char *copy[DAEMON_ARGS_MAX + 4] = { NULL };
	char notify[16];
	int output[2];
	size_t i, n = 1;

	*daemon = (struct daemon){ .port = 0 };
	/* By us, and by LeakSanitizer. */
	for (i = 0; program == NULL && i < 2; i++)
		copy[n++] = (char *)(uintptr_t)visible[i];
	for (i = 0; args[i] != NULL; i++) {
		ck_assert_uint_lt(i, DAEMON_ARGS_MAX);
		copy[n++] = (char *)(uintptr_t)args[i];
	}
	make_notify(daemon, notify);
	ck_assert_int_eq(pipe2(output, O_CLOEXEC), 0);
	daemon->output = output[0];
	daemon->pid = fork();
	if (daemon->pid == 0)
		run(program, copy, output[1], notify);
	ck_assert_int_ne(daemon->pid, -1);
	close(output[1]);
}

/* Read more of the log; 0 at its end. */
static size_t
read_log(struct daemon *daemon)
{
	size_t room = sizeof(daemon->log) - 1 - daemon->log_len;
	ssize_t n;

	ck_assert_uint_gt(room, 0);
	n = read(daemon->output, daemon->log + daemon->log_len, room);
	ck_assert_int_ge(n, 0);
	daemon->log_len += (size_t)n;
	return (size_t)n;
}

static void
read_notice(struct daemon *daemon)
{
	struct pollfd fds[] = {
		{ .fd = daemon->notify, .events = POLLIN },
		{ .fd = daemon->output, .events = POLLIN },
	};
	ssize_t n;

	while (fds[0].revents == 0) {
		ck_assert_int_gt(poll(fds, 2, -1), 0);
		if (fds[1].revents != 0 && read_log(daemon) == 0)
			ck_abort_msg("ended: %s", daemon->log);
	}
	n = recv(daemon->notify, daemon->notice, sizeof(daemon->notice) - 1,
	    0);
	ck_assert_int_gt(n, 0);
	daemon->notice[n] = '\0';
}

void
daemon_await_notice(struct daemon *daemon, const char *text)
{
	do
		read_notice(daemon);
	while (strstr(daemon->notice, text) == NULL);
}

size_t
daemon_skip_notices(struct daemon *daemon)
{
	size_t n = 0;

	while (recv(daemon->notify, daemon->notice, sizeof(daemon->notice),
	    MSG_DONTWAIT) != -1)
		n++;
	return n;
}

void
daemon_await_ready(struct daemon *daemon)
{
	int end = 0;

	read_notice(daemon);
	/* The second is said where there is no IPv6. */
	if (sscanf(daemon->notice, "READY=1\nSTATUS=listening on [::]:%u%n",
	    &daemon->port, &end) != 1)
		ck_assert_int_eq(sscanf(daemon->notice,
		    "READY=1\nSTATUS=listening on 0.0.0.0:%u%n",
		    &daemon->port, &end), 1);
	ck_assert_int_eq(daemon->notice[end], '\0');
}

void
daemon_start(struct daemon *daemon, const char *database,
    const char *const *args)
{
	const char *all[DAEMON_ARGS_MAX + 1] = { "-d", database, "-o",
		"drain-time=0" };
	char key[DAEMON_PATH_MAX + 32];
	size_t n = 4;

	if (!storage_is_sqlite()) {
		snprintf(key, sizeof(key), "key-file=%s/key", newest_directory);
		all[n++] = "-o";
		all[n++] = key;
	}

	while (args != NULL && *args != NULL) {
		ck_assert_uint_lt(n, DAEMON_ARGS_MAX - 1);
		all[n++] = *args++;
	}
	all[n] = "0";
	daemon_spawn(daemon, NULL, all);
	daemon_await_ready(daemon);
}

void
daemon_await_log(struct daemon *daemon, const char *text)
{
	while (strstr(daemon->log, text) == NULL)
		if (read_log(daemon) == 0)
			ck_abort_msg("no \"%s\": %s", text, daemon->log);
}

void
daemon_signal(const struct daemon *daemon, int number)
{
	ck_assert_int_eq(kill(daemon->pid, number), 0);
}

int
daemon_await_end(struct daemon *daemon)
{
	int status;

	/* It would wait for us to read what it tells from here on. */
	close(daemon->notify);
	while (read_log(daemon) > 0)
		continue;
	ck_assert_int_eq(waitpid(daemon->pid, &status, 0), daemon->pid);
	close(daemon->output);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
	    DAEMON_SIGNALLED + WTERMSIG(status);
}

int
daemon_stop(struct daemon *daemon)
{
	daemon_signal(daemon, SIGTERM);
	return daemon_await_end(daemon);
}

size_t
daemon_log_lines(const struct daemon *daemon)
{
	size_t i, n = 0;

	for (i = 0; i < daemon->log_len; i++)
		n += daemon->log[i] == '\n';
	return n;
}

uint64_t
daemon_cpu_ms(const struct daemon *daemon)
{
	struct timespec ts;
	clockid_t clock;

	ck_assert_int_eq(clock_getcpuclockid(daemon->pid, &clock), 0);
	ck_assert_int_eq(clock_gettime(clock, &ts), 0);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

rlim_t
daemon_descriptor_limit(const struct daemon *daemon, size_t n)
{
	char path[64];
	struct stat st;
	rlim_t fd;

	for (fd = 0;; fd++) {
		snprintf(path, sizeof(path), "/proc/%ld/fd/%ju",
		    (long)daemon->pid, (uintmax_t)fd);
		if (lstat(path, &st) == -1 && n-- == 0)
			return fd;
	}
}

int
client_connect(const struct daemon *daemon)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)daemon->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	return fd;
}

int
client_connect_unix(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	return fd;
}

void
client_send(int fd, const void *bytes, size_t len)
{
	ck_assert_int_eq(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void
read_exactly(int fd, void *bytes, size_t len)
{
	if (len > 0)
		ck_assert_int_eq(recv(fd, bytes, len, MSG_WAITALL),
		    (ssize_t)len);
}

const char *
client_read_head(int fd)
{
	static char head[4096];
	size_t len = 0;

	do {
		ck_assert_uint_lt(len, sizeof(head) - 1);
		read_exactly(fd, head + len++, 1);
		head[len] = '\0';
	} while (len < 4 || strcmp(head + len - 4, "\r\n\r\n") != 0);
	return head;
}

const char *
client_read_answer(int fd)
{
	static const char field[] = "\r\nContent-Length: ";
	static char answer[65536];
	const char *head = client_read_head(fd);
	const char *length = strstr(head, field);
	size_t head_len = strlen(head), len;

	ck_assert_ptr_nonnull(length);
	len = strtoul(length + sizeof(field) - 1, NULL, 10);
	ck_assert_uint_lt(head_len + len, sizeof(answer));
	memcpy(answer, head, head_len);
	read_exactly(fd, answer + head_len, len);
	answer[head_len + len] = '\0';
	return answer;
}

const char *
client_read_rest(int fd)
{
	static char rest[65536];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, rest + len, sizeof(rest) - 1 - len, 0)) > 0)
		len += (size_t)n;
	ck_assert_int_eq(n, 0);
	rest[len] = '\0';
	return rest;
}

int
client_open(const struct daemon *daemon, const char *target)
{
	char request[512];
	const char *head;
	int len, fd = client_connect(daemon);

	len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n", target);
	client_send(fd, request, (size_t)len);
	head = client_read_head(fd);
	ck_assert_ptr_nonnull(strstr(head, "HTTP/1.1 101 "));
	/* base64 of the SHA-1 of the key with RFC 6455's GUID behind it */
	ck_assert_ptr_nonnull(strstr(head,
	    "Sec-WebSocket-Accept: Bz3qJYTGdOe8gUSpLosEdiLKDrk=\r\n"));
	return fd;
}

void
client_send_text(int fd, const char *text)
{
	static const uint8_t mask[4] = { 0x12, 0x34, 0x56, 0x78 };
	size_t len = strlen(text), i, n = 0;
	uint8_t frame[4 + sizeof(mask) + FRAME_MAX];

	ck_assert_uint_lt(len, FRAME_MAX);
	frame[n++] = 0x81;	/* FIN, text */
	if (len < 126) {
		frame[n++] = (uint8_t)(0x80 | len);
	} else {
		frame[n++] = 0x80 | 126;
		frame[n++] = (uint8_t)(len >> 8);
		frame[n++] = (uint8_t)len;
	}
	memcpy(frame + n, mask, sizeof(mask));
	n += sizeof(mask);
	for (i = 0; i < len; i++)
		frame[n++] = (uint8_t)text[i] ^ mask[i % 4];
	client_send(fd, frame, n);
}

void
client_read_frame(int fd, struct frame *frame)
{
	uint8_t header[2], more[8];
	size_t size, i;

	read_exactly(fd, header, sizeof(header));
	ck_assert_int_eq(header[0] & 0xf0, 0x80);	/* FIN, nothing else */
	ck_assert_int_lt(header[1], 0x80);		/* not masked */
	frame->opcode = header[0] & 0x0f;
	frame->len = header[1];
	if (header[1] >= 126) {
		size = header[1] == 126 ? 2 : 8;
		read_exactly(fd, more, size);
		for (frame->len = 0, i = 0; i < size; i++)
			frame->len = frame->len << 8 | more[i];
	}
	ck_assert_uint_le(frame->len, FRAME_MAX);
	read_exactly(fd, frame->data, frame->len);
	frame->data[frame->len] = '\0';
}

void
client_await_event(int fd, const char *event, struct frame *frame)
{
	char start[64];

	snprintf(start, sizeof(start), "{\"event\":\"%s\",", event);
	do {
		client_read_frame(fd, frame);
		/* A ping, where a commit takes longer than ping-interval. */
		ck_assert(frame->opcode == 1 || frame->opcode == 9);
	} while (frame->opcode == 9 || strncmp(frame->data, start, strlen(start)) != 0);
}

unsigned
frame_close_code(const struct frame *frame)
{
	ck_assert_int_eq(frame->opcode, 8);
	ck_assert_uint_ge(frame->len, 2);
	return (unsigned)(uint8_t)frame->data[0] << 8 |
	    (uint8_t)frame->data[1];
}
