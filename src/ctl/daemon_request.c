#include "daemon_request.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin_client.h"
#include "base/log.h"
#include "base/number.h"
#include "json_line.h"
#include "printable.h"

static void
report_absence(const struct daemon_absence *absence)
{
	char where[ENDPOINT_TEXT_MAX + 1];

	switch (absence->socket) {
	case ADMIN_SOCKET_CONFIGURED:
	case ADMIN_SOCKET_DEFAULT:
		endpoint_format(&absence->endpoint, where);
		log_errorx("no daemon can be reached at %s: %s: %s", where,
		    strerror(absence->error), absence->error == EACCES ?
		    "use sudo, or be the daemon's user" :
		    "does it run, and are -c and -d the daemon's?");
		break;
	case ADMIN_SOCKET_NONE:
		log_errorx("the daemon cannot be asked: admin-listen is none");
		break;
	case ADMIN_SOCKET_UNNAMED:
		log_errorx("the daemon cannot be asked: with PostgreSQL its "
		    "admin socket is beside its key-file: see -c");
		break;
	case ADMIN_SOCKET_TOO_LONG:
		log_errorx("the daemon cannot be asked: its admin socket's "
		    "path would be too long: see admin-listen");
		break;
	}
}

/* Say why the daemon did not do what was asked. */
static enum ctl_status
report_refusal(const struct daemon_answer *answer)
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
daemon_answer_malformed(const char *what)
{
	log_errorx("the daemon's answer is not understood: %s: is it of "
	    "another version?", what);
	return CTL_UNAVAILABLE;
}

static enum ctl_status
check_answer(const struct daemon_request *request,
    const struct daemon_answer *answer)
{
	const struct json_shape *shape = request->shape;
	const char *fault;

	if (answer->status == request->also)
		shape = request->also_shape;
	else if (answer->status / 100 != 2)
		return report_refusal(answer);
	if (shape == NULL)
		return CTL_OK;
	if (answer->tree == NULL)
		return daemon_answer_malformed("it is no JSON");
	fault = json_shape_fault(answer->root, shape);
	if (fault == NULL)
		return CTL_OK;
	return daemon_answer_malformed(*fault == '\0' ? "it is no object" :
	    fault);
}

/* Read what came, whose body is taken. */
static enum ctl_status
read_answer(const struct daemon_request *request,
    const struct admin_client_answer *from, struct daemon_answer *answer)
{
	enum ctl_status status;

	*answer = (struct daemon_answer){
		.status = from->status,
		.body = from->body,
		.tree = json_tree_new(from->body, strlen(from->body)),
	};
	if (answer->tree != NULL)
		answer->root = json_tree_root(answer->tree);
	status = check_answer(request, answer);
	if (status != CTL_OK)
		daemon_answer_clear(answer);
	return status;
}

enum ctl_status
daemon_request_try(const struct ctl *ctl, const struct daemon_request *request,
    struct daemon_answer *answer, struct daemon_absence *absence)
{
	struct admin_client_answer from;

	*absence = (struct daemon_absence){ .is_absent = false };
	absence->socket = admin_socket_find(ctl->options, &absence->endpoint);
	if (absence->socket == ADMIN_SOCKET_NONE ||
	    absence->socket == ADMIN_SOCKET_UNNAMED ||
	    absence->socket == ADMIN_SOCKET_TOO_LONG) {
		absence->is_absent = true;
		return CTL_UNAVAILABLE;
	}
	switch (admin_client_ask(&absence->endpoint, request->method,
	    request->target, &from)) {
	case ADMIN_CLIENT_ANSWERED:
		return read_answer(request, &from, answer);
	case ADMIN_CLIENT_ABSENT:
		absence->is_absent = true;
		absence->error = errno;
		break;
	case ADMIN_CLIENT_FAILED:
		break;
	}
	return CTL_UNAVAILABLE;
}

enum ctl_status
daemon_request_send(const struct ctl *ctl, const struct daemon_request *request,
    struct daemon_answer *answer)
{
	struct daemon_absence absence;
	enum ctl_status status = daemon_request_try(ctl, request, answer,
	    &absence);

	if (absence.is_absent)
		report_absence(&absence);
	return status;
}

void
daemon_answer_clear(struct daemon_answer *answer)
{
	json_tree_free(answer->tree);
	free(answer->body);
}

enum ctl_status
daemon_request_print(const struct ctl *ctl,
    const struct daemon_request *request,
    void (*print)(const struct json_node *root))
{
	struct daemon_answer answer;
	enum ctl_status status = daemon_request_send(ctl, request, &answer);

	if (status != CTL_OK)
		return status;
	print(answer.root);
	daemon_answer_clear(&answer);
	return CTL_OK;
}

static void
print_nothing(const struct json_node *root)
{
	(void)root;	/* says nothing */
}

enum ctl_status
daemon_request_post(const struct ctl *ctl, const char *target)
{
	static const struct json_shape nothing[] = {
		{ NULL, JSON_KIND_TEXT, NULL },
	};
	const struct daemon_request request = {
		.method = "POST",
		.target = target,
		.shape = nothing,
	};

	return daemon_request_print(ctl, &request, print_nothing);
}

/* What is in the shape is there. */
static const struct json_node *
shaped_member(const struct json_node *node, const char *key)
{
	const struct json_node *member = json_node_member(node, key);

	assert(member != NULL);
	return member;
}

uint64_t
daemon_answer_number(const struct json_node *node, const char *key)
{
	const struct json_node *member = shaped_member(node, key);
	uint64_t number;

	return number_scan(member->text, member->len, UINT64_MAX, &number) ==
	    member->len ? number : 0;
}

bool
daemon_answer_is_true(const struct json_node *node, const char *key)
{
	return *shaped_member(node, key)->text == 't';
}

bool
daemon_answer_is_text(const struct json_node *node, const char *key,
    const char *text)
{
	const struct json_node *member = shaped_member(node, key);

	return member->len == strlen(text) + 2 &&
	    memcmp(member->text + 1, text, strlen(text)) == 0;
}

size_t
daemon_answer_print(const struct json_node *node, const char *key,
    size_t columns)
{
	const struct json_node *member = shaped_member(node, key);

	if (!json_node_is_string(member) || member->len == 2) {
		(void)putchar('-');
		return 1;
	}
	return printable_write_json(stdout, member->text + 1, member->len - 2,
	    columns == 0 ? SIZE_MAX : columns);
}

void
daemon_answer_each(const struct json_node *node, const char *key,
    void (*print)(const struct json_node *element))
{
	const struct json_node *list = shaped_member(node, key), *element;

	for (element = json_node_first(list); element != NULL;
	    element = json_node_next(list, element))
		print(element);
}

void
daemon_answer_print_json(const struct json_node *node)
{
	json_line_write_json(stdout, node->text, node->len);
	(void)putchar('\n');
}
