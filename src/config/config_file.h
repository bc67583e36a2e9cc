#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stddef.h>

struct options;
struct setting_report;

/*
 * Put what the configuration file at path says into options, whose fields hold
 * their defaults, and note it; each section of a shop is added with what it
 * says.  Everything that is wrong is reported with file and line, and options
 * are of no use then.
 */
void	 config_file_read(const char *path, struct options *options,
	    struct setting_report *report);

#endif
