#include "commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/account.h"
#include "audit/audit.h"
#include "audit/offline_erase.h"
#include "audit/session_list.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "ctl.h"
#include "daemon_request.h"
#include "hub/erasure.h"
#include "pause.h"
#include "printable.h"
#include "prompt.h"
#include "session/session_name.h"
#include "storage/store.h"

enum { OPTION_ACCOUNT, OPTION_CUSTOMER, OPTION_SESSION, OPTION_YES };

enum {
	OFFLINE_WAIT_MS = 60000,	/* for readers of the database */
	TARGET_BYTES = 64 + SESSION_NAME_MAX + ID_CUSTOMER_HEX
};

/* What the daemon answers of an erasure that was before it started. */
#define STATUS_UNKNOWN 404

static const struct ctl_option options[] = {
	[OPTION_ACCOUNT] = { "account", "ACCOUNT",
	    "of the customers whose tickets named it" },
	[OPTION_CUSTOMER] = { "customer", "ID", "what is known of one customer" },
	[OPTION_SESSION] = { "session", "ID", "in this session, or all of it" },
	[OPTION_YES] = { "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL },
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

/* What is erased at a time. */
struct target {
	struct payload *session;	/* a reference */
	bool	 has_customer;		/* else everybody's in it */
	bool	 was_listed;		/* so it may be forgotten meanwhile */
	struct customer_id customer;
};

/* NULL if it is everybody. */
static const struct customer_id *
target_customer(const struct target *target)
{
	return target->has_customer ? &target->customer : NULL;
}

/* What is to be erased. */
struct erase {
	const struct ctl *ctl;
	const char *session;		/* NULL: wherever the others are */
	const char *account;		/* NULL, or ... */
	const char *customer_text;	/* ... this is, or both */
	const struct customer_id *customer;
	struct target *targets;
	size_t	 target_count;
	bool	 is_begun;		/* some were erased */
	bool	 has_erased;		/* and were there */
	int64_t	 listed_seq;		/* the account's rows up to it were */
};

/* Whether customers of more than the shop outside of sections are meant. */
static bool
is_of_shops(const struct erase *erase)
{
	size_t i;

	for (i = 0; i < erase->target_count; i++)
		if (session_name_shop_len(erase->targets[i].session->data) > 0)
			return erase->session == NULL;
	return false;
}

/* Ask a person; whoever has no terminal says --yes. */
static enum ctl_status
confirm_erase(const struct erase *erase)
{
	if (erase->ctl->values[OPTION_YES] != NULL)
		return CTL_OK;
	if (isatty(STDIN_FILENO) != 1)
		return ctl_usage_error("erase: without a terminal to ask at, "
		    "say --yes");
	(void)fputs("Erase names, carts, addresses and accounts of ", stderr);
	if (erase->account != NULL) {
		(void)fprintf(stderr, "%zu customer%s of account ",
		    erase->target_count, erase->target_count == 1 ? "" : "s");
		(void)printable_write(stderr, erase->account,
		    strlen(erase->account), SIZE_MAX);
	} else {
		(void)fprintf(stderr, "%s%s",
		    erase->customer != NULL ? "customer " : "everybody",
		    erase->customer != NULL ? erase->customer_text : "");
	}
	(void)fprintf(stderr, "%s%s%s, for ever? [y/N] ",
	    erase->session != NULL ? " in session " : "",
	    erase->session != NULL ? erase->session : "",
	    is_of_shops(erase) ? " in all shops" : "");
	if (prompt_is_yes(NULL))
		return CTL_OK;
	log_errorx("nothing was erased");
	return CTL_FAULT;
}

/* Takes the reference of session. */
static void
add_target(struct erase *erase, struct payload *session,
    const struct customer_id *customer)
{
	struct target *target;

	erase->targets = xrealloc(erase->targets,
	    (erase->target_count + 1) * sizeof(*erase->targets));
	target = &erase->targets[erase->target_count++];
	*target = (struct target){ .session = session };
	target->has_customer = customer != NULL;
	target->was_listed = erase->account != NULL;
	if (customer != NULL)
		target->customer = *customer;
}

/* All sessions that know the customer. */
static enum ctl_status
find_sessions(struct erase *erase, struct audit *audit)
{
	struct payload *session;
	enum audit_status status;
	int64_t after = 0;

	while ((status = audit_session_of_customer(audit, erase->customer,
		    &after, &session)) == AUDIT_OK)
		add_target(erase, session, erase->customer);
	if (status != AUDIT_NONE)
		return (enum ctl_status)status;
	if (erase->target_count > 0)
		return CTL_OK;
	log_errorx("%s: no such customer", erase->customer_text);
	return CTL_NOT_FOUND;
}

/*
 * All customers of the account, in the session or everywhere, that were not
 * listed before.
 */
static enum ctl_status
find_customers(struct erase *erase, struct audit *audit)
{
	enum audit_status status;
	struct audit_entry entry;

	while ((status = audit_account_next(audit, erase->account,
		    erase->listed_seq, &entry)) == AUDIT_OK) {
		erase->listed_seq = entry.seq;
		if (erase->session == NULL ||
		    strcmp(erase->session, entry.session->data) == 0)
			add_target(erase, payload_ref(entry.session),
			    &entry.customer);
		audit_entry_clear(&entry);
	}
	if (status != AUDIT_NONE)
		return (enum ctl_status)status;
	if (erase->target_count > 0 || erase->is_begun)
		return CTL_OK;
	log_errorx("nobody of that account is known");
	return CTL_NOT_FOUND;
}

/*
 * Find what to erase it in.  The database is looked at in any case, so that
 * nobody makes or changes one by a wrong path, and closed again before it is
 * written to.
 */
static enum ctl_status
find_what_to_erase(struct erase *erase)
{
	enum ctl_status status;
	struct audit *audit;

	status = (enum ctl_status)audit_open(erase->ctl->database, &audit);
	if (status != CTL_OK)
		return status;
	if (erase->account != NULL)
		status = find_customers(erase, audit);
	else if (erase->session != NULL)
		add_target(erase, payload_new(erase->session,
		    strlen(erase->session)), erase->customer);
	else
		status = find_sessions(erase, audit);
	audit_close(audit);
	return status;
}

static void
print_erased(const struct payload *session, uint64_t bodies)
{
	(void)printable_write(stdout, session->data, session->len, SIZE_MAX);
	(void)printf(": erased %" PRIu64 " records\n", bodies);
}

static enum ctl_status
report_erasure(const struct target *target, const struct erasure *erasure)
{
	const struct payload *session = target->session;

	switch (erasure->state) {
	case ERASURE_DONE:
		print_erased(session, erasure->bodies);
		return CTL_OK;
	case ERASURE_NOT_FOUND:
		if (target->was_listed)
			return CTL_OK;
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

/* Ask once how an erasure goes. */
static enum ctl_status
request_erasure_state(const struct ctl *ctl, uint64_t number,
    struct erasure *erasure)
{
	char target[TARGET_BYTES];
	const struct daemon_request request = {
		.method = "GET",
		.target = target,
		.shape = state_shape,
		.also = STATUS_UNKNOWN,
	};
	struct daemon_absence absence;
	struct daemon_answer answer;
	enum ctl_status status;

	xsnprintf(target, sizeof(target), "/erase/%" PRIu64, number);
	status = daemon_request_try(ctl, &request, &answer, &absence);
	if (absence.is_absent) {
		errno = absence.error;
		log_warn("the daemon went away: erase it again");
	}
	if (status != CTL_OK)
		return status;
	*erasure = (struct erasure){ .state = ERASURE_UNKNOWN };
	if (answer.status != STATUS_UNKNOWN) {
		erasure->bodies = daemon_answer_number(answer.root, "bodies");
		if (parse_erasure_state(answer.root, &erasure->state) == -1)
			status = daemon_answer_malformed("state");
	}
	daemon_answer_clear(&answer);
	return status;
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
await_erasure(const struct ctl *ctl, const struct target *target,
    uint64_t number)
{
	struct erasure erasure = { .state = ERASURE_PENDING };
	struct pause pause = { .ms = 0 };
	enum ctl_status status;

	for (;;) {
		status = request_erasure_state(ctl, number, &erasure);
		if (status != CTL_OK || erasure.state != ERASURE_PENDING)
			break;
		show_pending(&erasure);
		pause_longer(&pause);
	}
	wipe_pending();
	return status == CTL_OK ? report_erasure(target, &erasure) : status;
}

/* A daemon that runs has the lock: why it could not be asked. */
static void
explain_unreachable(const struct daemon_absence *absence)
{
	char where[ENDPOINT_TEXT_MAX + 1];

	switch (absence->socket) {
	case ADMIN_SOCKET_NONE:
	case ADMIN_SOCKET_TOO_LONG:
		log_errorx("the daemon runs, and %s: stop it first, or give "
		    "it another admin-listen",
		    absence->socket == ADMIN_SOCKET_NONE ?
		    "admin-listen is none" :
		    "its admin socket's path would be too long");
		break;
	case ADMIN_SOCKET_UNNAMED:
		log_errorx("the daemon runs, and with PostgreSQL its admin "
		    "socket is beside its key-file: see -c");
		break;
	case ADMIN_SOCKET_CONFIGURED:
	case ADMIN_SOCKET_DEFAULT:
		endpoint_format(&absence->endpoint, where);
		log_errorx("the daemon runs, but %s cannot be reached: %s: "
		    "are you its user, and is -c the daemon's?", where,
		    strerror(absence->error));
		break;
	}
}

static enum ctl_status
erase_offline(const struct ctl *ctl, const struct target *target)
{
	struct erasure erasure;

	switch (offline_erase(ctl->database, target->session,
	    target_customer(target), OFFLINE_WAIT_MS, &erasure)) {
	case STORE_OPENED:
		return report_erasure(target, &erasure);
	case STORE_BAD_DATA:
		return CTL_BAD_DATA;
	case STORE_IN_USE:
		return CTL_IN_USE;
	case STORE_NO_DATABASE:
	case STORE_CANNOT_CREATE:
	case STORE_IO_ERROR:
		break;
	}
	return CTL_IO_ERROR;
}

static void
format_path(char path[TARGET_BYTES], const struct target *target)
{
	char digits[ID_CUSTOMER_HEX + 1] = "";

	if (target->has_customer)
		customer_id_format(&target->customer, digits);
	xsnprintf(path, TARGET_BYTES, "/erase?session=%s%s%s",
	    target->session->data, target->has_customer ? "&customer=" : "",
	    digits);
}

/*
 * Have the bodies of target erased, and wait until nothing is left of them in
 * the database's files: by the daemon, or in its place if none runs.
 */
static enum ctl_status
erase_bodies(const struct ctl *ctl, const struct target *target)
{
	char path[TARGET_BYTES];
	const struct daemon_request request = {
		.method = "POST",
		.target = path,
		.shape = begun_shape,
	};
	struct daemon_absence absence;
	struct daemon_answer answer;
	enum ctl_status status;
	uint64_t number;

	format_path(path, target);
	status = daemon_request_try(ctl, &request, &answer, &absence);
	if (status == CTL_OK) {
		number = daemon_answer_number(answer.root, "id");
		daemon_answer_clear(&answer);
		return await_erasure(ctl, target, number);
	}
	if (!absence.is_absent)
		return status;
	status = erase_offline(ctl, target);
	if (status != CTL_IN_USE)
		return status;
	explain_unreachable(&absence);
	return CTL_UNAVAILABLE;
}

/*
 * One of an account cannot be found by it any more once its first row is
 * erased, which is the last one to be, though its bytes may still be in the
 * log: so whoever has to say it again is told how.
 */
static enum ctl_status
erase_target(const struct erase *erase, const struct target *target)
{
	char digits[ID_CUSTOMER_HEX + 1];
	enum ctl_status status;

	status = erase_bodies(erase->ctl, target);
	if (status == CTL_OK || erase->account == NULL)
		return status;
	customer_id_format(&target->customer, digits);
	log_errorx("the rest is: erase --session %s --customer %s; and then "
	    "the same --account again", target->session->data, digits);
	return status;
}

/* Erase what was found, up to the first that cannot be, and forget it. */
static enum ctl_status
erase_targets(struct erase *erase, enum ctl_status status)
{
	size_t i;

	for (i = 0; i < erase->target_count; i++) {
		if (status == CTL_OK)
			status = erase_target(erase, &erase->targets[i]);
		erase->has_erased |= status == CTL_OK;
		payload_unref(erase->targets[i].session);
	}
	erase->target_count = 0;
	erase->is_begun = true;
	return status;
}

/*
 * Nobody sees any more what was erased, but a server's files have it until
 * VACUUM, and others for longer.
 */
static void
sweep_erased(const struct erase *erase)
{
	switch (store_sweep(erase->ctl->database)) {
	case STORE_NOTHING_LEFT:
		return;
	case STORE_SWEPT:
		break;
	case STORE_NOT_SWEPT:
		log_warnx("what was erased stays in the server's files until "
		    "VACUUM of journal_body and customer");
		break;
	}
	log_warnx("copies are left of what was erased: in the server's "
	    "write-ahead log, on standbys, in backups, and in free room of its "
	    "files: see buddyshopping(8), POSTGRESQL");
}

static enum ctl_status
erase_all(struct erase *erase)
{
	enum ctl_status status = find_what_to_erase(erase);

	if (status == CTL_OK)
		status = confirm_erase(erase);
	/* Others of an account may have come since it was looked at. */
	while (erase->target_count > 0) {
		status = erase_targets(erase, status);
		if (status == CTL_OK && erase->account != NULL)
			status = find_what_to_erase(erase);
	}
	if (erase->has_erased)
		sweep_erased(erase);
	free(erase->targets);
	return status;
}

static enum ctl_status
run_erase(const struct ctl *ctl)
{
	struct erase erase = {
		.ctl = ctl,
		.session = ctl->values[OPTION_SESSION],
		.account = ctl->values[OPTION_ACCOUNT],
		.customer_text = ctl->values[OPTION_CUSTOMER],
	};
	struct customer_id customer;

	if (erase.session == NULL && erase.customer_text == NULL &&
	    erase.account == NULL)
		return ctl_usage_error("erase: say --account or --customer, "
		    "--session or both");
	if (erase.account != NULL && erase.customer_text != NULL)
		return ctl_usage_error("erase: --account and --customer are "
		    "two ways to say who");
	if (erase.session != NULL &&
	    !session_name_is_valid(erase.session, strlen(erase.session)))
		return ctl_usage_error("erase: %s: not the id of a session",
		    erase.session);
	if (erase.customer_text != NULL) {
		if (customer_id_parse(erase.customer_text,
		    strlen(erase.customer_text), &customer) == -1)
			return ctl_usage_error("erase: %s: not the id of a "
			    "customer", erase.customer_text);
		erase.customer = &customer;
	}
	return erase_all(&erase);
}

const struct ctl_command cmd_erase = {
	.words = "erase",
	.operands = "",
	.options = options,
	.help = "erase what is known of a customer, or of a whole session",
	.run = run_erase,
};
