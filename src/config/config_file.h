#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stddef.h>

struct provenance;
struct setting_report;

/*
 * Put what the configuration file at path says into the fields of base, which
 * hold their defaults, and note it.  Everything that is wrong is reported with
 * file and line, and base is of no use then.
 */
void	 config_file_read(const char *path, void *base,
	    struct provenance *provenance, struct setting_report *report);

#endif
