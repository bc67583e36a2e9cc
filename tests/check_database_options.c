#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "config/admin_socket.h"
#include "config/endpoint.h"
#include "config/options.h"
#include "config/options_read.h"
#include "config/reload.h"

/* What names a database, and the file of its key. */

const char suite_name[] = "database_options";

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ARGS_MAX 8
#define SECRET "hunter2"
#define URL "postgresql://shop:" SECRET "@db.example/shop"
#define SHOWN_URL "postgresql://shop:***@db.example/shop"
/* The way from / to where this runs. */
#define CWD "/proc/self/cwd/"
#define KEY_PATH CWD "check_database_options.key"
#define KEY "-o", "key-file=" KEY_PATH

static struct options options;
static char told[4096];		/* of the latest reading */

static void
write_key(size_t len)
{
	static const char bytes[2 * ID_KEY_BYTES];
	FILE *file = fopen(KEY_PATH, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, len, file), len);
	ck_assert_int_eq(fclose(file), 0);
}

static void
setup(void)
{
	ck_assert_int_eq(setenv("HOME", "/home/shop", 1), 0);
	ck_assert_int_eq(unsetenv("STATE_DIRECTORY"), 0);
	ck_assert_int_eq(unsetenv("XDG_STATE_HOME"), 0);
	write_key(ID_KEY_BYTES);
}

static void
teardown(void)
{
	options_clear(&options);
	ck_assert(unlink(KEY_PATH) == 0 || errno == ENOENT);
}

/* Read a command line, which ends with NULL; the status, and told. */
static int
run(const char *const *words)
{
	char copies[ARGS_MAX][256], *argv[ARGS_MAX + 1];
	FILE *file = tmpfile();
	int err = dup(STDERR_FILENO), argc, status;

	for (argc = 0; words[argc] != NULL; argc++) {
		(void)snprintf(copies[argc], sizeof(copies[0]), "%s",
		    words[argc]);
		argv[argc] = copies[argc];
	}
	argv[argc] = NULL;
	ck_assert(file != NULL && err != -1);
	ck_assert_int_ne(dup2(fileno(file), STDERR_FILENO), -1);
	options_clear(&options);
	status = options_read(argc, argv, &options);
	ck_assert_int_ne(dup2(err, STDERR_FILENO), -1);
	rewind(file);
	told[fread(told, 1, sizeof(told) - 1, file)] = '\0';
	ck_assert_int_eq(fclose(file) | close(err), 0);
	return status;
}

#define RUN(...) run((const char *const[]){ "x", __VA_ARGS__, NULL })

static size_t
count_lines(void)
{
	size_t n = 0;
	const char *at;

	for (at = told; (at = strchr(at, '\n')) != NULL; at++)
		n++;
	return n;
}

START_TEST(a_wrong_name_is_refused_in_one_line_without_its_password)
{
	static const char *const names[] = {
		"postgresql://u:a/" SECRET "@h", "mysql://u:" SECRET "@h",
		"host=h password=a " SECRET, "password='" SECRET,
	};
	char setting[128];
	size_t i;

	for (i = 0; i < COUNT(names); i++) {
		ck_assert_int_eq(RUN("-t", "-d", names[i]), EX_CONFIG);
		ck_assert_uint_eq(count_lines(), 1);
		ck_assert_msg(strncmp(told, "-d: ", 4) == 0, "%s", told);
		ck_assert_ptr_null(strstr(told, SECRET));
		(void)snprintf(setting, sizeof(setting), "database=%s",
		    names[i]);
		ck_assert_int_eq(RUN("-t", "-o", setting), EX_CONFIG);
		ck_assert_uint_eq(count_lines(), 1);
		ck_assert_msg(strncmp(told, "-o: database: ", 14) == 0, "%s",
		    told);
		ck_assert_ptr_null(strstr(told, SECRET));
	}
}
END_TEST

START_TEST(a_name_in_the_wrong_place_shows_no_password)
{
	ck_assert_int_eq(RUN("-t", "-o", URL), EX_CONFIG);
	ck_assert_msg(strstr(told, SECRET) == NULL, "%s", told);
	ck_assert_int_eq(RUN("-t", "-o", URL "?port=1"), EX_CONFIG);
	ck_assert_msg(strstr(told, SECRET) == NULL, "%s", told);
	ck_assert_int_eq(RUN("-t", URL), EX_USAGE);
	ck_assert_msg(strstr(told, SECRET) == NULL, "%s", told);
}
END_TEST

START_TEST(a_path_that_looks_like_a_url_is_one_with_a_dot)
{
	ck_assert_int_eq(RUN("-d", "./postgresql://shop"), OPTIONS_RUN);

	ck_assert_str_eq(options.database, "./postgresql://shop");
	ck_assert_str_eq(options.database_shown, "./postgresql://shop");
}
END_TEST

START_TEST(a_setting_that_is_a_relative_path_is_refused)
{
	ck_assert_int_eq(RUN("-t", "-o", "database=shop.db"), EX_CONFIG);

	ck_assert_ptr_nonnull(strstr(told, "database: not a path that begins "
	    "with /, and not a URL"));
}
END_TEST

#ifdef HAVE_LIBPQ
START_TEST(it_is_kept_whole_and_shown_without_its_password)
{
	ck_assert_int_eq(RUN("-d", URL, KEY), OPTIONS_RUN);
	ck_assert_str_eq(options.database, URL);
	ck_assert_str_eq(options.database_shown, SHOWN_URL);
	ck_assert(!options.is_default_database);

	ck_assert_int_eq(RUN("-o", "database=" URL, KEY), OPTIONS_RUN);
	ck_assert_str_eq(options.database, URL);
	ck_assert_str_eq(options.database_shown, SHOWN_URL);
}
END_TEST

static void
note_database(void *ctx, const struct options_shown *shown)
{
	char *value = ctx;

	if (strcmp(shown->key, "database") == 0)
		(void)snprintf(value, 128, "%s", shown->value);
	ck_assert_ptr_null(strstr(shown->value, SECRET));
}

START_TEST(settings_show_no_password)
{
	char value[128] = "";

	ck_assert_int_eq(RUN("-o", "database=" URL, KEY), OPTIONS_RUN);
	options_show(&options, note_database, value);

	ck_assert_str_eq(value, SHOWN_URL);
}
END_TEST

START_TEST(it_needs_a_key_file)
{
	ck_assert_int_eq(RUN("-t", "-d", URL), EX_CONFIG);
	ck_assert_uint_eq(count_lines(), 1);
	ck_assert_msg(strncmp(told, "key-file: has to name a file", 28) == 0,
	    "%s", told);
	ck_assert_int_eq(RUN("-t", "-o", "database=service=shop"), EX_CONFIG);
	ck_assert_int_eq(RUN("-t", "-d", URL, KEY), EX_OK);
	ck_assert_int_eq(RUN("-t", "-d", "shop.db"), EX_OK);
	ck_assert_int_eq(RUN("-t", "-o", "database=" URL, "-d", "shop.db"),
	    EX_OK);
}
END_TEST

START_TEST(the_tool_needs_none)
{
	options_clear(&options);
	ck_assert_int_eq(options_read_file(NULL, URL, &options), OPTIONS_RUN);
	ck_assert_str_eq(options.database, URL);
	ck_assert_str_eq(options.database_shown, SHOWN_URL);
}
END_TEST

START_TEST(the_admin_socket_is_beside_the_key)
{
	struct endpoint endpoint;
	char text[ENDPOINT_TEXT_MAX + 1], *real = realpath(KEY_PATH, NULL);
	char expected[ENDPOINT_TEXT_MAX + 1];

	ck_assert_ptr_nonnull(real);
	ck_assert_int_eq(RUN("-d", URL, KEY), OPTIONS_RUN);
	if (admin_socket_find(&options, &endpoint) == ADMIN_SOCKET_DEFAULT) {
		endpoint_format(&endpoint, text);
		(void)snprintf(expected, sizeof(expected), "unix:%s.admin",
		    real);
		ck_assert_str_eq(text, expected);
	} else
		ck_assert_uint_gt(strlen(real), 90);
	free(real);

	options_clear(&options);
	ck_assert_int_eq(options_read_file(NULL, URL, &options), OPTIONS_RUN);
	ck_assert_int_eq(admin_socket_find(&options, &endpoint),
	    ADMIN_SOCKET_UNNAMED);
}
END_TEST
#else
START_TEST(without_libpq_it_is_refused_in_one_line)
{
	ck_assert_int_eq(RUN("-t", "-d", URL), EX_CONFIG);
	ck_assert_str_eq(told, "-d: this program was built without libpq, "
	    "which PostgreSQL needs\n");
	ck_assert_int_eq(RUN("-t", "-o", "database=" URL), EX_CONFIG);
	ck_assert_str_eq(told, "database: this program was built without "
	    "libpq, which PostgreSQL needs\n");
	options_clear(&options);
	ck_assert_int_eq(options_read_file(NULL, URL, &options), EX_CONFIG);
}
END_TEST
#endif

START_TEST(a_key_file_is_one_that_can_be_read_or_made)
{
	ck_assert_int_eq(RUN("-t", KEY), EX_OK);
	write_key(ID_KEY_BYTES - 1);
	ck_assert_int_eq(RUN("-t", KEY), EX_CONFIG);
	ck_assert_str_eq(told, KEY_PATH ": key-file: is not a key of 32 "
	    "bytes\n");
	write_key(ID_KEY_BYTES + 1);
	ck_assert_int_eq(RUN("-t", KEY), EX_CONFIG);
	ck_assert_int_eq(unlink(KEY_PATH), 0);
	ck_assert_int_eq(RUN("-t", KEY), EX_OK);
	ck_assert_int_eq(access(KEY_PATH, F_OK), -1);

	ck_assert_int_eq(symlink("elsewhere", KEY_PATH), 0);
	ck_assert_int_eq(RUN("-t", KEY), EX_CONFIG);
	ck_assert_int_eq(unlink(KEY_PATH), 0);
	ck_assert_int_eq(mkfifo(KEY_PATH, 0600), 0);
	ck_assert_int_eq(RUN("-t", KEY), EX_CONFIG);

	ck_assert_int_eq(RUN("-t", "-o", "key-file=" CWD "none/x"),
	    EX_CONFIG);
	ck_assert_str_eq(told, CWD "none/x: key-file: is missing, and cannot "
	    "be made: No such file or directory\n");
	ck_assert_int_eq(RUN("-t", "-o", "key-file=/"), EX_CONFIG);
	ck_assert_int_eq(RUN("-t", "-o", "key-file=x"), EX_CONFIG);
}
END_TEST

START_TEST(read_again_it_is_judged_again)
{
	char words[][32] = { "x", "-o", "key-file=" CWD "none/x" };
	char *argv[] = { words[0], words[1], words[2], NULL };
	struct buf lines;

	buf_init(&lines, sizeof(told));
	log_set_level(0);	/* the lines are looked at instead */

	ck_assert_int_eq(options_read_again(3, argv, &options, &lines), -1);

	ck_assert_uint_gt(lines.len, 0);
	buf_clear(&lines);
}
END_TEST

void
suite_add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc,
	    a_wrong_name_is_refused_in_one_line_without_its_password);
	tcase_add_test(tc, a_name_in_the_wrong_place_shows_no_password);
	tcase_add_test(tc, a_path_that_looks_like_a_url_is_one_with_a_dot);
	tcase_add_test(tc, a_setting_that_is_a_relative_path_is_refused);
#ifdef HAVE_LIBPQ
	tcase_add_test(tc, it_is_kept_whole_and_shown_without_its_password);
	tcase_add_test(tc, settings_show_no_password);
	tcase_add_test(tc, it_needs_a_key_file);
	tcase_add_test(tc, the_tool_needs_none);
	tcase_add_test(tc, the_admin_socket_is_beside_the_key);
#else
	tcase_add_test(tc, without_libpq_it_is_refused_in_one_line);
#endif
	tcase_add_test(tc, a_key_file_is_one_that_can_be_read_or_made);
	tcase_add_test(tc, read_again_it_is_judged_again);
}
