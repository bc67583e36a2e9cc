#include "daemon_request.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin_client.h"
#include "base/log.h"
#include "config/admin_socket.h"
#include "config/endpoint.h"
#include "json_line.h"
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
	switch (admin_socket_find(ctl->options, endpoint)) {
	case ADMIN_SOCKET_CONFIGURED:
	case ADMIN_SOCKET_DEFAULT:
		return CTL_OK;
	case ADMIN_SOCKET_NONE:
		log_errorx("the daemon cannot be asked: admin-listen is none");
		break;
	case ADMIN_SOCKET_TOO_LONG:
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
	static const struct json_shape refusal[] = {
		{ "error", JSON_KIND_TEXT, NULL },
		{ NULL, JSON_KIND_TEXT, NULL },
	};
	const struct json_node *why;

	if (answer->tree != NULL &&
	    json_shape_fault(answer->root, refusal) == NULL) {
		why = json_node_member(answer->root, "error");
		log_errorx("%.*s", (int)why->len - 2, why->text + 1);
	} else
		log_errorx("the daemon refused (%u)", answer->status);
	return answer->status == 404 ? CTL_NOT_FOUND : CTL_UNAVAILABLE;
}

enum ctl_status
operating_misunderstood(const char *what)
{
	log_errorx("the daemon's answer is not understood: %s: is it of "
	    "another version?", what);
	return CTL_UNAVAILABLE;
}

static enum ctl_status
judge(const struct operating_answer *answer, const struct json_shape *shape,
    unsigned also)
{
	const char *fault;

	if (answer->status / 100 != 2 && answer->status != also)
		return say_refused(answer);
	if (answer->tree == NULL)
		return operating_misunderstood("it is no JSON");
	fault = json_shape_fault(answer->root, shape);
	if (fault == NULL)
		return CTL_OK;
	return operating_misunderstood(*fault == '\0' ? "it is no object" :
	    fault);
}

enum ctl_status
operating_read(struct admin_client_answer *from,
    const struct json_shape *shape, unsigned also,
    struct operating_answer *answer)
{
	enum ctl_status status;

	*answer = (struct operating_answer){
		.status = from->status,
		.body = from->body,
		.tree = json_tree_new(from->body, strlen(from->body)),
	};
	if (answer->tree != NULL)
		answer->root = json_tree_root(answer->tree);
	status = judge(answer, shape, also);
	if (status != CTL_OK)
		operating_clear(answer);
	return status;
}

enum ctl_status
operating_ask(const struct ctl *ctl, const struct operating_question *question,
    struct operating_answer *answer)
{
	struct admin_client_answer from;
	struct endpoint endpoint;
	enum ctl_status status = find_place(ctl, &endpoint);

	if (status != CTL_OK)
		return status;
	switch (admin_client_ask(&endpoint, question->method, question->target,
	    &from)) {
	case ADMIN_CLIENT_ANSWERED:
		return operating_read(&from, question->shape, question->also,
		    answer);
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

enum ctl_status
operating_order(const struct ctl *ctl, const char *target)
{
	static const struct json_shape nothing[] = {
		{ NULL, JSON_KIND_TEXT, NULL },
	};
	const struct operating_question question = {
		.method = "POST",
		.target = target,
		.shape = nothing,
	};
	struct operating_answer answer;
	enum ctl_status status = operating_ask(ctl, &question, &answer);

	if (status == CTL_OK)
		operating_clear(&answer);
	return status;
}

/* What is in the shape is there. */
static const struct json_node *
member_of(const struct json_node *node, const char *key)
{
	const struct json_node *member = json_node_member(node, key);

	assert(member != NULL);
	return member;
}

uint64_t
operating_number(const struct json_node *node, const char *key)
{
	return strtoull(member_of(node, key)->text, NULL, 10);
}

bool
operating_is_true(const struct json_node *node, const char *key)
{
	return *member_of(node, key)->text == 't';
}

bool
operating_is_text(const struct json_node *node, const char *key,
    const char *text)
{
	const struct json_node *member = member_of(node, key);

	return member->len == strlen(text) + 2 &&
	    memcmp(member->text + 1, text, strlen(text)) == 0;
}

size_t
operating_print(const struct json_node *node, const char *key, size_t columns)
{
	const struct json_node *member = member_of(node, key);

	if (!json_node_is_string(member) || member->len == 2) {
		(void)putchar('-');	/* errors show in the end */
		return 1;
	}
	return printable_write_json(stdout, member->text + 1, member->len - 2,
	    columns == 0 ? SIZE_MAX : columns);
}

const struct json_node *
operating_first(const struct json_node *node, const char *key)
{
	return json_node_first(member_of(node, key));
}

const struct json_node *
operating_next(const struct json_node *node, const char *key,
    const struct json_node *element)
{
	return json_node_next(member_of(node, key), element);
}

void
operating_print_json(const struct json_node *node)
{
	json_line_write_json(stdout, node->text, node->len);
	(void)putchar('\n');	/* errors show in the end */
}
