#include "commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	if (api_keys_read(path, &keys, &line, fault) == -1) {
		/* That of a first key may be there already, and empty. */
		if (line == 0 && strcmp(fault, "has no key") == 0)
			return CTL_OK;
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

/* Whether the file ends within a line. */
static bool
ends_in_line(int fd)
{
	char last = '\n';
	off_t end = lseek(fd, 0, SEEK_END);

	return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

/* Add line to the file, which others may read: it has no secrets. */
static enum ctl_status
append_line(const char *path, const char *line)
{
	char whole[LINE_BYTES + 1];
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	size_t len;
	bool is_done;

	if (fd == -1) {
		log_error("%s", path);
		return CTL_CANNOT_CREATE;
	}
	len = xsnprintf(whole, sizeof(whole), "%s%s\n",
	    ends_in_line(fd) ? "\n" : "", line);
	errno = ENOSPC;	/* what a short write means */
	is_done = write(fd, whole, len) == (ssize_t)len && fsync(fd) == 0;
	if (close(fd) == 0 && is_done)
		return CTL_OK;
	log_error("%s", path);
	return CTL_IO_ERROR;
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
