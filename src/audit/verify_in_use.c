#include "verify_in_use.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "erasure_reason.h"
#include "report.h"
#include "row.h"
#include "session/record.h"
#include "session/session.h"
#include "storage/column.h"
#include "storage/sql.h"
#include "verify_tables.h"

static const struct sql_text body_sql = { .text =
    "SELECT salt IS NULL FROM journal_body WHERE seq = ?" };

enum { HOLDINGS = sizeof(((struct audit_bodies_before *)NULL)->holdings) /
    sizeof(struct audit_customer_before) };

struct verify_in_use {
	struct audit *audit;
	struct audit_report *report;
	struct audit_erasures *erasures;
};

struct verify_in_use *
verify_in_use_new(struct audit *audit, struct audit_report *report,
    struct audit_erasures *erasures)
{
	struct verify_in_use *use = xcalloc(1, sizeof(*use));

	use->audit = audit;
	use->report = report;
	use->erasures = erasures;
	return use;
}

void
verify_in_use_free(struct verify_in_use *use)
{
	free(use);
}

static void
remember_customer(struct audit_customer_before *holding,
    const struct session *session, const struct customer_id *id)
{
	struct customer *customer = session_customer(session, id);

	if (customer == NULL)
		return;
	holding->customer = customer;
	holding->name = payload_ref(customer->name);
	holding->cart = payload_ref(customer->cart);
}

void
verify_in_use_remember(struct audit_bodies_before *held,
    const struct session *session, const struct record *record)
{
	*held = (struct audit_bodies_before){ .holdings = {
						  { .customer = NULL } } };
	if (record->has_customer)
		remember_customer(&held->holdings[0], session,
		    &record->customer);
	if (record->has_displaced)
		remember_customer(&held->holdings[1], session,
		    &record->displaced);
}

void
verify_in_use_forget(struct audit_bodies_before *held)
{
	int i;

	for (i = 0; i < HOLDINGS; i++) {
		payload_unref(held->holdings[i].name);
		payload_unref(held->holdings[i].cart);
	}
}

/* The row of a pointer's body, as far as an explanation needs it. */
static struct audit_row
pointed_row(const struct audit_replayed *replayed,
    const struct customer *customer, const struct audit_pointer *pointer)
{
	return (struct audit_row){
		.seq = pointer->seq,
		.record = {
			.session = replayed->last.record.session,
			.session_row = replayed->row,
			.event = pointer->event,
			.time_ms = pointer->time_ms,
			.has_customer = true,
			.customer = customer->id,
		},
	};
}

/* The last row let go of the body. */
static enum audit_status
check_released(struct verify_in_use *use, const struct audit_replayed *replayed,
    const struct customer *customer, const struct payload *payload)
{
	struct audit_pointer pointer;
	enum audit_status status;
	enum audit_reason reason;
	struct audit_row row;

	audit_pointer_read(payload, &pointer);
	if (!pointer.is_expired)
		return AUDIT_OK;
	row = pointed_row(replayed, customer, &pointer);
	status = audit_erasures_explain(use->erasures, &row,
	    replayed->last.seq, &reason);
	return status != AUDIT_OK || reason != AUDIT_UNEXPLAINED ? status :
	    audit_report_fault(use->report, &row, "its body is erased, and "
	    "was in use up to row %" PRId64 ": no later row says why",
	    replayed->last.seq);
}

enum audit_status
verify_in_use_released(struct verify_in_use *use,
    const struct audit_replayed *replayed,
    const struct audit_bodies_before *held)
{
	enum audit_status status = AUDIT_OK;
	int i;

	for (i = 0; i < HOLDINGS && status == AUDIT_OK; i++) {
		const struct audit_customer_before *holding =
		    &held->holdings[i];
		const struct customer *customer = holding->customer;

		if (customer == NULL)
			continue;
		if (customer->name != holding->name)
			status = check_released(use, replayed, customer,
			    holding->name);
		if (status == AUDIT_OK && customer->cart != holding->cart)
			status = check_released(use, replayed, customer,
			    holding->cart);
	}
	return status;
}

/* Check every name and cart that somebody has. */
static enum audit_status
check_all(struct verify_in_use *use, const struct audit_replayed *replayed,
    enum audit_status (*check)(struct verify_in_use *use,
    const struct audit_replayed *replayed, const struct customer *customer,
    const struct payload *payload))
{
	enum audit_status status = AUDIT_OK;
	const struct customer *customer;

	TAILQ_FOREACH(customer, &replayed->session->customers, entry) {
		status = check(use, replayed, customer, customer->name);
		if (status == AUDIT_OK)
			status = check(use, replayed, customer, customer->cart);
		if (status != AUDIT_OK)
			break;
	}
	return status;
}

enum audit_status
verify_in_use_all_released(struct verify_in_use *use,
    const struct audit_replayed *replayed)
{
	return check_all(use, replayed, check_released);
}

/* It may have been let go of, and erased, since the moment that is read. */
static enum audit_status
is_erased_now(struct verify_in_use *use, int64_t seq, bool *is_gone)
{
	struct sql_binding rows;
	struct columns columns;
	enum audit_status status = audit_run_cached(use->audit, &body_sql,
	    &rows);

	if (status != AUDIT_OK)
		return status;
	columns = columns_at(rows.statement, "journal_body");
	sql_bind_row(&rows, seq);
	*is_gone = !sql_next(&rows) || column_bool(&columns, 0);
	return audit_end_rows(use->audit, &rows);
}

/* Nothing let go of the body: it goes only if somebody asks for that. */
static enum audit_status
check_still_used(struct verify_in_use *use,
    const struct audit_replayed *replayed, const struct customer *customer,
    const struct payload *payload)
{
	struct audit_pointer pointer;
	enum audit_status status;
	enum audit_reason reason;
	struct audit_row row;
	bool is_gone;

	audit_pointer_read(payload, &pointer);
	if (!pointer.is_expired)
		return AUDIT_OK;
	status = is_erased_now(use, pointer.seq, &is_gone);
	if (status != AUDIT_OK || !is_gone)
		return status;
	row = pointed_row(replayed, customer, &pointer);
	status = audit_erasures_explain_used(use->erasures, &row, &reason);
	return status != AUDIT_OK || reason != AUDIT_UNEXPLAINED ? status :
	    audit_report_fault(use->report, &row, "its body is erased, and is "
	    "in use");
}

enum audit_status
verify_in_use_check(struct verify_in_use *use,
    const struct audit_replayed *replayed)
{
	return check_all(use, replayed, check_still_used);
}
