#ifndef KEY_FILE_H
#define KEY_FILE_H

#include "base/id.h"

struct fs_owner;

/* The key by which tokens are made and checked, in a file of its own. */

enum key_file_status {
	KEY_FILE_READ,
	KEY_FILE_MADE,		/* there was none */
	KEY_FILE_FAILED		/* the cause was logged */
};

/*
 * Read the key from the file of that name, ID_KEY_BYTES long, or make a new
 * one and the file, durably and with mode 0600.
 */
enum key_file_status key_file_load(const char *name, struct id_key *key);

/* Read it, or -1 with errno: ENODATA if the file is not a key. */
int	 key_file_read(const char *name, struct id_key *key)
	    __attribute__((warn_unused_result));
/* Make the file, or replace it, durably, for its owner; -1, which is logged. */
int	 key_file_put(const char *name, const struct id_key *key,
	    const struct fs_owner *owner)
	    __attribute__((warn_unused_result));

/*
 * Make the file to, likewise, with the key that the file from holds.  -1 if
 * there is none, to is there already, or it cannot be written, which is logged.
 */
int	 key_file_copy(const char *from, const char *to)
	    __attribute__((warn_unused_result));
/* The same, and a file to that is there goes. */
int	 key_file_replace(const char *from, const char *to)
	    __attribute__((warn_unused_result));

#endif
