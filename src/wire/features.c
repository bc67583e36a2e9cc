#include "features.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "json_string.h"

static const struct {
	const char *name;
	unsigned feature;
} names[] = {
	{ "presence", FEATURE_PRESENCE },
	{ "say", FEATURE_SAY },
	{ "lock", FEATURE_LOCK },
	{ "delta", FEATURE_DELTA },
};

#define NAMES (sizeof(names) / sizeof(names[0]))

/* No name has more bytes in JSON, however it is spelt. */
#define SPELT_MAX 64

/* The feature of that name; 0 if there is none. */
static unsigned
feature_named(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < NAMES; i++)
		if (strlen(names[i].name) == len &&
		    memcmp(names[i].name, name, len) == 0)
			return names[i].feature;
	return 0;
}

unsigned
features_of_list(const char *list, size_t len)
{
	const char *end = list + len, *comma;
	unsigned features = 0;

	while ((comma = memchr(list, ',', (size_t)(end - list))) != NULL) {
		features |= feature_named(list, (size_t)(comma - list));
		list = comma + 1;
	}
	return features | feature_named(list, (size_t)(end - list));
}

/* The feature that a string of JSON names. */
static unsigned
feature_spelt(const char *json, size_t len)
{
	char name[SPELT_MAX];
	size_t n;

	if (len > sizeof(name) || json_string_decode(json, len, name, &n) == -1)
		return 0;
	return feature_named(name, n);
}

int
features_read(const char *json, unsigned *features)
{
	static const char space[] = " \t\r\n";
	const char *p = json, *end;

	if (*p++ != '[')
		return -1;
	for (p += strspn(p, space); *p != ']'; p += strspn(p, space)) {
		if (*p != '"')
			return -1;
		end = json_string_end(p);
		*features |= feature_spelt(p, (size_t)(end - p));
		p = end + strspn(end, space);
		if (*p == ',')
			p++;
	}
	return 0;
}

static void
write_names(struct text *text, unsigned features)
{
	const char *separator = "";
	size_t i;

	text_add(text, "[");
	for (i = 0; i < NAMES; i++) {
		if ((features & names[i].feature) == 0)
			continue;
		text_add(text, "%s\"%s\"", separator, names[i].name);
		separator = ",";
	}
	text_add(text, "]");
}

struct payload *
features_add_to_reply(struct payload *reply, unsigned features)
{
	struct text text = { .len = 0 };

	/* Its last two braces end the payload, and the message. */
	text_add(&text, "%.*s,\"features\":", (int)reply->len - 2,
	    reply->data);
	write_names(&text, features);
	text_add(&text, "}}");
	payload_unref(reply);
	return payload_new(text.bytes, text.len);
}
