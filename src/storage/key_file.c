#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "atomic_file.h"
#include "base/log.h"
#include "fs.h"

int
key_file_read(const char *name, struct id_key *key)
{
	uint8_t bytes[sizeof(key->bytes) + 1];
	ssize_t n;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);

	if (fd == -1)
		return -1;
	n = read(fd, bytes, sizeof(bytes));
	(void)close(fd); /* nothing was written to it */
	if (n == -1)
		return -1;
	if (n != sizeof(key->bytes)) {
		errno = ENODATA;
		return -1;
	}
	memcpy(key->bytes, bytes, sizeof(key->bytes));
	return 0;
}

/* Whether a file that is there goes. */
enum publication { NEW, REPLACING };

static int
write_key_draft(struct atomic_file *draft, const struct id_key *key,
    enum publication publication)
{
	errno = ENOSPC; /* what a short write means */
	if (write(atomic_file_fd(draft), key->bytes, sizeof(key->bytes)) !=
	    sizeof(key->bytes))
		return -1;
	return publication == NEW ? atomic_file_publish(draft) :
	    atomic_file_replace(draft);
}

/* The file appears whole; what goes wrong is logged. */
static int
write_key(const char *name, const struct id_key *key,
    enum publication publication)
{
	struct atomic_file *draft;
	int result;

	if (atomic_file_open(name, ".new", &draft) != STORE_OPENED)
		return -1;
	result = write_key_draft(draft, key, publication);
	if (result == -1)
		log_error("store: %s: cannot be made", name);
	atomic_file_close(draft);
	return result;
}

int
key_file_put(const char *name, const struct id_key *key,
    const struct fs_owner *owner)
{
	struct atomic_file *draft;
	int result;

	if (atomic_file_open(name, ".partial", &draft) != STORE_OPENED)
		return -1;
	result = fs_set_owner(atomic_file_fd(draft), owner);
	if (result == 0)
		result = write_key_draft(draft, key, REPLACING);
	if (result == -1)
		log_error("store: %s: cannot be made", name);
	atomic_file_close(draft);
	return result;
}

static enum key_file_status
make_key_file(const char *name, struct id_key *key)
{
	id_key_random(key);
	return write_key(name, key, NEW) == 0 ? KEY_FILE_MADE : KEY_FILE_FAILED;
}

/* What key_file_read() said no to. */
static void
log_unread(const char *name)
{
	if (errno == ENODATA)
		log_errorx("store: %s: is not a key of %d bytes", name,
		    ID_KEY_BYTES);
	else
		log_error("store: %s: cannot be read", name);
}

enum key_file_status
key_file_load(const char *name, struct id_key *key)
{
	if (key_file_read(name, key) == 0)
		return KEY_FILE_READ;
	if (errno == ENOENT)
		return make_key_file(name, key);
	log_unread(name);
	return KEY_FILE_FAILED;
}

static int
copy_key(const char *from, const char *to, enum publication publication)
{
	struct id_key key;

	if (key_file_read(from, &key) == 0)
		return write_key(to, &key, publication);
	log_unread(from);
	return -1;
}

int
key_file_copy(const char *from, const char *to)
{
	return copy_key(from, to, NEW);
}

int
key_file_replace(const char *from, const char *to)
{
	return copy_key(from, to, REPLACING);
}
