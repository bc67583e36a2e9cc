#ifndef DATABASE_OPTIONS_H
#define DATABASE_OPTIONS_H

struct options;
struct setting_report;

/*
 * Why this program can use no database of that name, in words that have nothing
 * of it; NULL if it can.
 */
const char *database_options_name_fault(const char *name);
/*
 * Judge whether this program can use a database of that name, which stands in
 * where: "-d", or the setting.  0, or -1 and what is wrong is reported, without
 * a password that the name may hold.
 */
int	 database_options_check_name(const char *name, const char *where,
	    struct setting_report *report)
	    __attribute__((warn_unused_result));
/*
 * Judge whether the daemon has a key of tokens with that database, and can read
 * or make its file.  What is wrong is reported.
 */
void	 database_options_check_key(const char *name,
	    const struct options *options, struct setting_report *report);

#endif
