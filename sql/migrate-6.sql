-- Version 5 to 6.

-- Accounts of customers with a ticket.
ALTER TABLE journal_body ADD COLUMN account TEXT;

CREATE INDEX journal_body_account ON journal_body(account)
    WHERE account IS NOT NULL;

DROP TRIGGER journal_body_only_erase;

CREATE TRIGGER journal_body_only_erase BEFORE UPDATE ON journal_body
WHEN NEW.seq <> OLD.seq OR NEW.salt IS NOT NULL OR NEW.name IS NOT NULL OR
    NEW.address IS NOT NULL OR NEW.cart IS NOT NULL OR
    NEW.request IS NOT NULL OR NEW.account IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'a body can only be erased');
END;

-- A session can be locked.
ALTER TABLE session ADD COLUMN locked_ms INTEGER;

CREATE INDEX session_locked ON session(id) WHERE locked_ms IS NOT NULL;

PRAGMA user_version = 6;
