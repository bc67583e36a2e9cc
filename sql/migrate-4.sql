-- Version 3 to 4: what may be purged is noted in the chain, and the only anchor
-- is the row before the first.

DROP TRIGGER journal_no_delete;

DROP TRIGGER journal_body_no_delete;

-- What an anchor let go, which src/storage/migrate.c notes, and what is there.
CREATE TEMP TABLE migrating AS SELECT
	(SELECT max(seq) FROM main.chain_anchor WHERE purge_upto = seq) AS upto,
	(SELECT min(seq) FROM main.journal) AS first;

-- An interrupted purge has left a row whose previous hash nobody knows, and
-- which nothing proves therefore: it goes like those before it.
CREATE TEMP TABLE unproved AS SELECT
	j.seq, j.hash, j.session, j.customer, j.event
	FROM temp.migrating AS m JOIN main.journal AS j ON j.seq = m.first
	WHERE m.first > 1 AND m.first <= m.upto AND NOT EXISTS
	(SELECT 1 FROM main.chain_anchor WHERE seq = m.first - 1);

DELETE FROM journal_body WHERE seq IN (SELECT seq FROM temp.unproved);

DELETE FROM journal WHERE seq IN (SELECT seq FROM temp.unproved);

DELETE FROM customer WHERE state = 2 AND (session, cid) IN
	(SELECT session, customer FROM temp.unproved WHERE event IN (1, 2));

DELETE FROM session WHERE ended_ms IS NOT NULL
	AND id IN (SELECT session FROM temp.unproved)
	AND NOT EXISTS (SELECT 1 FROM journal WHERE session = session.id)
	AND NOT EXISTS (SELECT 1 FROM customer WHERE session = session.id);

CREATE TEMP TABLE anchor AS
	SELECT seq, hash FROM temp.unproved
	UNION ALL SELECT c.seq, c.hash FROM main.chain_anchor AS c,
	temp.migrating AS m WHERE c.seq = ifnull(m.first - 1, m.upto);

DROP TABLE chain_anchor;

CREATE TABLE chain_anchor (
	seq INTEGER PRIMARY KEY,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

INSERT INTO chain_anchor SELECT seq, hash FROM temp.anchor;

CREATE INDEX journal_purge ON journal(seq) WHERE event = 12;

CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
WHEN OLD.seq > ifnull((SELECT client_seq FROM journal INDEXED BY journal_purge
    WHERE event = 12 ORDER BY seq DESC LIMIT 1), 0)
BEGIN
	SELECT RAISE(ABORT, 'the journal is append-only');
END;

CREATE TRIGGER journal_body_no_delete BEFORE DELETE ON journal_body
WHEN OLD.seq > ifnull((SELECT client_seq FROM journal INDEXED BY journal_purge
    WHERE event = 12 ORDER BY seq DESC LIMIT 1), 0)
BEGIN
	SELECT RAISE(ABORT, 'the journal is append-only');
END;

CREATE TRIGGER chain_anchor_no_update BEFORE UPDATE ON chain_anchor
BEGIN
	SELECT RAISE(ABORT, 'an anchor is replaced by one of a later row');
END;

CREATE TRIGGER chain_anchor_no_delete BEFORE DELETE ON chain_anchor
WHEN NOT EXISTS (SELECT 1 FROM chain_anchor WHERE seq > OLD.seq)
BEGIN
	SELECT RAISE(ABORT, 'an anchor is replaced by one of a later row');
END;

DROP TABLE temp.unproved;

DROP TABLE temp.anchor;

PRAGMA user_version = 4;
