#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/copy.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "config/database_options.h"
#include "ctl.h"
#include "fault_line.h"
#include "printable.h"
#include "progress.h"
#include "storage/chain.h"
#include "storage/engines.h"
#include "storage/fs.h"
#include "storage/key_file.h"

enum { OPTION_KEY, OPTION_KEY_FILE, OPTION_NO_VERIFY };

enum { MB = 1000000 };

#define UNFINISHED	"the copy is not finished: the same command goes on " \
			"where it was"
#define UNPROVED	"the copy is made, and not proved: the same command " \
			"does it"
#define SAID(words)	"\r\033[Kbuddyshoppingctl: " words "\n"

static const int ending_signals[] = { SIGHUP, SIGINT, SIGTERM };

enum { ENDING_SIGNALS = sizeof(ending_signals) / sizeof(ending_signals[0]) };

static const struct ctl_option options[] = {
	[OPTION_KEY] = { "key", NULL, "copy the key of tokens too" },
	[OPTION_KEY_FILE] = { "key-file", "FILE", "the key of FROM, if it is "
	    "not beside it; copy it too" },
	[OPTION_NO_VERIFY] = { "no-verify", NULL, "do not prove the copy in "
	    "the end" },
	{ NULL, NULL, NULL },
};

/* For the handler: whether the copy is made, and being proved. */
static volatile sig_atomic_t is_made;

static void
show_progress(void *ctx, const char *what, uint64_t done, uint64_t all)
{
	is_made = strcmp(what, "verifying") == 0;
	progress_show(ctx, what, done, all);
}

/*
 * Nothing is to be cleared away, and what is waited for may be a server that
 * says nothing: so it ends at once, as whoever sent the signal wants.
 */
static void
end_by_signal(int number)
{
	static const char unfinished[] = SAID(UNFINISHED);
	static const char unproved[] = SAID(UNPROVED);
	const char *said = is_made ? unproved : unfinished;
	/* What wipes the bar is for a terminal. */
	size_t from = isatty(STDERR_FILENO) == 1 ? 0 : strcspn(said, "b");

	/* That may be what is gone. */
	if (write(STDERR_FILENO, said + from, strlen(said + from)) == -1)
		errno = 0;
	/* It is blocked, and has its default action, when this returns. */
	(void)raise(number);
}

/* What is ignored (nohup) stays so. */
static void
catch_signals(struct sigaction before[ENDING_SIGNALS])
{
	struct sigaction action = {
		.sa_handler = end_by_signal,
		.sa_flags = (int)SA_RESETHAND,
	};
	size_t i;

	(void)sigemptyset(&action.sa_mask);
	for (i = 0; i < ENDING_SIGNALS; i++) {
		(void)sigaction(ending_signals[i], NULL, &before[i]);
		if (before[i].sa_handler != SIG_IGN)
			(void)sigaction(ending_signals[i], &action, NULL);
	}
}

static void
restore_signals(const struct sigaction before[ENDING_SIGNALS])
{
	size_t i;

	for (i = 0; i < ENDING_SIGNALS; i++)
		(void)sigaction(ending_signals[i], &before[i], NULL);
}

/* The key beside a database, and not beside a link to it. */
static char *
key_beside(const char *database)
{
	char *path = realpath(database, NULL);
	char *key = fs_with_suffix(path != NULL ? path : database, ".key");

	free(path);
	return key;
}

/* The file that FROM's key is in; NULL: nobody knows. */
static char *
source_key(const struct ctl *ctl)
{
	const char *from = ctl->operands[0];

	if (ctl->values[OPTION_KEY_FILE] != NULL)
		return xstrdup(ctl->values[OPTION_KEY_FILE]);
	return engine_of(from)->has_files ? key_beside(from) : NULL;
}

static enum ctl_status
unreadable_key(const char *file)
{
	log_errorx("%s: %s", file, errno == ENODATA ? "is not a key" :
	    strerror(errno));
	return CTL_NO_DATABASE;
}

/* A name of a file, as it can be shown, between words of ours. */
static void
print_key(const char *before, const char *file, const char *behind)
{
	(void)fputs(before, stdout);
	printable_write_all(stdout, file);
	(void)fputs(behind, stdout);
}

/* The copy has a key already, which stays. */
static enum ctl_status
compare_keys(const struct id_key *key, const char *to)
{
	struct id_key theirs;
	enum ctl_status status = CTL_OK;

	if (key_file_read(to, &theirs) == -1)
		status = unreadable_key(to);
	else if (memcmp(key, &theirs, sizeof(theirs)) == 0)
		print_key("key: ", to, " is the same\n");
	else {
		log_errorx("%s: is another key, and stays: with it customers "
		    "cannot resume", to);
		status = CTL_CANNOT_CREATE;
	}
	explicit_bzero(&theirs, sizeof(theirs));
	return status;
}

static enum ctl_status
put_key(const struct id_key *key, const char *from, const char *to)
{
	if (access(to, F_OK) == 0)
		return compare_keys(key, to);
	if (key_file_copy(from, to) == -1)
		return CTL_IO_ERROR;
	print_key("key: ", to, " is a copy of ");
	print_key("", from, "\n");
	return CTL_OK;
}

/* Tokens go on only with the same key. */
static enum ctl_status
carry_key(const struct ctl *ctl, const char *from, const struct id_key *key)
{
	const char *to = ctl->operands[1];
	enum ctl_status status = CTL_OK;
	char *file;

	if (!engine_of(to)->has_files) {
		print_key("key: let the daemon's key-file be ", from != NULL ?
		    from : "that of FROM", ": with another one customers "
		    "cannot resume\n");
		return CTL_OK;
	}
	file = key_beside(to);
	if (key != NULL)
		status = put_key(key, from, file);
	else if (access(file, F_OK) == -1)
		print_key("key: not copied: without ", file, " customers "
		    "cannot resume\n");
	free(file);
	return status;
}

static void
print_result(const struct ctl *ctl, const struct copy_result *result,
    uint64_t ms)
{
	char head[CHAIN_HEAD_CHARS + 1];

	chain_head_format(&result->head, head);
	(void)printf("copied: %" PRIu64 " rows, %" PRIu64 ".%" PRIu64 " MB, in "
	    "%" PRIu64 ".%" PRIu64 " s; %" PRIu64 " bodies were forgotten\n",
	    result->rows, result->bytes / MB, result->bytes / (MB / 10) % 10,
	    ms / 1000, ms / 100 % 10, result->counts.forgotten);
	(void)printf("%s: %s, %" PRIu64 " sessions, up to %s\n",
	    ctl->values[OPTION_NO_VERIFY] != NULL ? "not proved" : "proved",
	    engine_of(ctl->operands[1])->name, result->counts.sessions, head);
}

static enum ctl_status
copy(const struct ctl *ctl, const struct id_key *key)
{
	struct progress progress;
	const struct copy_order order = {
		.from = ctl->operands[0],
		.to = ctl->operands[1],
		.key = key,
		.is_verified = ctl->values[OPTION_NO_VERIFY] == NULL,
		.progress = show_progress,
		.ctx = &progress,
	};
	struct sigaction before[ENDING_SIGNALS];
	struct copy_result result;
	enum copy_status status;

	progress_begin(&progress);
	catch_signals(before);
	status = copy_make(&order, &result);
	restore_signals(before);
	progress_end(&progress);
	if (status == COPY_IO_ERROR && result.rows > 0)
		log_errorx("%s", UNFINISHED);
	if (status == COPY_FAULT)
		fault_line_print(&result.report.fault);
	if (status == COPY_MADE)
		print_result(ctl, &result, clock_now().mono_ms -
		    progress.begun_ms);
	audit_report_clear(&result.report);
	return (enum ctl_status)status;
}

/* Nothing of a name is shown that cannot be read: a password could be. */
static enum ctl_status
check_names(const struct ctl *ctl)
{
	const char *fault;
	size_t i;

	for (i = 0; i < 2; i++) {
		fault = database_options_name_fault(ctl->operands[i]);
		if (fault != NULL)
			return ctl_usage_error("copy: %s: %s", i == 0 ?
			    "FROM" : "TO", fault);
	}
	return CTL_OK;
}

static enum ctl_status
run_copy(const struct ctl *ctl)
{
	bool with_key = ctl->values[OPTION_KEY] != NULL ||
	    ctl->values[OPTION_KEY_FILE] != NULL;
	char *file = source_key(ctl);
	enum ctl_status status = check_names(ctl);
	struct id_key key;

	if (status == CTL_OK && file == NULL && with_key)
		status = ctl_usage_error("copy: --key is for a key beside a "
		    "file: name that of FROM by --key-file");
	if (status == CTL_OK && with_key && key_file_read(file, &key) == -1)
		status = unreadable_key(file);
	if (status == CTL_OK)
		status = copy(ctl, with_key ? &key : NULL);
	if (status == CTL_OK)
		status = carry_key(ctl, file, with_key ? &key : NULL);
	explicit_bzero(&key, sizeof(key));
	free(file);
	return status;
}

const struct ctl_command cmd_copy = {
	.words = "copy",
	.operands = "FROM TO",
	.operands_min = 2,
	.operands_max = 2,
	.options = options,
	.help = "copy database FROM to TO, or bring TO up to date",
	.run = run_copy,
};
