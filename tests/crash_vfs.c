#include "crash_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/log.h"
#include "base/xalloc.h"

enum {
	FILES_MAX = 16,
	NAME_BYTES = 256,
	SECTOR_BYTES = 512,
	TRACKED = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL |
	    SQLITE_OPEN_WAL
};

enum change_kind {
	CHANGE_CREATE,
	CHANGE_WRITE,
	CHANGE_TRUNCATE,	/* to at bytes */
	CHANGE_SYNC,
	CHANGE_DELETE
};

struct change {
	enum change_kind kind;
	size_t	 file;
	size_t	 at;
	size_t	 len;
	uint8_t	*bytes;
};

/* A file's bytes. */
struct content {
	uint8_t	*bytes;
	size_t	 len;
	size_t	 room;
};

struct tracked {
	char	 name[NAME_BYTES];	/* its last component */
	bool	 exists;		/* at the moment of the last image */
	struct content synced;		/* likewise */
	size_t	*pending;		/* changes since its last sync */
	size_t	 pending_count;
	size_t	 pending_room;
};

struct crash_vfs {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	enum crash_memory memory;
	struct tracked files[FILES_MAX];
	size_t	 file_count;
	struct change *changes;
	size_t	 change_count;
	size_t	 change_room;
	size_t	 replayed;		/* changes that synced knows of */
	struct content image;		/* of the file being written */
	enum crash_fault fault;
	unsigned fault_in;		/* operations; 0 for none ordered */
	int	 fault_rc;
	unsigned delay_in;		/* syncs; 0 for none to delay */
	void	(*delay)(void *ctx);
	void	*delay_ctx;
};

/* What SQLite sees as an open file; the real one lies behind it. */
struct open_file {
	sqlite3_file base;
	struct crash_vfs *crash;
	size_t	 file;			/* FILES_MAX if not tracked */
	sqlite3_file *real;
};

uint64_t
crash_random(uint64_t *state, uint64_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (*state >> 11) % n;
}

static void
content_resize(struct content *content, size_t len)
{
	if (len > content->room) {
		content->room = len + len / 2;
		content->bytes = xrealloc(content->bytes, content->room);
	}
	if (len > content->len)
		memset(content->bytes + content->len, 0, len - content->len);
	content->len = len;
}

static void
content_write(struct content *content, const uint8_t *bytes, size_t len,
    size_t at)
{
	if (at + len > content->len)
		content_resize(content, at + len);
	memcpy(content->bytes + at, bytes, len);
}

static const char *
last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static void
read_content(struct content *content, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (fstat(fd, &st) == -1)
		fatal("%s", path);
	content_resize(content, (size_t)st.st_size);
	if (pread(fd, content->bytes, content->len, 0) != st.st_size)
		fatal("%s", path);
	(void)close(fd); /* nothing was written to it */
}

/* The number of the file at path; a new one begins with what it has now. */
static size_t
track(struct crash_vfs *crash, const char *path)
{
	struct tracked *file;
	size_t i;

	for (i = 0; i < crash->file_count; i++)
		if (strcmp(crash->files[i].name, last_name(path)) == 0)
			return i;
	if (i == FILES_MAX)
		fatalx("crash_vfs: too many files");
	file = &crash->files[crash->file_count++];
	if ((size_t)snprintf(file->name, sizeof(file->name), "%s",
	    last_name(path)) >= sizeof(file->name))
		fatalx("crash_vfs: %s: too long a name", path);
	file->exists = access(path, F_OK) == 0;
	read_content(&file->synced, path);
	return i;
}

static void
remember(struct crash_vfs *crash, const struct change *change)
{
	if (crash->change_count == crash->change_room) {
		crash->change_room = 2 * crash->change_room + 1024;
		crash->changes = xrealloc(crash->changes,
		    crash->change_room * sizeof(*crash->changes));
	}
	crash->changes[crash->change_count++] = *change;
}

/* Whether the operation has to fail. */
static bool
is_due(struct crash_vfs *crash, enum crash_fault fault)
{
	return crash->fault_in > 0 && crash->fault == fault &&
	    --crash->fault_in == 0;
}

static struct open_file *
opened(sqlite3_file *file)
{
	return (struct open_file *)file;
}

static int
file_close(sqlite3_file *file)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xClose(real);
}

static int
file_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xRead(real, out, n, at);
}

static int
file_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
	struct open_file *f = opened(file);
	struct change change = {
		.kind = CHANGE_WRITE,
		.file = f->file,
		.at = (size_t)at,
		.len = (size_t)n,
	};

	if (f->file == FILES_MAX)
		return f->real->pMethods->xWrite(f->real, bytes, n, at);
	if (is_due(f->crash, CRASH_FAULT_WRITE))
		return f->crash->fault_rc;
	change.bytes = xcalloc(1, change.len);
	memcpy(change.bytes, bytes, change.len);
	remember(f->crash, &change);
	return f->real->pMethods->xWrite(f->real, bytes, n, at);
}

static int
file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct open_file *f = opened(file);
	struct change change = {
		.kind = CHANGE_TRUNCATE,
		.file = f->file,
		.at = (size_t)size,
	};

	if (f->file != FILES_MAX)
		remember(f->crash, &change);
	return f->real->pMethods->xTruncate(f->real, size);
}

static int
file_sync(sqlite3_file *file, int flags)
{
	struct open_file *f = opened(file);
	struct change change = { .kind = CHANGE_SYNC, .file = f->file };

	(void)flags; /* all syncs count alike */
	if (f->file == FILES_MAX)
		return SQLITE_OK;
	if (f->crash->delay_in > 0 && --f->crash->delay_in == 0)
		f->crash->delay(f->crash->delay_ctx);
	if (is_due(f->crash, CRASH_FAULT_SYNC))
		return f->crash->fault_rc;
	remember(f->crash, &change);
	return SQLITE_OK;
}

static int
file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xFileSize(real, size);
}

static int
file_lock(sqlite3_file *file, int lock)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xLock(real, lock);
}

static int
file_unlock(sqlite3_file *file, int lock)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xUnlock(real, lock);
}

static int
file_check_reserved(sqlite3_file *file, int *is_reserved)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xCheckReservedLock(real, is_reserved);
}

static int
file_control(sqlite3_file *file, int op, void *arg)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xFileControl(real, op, arg);
}

static int
file_sector_size(sqlite3_file *file)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xSectorSize(real);
}

/* SQLite must take the same paths here as in life. */
static int
file_characteristics(sqlite3_file *file)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xDeviceCharacteristics(real);
}

static int
file_shm_map(sqlite3_file *file, int region, int size, int extend,
    void volatile **map)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xShmMap(real, region, size, extend, map);
}

static int
file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xShmLock(real, offset, n, flags);
}

static void
file_shm_barrier(sqlite3_file *file)
{
	sqlite3_file *real = opened(file)->real;

	real->pMethods->xShmBarrier(real);
}

static int
file_shm_unmap(sqlite3_file *file, int delete)
{
	sqlite3_file *real = opened(file)->real;

	return real->pMethods->xShmUnmap(real, delete);
}

static const sqlite3_io_methods file_methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

static int
vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
    int *out_flags)
{
	struct crash_vfs *crash = vfs->pAppData;
	struct open_file *f = opened(file);
	struct change create = { .kind = CHANGE_CREATE };
	int rc;

	*f = (struct open_file){ .crash = crash, .file = FILES_MAX };
	f->real = (sqlite3_file *)(f + 1);
	if (crash->memory == CRASH_REMEMBERS && path != NULL &&
	    (flags & TRACKED) != 0)
		f->file = track(crash, path);
	rc = crash->real->xOpen(crash->real, path, f->real, flags, out_flags);
	if (rc != SQLITE_OK)
		return rc;
	f->base.pMethods = &file_methods;
	create.file = f->file;
	if (f->file != FILES_MAX)
		remember(crash, &create);
	return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
	struct crash_vfs *crash = vfs->pAppData;
	struct change change = { .kind = CHANGE_DELETE };

	(void)sync; /* a deletion is for good here */
	if (crash->memory == CRASH_REMEMBERS) {
		change.file = track(crash, path);
		remember(crash, &change);
	}
	return crash->real->xDelete(crash->real, path, 0);
}

struct crash_vfs *
crash_vfs_new(const char *name, enum crash_memory memory)
{
	struct crash_vfs *crash = xcalloc(1, sizeof(*crash));

	crash->memory = memory;
	crash->real = sqlite3_vfs_find(NULL);
	/* What is not replaced does not look at the VFS it is called by. */
	crash->vfs = *crash->real;
	crash->vfs.pNext = NULL;
	crash->vfs.zName = name;
	crash->vfs.pAppData = crash;
	crash->vfs.szOsFile += (int)sizeof(struct open_file);
	crash->vfs.xOpen = vfs_open;
	crash->vfs.xDelete = vfs_delete;
	if (sqlite3_vfs_register(&crash->vfs, 0) != SQLITE_OK)
		fatalx("crash_vfs: not registered");
	return crash;
}

void
crash_vfs_forget(struct crash_vfs *crash)
{
	size_t i;

	for (i = 0; i < crash->change_count; i++)
		free(crash->changes[i].bytes);
	for (i = 0; i < crash->file_count; i++) {
		free(crash->files[i].synced.bytes);
		free(crash->files[i].pending);
		crash->files[i] = (struct tracked){ .exists = false };
	}
	crash->file_count = crash->change_count = crash->replayed = 0;
}

void
crash_vfs_free(struct crash_vfs *crash)
{
	if (sqlite3_vfs_unregister(&crash->vfs) != SQLITE_OK)
		fatalx("crash_vfs: not unregistered");
	crash_vfs_forget(crash);
	free(crash->changes);
	free(crash->image.bytes);
	free(crash);
}

size_t
crash_vfs_now(const struct crash_vfs *crash)
{
	return crash->change_count;
}

void
crash_vfs_fail(struct crash_vfs *crash, enum crash_fault fault, unsigned nth,
    int rc)
{
	crash->fault = fault;
	crash->fault_in = nth;
	crash->fault_rc = rc;
}

bool
crash_vfs_disarm(struct crash_vfs *crash)
{
	bool has_happened = crash->fault_in == 0;

	crash->fault_in = 0;
	return has_happened;
}

void
crash_vfs_delay(struct crash_vfs *crash, unsigned nth,
    void (*delay)(void *ctx), void *ctx)
{
	crash->delay_in = nth;
	crash->delay = delay;
	crash->delay_ctx = ctx;
}

static void
apply(struct content *content, const struct change *change)
{
	if (change->kind == CHANGE_TRUNCATE)
		content_resize(content, change->at);
	else
		content_write(content, change->bytes, change->len, change->at);
}

static void
add_pending(struct tracked *file, size_t change)
{
	if (file->pending_count == file->pending_room) {
		file->pending_room = 2 * file->pending_room + 64;
		file->pending = xrealloc(file->pending,
		    file->pending_room * sizeof(*file->pending));
	}
	file->pending[file->pending_count++] = change;
}

/* Let one more change come to pass before the power failure. */
static void
replay(struct crash_vfs *crash)
{
	size_t i, number = crash->replayed++;
	const struct change *change = &crash->changes[number];
	struct tracked *file = &crash->files[change->file];

	switch (change->kind) {
	case CHANGE_CREATE:
		file->exists = true;
		break;
	case CHANGE_WRITE:
	case CHANGE_TRUNCATE:
		add_pending(file, number);
		break;
	case CHANGE_SYNC:
		for (i = 0; i < file->pending_count; i++)
			apply(&file->synced,
			    &crash->changes[file->pending[i]]);
		file->pending_count = 0;
		break;
	case CHANGE_DELETE:
		file->exists = false;
		file->pending_count = 0;
		content_resize(&file->synced, 0);
		break;
	}
}

/* Some of the change's sectors are there, by the dice. */
static void
apply_sectors(struct content *content, const struct change *change,
    uint64_t *random)
{
	size_t at, n;

	if (change->kind == CHANGE_TRUNCATE) {
		if (crash_random(random, 2) == 0)
			apply(content, change);
		return;
	}
	for (at = 0; at < change->len; at += n) {
		n = SECTOR_BYTES - (change->at + at) % SECTOR_BYTES;
		if (n > change->len - at)
			n = change->len - at;
		if (crash_random(random, 2) == 0)
			content_write(content, change->bytes + at, n,
			    change->at + at);
	}
}

/* The change is there up to some sector. */
static void
apply_head(struct content *content, const struct change *change,
    uint64_t *random)
{
	size_t len = SECTOR_BYTES *
	    (size_t)crash_random(random, 1 + change->len / SECTOR_BYTES);

	if (change->kind == CHANGE_WRITE && len > 0)
		content_write(content, change->bytes, len, change->at);
}

static void
apply_pending(struct crash_vfs *crash, const struct tracked *file,
    enum crash_loss loss, uint64_t *random)
{
	size_t i, n = file->pending_count;

	if (loss == CRASH_LOSE_ALL)
		return;
	if (loss == CRASH_LOSE_TAIL)
		n = (size_t)crash_random(random, n + 1);
	for (i = 0; i < n; i++) {
		const struct change *change = &crash->changes[file->pending[i]];

		if (loss == CRASH_LOSE_TAIL)
			apply(&crash->image, change);
		else
			apply_sectors(&crash->image, change, random);
	}
	if (n < file->pending_count)
		apply_head(&crash->image, &crash->changes[file->pending[n]],
		    random);
}

static void
write_content(const struct content *content, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);

	if (fd == -1 || write(fd, content->bytes, content->len) !=
	    (ssize_t)content->len || close(fd) == -1)
		fatal("%s", path);
}

static void
remove_file(const char *directory, const char *name, const char *suffix)
{
	char path[2 * NAME_BYTES];

	(void)snprintf(path, sizeof(path), "%s/%s%s", directory, name,
	    suffix); /* of test files: fits */
	if (unlink(path) == -1 && errno != ENOENT)
		fatal("%s", path);
}

void
crash_vfs_image(struct crash_vfs *crash, size_t moment, enum crash_loss loss,
    uint64_t *random, const char *directory)
{
	char path[2 * NAME_BYTES];
	struct tracked *file;
	size_t i;

	while (crash->replayed < moment)
		replay(crash);
	for (i = 0; i < crash->file_count; i++) {
		file = &crash->files[i];
		remove_file(directory, file->name, "");
		remove_file(directory, file->name, "-shm");
		if (!file->exists)
			continue;
		content_resize(&crash->image, 0);
		if (file->synced.len > 0)
			content_write(&crash->image, file->synced.bytes,
			    file->synced.len, 0);
		apply_pending(crash, file, loss, random);
		(void)snprintf(path, sizeof(path), "%s/%s", directory,
		    file->name); /* of test files: fits */
		write_content(&crash->image, path);
	}
}
