#ifndef API_KEYS_H
#define API_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The keys of the shop's own servers (buddyshopping-api(7)).  Only hashes are
 * kept, in a file of lines "NAME SHA256": a key has as many random bits as its
 * hash, so nobody finds it by trying.
 */

enum {
	API_KEY_NAME_MAX = 64,
	API_KEY_HASH_BYTES = 32,	/* of SHA-256 */
	API_KEY_HASH_HEX = 2 * API_KEY_HASH_BYTES,
	API_KEY_CHARS = 47,		/* "bsk_" and 32 bytes in base64url */
	API_KEYS_FAULT_BYTES = 96
};

struct api_key {
	char	 name[API_KEY_NAME_MAX + 1];
	uint8_t	 hash[API_KEY_HASH_BYTES];
};

struct api_keys {
	size_t	 count;		/* 1 or more */
	struct api_key list[];
};

enum api_keys_status {
	API_KEYS_READ,
	API_KEYS_NONE,		/* nothing is wrong, but there is no key */
	API_KEYS_WRONG		/* or it cannot be read */
};

/*
 * Read the file at path.  API_KEYS_READ and *keys, to be freed by free(); or
 * what is wrong, in which *line it is, 0 for none in particular.
 */
enum api_keys_status api_keys_read(const char *path, struct api_keys **keys,
	    unsigned *line, char fault[API_KEYS_FAULT_BYTES])
	    __attribute__((warn_unused_result));

/* Whether both have the same keys; NULL has none. */
bool	 api_keys_are_equal(const struct api_keys *a, const struct api_keys *b);

/* Whether name may be that of a key: 1 to 64 of A-Z a-z 0-9 . _ - */
bool	 api_key_name_is_valid(const char *name, size_t len);

/* Make a key of 32 random bytes, with a NUL. */
void	 api_key_make(const uint8_t random[API_KEY_HASH_BYTES],
	    char key[API_KEY_CHARS + 1]);

/* The hash of len bytes that may be a key. */
void	 api_key_hash(const char *key, size_t len,
	    uint8_t hash[API_KEY_HASH_BYTES]);

/*
 * The name of the key with that hash; NULL if there is none, or keys is NULL.
 * Takes the same time wherever hashes differ.
 */
const char *api_keys_find(const struct api_keys *keys,
	    const uint8_t hash[API_KEY_HASH_BYTES]);

#endif
