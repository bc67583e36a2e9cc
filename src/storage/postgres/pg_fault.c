#include "pg_fault.h"

#include <string.h>

#include <libpq-fe.h>

#include "base/text.h"

/* SQLSTATE of a connection that was lost: of all of them, for the log. */
static const char lost_state[] = "08006";

static const struct state {
	const char *prefix;	/* of what SQLSTATE begins with */
	enum store_error error;
	bool	 is_transient;
	enum store_open_status status;
} states[] = {
	{ "08", STORE_ERROR_UNREACHABLE, true, STORE_IO_ERROR },
	{ "22", STORE_ERROR_OTHER, false, STORE_BAD_DATA },
	/* On a standby, or on what has become one. */
	{ "25006", STORE_ERROR_UNREACHABLE, true, STORE_IO_ERROR },
	{ "26", STORE_ERROR_UNREACHABLE, true, STORE_IO_ERROR },
	{ "40", STORE_ERROR_BUSY, true, STORE_IO_ERROR },
	{ "42501", STORE_ERROR_OTHER, false, STORE_IO_ERROR },
	{ "42", STORE_ERROR_OTHER, false, STORE_BAD_DATA },
	{ "53100", STORE_ERROR_FULL, true, STORE_IO_ERROR },
	{ "53200", STORE_ERROR_MEMORY, true, STORE_IO_ERROR },
	{ "53", STORE_ERROR_BUSY, true, STORE_IO_ERROR },
	{ "54", STORE_ERROR_OTHER, false, STORE_IO_ERROR },
	{ "55P03", STORE_ERROR_BUSY, true, STORE_IO_ERROR },
	{ "57014", STORE_ERROR_BUSY, true, STORE_IO_ERROR },
	{ "57", STORE_ERROR_UNREACHABLE, true, STORE_IO_ERROR },
	{ "58", STORE_ERROR_IO, true, STORE_IO_ERROR },
	{ "XX001", STORE_ERROR_IO, false, STORE_BAD_DATA },
	{ "XX002", STORE_ERROR_IO, false, STORE_BAD_DATA },
	{ "23", STORE_ERROR_OTHER, false, STORE_BAD_DATA },
	{ "", STORE_ERROR_OTHER, false, STORE_IO_ERROR },
};

/*
 * The same SQLSTATE, 55000, says that a view or a foreign table is where a table
 * was, and many other things that an operator may have done: that a publication
 * wants a replica identity, for example.  Words are of any language: only the
 * server's own function is known.
 */
static bool
is_of_no_table(const char *code, const char *function)
{
	static const char *const functions[] = {
		"ApplyRetrieveRule", "rewriteTargetView",
		"error_view_not_updatable", "CheckValidResultRel",
		"GetFdwRoutine", "get_relation_info", "create_foreignscan_plan",
	};
	size_t i;

	if (strcmp(code, "55000") != 0 || function == NULL)
		return false;
	for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(function, functions[i]) == 0)
			return true;
	return false;
}

static const struct state *
find_state(const char *code)
{
	const struct state *state = states;

	while (strncmp(code, state->prefix, strlen(state->prefix)) != 0)
		state++;
	return state;
}

/* Five characters of 36 as a number. */
static int
number_of(const char *code)
{
	int number = 0;

	for (; *code != '\0'; code++)
		number = 36 * number + (*code >= 'A' ? *code - 'A' + 10 :
		    *code - '0');
	return number;
}

/* What libpq says, as one line with no more than size bytes. */
static void
make_line(const char *said, char *line, size_t size)
{
	size_t len = 0;

	for (; *said != '\0' && len + 1 < size; said++) {
		if (*said != '\n' && *said != '\t')
			line[len++] = *said;
		else if (said[1] != '\0' && len > 0 && line[len - 1] != ' ')
			line[len++] = ' ';
	}
	line[len] = '\0';
}

static void
set_fault(struct pg_fault *fault, const char *what, const char *code,
    const char *message)
{
	const struct state *state = find_state(code);

	make_line(message, fault->message, sizeof(fault->message));
	fault->base = (struct sql_fault){
		.code = number_of(code),
		.what = what,
		.message = fault->message,
		.status = state->status,
		.error = state->error,
		.is_transient = state->is_transient,
	};
}

bool
pg_fault_is_fatal(const PGresult *result)
{
	const char *severity = PQresultErrorField(result,
	    PG_DIAG_SEVERITY_NONLOCALIZED);

	return severity != NULL && (strcmp(severity, "FATAL") == 0 ||
	    strcmp(severity, "PANIC") == 0);
}

void
pg_fault_of_result(struct pg_fault *fault, const PGresult *result,
    const char *what)
{
	const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *primary = PQresultErrorField(result,
	    PG_DIAG_MESSAGE_PRIMARY);
	char text[PG_FAULT_BYTES];

	/* Without SQLSTATE it is libpq's own word, of the connection. */
	if (code == NULL) {
		set_fault(fault, what, lost_state,
		    PQresultErrorMessage(result));
		return;
	}
	/* Cut is good enough: what else there is could be a customer's. */
	make_line(primary == NULL ? "" : primary, text,
	    sizeof(text) - sizeof(" (SQLSTATE 00000)"));
	xsnprintf(text + strlen(text), sizeof(" (SQLSTATE 00000)"),
	    " (SQLSTATE %.5s)", code);
	set_fault(fault, what, code, text);
	if (is_of_no_table(code, PQresultErrorField(result,
	    PG_DIAG_SOURCE_FUNCTION)))
		fault->base.status = STORE_BAD_DATA;
}

void
pg_fault_of_absence(struct pg_fault *fault, const char *what, const char *why)
{
	set_fault(fault, what, lost_state, why);
}

void
pg_fault_of_connection(struct pg_fault *fault, const PGconn *pg,
    const char *what)
{
	const char *said = PQerrorMessage(pg);

	pg_fault_of_absence(fault, what, said[0] != '\0' ? said :
	    "the connection was lost");
}

void
pg_fault_of_data(struct pg_fault *fault, const char *what, const char *why)
{
	set_fault(fault, what, "XX001", why);
}

void
pg_fault_of_rival(struct pg_fault *fault, const char *what, const char *why)
{
	set_fault(fault, what, "XX000", why);
	fault->base.status = STORE_IN_USE;
}
