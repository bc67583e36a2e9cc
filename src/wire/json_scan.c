#include "json_scan.h"

#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

/*
 * A text is a row of values, each opened through the brackets in front of it
 * and followed by the brackets that it closes; what kind of bracket each level
 * has is a bit.  So nothing here recurses, whatever a client nests.
 */
struct scan {
	const char *at;
	const char *end;
	size_t	 space;		/* white space so far */
	uint64_t objects;	/* a bit for each level, the innermost lowest */
	size_t	 depth;
	size_t	 max_depth;
	struct json_members *members; /* of the outermost level */
	const char *inner_key;
	size_t	 inner_key_len;
	struct json_members *inner;
	bool	 is_inner;	/* the member being read is inner_key's */
};

/* Most tokens have none in front: the first comparison decides. */
static bool
is_space(char c)
{
	return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
pass_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

static void
skip_spaces(struct scan *scan)
{
	const char *p = pass_space(scan->at, scan->end);

	scan->space += (size_t)(p - scan->at);
	scan->at = p;
}

/* Between most tokens there is none, and no call either. */
static inline void
skip_space(struct scan *scan)
{
	if (scan->at < scan->end && is_space(*scan->at))
		skip_spaces(scan);
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/*
 * Of eight bytes of a string, the high bit of each that is a control character,
 * a quote, a backslash or not ASCII.  Bytes above the lowest of these may be
 * marked too, as the subtractions borrow.
 */
static uint64_t
special_bytes(uint64_t word)
{
	uint64_t quote = word ^ EACH_BYTE('"');
	uint64_t backslash = word ^ EACH_BYTE('\\');

	return (word |
	    ((word - EACH_BYTE(' ')) & ~word) |
	    ((quote - EACH_BYTE(1)) & ~quote) |
	    ((backslash - EACH_BYTE(1)) & ~backslash)) & EACH_BYTE(0x80);
}

/* To the next byte of a string that does not simply stand for itself. */
static const char *
skip_plain(const char *p, const char *end)
{
	uint64_t word;

	for (; (size_t)(end - p) >= sizeof(word); p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		word = special_bytes(le64toh(word));
		if (word != 0)
			return p + __builtin_ctzll(word) / 8;
	}
	while (p < end && (unsigned char)*p >= ' ' && *p != '"' &&
	    *p != '\\' && (unsigned char)*p < 0x80)
		p++;
	return p;
}

/*
 * These take the place behind the first byte of what they scan and return the
 * place behind its last, or NULL.
 */
static const char *
scan_escape(const char *p, const char *end)
{
	int i;

	if (p == end)
		return NULL;
	if (*p != 'u')
		return memchr("\"\\/bfnrt", *p, 8) != NULL ? p + 1 : NULL;
	if (end - ++p < 4)
		return NULL;
	for (i = 0; i < 4; i++, p++)
		if (!is_digit(*p) &&
		    !((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f'))
			return NULL;
	return p;
}

static const char *
scan_not_ascii(const char *p, const char *end)
{
	struct utf8 utf8 = { 0 };
	const char *start = p;

	while (p < end && (unsigned char)*p >= 0x80)
		p++;
	if (utf8_feed(&utf8, (const uint8_t *)start, (size_t)(p - start)) ==
	    -1 || !utf8_is_complete(&utf8))
		return NULL;
	return p;
}

static const char *
scan_string(const char *p, const char *end)
{
	while (p != NULL && (p = skip_plain(p, end)) < end) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\')
			p = scan_escape(p + 1, end);
		else if ((unsigned char)*p >= 0x80)
			p = scan_not_ascii(p, end);
		else
			return NULL;
	}
	return NULL;
}

/* Digits, at least one. */
static const char *
scan_digits(const char *p, const char *end)
{
	return p < end && is_digit(*p) ? skip_digits(p + 1, end) : NULL;
}

/* From its first byte. */
static const char *
scan_number(const char *p, const char *end)
{
	if (*p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else if ((p = scan_digits(p, end)) == NULL)
		return NULL;
	if (p < end && *p == '.' && (p = scan_digits(p + 1, end)) == NULL)
		return NULL;
	if (p == end || (*p | 0x20) != 'e')
		return p;
	p++;
	if (p < end && (*p == '+' || *p == '-'))
		p++;
	return scan_digits(p, end);
}

/* From its first byte. */
static const char *
scan_literal(const char *p, const char *end, const char *literal)
{
	size_t n = strlen(literal);

	if ((size_t)(end - p) < n || memcmp(p, literal, n) != 0)
		return NULL;
	return p + n;
}

/* A string, number or literal. */
static int
scan_scalar(struct scan *scan)
{
	const char *p = scan->at, *end = scan->end;

	if (*p == '"')
		p = scan_string(p + 1, end);
	else if (*p == '-' || is_digit(*p))
		p = scan_number(p, end);
	else if (*p == 't')
		p = scan_literal(p, end, "true");
	else if (*p == 'f')
		p = scan_literal(p, end, "false");
	else
		p = scan_literal(p, end, "null");
	if (p == NULL)
		return -1;
	scan->at = p;
	return 0;
}

static bool
is_in_object(const struct scan *scan)
{
	return (scan->objects & 1) != 0;
}

/* Where the members of the innermost level are noted, or NULL. */
static struct json_members *
wanted_members(const struct scan *scan)
{
	if (!is_in_object(scan))
		return NULL;
	if (scan->depth == 1)
		return scan->members;
	return scan->depth == 2 && scan->is_inner ? scan->inner : NULL;
}

static void
begin_object(struct scan *scan)
{
	struct json_members *members = wanted_members(scan);

	if (members != NULL)
		members->status = JSON_OK;
}

/* Key is between its quotes; the value follows. */
static void
begin_member(struct scan *scan, const char *key, size_t key_len)
{
	struct json_members *members = wanted_members(scan);

	if (members == NULL)
		return;
	if (scan->depth == 1)
		scan->is_inner = key_len == scan->inner_key_len &&
		    memcmp(key, scan->inner_key, key_len) == 0;
	if (memchr(key, '\\', key_len) != NULL)
		members->status = JSON_AMBIGUOUS;
	if (members->count < JSON_MEMBERS_MAX)
		members->list[members->count] = (struct json_member){
			.key = key,
			.key_len = key_len,
			.value = scan->at,
			.space = scan->space,
		};
	members->count++;
}

static void
end_member(struct scan *scan)
{
	struct json_members *members = wanted_members(scan);
	struct json_member *member;

	if (members == NULL || members->count > JSON_MEMBERS_MAX)
		return;
	member = &members->list[members->count - 1];
	member->value_len = (size_t)(scan->at - member->value);
	member->space = scan->space - member->space;
}

/* A key with its colon and the space around, up to the value. */
static int
scan_key(struct scan *scan)
{
	const char *key, *p;

	skip_space(scan);
	if (scan->at == scan->end || *scan->at != '"')
		return -1;
	key = scan->at + 1;
	p = scan_string(key, scan->end);
	if (p == NULL)
		return -1;
	scan->at = p;
	skip_space(scan);
	if (scan->at == scan->end || *scan->at != ':')
		return -1;
	scan->at++;
	skip_space(scan);
	begin_member(scan, key, (size_t)(p - 1 - key));
	return 0;
}

static char
closing_bracket(const struct scan *scan)
{
	return is_in_object(scan) ? '}' : ']';
}

static void
close_bracket(struct scan *scan)
{
	scan->at++;
	scan->depth--;
	scan->objects >>= 1;
}

/* A value as far as its first scalar or empty pair of brackets. */
static int
scan_first(struct scan *scan)
{
	for (;;) {
		skip_space(scan);
		if (scan->at == scan->end)
			return -1;
		if (*scan->at != '{' && *scan->at != '[')
			return scan_scalar(scan);
		if (scan->depth == scan->max_depth)
			return -1;
		scan->objects = scan->objects << 1 | (*scan->at == '{');
		scan->depth++;
		begin_object(scan);
		scan->at++;
		skip_space(scan);
		if (scan->at < scan->end &&
		    *scan->at == closing_bracket(scan)) {
			close_bracket(scan);
			return 0;
		}
		if (is_in_object(scan) && scan_key(scan) == -1)
			return -1;
	}
}

/* What follows a value, up to the next one or the end of the outermost. */
static int
scan_rest(struct scan *scan)
{
	while (scan->depth > 0) {
		end_member(scan);
		skip_space(scan);
		if (scan->at == scan->end)
			return -1;
		if (*scan->at == ',') {
			scan->at++;
			return is_in_object(scan) ? scan_key(scan) : 0;
		}
		if (*scan->at != closing_bracket(scan))
			return -1;
		close_bracket(scan);
	}
	return 0;
}

static int
scan_text(struct scan *scan)
{
	do {
		if (scan_first(scan) == -1 || scan_rest(scan) == -1)
			return -1;
	} while (scan->depth > 0);
	skip_space(scan);
	return scan->at == scan->end ? 0 : -1;
}

static bool
is_key(const struct json_member *member, const char *key, size_t len)
{
	return member->key_len == len && memcmp(member->key, key, len) == 0;
}

static bool
has_repeated_key(const struct json_members *members)
{
	size_t i, j;

	for (i = 1; i < members->count; i++)
		for (j = 0; j < i; j++)
			if (is_key(&members->list[i], members->list[j].key,
			    members->list[j].key_len))
				return true;
	return false;
}

static void
judge_members(struct json_members *members)
{
	bool is_too_many = members->count > JSON_MEMBERS_MAX;

	if (is_too_many)
		members->count = JSON_MEMBERS_MAX;
	if (members->status == JSON_OK && has_repeated_key(members))
		members->status = JSON_AMBIGUOUS;
	else if (members->status == JSON_OK && is_too_many)
		members->status = JSON_TOO_MANY;
}

enum json_status
json_scan_object(const char *text, size_t len, size_t max_depth,
    struct json_members *members, const char *inner_key,
    struct json_members *inner)
{
	struct scan scan = {
		.at = text,
		.end = text + len,
		.max_depth = max_depth,
		.members = members,
		.inner_key = inner_key,
		.inner_key_len = strlen(inner_key),
		.inner = inner,
	};

	assert(max_depth <= JSON_DEPTH_MAX);
	members->count = inner->count = 0;
	members->status = inner->status = JSON_NOT_OBJECT;
	if (scan_text(&scan) == -1) {
		members->count = inner->count = 0;
		members->status = inner->status = JSON_INVALID;
	}
	judge_members(members);
	judge_members(inner);
	return members->status;
}

const struct json_member *
json_find(const struct json_members *members, const char *key)
{
	size_t i, len = strlen(key);

	for (i = 0; i < members->count; i++)
		if (is_key(&members->list[i], key, len))
			return &members->list[i];
	return NULL;
}

/* Behind the string whose opening quote is in front of p. */
static const char *
pass_string(const char *p, const char *end)
{
	const char *quote, *q;

	for (;;) {
		quote = memchr(p, '"', (size_t)(end - p));
		for (q = quote; q > p && q[-1] == '\\'; q--)
			continue;
		p = quote + 1;
		if ((quote - q) % 2 == 0)
			return p;
	}
}

/* To the next white space outside of strings. */
static const char *
pass_tokens(const char *p, const char *end)
{
	while (p < end && !is_space(*p)) {
		if (*p++ == '"')
			p = pass_string(p, end);
	}
	return p;
}

int
json_minify(struct buf *buf, const struct json_member *member)
{
	const char *p = member->value, *end = p + member->value_len;
	const char *run;

	if (member->space == 0)
		return buf_append(buf, p, member->value_len);
	while ((run = pass_space(p, end)) < end) {
		p = pass_tokens(run, end);
		if (buf_append(buf, run, (size_t)(p - run)) == -1)
			return -1;
	}
	return 0;
}
