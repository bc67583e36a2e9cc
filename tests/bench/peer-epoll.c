/*
 * The seed protocol on bare epoll(7), in memory and without durability: each
 * update is encoded once and sent to each member by a system call of its own.
 * What the daemon is compared with: see README.md in this folder.
 * usage: peer-epoll [PORT]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peer_session.h"

#include "base/log.h"
#include "base/xalloc.h"
#include "wire/ws_frame.h"
#include "wire/ws_handshake.h"

enum {
	EVENTS_MAX = 512,
	BACKLOG = 1024,
	READ_BYTES = 64 * 1024,
	HEAD_MAX = 8 * 1024,
	MESSAGE_MAX = 16 * 1024 * 1024,
	OUTPUT_MAX = 1024 * 1024 * 1024
};

struct connection {
	int	 fd;
	struct buf head;	/* of the request, until it is whole */
	struct peer_member *member;	/* NULL until then */
	struct ws_parser parser;
	struct buf output;	/* what the socket did not take yet */
};

static int epoll_fd;

static void
watch(struct connection *connection, int operation, uint32_t events)
{
	struct epoll_event event = {
		.events = events, .data.ptr = connection
	};

	if (epoll_ctl(epoll_fd, operation, connection->fd, &event) == -1)
		fatal("epoll_ctl");
}

/* Let the end of the connection come as an event, to what reads from it. */
static void
end(struct connection *connection)
{
	(void)shutdown(connection->fd, SHUT_RDWR);	/* may be ended */
}

/* Bytes of data that the socket takes now. */
static size_t
send_some(struct connection *connection, const char *data, size_t len)
{
	ssize_t n = send(connection->fd, data, len, MSG_NOSIGNAL);

	if (n >= 0)
		return (size_t)n;
	if (errno != EAGAIN)
		end(connection);
	return 0;
}

static void
send_bytes(struct connection *connection, const char *data, size_t len)
{
	size_t sent = 0;

	if (connection->output.len == 0) {
		sent = send_some(connection, data, len);
		if (sent < len)
			watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
	}
	if (sent < len && buf_append(&connection->output, data + sent,
	    len - sent) == -1)
		end(connection);
}

static void
flush(struct connection *connection)
{
	struct buf *output = &connection->output;

	if (output->len > 0)
		buf_consume(output, send_some(connection, buf_data(output),
		    output->len));
	if (output->len == 0)
		watch(connection, EPOLL_CTL_MOD, EPOLLIN);
}

static void
send_frame(struct connection *connection, enum ws_opcode opcode,
    const void *data, size_t len)
{
	uint8_t header[WS_SERVER_HEADER_MAX];
	struct buf frame;

	buf_init(&frame, OUTPUT_MAX);
	if (buf_append(&frame, header, ws_frame_header(header, opcode, false,
	    len)) == -1 || buf_append(&frame, data, len) == -1)
		fatalx("a frame is too long");
	send_bytes(connection, buf_data(&frame), frame.len);
	buf_clear(&frame);
}

/* Show all members what changed: encoded once, framed once. */
static void
broadcast(struct peer_session *session)
{
	static struct buf text, frame;
	uint8_t header[WS_SERVER_HEADER_MAX];
	const struct peer_member *member;

	text.max = frame.max = OUTPUT_MAX;
	text.len = frame.len = 0;
	peer_session_encode(session, &text);
	if (buf_append(&frame, header, ws_frame_header(header, WS_TEXT, false,
	    text.len)) == -1 ||
	    buf_append(&frame, buf_data(&text), text.len) == -1)
		fatalx("a multicart is too long");
	TAILQ_FOREACH(member, peer_session_members(session), entry)
		send_bytes(member->socket, buf_data(&frame), frame.len);
}

static void
take_text(struct connection *connection, const struct ws_event *event)
{
	struct buf reply;
	bool changed;

	buf_init(&reply, HEAD_MAX);
	changed = peer_receive(connection->member, (const char *)event->data,
	    event->len, &reply);
	if (reply.len > 0)
		send_frame(connection, WS_TEXT, buf_data(&reply), reply.len);
	buf_clear(&reply);
	if (changed)
		broadcast(connection->member->session);
}

static void
take_frames(struct connection *connection, uint8_t *bytes, size_t len)
{
	struct ws_event event;

	for (;;) {
		switch (ws_parser_next(&connection->parser, &bytes, &len,
		    &event)) {
		case WS_MORE:
			return;
		case WS_FAILED:
			end(connection);
			return;
		case WS_EVENT:
			break;
		}
		if (event.opcode == WS_TEXT)
			take_text(connection, &event);
		else if (event.opcode == WS_PING)
			send_frame(connection, WS_PONG, event.data, event.len);
		else if (event.opcode == WS_CLOSE)
			end(connection);
	}
}

/* Take the field of that name out of a head; -1 if it is not there. */
static int
read_field(const char *head, const char *name, char *value, size_t size)
{
	const char *line;
	size_t len;

	for (line = strstr(head, "\r\n"); line != NULL;
	    line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, strlen(name)) != 0)
			continue;
		line += strlen(name);
		line += strspn(line, " ");
		len = strcspn(line, "\r");
		if (len >= size)
			return -1;
		memcpy(value, line, len);
		value[len] = '\0';
		return 0;
	}
	return -1;
}

/* Answer the head of a request; the path names the session. */
static int
shake_hands(struct connection *connection, const char *head)
{
	char answer[256], key[64];
	const struct ws_handshake_policy policy = { .subprotocol = NULL };
	const struct ws_handshake_request request = {
		.method = "GET", .http_version = "HTTP/1.1",
		.connection = "Upgrade", .upgrade = "websocket", .key = key,
		.version = WS_VERSION,
	};
	struct ws_handshake handshake;
	const char *path = strchr(head, ' ');
	int n;

	if (path == NULL ||
	    read_field(head, "Sec-WebSocket-Key:", key, sizeof(key)) == -1)
		return -1;
	ws_handshake_decide(&request, &policy, &handshake);
	if (handshake.status != 101)
		return -1;
	connection->member = peer_member_new(path + 1, strcspn(path + 1, " "),
	    connection);
	n = snprintf(answer, sizeof(answer), "HTTP/1.1 101 Switching Protocols"
	    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n\r\n", handshake.accept);
	send_bytes(connection, answer, (size_t)n);
	return 0;
}

/* A client sends no frame before it has the answer to its request. */
static void
take_head(struct connection *connection, const uint8_t *bytes, size_t len)
{
	struct buf *head = &connection->head;

	if (buf_append(head, bytes, len) == -1) {
		end(connection);
		return;
	}
	if (head->len < 4 ||
	    memcmp(buf_data(head) + head->len - 4, "\r\n\r\n", 4) != 0)
		return;
	if (buf_append(head, "", 1) == -1 ||
	    shake_hands(connection, buf_data(head)) == -1)
		end(connection);
	buf_clear(head);
}

static void
drop(struct connection *connection)
{
	struct peer_session *session = NULL;

	if (connection->member != NULL)
		session = peer_member_free(connection->member);
	if (session != NULL)
		broadcast(session);
	ws_parser_clear(&connection->parser);
	buf_clear(&connection->head);
	buf_clear(&connection->output);
	(void)close(connection->fd);	/* whatever it says, it is gone */
	free(connection);
}

static void
serve(struct connection *connection, uint32_t events)
{
	static uint8_t bytes[READ_BYTES];
	ssize_t n;

	if ((events & EPOLLOUT) != 0)
		flush(connection);
	if ((events & ~(uint32_t)EPOLLOUT) == 0)
		return;
	n = recv(connection->fd, bytes, sizeof(bytes), 0);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0)
		drop(connection);
	else if (connection->member == NULL)
		take_head(connection, bytes, (size_t)n);
	else
		take_frames(connection, bytes, (size_t)n);
}

static void
accept_all(int listener)
{
	static const int on = 1;
	struct connection *connection;
	int fd;

	while ((fd = accept4(listener, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1) {
		if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
		    sizeof(on)) == -1)
			fatal("setsockopt");
		connection = xcalloc(1, sizeof(*connection));
		connection->fd = fd;
		buf_init(&connection->head, HEAD_MAX);
		buf_init(&connection->output, OUTPUT_MAX);
		ws_parser_init(&connection->parser, MESSAGE_MAX, false, NULL);
		watch(connection, EPOLL_CTL_ADD, EPOLLIN);
	}
	if (errno != EAGAIN)
		fatal("accept");
}

static int
open_listener(const char *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (const void *)&address, len) == -1 ||
	    listen(fd, BACKLOG) == -1 ||
	    getsockname(fd, (void *)&address, &len) == -1)
		fatal("port %s", port);
	log_info("listening on 127.0.0.1:%u",
	    (unsigned)ntohs(address.sin_port));
	return fd;
}

static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		fatal("setrlimit");
}

int
main(int argc, char *argv[])
{
	struct epoll_event events[EVENTS_MAX];
	struct connection listener;
	int i, n;

	raise_descriptors();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd == -1)
		fatal("epoll_create1");
	listener.fd = open_listener(argc > 1 ? argv[1] : "0");
	watch(&listener, EPOLL_CTL_ADD, EPOLLIN);
	for (;;) {
		n = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
		if (n == -1 && errno != EINTR)
			fatal("epoll_wait");
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr == &listener)
				accept_all(listener.fd);
			else
				serve(events[i].data.ptr, events[i].events);
		}
	}
}
