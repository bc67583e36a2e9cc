#include "client_script.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "net/client_script_text.h"
#include "wire/gzip.h"
#include "wire/http_text.h"

enum {
	DIGEST_BYTES = 8	/* of the file, in its ETag */
};

/* The file in one coding. */
struct form {
	struct exchange_file file; /* without a body at first */
	char etag[2 * DIGEST_BYTES + sizeof("\"-gzip\"")];
};

struct client_script {
	struct form plain;
	struct form gzip;
};

struct client_script *
client_script_new(void)
{
	return xcalloc(1, sizeof(struct client_script));
}

void
client_script_free(struct client_script *script)
{
	if (script == NULL)
		return;
	payload_unref(script->plain.file.body);
	payload_unref(script->gzip.file.body);
	free(script);
}

static void
set_etag(struct form *form, const char *digest, const char *encoding)
{
	xsnprintf(form->etag, sizeof(form->etag), "\"%s%s%s\"", digest,
	    encoding == NULL ? "" : "-", encoding == NULL ? "" : encoding);
	form->file.etag = form->etag;
	form->file.encoding = encoding;
}

static void
make_ready(struct client_script *script)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	char text[2 * DIGEST_BYTES + 1];
	struct sha256_ctx hash;

	script->plain.file.body =
	    payload_new(client_script_text, sizeof(client_script_text) - 1);
	script->gzip.file.body = gzip_compress(client_script_text,
	    sizeof(client_script_text) - 1);
	sha256_init(&hash);
	sha256_update(&hash, sizeof(client_script_text) - 1,
	    (const uint8_t *)client_script_text);
	sha256_digest(&hash, sizeof(digest), digest);
	hex_format(digest, DIGEST_BYTES, text);
	set_etag(&script->plain, text, NULL);
	set_etag(&script->gzip, text, "gzip");
}

/* Whether the parameters behind a coding give it a weight of 0. */
static bool
is_refused(const char *parameters, size_t len)
{
	static const char white[] = " \t", zero[] = "0.";
	size_t at = http_text_span(parameters, len, " \t;");

	if (at + 1 >= len || !http_text_is(parameters + at, 2, "q="))
		return false;
	at += 2;
	at += http_text_span(parameters + at, len - at, zero);
	return at + http_text_span(parameters + at, len - at, white) == len;
}

/* Of an Accept-Encoding, or NULL (RFC 9110, section 12.5.3). */
static bool
takes_gzip(const char *value)
{
	bool takes_others = false;

	while (value != NULL && *value != '\0') {
		const char *item = value + strspn(value, " \t,");
		size_t len = strcspn(item, ",");
		size_t name_len = strcspn(item, ";, \t");
		bool is_taken = !is_refused(item + name_len, len - name_len);

		if (http_text_is(item, name_len, "gzip"))
			return is_taken;
		if (http_text_is(item, name_len, "*"))
			takes_others = is_taken;
		value = item + len;
	}
	return takes_others;
}

/*
 * Of an If-None-Match, or NULL: whether it names the tag, weakly too.  Neither
 * has a quote but those around it.
 */
static bool
matches(const char *value, const char *etag)
{
	return value != NULL &&
	    (strcmp(value, "*") == 0 || strstr(value, etag) != NULL);
}

void
client_script_answer(struct client_script *script,
    const struct exchange_request *request, struct exchange_answer *answer)
{
	const struct form *form = takes_gzip(request->accept_encoding) ?
	    &script->gzip :
	    &script->plain;

	if (form->file.body == NULL)
		make_ready(script);
	answer->file = &form->file;
	if (matches(request->if_none_match, form->etag)) {
		answer->status = 304;
		return;
	}
	answer->status = 200;
	answer->body = payload_ref(form->file.body);
	answer->content_type = "text/javascript; charset=utf-8";
}
