#ifndef OPERATING_H
#define OPERATING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl.h"
#include "json_tree.h"

/* A request to the daemon that runs, for a person or a program. */

/* An answer, with the JSON of its body. */
struct operating_answer {
	unsigned status;		/* of HTTP */
	char	*body;
	struct json_tree *tree;
	const struct json_node *root;
};

/*
 * Ask the daemon that has ctl's database.  CTL_OK, and answer is to be cleared,
 * if it answered with a status below 300, or with also (0 for none); otherwise
 * what is wrong was said: there is no daemon, or it refused.
 */
enum ctl_status operating_ask(const struct ctl *ctl, const char *method,
	    const char *target, unsigned also,
	    struct operating_answer *answer);
void	 operating_clear(struct operating_answer *answer);

/* A number among the members of an object, 0 if there is none. */
uint64_t operating_number(const struct json_node *node, const char *key);
/* Whether a member is true. */
bool	 operating_is_true(const struct json_node *node, const char *key);
/* Print a text among them, "-" for none; at most columns, 0 for all of it. */
void	 operating_print(const struct json_node *node, const char *key,
	    size_t columns);

#endif
