#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/std_fds.h"
#include "config/options.h"
#include "config/options_read.h"
#include "descriptors.h"
#include "server.h"

enum {
	/* Multicarts that are, in bytes. */
	LARGE_BYTES = 1048576,
	/* What is freed and kept for what comes next, until nothing does. */
	KEPT_BYTES = 8388608
};

int
main(int argc, char **argv)
{
	struct options options;
	int status;

	/* A peer that is gone, and a file that may not grow, are errors of a
	 * call; neither signal can fail to be ignored. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	/* What is large goes back to the system with its last reader; else
	 * the C library learns to keep it.  What is less does not, or its
	 * pages would cost more than it does to send them. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	log_omit_priority_on_terminal();
	if (std_fds_open() == -1) {
		log_error("standard input, output or error is closed, and "
		    "/dev/null");
		return EX_OSERR;
	}
	status = options_read(argc, argv, &options);
	if (status != OPTIONS_RUN)
		return status;
	log_set_level(options.log_level);
	log_never_block();
	log_aborts();
	/* Whatever limit and pattern say: carts and tokens are in memory. */
	if (!options.core_dumps)
		(void)prctl(PR_SET_DUMPABLE, 0);
	status = descriptors_require(&options) == -1 ? EX_OSERR :
	    server_run(&options, argc, argv);
	options_clear(&options);
	log_finish();
	return status;
}
