#ifndef SERVER_H
#define SERVER_H

struct options;

/*
 * Run the daemon until a signal stops it or its database fails; returns the
 * exit status (buddyshopping(8)).  What goes wrong is logged.
 */
int	 server_run(const struct options *options)
	    __attribute__((warn_unused_result));

#endif
