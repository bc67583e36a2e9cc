#ifndef SERVER_H
#define SERVER_H

struct options;

/*
 * Run the daemon until a signal stops it or its database fails; returns the
 * exit status (buddyshopping(8)).  What goes wrong is logged.  options are what
 * options_read() made of argc and argv; a reload changes them.
 */
int	 server_run(struct options *options, int argc, char **argv)
	    __attribute__((warn_unused_result));

#endif
