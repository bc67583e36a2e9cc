#ifndef PLACE_H
#define PLACE_H

#include <stddef.h>
#include <stdint.h>

#include "storage.h"

/* What tests of the database's files share. */

enum {
	DIRECTORY_BYTES = 64,
	PATH_BYTES = 400,
	FILE_MAX = 1 << 20,
	FILES_MAX = 8
};

/* A directory of its own for each test, with a database or without. */
struct place {
	char	 directory[DIRECTORY_BYTES];
	char	 path[STORAGE_NAME_BYTES]; /* of the database, x.db; or its */
					/* name, where it is no file */
	char	 log[PATH_BYTES];	/* where standard error goes */
	int	 saved_stderr;
};

/* The bytes of all files of a place, to compare. */
struct picture {
	size_t	 count;
	struct {
		char	 name[64];
		size_t	 len;
		uint8_t	*bytes;
	} files[FILES_MAX];
};

void	 place_init(struct place *place);
/* Removes the directory with all that is in it. */
void	 place_clear(struct place *place);

void	 path_beside(const struct place *place, const char *name,
	    char out[PATH_BYTES]);
/* Files in the directory, without . and .. */
size_t	 count_files(const struct place *place);

/* At most room bytes; returns how many there were. */
size_t	 read_file(const char *path, uint8_t *bytes, size_t room);
void	 write_file(const char *path, const void *bytes, size_t len);

/* Lines of the log since the last call that speak of text. */
int	 logged_lines(const struct place *place, const char *text);

void	 picture_take(struct picture *picture, const struct place *place);
/*
 * The place looks as in picture, which is no longer needed.  What is in a
 * -shm file is nobody's data: SQLite makes it anew from the log.
 */
void	 picture_compare(struct picture *before, const struct place *place);

#endif
