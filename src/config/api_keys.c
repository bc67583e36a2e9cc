#include "api_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nettle/base64.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/xalloc.h"

_Static_assert(API_KEY_HASH_BYTES == SHA256_DIGEST_SIZE,
    "keys are hashed by SHA-256");

/* Larger files are a mistake. */
#define FILE_BYTES_MAX 65536

#define PREFIX "bsk_"
#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" "abcdefghijklmnopqrstuvwxyz" \
	"0123456789._-"

static int
say(char fault[API_KEYS_FAULT_BYTES], const char *what)
{
	(void)snprintf(fault, API_KEYS_FAULT_BYTES, "%s", what);
	return -1;
}

/* The whole file, with a NUL behind it; nothing but a file is waited for. */
static int
read_keys_file(const char *path, struct buf *buf)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *place;
	ssize_t n = -1;

	if (fd == -1)
		return -1;
	errno = EINVAL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		while ((place = buf_reserve(buf, BUFSIZ)) != NULL &&
		    (n = read(fd, place, BUFSIZ - 1)) > 0)
			buf_added(buf, (size_t)n);
	if (n > 0)
		errno = EFBIG;
	if (n == 0)
		*place = '\0';
	(void)close(fd);	/* nothing was written to it */
	return n == 0 ? 0 : -1;
}

bool
api_key_name_is_valid(const char *name, size_t len)
{
	return len > 0 && len <= API_KEY_NAME_MAX &&
	    strspn(name, NAME_CHARS) >= len;
}

static bool
has_name(const struct api_keys *keys, const char *name)
{
	size_t i;

	for (i = 0; i < keys->count; i++)
		if (strcmp(keys->list[i].name, name) == 0)
			return true;
	return false;
}

/* Add the key of a line, if there is one on it. */
static int
add_key(struct api_keys *keys, const char *line,
    char fault[API_KEYS_FAULT_BYTES])
{
	const char *name = line + strspn(line, " \t\r"), *hash;
	size_t name_len = strcspn(name, " \t\r"), hash_len;
	struct api_key *key = &keys->list[keys->count];

	if (*name == '\0' || *name == '#')
		return 0;
	hash = name + name_len;
	hash += strspn(hash, " \t\r");
	hash_len = strcspn(hash, " \t\r");
	if (!api_key_name_is_valid(name, name_len))
		return say(fault, "a name has 1 to 64 of A-Z a-z 0-9 . _ -");
	if (hash_len != API_KEY_HASH_HEX ||
	    hex_parse(hash, API_KEY_HASH_BYTES, key->hash) == -1 ||
	    hash[hash_len + strspn(hash + hash_len, " \t\r")] != '\0')
		return say(fault, "not \"NAME SHA256\", with 64 hexadecimal "
		    "digits");
	memcpy(key->name, name, name_len);
	if (has_name(keys, key->name))
		return say(fault, "a key above has this name");
	keys->count++;
	return 0;
}

static enum api_keys_status
parse_keys(char *text, struct api_keys *keys, unsigned *line,
    char fault[API_KEYS_FAULT_BYTES])
{
	char *at;

	for (*line = 1; (at = strsep(&text, "\n")) != NULL; ++*line)
		if (add_key(keys, at, fault) == -1)
			return API_KEYS_WRONG;
	*line = 0;
	if (keys->count > 0)
		return API_KEYS_READ;
	(void)say(fault, "has no key");
	return API_KEYS_NONE;
}

/* No line without a newline, and no key without a line. */
static size_t
count_lines(const char *text)
{
	size_t n = 1;

	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		n++;
	}
	return n;
}

enum api_keys_status
api_keys_read(const char *path, struct api_keys **keys, unsigned *line,
    char fault[API_KEYS_FAULT_BYTES])
{
	enum api_keys_status status = API_KEYS_WRONG;
	struct buf buf;

	*line = 0;
	*keys = NULL;
	buf_init(&buf, FILE_BYTES_MAX);
	if (read_keys_file(path, &buf) == -1) {
		(void)say(fault, errno == EINVAL ? "is not a regular file" :
		    strerror(errno));
	} else if (strlen(buf_data(&buf)) != buf.len) {
		(void)say(fault, "holds a NUL byte");
	} else {
		*keys = xcalloc(1, sizeof(**keys) +
		    count_lines(buf_data(&buf)) * sizeof((*keys)->list[0]));
		status = parse_keys(buf_data(&buf), *keys, line, fault);
	}
	buf_clear(&buf);
	if (status == API_KEYS_READ)
		return status;
	free(*keys);
	*keys = NULL;
	return status;
}

bool
api_keys_are_equal(const struct api_keys *a, const struct api_keys *b)
{
	size_t i;

	if (a == NULL || b == NULL || a->count != b->count)
		return a == b;
	for (i = 0; i < a->count; i++)
		if (strcmp(a->list[i].name, b->list[i].name) != 0 ||
		    memcmp(a->list[i].hash, b->list[i].hash,
		    API_KEY_HASH_BYTES) != 0)
			return false;
	return true;
}

void
api_key_make(const uint8_t random[API_KEY_HASH_BYTES],
    char key[API_KEY_CHARS + 1])
{
	struct base64_encode_ctx ctx;
	char *at = stpcpy(key, PREFIX);
	char text[BASE64_ENCODE_LENGTH(API_KEY_HASH_BYTES) +
	    BASE64_ENCODE_FINAL_LENGTH];
	size_t n;

	base64url_encode_init(&ctx);
	n = base64_encode_update(&ctx, text, API_KEY_HASH_BYTES, random);
	(void)base64_encode_final(&ctx, text + n);	/* a '=' besides */
	memcpy(at, text, API_KEY_CHARS - (sizeof(PREFIX) - 1));
	key[API_KEY_CHARS] = '\0';
}

void
api_key_hash(const char *key, size_t len, uint8_t hash[API_KEY_HASH_BYTES])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, (const uint8_t *)key);
	sha256_digest(&ctx, API_KEY_HASH_BYTES, hash);
}

const char *
api_keys_find(const struct api_keys *keys,
    const uint8_t hash[API_KEY_HASH_BYTES])
{
	const char *found = NULL;
	size_t i;

	for (i = 0; keys != NULL && i < keys->count; i++)
		if (memeql_sec(keys->list[i].hash, hash, API_KEY_HASH_BYTES))
			found = keys->list[i].name;
	return found;
}
