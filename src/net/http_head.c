#include "http_head.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "wire/http_text.h"

static const char *const field_names[HTTP_FIELDS] = {
	[HTTP_FIELD_HOST] = "Host",
	[HTTP_FIELD_ORIGIN] = "Origin",
	[HTTP_FIELD_CONTENT_TYPE] = "Content-Type",
	[HTTP_FIELD_AUTHORIZATION] = "Authorization",
	[HTTP_FIELD_FORWARDED_FOR] = "X-Forwarded-For",
	[HTTP_FIELD_ACCEPT_ENCODING] = "Accept-Encoding",
	[HTTP_FIELD_IF_NONE_MATCH] = "If-None-Match",
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
 * least ones, before anything is made of the value: of a length and a coding,
 * too, where 0.9.75 refuses white space behind the one, and takes the other for
 * one that it does not know.
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

/* What stands in the list of a head's lines without having been sent. */
static const char cookie[] = MHD_HTTP_HEADER_COOKIE;
static const char nothing[] = "";

void
http_head_skip_cookies(struct MHD_Connection *mhd)
{
	/* It would copy what it finds first.  Without room for this, the head
	 * is too large. */
	(void)MHD_set_connection_value(mhd, MHD_HEADER_KIND, cookie, nothing);
}

static bool
has_info(struct MHD_Connection *mhd, enum MHD_ConnectionInfoType type)
{
	return MHD_get_connection_info(mhd, type) != NULL;
}

bool
http_head_has_come(struct MHD_Connection *mhd)
{
	return has_info(mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE) &&
	    !has_info(mhd, MHD_CONNECTION_INFO_HTTP_STATUS);
}

bool
http_head_is_full(struct MHD_Connection *mhd)
{
	/* Of a kind that nobody asks for. */
	return MHD_set_connection_value(mhd, MHD_POSTDATA_KIND, nothing,
	    nothing) == MHD_NO;
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
is_too_large(size_t size, size_t notes)
{
	return size > HTTP_HEAD_BYTES ||
	    size + notes * HTTP_NOTE_BYTES > HTTP_HEAD_ROOM;
}

/* Notes are all in one list; one is of the line that was not sent. */
static size_t
count_notes(struct MHD_Connection *mhd)
{
	return (size_t)MHD_get_connection_values(mhd,
	    MHD_HEADER_KIND | MHD_GET_ARGUMENT_KIND, NULL, NULL) - 1;
}

const char *
http_field_name(enum http_field field)
{
	return field_names[field];
}

/* Add len bytes to the values that had to be copied. */
static void
copy(struct http_head *head, const char *bytes, size_t len)
{
	assert(len <= sizeof(head->copies) - head->copies_len);
	memcpy(head->copies + head->copies_len, bytes, len);
	head->copies_len += len;
}

static enum MHD_Result
read_line(void *cls, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct http_head *head = cls;
	enum http_field field;

	(void)kind;	/* is MHD_HEADER_KIND */
	if (name == cookie)
		return MHD_YES;
	http_validate_line(&head->audit, name, name_len, value, value_len);
	if (!field_is_intact(head, name, name_len, value))
		head->is_intact = false;
	head->next = behind(value, value_len);
	head->is_next_exact = !head->is_trimmed;
	for (field = 0; field < HTTP_FIELDS; field++) {
		if (!http_text_is(name, name_len, field_names[field]))
			continue;
		head->values[field] = value;
		head->lines[field]++;
		if (http_text_trim(value, value_len) != value_len)
			head->needs_copy |= 1U << field;
	}
	return MHD_YES;
}

/* Add a line to the copy of its field's value, if it is the one in hand. */
static enum MHD_Result
join_line(void *cls, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	struct http_head *head = cls;

	(void)kind;	/* is MHD_HEADER_KIND */
	if (!http_text_is(name, name_len, field_names[head->joining]))
		return MHD_YES;
	if (head->copies + head->copies_len != head->values[head->joining])
		copy(head, ", ", 2);
	copy(head, value, http_text_trim(value, value_len));
	return MHD_YES;
}

/*
 * Make one string of each field that stands in several lines (RFC 9110,
 * section 5.3) or has white space behind it: each line is copied once.
 */
static void
join_lines(struct http_head *head, struct MHD_Connection *mhd)
{
	enum http_field field;

	for (field = 0; field < HTTP_FIELDS; field++) {
		if (head->lines[field] < 2 &&
		    (head->needs_copy & 1U << field) == 0)
			continue;
		head->joining = field;
		head->values[field] = head->copies + head->copies_len;
		(void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND,
		    join_line, head);	/* how many there are */
		copy(head, "", 1);
	}
}

void
http_head_read(struct http_head *head, struct MHD_Connection *mhd,
    const struct http_request_line *line)
{
	head->size = MHD_get_connection_info(mhd,
	    MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
	memset(head->values, 0, sizeof(head->values));
	memset(head->lines, 0, sizeof(head->lines));
	head->needs_copy = 0;
	head->copies_len = 0;
	head->is_intact = line_is_intact(line);
	head->is_trimmed = !is_exact(MHD_get_version());
	head->is_next_exact = true;
	head->next = behind(line->version, strlen(line->version));
	http_validate_begin(&head->audit, line->method, line->target,
	    line->version);
	(void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, read_line,
	    head);	/* how many there are */
	if (!is_next(head, line->method + head->size - strlen("\r\n")))
		head->is_intact = false;
	head->is_too_large = is_too_large(head->size, count_notes(mhd));
	head->is_acceptable = head->is_intact && !head->is_too_large &&
	    http_validate_passes(&head->audit, line->version);
	/* Only what is acceptable is known to fit. */
	if (head->is_acceptable)
		join_lines(head, mhd);
}
