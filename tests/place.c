#include "place.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

#include "suite.h"

void
path_beside(const struct place *place, const char *name, char out[PATH_BYTES])
{
	(void)snprintf(out, PATH_BYTES, "%s/%s", place->directory, name);
}

void
place_init(struct place *place)
{
	char path[PATH_BYTES];
	int fd;

	*place = (struct place){ .directory = "place.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(place->directory));
	path_beside(place, "x.db", path);
	storage_name(path, place->path);
	(void)snprintf(place->log, sizeof(place->log), "%s.log",
	    place->directory); /* fits */
	place->saved_stderr = dup(STDERR_FILENO);
	fd = open(place->log, O_RDWR | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_ne(dup2(fd, STDERR_FILENO), -1);
	ck_assert_int_eq(close(fd), 0);
}

size_t
count_files(const struct place *place)
{
	DIR *directory = opendir(place->directory);
	struct dirent *entry;
	size_t n = 0;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL)
		n += entry->d_name[0] != '.';
	ck_assert_int_eq(closedir(directory), 0);
	return n;
}

void
place_clear(struct place *place)
{
	DIR *directory = opendir(place->directory);
	struct dirent *entry;
	char path[PATH_BYTES];

	storage_remove(place->path);
	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL) {
		path_beside(place, entry->d_name, path);
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			ck_assert_int_eq(remove(path), 0);
	}
	ck_assert_int_eq(closedir(directory), 0);
	ck_assert_int_eq(rmdir(place->directory), 0);
	ck_assert_int_ne(dup2(place->saved_stderr, STDERR_FILENO), -1);
	ck_assert_int_eq(close(place->saved_stderr), 0);
	ck_assert_int_eq(unlink(place->log), 0);
}

size_t
read_file(const char *path, uint8_t *bytes, size_t room)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	ck_assert_int_ne(fd, -1);
	n = read(fd, bytes, room);
	ck_assert_int_ge(n, 0);
	ck_assert_int_eq(close(fd), 0);
	return (size_t)n;
}

void
write_file(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(close(fd), 0);
}

int
logged_lines(const struct place *place, const char *text)
{
	char *log = xcalloc(1, FILE_MAX + 1), *line, *rest = log;
	int n = 0;

	(void)read_file(place->log, (uint8_t *)log, FILE_MAX); /* ends in NUL */
	while ((line = strsep(&rest, "\n")) != NULL)
		n += strstr(line, text) != NULL;
	free(log);
	ck_assert_int_eq(ftruncate(STDERR_FILENO, 0), 0);
	ck_assert_int_eq(lseek(STDERR_FILENO, 0, SEEK_SET), 0);
	return n;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

void
picture_take(struct picture *picture, const struct place *place)
{
	DIR *directory = opendir(place->directory);
	struct dirent *entry;
	char path[PATH_BYTES];

	*picture = (struct picture){ .count = 0 };
	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL) {
		size_t i = picture->count;

		path_beside(place, entry->d_name, path);
		if (entry->d_name[0] == '.' || entry->d_type != DT_REG)
			continue;
		ck_assert_uint_lt(i, FILES_MAX);
		(void)snprintf(picture->files[i].name,
		    sizeof(picture->files[i].name), "%.60s", entry->d_name);
		picture->files[i].bytes = xcalloc(1, FILE_MAX);
		picture->files[i].len = read_file(path,
		    picture->files[i].bytes, FILE_MAX);
		picture->count++;
	}
	ck_assert_int_eq(closedir(directory), 0);
	qsort(picture->files, picture->count, sizeof(picture->files[0]),
	    by_name);
}

void
picture_compare(struct picture *before, const struct place *place)
{
	struct picture now;
	size_t i;

	picture_take(&now, place);
	ck_assert_uint_eq(now.count, before->count);
	for (i = 0; i < now.count; i++) {
		ck_assert_str_eq(now.files[i].name, before->files[i].name);
		ck_assert_uint_eq(now.files[i].len, before->files[i].len);
		if (strstr(now.files[i].name, "-shm") == NULL)
			ck_assert_mem_eq(now.files[i].bytes,
			    before->files[i].bytes, now.files[i].len);
		free(now.files[i].bytes);
		free(before->files[i].bytes);
	}
}
