#ifndef WAL_BUFFER_H
#define WAL_BUFFER_H

#include <sqlite3.h>

/*
 * Between SQLite and the file of its write-ahead log.  SQLite writes each page
 * by two small writes, its frame's header and the page itself, one after the
 * other; here they gather until SQLite syncs the file or the buffer is full.
 *
 * SQLite tells others of a transaction, by the log's index, only when it has
 * synced it, if the connection's synchronous is FULL and the VFS says
 * SQLITE_IOCAP_POWERSAFE_OVERWRITE, as both have to be.  So all that others know
 * of is in the file.
 */
struct wal_buffer;

/*
 * Put a buffer in front of log, the handle of a connection in WAL mode, which
 * any VFS may have opened.  It goes when SQLite closes log.
 */
struct wal_buffer *wal_buffer_new(sqlite3_file *log);

/*
 * The transaction was rolled back, and what is gathered belongs to nobody.
 * Others may write in its place as soon as they like, so it must not be written
 * later on.
 */
void	 wal_buffer_discard(struct wal_buffer *buffer);

#endif
