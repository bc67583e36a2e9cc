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
 * libmicrohttpd 0.9.75 forgives what it does not tell: a NUL ends a target or
 * a value, a bare LF or CR a line, a line without a name the head, and a folded
 * line is added to its field's name.  But it takes a head apart where it lies
 * in memory, so that nothing was forgiven if all its strings follow one another
 * at the distance of their delimiters, and end where it says that the head
 * does.  How other versions lay it out is not known here: they are not asked.
 */
static const char known_version[] = "0.9.75";

static bool
is_layout_known(void)
{
	return strcmp(MHD_get_version(), known_version) == 0;
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

/* Some white space may stand before the value. */
static bool
field_is_intact(const char *at, const char *name, size_t name_len,
    const char *value)
{
	return name == at && (uintptr_t)value > (uintptr_t)name + name_len;
}

static bool
end_is_intact(const char *at, const char *start, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd,
	    MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info != NULL && start + info->header_size == behind(at, 0);
}

const char *
http_field_name(enum http_field field)
{
	return field_names[field];
}

static bool
is_field(enum http_field field, const char *name, size_t len)
{
	return strlen(field_names[field]) == len &&
	    strncasecmp(field_names[field], name, len) == 0;
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
	if (!field_is_intact(head->next, name, name_len, value))
		head->is_intact = false;
	head->next = behind(value, value_len);
	for (field = 0; field < HTTP_FIELDS; field++) {
		if (!is_field(field, name, name_len))
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
	head->next = behind(line->version, strlen(line->version));
	http_audit_begin(&head->audit, line->method, line->target,
	    line->version);
	(void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, read_line,
	    head);	/* how many there are */
	if (!end_is_intact(head->next, line->method, mhd))
		head->is_intact = false;
	head->is_acceptable = http_audit_passes(&head->audit, line->version) &&
	    (head->is_intact || !is_layout_known());
}
