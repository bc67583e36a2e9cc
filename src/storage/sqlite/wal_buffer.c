#include "wal_buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Not more than every VFS can write at once. */
enum { BUFFER_BYTES = 65536 };

struct wal_buffer {
	sqlite3_io_methods methods;	/* first: SQLite's handle points here */
	const sqlite3_io_methods *file;	/* those of the VFS */
	sqlite3_int64 at;		/* where bytes go */
	int	 len;
	uint8_t	 bytes[BUFFER_BYTES];
};

static struct wal_buffer *
buffer_of(sqlite3_file *log)
{
	/* The table is ours, and const for SQLite alone. */
	return (struct wal_buffer *)(uintptr_t)log->pMethods;
}

/* If that fails SQLite is told, and the transaction is over. */
static int
flush(sqlite3_file *log)
{
	struct wal_buffer *buffer = buffer_of(log);
	int len = buffer->len;

	buffer->len = 0;
	return len == 0 ? SQLITE_OK :
	    buffer->file->xWrite(log, buffer->bytes, len, buffer->at);
}

static int
buffer_write(sqlite3_file *log, const void *bytes, int n, sqlite3_int64 at)
{
	struct wal_buffer *buffer = buffer_of(log);
	int rc;

	if (at != buffer->at + buffer->len || n > BUFFER_BYTES - buffer->len) {
		rc = flush(log);
		if (rc != SQLITE_OK)
			return rc;
		buffer->at = at;
	}
	if (n > BUFFER_BYTES)
		return buffer->file->xWrite(log, bytes, n, at);
	memcpy(buffer->bytes + buffer->len, bytes, (size_t)n);
	buffer->len += n;
	return SQLITE_OK;
}

static int
buffer_read(sqlite3_file *log, void *out, int n, sqlite3_int64 at)
{
	struct wal_buffer *buffer = buffer_of(log);
	int rc = SQLITE_OK;

	if (at < buffer->at + buffer->len && at + n > buffer->at)
		rc = flush(log);
	return rc == SQLITE_OK ? buffer->file->xRead(log, out, n, at) : rc;
}

static int
buffer_truncate(sqlite3_file *log, sqlite3_int64 size)
{
	int rc = flush(log);

	return rc == SQLITE_OK ?
	    buffer_of(log)->file->xTruncate(log, size) : rc;
}

static int
buffer_sync(sqlite3_file *log, int flags)
{
	int rc = flush(log);

	return rc == SQLITE_OK ? buffer_of(log)->file->xSync(log, flags) : rc;
}

static int
buffer_file_size(sqlite3_file *log, sqlite3_int64 *size)
{
	int rc = flush(log);

	return rc == SQLITE_OK ?
	    buffer_of(log)->file->xFileSize(log, size) : rc;
}

/* What is still gathered was not committed. */
static int
buffer_close(sqlite3_file *log)
{
	struct wal_buffer *buffer = buffer_of(log);

	log->pMethods = buffer->file;
	free(buffer);
	return log->pMethods->xClose(log);
}

struct wal_buffer *
wal_buffer_new(sqlite3_file *log)
{
	struct wal_buffer *buffer = xcalloc(1, sizeof(*buffer));
	const sqlite3_io_methods *file = log->pMethods;

	buffer->file = file;
	/* Nothing of a later version is asked of a log. */
	buffer->methods = (sqlite3_io_methods){
		.iVersion = 1,
		.xClose = buffer_close,
		.xRead = buffer_read,
		.xWrite = buffer_write,
		.xTruncate = buffer_truncate,
		.xSync = buffer_sync,
		.xFileSize = buffer_file_size,
		.xLock = file->xLock,
		.xUnlock = file->xUnlock,
		.xCheckReservedLock = file->xCheckReservedLock,
		.xFileControl = file->xFileControl,
		.xSectorSize = file->xSectorSize,
		.xDeviceCharacteristics = file->xDeviceCharacteristics,
	};
	log->pMethods = &buffer->methods;
	return buffer;
}

void
wal_buffer_discard(struct wal_buffer *buffer)
{
	buffer->len = 0;
}
