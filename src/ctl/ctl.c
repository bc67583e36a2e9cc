#include "ctl.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/database_name.h"
#include "base/getopt_error.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/options.h"
#include "config/options_read.h"

#define PROGRAM "buddyshoppingctl"

enum {
	OPTIONS_MAX = 16,		/* of one command */
	OPTION_FIRST = 256,		/* getopt's value of the first */
	USAGE_BYTES = 256
};

/* The options that go with every command, at any place in its words. */
static const char global_letters[] = "+:c:d:hV";
static const char command_letters[] = ":c:d:hV";

#define GLOBAL_OPTIONS							\
	{ "config", required_argument, NULL, 'c' },			\
	{ "database", required_argument, NULL, 'd' },			\
	{ "help", no_argument, NULL, 'h' },				\
	{ "version", no_argument, NULL, 'V' }

static const struct option global_names[] = {
	GLOBAL_OPTIONS,
	{ NULL, 0, NULL, 0 },
};

#define GLOBAL_COUNT (sizeof(global_names) / sizeof(global_names[0]) - 1)

/* What the command line says. */
struct command_line {
	const struct ctl_command *const *commands;
	const struct ctl_command *command;	/* NULL until it was found */
	const char *group;	/* instead, the first word of several */
	const char *file;
	const char *database;
	const char *values[OPTIONS_MAX];
	const char *const *operands;
	size_t	 operand_count;
	bool	 is_help;
	bool	 is_version;
};

enum ctl_status
ctl_usage_error(const char *format, ...)
{
	char text[USAGE_BYTES];
	va_list ap;

	va_start(ap, format);
	/* Cut is good enough. */
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	log_errorx("%s", text);
	log_errorx("try \"%s -h\"", PROGRAM);
	return CTL_USAGE;
}

enum ctl_status
ctl_key_is_elsewhere(const struct ctl *ctl)
{
	log_errorx("%s: --key: the key is not beside the database, but in %s: "
	    "copy that file", ctl->command->words, ctl->options->key_file);
	return CTL_USAGE;
}

static size_t
count_options(const struct ctl_command *command)
{
	size_t n = 0;

	while (command->options != NULL && command->options[n].name != NULL)
		n++;
	return n;
}

static void
print_row(FILE *out, const char *first, const char *second, const char *help)
{
	int width = fprintf(out, "  %s%s%s", first, *second != '\0' ? " " : "",
	    second);

	(void)fprintf(out, "%*s%s\n", width < 38 ? 38 - width : 1, "", help);
}

static void
print_option(const struct ctl_option *option)
{
	char name[USAGE_BYTES];

	xsnprintf(name, sizeof(name), "--%s%s%s", option->name,
	    option->argument != NULL ? "=" : "",
	    option->argument != NULL ? option->argument : "");
	print_row(stdout, name, "", option->help);
}

static void
print_command(FILE *out, const struct ctl_command *command)
{
	print_row(out, command->words, command->operands, command->help);
}

static void
print_command_help(const struct ctl_command *command)
{
	size_t n = count_options(command), i;

	(void)printf("Usage: %s [-c FILE] [-d DATABASE] %s%s%s%s\n"
	    "To %s.\n", PROGRAM, command->words, n > 0 ? " [OPTION]..." : "",
	    *command->operands != '\0' ? " " : "", command->operands,
	    command->help);
	for (i = 0; i < n; i++)
		print_option(&command->options[i]);
}

static void
print_help(const struct ctl_command *const *commands)
{
	(void)printf("Usage: %s [-c FILE] [-d DATABASE] COMMAND "
	    "[OPTION]... [OPERAND]...\n"
	    "  -c, --config=FILE       the daemon's configuration file\n"
	    "  -d, --database=DATABASE the database, as the daemon has it\n"
	    "  -h, --help              print this, or the command's, and exit\n"
	    "  -V, --version           print the version and exit\n\n"
	    "Commands:\n", PROGRAM);
	for (; *commands != NULL; commands++)
		print_command(stdout, *commands);
}

/* Whether a command of several words begins with this one. */
static bool
is_in_group(const struct ctl_command *command, const char *word)
{
	size_t len = strlen(word);

	return strncmp(command->words, word, len) == 0 &&
	    command->words[len] == ' ';
}

static void
print_group_help(FILE *out, const struct ctl_command *const *commands,
    const char *word)
{
	(void)fprintf(out, "Usage: %s [-c FILE] [-d DATABASE] %s COMMAND "
	    "[OPTION]... [OPERAND]...\n", PROGRAM, word);
	for (; *commands != NULL; commands++)
		if (is_in_group(*commands, word))
			print_command(out, *commands);
}

/* An option that goes with every command; -1 if it is none. */
static int
take_global(struct command_line *line, int c)
{
	switch (c) {
	case 'c':
		line->file = optarg;
		return 0;
	case 'd':
		line->database = optarg;
		return 0;
	case 'h':
		line->is_help = true;
		return 0;
	case 'V':
		line->is_version = true;
		return 0;
	}
	return -1;
}

/* How many of the arguments are the words of the command; 0: not all are. */
static int
match_words(const char *words, int argc, char **argv)
{
	int n = 0;

	while (*words != '\0') {
		size_t len = strcspn(words, " ");

		if (n == argc || strlen(argv[n]) != len ||
		    strncmp(argv[n], words, len) != 0)
			return 0;
		n++;
		words += len + (words[len] == ' ' ? 1 : 0);
	}
	return n;
}

/* Whether there are commands of several words that begin with this one. */
static bool
is_group(const struct ctl_command *const *commands, const char *word)
{
	for (; *commands != NULL; commands++)
		if (is_in_group(*commands, word))
			return true;
	return false;
}

/* Find the command; its words are passed over in *argc and *argv. */
static enum ctl_status
find_command(struct command_line *line, int *argc, char ***argv)
{
	const struct ctl_command *const *command;
	int n;

	for (command = line->commands; *command != NULL; command++) {
		n = match_words((*command)->words, *argc, *argv);
		if (n == 0)
			continue;
		line->command = *command;
		*argc -= n;
		*argv += n;
		return CTL_OK;
	}
	return ctl_usage_error("no such command: %s%s%s", (*argv)[0],
	    *argc > 1 ? " " : "", *argc > 1 ? (*argv)[1] : "");
}

/* What getopt_long() is to look for behind the words of a command, or group. */
static void
list_options(const struct ctl_command *command, struct option *names)
{
	size_t n = command == NULL ? 0 : count_options(command), i;

	memcpy(names, global_names, GLOBAL_COUNT * sizeof(names[0]));
	names += GLOBAL_COUNT;
	for (i = 0; i < n; i++)
		names[i] = (struct option){
			.name = command->options[i].name,
			.has_arg = command->options[i].argument != NULL ?
			    required_argument : no_argument,
			.val = OPTION_FIRST + (int)i,
		};
	names[n] = (struct option){ NULL, 0, NULL, 0 };
}

/* Say what is wrong with an option, after getopt_long() said c. */
static enum ctl_status
option_error(const struct command_line *line, int c, char **argv,
    const struct option *names)
{
	const char *words = line->command != NULL ? line->command->words :
	    line->group;
	char text[GETOPT_ERROR_BYTES];

	getopt_error(c, argv, names, text);
	if (words == NULL)
		return ctl_usage_error("%s", text);
	return ctl_usage_error("%s: %s", words, text);
}

/*
 * Read the options behind argv[0], which are those of the command once it was
 * found; optind says where operands begin.
 */
static enum ctl_status
read_options(struct command_line *line, const char *letters, int argc,
    char **argv)
{
	struct option names[GLOBAL_COUNT + OPTIONS_MAX + 1];
	int c;

	list_options(line->command, names);
	optind = 0; /* makes glibc start anew */
	while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (c >= OPTION_FIRST)
			line->values[c - OPTION_FIRST] =
			    optarg != NULL ? optarg : "";
		else if (take_global(line, c) == -1)
			return option_error(line, c, argv, names);
	}
	return CTL_OK;
}

/*
 * Read the options between the word of a group, argv[0], and the next one,
 * which the first is brought to.  Without a next one the group is meant.
 */
static enum ctl_status
read_group(struct command_line *line, int *argc, char ***argv)
{
	char *word = **argv;
	enum ctl_status status;

	line->group = word;
	status = read_options(line, global_letters, *argc, *argv);
	if (status != CTL_OK || optind == *argc)
		return status;
	line->group = NULL;
	*argc -= optind - 1;
	*argv += optind - 1;
	**argv = word;
	return CTL_OK;
}

/* Read what stands behind the command's words; argv[0] is the program. */
static enum ctl_status
read_arguments(struct command_line *line, int argc, char **argv)
{
	enum ctl_status status = read_options(line, command_letters, argc,
	    argv);

	line->operands = (const char *const *)&argv[optind];
	line->operand_count = (size_t)(argc - optind);
	return status;
}

static enum ctl_status
check_operands(const struct command_line *line)
{
	const struct ctl_command *command = line->command;

	if (line->is_help || line->is_version)
		return CTL_OK;
	if (line->operand_count < command->operands_min)
		return ctl_usage_error("%s: needs %s", command->words,
		    command->operands);
	if (line->operand_count > command->operands_max)
		return ctl_usage_error("%s: what is \"%s\"?", command->words,
		    line->operands[command->operands_max]);
	if (line->database != NULL && *line->database == '\0')
		return ctl_usage_error("DATABASE is empty");
	return CTL_OK;
}

static enum ctl_status
read_command_line(int argc, char **argv, struct command_line *line)
{
	enum ctl_status status;
	char **rest, *program = argv[0];
	int count;

	opterr = 0; /* what is wrong we say ourselves */
	status = read_options(line, global_letters, argc, argv);
	if (status != CTL_OK)
		return status;
	count = argc - optind;
	rest = argv + optind;
	if (count > 0 && strcmp(*rest, "help") == 0) {
		line->is_help = true;
		count--;
		rest++;
	}
	if (count == 0)
		return line->is_help || line->is_version ? CTL_OK :
		    ctl_usage_error("no command");
	if (is_group(line->commands, *rest))
		status = read_group(line, &count, &rest);
	if (status != CTL_OK || line->group != NULL)
		return status;
	status = find_command(line, &count, &rest);
	if (status != CTL_OK)
		return status;
	rest[-1] = program; /* where getopt_long() has it */
	status = read_arguments(line, count + 1, rest - 1);
	return status == CTL_OK ? check_operands(line) : status;
}

/* The commands that begin with the word that stands there alone. */
static enum ctl_status
show_group(const struct command_line *line)
{
	if (line->is_help) {
		print_group_help(stdout, line->commands, line->group);
		return CTL_OK;
	}
	log_errorx("%s: needs one of its commands", line->group);
	print_group_help(stderr, line->commands, line->group);
	return CTL_USAGE;
}

/*
 * The log and the key of a database are beside its file, not beside a symbolic
 * link to that, for the daemon and for SQLite.  NULL for what is no link.
 */
static char *
follow_link(const char *name)
{
	struct stat st;

	return !database_name_is_postgresql(name) && lstat(name, &st) == 0 &&
	    S_ISLNK(st.st_mode) ? realpath(name, NULL) : NULL;
}

/* Run it with a database that is named. */
static enum ctl_status
run_with_database(struct ctl *ctl, const char *name)
{
	enum ctl_status status;
	char *linked;

	if (ctl->command->instead != NULL &&
	    database_name_is_postgresql(name)) {
		log_errorx("%s: is for files of SQLite's: with PostgreSQL, "
		    "use %s", ctl->command->words, ctl->command->instead);
		return CTL_USAGE;
	}
	linked = follow_link(name);
	ctl->database = linked != NULL ? linked : name;
	status = ctl->command->run(ctl);
	free(linked);
	return status;
}

static enum ctl_status
run_command(const struct command_line *line)
{
	struct options options;
	struct ctl ctl = {
		.command = line->command,
		.options = &options,
		.values = line->values,
		.operands = line->operands,
		.operand_count = line->operand_count,
	};
	enum ctl_status status;

	if (options_read_file(line->file, line->database, &options) !=
	    OPTIONS_RUN)
		return CTL_CONFIG;
	status = options.database == NULL ?
	    ctl_usage_error("no place for the database: use -d") :
	    run_with_database(&ctl, options.database);
	options_clear(&options);
	return status;
}

int
ctl_run(const struct ctl_command *const *commands, int argc, char **argv)
{
	struct command_line line = { .commands = commands };
	enum ctl_status status;

	log_set_program(PROGRAM);
	status = read_command_line(argc, argv, &line);
	if (status != CTL_OK)
		return (int)status;
	if (line.is_version)
		(void)printf("%s %s\n", PROGRAM, PACKAGE_VERSION);
	else if (line.group != NULL)
		status = show_group(&line);
	else if (line.is_help && line.command == NULL)
		print_help(commands);
	else if (line.is_help)
		print_command_help(line.command);
	else
		status = run_command(&line);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		log_errorx("standard output cannot be written");
		return CTL_IO_ERROR;
	}
	return (int)status;
}
