#include "ws_handshake.h"

#include <assert.h>
#include <string.h>

#include <nettle/base64.h>
#include <nettle/sha1.h>

#include "http_text.h"

#define OWS " \t"
#define DIGITS "0123456789"
/* RFC 6455, section 1.3: proves that the server speaks the protocol. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum {
	STATUS_SWITCHING_PROTOCOLS = 101,
	STATUS_BAD_REQUEST = 400,
	STATUS_UPGRADE_REQUIRED = 426,
	/* base64 of 16 bytes: so many characters that count, and "==". */
	KEY_CHARS = 22,
	KEY_PADDED = 24
};

#define KEY_ALPHABET "+/" DIGITS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* One element of a list, not ended by a NUL. */
struct element {
	const char *at;
	size_t	 len;		/* 0: there is none */
};

/* The next element of a list, without the white space around it. */
static struct element
next_element(const char **list)
{
	struct element element;

	element.at = *list + strspn(*list, OWS ",");
	element.len = strcspn(element.at, ",");
	*list = element.at + element.len;
	while (element.len > 0 &&
	    strchr(OWS, element.at[element.len - 1]) != NULL)
		element.len--;
	return element;
}

/* The value of a field that may not be a list: its only element. */
static struct element
only_element(const char *value)
{
	if (value == NULL || strchr(value, ',') != NULL)
		return (struct element){ NULL, 0 };
	return next_element(&value);
}

/* Whether a list has this token, in whatever case. */
static bool
list_has(const char *list, const char *token)
{
	struct element element;

	if (list == NULL)
		return false;
	while ((element = next_element(&list)).len > 0)
		if (http_text_is(element.at, element.len, token))
			return true;
	return false;
}

bool
ws_handshake_is_wanted(const char *upgrade)
{
	return list_has(upgrade, "websocket");
}

/* Section 4.2.1, items 1, 3, 4 and 6: whether it is a request of that kind. */
static bool
is_upgrade(const struct ws_handshake_request *request)
{
	return strcmp(request->method, "GET") == 0 &&
	    strncmp(request->http_version, "HTTP/1.", 7) == 0 &&
	    strcmp(request->http_version, "HTTP/1.0") != 0 &&
	    ws_handshake_is_wanted(request->upgrade) &&
	    list_has(request->connection, "upgrade");
}

/* Section 4.4: a number that is not ours may be asked for again. */
static int
judge_version(const char *value)
{
	struct element version = only_element(value);

	if (version.len == 0 || strspn(version.at, DIGITS) != version.len)
		return STATUS_BAD_REQUEST;
	if (version.len != strlen(WS_VERSION) ||
	    memcmp(version.at, WS_VERSION, version.len) != 0)
		return STATUS_UPGRADE_REQUIRED;
	return STATUS_SWITCHING_PROTOCOLS;
}

/* Section 4.2.2, item 5.4. */
static void
write_accept(struct element key, char out[WS_ACCEPT_CHARS + 1])
{
	struct sha1_ctx ctx;
	uint8_t digest[SHA1_DIGEST_SIZE];

	static_assert(BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE) ==
	    WS_ACCEPT_CHARS, "what a digest is in base64");
	sha1_init(&ctx);
	sha1_update(&ctx, key.len, (const uint8_t *)key.at);
	sha1_update(&ctx, strlen(GUID), (const uint8_t *)GUID);
	sha1_digest(&ctx, sizeof(digest), digest);
	base64_encode_raw(out, sizeof(digest), digest);
	out[WS_ACCEPT_CHARS] = '\0';
}

static int
answer_key(const char *value, struct ws_handshake *handshake)
{
	struct element key = only_element(value);

	if (key.len != KEY_PADDED ||
	    strspn(key.at, KEY_ALPHABET) != KEY_CHARS ||
	    memcmp(key.at + KEY_CHARS, "==", KEY_PADDED - KEY_CHARS) != 0)
		return -1;
	write_accept(key, handshake->accept);
	return 0;
}

/*
 * Choose among the subprotocols offered: the one that is wanted, or the first
 * if wanted is "".  -1 if it is not there or the list is no list of tokens.
 */
static int
choose_subprotocol(const char *offered, const char *wanted,
    struct ws_handshake *handshake)
{
	struct element element, chosen = { NULL, 0 };

	while ((element = next_element(&offered)).len > 0) {
		if (strspn(element.at, WS_TOKEN_CHARS) != element.len)
			return -1;
		if (chosen.len > 0)
			continue;
		if (*wanted == '\0' || (element.len == strlen(wanted) &&
		    memcmp(element.at, wanted, element.len) == 0))
			chosen = element;
	}
	if (chosen.len == 0 || chosen.len > WS_SUBPROTOCOL_MAX)
		return -1;
	memcpy(handshake->subprotocol, chosen.at, chosen.len);
	return 0;
}

static int
answer_subprotocol(const char *offered, const char *wanted,
    struct ws_handshake *handshake)
{
	if (wanted == NULL)
		wanted = "";
	if (offered != NULL)
		return choose_subprotocol(offered, wanted, handshake);
	return *wanted == '\0' ? 0 : -1;
}

/* What is offered has to be well-formed even if we want nothing of it. */
static int
answer_extensions(const char *offers, bool compression,
    struct ws_handshake *handshake)
{
	enum ws_deflate_answer answer;

	if (offers == NULL)
		return 0;
	answer = ws_deflate_negotiate(offers, &handshake->params,
	    handshake->extensions);
	if (answer == WS_DEFLATE_MALFORMED)
		return -1;
	handshake->deflate = compression && answer == WS_DEFLATE_ACCEPTED;
	if (!handshake->deflate)
		handshake->extensions[0] = '\0';
	return 0;
}

void
ws_handshake_decide(const struct ws_handshake_request *request,
    const struct ws_handshake_policy *policy, struct ws_handshake *handshake)
{
	*handshake = (struct ws_handshake){ .status = STATUS_BAD_REQUEST };
	if (!is_upgrade(request))
		return;
	handshake->status = judge_version(request->version);
	if (handshake->status != STATUS_SWITCHING_PROTOCOLS)
		return;
	if (answer_key(request->key, handshake) == -1 ||
	    answer_subprotocol(request->protocol, policy->subprotocol,
	    handshake) == -1 ||
	    answer_extensions(request->extensions, policy->compression,
	    handshake) == -1)
		handshake->status = STATUS_BAD_REQUEST;
}
