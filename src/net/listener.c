#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "config/endpoint.h"
#include "loop_lag.h"
#include "unix_socket.h"

enum {
	BACKLOG = 4096,
	ACCEPTS_PER_TURN = 64, /* of one socket, so that others get a turn */
	RETRY_MS = 100, /* until there may be descriptors, or room */
	NOTSENT_BYTES = 131072, /* of a connection's, in the kernel, ... */
	UNREAD_BYTES = 131072	/* ... which takes twice that for them */
};

struct listener_socket {
	TAILQ_ENTRY(listener_socket) entry;
	struct listener *listener;
	struct listener_user user;
	uv_poll_t poll;
	int	 fd;
	bool	 has_file;	/* that we made */
	struct unix_socket_file file;
};

TAILQ_HEAD(listener_sockets, listener_socket);

/* Why nothing is accepted; each is logged once for as long as it lasts. */
struct shortage {
	bool	 is_on;
	bool	 is_logged;
};

struct listener {
	struct listener_config config;
	size_t	 max_connections;	/* 0 for no limit */
	struct listener_sockets sockets;
	size_t	 connections;
	struct shortage full;		/* max_connections are there */
	struct shortage exhausted;	/* accept4() lacks something */
	uv_timer_t retry;		/* runs while exhausted.is_on */
	uv_timer_t room; /* while full.is_on, if room can be made */
	bool	 is_stopped;
};

static void	 on_connections(uv_poll_t *poll, int status, int events);

/* Ask the loop for connections, or not, as the shortages say. */
static void
listener_watch(struct listener *listener)
{
	bool is_paused = listener->full.is_on || listener->exhausted.is_on;
	struct listener_socket *sock;

	if (listener->is_stopped)
		return;
	TAILQ_FOREACH(sock, &listener->sockets, entry) {
		if (is_paused)
			uv_poll_stop(&sock->poll);
		else
			uv_poll_start(&sock->poll, UV_READABLE, on_connections);
	}
}

static void
on_retry_timer(uv_timer_t *timer)
{
	struct listener *listener = timer->data;

	listener->exhausted.is_on = false;
	listener_watch(listener);
}

static void
listener_pause_exhausted(struct listener *listener)
{
	listener->exhausted.is_on = true;
	if (!listener->exhausted.is_logged)
		log_warn("listener: no connections are accepted for now");
	listener->exhausted.is_logged = true;
	uv_timer_start(&listener->retry, on_retry_timer, RETRY_MS, 0);
	listener_watch(listener);
}

static void
on_room_timer(uv_timer_t *timer)
{
	const struct listener *listener = timer->data;

	listener->config.make_room(listener->config.ctx);
}

/* Somebody waits. */
static void
ask_for_room(struct listener *listener)
{
	if (listener->config.make_room == NULL)
		return;
	uv_timer_start(&listener->room, on_room_timer, RETRY_MS, RETRY_MS);
	listener->config.make_room(listener->config.ctx);
}

static void
listener_pause_full(struct listener *listener)
{
	listener->full.is_on = true;
	if (!listener->full.is_logged)
		log_warnx("listener: %s (%zu) are reached",
		    listener->config.limit, listener->connections);
	listener->full.is_logged = true;
	listener_watch(listener);
	ask_for_room(listener);
}

/*
 * Take one connection; false if there is no more to do on this socket in this
 * turn.
 */
static bool
listener_accept(struct listener_socket *sock)
{
	struct listener *listener = sock->listener;
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(address);
	int fd;

	fd = accept4(sock->fd, (struct sockaddr *)&address, &len,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			listener_pause_exhausted(listener);
		else if (errno == EAGAIN)
			listener->exhausted.is_logged = false;
		/* Otherwise it broke: accept(2), "Error handling". */
		return errno != EAGAIN && !listener->exhausted.is_on;
	}
	listener->connections++;
	sock->user.accepted(sock->user.ctx, fd, (struct sockaddr *)&address,
	    len);
	return true;
}

static bool
listener_is_full(const struct listener *listener)
{
	return listener->max_connections != 0 &&
	    listener->connections >= listener->max_connections;
}

static void
on_connections(uv_poll_t *poll, int status, int events)
{
	struct listener_socket *sock = poll->data;
	struct listener *listener = sock->listener;
	int i;

	(void)events;	/* is UV_READABLE */
	loop_lag_begin(poll->loop);
	if (status < 0) {
		errno = -status;
		listener_pause_exhausted(listener);
		return;
	}
	/* Now it is certain that somebody waits. */
	if (listener_is_full(listener)) {
		listener_pause_full(listener);
		return;
	}
	for (i = 0; i < ACCEPTS_PER_TURN; i++)
		if (!listener_accept(sock) || listener_is_full(listener))
			return;
}

struct listener *
listener_new(const struct listener_config *config, size_t max_connections)
{
	struct listener *listener = xcalloc(1, sizeof(*listener));

	listener->config = *config;
	listener->max_connections = max_connections;
	TAILQ_INIT(&listener->sockets);
	uv_timer_init(config->loop, &listener->retry);
	listener->retry.data = listener;
	uv_timer_init(config->loop, &listener->room);
	listener->room.data = listener;
	return listener;
}

static int
set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* A socket that listens on a TCP endpoint, or -1 with errno. */
static int
listen_tcp(const struct endpoint *endpoint)
{
	const struct sockaddr *address =
	    (const struct sockaddr *)&endpoint->address;
	int fd, saved;

	fd = socket(address->sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0 &&
	    (address->sa_family != AF_INET6 ||
	    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) == 0) &&
	    bind(fd, address, endpoint->len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* A new socket, not among the listener's yet. */
static struct listener_socket *
socket_new(struct listener *listener, int fd, const struct listener_user *user)
{
	struct listener_socket *sock = xcalloc(1, sizeof(*sock));

	sock->listener = listener;
	sock->user = *user;
	sock->fd = fd;
	sock->poll.data = sock;
	return sock;
}

static void
remove_socket_file(const struct listener_socket *sock)
{
	if (sock->has_file)
		unix_socket_remove(&sock->file);
}

/* It cannot be used: forget it, its file and its descriptor. */
static void
discard_socket(struct listener_socket *sock)
{
	remove_socket_file(sock);
	if (sock->fd != -1)
		close(sock->fd);
	free(sock);
}

/*
 * Accept connections of sock, which listens, from now on, and say in endpoint
 * where it does.  If that fails, sock and its descriptor are gone.
 */
static int
socket_start(struct listener_socket *sock, struct endpoint *endpoint)
{
	struct listener *listener = sock->listener;
	int error;

	/*
	 * What a client does not read stays with us, where it is shared and
	 * can be overtaken, not with the kernel.  The connections have it from
	 * here; it fails where there is no TCP.
	 */
	(void)set_option(sock->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
	    NOTSENT_BYTES);
	/* Nor does what we do not read, as it would if it found that we read
	 * fast. */
	(void)set_option(sock->fd, SOL_SOCKET, SO_RCVBUF, UNREAD_BYTES);
	endpoint->len = sizeof(endpoint->address);
	if (getsockname(sock->fd, (struct sockaddr *)&endpoint->address,
	    &endpoint->len) == -1)
		error = -errno;
	else
		error = uv_poll_init(listener->config.loop, &sock->poll,
		    sock->fd);
	if (error < 0) {
		log_errorx("listener: %s", uv_strerror(error));
		discard_socket(sock);
		return -1;
	}
	TAILQ_INSERT_TAIL(&listener->sockets, sock, entry);
	listener_watch(listener);
	return 0;
}

static int
add_unix(struct listener *listener, struct endpoint *endpoint,
    const struct socket_access *access, const struct listener_user *user)
{
	struct listener_socket *sock = socket_new(listener, -1, user);

	sock->fd = unix_socket_bind(endpoint, access, &sock->file);
	if (sock->fd == -1) {
		discard_socket(sock);
		return -1;
	}
	sock->has_file = true;
	if (listen(sock->fd, BACKLOG) == 0)
		return socket_start(sock, endpoint);
	log_error("listener: %s", sock->file.path);
	discard_socket(sock);
	return -1;
}

/* All addresses of a family. */
static struct endpoint
any_address(sa_family_t family, unsigned port)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = in6addr_any,
	};
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_ANY),
	};
	struct endpoint endpoint = { .len = sizeof(in6) };

	if (family == AF_INET6) {
		memcpy(&endpoint.address, &in6, sizeof(in6));
		return endpoint;
	}
	memcpy(&endpoint.address, &in, sizeof(in));
	endpoint.len = sizeof(in);
	return endpoint;
}

static unsigned
port_of(const struct endpoint *endpoint)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	if (endpoint->address.ss_family == AF_INET6) {
		memcpy(&in6, &endpoint->address, sizeof(in6));
		return ntohs(in6.sin6_port);
	}
	memcpy(&in, &endpoint->address, sizeof(in));
	return ntohs(in.sin_port);
}

static bool
is_any_address(const struct endpoint *endpoint)
{
	struct sockaddr_in6 in6;

	if (endpoint->address.ss_family != AF_INET6)
		return false;
	memcpy(&in6, &endpoint->address, sizeof(in6));
	return IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr);
}

int
listener_add(struct listener *listener, struct endpoint *endpoint,
    const struct socket_access *access, const struct listener_user *user)
{
	char text[ENDPOINT_TEXT_MAX + 1];
	int fd;

	if (endpoint->address.ss_family == AF_UNIX)
		return add_unix(listener, endpoint, access, user);
	fd = listen_tcp(endpoint);
	if (fd == -1 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) &&
	    is_any_address(endpoint)) {
		*endpoint = any_address(AF_INET, port_of(endpoint));
		fd = listen_tcp(endpoint);
	}
	if (fd == -1) {
		endpoint_format(endpoint, text);
		log_error("listener: %s", text);
		return -1;
	}
	return socket_start(socket_new(listener, fd, user), endpoint);
}

int
listener_add_tcp(struct listener *listener, unsigned port,
    const struct listener_user *user)
{
	struct endpoint endpoint = any_address(AF_INET6, port);

	if (listener_add(listener, &endpoint, NULL, user) == -1)
		return -1;
	return (int)port_of(&endpoint);
}

/* Whether an option of a socket has a value; not if fd is no socket. */
static bool
has_option(int fd, int name, int wanted)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 &&
	    value == wanted;
}

int
listener_adopt(struct listener *listener, int fd, struct endpoint *endpoint,
    const struct listener_user *user)
{
	int flags = fcntl(fd, F_GETFL);

	if (!has_option(fd, SO_TYPE, SOCK_STREAM) ||
	    !has_option(fd, SO_ACCEPTCONN, 1) ||
	    (!has_option(fd, SO_DOMAIN, AF_UNIX) &&
	    !has_option(fd, SO_DOMAIN, AF_INET) &&
	    !has_option(fd, SO_DOMAIN, AF_INET6))) {
		log_errorx("listener: descriptor %d is no listening stream "
		    "socket", fd);
		close(fd);
		return -1;
	}
	if (fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
		log_error("listener: descriptor %d", fd);
		close(fd);
		return -1;
	}
	return socket_start(socket_new(listener, fd, user), endpoint);
}

/* There may be room for connections again. */
static void
listener_resume(struct listener *listener)
{
	if (!listener->full.is_on)
		return;
	listener->full.is_on = false;
	uv_timer_stop(&listener->room);
	listener_watch(listener);
}

size_t
listener_max(const struct listener *listener)
{
	return listener->max_connections;
}

void
listener_configure(struct listener *listener, size_t max_connections)
{
	listener->max_connections = max_connections;
	listener->full.is_logged = false;
	listener_resume(listener);
}

void
listener_release(struct listener *listener)
{
	size_t max = listener->max_connections;

	listener->connections--;
	listener_resume(listener);
	/* At the limit's edge every second connection would be logged. */
	if (listener->connections < max - max / 10)
		listener->full.is_logged = false;
}

void
listener_stop(struct listener *listener)
{
	struct listener_socket *sock;

	listener->is_stopped = true;
	TAILQ_FOREACH(sock, &listener->sockets, entry) {
		uv_close((uv_handle_t *)&sock->poll, NULL);
		remove_socket_file(sock);
		close(sock->fd);
	}
	uv_close((uv_handle_t *)&listener->retry, NULL);
	uv_close((uv_handle_t *)&listener->room, NULL);
}

void
listener_free(struct listener *listener)
{
	struct listener_socket *sock;

	while ((sock = TAILQ_FIRST(&listener->sockets)) != NULL) {
		TAILQ_REMOVE(&listener->sockets, sock, entry);
		free(sock);
	}
	free(listener);
}
