#include "std_fds.h"

#include <fcntl.h>
#include <unistd.h>

int
std_fds_open(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		/* The lowest number that is free is this one. */
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1)
			return -1;
	return 0;
}
