#ifndef TICKET_FILES_H
#define TICKET_FILES_H

#include <stddef.h>

struct setting_report;
struct ticket_keys;

/* The keys of tickets, in files of their own. */

/*
 * Read the keys of count paths, of files and of folders of files: KID.hs256 or
 * KID.pem.  In a folder, names that begin with a dot are passed over.  NULL if
 * anything is wrong, which is reported.  Never waits for what is no file.
 */
struct ticket_keys *ticket_files_read(char *const *paths, size_t count,
	    struct setting_report *report)
	    __attribute__((warn_unused_result));

#endif
