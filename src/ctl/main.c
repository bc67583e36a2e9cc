#include <langinfo.h>
#include <locale.h>
#include <string.h>

#include "base/log.h"
#include "base/std_fds.h"
#include "commands.h"
#include "ctl.h"

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
	if (std_fds_open() == -1) {
		log_error("standard input, output or error is closed, and "
		    "/dev/null");
		return CTL_IO_ERROR;
	}
	use_locale();
	return ctl_run(commands, argc, argv);
}
