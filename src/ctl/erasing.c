#include "erasing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "admin_client.h"
#include "audit/offline_erase.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "config/admin_socket.h"
#include "config/endpoint.h"
#include "config/options.h"
#include "daemon_request.h"
#include "hub/erasure.h"
#include "printable.h"

enum {
	FIRST_WAIT_MS = 20, /* until the daemon is asked again: */
	LAST_WAIT_MS = 500,		/* it grows to this */
	OFFLINE_WAIT_MS = 60000,	/* for readers of the database */
	TARGET_BYTES = 512
};

static const struct json_shape begun_shape[] = {
	{ "id", JSON_KIND_NUMBER, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static const struct json_shape state_shape[] = {
	{ "state", JSON_KIND_TEXT, NULL },
	{ "bodies", JSON_KIND_NUMBER, NULL },
	{ NULL, JSON_KIND_TEXT, NULL },
};

static void
print_erased(const struct payload *session, uint64_t bodies)
{
	(void)printable_write(stdout, session->data, session->len, SIZE_MAX);
	(void)printf(": erased %" PRIu64 " records\n", bodies);
}

static enum ctl_status
report_erasure(const struct payload *session, const struct erasure *erasure)
{
	switch (erasure->state) {
	case ERASURE_DONE:
		print_erased(session, erasure->bodies);
		return CTL_OK;
	case ERASURE_NOT_FOUND:
		log_errorx("%s: no such session, or no such customer in it",
		    session->data);
		return CTL_NOT_FOUND;
	case ERASURE_FAILED:
		log_errorx("%s: nothing was erased: the storage refused",
		    session->data);
		return CTL_IO_ERROR;
	case ERASURE_PENDING:
		log_errorx("%s: not all is erased: somebody reads the "
		    "database, or the storage failed: erase it again",
		    session->data);
		return CTL_IN_USE;
	case ERASURE_UNKNOWN:
		break;
	}
	log_errorx("%s: the daemon was started anew meanwhile: erase it again",
	    session->data);
	return CTL_UNAVAILABLE;
}

static int
parse_erasure_state(const struct json_node *root, enum erasure_state *state)
{
	static const struct {
		const char *name;
		enum erasure_state state;
	} states[] = {
		{ "pending", ERASURE_PENDING },
		{ "done", ERASURE_DONE },
		{ "notFound", ERASURE_NOT_FOUND },
		{ "failed", ERASURE_FAILED },
	};
	size_t i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (daemon_answer_is_text(root, "state", states[i].name)) {
			*state = states[i].state;
			return 0;
		}
	return -1;
}

/* Read how an erasure goes. */
static enum ctl_status
parse_erasure(struct admin_client_answer *from, struct erasure *erasure)
{
	struct daemon_answer answer;
	enum ctl_status status =
	    daemon_answer_parse(from, state_shape, 0, &answer);

	if (status != CTL_OK)
		return status;
	erasure->bodies = daemon_answer_number(answer.root, "bodies");
	if (parse_erasure_state(answer.root, &erasure->state) == -1)
		status = daemon_answer_malformed("state");
	daemon_answer_clear(&answer);
	return status;
}

/* Ask once how an erasure goes; CTL_OK if there was an answer to that. */
static enum ctl_status
request_erasure_state(const struct endpoint *endpoint, uint64_t number,
    struct erasure *erasure)
{
	struct admin_client_answer answer;
	char target[TARGET_BYTES];

	xsnprintf(target, sizeof(target), "/erase/%" PRIu64, number);
	switch (admin_client_ask(endpoint, "GET", target, &answer)) {
	case ADMIN_CLIENT_ANSWERED:
		break;
	case ADMIN_CLIENT_ABSENT:
		log_warn("the daemon went away: erase it again");
		return CTL_UNAVAILABLE;
	case ADMIN_CLIENT_FAILED:
		return CTL_UNAVAILABLE;
	}
	if (answer.status != 404)
		return parse_erasure(&answer, erasure);
	*erasure = (struct erasure){ .state = ERASURE_UNKNOWN };
	free(answer.body);
	return CTL_OK;
}

static void
sleep_ms(unsigned ms)
{
	const struct timespec time = { .tv_nsec = (long)ms * 1000000 };

	(void)nanosleep(&time, NULL); /* too early is early enough */
}

static void
show_pending(const struct erasure *erasure)
{
	if (isatty(STDERR_FILENO) == 1)
		(void)fprintf(stderr, "\r\033[Kerasing: %" PRIu64 " records",
		    erasure->bodies);
}

static void
wipe_pending(void)
{
	if (isatty(STDERR_FILENO) == 1)
		(void)fputs("\r\033[K", stderr); /* nobody is told */
}

static enum ctl_status
await_erasure(const struct endpoint *endpoint, const struct payload *session,
    uint64_t number)
{
	struct erasure erasure = { .state = ERASURE_PENDING };
	unsigned wait_ms = FIRST_WAIT_MS;
	enum ctl_status status;

	for (;;) {
		status = request_erasure_state(endpoint, number, &erasure);
		if (status != CTL_OK || erasure.state != ERASURE_PENDING)
			break;
		show_pending(&erasure);
		sleep_ms(wait_ms);
		wait_ms = wait_ms * 2 < LAST_WAIT_MS ? wait_ms * 2 :
		    LAST_WAIT_MS;
	}
	wipe_pending();
	return status == CTL_OK ? report_erasure(session, &erasure) : status;
}

/* Await what the daemon began, as it answered; the answer's body is taken. */
static enum ctl_status
erase_by_daemon(const struct endpoint *endpoint,
    const struct payload *session, struct admin_client_answer *from)
{
	struct daemon_answer answer;
	enum ctl_status status =
	    daemon_answer_parse(from, begun_shape, 0, &answer);
	uint64_t number;

	if (status != CTL_OK)
		return status;
	number = daemon_answer_number(answer.root, "id");
	daemon_answer_clear(&answer);
	return await_erasure(endpoint, session, number);
}

/* A daemon that runs has the lock: why it could not be asked. */
static void
explain_unreachable(enum admin_socket place, const struct endpoint *endpoint,
    int error)
{
	char where[ENDPOINT_TEXT_MAX + 1];

	switch (place) {
	case ADMIN_SOCKET_NONE:
	case ADMIN_SOCKET_TOO_LONG:
		log_errorx("the daemon runs, and %s: stop it first, or give "
		    "it another admin-listen", place == ADMIN_SOCKET_NONE ?
		    "admin-listen is none" :
		    "its admin socket's path would be too long");
		break;
	case ADMIN_SOCKET_CONFIGURED:
	case ADMIN_SOCKET_DEFAULT:
		endpoint_format(endpoint, where);
		log_errorx("the daemon runs, but %s cannot be reached: %s: "
		    "are you its user, and is -c the daemon's?", where,
		    strerror(error));
		break;
	}
}

static enum ctl_status
erase_offline(const struct ctl *ctl, struct payload *session,
    const struct customer_id *customer)
{
	struct erasure erasure;

	switch (offline_erase(ctl->database, session, customer,
	    OFFLINE_WAIT_MS, &erasure)) {
	case STORE_OPENED:
		return report_erasure(session, &erasure);
	case STORE_BAD_DATA:
		return CTL_BAD_DATA;
	case STORE_IN_USE:
		return CTL_IN_USE;
	case STORE_CANNOT_CREATE:
	case STORE_IO_ERROR:
		break;
	}
	return CTL_IO_ERROR;
}

static void
format_erase_target(char target[TARGET_BYTES], const struct payload *session,
    const struct customer_id *customer)
{
	char digits[ID_CUSTOMER_HEX + 1] = "";

	if (customer != NULL)
		customer_id_format(customer, digits);
	xsnprintf(target, TARGET_BYTES, "/erase?session=%s%s%s",
	    session->data, customer != NULL ? "&customer=" : "", digits);
}

enum ctl_status
erasing_run(const struct ctl *ctl, struct payload *session,
    const struct customer_id *customer)
{
	struct admin_client_answer answer;
	char target[TARGET_BYTES];
	struct endpoint endpoint;
	enum ctl_status status;
	enum admin_socket place = admin_socket_find(ctl->options, &endpoint);
	int error = 0;

	format_erase_target(target, session, customer);
	if (place == ADMIN_SOCKET_CONFIGURED || place == ADMIN_SOCKET_DEFAULT)
		switch (admin_client_ask(&endpoint, "POST", target, &answer)) {
		case ADMIN_CLIENT_ANSWERED:
			return erase_by_daemon(&endpoint, session, &answer);
		case ADMIN_CLIENT_FAILED:
			return CTL_UNAVAILABLE;
		case ADMIN_CLIENT_ABSENT:
			error = errno;
			break;
		}
	status = erase_offline(ctl, session, customer);
	if (status != CTL_IN_USE)
		return status;
	explain_unreachable(place, &endpoint, error);
	return CTL_UNAVAILABLE;
}
