-- Views of a database of buddyshopping in PostgreSQL for those who prefer psql:
--
--	PSQLRC=audit.sql psql service=shop
--
-- They are those of ../audit.sql, columns and all, and temporary: the
-- connection has them, the database is not changed, nor can it be from there
-- on.  Nothing here verifies anything: "buddyshoppingctl audit verify" does.
-- While a transaction or a long query runs, VACUUM cannot remove what was
-- erased.
--
-- Who reads, here or with buddyshoppingctl, needs no more than this, which the
-- owner of the schema says once for a role (TEMPORARY is everybody's unless it
-- was revoked):
--
--	GRANT USAGE ON SCHEMA buddyshopping TO auditor;
--	GRANT SELECT ON ALL TABLES IN SCHEMA buddyshopping TO auditor;
--	ALTER DEFAULT PRIVILEGES IN SCHEMA buddyshopping
--	    GRANT SELECT ON TABLES TO auditor;
--	GRANT TEMPORARY ON DATABASE shop TO auditor;
--
-- A standby has no temporary views: audit there with buddyshoppingctl.

\set audit_quiet :QUIET
\set QUIET on

-- NULL for what is no time of a calendar.
CREATE FUNCTION pg_temp.audit_time(ms BIGINT) RETURNS TEXT
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN ms BETWEEN -62135596800000 AND 253402300799999
	  THEN to_char(timestamp 'epoch' + ms * interval '1 millisecond',
	    'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END
$$;

-- A cart of which PostgreSQL cannot make text (it has no U+0000, and no half of
-- a surrogate pair) has no items here; a quantity that is no number is NULL.
CREATE FUNCTION pg_temp.audit_items(cart TEXT)
RETURNS TABLE (product TEXT, name TEXT, quantity NUMERIC)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
	items JSON;
BEGIN
	items := CAST(cart AS JSON) -> 'items';
	RETURN QUERY
	WITH i (value) AS (
	  SELECT value FROM json_array_elements(CASE json_typeof(items)
	         WHEN 'array' THEN items ELSE '[]' END)
	  UNION ALL SELECT value FROM json_each(CASE json_typeof(items)
	         WHEN 'object' THEN items ELSE '{}' END))
	SELECT coalesce(i.value #>> '{product,id}', i.value ->> 'productId',
	         i.value ->> 'id', i.value ->> 'sku'),
	       coalesce(i.value #>> '{product,name}', i.value ->> 'name'),
	       CASE WHEN i.value ->> 'quantity' ~
	         '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{1,3})?$'
	         THEN CAST(i.value ->> 'quantity' AS NUMERIC) END
	  FROM i
	 WHERE json_typeof(i.value) = 'object';
EXCEPTION
	WHEN data_exception OR statement_too_complex THEN RETURN;
END
$$;

CREATE TEMP VIEW audit_event_name (number, event) AS VALUES
	(1, 'start'), (2, 'join'), (3, 'cart'), (4, 'ready'), (5, 'leave'),
	(6, 'expire'), (7, 'return'), (8, 'end'), (9, 'refused'),
	(10, 'erase'), (11, 'retain'), (12, 'purge'), (13, 'lock'),
	(14, 'unlock'), (15, 'call');

CREATE TEMP VIEW audit_transport_name (number, transport) AS VALUES
	(0, 'none'), (1, 'websocket'), (2, 'http'), (3, 'fastcgi');

CREATE TEMP VIEW audit_message_name (number, message) AS VALUES
	(0, ''), (1, 'startSession'), (2, 'joinSession'), (3, 'updateCart'),
	(4, 'customerReadyToCheckout'), (5, 'resumeSession'),
	(6, 'leaveSession'), (7, 'poll'), (8, 'say'), (9, 'goodbye');

CREATE TEMP VIEW audit_call_name (number, message) AS VALUES
	(1, 'endSession'), (2, 'removeCustomer'), (3, 'lockSession'),
	(4, 'unlockSession');

CREATE TEMP VIEW audit_refusal_name (number, code) AS VALUES
	(0, 'none'),
	(1, 'invalidJson'),
	(2, 'invalidMessage'),
	(3, 'unknownEvent'),
	(4, 'invalidSession'),
	(5, 'invalidToken'),
	(6, 'notYourCustomer'),
	(7, 'originNotAllowed'),
	(8, 'sessionNotFound'),
	(9, 'unknownCustomer'),
	(10, 'notFound'),
	(11, 'methodNotAllowed'),
	(12, 'sessionExists'),
	(13, 'alreadyJoined'),
	(14, 'guestsNotReady'),
	(15, 'leftSession'),
	(16, 'messageTooLarge'),
	(17, 'unsupportedMediaType'),
	(18, 'sessionFull'),
	(19, 'rateLimited'),
	(20, 'storageUnavailable'),
	(21, 'shuttingDown'),
	(22, 'ticketRequired'),
	(23, 'invalidTicket'),
	(24, 'sessionLocked');

-- Every name that is not erased.  Of those who have not left the tables know
-- where it is, which is faster in long sessions.
CREATE TEMP VIEW audit_name AS
SELECT j.session AS session_id, j.customer, b.name
  FROM buddyshopping.journal AS j
  JOIN buddyshopping.journal_body AS b ON b.seq = j.seq
 WHERE j.event IN (1, 2);

-- The journal: a row for each event, with the name of who did it where that
-- is not erased.  The columns are those of "audit export".
CREATE TEMP VIEW audit_event AS
SELECT j.seq,
       coalesce(s.name, '') AS session,
       j.incarnation,
       j.revision,
       coalesce(e.event, 'unknown') AS event,
       pg_temp.audit_time(j.ts_ms) AS time,
       coalesce(t.transport, 'unknown') AS transport,
       j.customer,
       coalesce((SELECT k.name FROM buddyshopping.customer AS c
         JOIN buddyshopping.journal_body AS k ON k.seq = c.name_seq
         WHERE c.session = j.session AND c.cid = j.customer),
         (SELECT n.name FROM audit_name AS n
         WHERE n.session_id = j.session AND n.customer = j.customer
         LIMIT 1)) AS who,
       j.displaced,
       CASE WHEN j.event IN (1, 2) THEN j.flags >> 1 & 1 END AS resumable,
       CASE WHEN j.event = 4 THEN j.flags & 1 END AS ready,
       CASE WHEN j.event BETWEEN 1 AND 7 THEN CASE j.flags & 96 WHEN 32 THEN 1
         WHEN 64 THEN 0 END END AS all_ready,
       CASE WHEN j.event IN (3, 4) THEN j.client_seq END AS client_seq,
       CASE WHEN j.event = 9 THEN (SELECT code FROM audit_refusal_name
         WHERE number = j.flags & 255) END AS code,
       CASE j.event WHEN 9 THEN (SELECT message FROM audit_message_name
         WHERE number = j.flags >> 8) WHEN 15 THEN (SELECT message
         FROM audit_call_name WHERE number = j.flags) END AS message,
       CASE WHEN j.event = 9 THEN j.client_seq END AS count,
       CASE WHEN j.event = 11 THEN pg_temp.audit_time(j.client_seq) END
         AS before,
       CASE WHEN j.event = 12 THEN j.client_seq END AS upto,
       CASE WHEN j.event = 14 THEN j.flags >> 4 & 1 END AS timed_out,
       CASE WHEN b.salt IS NULL THEN 1 ELSE 0 END AS erased,
       b.name,
       b.address,
       b.cart,
       b.account,
       encode(j.digest, 'hex') AS digest,
       encode(j.hash, 'hex') AS hash
  FROM buddyshopping.journal AS j
  LEFT JOIN buddyshopping.session AS s ON s.id = j.session
  LEFT JOIN buddyshopping.journal_body AS b ON b.seq = j.seq
  LEFT JOIN audit_event_name AS e ON e.number = j.event
  LEFT JOIN audit_transport_name AS t ON t.number = j.transport;

-- Each session, with how many are in its multicart.
CREATE TEMP VIEW audit_session AS
SELECT s.name AS session,
       CASE WHEN s.ended_ms IS NULL THEN 'running' ELSE 'ended' END AS state,
       s.incarnation,
       s.revision,
       pg_temp.audit_time(s.locked_ms) AS locked,
       (SELECT count(*) FROM buddyshopping.customer AS c
         WHERE c.session = s.id AND c.incarnation = s.incarnation
         AND c.state = 0) AS members,
       (WITH RECURSIVE back (seq, ts_ms, previous_seq) AS (
         SELECT seq, ts_ms, previous_seq FROM buddyshopping.journal
          WHERE seq = coalesce((SELECT min(n.seq)
           FROM buddyshopping.journal AS n
           WHERE n.session = s.id AND n.event IN (1, 2)), s.last_seq)
         UNION ALL SELECT j.seq, j.ts_ms, j.previous_seq FROM back
          JOIN buddyshopping.journal AS j ON j.seq = back.previous_seq
          WHERE j.seq < back.seq)
        SELECT pg_temp.audit_time(ts_ms)
          FROM back ORDER BY seq LIMIT 1) AS first,
       (SELECT pg_temp.audit_time(j.ts_ms)
         FROM buddyshopping.journal AS j WHERE j.seq = s.last_seq) AS last
  FROM buddyshopping.session AS s;

-- Everybody of the newest incarnation of each session, and their carts now.
CREATE TEMP VIEW audit_member AS
SELECT s.name AS session,
       c.cid AS customer,
       (SELECT n.name FROM audit_name AS n
         WHERE n.session_id = c.session AND n.customer = c.cid
         LIMIT 1) AS who,
       CASE c.state WHEN 0 THEN 'seated' WHEN 1 THEN 'away' ELSE 'gone' END
         AS state,
       c.is_host,
       c.is_ready,
       coalesce(b.cart, '{}') AS cart
  FROM buddyshopping.customer AS c
  JOIN buddyshopping.session AS s
    ON s.id = c.session AND s.incarnation = c.incarnation
  LEFT JOIN buddyshopping.journal_body AS b ON b.seq = c.cart_seq;

-- Each cart that was sent, and the one of that customer before.
CREATE TEMP VIEW audit_cart AS
SELECT seq, session, time, customer, who, cart,
       lag(cart) OVER (PARTITION BY session, customer ORDER BY seq)
         AS cart_before
  FROM audit_event
 WHERE event = 'cart';

-- What is in the carts now, of those that list their items.
CREATE TEMP VIEW audit_item AS
SELECT m.session, m.customer, m.who, i.product, i.name, i.quantity
  FROM audit_member AS m
 CROSS JOIN LATERAL pg_temp.audit_items(m.cart) AS i
 WHERE m.state = 'seated';

-- What was erased on request or may have been as too old, and when.
CREATE TEMP VIEW audit_erasure AS
SELECT seq, time, event, session, customer, before, upto
  FROM audit_event
 WHERE event IN ('erase', 'retain', 'purge');

-- The row before the first one, if rows were deleted.
CREATE TEMP VIEW audit_anchor AS
SELECT seq, encode(hash, 'hex') AS hash
  FROM buddyshopping.chain_anchor;

SET default_transaction_read_only = on;
\set QUIET :audit_quiet
\unset audit_quiet
