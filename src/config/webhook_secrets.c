#include "webhook_secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/base64.h>

/* Larger files are a mistake. */
#define FILE_BYTES_MAX 4096

#define PREFIX "whsec_"
#define BLANKS " \t\r"

static int
say(char fault[WEBHOOK_SECRETS_FAULT_BYTES], const char *what)
{
	(void)snprintf(fault, WEBHOOK_SECRETS_FAULT_BYTES, "%s", what);
	return -1;
}

int
webhook_secret_parse(const char *text, size_t len,
    struct webhook_secret *secret)
{
	const size_t prefix = sizeof(PREFIX) - 1;
	uint8_t bytes[BASE64_DECODE_LENGTH(
	    BASE64_ENCODE_RAW_LENGTH(WEBHOOK_SECRET_MAX))];
	struct base64_decode_ctx ctx;
	size_t n;
	int is_whole;

	if (len < prefix || memcmp(text, PREFIX, prefix) != 0 ||
	    len - prefix > BASE64_ENCODE_RAW_LENGTH(WEBHOOK_SECRET_MAX))
		return -1;
	base64_decode_init(&ctx);
	is_whole = base64_decode_update(&ctx, &n, bytes, len - prefix,
	    text + prefix) == 1 && base64_decode_final(&ctx) == 1 &&
	    n >= WEBHOOK_SECRET_MIN && n <= WEBHOOK_SECRET_MAX;
	if (is_whole) {
		memcpy(secret->bytes, bytes, n);
		secret->len = n;
	}
	explicit_bzero(bytes, sizeof(bytes));
	return is_whole ? 0 : -1;
}

/* Add the secret of a line, if there is one on it. */
static int
add_line(struct webhook_secrets *secrets, const char *line,
    char fault[WEBHOOK_SECRETS_FAULT_BYTES])
{
	const char *text = line + strspn(line, BLANKS);
	size_t len = strcspn(text, BLANKS);

	if (*text == '\0' || *text == '#')
		return 0;
	if (secrets->count == WEBHOOK_SECRETS_MAX)
		return say(fault, "there are more than two secrets");
	if (text[len + strspn(text + len, BLANKS)] != '\0' ||
	    webhook_secret_parse(text, len,
	    &secrets->list[secrets->count]) == -1)
		return say(fault, "not \"whsec_\" with 24 to 64 bytes in "
		    "base64 behind it");
	secrets->count++;
	return 0;
}

static int
parse_lines(char *text, struct webhook_secrets *secrets, unsigned *line,
    char fault[WEBHOOK_SECRETS_FAULT_BYTES])
{
	char *at;

	for (*line = 1; (at = strsep(&text, "\n")) != NULL; ++*line)
		if (add_line(secrets, at, fault) == -1)
			return -1;
	*line = 0;
	return secrets->count > 0 ? 0 : say(fault, "has no secret");
}

/* All that an open file has, with a NUL; NULL, or what is wrong with it. */
static const char *
read_open_file(int fd, char bytes[FILE_BYTES_MAX + 1])
{
	struct stat st;
	size_t len = 0;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is not a regular file";
	if ((st.st_mode & S_IRWXO) != 0)
		return "is a secret that others may read: chmod o=";
	while ((n = read(fd, bytes + len, FILE_BYTES_MAX + 1 - len)) > 0)
		len += (size_t)n;
	if (n == -1)
		return strerror(errno);
	if (len > FILE_BYTES_MAX)
		return "is too large";
	bytes[len] = '\0';
	return strlen(bytes) == len ? NULL : "holds a NUL byte";
}

int
webhook_secrets_read(const char *path, struct webhook_secrets *secrets,
    unsigned *line, char fault[WEBHOOK_SECRETS_FAULT_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char bytes[FILE_BYTES_MAX + 1];
	const char *problem;
	int result;

	*line = 0;
	*secrets = (struct webhook_secrets){ 0 };
	if (fd == -1)
		return say(fault, strerror(errno));
	problem = read_open_file(fd, bytes);
	(void)close(fd); /* nothing was written to it */
	result = problem != NULL ? say(fault, problem) :
	    parse_lines(bytes, secrets, line, fault);
	explicit_bzero(bytes, sizeof(bytes));
	return result;
}

bool
webhook_secrets_are_equal(const struct webhook_secrets *a,
    const struct webhook_secrets *b)
{
	size_t i;

	if (a == NULL || b == NULL || a->count != b->count)
		return a == b;
	for (i = 0; i < a->count; i++)
		if (a->list[i].len != b->list[i].len ||
		    memcmp(a->list[i].bytes, b->list[i].bytes,
		    a->list[i].len) != 0)
			return false;
	return true;
}

void
webhook_secrets_free(struct webhook_secrets *secrets)
{
	if (secrets != NULL)
		explicit_bzero(secrets, sizeof(*secrets));
	free(secrets);
}
