#ifndef DAEMON_REQUEST_H
#define DAEMON_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/admin_socket.h"
#include "config/endpoint.h"
#include "ctl.h"
#include "json_shape.h"
#include "json_tree.h"

/* A request to the daemon that runs, for a person or a program. */

/* An answer, with the JSON of its body. */
struct daemon_answer {
	unsigned status;		/* of HTTP */
	char	*body;
	struct json_tree *tree;
	const struct json_node *root;
};

/* What is asked, and what an answer has to be like. */
struct daemon_request {
	const char *method;
	const char *target;
	const struct json_shape *shape;	/* NULL: it is a text of another kind */
	unsigned also;			/* a status that answers it beside */
					/* those of success; 0 for none */
	const struct json_shape *also_shape; /* or NULL: like anything */
};

/* Why there is no daemon to ask. */
struct daemon_absence {
	bool	 is_absent;
	enum admin_socket socket;
	struct endpoint endpoint;	/* where nobody listens */
	int	 error;			/* errno of connecting */
};

/*
 * Ask the daemon that has ctl's database.  CTL_OK, and answer is to be cleared,
 * if what came is an answer of that shape; otherwise what is wrong was said:
 * there is no daemon, it refused, or its answer is not understood.
 */
enum ctl_status daemon_request_send(const struct ctl *ctl,
	    const struct daemon_request *request,
	    struct daemon_answer *answer);
/* The same, but if there is no daemon absence says so, and nothing is said. */
enum ctl_status daemon_request_try(const struct ctl *ctl,
	    const struct daemon_request *request, struct daemon_answer *answer,
	    struct daemon_absence *absence);
void	 daemon_answer_clear(struct daemon_answer *answer);
/* Ask, and let print print the answer. */
enum ctl_status daemon_request_print(const struct ctl *ctl,
	    const struct daemon_request *request,
	    void (*print)(const struct json_node *root));
/* POST to target, whose answer says nothing. */
enum ctl_status daemon_request_post(const struct ctl *ctl, const char *target);
/* Say that an answer is not understood, and what of it; CTL_UNAVAILABLE. */
enum ctl_status daemon_answer_malformed(const char *what);

/* What every session in an answer has. */
#define DAEMON_ANSWER_SESSION						\
	{ "session", JSON_KIND_TEXT, NULL },				\
	{ "incarnation", JSON_KIND_NUMBER, NULL },			\
	{ "revision", JSON_KIND_NUMBER, NULL },				\
	{ "members", JSON_KIND_NUMBER, NULL },				\
	{ "present", JSON_KIND_NUMBER, NULL },				\
	{ "away", JSON_KIND_NUMBER, NULL },				\
	{ "connections", JSON_KIND_NUMBER, NULL },			\
	{ "polls", JSON_KIND_NUMBER, NULL },				\
	{ "cartBytes", JSON_KIND_NUMBER, NULL },			\
	{ "locked", JSON_KIND_BOOL, NULL }

/* What follows is for members that are in the shape. */

/* A number, 0 for null. */
uint64_t daemon_answer_number(const struct json_node *node, const char *key);
bool	 daemon_answer_is_true(const struct json_node *node, const char *key);
bool	 daemon_answer_is_text(const struct json_node *node, const char *key,
	    const char *text);
/*
 * Print a text, "-" for null; at most columns, 0 for all of it.  Returns the
 * columns taken.
 */
size_t	 daemon_answer_print(const struct json_node *node, const char *key,
	    size_t columns);
/* Let print print each element of a list. */
void	 daemon_answer_each(const struct json_node *node, const char *key,
	    void (*print)(const struct json_node *element));
/* Print an object on a line of its own. */
void	 daemon_answer_print_json(const struct json_node *node);

#endif
