/*
 * The audit of any head.  The input is a head in lines: the request line's
 * method, target and version between spaces, then a field each, its name and
 * its value on either side of the first colon.  They come as they are: what a
 * parser would have taken away is for the audit to refuse.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "wire/http_validate.h"

enum { LINES_MAX = 64 };

/* Ended by a NUL, and may have others. */
struct piece {
	char	*at;
	size_t	 len;
};

struct line {
	struct piece name;
	struct piece value;
};

struct head {
	const char *method;
	const char *target;
	const char *version;
	struct line lines[LINES_MAX];
	size_t	 count;
};

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Cut a piece off what is at text, up to delimiter, which becomes a NUL. */
static struct piece
cut(struct piece *text, char delimiter)
{
	struct piece piece = *text;
	char *at = memchr(piece.at, delimiter, piece.len);

	if (at != NULL)
		piece.len = (size_t)(at - piece.at);
	piece.at[piece.len] = '\0';
	text->at += piece.len + (at != NULL);
	text->len -= piece.len + (at != NULL);
	return piece;
}

static void
read_head(struct head *head, struct piece text)
{
	struct piece line = cut(&text, '\n');

	head->method = cut(&line, ' ').at;
	head->target = cut(&line, ' ').at;
	head->version = line.at;
	for (head->count = 0; head->count < LINES_MAX && text.len > 0;
	    head->count++) {
		line = cut(&text, '\n');
		head->lines[head->count].name = cut(&line, ':');
		head->lines[head->count].value = line;
	}
}

static bool
is_named(const struct line *line, const char *name)
{
	return line->name.len == strlen(name) &&
	    strncasecmp(line->name.at, name, line->name.len) == 0;
}

static const struct line *
only_line(const struct head *head, const char *name)
{
	const struct line *found = NULL;
	size_t i;

	for (i = 0; i < head->count; i++) {
		if (!is_named(&head->lines[i], name))
			continue;
		assert(found == NULL);
		found = &head->lines[i];
	}
	return found;
}

/* What holds for a length that passed, and what was made of it. */
static void
check_length(const struct line *line, const struct http_validation *audit)
{
	uint64_t value = 0;
	size_t i;

	if (line == NULL) {
		assert(audit->content_length == 0);
		return;
	}
	assert(line->value.len > 0 && line->value.len < 19);
	for (i = 0; i < line->value.len; i++) {
		assert(line->value.at[i] >= '0' && line->value.at[i] <= '9');
		value = 10 * value + (uint64_t)(line->value.at[i] - '0');
	}
	assert(audit->content_length == value);
}

static void
check_host(const struct head *head)
{
	const struct line *line = only_line(head, "Host");
	size_t i, digits = 0;

	if (line == NULL) {
		assert(strcmp(head->version, "HTTP/1.0") == 0);
		return;
	}
	for (i = 0; i < line->value.len; i++) {
		assert(strchr("/@?#\\\"<>", line->value.at[i]) == NULL);
		digits = line->value.at[i] >= '0' && line->value.at[i] <= '9' ?
		    digits + 1 : 0;
	}
	assert(line->value.at[0] == '[' || memchr(line->value.at, ' ',
	    line->value.len) != NULL || memchr(line->value.at, ':',
	    line->value.len) == NULL || digits <= 5);
}

static void
check_bytes(const struct line *line)
{
	size_t i;

	assert(line->name.len > 0);
	for (i = 0; i < line->name.len; i++)
		assert(line->name.at[i] > ' ' && line->name.at[i] < 0x7f &&
		    strchr("\"(),/:;<=>?@[\\]{}", line->name.at[i]) == NULL);
	for (i = 0; i < line->value.len; i++)
		assert(line->value.at[i] == '\t' ||
		    (line->value.at[i] != 0x7f &&
			(unsigned char)line->value.at[i] >= ' '));
}

/* The normal form of a path is its own. */
static void
check_path(const struct http_target *target)
{
	size_t room = HTTP_PATH_GROWTH * target->path_len + 1;
	char *path = xcalloc(1, room);
	char *again = xcalloc(HTTP_PATH_GROWTH, room);

	assert(target->path_len == 0 || target->path[0] == '/');
	(void)http_path_normalize(target->path, target->path_len, path);
	assert(strlen(path) < room && strstr(path, "//") == NULL);
	assert(!http_path_normalize(path, strlen(path), again));
	assert(strcmp(path, again) == 0);
	free(again);
	free(path);
}

/* What passed is sound, looked at in another way. */
static void
check_passed(const struct head *head, const struct http_validation *audit)
{
	static const char *const once[] = { "Authorization", "Origin",
	    "Content-Type", "Sec-WebSocket-Key", "Sec-WebSocket-Version" };
	const struct line *length = only_line(head, "Content-Length");
	const struct line *encoding = only_line(head, "Transfer-Encoding");
	const char *at;
	size_t i;

	assert(strlen(head->version) == 8 &&
	    strncmp(head->version, "HTTP/1.", 7) == 0 &&
	    head->version[7] >= '0' && head->version[7] <= '9');
	assert(head->method[0] != '\0');
	check_path(&audit->target);
	for (at = head->target; *at != '\0'; at++)
		assert(*at >= '!' && *at <= '~');
	for (i = 0; i < head->count; i++)
		check_bytes(&head->lines[i]);
	for (i = 0; i < sizeof(once) / sizeof(once[0]); i++)
		(void)only_line(head, once[i]);	/* it asserts that */
	check_host(head);
	check_length(length, audit);
	assert(audit->is_chunked == (encoding != NULL));
	if (encoding != NULL)
		assert(length == NULL && encoding->value.len == 7 &&
		    head->version[7] != '0' &&
		    strncasecmp(encoding->value.at, "chunked", 7) == 0);
	assert(http_validate_has_body(audit) ==
	    (encoding != NULL || audit->content_length > 0));
}

static void
add_line(struct http_validation *audit, const struct line *line)
{
	http_validate_line(audit, line->name.at, line->name.len, line->value.at,
	    line->value.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct http_validation audit, backwards;
	struct head *head = xcalloc(1, sizeof(*head));
	char *text = xcalloc(1, len + 1);
	size_t i;

	memcpy(text, data, len);
	read_head(head, (struct piece){ text, len });
	http_validate_begin(&audit, head->method, head->target, head->version);
	backwards = audit;
	for (i = 0; i < head->count; i++) {
		add_line(&audit, &head->lines[i]);
		add_line(&backwards, &head->lines[head->count - 1 - i]);
	}
	assert(http_validate_passes(&audit, head->version) ==
	    http_validate_passes(&backwards, head->version));
	if (http_validate_passes(&audit, head->version))
		check_passed(head, &audit);
	free(text);
	free(head);
	return 0;
}
