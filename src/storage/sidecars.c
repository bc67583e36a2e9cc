#include "sidecars.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fs.h"

static const char wal_suffix[] = "-wal";
static const char rollback_suffix[] = "-journal";

static bool
has_bytes(const char *path, const char *suffix)
{
	char *name = fs_with_suffix(path, suffix);
	struct stat st;
	bool has = stat(name, &st) == 0 && st.st_size > 0;

	free(name);
	return has;
}

bool
sidecars_have_wal(const char *path)
{
	return has_bytes(path, wal_suffix);
}

bool
sidecars_have_rollback(const char *path)
{
	return has_bytes(path, rollback_suffix);
}

static enum store_open_status
refuse_sidecar(const char *name, const char *why)
{
	log_errorx("store: %s: %s", name, why);
	return STORE_CANNOT_CREATE;
}

static enum store_open_status
check_sidecar(const char *name, const struct stat *database)
{
	struct stat st;

	if (lstat(name, &st) == -1)
		return errno == ENOENT ? STORE_OPENED :
		    store_status_of_errno(name, "cannot be looked at");
	if (!S_ISREG(st.st_mode))
		return refuse_sidecar(name, "is not a regular file");
	if (st.st_uid != database->st_uid && st.st_uid != geteuid() &&
	    st.st_uid != 0)
		return refuse_sidecar(name,
		    "belongs to another user than the database");
	if (faccessat(AT_FDCWD, name, R_OK | W_OK, AT_EACCESS) == -1)
		return store_status_of_errno(name, "cannot be written");
	return STORE_OPENED;
}

enum store_open_status
sidecars_check(const char *path, const struct stat *database)
{
	static const char *const suffixes[] = {
		wal_suffix, "-shm", rollback_suffix,
	};
	enum store_open_status status = STORE_OPENED;
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) &&
	    status == STORE_OPENED; i++) {
		char *name = fs_with_suffix(path, suffixes[i]);

		status = check_sidecar(name, database);
		free(name);
	}
	return status;
}

enum store_open_status
sidecars_check_absent(const char *path)
{
	const char *suffix = has_bytes(path, wal_suffix) ? wal_suffix :
	    has_bytes(path, rollback_suffix) ? rollback_suffix : NULL;

	if (suffix == NULL)
		return STORE_OPENED;
	log_errorx("store: %s: is missing, but its log %s%s is there: put the "
	    "database back beside it, or move the log away to begin anew",
	    path, path, suffix);
	return STORE_BAD_DATA;
}
