-- The database of buddyshopping, version 7.  Older ones are brought to it by
-- migrate-N.sql.
--
-- journal and journal_body are the truth: everything that happened, in order.
-- session and customer are what replaying them yields, kept up to date in the
-- transaction of each record so that nothing has to be replayed at a start.
-- Texts are UTF-8, times are milliseconds since 1970, customer ids 24 hex
-- digits, numbers of events and transports those of src/session/record.h.
--
-- The digest of a body
--
--   digest = SHA-256(salt || name || address || cart || request)
--
-- salt is 16 bytes.  Each of the four others is its length in bytes as a
-- little-endian 32-bit number and then its bytes; an absent one (NULL) is the
-- four bytes ff ff ff ff alone.  Where the row's flags say that there is an
-- account, that follows as a fifth one.  Whoever must forget a body sets all
-- its columns but seq to NULL, or deletes it: the digest in the journal stays,
-- tells nothing without the salt, and the chain can be verified as before.
-- "Explained erasures" below says when that may be so.
--
-- The chain
--
--   hash = SHA-256(previous || seq || session || incarnation || revision ||
--       event || ts_ms || transport || flags || client_seq || name ||
--       customer || displaced || digest)
--
-- previous is the hash of the row before (seq - 1), that of chain_anchor if the
-- row was purged, and 32 zero bytes for seq 1.  The nine
-- numbers from seq to client_seq are little-endian 64-bit each.  name is
-- session.name of the journal's session (empty for session 0), its length as
-- a little-endian 32-bit number in front.  customer and displaced are 12 bytes
-- each (the hex digits decoded), zeros where NULL.  digest is the 32 bytes of
-- the column.
--
-- The rows of a session
--
-- No index leads to them.  session.last_seq is the session's newest row, and
-- each row's previous_seq the row of the same session before it: NULL in the
-- session's first one, and in those of session 0.  A row that was purged is the
-- end of the way too; which one it was, nobody can say any more.  Neither
-- column is in a hash, because both follow from what is: whoever verifies
-- compares them with all rows.  To find a session's rows, the newest first:
--
--   WITH RECURSIVE back (seq) AS (
--       SELECT last_seq FROM session WHERE name = ?
--       UNION ALL SELECT previous_seq FROM back JOIN journal USING (seq)
--        WHERE previous_seq < seq)
--   SELECT journal.* FROM back JOIN journal USING (seq)
--
-- Notes
--
-- Rows of the events 9 to 12 and of 15 are in the chain like all others, but
-- change no session: their revision is 0 and a replay passes them over.
--
--   9 REFUSED  Messages of the customer were refused.  flags is the number of
--              the refusal (src/session/refusal.h) plus 256 times that of the
--              message (src/wire/message.h), both of the first of them;
--              client_seq is how many there were since the customer's last
--              such row.  There is about one row a second and customer at the
--              most.
--   10 ERASE   The bodies of the session's rows of this customer, in all
--              incarnations, are to be forgotten; with customer NULL those
--              of the whole session.  The row comes first, the bodies follow.
--   11 RETAIN  Session and incarnation are 0.  Bodies of rows with a ts_ms
--              below client_seq, which is not above its own ts_ms, may be
--              forgotten from here on, unless a customer's name_seq or cart_seq
--              pointed to them when this row was written.  Those without the
--              flag 4, up to version 3, are also for what was pointed to then
--              and is no longer; and their ts_ms may be some seconds too low.
--   12 PURGE   Session and incarnation are 0.  Rows up to client_seq, which is
--              below its own seq, may be deleted from here on.
--   15 CALL    A server of the shop had the session's next row written: an
--              END (flags 1), the LEAVE of the customer (flags 2), a LOCK (3)
--              or an UNLOCK (4).  name in the body is that of the server's key,
--              address its own.
--
-- Locks
--
--   13 LOCK    No cart changes and nobody comes new from this revision on.
--   14 UNLOCK  That is over; flags 16: because it was so for too long.  An END
--              ends a lock, too.
--
-- All ready
--
-- flags 32: with this row everybody in the multicart is ready, of whom there is
-- somebody, which was not so before; flags 64: with this row that is not so any
-- more.  An END says neither.  A replay yields both; they are there for those who
-- read rows alone.  Rows of up to version 6 have none of them.
--
-- Explained erasures
--
-- A body that is not there, or has salt NULL, is explained if there is an ERASE
-- row of higher seq for its session and customer, or a RETAIN row of higher seq
-- that may be the reason by what is said above: a replay knows what was pointed
-- to when.  Any other one was tampered with.  An ERASE leaves the emptied body,
-- and retention deletes it once it is old; up to version 4 retention left it
-- too.
--
-- Purges
--
-- Rows of the journal are deleted from the lowest seq on, bodies and all, up to
-- the client_seq of the newest PURGE.  In the same transaction the last of them
-- becomes the chain_anchor, behind which the journal begins: its hash is the
-- previous one of the first row that is there.  An anchor that no PURGE of
-- higher seq reaches, rows at or before it, and a gap behind it are forgeries.
-- Incarnations whose START was purged cannot be replayed; none of them runs.
-- With the START or JOIN of a customer that is gone goes the customer, and with
-- its last row a session that has ended.
--
-- Up to version 3 anchors had no PURGE.  For the newest of them the migration
-- wrote one: that says when the anchor was found, and nothing of when and why
-- the rows went.
--
-- Replay
--
-- A session's rows of the journal in order of seq are the records that
-- session_apply() takes.  A START or JOIN makes a customer; customers are
-- numbered in the order of these records, the numbers themselves mean
-- nothing.  Only names, carts and request proofs of erased bodies are lost.

PRAGMA application_id = 0x42534850;

-- active_ms is also moved on by presence, which is not in the journal.
CREATE TABLE session (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	incarnation INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	ended_ms INTEGER,		-- NULL while it runs
	active_ms INTEGER NOT NULL,
	last_seq INTEGER,
	locked_ms INTEGER		-- since when; NULL while it is not
) STRICT;

-- Deliberately not on active_ms, which changes with every record.
CREATE INDEX session_running ON session(id) WHERE ended_ms IS NULL;

-- Of few sessions, and for a while.
CREATE INDEX session_locked ON session(id) WHERE locked_ms IS NOT NULL;

-- The name is part of the hashes of the session's records.
CREATE TRIGGER session_no_rename BEFORE UPDATE OF id, name ON session
BEGIN
	SELECT RAISE(ABORT, 'a session keeps its name');
END;

CREATE TRIGGER session_no_delete BEFORE DELETE ON session
WHEN EXISTS (SELECT 1 FROM journal WHERE seq = OLD.last_seq)
BEGIN
	SELECT RAISE(ABORT, 'the journal has records of this session');
END;

-- state: 0 in the multicart, 1 away, 2 gone.  name_seq and cart_seq point to
-- the bodies that hold the name and the newest cart, so that both are stored
-- once.  They are no foreign keys: a key needs an index on cart_seq, which
-- changes with every cart, and what they point to is not deleted before them.
CREATE TABLE customer (
	id INTEGER PRIMARY KEY,		-- grows in joining order
	session INTEGER NOT NULL REFERENCES session(id),
	cid TEXT NOT NULL CHECK (length(cid) = 24),
	incarnation INTEGER NOT NULL,
	is_host INTEGER NOT NULL CHECK (is_host IN (0, 1)),
	is_ready INTEGER NOT NULL DEFAULT 0 CHECK (is_ready IN (0, 1)),
	has_token INTEGER NOT NULL CHECK (has_token IN (0, 1)),
	request BLOB CHECK (length(request) = 32),
	state INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)),
	left_revision INTEGER NOT NULL DEFAULT 0,	-- 0 in state 0
	name_seq INTEGER,		-- NULL once gone
	cart_seq INTEGER,		-- NULL for an empty cart
	seq_cart INTEGER NOT NULL DEFAULT 0,	-- highest client_seq applied
	seq_ready INTEGER NOT NULL DEFAULT 0,
	UNIQUE (session, cid)
) STRICT;

CREATE INDEX customer_by_state
    ON customer(session, state, incarnation, left_revision);

-- flags: 1 customer is ready (READY); 2 customer has a token, 8 its ticket
-- named an account (START, JOIN); those of REFUSED, RETAIN, CALL and UNLOCK, and
-- 32 and 64, are described above.
CREATE TABLE journal (
	seq INTEGER PRIMARY KEY,	-- 1, 2, 3, ...: no gaps, never reused
	session INTEGER NOT NULL,
	incarnation INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	event INTEGER NOT NULL,
	ts_ms INTEGER NOT NULL,
	transport INTEGER NOT NULL,
	customer TEXT CHECK (length(customer) = 24),
	displaced TEXT CHECK (length(displaced) = 24),
	flags INTEGER NOT NULL,
	client_seq INTEGER NOT NULL,	-- 0 for none
	digest BLOB NOT NULL CHECK (length(digest) = 32),
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	previous_seq INTEGER
) STRICT;

-- Who came, of whom there are few among all rows.
CREATE INDEX journal_newcomer ON journal(session, customer)
    WHERE event IN (1, 2);

-- The rows of no session.
CREATE INDEX journal_sessionless ON journal(seq) WHERE session = 0;

-- Every row that is deleted asks for the newest PURGE.
CREATE INDEX journal_purge ON journal(seq) WHERE event = 12;

CREATE TABLE journal_body (
	seq INTEGER PRIMARY KEY REFERENCES journal(seq),
	salt BLOB CHECK (length(salt) = 16),
	name TEXT,			-- START, JOIN; CALL
	address TEXT,
	cart TEXT,			-- CART
	request BLOB CHECK (length(request) = 32),	-- START, JOIN
	account TEXT			-- START, JOIN
) STRICT;

-- The customers of an account.
CREATE INDEX journal_body_account ON journal_body(account)
    WHERE account IS NOT NULL;

-- The row before the first one of the journal, if rows were purged: one at the
-- most.
CREATE TABLE chain_anchor (
	seq INTEGER PRIMARY KEY,
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- Which log (-wal) is this file's: see src/storage/sqlite/wal_mark.h.  It says
-- nothing of sessions, and changes without being in the journal.
CREATE TABLE log_mark (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	base BLOB NOT NULL CHECK (length(base) = 16),
	mark BLOB NOT NULL CHECK (length(mark) = 16)
) STRICT;

INSERT INTO log_mark VALUES (1, randomblob(16), randomblob(16));

-- How far webhooks have got: a shop's, by its name, has delivered all rows
-- up to seq, but for those of sessions that are parked, from their seq on.  It
-- says nothing of sessions either, and changes likewise.
CREATE TABLE webhook (
	shop TEXT PRIMARY KEY,
	seq INTEGER NOT NULL
) STRICT;

CREATE TABLE webhook_parked (
	session TEXT PRIMARY KEY,	-- its name
	shop TEXT NOT NULL,
	seq INTEGER NOT NULL,
	attempts INTEGER NOT NULL,	-- of that row
	first_ms INTEGER NOT NULL,	-- when it failed first; 0: it has not
	next_ms INTEGER NOT NULL	-- when it is tried again
) STRICT;

CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN
	SELECT RAISE(ABORT, 'the journal is append-only');
END;

CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
WHEN OLD.seq > ifnull((SELECT client_seq FROM journal INDEXED BY journal_purge
    WHERE event = 12 ORDER BY seq DESC LIMIT 1), 0)
BEGIN
	SELECT RAISE(ABORT, 'the journal is append-only');
END;

CREATE TRIGGER journal_body_only_erase BEFORE UPDATE ON journal_body
WHEN NEW.seq <> OLD.seq OR NEW.salt IS NOT NULL OR NEW.name IS NOT NULL OR
    NEW.address IS NOT NULL OR NEW.cart IS NOT NULL OR
    NEW.request IS NOT NULL OR NEW.account IS NOT NULL
BEGIN
	SELECT RAISE(ABORT, 'a body can only be erased');
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

PRAGMA user_version = 7;
