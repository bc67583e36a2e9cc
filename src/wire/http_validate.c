#include "http_validate.h"

#include <string.h>

#include "base/number.h"
#include "http_text.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
/* RFC 9110, section 5.6.2 */
#define TOKEN DIGITS LETTERS "!#$%&'*+-.^_`|~"

enum {
	LENGTH_DIGITS_MAX = 18, /* fits into 64 bits, and no body has as many */
	CHAR_SPACE = 0x20,
	CHAR_DELETE = 0x7f
};

/* Fields that may stand once; Host and the framing's are counted besides. */
static const char *const single_fields[] = {
	"Authorization",
	"Origin",
	"Content-Type",
	"Sec-WebSocket-Key",
	"Sec-WebSocket-Version",
};

static bool
is_token(const char *at, size_t len)
{
	return len > 0 && http_text_span(at, len, TOKEN) == len;
}

static bool
is_control_char(char c)
{
	return (unsigned char)c < CHAR_SPACE || c == CHAR_DELETE;
}

/* RFC 9110, section 5.5: bytes above ASCII are opaque, and allowed. */
static bool
is_field_value(const char *at, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (is_control_char(at[i]) && at[i] != '\t')
			return false;
	return true;
}

/* Section 3.2, and white space that is not part of it. */
static bool
is_host(const char *at, size_t len)
{
	return http_host_is_valid(at, http_text_trim(at, len));
}

/* RFC 9110, sections 2.5 and 6.2: later ones of 1 are read as 1.1. */
static bool
is_version(const char *version)
{
	return strncmp(version, "HTTP/1.", 7) == 0 &&
	    version[7] >= '0' && version[7] <= '9' && version[8] == '\0';
}

/*
 * Section 6.3, and stricter: neither a list of the same number nor white space
 * behind it.  libmicrohttpd shows the value as it reads it: what is still there
 * it may have taken for something else.
 */
static void
add_length(struct http_validation *audit, const char *value, size_t len)
{
	audit->lengths++;
	audit->content_length = 0;
	if (len == 0 || len > LENGTH_DIGITS_MAX || number_scan(value, len,
	    UINT64_MAX, &audit->content_length) != len)
		audit->is_malformed = true;
}

/* Section 6.1: libmicrohttpd knows no other coding, but waits for its end. */
static void
add_encoding(struct http_validation *audit, const char *value, size_t len)
{
	audit->encodings++;
	if (http_text_is(value, len, "chunked"))
		audit->is_chunked = true;
	else
		audit->is_malformed = true;
}

static void
add_single(struct http_validation *audit, const char *name, size_t len)
{
	unsigned i, bit;

	for (i = 0; i < sizeof(single_fields) / sizeof(single_fields[0]);
	    i++) {
		if (!http_text_is(name, len, single_fields[i]))
			continue;
		bit = 1U << i;
		if ((audit->singles & bit) != 0)
			audit->is_malformed = true;
		audit->singles |= bit;
	}
}

void
http_validate_begin(struct http_validation *audit, const char *method,
    const char *target, const char *version)
{
	*audit = (struct http_validation){
		.is_malformed = !is_version(version) ||
		    !is_token(method, strlen(method)),
	};
	if (http_target_parse(method, target, &audit->target) == -1)
		audit->is_malformed = true;
}

void
http_validate_line(struct http_validation *audit, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
	if (!is_token(name, name_len) || !is_field_value(value, value_len))
		audit->is_malformed = true;
	if (http_text_is(name, name_len, "Host")) {
		audit->hosts++;
		if (!is_host(value, value_len))
			audit->is_malformed = true;
	} else if (http_text_is(name, name_len, "Content-Length"))
		add_length(audit, value, value_len);
	else if (http_text_is(name, name_len, "Transfer-Encoding"))
		add_encoding(audit, value, value_len);
	else
		add_single(audit, name, name_len);
}

bool
http_validate_passes(const struct http_validation *audit, const char *version)
{
	bool is_1_0 = strcmp(version, "HTTP/1.0") == 0;

	if (audit->is_malformed || audit->hosts > 1)
		return false;
	if (audit->hosts == 0 && !is_1_0)
		return false;
	if (audit->lengths + audit->encodings > 1)
		return false;
	return audit->encodings == 0 || !is_1_0;
}

bool
http_validate_has_body(const struct http_validation *audit)
{
	return audit->is_chunked || audit->content_length > 0;
}
