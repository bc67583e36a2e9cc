-- Version 4 to 5.

-- Retention deletes bodies, so that journal_body has none but those that it has
-- yet to look at, and those that are in use.
DROP INDEX journal_body_kept;

DROP TRIGGER journal_body_no_delete;

PRAGMA user_version = 5;
