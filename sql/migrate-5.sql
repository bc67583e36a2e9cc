-- Version 4 to 5.

-- Retention deletes bodies, so that journal_body has none but those that it has
-- yet to look at, and those that are in use.
DROP INDEX journal_body_kept;

DROP TRIGGER journal_body_no_delete;

-- The rows of a session are found without an index of all rows.
ALTER TABLE session ADD COLUMN last_seq INTEGER;

ALTER TABLE journal ADD COLUMN previous_seq INTEGER;

UPDATE session SET last_seq = (SELECT max(seq) FROM journal
    WHERE session = session.id);

-- What is in the hashes stays as it is.
DROP TRIGGER journal_no_update;

UPDATE journal SET previous_seq = (SELECT max(seq) FROM journal AS j
    WHERE j.session = journal.session AND j.seq < journal.seq)
    WHERE session <> 0;

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN
	SELECT RAISE(ABORT, 'the journal is append-only');
END;

DROP TRIGGER session_no_delete;

CREATE TRIGGER session_no_delete BEFORE DELETE ON session
WHEN EXISTS (SELECT 1 FROM journal WHERE seq = OLD.last_seq)
BEGIN
	SELECT RAISE(ABORT, 'the journal has records of this session');
END;

DROP INDEX journal_by_session;

CREATE INDEX journal_newcomer ON journal(session, customer)
    WHERE event IN (1, 2);

CREATE INDEX journal_sessionless ON journal(seq) WHERE session = 0;

PRAGMA user_version = 5;
