#include "operating.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin_client.h"
#include "base/log.h"
#include "daemon/admin_place.h"
#include "net/endpoint.h"
#include "printable.h"

static enum ctl_status
say_absent(const struct endpoint *endpoint, int error)
{
	char where[ENDPOINT_TEXT_MAX + 1];

	endpoint_format(endpoint, where);
	log_errorx("no daemon can be reached at %s: %s: %s", where,
	    strerror(error), error == EACCES ?
	    "use sudo, or be the daemon's user" :
	    "does it run, and are -c and -d the daemon's?");
	return CTL_UNAVAILABLE;
}

/* Where the daemon listens for us. */
static enum ctl_status
find_place(const struct ctl *ctl, struct endpoint *endpoint)
{
	switch (admin_place_find(ctl->options, endpoint)) {
	case ADMIN_PLACE_CHOSEN:
	case ADMIN_PLACE_BESIDE:
		return CTL_OK;
	case ADMIN_PLACE_NONE:
		log_errorx("the daemon cannot be asked: admin-listen is none");
		break;
	case ADMIN_PLACE_TOO_LONG:
		log_errorx("the daemon cannot be asked: its admin socket's "
		    "path would be too long: see admin-listen");
		break;
	}
	return CTL_UNAVAILABLE;
}

/* Say why the daemon did not do what was asked. */
static enum ctl_status
say_refused(const struct operating_answer *answer)
{
	const struct json_node *why = json_node_member(answer->root, "error");

	if (why != NULL && json_node_is_string(why))
		log_errorx("%.*s", (int)why->len - 2, why->text + 1);
	else
		log_errorx("the daemon refused (%u)", answer->status);
	return answer->status == 404 ? CTL_NOT_FOUND : CTL_UNAVAILABLE;
}

static enum ctl_status
read_answer(struct admin_client_answer *from, unsigned also,
    struct operating_answer *answer)
{
	enum ctl_status status = CTL_UNAVAILABLE;

	*answer = (struct operating_answer){
		.status = from->status,
		.body = from->body,
		.tree = json_tree_new(from->body, strlen(from->body)),
	};
	if (answer->tree == NULL) {
		log_errorx("the daemon's answer is no JSON");
	} else {
		answer->root = json_tree_root(answer->tree);
		status = from->status < 300 || from->status == also ? CTL_OK :
		    say_refused(answer);
	}
	if (status != CTL_OK)
		operating_clear(answer);
	return status;
}

enum ctl_status
operating_ask(const struct ctl *ctl, const char *method, const char *target,
    unsigned also, struct operating_answer *answer)
{
	struct admin_client_answer from;
	struct endpoint endpoint;
	enum ctl_status status = find_place(ctl, &endpoint);

	if (status != CTL_OK)
		return status;
	switch (admin_client_ask(&endpoint, method, target, &from)) {
	case ADMIN_CLIENT_ANSWERED:
		return read_answer(&from, also, answer);
	case ADMIN_CLIENT_ABSENT:
		return say_absent(&endpoint, errno);
	case ADMIN_CLIENT_FAILED:
		break;
	}
	return CTL_UNAVAILABLE;
}

void
operating_clear(struct operating_answer *answer)
{
	json_tree_free(answer->tree);
	free(answer->body);
}

uint64_t
operating_number(const struct json_node *node, const char *key)
{
	const struct json_node *member = json_node_member(node, key);

	return member == NULL ? 0 : strtoull(member->text, NULL, 10);
}

bool
operating_is_true(const struct json_node *node, const char *key)
{
	const struct json_node *member = json_node_member(node, key);

	return member != NULL && member->len == 4 &&
	    strncmp(member->text, "true", 4) == 0;
}

void
operating_print(const struct json_node *node, const char *key, size_t columns)
{
	const struct json_node *member = json_node_member(node, key);

	if (member == NULL || !json_node_is_string(member) || member->len == 2)
		(void)putchar('-');	/* errors show in the end */
	else
		(void)printable_write_json(stdout, member->text + 1,
		    member->len - 2, columns == 0 ? SIZE_MAX : columns);
}
