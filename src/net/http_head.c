#include "http_head.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const field_names[HTTP_FIELDS] = {
	[HTTP_FIELD_ORIGIN] = "Origin",
	[HTTP_FIELD_CONTENT_TYPE] = "Content-Type",
	[HTTP_FIELD_AUTHORIZATION] = "Authorization",
	[HTTP_FIELD_FORWARDED_FOR] = "X-Forwarded-For",
	[HTTP_FIELD_CONNECTION] = "Connection",
	[HTTP_FIELD_UPGRADE] = "Upgrade",
	[HTTP_FIELD_KEY] = "Sec-WebSocket-Key",
	[HTTP_FIELD_VERSION] = "Sec-WebSocket-Version",
	[HTTP_FIELD_PROTOCOL] = "Sec-WebSocket-Protocol",
	[HTTP_FIELD_EXTENSIONS] = "Sec-WebSocket-Extensions",
};

/*
 * libmicrohttpd takes a head apart where it lies in memory, so that nothing was
 * left out if all its strings follow one another at the distance of their
 * delimiters, and end where it says that the head does.
 *
 * 0.9.75 and 0.9.76 forgive what they do not tell: a NUL ends a target or a
 * value, a bare LF or CR a line, a line without a name the head, and a folded
 * line is added to its field's name.  All of that shows in the distances, and
 * -1 refuses white space before a colon.  0.9.77 makes spaces of a folded
 * line's end, which does not show: it cannot be strict.
 *
 * 1.0.0 turned the values around: -1 forgives everything, and 1 refuses all of
 * the above, in trailers too.  2 would refuse an empty line before a request as
 * well, which RFC 9112 allows, and 3 takes white space behind a chunk's size
 * again.  White space behind a value is cut off, so that the distances are the
 * least ones; behind the fields that say where the request ends there must be
 * none.
 *
 * A later version is taken for one of those: what 1 means is documented, and
 * if heads were laid out otherwise, they would be refused and not misread.
 */
static const char *const exact_versions[] = { "0.9.75", "0.9.76" };

static bool
is_exact(const char *version)
{
	size_t i;

	for (i = 0; i < sizeof(exact_versions) / sizeof(exact_versions[0]);
	    i++)
		if (strcmp(version, exact_versions[i]) == 0)
			return true;
	return false;
}

int
http_head_strictness(void)
{
	const char *version = MHD_get_version();

	if (is_exact(version))
		return -1;
	return strncmp(version, "0.", 2) == 0 ? 0 : 1;
}

/* Where the line after one that ends in this string begins. */
static const char *
behind(const char *last, size_t len)
{
	return last + len + sizeof("\r\n") - 1;
}

static bool
line_is_intact(const struct http_request_line *line)
{
	return line->method + strlen(line->method) + 1 == line->url &&
	    line->url + strlen(line->target) + 1 == line->version;
}

static bool
is_next(const struct http_head *head, const char *at)
{
	return head->is_next_exact ? at == head->next :
	    (uintptr_t)at >= (uintptr_t)head->next;
}

/* Some white space may stand before the value. */
static bool
field_is_intact(const struct http_head *head, const char *name,
    size_t name_len, const char *value)
{
	return is_next(head, name) &&
	    (uintptr_t)value > (uintptr_t)name + name_len;
}

static bool
end_is_intact(const struct http_head *head, const char *start,
    struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd,
	    MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info != NULL &&
	    is_next(head, start + info->header_size - strlen("\r\n"));
}

const char *
http_field_name(enum http_field field)
{
	return field_names[field];
}

static bool
is_named(const char *name, size_t len, const char *field)
{
	return strlen(field) == len && strncasecmp(field, name, len) == 0;
}

static bool
says_where_it_ends(const char *name, size_t len)
{
	return is_named(name, len, MHD_HTTP_HEADER_CONTENT_LENGTH) ||
	    is_named(name, len, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Add a line's value to those of its field. */
static void
join(struct http_head *head, enum http_field field, const char *value)
{
	size_t room = sizeof(head->joined) - head->joined_len;
	const char *before = head->values[field];
	char *start = head->joined + head->joined_len;
	int n;

	n = snprintf(start, room, "%s, %s", before, value);
	if (n < 0 || (size_t)n >= room) {
		head->audit.is_malformed = true;
		return;
	}
	head->values[field] = start;
	head->joined_len += (size_t)n + 1;
}

static enum MHD_Result
read_line(void *cls, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct http_head *head = cls;
	enum http_field field;

	(void)kind;	/* is MHD_HEADER_KIND */
	http_audit_line(&head->audit, name, name_len, value, value_len);
	if (!field_is_intact(head, name, name_len, value))
		head->is_intact = false;
	head->next = behind(value, value_len);
	head->is_next_exact = !head->is_trimmed ||
	    says_where_it_ends(name, name_len);
	for (field = 0; field < HTTP_FIELDS; field++) {
		if (!is_named(name, name_len, field_names[field]))
			continue;
		if (head->values[field] == NULL)
			head->values[field] = value;
		else
			join(head, field, value);
	}
	return MHD_YES;
}

void
http_head_read(struct http_head *head, struct MHD_Connection *mhd,
    const struct http_request_line *line)
{
	memset(head->values, 0, sizeof(head->values));
	head->joined_len = 0;
	head->is_intact = line_is_intact(line);
	head->is_trimmed = !is_exact(MHD_get_version());
	head->is_next_exact = true;
	head->next = behind(line->version, strlen(line->version));
	http_audit_begin(&head->audit, line->method, line->target,
	    line->version);
	(void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, read_line,
	    head);	/* how many there are */
	if (!end_is_intact(head, line->method, mhd))
		head->is_intact = false;
	head->is_acceptable = head->is_intact &&
	    http_audit_passes(&head->audit, line->version);
}
