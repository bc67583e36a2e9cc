#include "admin_client.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/number.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/endpoint.h"

enum {
	TIMEOUT_S = 30,
	HEAD_MAX = 8192,
	READ_BYTES = 16384,
	REQUEST_BYTES = 1024
};

/* "HTTP/1.1 200 OK": the status, 0 for anything else. */
static unsigned
parse_status(const char *line)
{
	static const char version[] = "HTTP/1.1 ";
	const char *digits = line + sizeof(version) - 1;
	uint64_t status;

	if (strncmp(line, version, sizeof(version) - 1) != 0 ||
	    number_scan(digits, strlen(digits), 999, &status) != 3 ||
	    digits[3] != ' ')
		return 0;
	return (unsigned)status;
}

/* Whether a field is Content-Length, and the only one that says len. */
static int
parse_length(const char *field, size_t len, int *lengths)
{
	static const char name[] = "Content-Length: ";
	char expected[24];

	if (strncasecmp(field, "Transfer-Encoding:", 18) == 0)
		return -1;
	if (strncasecmp(field, name, sizeof(name) - 1) != 0)
		return 0;
	xsnprintf(expected, sizeof(expected), "%zu", len);
	(*lengths)++;
	return strcmp(field + sizeof(name) - 1, expected) == 0 ? 0 : -1;
}

int
admin_client_parse(char *text, size_t len, unsigned *status, const char **body)
{
	char *end = strstr(text, "\r\n\r\n"), *line, *next;
	int lengths = 0;

	if (strlen(text) != len || end == NULL)
		return -1;
	*body = end + 4;
	end[2] = '\0';
	*status = parse_status(text);
	for (line = text; *line != '\0'; line = next + 2) {
		next = strstr(line, "\r\n");
		*next = '\0';
		if (line != text &&
		    parse_length(line, len - (size_t)(*body - text),
		    &lengths) == -1)
			return -1;
	}
	return *status != 0 && lengths == 1 ? 0 : -1;
}

static int
set_timeouts(int fd)
{
	const struct timeval limit = { .tv_sec = TIMEOUT_S };

	return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
	    sizeof(limit)) == -1 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO,
	    &limit, sizeof(limit)) == -1 ? -1 : 0;
}

static int
send_request(int fd, const char *method, const char *target)
{
	char request[REQUEST_BYTES];
	int len = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\n"
	    "Content-Length: 0\r\n\r\n", method, target);
	size_t sent = 0;
	ssize_t n;

	if (len < 0 || (size_t)len >= sizeof(request)) {
		errno = EMSGSIZE;
		return -1;
	}
	for (; sent < (size_t)len; sent += (size_t)n) {
		n = send(fd, request + sent, (size_t)len - sent, MSG_NOSIGNAL);
		if (n == -1)
			return -1;
	}
	return 0;
}

/* All that comes until the daemon closes; NULL with errno. */
static struct payload *
read_answer(int fd)
{
	struct buf buf;
	ssize_t n;
	char *room;

	buf_init(&buf, HEAD_MAX + ADMIN_CLIENT_BODY_MAX);
	for (;;) {
		room = buf_reserve(&buf, READ_BYTES);
		if (room == NULL) {
			errno = EMSGSIZE;
			break;
		}
		n = recv(fd, room, READ_BYTES, 0);
		if (n == 0)
			return buf_freeze(&buf);
		if (n == -1)
			break;
		buf_added(&buf, (size_t)n);
	}
	buf_clear(&buf);
	return NULL;
}

static enum admin_client_status
send_and_receive(int fd, const char *where, const char *method,
    const char *target, struct admin_client_answer *answer)
{
	struct payload *text = NULL;
	const char *body;
	int result;

	if (send_request(fd, method, target) == 0)
		text = read_answer(fd);
	if (text == NULL) {
		log_warn("%s: no answer", where);
		return ADMIN_CLIENT_FAILED;
	}
	result = admin_client_parse(text->data, text->len, &answer->status,
	    &body);
	if (result == 0)
		answer->body = xstrdup(body);
	else
		log_errorx("%s: whoever listens there is no daemon of ours, "
		    "or went away", where);
	payload_unref(text);
	return result == 0 ? ADMIN_CLIENT_ANSWERED : ADMIN_CLIENT_FAILED;
}

enum admin_client_status
admin_client_ask(const struct endpoint *endpoint, const char *method,
    const char *target, struct admin_client_answer *answer)
{
	char where[ENDPOINT_TEXT_MAX + 1];
	enum admin_client_status status;
	int fd, saved;

	endpoint_format(endpoint, where);
	fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || set_timeouts(fd) == -1)
		fatal("socket");
	if (connect(fd, (const struct sockaddr *)&endpoint->address,
	    endpoint->len) == -1) {
		saved = errno;
		(void)close(fd); /* nothing was written to it */
		errno = saved;
		return ADMIN_CLIENT_ABSENT;
	}
	status = send_and_receive(fd, where, method, target, answer);
	(void)close(fd); /* all was read, or nothing counts */
	return status;
}
