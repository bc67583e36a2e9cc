#ifndef REPLACED_FILE_H
#define REPLACED_FILE_H

struct pace;

/*
 * A large file in whose place another is put.  The last who has such a file
 * open, or its last name, frees all of it at once, and what is committed to
 * that disk meanwhile waits until that is done: 0.05 s for half a gigabyte
 * where the disk is told of it (discard).  So it is freed bit by bit.
 */

/* A descriptor of the file at path, before it is replaced; -1 without one. */
int	 replaced_file_open(const char *path);
/*
 * Shorten it to nothing, unless it has a name yet or somebody else reads it,
 * and close it.  -1 is allowed.
 */
void	 replaced_file_close(int fd, struct pace *pace);

#endif
