-- The database of buddyshopping in PostgreSQL, version 7.  What the tables,
-- their columns, the chain and the notes mean is said in ../schema.sql: numbers
-- and bytes are the same in both, so that rows can be copied either way.
--
-- It is run as a whole in one transaction.  What differs:
--
--   All tables stand in the schema buddyshopping, every name is written with
--   it, and functions look in no other, so that nothing in public, or wherever
--   else a search_path leads, takes the place of anything.
--
--   Numbers are BIGINT, and SMALLINT where that makes rows smaller.  Texts are
--   compared as bytes.
--
--   journal_body has no foreign key: that would look for a row of the journal,
--   and lock it, once for each body, which was written a moment before in the
--   same transaction.  The other half of it, that no row goes whose body is
--   still there, is looked after by a trigger.  No trigger is for inserted
--   rows.
--
--   What a column may hold is said by domains.  Each statement on a table reads
--   all its CHECKs anew, also where it sets other columns, which made a record
--   half as dear again.
--
--   There is no log_mark, which is of files.  about says what user_version and
--   application_id say in a file, writer who may write.
--
-- A version 8 will be described here, and migrate-8.sql beside this make the
-- same of version 7, in one transaction as well; it ends with an UPDATE of
-- about.version.

-- Somebody may have made it for a role that must not.
DO $$
BEGIN
	IF pg_catalog.to_regnamespace('buddyshopping') IS NULL THEN
		CREATE SCHEMA buddyshopping;
	ELSIF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace
	    JOIN pg_catalog.pg_roles AS r ON r.oid = nspowner
	    WHERE nspname = 'buddyshopping' AND rolname = current_user) THEN
		RAISE EXCEPTION 'the schema buddyshopping is another role''s'
		    USING ERRCODE = 'insufficient_privilege';
	END IF;
END
$$;

CREATE DOMAIN buddyshopping.digest AS BYTEA
    CHECK (octet_length(VALUE) = 32);
CREATE DOMAIN buddyshopping.salt AS BYTEA
    CHECK (octet_length(VALUE) = 16);
CREATE DOMAIN buddyshopping.customer_id AS TEXT COLLATE "C"
    CHECK (octet_length(VALUE) = 24);
CREATE DOMAIN buddyshopping.truth AS SMALLINT
    CHECK (VALUE IN (0, 1));
CREATE DOMAIN buddyshopping.customer_state AS SMALLINT
    CHECK (VALUE IN (0, 1, 2));

-- The argument is why.
CREATE FUNCTION buddyshopping.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = TG_ARGV[0],
	    ERRCODE = 'integrity_constraint_violation';
END
$$;

-- One row.  application is "copy" while another database is copied to this one,
-- which nobody else uses until that is done.  key is what tells the key of
-- tokens: see src/storage/key_match.h.
CREATE TABLE buddyshopping.about (
	id SMALLINT PRIMARY KEY CHECK (id = 1),
	application TEXT COLLATE "C" NOT NULL
	    CHECK (application IN ('buddyshopping', 'copy')),
	version BIGINT NOT NULL,
	key buddyshopping.digest	-- NULL before a start
);

INSERT INTO buddyshopping.about VALUES (1, 'buddyshopping', 7, NULL);

-- One row: the daemon that may write.  Each start takes the next run, and each
-- transaction begins by locking the row that has the run that it has: who finds
-- another one there writes no more, and who has lost the connection waits for
-- the lock to see what became of its last transaction.
CREATE TABLE buddyshopping.writer (
	id SMALLINT PRIMARY KEY CHECK (id = 1),
	run BIGINT NOT NULL,		-- 0 before the first one
	host TEXT COLLATE "C",		-- where it runs, for people
	pid BIGINT,
	started_ms BIGINT
);

INSERT INTO buddyshopping.writer VALUES (1, 0, NULL, NULL, NULL);

CREATE TABLE buddyshopping.session (
	id BIGINT PRIMARY KEY,
	name TEXT COLLATE "C" NOT NULL UNIQUE,
	incarnation BIGINT NOT NULL,
	revision BIGINT NOT NULL,
	ended_ms BIGINT,		-- NULL while it runs
	active_ms BIGINT NOT NULL,
	last_seq BIGINT,
	locked_ms BIGINT		-- since when; NULL while it is not
) WITH (fillfactor = 70);

-- As in customer, no index is on what changes with every record, and pages have
-- room for the rows of a list: so these updates touch no index (they are
-- heap-only tuples).
CREATE INDEX session_running ON buddyshopping.session(id)
    WHERE ended_ms IS NULL;

CREATE INDEX session_locked ON buddyshopping.session(id)
    WHERE locked_ms IS NOT NULL;

CREATE TRIGGER session_no_rename BEFORE UPDATE OF id, name
    ON buddyshopping.session FOR EACH ROW
    EXECUTE FUNCTION buddyshopping.refuse('a session keeps its name');

CREATE TABLE buddyshopping.customer (
	id BIGINT PRIMARY KEY,		-- grows in joining order
	session BIGINT NOT NULL REFERENCES buddyshopping.session(id),
	cid buddyshopping.customer_id NOT NULL,
	incarnation BIGINT NOT NULL,
	is_host buddyshopping.truth NOT NULL,
	is_ready buddyshopping.truth NOT NULL DEFAULT 0,
	has_token buddyshopping.truth NOT NULL,
	request buddyshopping.digest,
	state buddyshopping.customer_state NOT NULL DEFAULT 0,
	left_revision BIGINT NOT NULL DEFAULT 0,	-- 0 in state 0
	name_seq BIGINT,		-- NULL once gone
	cart_seq BIGINT,		-- NULL for an empty cart
	seq_cart BIGINT NOT NULL DEFAULT 0,	-- highest client_seq applied
	seq_ready BIGINT NOT NULL DEFAULT 0,
	UNIQUE (session, cid)
) WITH (fillfactor = 70);

CREATE INDEX customer_by_state ON buddyshopping.customer
    (session, state, incarnation, left_revision);

CREATE TABLE buddyshopping.journal (
	seq BIGINT PRIMARY KEY,		-- 1, 2, 3, ...: no gaps, never reused
	session BIGINT NOT NULL,
	incarnation BIGINT NOT NULL,
	revision BIGINT NOT NULL,
	event BIGINT NOT NULL,
	ts_ms BIGINT NOT NULL,
	transport SMALLINT NOT NULL,
	customer buddyshopping.customer_id,
	displaced buddyshopping.customer_id,
	flags BIGINT NOT NULL,
	client_seq BIGINT NOT NULL,	-- 0 for none
	digest buddyshopping.digest NOT NULL,
	hash buddyshopping.digest NOT NULL,
	previous_seq BIGINT
) WITH (autovacuum_freeze_min_age = 0);

CREATE INDEX journal_newcomer ON buddyshopping.journal(session, customer)
    WHERE event IN (1, 2);

CREATE INDEX journal_sessionless ON buddyshopping.journal(seq)
    WHERE session = 0;

CREATE INDEX journal_purge ON buddyshopping.journal(seq) WHERE event = 12;

-- What was erased is on the disk until VACUUM: that must not wait for a part of
-- the table to be old that grows with it.
CREATE TABLE buddyshopping.journal_body (
	seq BIGINT PRIMARY KEY,		-- the journal's
	salt buddyshopping.salt,
	name TEXT COLLATE "C",		-- START, JOIN; CALL
	address TEXT COLLATE "C",
	cart TEXT COLLATE "C",		-- CART
	request buddyshopping.digest,	-- START, JOIN
	account TEXT COLLATE "C"	-- START, JOIN
) WITH (autovacuum_freeze_min_age = 0, autovacuum_vacuum_scale_factor = 0.01);

-- Carts above 2 KB are compressed, which lz4 does in a third of the time.  A
-- server may be older than it (13), where this is no syntax, or built without it.
DO $$
BEGIN
	IF EXISTS (SELECT 1 FROM pg_catalog.pg_settings
	    WHERE name = 'default_toast_compression'
	    AND 'lz4' = ANY (enumvals)) THEN
		EXECUTE 'ALTER TABLE buddyshopping.journal_body '
		    'ALTER COLUMN cart SET COMPRESSION lz4';
	END IF;
END
$$;

CREATE INDEX journal_body_account ON buddyshopping.journal_body(account)
    WHERE account IS NOT NULL;

CREATE TABLE buddyshopping.chain_anchor (
	seq BIGINT PRIMARY KEY,
	hash buddyshopping.digest NOT NULL
);

CREATE TABLE buddyshopping.webhook (
	shop TEXT COLLATE "C" PRIMARY KEY,
	seq BIGINT NOT NULL
);

CREATE TABLE buddyshopping.webhook_parked (
	session TEXT COLLATE "C" PRIMARY KEY,	-- its name
	shop TEXT COLLATE "C" NOT NULL,
	seq BIGINT NOT NULL,
	attempts BIGINT NOT NULL,	-- of that row
	first_ms BIGINT NOT NULL,	-- when it failed first; 0: it has not
	next_ms BIGINT NOT NULL		-- when it is tried again
);

CREATE FUNCTION buddyshopping.session_check_delete() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT 1 FROM buddyshopping.journal
	    WHERE seq = OLD.last_seq) THEN
		RAISE EXCEPTION 'the journal has records of this session'
		    USING ERRCODE = 'integrity_constraint_violation';
	END IF;
	RETURN OLD;
END
$$;

CREATE TRIGGER session_no_delete BEFORE DELETE ON buddyshopping.session
    FOR EACH ROW EXECUTE FUNCTION buddyshopping.session_check_delete();

CREATE TRIGGER session_no_truncate BEFORE TRUNCATE ON buddyshopping.session
    EXECUTE FUNCTION buddyshopping.refuse(
    'the journal has records of this session');

CREATE TRIGGER journal_no_update BEFORE UPDATE ON buddyshopping.journal
    FOR EACH ROW
    EXECUTE FUNCTION buddyshopping.refuse('the journal is append-only');

CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON buddyshopping.journal
    EXECUTE FUNCTION buddyshopping.refuse('the journal is append-only');

-- Once for all rows of a DELETE, behind it: the newest PURGE may be one of them.
CREATE FUNCTION buddyshopping.journal_check_delete() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF (SELECT max(seq) FROM deleted) > coalesce((SELECT client_seq FROM (
	    (SELECT seq, client_seq FROM buddyshopping.journal
	      WHERE event = 12 ORDER BY seq DESC LIMIT 1)
	    UNION ALL
	    (SELECT seq, client_seq FROM deleted
	      WHERE event = 12 ORDER BY seq DESC LIMIT 1)) AS purge
	    ORDER BY seq DESC LIMIT 1), 0) THEN
		RAISE EXCEPTION 'the journal is append-only'
		    USING ERRCODE = 'integrity_constraint_violation';
	END IF;
	IF EXISTS (SELECT 1 FROM deleted
	    JOIN buddyshopping.journal_body USING (seq)) THEN
		RAISE EXCEPTION 'the body of a row goes before the row'
		    USING ERRCODE = 'foreign_key_violation';
	END IF;
	RETURN NULL;
END
$$;

CREATE TRIGGER journal_no_delete AFTER DELETE ON buddyshopping.journal
    REFERENCING OLD TABLE AS deleted
    EXECUTE FUNCTION buddyshopping.journal_check_delete();

CREATE TRIGGER journal_body_only_erase BEFORE UPDATE
    ON buddyshopping.journal_body FOR EACH ROW
    WHEN (NEW.seq <> OLD.seq OR NEW.salt IS NOT NULL OR
    NEW.name IS NOT NULL OR NEW.address IS NOT NULL OR
    NEW.cart IS NOT NULL OR NEW.request IS NOT NULL OR
    NEW.account IS NOT NULL)
    EXECUTE FUNCTION buddyshopping.refuse('a body can only be erased');

CREATE TRIGGER chain_anchor_no_update BEFORE UPDATE
    ON buddyshopping.chain_anchor FOR EACH ROW
    EXECUTE FUNCTION buddyshopping.refuse(
    'an anchor is replaced by one of a later row');

CREATE TRIGGER chain_anchor_no_truncate BEFORE TRUNCATE
    ON buddyshopping.chain_anchor
    EXECUTE FUNCTION buddyshopping.refuse(
    'an anchor is replaced by one of a later row');

CREATE FUNCTION buddyshopping.chain_anchor_check_delete() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT EXISTS (SELECT 1 FROM buddyshopping.chain_anchor
	    WHERE seq > OLD.seq) THEN
		RAISE EXCEPTION 'an anchor is replaced by one of a later row'
		    USING ERRCODE = 'integrity_constraint_violation';
	END IF;
	RETURN OLD;
END
$$;

CREATE TRIGGER chain_anchor_no_delete BEFORE DELETE
    ON buddyshopping.chain_anchor FOR EACH ROW
    EXECUTE FUNCTION buddyshopping.chain_anchor_check_delete();
