#include "suite.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBPQ
#include <libpq-fe.h>
#endif

#include "base/database_name.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What no name may show, and how many are tried at random. */
#define SECRET "hunter2"

enum { NAMES = 100000, NAME_BYTES = 512 };

const char suite_name[] = "database_name";

static uint64_t seed = 1;

/* As good as any here, and the same again (Knuth's MMIX). */
static unsigned
dice(unsigned sides)
{
	seed = seed * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % sides;
}

static void
assert_shown(const char *name, const char *expected)
{
	char *shown = database_name_show(name);

	ck_assert_str_eq(shown, expected);
	free(shown);
}

START_TEST(a_path_is_none_of_postgresql_and_shown_as_it_is)
{
	static const char *const paths[] = {
		"shop.db", "/srv/shop.db", "../shop.db", "", "postgresql",
		"./postgresql://u:p@h/d", "/postgresql://u:p@h/d",
		"postgresql/shop.db", "a=b", "a=b.db", "hosts=b", "host",
		"./host=b", "host.db=1", "a:b", "a:/b", "password", "=", "//",
		"/a://b", "a b=c", "services=x",
		"./x=1 password=a", "/a password=b", "a password", "my=a b",
	};
	size_t i;

	for (i = 0; i < COUNT(paths); i++) {
		ck_assert_msg(!database_name_is_postgresql(paths[i]), "%s",
		    paths[i]);
		assert_shown(paths[i], paths[i]);
	}
}
END_TEST

START_TEST(a_name_without_secrets_is_shown_as_it_is)
{
	static const char *const names[] = {
		"postgresql://", "postgres://", "postgresql://db", "postgres:///shop",
		"postgresql://shop@db.example:5433/shop?sslmode=verify-full",
		("postgresql://shop@a:1,b,[::1]:5432/shop"
		    "?target_session_attrs=read-write"),
		"postgresql://shop@%2Frun%2Fpostgresql/shop",
		"postgresql:///shop?host=/run/postgresql&port=5433",
		"postgresql://db?service=shop", "postgresql://@db/a/b",
		"service=shop", "host=/run/postgresql dbname='my shop'",
		"dbname=shop user=shop passfile=/etc/shop/pgpass",
		"port=5433", "host=a",
	};
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		ck_assert_msg(database_name_is_postgresql(names[i]), "%s",
		    names[i]);
		ck_assert_msg(database_name_fault(names[i]) == NULL, "%s",
		    names[i]);
		assert_shown(names[i], names[i]);
	}
}
END_TEST

START_TEST(what_is_secret_is_not_shown)
{
	static const char *const names[][2] = {
		{ "postgresql://u:" SECRET "@h/d", "postgresql://u:***@h/d" },
		{ "postgres://u:@h", "postgres://u:***@h" },
		{ "postgresql://:a:b#" SECRET "@h", "postgresql://:***@h" },
		{ "postgresql://u:hunter%40%322@[fe80::1]:5,h2:6/d",
		    "postgresql://u:***@[fe80::1]:5,h2:6/d" },
		{ "postgresql://h/d?user=u&password=" SECRET "&sslmode=require",
		    "postgresql://h/d?user=u&password=***&sslmode=require" },
		{ "postgresql://h?sslpassword=" SECRET,
		    "postgresql://h?sslpassword=***" },
		{ "postgresql:///?password=a/?:" SECRET,
		    "postgresql:///?password=***" },
		{ "password=" SECRET, "password=***" },
		{ "host=h password = '" SECRET " \\' b' port=1",
		    "host=h password=*** port=1" },
		{ "dbname=d sslpassword=" SECRET "\\ 2",
		    "dbname=d sslpassword=***" },
		{ "host=h  password=" SECRET "  user=u",
		    "host=h password=*** user=u" },
		{ "host='h'password=''user=u", "host='h' password=*** user=u" },
	};
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		ck_assert(database_name_is_postgresql(names[i][0]));
		ck_assert_ptr_null(database_name_fault(names[i][0]));
		assert_shown(names[i][0], names[i][1]);
	}
}
END_TEST

START_TEST(where_a_secret_could_be_mistaken_nothing_is_shown)
{
	static const char *const names[] = {
		/* A slash, a question mark or an at sign of the password. */
		"postgresql://u:a/" SECRET "@h/d",
		"postgresql://u:a?" SECRET "@h/d",
		"postgresql://u:a@" SECRET "@h/d",
		"postgresql://h/d?user=u&password=a@" SECRET,
		/* No host, where the password would be the port. */
		"postgresql://u:" SECRET "/d", "postgresql://u:" SECRET,
		"postgresql://::1:" SECRET "/d", "postgresql://[" SECRET "/d",
		"postgresql://[::1]" SECRET "/d",
		"postgresql://u:" SECRET "@[]/d", "postgresql://u:" SECRET
		    "@h,[]:1",
		/* Not what is between parameters. */
		"postgresql://h/d&password=" SECRET,
		"postgresql://h&password=" SECRET,
		"postgresql://h/d?password=a&" SECRET,
		"postgresql://h/d?password=a=" SECRET,
		"postgresql://h/d?password=" SECRET "&",
		"postgresql://h/d?=" SECRET, "postgresql://h/d?",
		/* Bytes that libpq takes in another way, or not. */
		"postgresql://u:" SECRET "%@h", "postgresql://u:" SECRET
		    "%0@h",
		"postgresql://u:" SECRET "%00@h",
		"postgresql://u:" SECRET " @h",
		"postgresql://u:" SECRET "\n@h",
		"postgresql://u:" SECRET "\xc3\xa9@h",
		/* Not quite these schemes. */
		"postgresql:u:" SECRET "@h", "postgres:/u:" SECRET "@h",
		"PostgreSQL://u:" SECRET "@h", "psql://u:" SECRET "@h",
		"jdbc:postgresql://h/d?password=" SECRET,
		" postgresql://u:" SECRET "@h",
		"postgresql+asyncpg://u:" SECRET "@h",
		/* What is not in quotes, or not to its end. */
		"host=h password=a " SECRET, "password='a'" SECRET,
		"password=a " SECRET " host=h", "password='" SECRET,
		"password='" SECRET "\\'", "password=a =" SECRET,
		" password=" SECRET, "password=a\thost=" SECRET,
		"password=a\nhost=" SECRET,
		/* What libpq would say that it does not know. */
		"postgresql://h?p%61ssword=" SECRET "&port=1",
		"postgresql://h?password=a&" SECRET "=b",
		"host=h password=a " SECRET "=b", "host=h PASSWORD=" SECRET,
		/* What may be misspelt in front of it. */
		"hostt=1 password=" SECRET, "PASSWORD=" SECRET,
		"hostt = 1 Password = " SECRET, "h\tpassword=" SECRET,
		"db password=" SECRET, "a=b\npassword\t=" SECRET,
	};
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		ck_assert_msg(database_name_is_postgresql(names[i]), "%s",
		    names[i]);
		ck_assert_msg(database_name_fault(names[i]) != NULL, "%s",
		    names[i]);
		ck_assert_ptr_null(strstr(database_name_fault(names[i]),
		    SECRET));
		assert_shown(names[i], "***");
	}
}
END_TEST

/* Whether libpq takes it; if not, its words would have parts of the name. */
static bool
libpq_reads(const char *name)
{
#ifdef HAVE_LIBPQ
	PQconninfoOption *read = PQconninfoParse(name, NULL);

	PQconninfoFree(read);
	return read != NULL;
#else
	return *name != '\0';
#endif
}

static const char *
one_of(const char *const *words, size_t count)
{
	return words[dice((unsigned)count)];
}

/* The secret among up to six pieces that mean something in names. */
static void
make_password(char *password, size_t size)
{
	static const char *const pieces[] = { "a", ":", "/", "?", "#", "@",
		"&", "=", ",", "[", "]", "%", "%41", "%4", "'", "\\", " ",
		"''", "b=c", "\\'", "+", ";", ".", "%00", "5432" };
	size_t at = 0;
	unsigned before = dice(4), n = before + dice(4), i;

	for (i = 0; i <= n; i++)
		at += (size_t)snprintf(password + at, size - at, "%s",
		    i == before ? SECRET : one_of(pieces, COUNT(pieces)));
}

static void
make_url(char *name, const char *password)
{
	static const char *const hosts[] = { "h", "[::1]", "h:1", "h:1,[::]:2",
		"[]", "", "%2Frun", "a,b,c" };
	static const char *const ends[] = { "", "/", "/d", "/d?port=1", "?user=u",
		"/?sslmode=require&host=x" };
	static const char *const before[] = { "password", "sslpassword",
		"port=1&password", "p%61ssword", "user=u&password" };
	static const char *const behind[] = { "", "&port=1", "&user=u&host=h" };

	if (dice(2) == 0)
		(void)snprintf(name, NAME_BYTES, "postgresql://%s:%s@%s%s",
		    dice(2) == 0 ? "u" : "", password, one_of(hosts, COUNT(hosts)),
		    one_of(ends, COUNT(ends)));
	else
		(void)snprintf(name, NAME_BYTES, "postgres://%s/d?%s=%s%s",
		    one_of(hosts, COUNT(hosts)), one_of(before, COUNT(before)),
		    password, one_of(behind, COUNT(behind)));
}

static void
make_connection_string(char *name, const char *password)
{
	static const char *const before[] = { "", "host=h ", "user='a b' ",
		"dbname = d port=1 " };
	static const char *const keys[] = { "password=", "sslpassword=",
		"password = ", "password= " };
	static const char *const behind[] = { "", " ", " port=1", " host = h" };
	const char *quote = dice(2) == 0 ? "" : "'";

	(void)snprintf(name, NAME_BYTES, "%s%s%s%s%s%s",
	    one_of(before, COUNT(before)), one_of(keys, COUNT(keys)), quote,
	    password, quote, one_of(behind, COUNT(behind)));
}

START_TEST(however_a_password_is_written_it_is_not_shown)
{
	char password[NAME_BYTES / 2], name[NAME_BYTES], *shown;
	unsigned shown_in_part = 0, i;

	for (i = 0; i < NAMES; i++) {
		make_password(password, sizeof(password));
		if (dice(2) == 0)
			make_url(name, password);
		else
			make_connection_string(name, password);
		ck_assert_msg(database_name_is_postgresql(name), "%s", name);
		shown = database_name_show(name);
		ck_assert_msg(strstr(shown, SECRET) == NULL, "%s: %s", name,
		    shown);
		if (strcmp(shown, "***") != 0) {
			shown_in_part++;
			ck_assert_msg(libpq_reads(name), "%s", name);
		}
		free(shown);
	}
	/* It would be no proof if all of them were refused, or none. */
	ck_assert_uint_gt(shown_in_part, NAMES / 10);
	ck_assert_uint_lt(shown_in_part, NAMES - NAMES / 10);
}
END_TEST

START_TEST(no_bytes_are_too_many_or_too_odd)
{
	static const char bytes[] = "postgresql://?&=%0@:,[]'\\ /hostpw\x01\xff";
	char name[64], *shown;
	unsigned len, i, k;

	for (i = 0; i < NAMES; i++) {
		len = dice(sizeof(name));
		for (k = 0; k < len; k++)
			name[k] = bytes[dice(sizeof(bytes) - 1)];
		name[len] = '\0';
		if (dice(2) == 0 && len >= 13)
			memcpy(name, dice(2) == 0 ? "postgresql://" :
			    "password=host", 13);
		shown = database_name_show(name);
		ck_assert(database_name_is_postgresql(name) ?
		    (database_name_fault(name) == NULL) ==
		    (strcmp(shown, "***") != 0) : strcmp(shown, name) == 0);
		free(shown);
	}
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_test(tc, a_path_is_none_of_postgresql_and_shown_as_it_is);
	tcase_add_test(tc, a_name_without_secrets_is_shown_as_it_is);
	tcase_add_test(tc, what_is_secret_is_not_shown);
	tcase_add_test(tc, where_a_secret_could_be_mistaken_nothing_is_shown);
	tcase_add_test(tc, however_a_password_is_written_it_is_not_shown);
	tcase_add_test(tc, no_bytes_are_too_many_or_too_odd);
}
