#ifndef SESSION_CALL_H
#define SESSION_CALL_H

#include "ctl.h"

struct json_node;
struct json_shape;

/* What every answer has. */
#define SESSION_CALL_ANSWER						\
	{ "incarnation", JSON_KIND_NUMBER, NULL },			\
	{ "revision", JSON_KIND_NUMBER, NULL }

/*
 * Have the daemon do deed ("lock", "unlock", "end") with the session that the
 * command's operand is, and wait until that is durable.  print, or NULL, prints
 * the answer, which is of that shape.
 */
enum ctl_status session_call_run(const struct ctl *ctl, const char *deed,
	    const struct json_shape *shape,
	    void (*print)(const struct json_node *answer));

#endif
