#ifndef ARGUMENTS_H
#define ARGUMENTS_H

struct plan;

/*
 * The plan that the command line asks for; its strings are those of argv, which
 * is written to.  Does not return if there is none: prints why, and ends the
 * process with a status of sysexits(3).
 */
void	 arguments_parse(int argc, char *argv[], struct plan *plan);

#endif
