#include "options_read.h"

#include <confuse.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <nettle/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>
#include <zlib.h>

#include "api_keys.h"
#include "base/database_name.h"
#include "base/getopt_error.h"
#include "base/number.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config_file.h"
#include "database_options.h"
#include "options.h"
#include "provenance.h"
#include "setting_report.h"
#include "settings_table.h"
#include "shop_section.h"
#include "socket_access.h"
#include "ticket_files.h"
#include "webhook_options.h"
#include "webhook_secrets.h"
#include "wire/ticket_key.h"

#define PORT_MAX 65535

/* Where systemd keeps it for the unit (StateDirectory). */
#define SYSTEM_DATABASE "/var/lib/buddyshopping/buddyshopping.db"

/* What the command line says, before any of it is believed. */
struct command_line {
	const char *file;		/* NULL for none */
	const char *database;		/* NULL for the default */
	char	 listen[sizeof("*:65535")];	/* "" without PORT */
	const char **values;		/* KEY=VALUE of each -o, in order */
	size_t	 value_count;
	bool	 is_test;
	bool	 is_verbose;
};

static int
usage_error(void)
{
	(void)fprintf(stderr, "Try \"%s -h\".\n", PACKAGE_NAME);
	return EX_USAGE;
}

/* The status to exit with after output. */
static int
flush_output(void)
{
	return fflush(stdout) == EOF ? EX_IOERR : EX_OK;
}

static int
print_version(void)
{
	(void)printf("%s %s\n"
	    "libconfuse %s, libuv %s, nettle %d.%d, zlib %s\n", PACKAGE_NAME,
	    PACKAGE_VERSION, confuse_version, uv_version_string(),
	    nettle_version_major(), nettle_version_minor(), zlibVersion());
	return flush_output();
}

static void
print_setting_help(const struct setting *setting)
{
	int width = printf("  %s=%s", setting->key, setting->initial);

	(void)printf("%*s%s", width < 36 ? 36 - width : 1, "", setting->help);
	if (setting->unit != NULL)
		(void)printf(" (%s)", setting->unit);
	if (setting->scope != SETTING_OF_DAEMON)
		(void)printf(" [shop]");
	(void)printf("%s\n", setting->needs_restart ? " [restart]" : "");
}

static int
print_options_help(void)
{
	size_t i;

	(void)printf("Usage: %s [-c FILE] [-d DATABASE] [-o KEY=VALUE]... "
	    "[-t] [-v] [-V] [-h] [PORT]\n"
	    "  -c, --config=FILE       read settings from FILE\n"
	    "  -d, --database=DATABASE keep sessions in DATABASE\n"
	    "  -o, --option=KEY=VALUE  set one setting\n"
	    "  -t, --test              check the configuration and exit\n"
	    "  -v, --verbose           the same as -o log-level=debug\n"
	    "  -V, --version           print versions and exit\n"
	    "  -h, --help              print this and exit\n"
	    "PORT is short for -o listen=*:PORT; 0 takes a free one.\n\n"
	    "Settings and their defaults (0: no limit; [restart]: not changed "
	    "by a reload;\n"
	    "[shop]: also in a section of a shop):\n",
	    PACKAGE_NAME);
	for (i = 0; i < settings_count; i++)
		print_setting_help(&settings_table[i]);
	return flush_output();
}

static int
read_operands(int argc, char **argv, struct command_line *line)
{
	const char *port = argv[optind];
	uint64_t number;

	if (argc - optind > 1) {
		(void)fprintf(stderr, "%s: more than one PORT\n",
		    PACKAGE_NAME);
		return usage_error();
	}
	if (line->database != NULL && *line->database == '\0') {
		(void)fprintf(stderr, "%s: DATABASE is empty\n", PACKAGE_NAME);
		return usage_error();
	}
	if (port == NULL)
		return OPTIONS_RUN;
	if (number_parse(port, PORT_MAX, &number) == -1) {
		(void)fprintf(stderr,
		    "%s: PORT is not a number from 0 to %d\n", PACKAGE_NAME,
		    PORT_MAX);
		return usage_error();
	}
	xsnprintf(line->listen, sizeof(line->listen), "*:%u",
	    (unsigned)number);
	return OPTIONS_RUN;
}

static int
parse_command_line(int argc, char **argv, struct command_line *line)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "database", required_argument, NULL, 'd' },
		{ "option", required_argument, NULL, 'o' },
		{ "test", no_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	char fault[GETOPT_ERROR_BYTES];
	int c;

	opterr = 0; /* what is wrong we say ourselves */
	/* 0 makes glibc start anew, also when it was called before. */
	optind = 0;
	while ((c = getopt_long(argc, argv, ":c:d:o:tvVh", names, NULL)) != -1)
		switch (c) {
		case 'c':
			line->file = optarg;
			break;
		case 'd':
			line->database = optarg;
			break;
		case 'o':
			line->values[line->value_count++] = optarg;
			break;
		case 't':
			line->is_test = true;
			break;
		case 'v':
			line->is_verbose = true;
			break;
		case 'V':
			return print_version();
		case 'h':
			return print_options_help();
		default:
			getopt_error(c, argv, names, fault);
			(void)fprintf(stderr, "%s: %s\n", PACKAGE_NAME, fault);
			return usage_error();
		}
	return read_operands(argc, argv, line);
}

static void
put_defaults(struct options *options)
{
	const struct setting *setting;
	char problem[SETTING_PROBLEM_BYTES];
	size_t i;

	options->provenance = provenance_new(settings_count);
	for (i = 0; i < settings_count; i++) {
		setting = &settings_table[i];
		if (setting_put(setting, options, setting->initial,
		    SETTING_NAMES_LEFT, problem) == -1)
			fatalx("%s: %s", setting->key, problem);
		provenance_add(options->provenance, i, setting->initial);
	}
}

static void
note_origin(struct options *options, const struct setting *setting,
    enum provenance_origin origin, const char *value)
{
	size_t i = (size_t)(setting - settings_table);

	provenance_begin(options->provenance, i, origin);
	provenance_add(options->provenance, i, value);
}

/* where is "-o", "PORT" or the variable of the environment. */
static void
put_value(struct options *options, const char *where, const char *key,
    const char *value, struct setting_report *report)
{
	const struct setting *setting = settings_find(key);
	char problem[SETTING_PROBLEM_BYTES];

	if (setting == NULL) {
		setting_report_unknown(report, where, key);
		return;
	}
	setting_clear(setting, options);
	if (setting_put(setting, options, value, report->names, problem) == -1)
		setting_report(report, where, key, problem);
	note_origin(options, setting, strcmp(where, "PROTOCOL") == 0 ?
	    PROVENANCE_ENVIRONMENT : PROVENANCE_COMMAND_LINE, value);
}

/* One -o KEY=VALUE. */
static void
put_pair(struct options *options, const char *pair,
    struct setting_report *report)
{
	char *key = xstrdup(pair);
	char *equals = strchr(key, '=');

	if (equals == NULL) {
		setting_report(report, "-o", key, "no value: KEY=VALUE");
	} else {
		*equals = '\0';
		put_value(options, "-o", key, equals + 1, report);
	}
	free(key);
}

/* The value of an environment variable, NULL also if it is empty. */
static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || *value == '\0' ? NULL : value;
}

static char *
join_path(const char *first, size_t first_len, const char *second)
{
	size_t len = strlen(second);
	char *path = xcalloc(1, first_len + len + 1);

	memcpy(path, first, first_len);
	memcpy(path + first_len, second, len);
	return path;
}

/* Where the database is without -d; NULL if nothing says so. */
static char *
default_database(void)
{
	const char *dir;

	/* systemd.exec(5): several directories are separated by colons. */
	if ((dir = environment("STATE_DIRECTORY")) != NULL)
		return join_path(dir, strcspn(dir, ":"), "/buddyshopping.db");
	/* The XDG base directory specification ignores relative paths. */
	if ((dir = environment("XDG_STATE_HOME")) != NULL && *dir == '/')
		return join_path(dir, strlen(dir),
		    "/buddyshopping/buddyshopping.db");
	if ((dir = environment("HOME")) != NULL)
		return join_path(dir, strlen(dir),
		    "/.local/state/buddyshopping/buddyshopping.db");
	return NULL;
}

/* What -d or the setting says; NULL if that was refused. */
static const char *
named_database(const struct command_line *line, const struct options *options)
{
	return line->database != NULL ? line->database :
	    options->database_setting;
}

static int
check_database(const struct command_line *line, const struct options *options,
    struct setting_report *report)
{
	const char *name = named_database(line, options);

	return name == NULL ? -1 : database_options_check_name(name,
	    line->database != NULL ? "-d" : "database", report);
}

/* The same for the daemon, which has a key besides. */
static void
check_database_and_key(const struct command_line *line,
    const struct options *options, struct setting_report *report)
{
	if (check_database(line, options, report) == 0)
		database_options_check_key(named_database(line, options),
		    options, report);
}

static void
set_database(struct options *options, char *name)
{
	free(options->database);
	free(options->database_shown);
	options->database = name;
	options->database_shown = name == NULL ? NULL :
	    database_name_show(name);
}

static void
choose_database(const struct command_line *line, struct options *options)
{
	const char *name = named_database(line, options);

	options->is_default_database = *name == '\0';
	set_database(options, options->is_default_database ?
	    default_database() : xstrdup(name));
}

static int
require_database(const struct options *options)
{
	if (options->database != NULL)
		return OPTIONS_RUN;
	(void)fprintf(stderr, "%s: no place for the database: use -d\n",
	    PACKAGE_NAME);
	return usage_error();
}

/* Let every source of settings have its say, the strongest last. */
static void
put_all_sources(const struct command_line *line, struct options *options,
    struct setting_report *report)
{
	const char *protocol = getenv("PROTOCOL");
	size_t i;

	put_defaults(options);
	if (line->file != NULL)
		config_file_read(line->file, options, report);
	if (protocol != NULL)
		put_value(options, "PROTOCOL", "subprotocol", protocol,
		    report);
	for (i = 0; i < line->value_count; i++)
		put_pair(options, line->values[i], report);
	if (line->is_verbose)
		put_value(options, "-v", "log-level", "debug", report);
	if (line->listen[0] != '\0')
		put_value(options, "PORT", "listen", line->listen, report);
	shop_sections_inherit(options);
	shop_sections_check(options, report);
}

/* Read the file that api-keys names, for the daemon. */
static void
read_api_keys(struct options *options, struct setting_report *report)
{
	char where[PATH_MAX + 16], fault[API_KEYS_FAULT_BYTES];
	const char *path = options->api_keys_file;
	unsigned line;

	if (path == NULL)
		return;		/* was refused as it is */
	if (*path == '\0') {
		if (options->api_listen_count > 0 &&
		    !shop_sections_have_api_keys(options))
			setting_report(report, "api-listen", NULL,
			    "nobody has a key: api-keys has to name a file");
		return;
	}
	if (api_keys_read(path, &options->api_keys, &line, fault) ==
	    API_KEYS_READ)
		return;
	(void)snprintf(where, sizeof(where), line == 0 ? "%s" : "%s:%u", path,
	    line);
	setting_report(report, where, NULL, fault);
}

/* What settings say of tickets together, and the keys of these. */
static void
read_ticket_keys(struct options *options, struct setting_report *report)
{
	if (options->ticket_key_files_count > 0)
		options->ticket_keys = ticket_files_read(
		    options->ticket_key_files,
		    options->ticket_key_files_count, report);
	else if (options->require_tickets != TICKET_FOR_NOTHING)
		setting_report(report, "require-tickets", NULL,
		    "needs ticket-keys");
}

static int
print_valid(const struct options *options)
{
	socket_access_warn(SOCKET_ACCESS_HTTP, options->listen,
	    options->listen_count, &options->listen_access);
	socket_access_warn(SOCKET_ACCESS_FASTCGI, options->fastcgi_listen,
	    options->fastcgi_listen_count, &options->fastcgi_access);
	socket_access_warn(SOCKET_ACCESS_API, options->api_listen,
	    options->api_listen_count, &options->api_access);
	(void)printf("configuration is valid\n");
	return flush_output();
}

static int
fill(const struct command_line *line, struct options *options)
{
	struct setting_report report = {
		.names = SETTING_NAMES_LOOKED_UP,
		.is_plain = line->is_test,
	};

	put_all_sources(line, options, &report);
	check_database_and_key(line, options, &report);
	read_api_keys(options, &report);
	read_ticket_keys(options, &report);
	shop_sections_read_keys(options, &report);
	webhook_options_read(options, &report);
	if (report.problems > 0)
		return EX_CONFIG;
	if (line->is_test)
		return print_valid(options);
	choose_database(line, options);
	return require_database(options);
}

int
options_read(int argc, char **argv, struct options *options)
{
	struct command_line line = { 0 };
	int status;

	*options = (struct options){ 0 };
	line.values = xcalloc((size_t)argc, sizeof(*line.values));
	status = parse_command_line(argc, argv, &line);
	if (status == OPTIONS_RUN)
		status = fill(&line, options);
	if (status != OPTIONS_RUN)
		options_clear(options);
	free(line.values);
	return status;
}

/* Whether there is one; who may not look is to be told so later. */
static bool
has_system_database(void)
{
	return access(SYSTEM_DATABASE, F_OK) == 0 || errno == EACCES;
}

/*
 * A database that its user never made is none to look at: the system's daemon
 * is meant, if there is one.
 */
static void
prefer_system_database(struct options *options)
{
	if (!options->is_default_database ||
	    (options->database != NULL &&
		access(options->database, F_OK) == 0) ||
	    !has_system_database())
		return;
	set_database(options, xstrdup(SYSTEM_DATABASE));
}

int
options_read_file(const char *file, const char *database,
    struct options *options)
{
	struct command_line line = { .file = file, .database = database };
	struct setting_report report = { .is_plain = true };

	*options = (struct options){ 0 };
	if (file == NULL && database == NULL &&
	    access(SYSTEM_CONFIG_FILE, F_OK) == 0)
		line.file = SYSTEM_CONFIG_FILE;
	put_all_sources(&line, options, &report);
	if (check_database(&line, options, &report) == -1 ||
	    report.problems > 0) {
		options_clear(options);
		return EX_CONFIG;
	}
	choose_database(&line, options);
	prefer_system_database(options);
	return OPTIONS_RUN;
}

/*
 * Report that the file is none that can be read again: who waits for a pipe
 * waits for ever.
 */
static void
require_regular_file(const char *path, struct setting_report *report)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		setting_report(report, path, NULL, "is not a regular file");
}

int
options_read_again(int argc, char **argv, struct options *options,
    struct buf *lines)
{
	struct setting_report report = { .lines = lines };
	struct command_line line = { 0 };
	int status;

	*options = (struct options){ 0 };
	line.values = xcalloc((size_t)argc, sizeof(*line.values));
	status = parse_command_line(argc, argv, &line);
	if (status == OPTIONS_RUN && line.file != NULL)
		require_regular_file(line.file, &report);
	if (status == OPTIONS_RUN && report.problems == 0) {
		put_all_sources(&line, options, &report);
		check_database_and_key(&line, options, &report);
		read_api_keys(options, &report);
		read_ticket_keys(options, &report);
		shop_sections_read_keys(options, &report);
		webhook_options_read(options, &report);
	}
	free(line.values);
	if (status == OPTIONS_RUN && report.problems == 0)
		return 0;
	options_clear(options);
	return -1;
}

static void
show_setting(const struct options *options, const struct setting *setting,
    const char *key, void (*show)(void *ctx, const struct options_shown *shown),
    void *ctx)
{
	size_t i = (size_t)(setting - settings_table);
	const char *text = provenance_text(options->provenance, i);
	char *database = setting->type == SETTING_DATABASE ?
	    database_name_show(text) : NULL;
	const struct options_shown shown = {
		.key = key,
		.value = database != NULL ? database : text,
		.initial = setting->initial,
		.origin = provenance_origin_name(options->provenance, i),
		.needs_restart = setting->needs_restart,
	};

	show(ctx, &shown);
	free(database);
}

static void
show_section(const struct shop_section *section,
    void (*show)(void *ctx, const struct options_shown *shown), void *ctx)
{
	char key[SHOP_SECTION_KEY_BYTES];
	size_t i;

	for (i = 0; i < settings_count; i++) {
		if (!shop_section_says(section, &settings_table[i]))
			continue;
		shop_section_format_key(section, &settings_table[i], key);
		show_setting(&section->options, &settings_table[i], key, show,
		    ctx);
	}
}

void
options_show(const struct options *options,
    void (*show)(void *ctx, const struct options_shown *shown), void *ctx)
{
	size_t i;

	for (i = 0; i < settings_count; i++)
		show_setting(options, &settings_table[i],
		    settings_table[i].key, show, ctx);
	for (i = 0; i < options->shops_count; i++)
		show_section(&options->shops[i], show, ctx);
}

void
options_clear(struct options *options)
{
	size_t i;

	shop_sections_clear(options);
	for (i = 0; i < settings_count; i++)
		setting_clear(&settings_table[i], options);
	ticket_keys_free(options->ticket_keys);
	options->ticket_keys = NULL;
	provenance_free(options->provenance);
	options->provenance = NULL;
	set_database(options, NULL);
	free(options->api_keys);
	options->api_keys = NULL;
	webhook_secrets_free(options->webhook_secrets);
	options->webhook_secrets = NULL;
}
