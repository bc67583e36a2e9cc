#include <langinfo.h>
#include <locale.h>
#include <malloc.h>
#include <string.h>

#include "base/log.h"
#include "base/std_fds.h"
#include "commands.h"
#include "ctl.h"

enum {
	/* Slices of rows, in bytes. */
	LARGE_BYTES = 1048576,
	/* What is freed and kept for the next ones. */
	KEPT_BYTES = 8388608
};

/* Names and carts are UTF-8 and are printed as that, whatever the locale. */
static void
use_locale(void)
{
	/* Where there is neither, only ASCII is shown as it is. */
	if (setlocale(LC_CTYPE, "") == NULL ||
	    strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		(void)setlocale(LC_CTYPE, "C.UTF-8");
}

int
main(int argc, char **argv)
{
	/* Else the pages of what comes and goes by slices go with each. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	if (std_fds_open() == -1) {
		log_error("standard input, output or error is closed, and "
		    "/dev/null");
		return CTL_IO_ERROR;
	}
	use_locale();
	return ctl_run(commands, argc, argv);
}
