#include "sidecars.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "storage/fs.h"

#define WAL_SUFFIX	"-wal"
#define ROLLBACK_SUFFIX	"-journal"

const char *const sidecars_suffixes[SIDECARS + 1] = {
	WAL_SUFFIX, "-shm", ROLLBACK_SUFFIX, "",
};

bool
sidecars_wal_exists(const char *path)
{
	char *name = fs_with_suffix(path, WAL_SUFFIX);
	bool is_there = access(name, F_OK) == 0;

	free(name);
	return is_there;
}

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
	return has_bytes(path, WAL_SUFFIX);
}

bool
sidecars_have_rollback(const char *path)
{
	return has_bytes(path, ROLLBACK_SUFFIX);
}

bool
sidecars_exist(const char *path)
{
	bool has_one = false;
	struct stat st;
	size_t i;

	for (i = 0; i < SIDECARS && !has_one; i++) {
		char *name = fs_with_suffix(path, sidecars_suffixes[i]);

		has_one = lstat(name, &st) == 0;
		free(name);
	}
	return has_one;
}

int
sidecars_remove(const char *path)
{
	int result = 0;
	size_t i;

	for (i = 0; i < SIDECARS; i++) {
		char *name = fs_with_suffix(path, sidecars_suffixes[i]);

		if (unlink(name) == -1 && errno != ENOENT)
			result = -1;
		free(name);
	}
	return result;
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
	enum store_open_status status = STORE_OPENED;
	size_t i;

	for (i = 0; i < SIDECARS && status == STORE_OPENED; i++) {
		char *name = fs_with_suffix(path, sidecars_suffixes[i]);

		status = check_sidecar(name, database);
		free(name);
	}
	return status;
}

enum store_open_status
sidecars_check_absent(const char *path)
{
	const char *suffix = has_bytes(path, WAL_SUFFIX) ? WAL_SUFFIX :
	    has_bytes(path, ROLLBACK_SUFFIX) ? ROLLBACK_SUFFIX : NULL;

	if (suffix == NULL)
		return STORE_OPENED;
	log_errorx("store: %s: is missing, but its log %s%s is there: put the "
	    "database back beside it, or move the log away to begin anew",
	    path, path, suffix);
	return STORE_BAD_DATA;
}
