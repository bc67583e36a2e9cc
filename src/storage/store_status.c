#include "store_status.h"

#include <errno.h>

#include "base/log.h"

const char *
store_error_name(enum store_error error)
{
	static const char *const names[STORE_ERRORS + 1] = {
		[STORE_ERROR_FULL] = "full",
		[STORE_ERROR_BUSY] = "busy",
		[STORE_ERROR_MEMORY] = "memory",
		[STORE_ERROR_IO] = "io",
		[STORE_ERROR_UNREACHABLE] = "unreachable",
		[STORE_ERROR_OTHER] = "other",
		[STORE_ERRORS] = "ok",
	};

	return names[error];
}

enum store_open_status
store_status_of_errno(const char *path, const char *what)
{
	int error = errno;

	log_error("store: %s: %s", path, what);
	switch (error) {
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOENT:
	case ENOTDIR:
		return STORE_CANNOT_CREATE;
	}
	return STORE_IO_ERROR;
}

enum store_open_status
store_status_of_data(const char *path, const char *why)
{
	log_errorx("store: %s: %s", path, why);
	return STORE_BAD_DATA;
}
