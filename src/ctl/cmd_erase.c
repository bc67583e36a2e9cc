#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/session_list.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "ctl.h"
#include "erasing.h"
#include "prompt.h"
#include "session/session.h"
#include "audit/audit.h"
#include "audit/session_list.h"

enum { OPTION_CUSTOMER, OPTION_SESSION, OPTION_YES };

static const struct ctl_option options[] = {
	[OPTION_CUSTOMER] = { "customer", "ID",
	    "what is known of one customer" },
	[OPTION_SESSION] = { "session", "ID", "in this session, or all of it" },
	[OPTION_YES] = { "yes", NULL, "do not ask" },
	{ NULL, NULL, NULL },
};

/* What is to be erased. */
struct erase {
	const struct ctl *ctl;
	const char *session;		/* NULL: wherever the customer is */
	const char *customer_text;
	const struct customer_id *customer; /* NULL: everybody's */
	struct payload **sessions;	/* in which; a reference of each */
	size_t	 session_count;
};

/* Ask a person; whoever has no terminal says --yes. */
static enum ctl_status
confirm(const struct erase *erase)
{
	if (erase->ctl->values[OPTION_YES] != NULL)
		return CTL_OK;
	if (isatty(STDIN_FILENO) != 1)
		return ctl_usage_error("erase: without a terminal to ask at, "
		    "say --yes");
	(void)fprintf(stderr, "Erase names, carts and addresses of %s%s%s%s, "
	    "for ever? [y/N] ",
	    erase->customer != NULL ? "customer " : "everybody",
	    erase->customer != NULL ? erase->customer_text : "",
	    erase->session != NULL ? " in session " : "",
	    erase->session != NULL ? erase->session : "");
	if (prompt_is_yes())
		return CTL_OK;
	log_errorx("nothing was erased");
	return CTL_FAULT;
}

static void
add_session(struct erase *erase, struct payload *session)
{
	erase->sessions = xrealloc(erase->sessions,
	    (erase->session_count + 1) * sizeof(*erase->sessions));
	erase->sessions[erase->session_count++] = session;
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
		add_session(erase, session);
	if (status != AUDIT_NONE)
		return (enum ctl_status)status;
	if (erase->session_count > 0)
		return CTL_OK;
	log_errorx("%s: no such customer", erase->customer_text);
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
	if (erase->session != NULL)
		add_session(erase, payload_new(erase->session,
		    strlen(erase->session)));
	else
		status = find_sessions(erase, audit);
	audit_close(audit);
	return status;
}

static enum ctl_status
erase_all(struct erase *erase)
{
	enum ctl_status status = find_what_to_erase(erase);
	size_t i;

	if (status == CTL_OK)
		status = confirm(erase);
	for (i = 0; i < erase->session_count; i++) {
		if (status == CTL_OK)
			status = erasing_run(erase->ctl, erase->sessions[i],
			    erase->customer);
		payload_unref(erase->sessions[i]);
	}
	free(erase->sessions);
	return status;
}

static enum ctl_status
run_erase(const struct ctl *ctl)
{
	struct erase erase = {
		.ctl = ctl,
		.session = ctl->values[OPTION_SESSION],
		.customer_text = ctl->values[OPTION_CUSTOMER],
	};
	struct customer_id customer;

	if (erase.session == NULL && erase.customer_text == NULL)
		return ctl_usage_error("erase: say --customer, --session or "
		    "both");
	if (erase.session != NULL &&
	    !session_id_is_valid(erase.session, strlen(erase.session)))
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
