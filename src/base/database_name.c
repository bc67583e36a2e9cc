#include "database_name.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xalloc.h"

/* What stands for a secret. */
static const char mask[] = "***";

enum { MASK_LEN = sizeof(mask) - 1 };

/* libpq's keywords, up to version 18 (PQconndefaults). */
static const struct keyword {
	const char *name;
	bool	 is_secret;
} keywords[] = {
	{ "application_name", false },
	{ "channel_binding", false },
	{ "client_encoding", false },
	{ "connect_timeout", false },
	{ "dbname", false },
	{ "fallback_application_name", false },
	{ "gssdelegation", false },
	{ "gssencmode", false },
	{ "gsslib", false },
	{ "host", false },
	{ "hostaddr", false },
	{ "keepalives", false },
	{ "keepalives_count", false },
	{ "keepalives_idle", false },
	{ "keepalives_interval", false },
	{ "krbsrvname", false },
	{ "load_balance_hosts", false },
	{ "max_protocol_version", false },
	{ "min_protocol_version", false },
	{ "oauth_client_id", false },
	{ "oauth_client_secret", true },
	{ "oauth_issuer", false },
	{ "oauth_scope", false },
	{ "options", false },
	{ "passfile", false },
	{ "password", true },
	{ "port", false },
	{ "replication", false },
	{ "require_auth", false },
	{ "requirepeer", false },
	{ "scram_client_key", true },
	{ "scram_server_key", true },
	{ "service", false },
	{ "servicefile", false },
	{ "ssl_max_protocol_version", false },
	{ "ssl_min_protocol_version", false },
	{ "sslcert", false },
	{ "sslcertmode", false },
	{ "sslcompression", false },
	{ "sslcrl", false },
	{ "sslcrldir", false },
	{ "sslkey", false },
	{ "sslkeylogfile", false },
	{ "sslmode", false },
	{ "sslnegotiation", false },
	{ "sslpassword", true },
	{ "sslrootcert", false },
	{ "sslsni", false },
	{ "target_session_attrs", false },
	{ "tcp_user_timeout", false },
	{ "user", false },
};

/* What is shown so far; there is room for each byte as a mask, and a NUL. */
struct shown {
	char	*bytes;
	size_t	 len;
};

static void
put(struct shown *shown, const char *text, size_t len)
{
	memcpy(shown->bytes + shown->len, text, len);
	shown->len += len;
}

static const struct keyword *
find_keyword(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strlen(keywords[i].name) == len &&
		    strncmp(keywords[i].name, text, len) == 0)
			return &keywords[i];
	return NULL;
}

/*
 * One of KEY=VALUE, as it is written; key_len counts no blanks.  A key that is
 * none may be the rest of a secret, which libpq would tell of.
 */
static const char *
put_pair(struct shown *shown, const char *key, size_t key_len,
    const char *value, size_t value_len)
{
	const struct keyword *keyword = find_keyword(key, key_len);

	if (keyword == NULL)
		return "has a keyword that is none of libpq's, or a value "
		    "that is to be escaped, or in quotes";
	put(shown, key, key_len);
	put(shown, "=", 1);
	if (keyword->is_secret)
		put(shown, mask, MASK_LEN);
	else
		put(shown, value, value_len);
	return NULL;
}

/* Whether all of a URL's bytes may be in one, and its escapes are some. */
static bool
is_written_well(const char *url)
{
	for (; *url != '\0'; url++) {
		if (!isascii((unsigned char)*url) ||
		    !isgraph((unsigned char)*url))
			return false;
		if (*url == '%' && (!isxdigit((unsigned char)url[1]) ||
		    !isxdigit((unsigned char)url[2]) ||
		    strncmp(url + 1, "00", 2) == 0))
			return false;
	}
	return true;
}

/* HOST, [ADDRESS] or HOST:PORT, one or several with commas; or nothing. */
static bool
are_hosts(const char *at, const char *end)
{
	size_t len;

	for (;; at++) {
		if (*at == '[') {
			len = strcspn(at, "]/?");
			/* Of [] libpq would complain with the whole URL. */
			if (len == 1 || at[len] != ']')
				return false;
			at += len + 1;
		} else
			at += strcspn(at, ":,/?&=@");
		if (*at == ':')
			at += 1 + strspn(at + 1, "0123456789");
		if (at == end)
			return true;
		if (*at != ',')
			return false;
	}
}

/* Behind the question mark. */
static const char *
read_parameters(const char *at, struct shown *shown)
{
	static const char form[] = "not KEY=VALUE&KEY=VALUE behind the ?";
	const char *fault;
	size_t key, value;

	for (;; at++) {
		key = strcspn(at, "=&");
		if (key == 0 || at[key] != '=')
			return form;
		value = strcspn(at + key + 1, "=&");
		fault = put_pair(shown, at, key, at + key + 1, value);
		at += key + 1 + value;
		if (fault != NULL || *at == '\0')
			return fault;
		if (*at != '&')
			return form;
		put(shown, "&", 1);
	}
}

/* USER:PASSWORD@, up to the end, which is behind that. */
static void
put_user(struct shown *shown, const char *user, const char *end)
{
	size_t len = strcspn(user, ":@");

	put(shown, user, len);
	if (user[len] == ':') {
		put(shown, ":", 1);
		put(shown, mask, MASK_LEN);
	}
	put(shown, end - 1, 1);
}

/* The length of the scheme and what follows it; 0 if there is none. */
static size_t
scheme_len(const char *name)
{
	static const char *const schemes[] = { "postgresql://",
		"postgres://" };
	size_t i;

	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(name, schemes[i], strlen(schemes[i])) == 0)
			return strlen(schemes[i]);
	return 0;
}

static const char *
read_url(const char *url, struct shown *shown)
{
	const char *at = url + scheme_len(url), *end;

	if (at == url)
		return "not a path, and not a URL such as "
		    "postgresql://user@host/database";
	if (!is_written_well(url))
		return "has a byte that is written %XX in a URL, or a % "
		    "without that";
	put(shown, url, (size_t)(at - url));
	end = at + strcspn(at, "/?@");
	if (*end == '@') {
		put_user(shown, at, end + 1);
		at = end + 1;
		end = at + strcspn(at, "/?");
	}
	if (strchr(at, '@') != NULL)
		return "has an @ too much: in a user, a password and behind "
		    "the host, @ is %40, / is %2F and ? is %3F";
	if (!are_hosts(at, end))
		return "not HOST:PORT behind postgresql:// or the @: IPv6 is "
		    "[ADDRESS], a socket's folder %2Frun%2Fpostgresql";
	end += strcspn(end, "?");
	if (at + strcspn(at, "&=") < end)
		return "has a & or = in front of the ?, where they are %26 "
		    "and %3D";
	put(shown, at, (size_t)(end - at));
	if (*end == '\0')
		return NULL;
	put(shown, "?", 1);
	return read_parameters(end + 1, shown);
}

/* Behind a value, which may be in quotes; NULL if the last one is missing. */
static const char *
skip_value(const char *at)
{
	bool is_quoted = *at == '\'';

	if (is_quoted)
		at++;
	for (; *at != '\0'; at++) {
		if (*at == (is_quoted ? '\'' : ' '))
			return is_quoted ? at + 1 : at;
		if (*at == '\\' && at[1] != '\0')
			at++;
	}
	return is_quoted ? NULL : at;
}

static const char *
read_connection_string(const char *at, struct shown *shown)
{
	const char *key, *value, *fault, *c;
	size_t key_len;

	for (c = at; *c != '\0'; c++)
		if (iscntrl((unsigned char)*c))
			return "holds a control character";
	while (*at != '\0') {
		key = at;
		key_len = strcspn(key, " =");
		value = key + key_len + strspn(key + key_len, " ");
		if (key_len == 0 || *value++ != '=')
			return "not KEY=VALUE KEY='VALUE WITH BLANKS'";
		value += strspn(value, " ");
		at = skip_value(value);
		if (at == NULL)
			return "has a ' without another one";
		if (shown->len > 0)
			put(shown, " ", 1);
		fault = put_pair(shown, key, key_len, value,
		    (size_t)(at - value));
		if (fault != NULL)
			return fault;
		at += strspn(at, " ");
	}
	return NULL;
}

/* Also one of a wrong kind: it might be meant, and have a password. */
static bool
is_url(const char *name)
{
	size_t len = strcspn(name, "/");

	return (len > 0 && strncmp(name + len - 1, "://", 3) == 0) ||
	    strncasecmp(name, "postgresql:", 11) == 0 ||
	    strncasecmp(name, "postgres:", 9) == 0;
}

/* In any case of letters: that one is meant. */
static bool
is_like_keyword(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strlen(keywords[i].name) == len &&
		    strncasecmp(keywords[i].name, text, len) == 0)
			return true;
	return false;
}

/*
 * Whether any of its words is a keyword, with a = behind it.  One in front that
 * is none may be misspelt, and a password follow.
 */
static bool
is_connection_string(const char *name)
{
	static const char blanks[] = " \t\n\v\f\r";
	size_t len;

	if (*name == '/' || *name == '.')
		return false;
	for (name += strspn(name, blanks); *name != '\0';
	    name += strspn(name, blanks)) {
		len = strcspn(name, "= \t\n\v\f\r");
		if (name[len + strspn(name + len, blanks)] == '=' &&
		    is_like_keyword(name, len))
			return true;
		name += strcspn(name, blanks);
	}
	return false;
}

bool
database_name_is_postgresql(const char *name)
{
	return is_url(name) || is_connection_string(name);
}

/* Read a name that is PostgreSQL's; *shown is to be freed. */
static const char *
read_name(const char *name, char **shown)
{
	struct shown made = {
		.bytes = xcalloc(strlen(name) + 1, MASK_LEN + 1),
	};
	const char *fault = is_url(name) ? read_url(name, &made) :
	    read_connection_string(name, &made);

	*shown = made.bytes;
	return fault;
}

const char *
database_name_fault(const char *name)
{
	char *shown;
	const char *fault = read_name(name, &shown);

	free(shown);
	return fault;
}

char *
database_name_show(const char *name)
{
	char *shown;

	if (!database_name_is_postgresql(name))
		return xstrdup(name);
	if (read_name(name, &shown) == NULL)
		return shown;
	free(shown);
	return xstrdup(mask);
}
