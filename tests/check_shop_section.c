#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "config/api_keys.h"
#include "config/options.h"
#include "config/options_read.h"
#include "config/reload.h"
#include "config/shop_section.h"
#include "daemon/module_settings.h"
#include "suite.h"
#include "ticket_maker.h"
#include "wire/ticket_key.h"

/* Sections of shops in the configuration file. */

const char suite_name[] = "shop_section";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The way from / to where this runs, in whose own name may be a space. */
#define CWD "/proc/self/cwd/"

enum { OUTPUT_BYTES = 16384, TEXT_BYTES = 4096 };

static char dir[64];
static char path[80];			/* of the configuration file in dir */
static char said[OUTPUT_BYTES];		/* what was wrong with it */
static struct options options;

static void
setup(void)
{
	ck_assert_int_eq(unsetenv("PROTOCOL"), 0);
	(void)snprintf(dir, sizeof(dir), "check_shop_section.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/conf", dir);
	log_set_level(0);	/* the lines are looked at instead */
	options = (struct options){ .database = NULL };
}

static void
teardown(void)
{
	static const char *const names[] = { "conf", "keys", "more",
	    "a.pem", "b.pem" };
	char name[PATH_MAX];
	size_t i;

	options_clear(&options);
	for (i = 0; i < COUNT(names); i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", dir, names[i]);
		ck_assert(unlink(name) == 0 || errno == ENOENT);
	}
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
write_file(const char *name, const char *text)
{
	char at[PATH_MAX];
	FILE *file;

	(void)snprintf(at, sizeof(at), "%s/%s", dir, name);
	file = fopen(at, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ne(fputs(text, file), EOF);
	ck_assert_int_eq(fclose(file), 0);
}

/* text, with the folder of files where it has @. */
static void
write_configuration(const char *text)
{
	char out[TEXT_BYTES];
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += (size_t)snprintf(out + n, sizeof(out) - n,
		    *text == '@' ? CWD "%s" : "%.1s",
		    *text == '@' ? dir : text);
	write_file("conf", out);
}

/* Read a configuration, with an option besides; what was wrong is in said. */
static int
read_into(struct options *read, const char *text, char *option)
{
	char name[] = "x", c[] = "-c", o[] = "-o";
	char *argv[] = { name, c, path, option == NULL ? NULL : o, option,
	    NULL };
	struct buf lines;
	int status;

	write_configuration(text);
	buf_init(&lines, OUTPUT_BYTES);
	status = options_read_again(option == NULL ? 3 : 5, argv, read,
	    &lines);
	(void)snprintf(said, sizeof(said), "%.*s", (int)lines.len,
	    lines.len == 0 ? "" : (const char *)buf_data(&lines));
	buf_clear(&lines);
	return status;
}

static void
read_valid(const char *text, char *option)
{
	options_clear(&options);
	ck_assert_msg(read_into(&options, text, option) == 0, "%s", said);
}

/* Whether what was said is expected, with the file's path where it has @. */
static bool
said_is(const char *expected)
{
	const char *s = said;

	for (; *expected != '\0'; expected++) {
		size_t n = *expected == '@' ? strlen(path) : 1;

		if (strncmp(s, *expected == '@' ? path : expected, n) != 0)
			return false;
		s += n;
	}
	return *s == '\0';
}

START_TEST(without_sections_there_is_one_shop)
{
	struct shop_settings shop;

	read_valid("base-path = /x\n", NULL);
	ck_assert_uint_eq(module_settings_shops_count(&options), 1);
	shop = module_settings_shop(&options, 0);
	ck_assert_str_eq(shop.name, "");
	ck_assert_str_eq(shop.base_path, "/x/");
}
END_TEST

START_TEST(a_section_says_what_holds_for_its_shop_alone)
{
	struct shop_settings shop;

	read_valid("allowed-origins = {\"https://a.example\"} # shop x {\n"
	    "shop books {\n\tbase-path = \"/b\" ticket-audience = 'bo}ok'\n"
	    "\tallowed-origins = {\"https://b.example\", "
	    "\"https://c.example\"}\n}\n"
	    "max-message = 1000 shop \"mu-51c\"{}\n", NULL);
	ck_assert_uint_eq(module_settings_shops_count(&options), 3);
	ck_assert_uint_eq(options.max_message, 1000);
	shop = module_settings_shop(&options, 0);
	ck_assert_uint_eq(shop.allowed_origins_count, 1);
	ck_assert_str_eq(shop.ticket_audience, "");
	shop = module_settings_shop(&options, 1);
	ck_assert_str_eq(shop.name, "books");
	ck_assert_str_eq(shop.base_path, "/b/");
	ck_assert_str_eq(shop.ticket_audience, "bo}ok");
	ck_assert_uint_eq(shop.allowed_origins_count, 2);
	ck_assert_str_eq(shop.allowed_origins[1], "https://c.example");
	shop = module_settings_shop(&options, 2);
	ck_assert_str_eq(shop.name, "mu-51c");
	ck_assert_uint_eq(shop.allowed_origins_count, 1);
	ck_assert_str_eq(shop.allowed_origins[0], "https://a.example");
}
END_TEST

START_TEST(what_a_section_leaves_out_is_as_outside)
{
	char option[] = "allowed-origins=https://o.example,https://p.example";
	struct shop_settings shop;

	read_valid("shop books { ticket-audience = x }\n"
	    "shop music { allowed-origins = {} }\n"
	    "base-path = \"/api\"\n", option);
	shop = module_settings_shop(&options, 1);
	ck_assert_str_eq(shop.base_path, "/api/books/");
	ck_assert_uint_eq(shop.allowed_origins_count, 2);
	ck_assert_str_eq(shop.allowed_origins[1], "https://p.example");
	shop = module_settings_shop(&options, 2);
	ck_assert_uint_eq(shop.allowed_origins_count, 0);
}
END_TEST

static const struct {
	const char *text;
	const char *said;	/* the file's path where it has @ */
} wrong[] = {
	{ "shop Books { }\n",
	    "@:1: the name of a shop has 1 to 32 of a-z 0-9 -\n" },
	{ "shop '' { }\n",
	    "@:1: the name of a shop has 1 to 32 of a-z 0-9 -\n" },
	{ "shop abcdefghijklmnopqrstuvwxyz0123456 { }\n",
	    "@:1: the name of a shop has 1 to 32 of a-z 0-9 -\n" },
	{ "shop a { }\n\nshop a { }\n",
	    "@:3: a: a shop above has this name\n" },
	{ "shop a {\n listen = \"*:1\"\n}\n",
	    "@:2: listen: stands outside of sections: it is for all shops\n" },
	{ "shop a {\n base-pat = /\n}\n",
	    "@:2: base-pat: unknown key; the nearest is base-path\n" },
	{ "shop a {\n base-path = x\n}\n",
	    "@:2: base-path: not the path of a URL, which begins with /\n" },
	{ "shop a {\n base-path = /x base-path = /y\n}\n",
	    "@:2: base-path: is set above already\n" },
	{ "shop a {\n base-path = {/x}\n}\n",
	    "@:2: base-path: takes one value, no list\n" },
	{ "base-path = /b\nshop a { base-path = \"/b/\" }\n",
	    "@:2: base-path: is that of what stands outside of sections, "
	    "too\n" },
	{ "shop a { }\nshop b {\n base-path = \"/x/../a\" }\n",
	    "@:3: base-path: is that of a, too\n" },
	{ "shop a {\n shop b { }\n}\n",
	    "@:2: sections do not stand in others\n" },
	{ "\nshop a {\n base-path = /x\n",
	    "@:2: a section is never closed\n" },
	{ "shops a { base-path = /x }\n",
	    "@:1: not \"key = value\", \"key = {value, value}\" or "
	    "\"shop NAME {\"\n" },
	{ "shop { base-path = /x }\n",
	    "@:1: not \"key = value\", \"key = {value, value}\" or "
	    "\"shop NAME {\"\n" },
	{ "shop a {\n require-tickets = yes\n}\n",
	    "@:1: require-tickets: needs ticket-keys\n" },
};

START_TEST(what_is_wrong_is_told_with_file_and_line)
{
	struct options none;

	ck_assert_msg(read_into(&none, wrong[_i].text, NULL) == -1, "%s",
	    wrong[_i].text);
	ck_assert_msg(said_is(wrong[_i].said), "%s\n%s", wrong[_i].text, said);
}
END_TEST

START_TEST(there_may_be_256_shops)
{
	char text[TEXT_BYTES];
	struct options none;
	size_t n = 0;
	int i;

	for (i = 0; i < SHOP_SECTIONS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "shop s%d {}\n", i);
	read_valid(text, NULL);
	ck_assert_uint_eq(options.shops_count, SHOP_SECTIONS_MAX);
	(void)snprintf(text + n, sizeof(text) - n, "shop more {}\n");
	ck_assert_int_eq(read_into(&none, text, NULL), -1);
	ck_assert(said_is("@:257: more than 256 shops\n"));
}
END_TEST

START_TEST(tickets_are_good_by_the_keys_inside_or_else_outside)
{
	struct shop_settings outside, own, other, none;

	write_file("a.pem", ticket_maker_ed_pem);
	write_file("b.pem", ticket_maker_es_pem);
	read_valid("ticket-keys = {\"@/a.pem\"}\nrequire-tickets = start\n"
	    "shop own { ticket-keys = {\"@/b.pem\"} }\n"
	    "shop other { require-tickets = yes }\n"
	    "shop none { ticket-keys = {} require-tickets = no }\n", NULL);
	outside = module_settings_shop(&options, 0);
	own = module_settings_shop(&options, 1);
	other = module_settings_shop(&options, 2);
	none = module_settings_shop(&options, 3);
	ck_assert_ptr_nonnull(outside.ticket_keys);
	ck_assert_ptr_eq(other.ticket_keys, outside.ticket_keys);
	ck_assert_ptr_ne(own.ticket_keys, outside.ticket_keys);
	ck_assert_uint_eq(ticket_keys_count(own.ticket_keys), 1);
	ck_assert_int_eq(own.require_tickets, TICKET_TO_START);
	ck_assert_int_eq(other.require_tickets, TICKET_TO_TAKE_PART);
	ck_assert_ptr_null(none.ticket_keys);
}
END_TEST

START_TEST(keys_of_servers_are_of_one_shop)
{
	static const char text[] = "api-keys = \"@/keys\"\n"
	    "shop a { }\nshop b { api-keys = \"@/more\" }\n";
	struct options none;
	char line[128];

	(void)snprintf(line, sizeof(line), "first %064d\n", 7);
	write_file("keys", line);
	(void)snprintf(line, sizeof(line), "second %064d\n", 8);
	write_file("more", line);
	read_valid(text, NULL);
	ck_assert_ptr_nonnull(module_settings_shop(&options, 0).api_keys);
	ck_assert_ptr_null(module_settings_shop(&options, 1).api_keys);
	ck_assert_str_eq(module_settings_shop(&options, 2).api_keys->list[0].
	    name, "second");

	(void)snprintf(line, sizeof(line), "second %064d\n", 7);
	write_file("more", line);
	ck_assert_int_eq(read_into(&none, text, NULL), -1);
	ck_assert_ptr_nonnull(strstr(said, "/more: second is a key of two "
	    "shops: outside of sections, too\n"));
	ck_assert_int_eq(read_into(&none, "shop a { api-keys = \"@/keys\" }\n"
	    "shop b { api-keys = \"@/keys\" }\n", NULL), -1);
	ck_assert_ptr_nonnull(strstr(said, "/keys: first is a key of two "
	    "shops: a, too\n"));
	ck_assert_int_eq(read_into(&none,
	    "api-listen = {\"127.0.0.1:0\"} shop a { }\n", NULL), -1);
	ck_assert_str_eq(said,
	    "api-listen: nobody has a key: api-keys has to name a file\n");
}
END_TEST

struct told {
	char	 text[256];
};

static void
note_change(void *ctx, const char *key, enum reload_change change)
{
	static const char *const kinds[] = {
		[RELOAD_ADOPTED] = "",
		[RELOAD_NEEDS_RESTART] = "restart ",
		[RELOAD_SHOP_ADDED] = "+",
		[RELOAD_SHOP_REMOVED] = "-",
	};
	struct told *told = ctx;
	size_t len = strlen(told->text);

	(void)snprintf(told->text + len, sizeof(told->text) - len, "%s%s ",
	    kinds[change], key);
}

START_TEST(a_reload_tells_which_shops_are_others)
{
	struct options fresh;
	struct told told = { .text = "" };

	read_valid("shop a { base-path = /x }\nshop b { }\n", NULL);
	ck_assert_int_eq(read_into(&fresh, "shop c { }\n"
	    "shop a { base-path = /y ticket-audience = z }\n", NULL), 0);
	reload_adopt(&options, &fresh, note_change, &told);
	ck_assert_str_eq(told.text,
	    "-b +c a/ticket-audience a/base-path ");
	ck_assert_str_eq(module_settings_shop(&options, 1).name, "c");
	ck_assert_str_eq(module_settings_shop(&options, 2).base_path, "/y/");
	options_clear(&fresh);

	ck_assert_int_eq(read_into(&fresh, "shop c { }\n"
	    "shop a { base-path = /y ticket-audience = z }\n", NULL), 0);
	told.text[0] = '\0';
	reload_adopt(&options, &fresh, note_change, &told);
	ck_assert_str_eq(told.text, "");
	options_clear(&fresh);
}
END_TEST

static void
note_shown(void *ctx, const struct options_shown *shown)
{
	struct told *told = ctx;

	if (strchr(shown->key, '/') != NULL)
		(void)snprintf(told->text, sizeof(told->text), "%s=%s %s",
		    shown->key, shown->value, shown->origin);
}

START_TEST(what_stands_in_a_section_is_shown)
{
	struct told told = { .text = "" };

	read_valid("shop a { base-path = /x }\nshop b { }\n", NULL);
	options_show(&options, note_shown, &told);
	ck_assert_str_eq(told.text, "a/base-path=/x file");
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, without_sections_there_is_one_shop);
	tcase_add_test(tc, a_section_says_what_holds_for_its_shop_alone);
	tcase_add_test(tc, what_a_section_leaves_out_is_as_outside);
	tcase_add_loop_test(tc, what_is_wrong_is_told_with_file_and_line, 0,
	    COUNT(wrong));
	tcase_add_test(tc, there_may_be_256_shops);
	tcase_add_test(tc,
	    tickets_are_good_by_the_keys_inside_or_else_outside);
	tcase_add_test(tc, keys_of_servers_are_of_one_shop);
	tcase_add_test(tc, a_reload_tells_which_shops_are_others);
	tcase_add_test(tc, what_stands_in_a_section_is_shown);
}
