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
#include "options.h"
#include "provenance.h"
#include "session/session_name.h"
#include "setting_report.h"
#include "settings_table.h"
#include "shop_section.h"

/*
 * libconfuse knows the syntax of values and lists.  Before it sees a file we
 * look for the keys in it: libconfuse stops at the first unknown one, counts
 * the lines of comments wrongly, takes a repeated key without a word, ends the
 * process when it cannot read, and puts the environment where ${NAME} stands.
 */

/* Larger files are a mistake. */
#define FILE_BYTES_MAX ((size_t)1 << 20)

/* The one kind of section that there is, "shop NAME {". */
#define SECTION_KEY "shop"

_Static_assert(SHOP_SECTIONS_MAX == 256, "what is said where there are more");

struct section {
	STAILQ_ENTRY(section) next;
	char	*name;
	unsigned line;
};

STAILQ_HEAD(section_list, section);

/* "key =" as it stands in the file. */
struct entry {
	STAILQ_ENTRY(entry) next;
	const struct section *section;	/* NULL: outside of all */
	char	*key;
	const struct setting *setting;	/* NULL if there is none of that key */
	unsigned line;
	bool	 is_braced;		/* its value begins with "{" */
};

STAILQ_HEAD(entry_list, entry);

struct config_file {
	const char *path;
	struct setting_report *report;
	struct section_list sections;
	size_t	 section_count;
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
	const char *before;		/* the one before it, if nothing else */
	size_t	 before_len;		/* stands between them; else NULL */
	bool	 is_value;		/* "=" was the latest thing */
	struct section *section;	/* NULL: outside of all */
	struct entry *entry;		/* the latest; NULL before the first */
};

static void
format_where(const struct config_file *file, unsigned line,
    char where[PATH_MAX + 16])
{
	(void)snprintf(where, PATH_MAX + 16, "%s:%u", file->path, line);
}

static void
report_line(const struct config_file *file, unsigned line, const char *key,
    const char *what)
{
	char where[PATH_MAX + 16];

	format_where(file, line, where);
	setting_report(file->report, where, key, what);
}

static void
report_syntax(const struct config_file *file, unsigned line, const char *what)
{
	report_line(file, line, NULL, what);
}

static char *
copy_word(const struct scan *scan)
{
	char *copy = strndup(scan->word, scan->word_len);

	if (copy == NULL)
		fatalx("out of memory (%zu bytes)", scan->word_len);
	return copy;
}

static void
add_file_entry(struct config_file *file, struct scan *scan)
{
	struct entry *entry = xcalloc(1, sizeof(*entry));

	entry->section = scan->section;
	entry->key = copy_word(scan);
	entry->setting = settings_find(entry->key);
	entry->line = scan->line;
	STAILQ_INSERT_TAIL(&file->entries, entry, next);
	file->entry_count++;
	scan->entry = entry;
}

static bool
is_section_repeated(const struct config_file *file, const char *name)
{
	const struct section *section;

	STAILQ_FOREACH(section, &file->sections, next)
		if (strcmp(section->name, name) == 0)
			return true;
	return false;
}

static void
add_section(struct config_file *file, struct scan *scan)
{
	struct section *section = xcalloc(1, sizeof(*section));

	section->name = copy_word(scan);
	section->line = scan->line;
	if (!session_name_is_shop(section->name, strlen(section->name)))
		report_syntax(file, scan->line,
		    "the name of a shop has 1 to 32 of a-z 0-9 -");
	else if (is_section_repeated(file, section->name))
		report_line(file, scan->line, section->name,
		    "a shop above has this name");
	if (++file->section_count == SHOP_SECTIONS_MAX + 1)
		report_syntax(file, scan->line, "more than 256 shops");
	STAILQ_INSERT_TAIL(&file->sections, section, next);
	scan->section = section;
}

/* A word or string of len bytes is behind us. */
static void
note_word(struct scan *scan, const char *word, size_t len)
{
	scan->before = scan->is_value ? NULL : scan->word;
	scan->before_len = scan->word_len;
	scan->word = word;
	scan->word_len = len;
	scan->is_value = false;
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
	const char *first = scan->at;

	for (; *scan->at != quote && *scan->at != '\0'; scan->at++) {
		if (quote == '"' && scan->at[0] == '$' && scan->at[1] == '{')
			report_syntax(file, scan->line,
			    "${ is not replaced by anything: write \\${");
		if (scan->at[0] == '\\' && scan->at[1] != '\0')
			scan->at++;
		if (*scan->at == '\n')
			scan->line++;
	}
	note_word(scan, first, (size_t)(scan->at - first));
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
	note_word(scan, scan->at, len);
	scan->at += len;
}

/* How deep keys are now. */
static unsigned
key_depth(const struct scan *scan)
{
	return scan->section == NULL ? 0 : 1;
}

/* Whether what was read last is "shop NAME". */
static bool
is_section_head(const struct scan *scan)
{
	return !scan->is_value && scan->before != NULL &&
	    scan->before_len == strlen(SECTION_KEY) &&
	    memcmp(scan->before, SECTION_KEY, scan->before_len) == 0;
}

static void
scan_brace(struct config_file *file, struct scan *scan)
{
	bool is_outermost = scan->depth == key_depth(scan);

	scan->depth++;
	scan->at++;
	if (is_outermost && scan->is_value)
		scan->entry->is_braced = true;
	else if (scan->depth == 1 && is_section_head(scan))
		add_section(file, scan);
	else if (is_outermost && is_section_head(scan))
		report_syntax(file, scan->line,
		    "sections do not stand in others");
	scan->word = NULL;
	scan->is_value = false;
}

static void
scan_end_brace(struct scan *scan)
{
	scan->depth -= scan->depth > 0;
	if (scan->depth == 0)
		scan->section = NULL;
	scan->word = NULL;
	scan->at++;
}

static void
scan_equals(struct config_file *file, struct scan *scan)
{
	if (scan->depth == key_depth(scan) && scan->word != NULL) {
		add_file_entry(file, scan);
		scan->is_value = true;
	}
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
			scan_brace(file, &scan);
			break;
		case '}':
			scan_end_brace(&scan);
			break;
		case '=':
			scan_equals(file, &scan);
			break;
		default:
			scan_word(file, &scan);
			break;
		}
	}
	if (scan.section != NULL)
		report_syntax(file, scan.section->line,
		    "a section is never closed");
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
		if (e->section == entry->section &&
		    strcmp(e->key, entry->key) == 0)
			return true;
	}
	return false;
}

/* Whether an unknown key has one like it above, in any section. */
static bool
is_seen(const struct config_file *file, const struct entry *entry)
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

/* All settings, and whatever else stands in the file, as lists of strings. */
static cfg_opt_t *
options_new(const struct config_file *file, cfg_opt_t last)
{
	cfg_opt_t *opts, *opt;
	struct entry *entry;
	size_t i;

	opts = xcalloc(settings_count + file->entry_count + 2, sizeof(*opts));
	opt = opts;
	for (i = 0; i < settings_count; i++)
		*opt++ = (cfg_opt_t)CFG_STR_LIST(settings_table[i].key, NULL,
		    CFGF_NODEFAULT);
	STAILQ_FOREACH(entry, &file->entries, next)
		if (entry->setting == NULL && !is_seen(file, entry) &&
		    strcmp(entry->key, SECTION_KEY) != 0)
			*opt++ = (cfg_opt_t)CFG_STR_LIST(entry->key, NULL,
			    CFGF_NODEFAULT);
	*opt++ = last;
	*opt = (cfg_opt_t)CFG_END();
	return opts;
}

/* A libconfuse context that takes all that stands in the file. */
static cfg_t *
context_new(const struct config_file *file)
{
	cfg_opt_t *inner = options_new(file, (cfg_opt_t)CFG_END());
	cfg_opt_t *outer = options_new(file, (cfg_opt_t)CFG_SEC(SECTION_KEY,
	    inner, CFGF_MULTI | CFGF_TITLE));
	cfg_t *cfg = cfg_init(outer, CFGF_NONE);

	free(outer);
	free(inner);
	if (cfg == NULL)
		fatalx("out of memory (libconfuse)");
	(void)cfg_set_error_function(cfg, ignore_confuse_error);
	return cfg;
}

static void
report_unknown(const struct config_file *file, const struct entry *entry)
{
	char where[PATH_MAX + 16];

	format_where(file, entry->line, where);
	setting_report_unknown(file->report, where, entry->key);
}

/* Put the values that libconfuse read under the entry's key. */
static void
put_file_entry(const struct config_file *file, const struct entry *entry,
    cfg_t *cfg, struct options *options)
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
		setting_clear(setting, options);
	provenance_begin(options->provenance, index, PROVENANCE_FILE);
	for (i = 0; i < n; i++) {
		const char *text = cfg_getnstr(cfg, entry->key, i);

		if (setting_put(setting, options, text, file->report->names,
		    problem) == -1) {
			report_line(file, entry->line, entry->key, problem);
			return;
		}
		provenance_add(options->provenance, index, text);
	}
}

/* Likewise one of a section. */
static void
put_section_entry(const struct config_file *file, const struct entry *entry,
    cfg_t *cfg, struct options *options)
{
	const char *name = entry->section->name;
	struct shop_section *shop = shop_section_find(options, name);
	char where[PATH_MAX + 16];

	put_file_entry(file, entry, cfg_gettsec(cfg, SECTION_KEY, name),
	    &shop->options);
	if (entry->setting->type != SETTING_BASE_PATH)
		return;
	format_where(file, entry->line, where);
	shop->base_path_where = xstrdup(where);
}

static void
put_file_entries(const struct config_file *file, cfg_t *cfg, bool is_read,
    struct options *options)
{
	const struct entry *entry;

	STAILQ_FOREACH(entry, &file->entries, next) {
		if (entry->setting == NULL)
			report_unknown(file, entry);
		else if (is_repeated(file, entry))
			report_line(file, entry->line, entry->key,
			    "is set above already");
		else if (entry->section != NULL &&
		    entry->setting->scope == SETTING_OF_DAEMON)
			report_line(file, entry->line, entry->key,
			    "stands outside of sections: it is for all shops");
		else if (!is_read)
			continue;
		else if (entry->section != NULL)
			put_section_entry(file, entry, cfg, options);
		else
			put_file_entry(file, entry, cfg, options);
	}
}

static void
put_sections(const struct config_file *file, struct options *options)
{
	const struct section *section;
	char where[PATH_MAX + 16];

	STAILQ_FOREACH(section, &file->sections, next) {
		format_where(file, section->line, where);
		(void)shop_section_add(options, section->name, where);
	}
}

static void
free_sections(struct section_list *sections)
{
	struct section *section;

	while ((section = STAILQ_FIRST(sections)) != NULL) {
		STAILQ_REMOVE_HEAD(sections, next);
		free(section->name);
		free(section);
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
	    "not \"key = value\", \"key = {value, value}\" or "
	    "\"shop NAME {\"");
	return -1;
}

static void
parse(struct config_file *file, char *text, struct options *options)
{
	size_t before = file->report->problems;
	bool is_read;
	cfg_t *cfg;

	STAILQ_INIT(&file->sections);
	STAILQ_INIT(&file->entries);
	find_entries(file, text);
	cfg = context_new(file);
	is_read = file->report->problems == before &&
	    read_values(file, cfg, text) == 0;
	put_sections(file, options);
	put_file_entries(file, cfg, is_read, options);
	(void)cfg_free(cfg);
	free_file_entries(&file->entries);
	free_sections(&file->sections);
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
config_file_read(const char *path, struct options *options,
    struct setting_report *report)
{
	struct config_file file = { .path = path, .report = report };
	struct buf buf;

	buf_init(&buf, FILE_BYTES_MAX);
	if (read_whole_file(path, &buf) == -1)
		setting_report(report, path, NULL, strerror(errno));
	else if (memchr(buf_data(&buf), '\0', buf.len) != NULL)
		setting_report(report, path, NULL, "holds a NUL byte");
	else
		parse(&file, buf_data(&buf), options);
	buf_clear(&buf);
}
