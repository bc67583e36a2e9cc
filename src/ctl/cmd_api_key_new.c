#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "config/api_keys.h"
#include "config/options.h"
#include "ctl.h"

/* A name, a hash, what is between and behind them, and a newline before. */
enum { LINE_BYTES = API_KEY_NAME_MAX + API_KEY_HASH_HEX + 4 };

#define FILE_MODE 0644

_Static_assert((int)ID_KEY_BYTES == (int)API_KEY_HASH_BYTES,
    "a key has as many random bytes");

/* Whether the file has a key of that name, and no mistake; or is not there. */
static enum ctl_status
check_file(const char *path, const char *name)
{
	char fault[API_KEYS_FAULT_BYTES];
	struct api_keys *keys;
	enum ctl_status status = CTL_OK;
	unsigned line;
	size_t i;

	if (access(path, F_OK) == -1 && errno == ENOENT)
		return CTL_OK;
	switch (api_keys_read(path, &keys, &line, fault)) {
	case API_KEYS_READ:
		break;
	case API_KEYS_NONE:
		/* That of a first key may be there already, and empty. */
		return CTL_OK;
	case API_KEYS_WRONG:
		log_errorx("%s: line %u: %s", path, line, fault);
		return CTL_CONFIG;
	}
	for (i = 0; i < keys->count; i++)
		if (strcmp(keys->list[i].name, name) == 0)
			status = CTL_USAGE;
	free(keys);
	if (status == CTL_USAGE)
		log_errorx("%s: there is a key %s already", path, name);
	return status;
}

/*
 * Open the file, or make it for others to read, whatever the umask is: it has
 * no secrets.  -1 with errno.
 */
static int
open_file(const char *path)
{
	int flags = O_RDWR | O_APPEND | O_CLOEXEC;
	int fd = open(path, flags | O_CREAT | O_EXCL, FILE_MODE);

	if (fd == -1)
		return errno == EEXIST ? open(path, flags) : -1;
	if (fchmod(fd, FILE_MODE) == 0)
		return fd;
	(void)close(fd);	/* nothing was written to it */
	return -1;
}

/* Whether the file, which has so many bytes, ends within a line. */
static bool
ends_in_line(int fd, off_t end)
{
	char last = '\n';

	return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

/* Add line to the file, or leave that as it is; -1 with errno. */
static int
append_to(int fd, const char *line)
{
	char whole[LINE_BYTES + 1];
	off_t end = lseek(fd, 0, SEEK_END);
	size_t len = xsnprintf(whole, sizeof(whole), "%s%s\n",
	    ends_in_line(fd, end) ? "\n" : "", line);
	int error;

	errno = ENOSPC;	/* what a short write means */
	if (write(fd, whole, len) == (ssize_t)len && fsync(fd) == 0)
		return 0;
	error = errno;
	/* A part of a line would be a mistake of the whole file. */
	if (ftruncate(fd, end) == -1)
		log_error("api-key: a part of a line stays in the file");
	errno = error;
	return -1;
}

static enum ctl_status
append_line(const char *path, const char *line)
{
	int fd = open_file(path), result;

	if (fd == -1) {
		log_error("%s", path);
		return CTL_CANNOT_CREATE;
	}
	result = append_to(fd, line);
	if (result == -1)
		log_error("%s", path);
	/* All of it is on the disk. */
	(void)close(fd);
	return result == 0 ? CTL_OK : CTL_IO_ERROR;
}

static enum ctl_status
run_api_key_new(const struct ctl *ctl)
{
	const char *path = ctl->options->api_keys_file;
	const char *name = ctl->operands[0];
	char key[API_KEY_CHARS + 1], hex[API_KEY_HASH_HEX + 1];
	char line[LINE_BYTES];
	uint8_t hash[API_KEY_HASH_BYTES];
	struct id_key random;
	enum ctl_status status = CTL_OK;

	if (!api_key_name_is_valid(name, strlen(name)))
		return ctl_usage_error("api-key new: a name has 1 to %d of "
		    "A-Z a-z 0-9 . _ -", API_KEY_NAME_MAX);
	if (*path != '\0')
		status = check_file(path, name);
	if (status != CTL_OK)
		return status;
	id_key_random(&random);
	api_key_make(random.bytes, key);
	api_key_hash(key, strlen(key), hash);
	hex_format(hash, sizeof(hash), hex);
	xsnprintf(line, sizeof(line), "%s %s", name, hex);
	if (*path != '\0')
		status = append_line(path, line);
	if (status != CTL_OK)
		return status;
	(void)printf("%s\n", key);
	if (*path == '\0')
		(void)printf("%s\n", line);
	return CTL_OK;
}

const struct ctl_command cmd_api_key_new = {
	.words = "api-key new",
	.operands = "NAME",
	.operands_min = 1,
	.operands_max = 1,
	.help = "make a key for a server of the shop",
	.run = run_api_key_new,
};
