#include "ticket.h"

#include <assert.h>
#include <string.h>

#include <nettle/base64.h>

#include "base/buf.h"
#include "json_scan.h"
#include "json_string.h"
#include "ticket_key.h"
#include "utf8.h"

/* What a part comes to, and a string in it, which only gets shorter. */
#define PART_BYTES BASE64_DECODE_LENGTH(TICKET_BYTES_MAX)

/* Later than any time that is; ten times as much is still a number. */
#define TIME_MAX_S (UINT64_MAX / 100)

/* A stretch of a ticket. */
struct part {
	const char *text;
	size_t	 len;
};

struct parts {
	struct part header;
	struct part claims;
	struct part signature;
	struct part signed_text;	/* the first two, with their dot */
};

/* Up to the next dot, which is passed; -1 if there is none. */
static int
take_part(const char **at, const char *end, struct part *part)
{
	const char *dot = memchr(*at, '.', (size_t)(end - *at));

	if (dot == NULL)
		return -1;
	*part = (struct part){ *at, (size_t)(dot - *at) };
	*at = dot + 1;
	return 0;
}

static int
split_ticket(const struct payload *ticket, struct parts *parts)
{
	const char *at = ticket->data, *end = at + ticket->len;

	if (ticket->len > TICKET_BYTES_MAX ||
	    take_part(&at, end, &parts->header) == -1 ||
	    take_part(&at, end, &parts->claims) == -1)
		return -1;
	parts->signature = (struct part){ at, (size_t)(end - at) };
	parts->signed_text = (struct part){ ticket->data,
		(size_t)(at - 1 - ticket->data) };
	return 0;
}

static bool
is_base64url(const struct part *part)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t i = 0;

	while (i < part->len &&
	    memchr(chars, part->text[i], sizeof(chars) - 1) != NULL)
		i++;
	return i == part->len && part->len % 4 != 1;
}

/*
 * The bytes of a part, at most PART_BYTES, in its one spelling.  The decoder
 * wants the padding that a ticket must not have, and looks at unused bits.
 */
static int
decode_part(const struct part *part, uint8_t *bytes, size_t *len)
{
	static const char padding[] = "==";
	struct base64_decode_ctx ctx;
	size_t none;

	if (!is_base64url(part))
		return -1;
	base64url_decode_init(&ctx);
	if (!base64_decode_update(&ctx, len, bytes, part->len, part->text) ||
	    !base64_decode_update(&ctx, &none, bytes + *len,
	    (4 - part->len % 4) % 4, padding) || !base64_decode_final(&ctx))
		return -1;
	return 0;
}

/* The members of the object that a part is; they point into bytes. */
static int
read_object(const struct part *part, uint8_t bytes[PART_BYTES],
    struct json_members *members)
{
	struct json_members inner;
	size_t len;

	if (decode_part(part, bytes, &len) == -1)
		return -1;
	return json_scan_object((const char *)bytes, len, TICKET_NESTING,
	    members, "", &inner) == JSON_OK ? 0 : -1;
}

/* A string's characters; text has room for PART_BYTES. */
static int
decode_member(const struct json_member *member, char *text, size_t *len)
{
	return member == NULL ? -1 : json_string_decode(member->value,
	    member->value_len, text, len);
}

static bool
is_text(const char *text, size_t len, const char *expected)
{
	return strlen(expected) == len && memcmp(text, expected, len) == 0;
}

/* The key that a header names, if the header is good for it. */
static enum ticket_fault
choose_key(const struct ticket_keys *keys, const struct part *header,
    const struct ticket_key **key)
{
	uint8_t bytes[PART_BYTES];
	char text[PART_BYTES];
	struct json_members members;
	size_t len;

	if (read_object(header, bytes, &members) == -1 ||
	    json_find(&members, "crit") != NULL ||
	    decode_member(json_find(&members, "kid"), text, &len) == -1)
		return TICKET_MALFORMED;
	*key = ticket_keys_find(keys, text, len);
	if (decode_member(json_find(&members, "alg"), text, &len) == -1)
		return TICKET_MALFORMED;
	if (*key == NULL)
		return TICKET_UNKNOWN_KEY;
	return is_text(text, len, ticket_key_algorithm(*key)) ? TICKET_GOOD :
	    TICKET_WRONG_ALGORITHM;
}

static enum ticket_fault
verify_signature(const struct ticket_key *key, const struct parts *parts)
{
	uint8_t signature[PART_BYTES];
	size_t len;

	if (decode_part(&parts->signature, signature, &len) == -1)
		return TICKET_MALFORMED;
	return ticket_key_verifies(key, parts->signed_text.text,
	    parts->signed_text.len, signature, len) ? TICKET_GOOD :
	    TICKET_WRONG_SIGNATURE;
}

/*
 * A number that is a time: digits, and perhaps a fraction, which is cut.  What
 * is later than TIME_MAX_S is as good as that.
 */
static int
read_time(const struct json_member *member, uint64_t *time_s)
{
	const char *p, *end;

	if (member == NULL)
		return -1;
	p = member->value;
	end = p + member->value_len;
	*time_s = 0;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		*time_s = *time_s * 10 + (uint64_t)(*p - '0');
		if (*time_s > TIME_MAX_S)
			*time_s = TIME_MAX_S;
	}
	return p > member->value &&
	    memchr(p, 'e', (size_t)(end - p)) == NULL &&
	    memchr(p, 'E', (size_t)(end - p)) == NULL ? 0 : -1;
}

static enum ticket_fault
judge_expiry(const struct json_member *member, const struct ticket_use *use)
{
	uint64_t time_s;

	if (read_time(member, &time_s) == -1)
		return TICKET_MALFORMED_CLAIMS;
	return use->now_s < time_s + TICKET_LEEWAY_S ? TICKET_GOOD :
	    TICKET_EXPIRED;
}

static enum ticket_fault
judge_beginning(const struct json_member *member, const struct ticket_use *use)
{
	uint64_t time_s;

	if (read_time(member, &time_s) == -1)
		return TICKET_MALFORMED_CLAIMS;
	return use->now_s + TICKET_LEEWAY_S >= time_s ? TICKET_GOOD :
	    TICKET_TOO_EARLY;
}

static const char *
pass_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Whether an array of strings, and of nothing else, has one that is text. */
static enum ticket_fault
judge_audiences(const struct json_member *member, const char *text)
{
	enum ticket_fault fault = TICKET_WRONG_AUDIENCE;
	const char *p = pass_space(member->value + 1), *end;
	char decoded[PART_BYTES];
	size_t len;

	while (*p != ']') {
		if (*p != '"')
			return TICKET_MALFORMED_CLAIMS;
		end = json_string_end(p);
		if (json_string_decode(p, (size_t)(end - p), decoded,
		    &len) == -1)
			return TICKET_MALFORMED_CLAIMS;
		if (is_text(decoded, len, text))
			fault = TICKET_GOOD;
		p = pass_space(end);
		if (*p == ',')
			p = pass_space(p + 1);
	}
	return fault;
}

static enum ticket_fault
judge_text(const struct json_member *member, const char *text,
    enum ticket_fault otherwise)
{
	char decoded[PART_BYTES];
	size_t len;

	if (decode_member(member, decoded, &len) == -1)
		return TICKET_MALFORMED_CLAIMS;
	return is_text(decoded, len, text) ? TICKET_GOOD : otherwise;
}

static enum ticket_fault
judge_audience(const struct json_member *member, const struct ticket_use *use)
{
	bool has_name = use->audience[0] != '\0';

	/* What is for nobody in particular is for who has no name. */
	if (member == NULL || !has_name)
		return (member == NULL) == !has_name ? TICKET_GOOD :
		    TICKET_WRONG_AUDIENCE;
	return *member->value == '[' ?
	    judge_audiences(member, use->audience) :
	    judge_text(member, use->audience, TICKET_WRONG_AUDIENCE);
}

/* An account can be told from others, and looked for. */
static enum ticket_fault
judge_account(const struct json_member *member, const struct ticket_use *use)
{
	char text[PART_BYTES];
	size_t len, n;

	(void)use;	/* it is good for every use */
	if (decode_member(member, text, &len) == -1 ||
	    memchr(text, '\0', len) != NULL)
		return TICKET_MALFORMED_CLAIMS;
	n = utf8_count(text, len);
	return n > 0 && n <= TICKET_ACCOUNT_CHARS ? TICKET_GOOD :
	    TICKET_MALFORMED_CLAIMS;
}

static enum ticket_fault
judge_name(const struct json_member *member, const struct ticket_use *use)
{
	/* A customer's name has no NUL. */
	return judge_text(member, use->name->data, TICKET_WRONG_NAME);
}

static enum ticket_fault
judge_session(const struct json_member *member, const struct ticket_use *use)
{
	return judge_text(member, use->session, TICKET_WRONG_SESSION);
}

static enum ticket_fault
judge_role(const struct json_member *member, const struct ticket_use *use)
{
	enum ticket_fault fault = judge_text(member, "host",
	    TICKET_WRONG_ROLE);

	if (fault != TICKET_WRONG_ROLE || use->starts)
		return fault;
	return judge_text(member, "guest", TICKET_WRONG_ROLE);
}

/* The claims that we know, in the order in which they are judged. */
static const struct claim {
	const char *key;
	bool	 is_optional;	/* else it is judged that it is not there */
	enum ticket_fault (*judge)(const struct json_member *member,
		    const struct ticket_use *use);
} claims[] = {
	{ "exp", false, judge_expiry },
	{ "nbf", true, judge_beginning },
	{ "aud", false, judge_audience },
	{ "sub", true, judge_account },
	{ "name", true, judge_name },
	{ "session", true, judge_session },
	{ "role", true, judge_role },
};

/* Of claims that are good. */
static struct payload *
read_account(const struct json_member *member)
{
	char text[PART_BYTES];
	size_t len = 0;
	int decoded;

	if (member == NULL)
		return NULL;
	decoded = decode_member(member, text, &len);
	assert(decoded == 0);	/* as it was judged by that */
	(void)decoded;
	return payload_new(text, len);
}

static enum ticket_fault
judge_claims(const struct part *part, const struct ticket_use *use,
    struct payload **account)
{
	enum ticket_fault fault = TICKET_GOOD;
	uint8_t bytes[PART_BYTES];
	const struct json_member *member;
	struct json_members members;
	size_t i;

	if (read_object(part, bytes, &members) == -1)
		return TICKET_MALFORMED;
	for (i = 0; i < sizeof(claims) / sizeof(claims[0]) &&
	    fault == TICKET_GOOD; i++) {
		member = json_find(&members, claims[i].key);
		if (member != NULL || !claims[i].is_optional)
			fault = claims[i].judge(member, use);
	}
	if (fault == TICKET_GOOD)
		*account = read_account(json_find(&members, "sub"));
	return fault;
}

enum ticket_fault
ticket_judge(const struct ticket_keys *keys, const struct payload *ticket,
    const struct ticket_use *use, struct payload **account)
{
	const struct ticket_key *key;
	enum ticket_fault fault;
	struct parts parts;

	*account = NULL;
	if (split_ticket(ticket, &parts) == -1)
		return TICKET_MALFORMED;
	fault = choose_key(keys, &parts.header, &key);
	/* Nothing is read of claims that nobody has vouched for. */
	if (fault == TICKET_GOOD)
		fault = verify_signature(key, &parts);
	if (fault == TICKET_GOOD)
		fault = judge_claims(&parts.claims, use, account);
	return fault;
}

const char *
ticket_fault_name(enum ticket_fault fault)
{
	static const char *const names[TICKET_FAULTS] = {
		[TICKET_GOOD] = "none",
		[TICKET_MALFORMED] = "malformed",
		[TICKET_UNKNOWN_KEY] = "key",
		[TICKET_WRONG_ALGORITHM] = "algorithm",
		[TICKET_WRONG_SIGNATURE] = "signature",
		[TICKET_MALFORMED_CLAIMS] = "claims",
		[TICKET_EXPIRED] = "expired",
		[TICKET_TOO_EARLY] = "early",
		[TICKET_WRONG_AUDIENCE] = "audience",
		[TICKET_WRONG_NAME] = "name",
		[TICKET_WRONG_SESSION] = "session",
		[TICKET_WRONG_ROLE] = "role",
	};

	return names[fault];
}
