// sql/postgres/schema.sql and audit.sql say what those of SQLite say: of the
// same rows they show the same, and refuse the same.

import './lib/on-sqlite.mjs';	// it looks at a server of its own beside that

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { startApi } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { withPatience } from './lib/daemon.mjs';
import { Postgres } from './lib/postgres.mjs';
import { needQuery, query } from './lib/storage.mjs';

const SQL = path.join(process.env.srcdir ?? '.', 'sql');
const read = (name) => fs.readFileSync(path.join(SQL, name), 'utf8');
const SCHEMA = read('postgres/schema.sql');
const VIEWS = path.join(SQL, 'audit.sql');
const PSQL_VIEWS = path.join(SQL, 'postgres/audit.sql');
const PAGE = path.join(SQL, '../man/buddyshoppingctl.8');
// Only of files.
const LOG_MARK = 'log_mark';
const INSERT_TRIGGER = 4;	// a bit of pg_trigger.tgtype

needQuery();
const server = await Postgres.start();

// As psql ends: { status, stdout, stderr } of a script.
const psql = (url, script, { views = false, options = [] } = {}) =>
	spawnSync(path.join(server.folder, 'bin/psql'), [
		...views ? [] : ['-X'], '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1',
		...options, '-d', url, views ? '-c' : '-f', views ? script : '-'],
	{ input: script, encoding: 'utf8', maxBuffer: 1 << 28,
		env: { ...process.env, PSQLRC: PSQL_VIEWS } });

const succeed = (...args) => {
	const { status, stdout, stderr } = psql(...args);
	assert.equal(status, 0, stderr);
	return stdout.trimEnd();
};

const rowsOf = (url, select, options) => JSON.parse(succeed(url,
	`SELECT coalesce(json_agg(r), '[]') FROM (${select}) AS r`, options));

const make = (url) => succeed(url, SCHEMA, { options: ['-1'] });

// A daemon's own rows: a session with all that can happen to it, an erased one.
const tell = async () => {
	const { daemon, call } = await startApi();
	const ada = await Client.open(daemon, '/party');
	const bob = await Client.open(daemon, '/party');
	const host = await ada.enter('startSession', 'Ada', { resumable: true });
	const guest = await bob.enter('joinSession', 'B\u00f6b "\\\u{1f600}');
	for (const [client, { customerId }] of [[ada, host], [bob, guest]]) {
		client.send('updateCart', { customerId, seq: 1, cartContent: {
			items: [{ id: 'tea', quantity: 1 }] } });
		await client.nextOf('updateCart');
		client.send('customerReadyToCheckout', { customerId, seq: 1,
			customerReadyToCheckout: true });
		await client.nextOf('customerReadyToCheckout');
	}
	ada.send('updateCart', { customerId: host.customerId, seq: 2 });
	await ada.nextOf('error');
	await call('POST', '/v1/sessions/party/lock');
	await call('POST', '/v1/sessions/party/unlock');
	await call('DELETE', `/v1/sessions/party/customers/${guest.customerId}`);
	const eve = await Client.open(daemon, '/other');
	const { customerId } = await eve.enter('startSession', 'Eve');
	await call('POST', '/v1/sessions/other/end');
	await daemon.stop();
	const { status, error } = await ctl(daemon.database, 'erase', '--yes',
		'--customer', customerId);
	assert.equal(status, 0, error);
	return daemon.database;
};

const CARTS = [
	{ items: [{ product: { id: 7, name: 'Coffee' }, quantity: 2, id: 1 },
		{ productId: 'p', name: 'P', quantity: 1.5 },
		{ id: null, sku: 's', quantity: '3' }, 5, 'x', {}, [] ] },
	{ items: { a: { id: 'in an object' }, b: 1 } },
	{ items: 5 }, { items: [{ id: '\u00e9\u{1f600}"\\' }] }, [], 5, {},
].map((cart) => JSON.stringify(cart)).concat('{"items":[', 'nothing', '');

// Whatever else may stand in the columns; rows of no honest daemon.  A PURGE of
// the first rows is the last row.
const forge = (database) => execFileSync('sqlite3', ['-bail', database], {
	stdio: ['pipe', 'inherit', 'inherit'], input: `
	BEGIN;
	INSERT INTO journal SELECT (SELECT max(seq) FROM journal) +
	    row_number() OVER (), s.value, 1, 1, e.value,
	    CASE f.key % 5 WHEN 0 THEN -1 WHEN 1 THEN 253402300799999
	    WHEN 2 THEN 253402300800000 WHEN 3 THEN ${Number.MAX_SAFE_INTEGER}
	    ELSE 1700000000000 + 1001 * e.value END,
	    f.key % 6, CASE WHEN e.value = 9 THEN NULL ELSE c.cid END,
	    CASE WHEN f.key % 2 THEN c.cid END, f.value,
	    1700000000000 + 7 * f.key, randomblob(32), randomblob(32), NULL
	    FROM json_each('[0, 1, 99]') AS s,
	    json_each('[0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]') AS e,
	    json_each('[0, 1, 2, 3, 16, 24, 32, 64, 96, 257, 2560, 6155]') AS f,
	    (SELECT cid FROM customer ORDER BY id LIMIT 1) AS c;
	INSERT INTO session VALUES (50, 'carts', 1, 9, NULL, 5, NULL, 0),
	    (51, 'nobody''s', 1, 9, 5, 5, NULL, NULL);
	${CARTS.map((cart, i) => `
	INSERT INTO journal VALUES (${100000 + i}, 50, 1, ${i}, 3, ${i}, 1,
	    'c${String(i).padStart(23, '0')}', NULL, 0, 1, zeroblob(32),
	    zeroblob(32), NULL);
	INSERT INTO journal_body (seq, salt, cart) VALUES (${100000 + i},
	    randomblob(16), '${cart.replaceAll("'", "''")}');
	INSERT INTO customer VALUES (${100 + i}, 50,
	    'c${String(i).padStart(23, '0')}', 1, ${i % 2}, 0, 1,
	    randomblob(32), ${i === 6 ? 1 : 0}, 0, NULL, ${100000 + i}, 1, 0);
	`).join('')}
	INSERT INTO webhook VALUES ('', 3), ('shop', 4);
	INSERT INTO webhook_parked VALUES ('party', 'shop', 5, 6, 7, 8);
	INSERT INTO journal VALUES (200000, 0, 0, 0, 12, 5, 0, NULL, NULL, 0,
	    2, zeroblob(32), zeroblob(32), NULL);
	INSERT INTO chain_anchor VALUES (1, zeroblob(32));
	COMMIT;` });

const tablesOf = (database) => query(database,
	`SELECT name FROM pragma_table_list WHERE schema = 'main'
	AND name NOT LIKE 'sqlite%' AND name <> '${LOG_MARK}' ORDER BY name`)
	.map(({ name }) => name);

const columnsOf = (database, table) => query(database,
	`SELECT name, type, "notnull" OR pk AS needed, dflt_value AS value
	FROM pragma_table_info('${table}') ORDER BY cid`);

const copyRows = (database, url) => {
	const inOrder = tablesOf(database).sort((a, b) =>
		(b === 'session') - (a === 'session'));
	for (const table of inOrder) {
		const columns = columnsOf(database, table).map(({ name, type }) =>
			type !== 'BLOB' ? name : `CASE WHEN ${name} IS NOT NULL
			THEN '\\x' || hex(${name}) END AS ${name}`);
		const rows = JSON.stringify(query(database,
			`SELECT ${columns.join()} FROM ${table}`));
		succeed(url, `INSERT INTO buddyshopping.${table}
			SELECT * FROM json_populate_recordset(
			CAST(NULL AS buddyshopping.${table}), $rows$${rows}$rows$)`);
	}
};

// A database of each kind with the same rows.
const { database, url } = await withPatience(async () => {
	const places = { database: await tell(), url: server.database() };
	forge(places.database);
	make(places.url);
	copyRows(places.database, places.url);
	return places;
});

test('tables and columns are the same', () => {
	const kinds = { bigint: 'INTEGER', smallint: 'INTEGER', text: 'TEXT',
		bytea: 'BLOB' };
	const tables = tablesOf(database);
	assert.deepEqual(rowsOf(url, `SELECT relname FROM pg_class
		WHERE relnamespace = CAST('buddyshopping' AS regnamespace)
		AND relkind = 'r' ORDER BY relname COLLATE "C"`)
		.map(({ relname }) => relname).filter((name) =>
			name !== 'about' && name !== 'writer'), tables);
	for (const table of tables)
		assert.deepEqual(rowsOf(url, `SELECT column_name, data_type,
			is_nullable, column_default, collation_name
			FROM information_schema.columns
			WHERE table_schema = 'buddyshopping'
			AND table_name = '${table}' ORDER BY ordinal_position`)
			.map((column) => {
				assert(column.data_type !== 'text' ||
					column.collation_name === 'C', column);
				return { name: column.column_name,
					type: kinds[column.data_type],
					needed: Number(column.is_nullable === 'NO'),
					value: column.column_default };
			}), columnsOf(database, table), table);
});

test('indexes are the same', () => assert.deepEqual(rowsOf(url,
	`SELECT c.relname AS name, i.indpred IS NOT NULL AS partial,
	(SELECT string_agg(a.attname, ',' ORDER BY a.attnum) FROM pg_attribute
	AS a WHERE a.attrelid = c.oid) AS columns FROM pg_index AS i
	JOIN pg_class AS c ON c.oid = i.indexrelid
	WHERE c.relnamespace = CAST('buddyshopping' AS regnamespace)
	AND NOT i.indisunique ORDER BY c.relname COLLATE "C"`),
query(database, `SELECT l.name, l.partial,
	(SELECT group_concat(i.name) FROM pragma_index_info(l.name) AS i)
	AS columns FROM pragma_table_list AS t, pragma_index_list(t.name) AS l
	WHERE t.schema = 'main' AND l.origin = 'c' ORDER BY l.name`)
	.map((index) => ({ ...index, partial: index.partial === 1 }))));

// The one has numbers where the other has text, and another order.
const plain = (rows) => rows.map((row) => JSON.stringify(Object.entries(row)
	.map(([name, value]) => [name, value === null ? null : String(value)])))
	.sort();

// How many rows both have of a SELECT from the views.
const bothShow = (select) => {
	const text = execFileSync('sqlite3', ['-readonly', '-bail', '-json',
		'-init', VIEWS, database, select],
	{ encoding: 'utf8', maxBuffer: 1 << 28 });
	const rows = text === '' ? [] : JSON.parse(text);
	assert.deepEqual(plain(rowsOf(url, select, { views: true })),
		plain(rows), select);
	return rows.length;
};

test('each view shows the same', () => {
	const viewsIn = (name) => read(name).match(/(?<=^CREATE TEMP VIEW )\w+/gm);
	const views = viewsIn('audit.sql');
	assert.deepEqual(viewsIn('postgres/audit.sql'), views);
	for (const view of views)
		assert(bothShow(`SELECT * FROM ${view}`) > 0, view);
});

test('each example of the manual page shows the same', () => {
	const examples = fs.readFileSync(PAGE, 'utf8').match(
		/(?<=^\.Dl )SELECT .*(?=;$)/gm);
	assert(examples.length > 0);
	for (const example of examples)
		bothShow(example.replaceAll('\\(aq', '\'')
			.replace(/ (sum|count)\([^)]*\)/, '$& AS number'));
});

test('a cart that cannot be read is in the way of none', () => {
	const itemsOf = (value) => rowsOf(url,
		`SELECT * FROM pg_temp.audit_items(${value})`, { views: true });
	const items = (cart) => itemsOf(`$cart$${cart}$cart$`);
	assert.deepEqual(items('{"items":[{"id":"a\\u0000","quantity":"many"}]}'),
		[]);
	assert.deepEqual(items('{"items":[{"id":"\\ud800"}]}'), []);
	assert.deepEqual(items('{"items":[{"id":1,"quantity":"many"}]}'),
		[{ product: '1', name: null, quantity: null }]);
	assert.deepEqual(items('{"items":[{"quantity":1e999999}]}'),
		[{ product: null, name: null, quantity: null }]);
	assert.deepEqual(itemsOf('repeat(\'[\', 1000000)'), []);
});

const TAKEN = /UNIQUE constraint failed|duplicate key value/;
const KEPT = /FOREIGN KEY constraint failed|foreign key|goes before the row/;
const UNFIT = /CHECK constraint failed|violates check constraint/;
const APPEND = /the journal is append-only/;
const LATER = /an anchor is replaced by one of a later row/;

const customer = (columns) => {
	const row = { id: 9000, session: 1, cid: '\'d23456789012345678901234\'',
		incarnation: 1, is_host: 0, has_token: 0, ...columns };
	return `INSERT INTO customer (${Object.keys(row)})
		VALUES (${Object.values(row)})`;
};
const row = (columns) => {
	const all = { seq: 300000, session: 1, incarnation: 1, revision: 1,
		event: 3, ts_ms: 1, transport: 1, flags: 0, client_seq: 0,
		digest: 'B32', hash: 'B32', ...columns };
	return `INSERT INTO journal (${Object.keys(all)})
		VALUES (${Object.values(all)})`;
};
const body = (columns) =>
	`INSERT INTO journal_body (seq, ${Object.keys(columns)})
	VALUES (100000, ${Object.values(columns)})`;
const WITHOUT_BODY = 'DELETE FROM journal_body WHERE seq = 100000';

// Statements and what is said to each; undefined: nothing.
const CASES = [
	['UPDATE session SET name = \'x\' WHERE id = 1', /keeps its name/],
	['UPDATE session SET id = id WHERE id = 1', /keeps its name/],
	['UPDATE session SET revision = 7, ended_ms = 5, locked_ms = 1'],
	['DELETE FROM session WHERE id = 1', /has records of this session/],
	['DELETE FROM session WHERE id = 50', KEPT],
	['DELETE FROM session WHERE id = 51'],
	['INSERT INTO session VALUES (60, \'party\', 1, 1, 1, 1, 1, 1)', TAKEN],
	['INSERT INTO session VALUES (1, \'x\', 1, 1, 1, 1, 1, 1)', TAKEN],
	['INSERT INTO session VALUES (60, \'Party\', 1, 1, 1, 1, 1, 1)'],
	[customer({})],
	[customer({ id: 1 }), TAKEN],
	[customer({ session: 50, cid: '\'c00000000000000000000001\'' }), TAKEN],
	[customer({ session: 99 }), KEPT],
	[customer({ cid: '\'d2345678901234567890123\'' }), UNFIT],
	[customer({ is_host: 2 }), UNFIT],
	[customer({ is_ready: -1 }), UNFIT],
	[customer({ has_token: 2 }), UNFIT],
	[customer({ request: 'B32' })],
	[customer({ request: 'B31' }), UNFIT],
	[customer({ state: 2 })],
	[customer({ state: 3 }), UNFIT],
	['UPDATE customer SET state = 3', UNFIT],
	[row({})],
	[row({ seq: 1 }), TAKEN],
	[row({ customer: '\'x\'' }), UNFIT],
	[row({ displaced: '\'x\'' }), UNFIT],
	[row({ digest: 'B33' }), UNFIT],
	[row({ hash: 'B0' }), UNFIT],
	['UPDATE journal SET flags = 1 WHERE seq = 1', APPEND],
	['UPDATE journal SET flags = flags WHERE seq = 0'],
	['DELETE FROM journal WHERE seq = 3', APPEND],
	['DELETE FROM journal WHERE seq = 200000', APPEND],
	['DELETE FROM journal_body; DELETE FROM journal', APPEND],
	['DELETE FROM journal_body; DELETE FROM journal WHERE seq > 5', APPEND],
	['DELETE FROM journal WHERE seq <= 2', KEPT],
	['DELETE FROM journal_body; DELETE FROM journal WHERE seq <= 2'],
	['DELETE FROM journal_body WHERE seq <= 3; ' +
		'DELETE FROM journal WHERE seq <= 3', APPEND],
	['DELETE FROM journal WHERE seq = 0'],
	[body({ salt: 'B16' }), TAKEN],
	[`${WITHOUT_BODY}; ${body({ salt: 'B16', request: 'B32' })}`],
	[`${WITHOUT_BODY}; ${body({ salt: 'B17' })}`, UNFIT],
	[`${WITHOUT_BODY}; ${body({ request: 'B16' })}`, UNFIT],
	['UPDATE journal_body SET seq = seq', /only be erased/],
	['UPDATE journal_body SET salt = NULL WHERE seq = 1', /only be erased/],
	...['salt = B16', 'name = \'x\'', 'address = \'x\'', 'cart = \'{}\'',
		'request = B32', 'account = \'x\'', 'seq = -1'].flatMap((one) => [
		[`DELETE FROM journal_body WHERE seq <> 1; ` +
			'UPDATE journal_body SET salt = NULL, name = NULL, address = ' +
			'NULL, cart = NULL, request = NULL, account = NULL; ' +
			`UPDATE journal_body SET ${one}`, /only be erased/]]),
	['UPDATE journal_body SET salt = NULL, name = NULL, address = NULL, ' +
		'cart = NULL, request = NULL, account = NULL'],
	['DELETE FROM chain_anchor', LATER],
	['UPDATE chain_anchor SET seq = 2', LATER],
	['INSERT INTO chain_anchor VALUES (2, B31)', UNFIT],
	['INSERT INTO chain_anchor VALUES (2, B32); ' +
		'DELETE FROM chain_anchor WHERE seq = 2', LATER],
	['INSERT INTO chain_anchor VALUES (2, B32); DELETE FROM chain_anchor',
		LATER],
	['INSERT INTO chain_anchor VALUES (2, B32); ' +
		'DELETE FROM chain_anchor WHERE seq < 2'],
	['INSERT INTO webhook VALUES (\'shop\', 9)', TAKEN],
	['INSERT INTO webhook_parked VALUES (\'party\', \'x\', 1, 1, 1, 1)', TAKEN],
];

// What each says to a statement, after which all is as before; B32 in it is a
// blob of 32 bytes.
const bothOn = (sql) => [
	spawnSync('sqlite3', ['-bail', database], { encoding: 'utf8',
		input: `PRAGMA foreign_keys = ON; BEGIN;
		${sql.replace(/\bB(\d+)\b/g, 'zeroblob($1)')}; ROLLBACK;` }),
	psql(url, `SET search_path = buddyshopping, pg_temp; BEGIN;
		${sql.replace(/\bB(\d+)\b/g,
		(_, n) => `'\\x${'00'.repeat(n)}'`)}; ROLLBACK;`),
];

test('each refuses what the other refuses', () => {
	for (const [sql, expected] of CASES)
		for (const { status, stderr } of bothOn(sql)) {
			if (expected === undefined)
				assert.equal(status, 0, `${sql}: ${stderr}`);
			else
				assert.match(stderr, expected, sql);
			assert.equal(status === 0, expected === undefined, sql);
		}
});

test('no table that is kept is truncated', () => {
	for (const [table, expected] of [['journal', APPEND],
		['chain_anchor', LATER], ['session CASCADE', /has records/]])
		assert.match(psql(url, `TRUNCATE buddyshopping.${table}`).stderr,
			expected);
});

// Neither a trigger, nor a check of the table, nor a key of another one.
test('nothing is asked when a record is inserted', () => {
	const tables = `(SELECT relname FROM pg_class WHERE relnamespace =
		CAST('buddyshopping' AS regnamespace) AND oid =`;
	assert.deepEqual(rowsOf(url, `SELECT DISTINCT ${tables} tgrelid) AS t
		FROM pg_trigger WHERE NOT tgisinternal ORDER BY t`),
	['chain_anchor', 'journal', 'journal_body', 'session']
		.map((t) => ({ t })));
	assert.deepEqual(rowsOf(url, `SELECT tgname FROM pg_trigger
		WHERE (tgtype & ${INSERT_TRIGGER}) <> 0 AND NOT tgisinternal`), []);
	assert.deepEqual(rowsOf(url, `SELECT ${tables} conrelid) AS t
		FROM pg_constraint WHERE contype IN ('c', 'f')
		AND connamespace = CAST('buddyshopping' AS regnamespace)
		AND conrelid <> 0 ORDER BY t`),
	['about', 'about', 'customer', 'writer'].map((t) => ({ t })));
});

test('about and writer have one row each', () => {
	assert.deepEqual(rowsOf(url, 'SELECT application, version, key ' +
		'FROM buddyshopping.about'), [{ application: 'buddyshopping',
		version: Number(read('schema.sql').match(/user_version = (\d+)/)[1]),
		key: null }]);
	assert.deepEqual(rowsOf(url, 'SELECT run FROM buddyshopping.writer'),
		[{ run: 0 }]);
	for (const table of ['about', 'writer'])
		assert.match(psql(url, `INSERT INTO buddyshopping.${table}
			SELECT (json_populate_record(t, '{"id": 2}')).*
			FROM buddyshopping.${table} AS t`).stderr, UNFIT);
});

// In public stand a journal that allows everything, and functions that find
// everything right, for whoever looks there first.
test('public takes the place of nothing', () => {
	const place = server.database();
	server.query('GRANT CREATE ON SCHEMA public TO PUBLIC', place.replace(
		'user=buddyshopping', 'user=postgres'));
	succeed(place, `CREATE TABLE public.journal AS SELECT 12 AS event,
		CAST(9 AS BIGINT) AS seq, CAST(9 AS BIGINT) AS client_seq;
		CREATE TABLE public.journal_body (seq BIGINT);
		CREATE DOMAIN public.digest AS BYTEA;
		CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql
		AS 'BEGIN RETURN NEW; END';
		CREATE FUNCTION public.octet_length(BYTEA) RETURNS INT
		LANGUAGE sql AS 'SELECT 32';
		CREATE FUNCTION public.max(BIGINT) RETURNS BIGINT
		LANGUAGE sql AS 'SELECT CAST(0 AS BIGINT)';
		CREATE FUNCTION public.never(BIGINT, BIGINT) RETURNS BOOLEAN
		LANGUAGE sql AS 'SELECT false';
		CREATE OPERATOR public.> (FUNCTION = public.never,
		LEFTARG = BIGINT, RIGHTARG = BIGINT)`);
	succeed(place, `SET search_path = public; ${SCHEMA}`,
		{ options: ['-1'] });
	const says = (sql) => psql(place,
		`SET search_path = public, pg_catalog; ${sql}`).stderr;
	succeed(place, `INSERT INTO buddyshopping.journal VALUES (1, 1, 1, 1, 3, 1,
		1, NULL, NULL, 0, 0, sha256('a'), sha256('b'), NULL)`);
	assert.match(says('DELETE FROM buddyshopping.journal'), APPEND);
	assert.match(says('UPDATE buddyshopping.journal SET flags = 1'), APPEND);
	assert.match(says(`INSERT INTO buddyshopping.chain_anchor
		VALUES (1, 'x')`), UNFIT);
});

const asRole = (role, place) => place.replace('user=buddyshopping',
	`user=${role}`);
const grants = read('postgres/audit.sql').match(/(?<=^--\t) *[GA][^]*?;$/gm)
	.map((line) => line.replaceAll('\n--\t', '\n')).join('\n');

test('who audits needs what audit.sql says, and changes nothing', () => {
	assert.equal(grants.match(/;/g).length, 4);
	const name = new URL(url).pathname.slice(1);
	server.query('CREATE ROLE auditor LOGIN');
	server.query(`REVOKE TEMPORARY ON DATABASE ${name} FROM PUBLIC`);
	const audit = asRole('auditor', url);
	const count = 'SELECT count(*) > 0 AS has FROM audit_event';
	assert.match(psql(audit, count, { views: true }).stderr, /denied/);
	server.query(grants.replace('DATABASE shop', `DATABASE ${name}`),
		asRole('postgres', url));
	assert.deepEqual(rowsOf(audit, count, { views: true }), [{ has: true }]);
	assert.match(psql(audit, 'DELETE FROM buddyshopping.webhook').stderr,
		/permission denied/);
	assert.match(psql(url, 'DELETE FROM buddyshopping.webhook',
		{ views: true }).stderr, /read-only transaction/);
});

test('a schema may be made for a role, but is no other\'s', () => {
	const place = server.database();
	const over = asRole('postgres', place);
	server.query('CREATE SCHEMA buddyshopping', over);
	assert.match(psql(place, SCHEMA, { options: ['-1'] }).stderr,
		/the schema buddyshopping is another role's/);
	server.query('DROP SCHEMA buddyshopping; ' +
		'CREATE ROLE "Ann O\'Nym" LOGIN; ' +
		'CREATE SCHEMA buddyshopping AUTHORIZATION "Ann O\'Nym"', over);
	make(asRole('Ann O\'Nym', place));
	assert.match(psql(place, SCHEMA, { options: ['-1'] }).stderr,
		/is another role's/);
});
