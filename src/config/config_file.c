#include "config_file.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "provenance.h"
#include "setting_report.h"
#include "settings_table.h"

/*
 * libconfuse knows the syntax of values and lists.  Before it sees a file we
 * look for the keys in it: libconfuse stops at the first unknown one, counts
 * the lines of comments wrongly, takes a repeated key without a word, ends the
 * process when it cannot read, and puts the environment where ${NAME} stands.
 */

/* Larger files are a mistake. */
#define FILE_BYTES_MAX ((size_t)1 << 20)

/* "key =" as it stands in the file. */
struct entry {
	STAILQ_ENTRY(entry) next;
	char	*key;
	const struct setting *setting;	/* NULL if there is none of that key */
	unsigned line;
	bool	 is_braced;		/* its value begins with "{" */
};

STAILQ_HEAD(entry_list, entry);

struct config_file {
	const char *path;
	struct provenance *provenance;
	struct setting_report *report;
	struct entry_list entries;
	size_t	 entry_count;
};

/* How far the search for keys is. */
struct scan {
	char	*at;
	unsigned line;
	unsigned depth;			/* of braces */
	const char *word;		/* the latest word or string */
	size_t	 word_len;
	struct entry *entry;		/* the latest; NULL before the first */
};

static void
report_line(const struct config_file *file, unsigned line, const char *key,
    const char *what)
{
	char where[PATH_MAX + 16];

	(void)snprintf(where, sizeof(where), "%s:%u", file->path, line);
	setting_report(file->report, where, key, what);
}

static void
report_syntax(const struct config_file *file, unsigned line, const char *what)
{
	report_line(file, line, NULL, what);
}

static void
add_file_entry(struct config_file *file, struct scan *scan)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));

	entry->key = strndup(scan->word, scan->word_len);
	if (entry->key == NULL)
		fatalx("out of memory (%zu bytes)", scan->word_len);
	entry->setting = settings_find(entry->key);
	entry->line = scan->line;
	STAILQ_INSERT_TAIL(&file->entries, entry, next);
	file->entry_count++;
	scan->entry = entry;
}

static void
scan_comment(struct scan *scan)
{
	while (*scan->at != '\n' && *scan->at != '\0')
		*scan->at++ = ' ';
}

static void
scan_quoted(const struct config_file *file, struct scan *scan)
{
	char quote = *scan->at++;
	unsigned first_line = scan->line;

	scan->word = scan->at;
	for (; *scan->at != quote && *scan->at != '\0'; scan->at++) {
		if (quote == '"' && scan->at[0] == '$' && scan->at[1] == '{')
			report_syntax(file, scan->line,
			    "${ is not replaced by anything: write \\${");
		if (scan->at[0] == '\\' && scan->at[1] != '\0')
			scan->at++;
		if (*scan->at == '\n')
			scan->line++;
	}
	scan->word_len = (size_t)(scan->at - scan->word);
	if (*scan->at == quote)
		scan->at++;
	else
		report_syntax(file, first_line, "a quote is never closed");
}

static void
scan_word(const struct config_file *file, struct scan *scan)
{
	size_t len = strcspn(scan->at, " \t\r\n#\"'=,{}()+*$");

	if (len == 0) {
		report_syntax(file, scan->line, "()+*$ stand in quotes only");
		scan->at++;
		return;
	}
	if (scan->at[0] == '/' && (scan->at[1] == '/' || scan->at[1] == '*')) {
		report_syntax(file, scan->line, "comments begin with #");
		scan_comment(scan);
		return;
	}
	scan->word = scan->at;
	scan->word_len = len;
	scan->at += len;
}

static void
scan_brace(struct scan *scan)
{
	if (scan->depth++ == 0 && scan->entry != NULL)
		scan->entry->is_braced = true;
	scan->at++;
}

static void
scan_equals(struct config_file *file, struct scan *scan)
{
	if (scan->depth == 0 && scan->word != NULL)
		add_file_entry(file, scan);
	scan->at++;
}

/* Find the keys in text, and write blanks over its comments. */
static void
find_entries(struct config_file *file, char *text)
{
	struct scan scan = { .at = text, .line = 1 };

	while (*scan.at != '\0') {
		switch (*scan.at) {
		case '\n':
			scan.line++;
			scan.at++;
			break;
		case ' ':
		case '\t':
		case '\r':
		case ',':
			scan.at++;
			break;
		case '#':
			scan_comment(&scan);
			break;
		case '"':
		case '\'':
			scan_quoted(file, &scan);
			break;
		case '{':
			scan_brace(&scan);
			break;
		case '}':
			scan.depth -= scan.depth > 0;
			scan.at++;
			break;
		case '=':
			scan_equals(file, &scan);
			break;
		default:
			scan_word(file, &scan);
			break;
		}
	}
}

/* libconfuse's own words name internals; the line says enough. */
static void
ignore_confuse_error(cfg_t *cfg, const char *format, va_list ap)
{
	(void)cfg;
	(void)format;
	(void)ap;
}

static bool
is_repeated(const struct config_file *file, const struct entry *entry)
{
	const struct entry *e;

	STAILQ_FOREACH(e, &file->entries, next) {
		if (e == entry)
			return false;
		if (strcmp(e->key, entry->key) == 0)
			return true;
	}
	return false;
}

/*
 * A libconfuse context that takes the settings and whatever else stands in
 * the file, all as lists of strings.
 */
static cfg_t *
context_new(const struct config_file *file)
{
	cfg_opt_t *opts, *opt;
	struct entry *entry;
	cfg_t *cfg;
	size_t i;

	opts = xcalloc(settings_count + file->entry_count + 1, sizeof(*opts));
	opt = opts;
	for (i = 0; i < settings_count; i++)
		*opt++ = (cfg_opt_t)CFG_STR_LIST(settings_table[i].key, NULL,
		    CFGF_NODEFAULT);
	STAILQ_FOREACH(entry, &file->entries, next)
		if (entry->setting == NULL && !is_repeated(file, entry))
			*opt++ = (cfg_opt_t)CFG_STR_LIST(entry->key, NULL,
			    CFGF_NODEFAULT);
	*opt = (cfg_opt_t)CFG_END();
	cfg = cfg_init(opts, CFGF_NONE);
	free(opts);
	if (cfg == NULL)
		fatalx("out of memory (libconfuse)");
	(void)cfg_set_error_function(cfg, ignore_confuse_error);
	return cfg;
}

static void
report_unknown(const struct config_file *file, const struct entry *entry)
{
	char where[PATH_MAX + 16];

	(void)snprintf(where, sizeof(where), "%s:%u", file->path, entry->line);
	setting_report_unknown(file->report, where, entry->key);
}

/* Put the values that libconfuse read under the entry's key. */
static void
put_file_entry(const struct config_file *file, const struct entry *entry,
    cfg_t *cfg, void *base)
{
	const struct setting *setting = entry->setting;
	size_t index = (size_t)(setting - settings_table);
	unsigned n = cfg_size(cfg, entry->key), i;
	char problem[SETTING_PROBLEM_BYTES];

	if (!setting_is_list(setting) && (entry->is_braced || n != 1)) {
		report_line(file, entry->line, entry->key,
		    "takes one value, no list");
		return;
	}
	if (setting_is_list(setting))
		setting_clear(setting, base);
	provenance_begin(file->provenance, index, PROVENANCE_FILE);
	for (i = 0; i < n; i++) {
		const char *text = cfg_getnstr(cfg, entry->key, i);

		if (setting_put(setting, base, text, file->report->names,
		    problem) == -1) {
			report_line(file, entry->line, entry->key, problem);
			return;
		}
		provenance_add(file->provenance, index, text);
	}
}

static void
put_file_entries(const struct config_file *file, cfg_t *cfg, bool is_read,
    void *base)
{
	const struct entry *entry;

	STAILQ_FOREACH(entry, &file->entries, next) {
		if (entry->setting == NULL)
			report_unknown(file, entry);
		else if (is_repeated(file, entry))
			report_line(file, entry->line, entry->key,
			    "is set above already");
		else if (is_read)
			put_file_entry(file, entry, cfg, base);
	}
}

static void
free_file_entries(struct entry_list *entries)
{
	struct entry *entry;

	while ((entry = STAILQ_FIRST(entries)) != NULL) {
		STAILQ_REMOVE_HEAD(entries, next);
		free(entry->key);
		free(entry);
	}
}

/* Let libconfuse read text; -1 if it cannot, which is reported. */
static int
read_values(const struct config_file *file, cfg_t *cfg, const char *text)
{
	if (cfg_parse_buf(cfg, text) == CFG_SUCCESS)
		return 0;
	report_syntax(file, (unsigned)cfg->line,
	    "not \"key = value\" or \"key = {value, value}\"");
	return -1;
}

static void
parse(struct config_file *file, char *text, void *base)
{
	size_t before = file->report->problems;
	bool is_read;
	cfg_t *cfg;

	STAILQ_INIT(&file->entries);
	find_entries(file, text);
	cfg = context_new(file);
	is_read = file->report->problems == before &&
	    read_values(file, cfg, text) == 0;
	put_file_entries(file, cfg, is_read, base);
	(void)cfg_free(cfg);
	free_file_entries(&file->entries);
}

/* The whole file into buf, with a NUL behind it; -1 and errno if it fails. */
static int
read_whole_file(const char *path, struct buf *buf)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;
	char *place;

	if (fd == -1)
		return -1;
	errno = EFBIG;
	while ((place = buf_reserve(buf, BUFSIZ)) != NULL) {
		n = read(fd, place, BUFSIZ);
		if (n <= 0)
			break;
		buf_added(buf, (size_t)n);
		errno = EFBIG;
	}
	if (n == 0)
		*place = '\0';
	if (close(fd) == -1 || n != 0)
		return -1;
	return 0;
}

void
config_file_read(const char *path, void *base, struct provenance *provenance,
    struct setting_report *report)
{
	struct config_file file = {
		.path = path,
		.provenance = provenance,
		.report = report,
	};
	struct buf buf;

	buf_init(&buf, FILE_BYTES_MAX);
	if (read_whole_file(path, &buf) == -1)
		setting_report(report, path, NULL, strerror(errno));
	else if (memchr(buf_data(&buf), '\0', buf.len) != NULL)
		setting_report(report, path, NULL, "holds a NUL byte");
	else
		parse(&file, buf_data(&buf), base);
	buf_clear(&buf);
}
