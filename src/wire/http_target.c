#include "http_target.h"

#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "http_text.h"

#define DIGITS "0123456789"
#define HEX DIGITS "ABCDEFabcdef"
/* RFC 3986, sections 2.2 and 2.3 */
#define UNRESERVED DIGITS "-._~" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SUB_DELIMS "!$&'()*+,;="

enum {
	PORT_DIGITS_MAX = 5,
	ESCAPE_CHARS = 3,	/* % and two digits */
	CHAR_DELETE = 0x7f
};

/* A path that is being written, without its escapes and dot segments. */
struct normal {
	char	*out;
	size_t	 len;
	size_t	 segment;	/* where the last one begins */
	bool	 has_dots;
};

static bool
is_in(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool
is_escape(const char *at, size_t len)
{
	return len >= ESCAPE_CHARS && at[0] == '%' && is_in(HEX, at[1]) &&
	    is_in(HEX, at[2]);
}

/* The length of a registered name or an IPv4 address, which may be 0. */
static size_t
name_span(const char *at, size_t len)
{
	size_t n = 0;

	while (n < len)
		if (is_in(UNRESERVED SUB_DELIMS, at[n]))
			n++;
		else if (is_escape(at + n, len - n))
			n += ESCAPE_CHARS;
		else
			break;
	return n;
}

/* The length of what stands in brackets, IPv6address or IPvFuture; 0: none. */
static size_t
literal_span(const char *at, size_t len)
{
	size_t n;

	if (len == 0 || !is_in("vV", at[0]))
		return http_text_span(at, len, HEX ":.");
	n = 1 + http_text_span(at + 1, len - 1, HEX);
	if (n == 1 || n + 1 >= len || at[n] != '.')
		return 0;
	len -= ++n;
	len = http_text_span(at + n, len, UNRESERVED SUB_DELIMS ":");
	return len == 0 ? 0 : n + len;
}

/* The length of a host, -1 if something else begins in brackets. */
static int
host_span(const char *at, size_t len, size_t *n)
{
	if (len == 0 || at[0] != '[') {
		*n = name_span(at, len);
		return 0;
	}
	*n = 1 + literal_span(at + 1, len - 1);
	if (*n == 1 || *n == len || at[*n] != ']')
		return -1;
	++*n;
	return 0;
}

bool
http_host_is_valid(const char *host, size_t len)
{
	size_t n;

	if (host_span(host, len, &n) == -1)
		return false;
	if (n == len)
		return true;
	len -= n + 1;
	return host[n] == ':' && len <= PORT_DIGITS_MAX &&
	    http_text_span(host + n + 1, len, DIGITS) == len;
}

/* A host that is not empty; CONNECT has to say the port, too. */
static bool
is_authority(const char *at, size_t len)
{
	return len > 0 && at[0] != ':' && http_host_is_valid(at, len);
}

static bool
has_port(const char *at, size_t len)
{
	size_t digits = 0;

	while (digits < len && is_in(DIGITS, at[len - 1 - digits]))
		digits++;
	return digits > 0 && digits < len && at[len - 1 - digits] == ':';
}

static void
set_path(struct http_target *parsed, const char *path)
{
	parsed->path = path;
	parsed->path_len = strcspn(path, "?");
	path += parsed->path_len;
	parsed->query = path + (*path == '?');
}

/* Skip http:// or https://; NULL if target begins otherwise. */
static const char *
skip_scheme(const char *target)
{
	static const char *const schemes[] = { "http://", "https://" };
	size_t i, len;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		len = strlen(schemes[i]);
		if (strncasecmp(target, schemes[i], len) == 0)
			return target + len;
	}
	return NULL;
}

static int
parse_absolute(const char *method, const char *target,
    struct http_target *parsed)
{
	const char *host = skip_scheme(target);

	if (host == NULL)
		return -1;
	parsed->form = HTTP_FORM_ABSOLUTE;
	parsed->host = host;
	parsed->host_len = strcspn(host, "/?");
	if (!is_authority(host, parsed->host_len))
		return -1;
	set_path(parsed, host + parsed->host_len);
	if (parsed->path_len > 0)
		return 0;
	/* Section 3.2.4. */
	if (strcmp(method, "OPTIONS") == 0 && host[parsed->host_len] == '\0')
		parsed->form = HTTP_FORM_ASTERISK;
	else {
		parsed->path = "/";
		parsed->path_len = 1;
	}
	return 0;
}

static bool
is_printable(const char *target)
{
	const char *at;

	for (at = target; *at > ' ' && *at < CHAR_DELETE; at++)
		;
	return at != target && *at == '\0';
}

int
http_target_parse(const char *method, const char *target,
    struct http_target *parsed)
{
	*parsed = (struct http_target){ .form = HTTP_FORM_ORIGIN, .path = "",
	    .query = "" };
	if (!is_printable(target))
		return -1;
	if (strcmp(method, "CONNECT") == 0) {
		parsed->form = HTTP_FORM_AUTHORITY;
		return is_authority(target, strlen(target)) &&
		    has_port(target, strlen(target)) ? 0 : -1;
	}
	if (strcmp(target, "*") == 0) {
		parsed->form = HTTP_FORM_ASTERISK;
		return strcmp(method, "OPTIONS") == 0 ? 0 : -1;
	}
	if (target[0] != '/')
		return parse_absolute(method, target, parsed);
	set_path(parsed, target);
	return 0;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : c;
}

/* Resolve the last segment if it is one of dots; false if it is not. */
static bool
resolve_dots(struct normal *normal)
{
	size_t len = normal->len - normal->segment;
	const char *segment = normal->out + normal->segment;

	if (len == 0 || len > 2 || segment[0] != '.' || segment[len - 1] != '.')
		return false;
	normal->has_dots = true;
	normal->len = normal->segment;
	/* Behind the slash before the segment before, if there is one. */
	if (len == 2 && normal->len > 1)
		for (normal->len--; normal->len > 1 &&
		    normal->out[normal->len - 1] != '/'; normal->len--)
			;
	normal->segment = normal->len;
	return true;
}

static void
add_path_char(struct normal *normal, char c)
{
	bool ends_segment = c == '/' && normal->len > 0;

	if (ends_segment && (normal->out[normal->len - 1] == '/' ||
	    resolve_dots(normal)))
		return;
	normal->out[normal->len++] = c;
	if (c == '/')
		normal->segment = normal->len;
}

static void
add_path_text(struct normal *normal, const char *text)
{
	while (*text != '\0')
		add_path_char(normal, *text++);
}

bool
http_path_normalize(const char *path, size_t len, char *out)
{
	struct normal normal = { .out = out };
	size_t i;
	char c;

	for (i = 0; i < len; i++) {
		if (path[i] != '%') {
			add_path_char(&normal, path[i]);
			continue;
		}
		/* Or it would be one with what an escape behind it is. */
		if (!is_escape(path + i, len - i)) {
			add_path_text(&normal, "%25");
			continue;
		}
		c = (char)(hex_value(path[i + 1]) << 4 |
		    hex_value(path[i + 2]));
		if (is_in(UNRESERVED "/", c))
			add_path_char(&normal, c);
		else {
			add_path_char(&normal, '%');
			add_path_char(&normal, upper(path[i + 1]));
			add_path_char(&normal, upper(path[i + 2]));
		}
		i += ESCAPE_CHARS - 1;
	}
	(void)resolve_dots(&normal);
	out[normal.len] = '\0';
	return normal.has_dots;
}

bool
http_method_is_known(const char *method)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT",
	    "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH" };
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}
