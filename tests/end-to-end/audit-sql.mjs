// What manual pages say to sqlite3: the views of sql/audit.sql, of which every
// example runs and says what the tool says, and how a database is rewritten.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { withApi } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { Daemon, makeFolder, withDaemon, withPatience } from
	'./lib/daemon.mjs';
import { STORAGE, needQuery, query, queryViews, runOnViews,
	unlessOn } from './lib/storage.mjs';
import { tool, toolObjects } from './lib/tool.mjs';

const SOURCE = process.env.srcdir ?? '.';
const PAGE = path.join(SOURCE, 'man/buddyshoppingctl.8');
const SETTINGS_PAGE = path.join(SOURCE, 'man/buddyshopping.conf.5');

const SQLITES = { skip: unlessOn('sqlite', 'it is said to sqlite3') };

needQuery();

const examples = fs.readFileSync(PAGE, 'utf8').split('\n')
	.filter((line) => line.startsWith('.Dl SELECT '))
	.map((line) => line.slice('.Dl '.length).replaceAll('\\(aq', '\''));

const CARTS = [
	{ items: [{ product: { id: 7, name: 'Coffee' }, quantity: 2 }] },
	{ items: [{ product: { id: 7, name: 'Coffee' }, quantity: 3 },
		{ id: 'tea', quantity: 1 }, 5] },
];

const party = async (daemon) => {
	const ada = await Client.open(daemon, '/party');
	const bob = await Client.open(daemon, '/party');
	const host = await ada.enter('startSession', 'Ada', { resumable: true });
	const guest = await bob.enter('joinSession', 'Bob');
	let seq = 0;
	for (const cartContent of CARTS) {
		seq++;
		ada.send('updateCart', { customerId: host.customerId,
			cartContent, seq });
		await ada.nextOf('updateCart');
	}
	ada.send('customerReadyToCheckout', { customerId: host.customerId,
		customerReadyToCheckout: true, seq });
	await ada.nextOf('customerReadyToCheckout');
	bob.send('leaveSession', { customerId: guest.customerId });
	await bob.nextOf('leaveSession');
};

test('every example of the manual page runs', SQLITES, () => withDaemon({},
	async (daemon) => {
		await party(daemon);
		const found = examples.map((sql) => queryViews(daemon.database, sql));
		const rows = (view) => found[examples.findIndex((sql) =>
			sql.includes(`FROM audit_${view}`))];
		assert.deepEqual(rows('event').map(({ who, event }) =>
			[who, event]), [['Ada', 'start'], ['Bob', 'join'],
			['Ada', 'cart'], ['Ada', 'cart'], ['Ada', 'ready'],
			['Bob', 'leave']]);
		assert.deepEqual(rows('session').map(({ session, members }) =>
			[session, members]), [['party', 1]]);
		assert.deepEqual(rows('member').map(({ who, state }) =>
			[who, state]), [['Ada', 'seated'], ['Bob', 'gone']]);
		assert.equal(rows('cart').length, CARTS.length);
		assert.deepEqual(rows('item'), [
			{ product: 7, 'sum(quantity)': 3 },
			{ product: 'tea', 'sum(quantity)': 1 }]);
		assert.deepEqual(rows('erasure'), []);
		assert.deepEqual(rows('anchor'), []);
		assert.deepEqual(rows('name'), [{ 'count(*)': 2 }]);
	}));

test('the view of events is the export', () => withApi({},
	async ({ daemon, call }) => {
		await party(daemon);
		const { presentCustomers: [host] } =
			await call('GET', '/v1/sessions/party');
		await call('DELETE', `/v1/sessions/party/customers/${host}`);
		await call('POST', '/v1/sessions/party/end');
		const rows = await toolObjects(daemon.database,
			['audit', 'export']);
		const events = queryViews(daemon.database,
			'SELECT * FROM audit_event ORDER BY seq');
		assert.equal(events.length, rows.length);
		assert.deepEqual(events.slice(-4).map(({ event, message, name }) =>
			[event, message, name]), [['call', 'removeCustomer', 'tests'],
			['leave', null, null], ['call', 'endSession', 'tests'],
			['end', null, null]]);
		assert.deepEqual(events.map(({ event, all_ready }) =>
			[event, all_ready]).filter(([, ready]) => ready !== null),
		[['leave', 1], ['leave', 0]]);
		const says = (value) => typeof value === 'boolean' ?
			Number(value) : value ?? null;
		events.forEach(({ who, cart, erased, ...event }, i) => {
			const { cart: sent, ...row } = rows[i];
			for (const [key, value] of Object.entries(event))
				assert.equal(value, says(row[key]), key);
			assert.deepEqual(cart === null ? undefined :
				JSON.parse(cart), sent);
			assert.equal(erased, 0);
		});
	}));

test('the database is not changed', () => withDaemon({}, async (daemon) => {
	await party(daemon);
	queryViews(daemon.database, 'SELECT seq FROM audit_event');
	const [{ n }] = query(daemon.database, STORAGE === 'sqlite' ?
		'SELECT count(*) AS n FROM sqlite_schema WHERE type = \'view\'' :
		'SELECT count(*) AS n FROM pg_views ' +
		'WHERE viewname LIKE \'audit%\'');
	assert.equal(n, 0);
	assert.throws(() => runOnViews(daemon.database,
		'DELETE FROM chain_anchor'), /read-?only/);
}));

const rewriting = fs.readFileSync(SETTINGS_PAGE, 'utf8')
	.match(/^\.Bd .*\n(PRAGMA journal_mode[^]*?VACUUM;\n)\.Ed$/m)[1];

// As sqlite3 says it: how the file is laid out.
const layout = (database) => execFileSync('sqlite3', [database,
	'PRAGMA page_size; PRAGMA auto_vacuum'], { encoding: 'utf8' });

test('a database of before is rewritten, and nothing else happens to it',
	SQLITES, () =>
	withPatience(async () => {
		const database = path.join(makeFolder(), 'shop.db');
		let daemon = await Daemon.start({ database });
		await party(daemon);
		await daemon.stop();
		execFileSync('sqlite3', ['-bail', database, rewriting
			.replace('8192', '4096').replace('INCREMENTAL', 'NONE')]);
		assert.equal(layout(database), '4096\n0\n');
		daemon = await Daemon.start({ database });
		await daemon.stop();
		const head = await tool(database, ['audit', 'head']);

		execFileSync('sqlite3', ['-bail', database, rewriting]);

		assert.equal(layout(database), '8192\n2\n');
		daemon = await Daemon.start({ database });
		await daemon.stop();
		assert.equal((await tool(database, ['audit', 'verify'])).status, 0);
		assert.equal((await tool(database, ['audit', 'head'])).stdout,
			head.stdout);
	}));
