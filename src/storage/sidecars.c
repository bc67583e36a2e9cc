#include "sidecars.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fs.h"

static const char log_suffix[] = "-wal";
static const char journal_suffix[] = "-journal";

static bool
has_bytes(const char *path, const char *suffix)
{
	char *name = file_beside(path, suffix);
	struct stat st;
	bool has = stat(name, &st) == 0 && st.st_size > 0;

	free(name);
	return has;
}

bool
companions_have_log(const char *path)
{
	return has_bytes(path, log_suffix);
}

bool
companions_have_journal(const char *path)
{
	return has_bytes(path, journal_suffix);
}

static enum store_open_status
refuse(const char *name, const char *why)
{
	log_errorx("store: %s: %s", name, why);
	return STORE_CANNOT_CREATE;
}

static enum store_open_status
check_one(const char *name, const struct stat *database)
{
	struct stat st;

	if (lstat(name, &st) == -1)
		return errno == ENOENT ? STORE_OPENED :
		    store_status_of_errno(name, "cannot be looked at");
	if (!S_ISREG(st.st_mode))
		return refuse(name, "is not a regular file");
	if (st.st_uid != database->st_uid && st.st_uid != geteuid() &&
	    st.st_uid != 0)
		return refuse(name,
		    "belongs to another user than the database");
	if (faccessat(AT_FDCWD, name, R_OK | W_OK, AT_EACCESS) == -1)
		return store_status_of_errno(name, "cannot be written");
	return STORE_OPENED;
}

enum store_open_status
companions_check(const char *path, const struct stat *database)
{
	static const char *const suffixes[] = {
		log_suffix, "-shm", journal_suffix,
	};
	enum store_open_status status = STORE_OPENED;
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) &&
	    status == STORE_OPENED; i++) {
		char *name = file_beside(path, suffixes[i]);

		status = check_one(name, database);
		free(name);
	}
	return status;
}

enum store_open_status
companions_check_absent(const char *path)
{
	const char *suffix = has_bytes(path, log_suffix) ? log_suffix :
	    has_bytes(path, journal_suffix) ? journal_suffix : NULL;

	if (suffix == NULL)
		return STORE_OPENED;
	log_errorx("store: %s: is missing, but its log %s%s is there: put the "
	    "database back beside it, or move the log away to begin anew",
	    path, path, suffix);
	return STORE_BAD_DATA;
}
