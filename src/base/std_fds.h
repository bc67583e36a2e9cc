#ifndef STD_FDS_H
#define STD_FDS_H

/*
 * Open /dev/null for each of standard input, output and error that is closed:
 * the next file to be opened would get its number, and what is printed or
 * logged after that would be written into a database.  They are opened for the
 * other direction, so that reading and writing fail as before.  The first thing
 * to do in a program.  0, or -1 with errno.
 */
int	 std_fds_open(void) __attribute__((warn_unused_result));

#endif
