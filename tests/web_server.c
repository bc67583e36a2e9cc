#include "web_server.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <check.h>

/* An answer that takes as long will not come. */
#define PATIENCE_S 60
/* Of STDIN in one record: not a multiple of what anybody's buffer has. */
#define STDIN_BYTES 30001

void
web_init(struct buf *out)
{
	buf_init(out, WEB_BYTES_MAX);
}

static void
put(struct buf *out, const void *bytes, size_t len)
{
	ck_assert_int_eq(buf_append(out, bytes, len), 0);
}

void
web_record(struct buf *out, int type, unsigned id, const void *content,
    size_t len)
{
	const uint8_t header[8] = {
		1, (uint8_t)type, (uint8_t)(id >> 8), (uint8_t)id,
		(uint8_t)(len >> 8), (uint8_t)len, 3, 0
	};

	ck_assert_uint_le(len, 65535);
	put(out, header, sizeof(header));
	put(out, content, len);
	put(out, "pad", 3);
}

void
web_begin(struct buf *out, unsigned id, int flags)
{
	const uint8_t body[8] = { 0, 1, (uint8_t)flags };

	web_record(out, WEB_BEGIN, id, body, sizeof(body));
}

static void
put_length(struct buf *out, size_t len)
{
	const uint8_t bytes[4] = {
		(uint8_t)(len >> 24 | 0x80), (uint8_t)(len >> 16),
		(uint8_t)(len >> 8), (uint8_t)len
	};

	if (len < 128)
		put(out, &bytes[3], 1);
	else
		put(out, bytes, sizeof(bytes));
}

static void
put_pair(struct buf *out, const char *name, const char *value)
{
	put_length(out, strlen(name));
	put_length(out, strlen(value));
	put(out, name, strlen(name));
	put(out, value, strlen(value));
}

void
web_params(struct buf *out, unsigned id, const char *const *params)
{
	struct buf pairs;
	size_t at, n;

	web_init(&pairs);
	for (; *params != NULL; params += 2)
		put_pair(&pairs, params[0], params[1]);
	for (at = 0; at < pairs.len; at += n) {
		n = pairs.len - at < STDIN_BYTES ? pairs.len - at :
		    STDIN_BYTES;
		web_record(out, WEB_PARAMS, id, buf_data(&pairs) + at, n);
	}
	web_record(out, WEB_PARAMS, id, "", 0);
	buf_clear(&pairs);
}

void
web_stdin(struct buf *out, unsigned id, const char *body, size_t len)
{
	size_t at, n;

	for (at = 0; at < len; at += n) {
		n = len - at < STDIN_BYTES ? len - at : STDIN_BYTES;
		web_record(out, WEB_STDIN, id, body + at, n);
	}
	web_record(out, WEB_STDIN, id, "", 0);
}

void
web_request(struct buf *out, unsigned id, int flags,
    const struct web_request *request)
{
	const char *body = request->body == NULL ? "" : request->body;
	const char *params[32] = {
		"SCRIPT_NAME", "/elsewhere/script", "PATH_INFO", "/one",
		"REQUEST_URI", request->uri,
		"REQUEST_METHOD", request->method == NULL ? "GET" :
		    request->method,
		"REMOTE_ADDR", request->client == NULL ? "192.0.2.7" :
		    request->client,
	};
	const char *const *more = request->params;
	char length[24];
	size_t n = 10;

	snprintf(length, sizeof(length), "%zu", strlen(body));
	params[n++] = "CONTENT_LENGTH";
	params[n++] = request->body == NULL ? "" : length;
	if (request->authorization != NULL) {
		params[n++] = "HTTP_AUTHORIZATION";
		params[n++] = request->authorization;
	}
	while (more != NULL && *more != NULL) {
		ck_assert_uint_lt(n, 31);
		params[n++] = *more++;
	}
	web_begin(out, id, flags);
	web_params(out, id, params);
	web_stdin(out, id, body, strlen(body));
}

int
web_connect(const char *path)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)), 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address,
	    sizeof(address)), 0);
	return fd;
}

void
web_send(int fd, struct buf *out)
{
	ck_assert_int_eq(send(fd, buf_data(out), out->len, MSG_NOSIGNAL),
	    (ssize_t)out->len);
	buf_clear(out);
}

static void
read_exactly(int fd, void *bytes, size_t len)
{
	if (len > 0)
		ck_assert_int_eq(recv(fd, bytes, len, MSG_WAITALL),
		    (ssize_t)len);
}

void
web_read(int fd, struct web_record *record)
{
	uint8_t header[8], padding[255];

	read_exactly(fd, header, sizeof(header));
	ck_assert_uint_eq(header[0], 1);
	record->type = header[1];
	record->id = (unsigned)header[2] << 8 | header[3];
	record->len = (size_t)header[4] << 8 | header[5];
	read_exactly(fd, record->content, record->len);
	record->content[record->len] = '\0';
	read_exactly(fd, padding, header[6]);
}

void
web_read_answer(int fd, struct web_answer *answer)
{
	static struct web_record record;

	answer->len = 0;
	web_read(fd, &record);
	answer->id = record.id;
	while (record.type == WEB_STDOUT) {
		ck_assert_uint_eq(record.id, answer->id);
		ck_assert_uint_le(answer->len + record.len, WEB_BYTES_MAX);
		memcpy(answer->text + answer->len, record.content, record.len);
		answer->len += record.len;
		web_read(fd, &record);
	}
	answer->text[answer->len] = '\0';
	ck_assert_int_eq(record.type, WEB_END);
	ck_assert_uint_eq(record.id, answer->id);
	ck_assert_uint_eq(record.len, 8);
	ck_assert_mem_eq(record.content, "\0\0\0\0", 4);
	answer->protocol_status = record.content[4];
}

const char *
web_body(const struct web_answer *answer)
{
	const char *end = strstr(answer->text, "\r\n\r\n");

	ck_assert_ptr_nonnull(end);
	return end + 4;
}

void
web_check_end(int fd)
{
	char byte;

	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
}
