#include "setting_type.h"

#include <ctype.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "address.h"
#include "base/database_name.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "endpoint.h"
#include "socket_access.h"
#include "webhook_url.h"
#include "wire/event_type.h"
#include "wire/http_target.h"
#include "wire/origin.h"
#include "wire/ticket.h"
#include "wire/utf8.h"
#include "wire/ws_handshake.h"

/* Of a text, in bytes. */
#define TEXT_MAX 255

/* Of users and groups; the one above stands for none. */
#define ID_MAX (UINT32_MAX - 1)

static int
say_problem(const struct setting_text *text, const char *problem)
{
	(void)snprintf(text->problem, SETTING_PROBLEM_BYTES, "%s", problem);
	return -1;
}

static int
parse_number(const struct setting_text *text, uint64_t *number)
{
	if (number_parse(text->text, text->max, number) == 0)
		return 0;
	(void)snprintf(text->problem, SETTING_PROBLEM_BYTES,
	    "not a number from 0 to %ju", (uintmax_t)text->max);
	return -1;
}

static int
parse_size(const struct setting_text *text, void *value)
{
	uint64_t number;

	if (parse_number(text, &number) == -1)
		return -1;
	*(size_t *)value = (size_t)number;
	return 0;
}

static int
parse_unsigned(const struct setting_text *text, void *value)
{
	uint64_t number;

	if (parse_number(text, &number) == -1)
		return -1;
	*(unsigned *)value = (unsigned)number;
	return 0;
}

static int
parse_boolean(const struct setting_text *text, void *value)
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
		if (strcmp(words[i].text, text->text) == 0) {
			*(bool *)value = words[i].value;
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
parse_log_level(const struct setting_text *text, void *value)
{
	return setting_log_level_parse(text->text, value);
}

static int
parse_address_detail(const struct setting_text *text, void *value)
{
	static const char *const names[] = {
		[ADDRESS_FULL] = "full",
		[ADDRESS_PREFIX] = "prefix",
		[ADDRESS_NONE] = "none",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], text->text) == 0) {
			*(enum address_detail *)value = (enum address_detail)i;
			return 0;
		}
	return -1;
}

static void
clear_string(void *value)
{
	char **string = value;

	free(*string);
	*string = NULL;
}

static void
set_string(void *value, const char *text)
{
	clear_string(value);
	*(char **)value = xstrdup(text);
}

static bool
strings_are_equal(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b) == 0;
}

static int
parse_token(const struct setting_text *text, void *value)
{
	size_t len = strlen(text->text);

	if (len > WS_SUBPROTOCOL_MAX ||
	    strspn(text->text, WS_TOKEN_CHARS) != len)
		return -1;
	set_string(value, text->text);
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
parse_base_path(const struct setting_text *text, void *value)
{
	size_t len = strlen(text->text);
	char *path;

	if (text->text[0] != '/' || !is_url_path(text->text))
		return -1;
	path = xcalloc(HTTP_PATH_GROWTH, len + 2);
	(void)http_path_normalize(text->text, len, path); /* drops dots */
	len = strlen(path);
	if (path[len - 1] != '/') {
		path[len] = '/';
		/* Behind it stands what was there before . and .. went. */
		path[len + 1] = '\0';
	}
	set_string(value, path);
	free(path);
	return 0;
}

static int
parse_file(const struct setting_text *text, void *value)
{
	size_t len = strlen(text->text);

	if (len > 0 && (text->text[0] != '/' || text->text[len - 1] == '/' ||
	    len >= PATH_MAX))
		return -1;
	set_string(value, text->text);
	return 0;
}

static int
parse_database(const struct setting_text *text, void *value)
{
	const char *fault;

	if (!database_name_is_postgresql(text->text))
		return parse_file(text, value);
	fault = database_name_fault(text->text);
	if (fault != NULL)
		return say_problem(text, fault);
	set_string(value, text->text);
	return 0;
}

/* Of a list: none of them is "". */
static int
parse_listed_file(const struct setting_text *text, void *value)
{
	return text->text[0] == '\0' ? -1 : parse_file(text, value);
}

static int
parse_text(const struct setting_text *text, void *value)
{
	size_t len = strlen(text->text), i;
	struct utf8 utf8 = { 0 };

	if (len > TEXT_MAX ||
	    utf8_feed(&utf8, (const uint8_t *)text->text, len) == -1 ||
	    !utf8_is_complete(&utf8))
		return -1;
	for (i = 0; i < len; i++)
		if (iscntrl((unsigned char)text->text[i]))
			return -1;
	set_string(value, text->text);
	return 0;
}

static int
parse_url(const struct setting_text *text, void *value)
{
	if (!webhook_url_is_valid(text->text))
		return -1;
	set_string(value, text->text);
	return 0;
}

static int
parse_event(const struct setting_text *text, void *value)
{
	enum event_type type;

	if (strcmp(text->text, "*") != 0 &&
	    event_type_parse(text->text, &type) == -1)
		return -1;
	set_string(value, text->text);
	return 0;
}

static int
parse_tickets(const struct setting_text *text, void *value)
{
	static const char *const names[] = {
		[TICKET_FOR_NOTHING] = "no",
		[TICKET_TO_START] = "start",
		[TICKET_TO_TAKE_PART] = "yes",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], text->text) == 0) {
			*(enum ticket_requirement *)value =
			    (enum ticket_requirement)i;
			return 0;
		}
	return -1;
}

static int
parse_mode(const struct setting_text *text, void *value)
{
	size_t len = strlen(text->text);

	/* As many digits, one of them a 0 in front, are at most 0777. */
	if (len == 0 || len > 4 || strspn(text->text, "01234567") != len ||
	    (len == 4 && text->text[0] != '0'))
		return -1;
	*(mode_t *)value = (mode_t)strtoul(text->text, NULL, 8);
	return 0;
}

/* Whether a name that was not looked up is one as far as can be seen. */
static bool
may_be_owner_name(const char *name, enum setting_names names)
{
	return names == SETTING_NAMES_LEFT && *name != '\0' &&
	    strspn(name, "0123456789") != strlen(name);
}

/* The number of a name that nobody has, if it is one in decimal. */
static int
parse_owner_number(const char *name, enum setting_names names, uint32_t *id)
{
	uint64_t number;

	if (number_parse(name, ID_MAX, &number) == -1)
		return may_be_owner_name(name, names) ? 0 : -1;
	*id = (uint32_t)number;
	return 0;
}

/* A user's number, by name or in decimal; -1 if there is no such user. */
static int
find_user(const char *name, enum setting_names names, uid_t *uid)
{
	const struct passwd *user = names == SETTING_NAMES_LEFT ? NULL :
	    getpwnam(name);

	if (user == NULL)
		return parse_owner_number(name, names, uid);
	*uid = user->pw_uid;
	return 0;
}

static int
find_group(const char *name, enum setting_names names, gid_t *gid)
{
	const struct group *group = names == SETTING_NAMES_LEFT ? NULL :
	    getgrnam(name);

	if (group == NULL)
		return parse_owner_number(name, names, gid);
	*gid = group->gr_gid;
	return 0;
}

static int
parse_owner(const struct setting_text *text, void *value)
{
	struct socket_access *access = value;
	char *user = xstrdup(text->text);
	char *group = user;
	int result = 0;

	(void)strsep(&group, ":");
	access->owner = (uid_t)-1;
	access->group = (gid_t)-1;
	if (*user != '\0' &&
	    find_user(user, text->names, &access->owner) == -1)
		result = say_problem(text, "not a user of this system");
	else if (group != NULL &&
	    find_group(group, text->names, &access->group) == -1)
		result = say_problem(text, "not a group of this system");
	free(user);
	return result;
}

static int
parse_origin(const struct setting_text *text, void *value)
{
	if (strcmp(text->text, "*") != 0 && !origin_is_valid(text->text))
		return -1;
	set_string(value, text->text);
	return 0;
}

/* Where the socket is, or that there is none, is said once. */
static bool
is_admin_socket(const char *text)
{
	return strcmp(text, "none") == 0 || strncmp(text, "unix:", 5) == 0;
}

static int
parse_admin(const struct setting_text *text, void *value)
{
	char *const *list = text->list;
	struct endpoint endpoint;
	size_t i;

	if (strcmp(text->text, "none") != 0 &&
	    (endpoint_parse(text->text, &endpoint) != NULL ||
	    !endpoint_is_local(&endpoint)))
		return -1;
	for (i = 0; i < text->count; i++)
		if (is_admin_socket(list[i]) && is_admin_socket(text->text))
			return -1;
	set_string(value, text->text);
	return 0;
}

static int
parse_prefix(const struct setting_text *text, void *value)
{
	return address_prefix_parse(text->text, value);
}

static bool
prefixes_are_equal(const void *a, const void *b)
{
	const struct address_prefix *one = a, *other = b;

	return one->address.is_known == other->address.is_known &&
	    one->bits == other->bits &&
	    memcmp(one->address.bytes, other->address.bytes,
	    sizeof(one->address.bytes)) == 0;
}

static int
parse_endpoint(const struct setting_text *text, void *value)
{
	const char *fault = endpoint_parse(text->text, value);

	return fault == NULL ? 0 : say_problem(text, fault);
}

static bool
endpoints_are_equal(const void *a, const void *b)
{
	const struct endpoint *one = a, *other = b;

	return one->len == other->len &&
	    memcmp(&one->address, &other->address, one->len) == 0;
}

const struct setting_type_row setting_types[SETTING_TYPES] = {
	[SETTING_SIZE] = { .size = sizeof(size_t), .parse = parse_size },
	[SETTING_NUMBER] = { .size = sizeof(unsigned),
	    .parse = parse_unsigned },
	[SETTING_BOOLEAN] = { .size = sizeof(bool), .parse = parse_boolean,
	    .problem = "not yes or no" },
	[SETTING_LOG_LEVEL] = { .size = sizeof(enum log_level),
	    .parse = parse_log_level,
	    .problem = "not error, warning, info or debug" },
	[SETTING_ADDRESS_DETAIL] = { .size = sizeof(enum address_detail),
	    .parse = parse_address_detail,
	    .problem = "not full, prefix or none" },
	[SETTING_TOKEN] = { .size = sizeof(char *), .parse = parse_token,
	    .clear = clear_string, .is_equal = strings_are_equal,
	    .problem = "not a subprotocol's name (letters, digits and "
	    "!#$%&'*+-.^_`|~)" },
	[SETTING_BASE_PATH] = { .size = sizeof(char *),
	    .parse = parse_base_path, .clear = clear_string,
	    .is_equal = strings_are_equal,
	    .problem = "not the path of a URL, which begins with /" },
	[SETTING_URL] = { .size = sizeof(char *), .parse = parse_url,
	    .clear = clear_string, .is_equal = strings_are_equal,
	    .problem = "not a URL such as https://shop.example/hook, "
	    "without a user or a fragment" },
	[SETTING_FILE] = { .size = sizeof(char *), .parse = parse_file,
	    .clear = clear_string, .is_equal = strings_are_equal,
	    .problem = "not a path that begins with /" },
	[SETTING_DATABASE] = { .size = sizeof(char *),
	    .parse = parse_database, .clear = clear_string,
	    .is_equal = strings_are_equal,
	    .problem = "not a path that begins with /, and not a URL such as "
	    "postgresql://user@host/database" },
	[SETTING_TEXT] = { .size = sizeof(char *), .parse = parse_text,
	    .clear = clear_string, .is_equal = strings_are_equal,
	    .problem = "not a text of at most 255 bytes, in UTF-8 and "
	    "without control characters" },
	[SETTING_TICKETS] = { .size = sizeof(enum ticket_requirement),
	    .parse = parse_tickets, .problem = "not no, start or yes" },
	[SETTING_MODE] = { .size = sizeof(mode_t), .parse = parse_mode,
	    .problem = "not an octal number from 0 to 0777" },
	[SETTING_OWNER] = { .size = sizeof(struct socket_access),
	    .is_text = true, .parse = parse_owner },
	[SETTING_ADMIN] = { .size = sizeof(char *), .is_list = true,
	    .parse = parse_admin, .clear = clear_string,
	    .is_equal = strings_are_equal,
	    .problem = "not one of unix:/path and none, and addresses such as "
	    "127.0.0.1:8081 of this machine" },
	[SETTING_ORIGINS] = { .size = sizeof(char *), .is_list = true,
	    .parse = parse_origin, .clear = clear_string,
	    .is_equal = strings_are_equal,
	    .problem = "not * or origins such as https://shop.example:8443 "
	    "in lower case" },
	[SETTING_EVENTS] = { .size = sizeof(char *), .is_list = true,
	    .parse = parse_event, .clear = clear_string,
	    .is_equal = strings_are_equal,
	    .problem = "not * or types of events, which "
	    "buddyshopping-api(7) names" },
	[SETTING_FILES] = { .size = sizeof(char *), .is_list = true,
	    .parse = parse_listed_file, .clear = clear_string,
	    .is_equal = strings_are_equal,
	    .problem = "not paths that begin with /" },
	[SETTING_PREFIXES] = { .size = sizeof(struct address_prefix),
	    .is_list = true, .parse = parse_prefix,
	    .is_equal = prefixes_are_equal,
	    .problem = "not addresses, prefixes such as 10.0.0.0/8, or "
	    "unix" },
	[SETTING_ENDPOINTS] = { .size = sizeof(struct endpoint),
	    .is_list = true, .parse = parse_endpoint,
	    .is_equal = endpoints_are_equal },
};
