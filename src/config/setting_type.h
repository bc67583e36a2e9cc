#ifndef SETTING_TYPE_H
#define SETTING_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

/*
 * What values settings can have: how each type is read from text, told apart
 * and freed.
 */

enum setting_type {
	SETTING_SIZE,		/* size_t */
	SETTING_NUMBER,		/* unsigned */
	SETTING_BOOLEAN,	/* bool: yes, true, on; no, false, off */
	SETTING_LOG_LEVEL,	/* enum log_level by name */
	SETTING_ADDRESS_DETAIL,	/* enum address_detail by name */
	SETTING_TOKEN,		/* char *: RFC 9110, section 5.6.2; or "" */
	SETTING_BASE_PATH,	/* char *: http_target.h's normal form */
	SETTING_TEXT,		/* char *: printable, in UTF-8; or "" */
	SETTING_TICKETS,	/* enum ticket_requirement by name */
	SETTING_URL,		/* char *: see webhook_url.h; or "" */
	SETTING_FILE,		/* char *: a path that begins with /; or "" */
	SETTING_DATABASE,	/* char *: such a path, or a name that
				   database_name.h finds no fault with; or "" */
	SETTING_MODE,		/* mode_t, in octal: permission bits */
	SETTING_OWNER,		/* struct socket_access, but its mode:
				   user, user:group, :group; or "" */
	SETTING_ADMIN,		/* list of char *: see admin_socket.h */
	SETTING_ORIGINS,	/* list of char * */
	SETTING_EVENTS,		/* list of char *: see event_type.h */
	SETTING_FILES,		/* list of char *: paths that begin with / */
	SETTING_PREFIXES,	/* list of struct address_prefix */
	SETTING_ENDPOINTS,	/* list of struct endpoint */
	SETTING_TYPES
};

/* Whether names of users and groups may be asked for (nsswitch.conf(5)). */
enum setting_names {
	SETTING_NAMES_LEFT,	/* no: such an owner has the number -1 */
	SETTING_NAMES_LOOKED_UP	/* yes, which may wait for other machines */
};

enum { SETTING_PROBLEM_BYTES = 160 };

/* A value as it was written, and what else reading it takes. */
struct setting_text {
	const char *text;
	uint64_t max;		/* SIZE, NUMBER: the range begins at 0 */
	enum setting_names names;
	const void *list;	/* of a list: the values before it */
	size_t	 count;
	char	*problem;	/* SETTING_PROBLEM_BYTES; may stay empty */
};

struct setting_type_row {
	size_t	 size;		/* of a value; of a list, of one of them */
	bool	 is_list;
	bool	 is_text;	/* equal values have the same text */
	/* Read into value, which is zero or what was read before; -1 if it
	 * cannot be. */
	int	(*parse)(const struct setting_text *text, void *value);
	/* Free what value points to; NULL where it points to nothing. */
	void	(*clear)(void *value);
	/* NULL where equal values have the same bytes. */
	bool	(*is_equal)(const void *a, const void *b);
	/* What is wrong with a text, unless parse says more. */
	const char *problem;
};

/* By type. */
extern const struct setting_type_row setting_types[SETTING_TYPES];

int	 setting_log_level_parse(const char *text, enum log_level *level)
	    __attribute__((warn_unused_result));
const char *setting_log_level_name(enum log_level level);

#endif
