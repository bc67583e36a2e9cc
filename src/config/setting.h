#ifndef SETTING_H
#define SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct buf;

/*
 * One setting: its key, and how text becomes a value in a field of the struct
 * that holds all of them (base).  Every source of settings, the default too,
 * gives text, so that each value is read and checked in one way.
 */

enum setting_type {
	SETTING_SIZE,		/* size_t */
	SETTING_NUMBER,		/* unsigned */
	SETTING_BOOLEAN,	/* bool: yes, true, on; no, false, off */
	SETTING_LOG_LEVEL,	/* enum log_level by name */
	SETTING_ADDRESS_DETAIL,	/* enum address_detail by name */
	SETTING_TOKEN, /* char *: RFC 9110, section 5.6.2; or "" */
	SETTING_BASE_PATH,	/* char *: route.h's normal form */
	SETTING_FILE, /* char *: a path that begins with /; or "" */
	SETTING_MODE,		/* mode_t, in octal: permission bits */
	SETTING_OWNER,		/* struct socket_access, but its mode:
				   user, user:group, :group; or "" */
	SETTING_ADMIN,		/* list of char *: see admin_socket.h */
	SETTING_ORIGINS,	/* list of char * */
	SETTING_PREFIXES,	/* list of struct address_prefix */
	SETTING_ENDPOINTS	/* list of struct endpoint */
};

struct setting {
	const char *key;
	enum setting_type type;
	const char *initial;	/* the default, as text */
	uint64_t max;		/* SIZE, NUMBER: the range begins at 0 */
	size_t	 offset;	/* of the field in base */
	size_t count_offset; /* lists: of the size_t that counts them */
	const char *unit;	/* NULL if it has none */
	const char *help;	/* a few words */
	bool needs_restart; /* a running daemon cannot change it */
};

/* Whether names of users and groups may be asked for (nsswitch.conf(5)). */
enum setting_names {
	SETTING_NAMES_LEFT,	/* no: such an owner has the number -1 */
	SETTING_NAMES_LOOKED_UP /* yes, which may wait for other machines */
};

enum { SETTING_PROBLEM_BYTES = 160 };

/* Read a decimal number of at most max; -1 if text is anything else. */
int setting_number_parse(const char *text, uint64_t max, uint64_t *number)
    __attribute__((warn_unused_result));

int	 setting_log_level_parse(const char *text, enum log_level *level)
	    __attribute__((warn_unused_result));
const char *setting_log_level_name(enum log_level level);

bool	 setting_is_list(const struct setting *setting);

/* Free what the field points to: a list is empty then.  Others stay. */
void	 setting_clear(const struct setting *setting, void *base);

/*
 * Give the field the value of text; to a list the values of text, separated by
 * commas, are added ("" adds none).  -1 if it cannot be: problem then says
 * what is wrong.
 */
int	 setting_put(const struct setting *setting, void *base,
	    const char *text, enum setting_names names,
	    char problem[SETTING_PROBLEM_BYTES])
	    __attribute__((warn_unused_result));

/* The one of count settings with that key, or NULL. */
const struct setting *setting_find(const struct setting *settings,
	    size_t count, const char *key);
/* The one whose key is spelt most like it. */
const struct setting *setting_nearest(const struct setting *settings,
	    size_t count, const char *key);

/* How settings are read: where problems go, and how many there were. */
struct setting_report {
	enum setting_names names;
	bool is_plain; /* bare lines on standard error, not log lines */
	struct buf *lines;	/* they go here too, if it is not NULL */
	size_t	 problems;
};

/*
 * Say "where: key: what", or "where: what" if key is NULL.  Bytes of key that
 * no key has are shown as '?'.
 */
void	 setting_report(struct setting_report *report, const char *where,
	    const char *key, const char *what);
/* Report that there is no such key, and which one may have been meant. */
void	 setting_report_unknown(struct setting_report *report,
	    const char *where, const char *key, const struct setting *settings,
	    size_t count);

#endif
