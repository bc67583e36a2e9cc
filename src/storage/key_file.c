#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "file.h"

/* 0, or -1 with errno; ENODATA if the file is not a key. */
static int
read_key(const char *name, struct id_key *key)
{
	uint8_t bytes[sizeof(key->bytes) + 1];
	ssize_t n;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

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

/* Write the key to a new file, durably; -1 with errno. */
static int
write_draft(const char *draft, const struct id_key *key)
{
	int fd, error = 0;

	fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	if (fd == -1)
		return -1;
	errno = ENOSPC; /* what a short write means */
	if (write(fd, key->bytes, sizeof(key->bytes)) != sizeof(key->bytes) ||
	    fsync(fd) == -1)
		error = errno;
	if (close(fd) == -1 && error == 0)
		error = errno;
	errno = error;
	return error == 0 ? 0 : -1;
}

/* The file appears whole; what goes wrong is logged. */
static int
write_key(const char *name, const struct id_key *key)
{
	char *draft = file_beside(name, ".new");
	int result = 0;

	if ((unlink(draft) == -1 && errno != ENOENT) ||
	    write_draft(draft, key) == -1 ||
	    file_publish(draft, name) == -1) {
		log_error("store: %s: cannot be made", name);
		result = -1;
	}
	free(draft);
	return result;
}

static enum key_file_status
make_key(const char *name, struct id_key *key)
{
	id_key_random(key);
	return write_key(name, key) == 0 ? KEY_FILE_MADE : KEY_FILE_FAILED;
}

/* What read_key() said no to. */
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
	if (read_key(name, key) == 0)
		return KEY_FILE_READ;
	if (errno == ENOENT)
		return make_key(name, key);
	log_unread(name);
	return KEY_FILE_FAILED;
}

int
key_file_copy(const char *from, const char *to)
{
	struct id_key key;

	if (read_key(from, &key) == 0)
		return write_key(to, &key);
	log_unread(from);
	return -1;
}
