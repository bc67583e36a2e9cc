#include "setting.h"

#include <ctype.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "endpoint.h"
#include "socket_access.h"
#include "wire/http_target.h"
#include "wire/origin.h"
#include "wire/ws_handshake.h"

/* Longer keys are shown cut. */
#define KEY_BYTES 64
/* Of users and groups; the one above stands for none. */
#define ID_MAX (UINT32_MAX - 1)

int
setting_number_parse(const char *text, uint64_t max, uint64_t *number)
{
	uint64_t n = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		unsigned digit = (unsigned)(unsigned char)*text - '0';

		if (digit > 9 || n > max / 10 || n * 10 > max - digit)
			return -1;
		n = n * 10 + digit;
	}
	*number = n;
	return 0;
}

bool
setting_is_list(const struct setting *setting)
{
	return setting->type == SETTING_ADMIN ||
	    setting->type == SETTING_ORIGINS ||
	    setting->type == SETTING_PREFIXES ||
	    setting->type == SETTING_ENDPOINTS;
}

static void *
field(const struct setting *setting, void *base)
{
	return (char *)base + setting->offset;
}

static size_t *
field_count(const struct setting *setting, void *base)
{
	return (size_t *)(void *)((char *)base + setting->count_offset);
}

static int
put_number_setting(const struct setting *setting, void *base, const char *text,
    char *problem)
{
	uint64_t number;

	if (setting_number_parse(text, setting->max, &number) == -1) {
		(void)snprintf(problem, SETTING_PROBLEM_BYTES,
		    "not a number from 0 to %ju", (uintmax_t)setting->max);
		return -1;
	}
	if (setting->type == SETTING_SIZE)
		*(size_t *)field(setting, base) = (size_t)number;
	else
		*(unsigned *)field(setting, base) = (unsigned)number;
	return 0;
}

static int
put_boolean(bool *value, const char *text)
{
	static const struct {
		const char *text;
		bool	 value;
	} words[] = {
		{ "yes", true }, { "true", true }, { "on", true },
		{ "no", false }, { "false", false }, { "off", false },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].text, text) == 0) {
			*value = words[i].value;
			return 0;
		}
	return -1;
}

int
setting_log_level_parse(const char *text, enum log_level *level)
{
	static const enum log_level levels[] = { LOG_LEVEL_ERROR,
		LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
	size_t i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(setting_log_level_name(levels[i]), text) == 0) {
			*level = levels[i];
			return 0;
		}
	return -1;
}

const char *
setting_log_level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARNING:
		return "warning";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return NULL;
}

static int
put_address_detail(enum address_detail *value, const char *text)
{
	static const char *const names[] = {
		[ADDRESS_FULL] = "full",
		[ADDRESS_PREFIX] = "prefix",
		[ADDRESS_NONE] = "none",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], text) == 0) {
			*value = (enum address_detail)i;
			return 0;
		}
	return -1;
}

static void
put_string(char **value, const char *text)
{
	free(*value);
	*value = xstrdup(text);
}

static int
put_token(char **value, const char *text)
{
	size_t len = strlen(text);

	if (len > WS_SUBPROTOCOL_MAX || strspn(text, WS_TOKEN_CHARS) != len)
		return -1;
	put_string(value, text);
	return 0;
}

/* RFC 3986, section 3.3: pchar and the slash. */
static bool
is_url_path(const char *text)
{
	static const char chars[] = "/-._~!$&'()*+,;=:@0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	while (*text != '\0') {
		if (*text == '%' && isxdigit((unsigned char)text[1]) &&
		    isxdigit((unsigned char)text[2]))
			text += 3;
		else if (strchr(chars, *text) != NULL)
			text++;
		else
			return false;
	}
	return true;
}

/* As requests' paths are compared, with a slash at the end. */
static int
put_base_path(char **value, const char *text)
{
	size_t len = strlen(text);
	char *path;

	if (text[0] != '/' || !is_url_path(text))
		return -1;
	path = xcalloc(HTTP_PATH_GROWTH, len + 2);
	(void)http_path_normalize(text, len, path); /* dots are resolved */
	len = strlen(path);
	if (path[len - 1] != '/') {
		path[len] = '/';
		/* Behind it stands what was there before . and .. went. */
		path[len + 1] = '\0';
	}
	put_string(value, path);
	free(path);
	return 0;
}

static int
put_file(char **value, const char *text)
{
	size_t len = strlen(text);

	if (len > 0 && (text[0] != '/' || text[len - 1] == '/' ||
	    len >= PATH_MAX))
		return -1;
	put_string(value, text);
	return 0;
}

static int
put_mode(mode_t *value, const char *text)
{
	size_t len = strlen(text);

	/* As many digits, one of them a 0 in front, are at most 0777. */
	if (len == 0 || len > 4 || strspn(text, "01234567") != len ||
	    (len == 4 && text[0] != '0'))
		return -1;
	*value = (mode_t)strtoul(text, NULL, 8);
	return 0;
}

/* Whether a name that was left is one as far as can be seen. */
static bool
may_be_owner_name(const char *name, enum setting_names names)
{
	return names == SETTING_NAMES_LEFT && *name != '\0' &&
	    strspn(name, "0123456789") != strlen(name);
}

/* A user's number, by name or in decimal; -1 if there is no such user. */
static int
find_user(const char *name, enum setting_names names, uid_t *uid)
{
	const struct passwd *user = names == SETTING_NAMES_LEFT ? NULL :
	    getpwnam(name);
	uint64_t number;

	if (user != NULL) {
		*uid = user->pw_uid;
		return 0;
	}
	if (setting_number_parse(name, ID_MAX, &number) == -1)
		return may_be_owner_name(name, names) ? 0 : -1;
	*uid = (uid_t)number;
	return 0;
}

static int
find_group(const char *name, enum setting_names names, gid_t *gid)
{
	const struct group *group = names == SETTING_NAMES_LEFT ? NULL :
	    getgrnam(name);
	uint64_t number;

	if (group != NULL) {
		*gid = group->gr_gid;
		return 0;
	}
	if (setting_number_parse(name, ID_MAX, &number) == -1)
		return may_be_owner_name(name, names) ? 0 : -1;
	*gid = (gid_t)number;
	return 0;
}

static int
put_owner(struct socket_access *access, const char *text,
    enum setting_names names, char problem[SETTING_PROBLEM_BYTES])
{
	char *user = xstrdup(text);
	char *group = user;
	int result = 0;

	(void)strsep(&group, ":");
	access->owner = (uid_t)-1;
	access->group = (gid_t)-1;
	if (*user != '\0' && find_user(user, names, &access->owner) == -1) {
		(void)snprintf(problem, SETTING_PROBLEM_BYTES,
		    "not a user of this system");
		result = -1;
	} else if (group != NULL &&
	    find_group(group, names, &access->group) == -1) {
		(void)snprintf(problem, SETTING_PROBLEM_BYTES,
		    "not a group of this system");
		result = -1;
	}
	free(user);
	return result;
}

static int
add_origin(char ***list, size_t *count, const char *text)
{
	if (strcmp(text, "*") != 0 && !origin_is_valid(text))
		return -1;
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = xstrdup(text);
	return 0;
}

/* Where the socket is, or that there is none, is said once. */
static bool
is_admin_socket(const char *text)
{
	return strcmp(text, "none") == 0 || strncmp(text, "unix:", 5) == 0;
}

static int
add_admin(char ***list, size_t *count, const char *text)
{
	struct endpoint endpoint;
	size_t i;

	if (strcmp(text, "none") != 0 &&
	    (endpoint_parse(text, &endpoint) != NULL ||
	    !endpoint_is_local(&endpoint)))
		return -1;
	for (i = 0; i < *count; i++)
		if (is_admin_socket((*list)[i]) && is_admin_socket(text))
			return -1;
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = xstrdup(text);
	return 0;
}

static int
add_prefix(struct address_prefix **list, size_t *count, const char *text)
{
	struct address_prefix prefix;

	if (address_prefix_parse(text, &prefix) == -1)
		return -1;
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = prefix;
	return 0;
}

static int
add_endpoint(struct endpoint **list, size_t *count, const char *text,
    char problem[SETTING_PROBLEM_BYTES])
{
	struct endpoint endpoint;
	const char *fault = endpoint_parse(text, &endpoint);

	if (fault != NULL) {
		(void)snprintf(problem, SETTING_PROBLEM_BYTES, "%s", fault);
		return -1;
	}
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = endpoint;
	return 0;
}

static int
add_item(const struct setting *setting, void *base, const char *item,
    char problem[SETTING_PROBLEM_BYTES])
{
	size_t *count = field_count(setting, base);

	if (setting->type == SETTING_ADMIN)
		return add_admin(field(setting, base), count, item);
	if (setting->type == SETTING_ORIGINS)
		return add_origin(field(setting, base), count, item);
	if (setting->type == SETTING_PREFIXES)
		return add_prefix(field(setting, base), count, item);
	return add_endpoint(field(setting, base), count, item, problem);
}

static int
add_items(const struct setting *setting, void *base, const char *text,
    char problem[SETTING_PROBLEM_BYTES])
{
	char *copy = xstrdup(text);
	char *rest = *copy == '\0' ? NULL : copy;
	char *item;
	int result = 0;

	while (result == 0 && (item = strsep(&rest, ",")) != NULL)
		result = add_item(setting, base, item, problem);
	free(copy);
	return result;
}

/* What is wanted of a value, where nothing else was said. */
static const char *
expectation(enum setting_type type)
{
	switch (type) {
	case SETTING_SIZE:
	case SETTING_NUMBER:
	case SETTING_OWNER:
	case SETTING_ENDPOINTS:
		break;
	case SETTING_BOOLEAN:
		return "not yes or no";
	case SETTING_LOG_LEVEL:
		return "not error, warning, info or debug";
	case SETTING_ADDRESS_DETAIL:
		return "not full, prefix or none";
	case SETTING_TOKEN:
		return "not a subprotocol's name (letters, digits and "
		    "!#$%&'*+-.^_`|~)";
	case SETTING_ADMIN:
		return "not one of unix:/path and none, and addresses such as "
		    "127.0.0.1:8081 of this machine";
	case SETTING_FILE:
		return "not a path that begins with /";
	case SETTING_BASE_PATH:
		return "not the path of a URL, which begins with /";
	case SETTING_MODE:
		return "not an octal number from 0 to 0777";
	case SETTING_ORIGINS:
		return "not * or origins such as https://shop.example:8443 "
		    "in lower case";
	case SETTING_PREFIXES:
		return "not addresses, prefixes such as 10.0.0.0/8, or unix";
	}
	return NULL;
}

int
setting_put(const struct setting *setting, void *base, const char *text,
    enum setting_names names, char problem[SETTING_PROBLEM_BYTES])
{
	int result = -1;

	problem[0] = '\0';
	switch (setting->type) {
	case SETTING_SIZE:
	case SETTING_NUMBER:
		return put_number_setting(setting, base, text, problem);
	case SETTING_OWNER:
		return put_owner(field(setting, base), text, names, problem);
	case SETTING_BOOLEAN:
		result = put_boolean(field(setting, base), text);
		break;
	case SETTING_LOG_LEVEL:
		result = setting_log_level_parse(text, field(setting, base));
		break;
	case SETTING_ADDRESS_DETAIL:
		result = put_address_detail(field(setting, base), text);
		break;
	case SETTING_TOKEN:
		result = put_token(field(setting, base), text);
		break;
	case SETTING_BASE_PATH:
		result = put_base_path(field(setting, base), text);
		break;
	case SETTING_FILE:
		result = put_file(field(setting, base), text);
		break;
	case SETTING_MODE:
		result = put_mode(field(setting, base), text);
		break;
	case SETTING_ADMIN:
	case SETTING_ORIGINS:
	case SETTING_PREFIXES:
	case SETTING_ENDPOINTS:
		result = add_items(setting, base, text, problem);
		break;
	}
	if (result == -1 && problem[0] == '\0')
		(void)snprintf(problem, SETTING_PROBLEM_BYTES, "%s",
		    expectation(setting->type));
	return result;
}

static void
clear_string(char **value)
{
	free(*value);
	*value = NULL;
}

static void
clear_strings(char ***list, size_t *count)
{
	while (*count > 0)
		free((*list)[--*count]);
	free(*list);
	*list = NULL;
}

static void
clear_prefixes(struct address_prefix **list, size_t *count)
{
	free(*list);
	*list = NULL;
	*count = 0;
}

static void
clear_endpoints(struct endpoint **list, size_t *count)
{
	free(*list);
	*list = NULL;
	*count = 0;
}

void
setting_clear(const struct setting *setting, void *base)
{
	switch (setting->type) {
	case SETTING_SIZE:
	case SETTING_NUMBER:
	case SETTING_BOOLEAN:
	case SETTING_LOG_LEVEL:
	case SETTING_MODE:
	case SETTING_OWNER:
	case SETTING_ADDRESS_DETAIL:
		break;
	case SETTING_TOKEN:
	case SETTING_BASE_PATH:
	case SETTING_FILE:
		clear_string(field(setting, base));
		break;
	case SETTING_ADMIN:
	case SETTING_ORIGINS:
		clear_strings(field(setting, base), field_count(setting, base));
		break;
	case SETTING_PREFIXES:
		clear_prefixes(field(setting, base),
		    field_count(setting, base));
		break;
	case SETTING_ENDPOINTS:
		clear_endpoints(field(setting, base),
		    field_count(setting, base));
		break;
	}
}

const struct setting *
setting_find(const struct setting *settings, size_t count, const char *key)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(settings[i].key, key) == 0)
			return &settings[i];
	return NULL;
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
	if (b < a)
		a = b;
	return c < a ? c : a;
}

/* Letters to add, remove or change until a is b, which is a setting's key. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t row[KEY_BYTES];
	size_t len = strlen(b), i;

	for (i = 0; i <= len; i++)
		row[i] = i;
	for (; *a != '\0'; a++) {
		size_t diagonal = row[0]++;

		for (i = 1; i <= len; i++) {
			size_t above = row[i];

			row[i] = smallest(above + 1, row[i - 1] + 1,
			    diagonal + (*a != b[i - 1]));
			diagonal = above;
		}
	}
	return row[len];
}

const struct setting *
setting_nearest(const struct setting *settings, size_t count, const char *key)
{
	const struct setting *nearest = settings;
	size_t best = SIZE_MAX, i;

	for (i = 0; i < count; i++) {
		/* What was only begun is nearer than what is as long. */
		size_t d = strncmp(settings[i].key, key, strlen(key)) == 0 ?
		    0 : edit_distance(key, settings[i].key);

		if (d < best) {
			best = d;
			nearest = &settings[i];
		}
	}
	return nearest;
}

static void
show_key(const char *key, char shown[KEY_BYTES])
{
	char *c;

	(void)snprintf(shown, KEY_BYTES, "%s", key);
	for (c = shown; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr("-_.", *c) == NULL)
			*c = '?';
}

/* What finds no room is in the log alone. */
static void
add_report_line(struct buf *lines, const char *where, const char *key,
    const char *colon, const char *what)
{
	size_t room = strlen(where) + strlen(key) + strlen(what) + 8;
	char *line = buf_reserve(lines, room);

	if (line != NULL)
		buf_added(lines, (size_t)snprintf(line, room, "%s: %s%s%s\n",
		    where, key, colon, what));
}

void
setting_report(struct setting_report *report, const char *where,
    const char *key, const char *what)
{
	char shown[KEY_BYTES] = "";
	const char *colon = key == NULL ? "" : ": ";

	if (key != NULL)
		show_key(key, shown);
	report->problems++;
	if (report->is_plain)
		(void)fprintf(stderr, "%s: %s%s%s\n", where, shown, colon,
		    what);
	else
		log_errorx("%s: %s%s%s", where, shown, colon, what);
	if (report->lines != NULL)
		add_report_line(report->lines, where, shown, colon, what);
}

void
setting_report_unknown(struct setting_report *report, const char *where,
    const char *key, const struct setting *settings, size_t count)
{
	char what[SETTING_PROBLEM_BYTES];

	(void)snprintf(what, sizeof(what), "unknown key; the nearest is %s",
	    setting_nearest(settings, count, key)->key);
	setting_report(report, where, key, what);
}
