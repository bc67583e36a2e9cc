#include "replaced_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pace.h"

enum { SLICE_BYTES = 1 << 20 };

int
replaced_file_open(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/*
 * Whether nobody else can see it any more.  Only then the kernel grants the
 * lease, and to a file without a name nobody comes later.
 */
static bool
is_forgotten(int fd, const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 0 &&
	    fcntl(fd, F_SETLEASE, F_WRLCK) == 0 &&
	    fcntl(fd, F_SETLEASE, F_UNLCK) == 0;
}

/* Each slice is waited for, or the disk would get all of them in one go. */
static void
shorten(int fd, off_t size, struct pace *pace)
{
	while (size > 0) {
		size -= size < SLICE_BYTES ? size : SLICE_BYTES;
		if (ftruncate(fd, size) == -1 || fsync(fd) == -1)
			return;	/* closing it does the same */
		pace_keep(pace);
	}
}

void
replaced_file_close(int fd, struct pace *pace)
{
	struct stat st;

	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && is_forgotten(fd, &st))
		shorten(fd, st.st_size, pace);
	(void)close(fd); /* nobody reads it any more */
}
