#ifndef ATOMIC_FILE_H
#define ATOMIC_FILE_H

#include <stdint.h>

#include "store_status.h"

/*
 * A file that appears at a path when it is whole.  Until then it grows in a
 * folder beside that path, into which nobody else can put anything: SQLite
 * would take a -wal or -journal beside a file for the file's own, whoever made
 * it.  Only who may rename what is in the folder above could interfere, and
 * they could replace the whole file as well.
 */
struct atomic_file;

/*
 * Make the folder, whose name is path with suffix behind it, and in it an empty
 * file of path's name, for us alone.  A folder that is there already is used if
 * it can be of a draft that was killed, which goes, as does a draft of an older
 * version: a plain file of ours by the folder's name.  On failure the cause was
 * logged, and nothing is left to close: STORE_CANNOT_CREATE if the folder is
 * not ours alone, STORE_IN_USE if another draft is in it.
 */
enum store_open_status atomic_file_open(const char *path, const char *suffix,
	    struct atomic_file **draft);
/* The folder goes, with all that is in it.  NULL is allowed. */
void	 atomic_file_close(struct atomic_file *draft);

/* Lent until the draft is published or closed: its path ... */
const char *atomic_file_path(const struct atomic_file *draft);
/* ... and a descriptor, to read and to write it. */
int	 atomic_file_fd(const struct atomic_file *draft);
/* -1, which is logged, if the disk has no room for that many bytes. */
int	 atomic_file_check_room(const struct atomic_file *draft, uint64_t bytes)
	    __attribute__((warn_unused_result));

/*
 * Give the draft its name, durably; -1 with errno.  EEXIST if there is
 * something of that name, which stays.
 */
int	 atomic_file_publish(struct atomic_file *draft)
	    __attribute__((warn_unused_result));
/* The same, and what is there goes. */
int	 atomic_file_replace(struct atomic_file *draft)
	    __attribute__((warn_unused_result));

#endif
