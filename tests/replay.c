/*
 * Runs a fuzz target over files instead of invented input, so that the seed
 * corpora are tests wherever there is a compiler.  Each argument is a file or a
 * folder of files.  Silent unless something is wrong.
 */

#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"

#define INPUT_MAX_BYTES (1 << 24)

int	 LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
replay_file(const char *path)
{
	struct buf input;
	FILE *file = fopen(path, "rb");
	char piece[4096];
	size_t n;

	if (file == NULL)
		err(EXIT_FAILURE, "%s", path);
	buf_init(&input, INPUT_MAX_BYTES);
	while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
		if (buf_append(&input, piece, n) == -1)
			errx(EXIT_FAILURE, "%s: too big", path);
	if (ferror(file))
		err(EXIT_FAILURE, "%s", path);
	(void)fclose(file);	/* nothing was written */
	if (LLVMFuzzerTestOneInput((const uint8_t *)(input.len > 0 ?
	    buf_data(&input) : ""), input.len) != 0)
		errx(EXIT_FAILURE, "%s: refused", path);
	buf_clear(&input);
}

static void
replay_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int files = 0;

	if (folder == NULL)
		err(EXIT_FAILURE, "%s", path);
	while ((entry = readdir(folder)) != NULL) {
		char *file;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&file, "%s/%s", path, entry->d_name) == -1)
			err(EXIT_FAILURE, "%s", path);
		replay_file(file);
		free(file);
		files++;
	}
	(void)closedir(folder);	/* it is open */
	if (files == 0)
		errx(EXIT_FAILURE, "%s: no files", path);
}

int
main(int argc, char **argv)
{
	int i;

	if (argc < 2)
		errx(EXIT_FAILURE, "no files to read");
	for (i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) == -1)
			err(EXIT_FAILURE, "%s", argv[i]);
		if (S_ISDIR(st.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i]);
	}
	return EXIT_SUCCESS;
}
