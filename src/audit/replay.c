#include "replay.h"

#include "base/buf.h"
#include "base/log.h"
#include "cursor.h"
#include "row.h"
#include "session/record.h"
#include "session/session.h"
#include "session_list.h"

void
audit_replay_clear(struct audit_replay *replay)
{
	session_free(replay->session);
	*replay = (struct audit_replay){ .session = NULL };
}

/* Make room for the incarnation that row's START begins. */
static void
begin_incarnation(struct audit_replay *replay, const struct audit_row *row)
{
	const struct record *record = &row->record;

	audit_replay_clear(replay);
	replay->session = session_new(record->session, record->session_row);
	replay->session->incarnation = record->incarnation - 1;
}

/* The record as session_apply() takes it: nameless where it was erased. */
static int
apply_nameless(struct session *session, const struct audit_row *row)
{
	struct record record = row->record;
	struct payload *nameless = NULL;
	int result;

	if (row->is_erased && (record.event == RECORD_START ||
	    record.event == RECORD_JOIN)) {
		nameless = payload_new("", 0);
		record.name = nameless;
	}
	record.customer_row = row->seq;
	result = session_apply(session, &record);
	payload_unref(nameless);
	return result;
}

/*
 * Let the next row of the session happen; notes change nothing.  Of the
 * incarnations that ended only the newest is kept.  Rows whose START was
 * deleted are passed over.  AUDIT_BAD_DATA: it does not fit, which is logged.
 */
static enum audit_status
replay_row(struct audit_replay *replay, const struct audit_row *row)
{
	const struct record *record = &row->record;
	bool is_running = replay->session != NULL &&
	    replay->session->is_running;

	if (record_is_note(record->event))
		return AUDIT_OK;
	/* One of another revision replaces a host, or follows one who left. */
	if (record->event == RECORD_START && record->revision == 1 &&
	    !is_running)
		begin_incarnation(replay, row);
	if (replay->session == NULL)
		return AUDIT_OK;
	if (apply_nameless(replay->session, row) == -1) {
		log_errorx("row %lld of the journal does not fit its session",
		    (long long)row->seq);
		return AUDIT_BAD_DATA;
	}
	if (row->is_erased)
		replay->erased++;
	replay->time_ms = record->time_ms;
	return AUDIT_OK;
}

/* Whether the replay stands where it was to go. */
static bool
has_reached_point(const struct audit_replay *replay, uint64_t incarnation,
    const struct audit_point *point)
{
	return point->moment == AUDIT_REVISION && replay->session != NULL &&
	    replay->session->incarnation == incarnation &&
	    replay->session->revision == point->revision;
}

static enum audit_status
replay_rows(struct audit_cursor *cursor, uint64_t incarnation,
    const struct audit_point *point, struct audit_replay *replay)
{
	enum audit_status status = AUDIT_OK;
	struct audit_row row;
	bool is_later;

	while (status == AUDIT_OK &&
	    !has_reached_point(replay, incarnation, point)) {
		status = audit_cursor_next(cursor, &row);
		if (status != AUDIT_OK)
			break;
		is_later = point->moment == AUDIT_TIME &&
		    row.record.time_ms > point->time_ms;
		if (!is_later)
			status = replay_row(replay, &row);
		audit_row_clear(&row);
		if (is_later)
			break;
	}
	if (status == AUDIT_NONE && point->moment != AUDIT_REVISION)
		status = AUDIT_OK;
	return status == AUDIT_OK && replay->session == NULL ? AUDIT_NONE :
	    status;
}

enum audit_status
audit_replay_to(struct audit *audit, const struct audit_session *session,
    const struct audit_point *point, struct audit_replay *replay)
{
	uint64_t incarnation = point->incarnation != 0 ? point->incarnation :
	    session->incarnation;
	enum audit_status status;
	struct audit_cursor *cursor;

	*replay = (struct audit_replay){ .session = NULL };
	status = audit_cursor_new(audit, session->row, 0, &cursor);
	if (status != AUDIT_OK)
		return status;
	status = replay_rows(cursor, incarnation, point, replay);
	audit_cursor_free(cursor);
	if (status != AUDIT_OK)
		audit_replay_clear(replay);
	return status;
}
