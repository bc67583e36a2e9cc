-- Version 1 to 2: notes have no revision, so that several rows of a session may
-- have the same one; and what is erased or purged is not looked at again.

DROP INDEX journal_by_session;

CREATE INDEX journal_by_session ON journal(session);

CREATE INDEX journal_body_kept ON journal_body(seq) WHERE salt IS NOT NULL;

CREATE INDEX chain_anchor_by_purge ON chain_anchor(purge_upto);

PRAGMA user_version = 2;
