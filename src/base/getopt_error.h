#ifndef GETOPT_ERROR_H
#define GETOPT_ERROR_H

struct option;

/*
 * What is wrong with an option, in place of what getopt_long(3) prints, which
 * has whatever stands on the command line in it.  It is kept from printing by
 * opterr and a colon in front of the letters.
 */

#define GETOPT_ERROR_BYTES 512

/*
 * Write what is wrong after getopt_long() returned c, '?' or ':', for argv and
 * names, which have a letter for each that is in the letters, too.  Bytes of
 * the option outside printable ASCII come out as \xHH.
 */
void	 getopt_error(int c, char *const *argv, const struct option *names,
	    char text[GETOPT_ERROR_BYTES]);

#endif
