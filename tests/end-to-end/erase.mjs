// Data-protection erasure by the tool: of somebody who takes part while the
// daemon serves, of a whole session, and on a database that no daemon uses.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { ERASED_WORDS, STORAGE, hasText, query, server, unlessOn, urlOf }
	from './lib/storage.mjs';

const SECRET = 'Penelope-of-Ithaca';
const OTHER = 'Calypso-of-Ogygia';

const newDatabase = () => path.join(makeFolder(), 'shop.db');

// Two customers of a session, each with a name and carts of its own.
const makeParty = async (daemon, session) => {
	const host = await Client.open(daemon, `/${session}`);
	const guest = await Client.open(daemon, `/${session}`);
	const ada = await host.enter('startSession', OTHER, { resumable: true });
	const pen = await guest.enter('joinSession', SECRET);
	for (let seq = 1; seq <= 5; seq++) {
		host.send('updateCart', { customerId: ada.customerId, seq,
			cartContent: { comment: `${OTHER} ${seq}` } });
		await host.nextOf('updateCart');
		guest.send('updateCart', { customerId: pen.customerId, seq,
			cartContent: { comment: `${SECRET} ${seq}` } });
		await guest.nextOf('updateCart');
	}
	return { host, guest, ada, pen };
};

// The next multicart without text.
const untilGone = async (client, text) => {
	for (;;) {
		const multicart = await client.nextOf('multicartUpdate');
		if (!multicart.text.includes(text))
			return multicart;
	}
};

test('a customer who takes part leaves, and nothing is left of it', () =>
	withPatience(async () => {
		const database = newDatabase();
		const daemon = await Daemon.start({ database });
		const { host, ada, pen } = await makeParty(daemon, 'party');
		assert(hasText(database, SECRET));

		const erased = await ctl(database, 'erase', '--yes', '--customer',
			pen.customerId);
		assert.deepEqual(erased, { status: 0,
			error: ERASED_WORDS, output: 'party: erased 7 records\n' });

		await untilGone(host, SECRET);
		assert(!hasText(database, SECRET));
		assert(hasText(database, OTHER));
		host.send('updateCart', { customerId: ada.customerId, seq: 6,
			cartContent: {} });
		await host.nextOf('updateCart');
		assert.match(daemon.log, /admin: erasure 1: a customer of session/);
		assert(!daemon.log.includes(pen.customerId));
		assert.equal(await daemon.stop(), 0);
		assert.equal((await ctl(database, 'audit', 'head')).status, 0);
	}));

test('a whole session ends, and nothing is left of it', () =>
	withPatience(async () => {
		const database = newDatabase();
		const daemon = await Daemon.start({ database });
		await makeParty(daemon, 'party');
		const other = await Client.open(daemon, '/other');
		await other.enter('startSession', 'Circe-of-Aeaea');

		const { status } = await ctl(database, 'erase', '--yes',
			'--session=party');
		assert.equal(status, 0);

		assert(!hasText(database, SECRET));
		assert(!hasText(database, OTHER));
		assert(hasText(database, 'Circe-of-Aeaea'));
		assert.equal(await daemon.stop(), 0);
	}));

test('the tool does it itself when no daemon runs', () =>
	withPatience(async () => {
		const database = newDatabase();
		const daemon = await Daemon.start({ database });
		const { ada, pen } = await makeParty(daemon, 'party');
		await daemon.kill();
		assert(hasText(database, SECRET));

		const { status } = await ctl(database, 'erase', '--yes', '--session',
			'party', '--customer', pen.customerId);
		assert.equal(status, 0);
		assert(!hasText(database, SECRET));
		if (STORAGE === 'sqlite')
			assert.deepEqual(fs.readdirSync(path.dirname(database))
				.sort(), ['shop.db', 'shop.db.admin', 'shop.db.key']);

		const next = await Daemon.start({ database });
		const host = await Client.open(next, '/party');
		host.send('resumeSession', ada);
		await host.nextOf('resumeSession');
		const { text } = await host.nextOf('multicartUpdate');
		assert(text.includes(`${OTHER} 5`));
		assert(!text.includes(pen.customerId));
		assert.equal(await next.stop(), 0);
	}));

test('what cannot be done is said, with a status of its own', () =>
	withPatience(async () => {
		const database = newDatabase();
		const missing = await ctl(database, 'erase', '--yes', '--session=a');
		assert.equal(missing.status, 66);
		assert(!fs.existsSync(database));

		const daemon = await Daemon.start({ database,
			settings: { 'admin-listen': 'none' } });
		const id = '0'.repeat(24);
		const cases = [
			[64, /--customer, --session or/],
			[64, /not the id of a session/, '--yes', '--session=a b'],
			[64, /not the id of a customer/, '--yes', '--customer=1'],
			[64, /say --yes/, '--session=party'],
			[2, /no such customer/, '--yes', `--customer=${id}`],
			[69, /the daemon runs, but .* cannot be reached/, '--yes',
				'--session=party'],
		];
		for (const [status, error, ...words] of cases) {
			const got = await ctl(database, 'erase', ...words);
			assert.equal(got.status, status, got.error);
			assert.match(got.error, error);
			assert.equal(got.output, '');
		}
		assert.equal(await daemon.stop(), 0);

		const stopped = await ctl(database, 'erase', '--yes', '--session=a');
		assert.equal(stopped.status, 2);
		assert.match(stopped.error, /no such session/);
	}));

// A transaction that sees what is there until it is ended.
const openSnapshot = async (url) => {
	const session = spawn(path.join(server.folder, 'bin/psql'),
		['-X', '-q', '-A', '-t', '-d', url],
		{ stdio: ['pipe', 'pipe', 'inherit'] });
	session.stdin.write('BEGIN ISOLATION LEVEL REPEATABLE READ;' +
		'SELECT count(*) FROM buddyshopping.session;\n');
	await once(session.stdout, 'data');
	return async () => {
		session.stdin.end();
		await once(session, 'close');
	};
};

test('what an older transaction still sees is not called swept',
	{ skip: unlessOn('postgresql', 'it is swept by VACUUM') }, () =>
	withPatience(async () => {
		const database = newDatabase();
		const daemon = await Daemon.start({ database });
		await makeParty(daemon, 'party');
		const end = await openSnapshot(urlOf(database));
		const seen = await ctl(database, 'erase', '--yes',
			'--session=party');
		await end();
		assert.equal(seen.status, 0, seen.error);
		assert.match(seen.error, /a transaction.* is older than the erasure/);
		assert.match(seen.error, /what was erased stays in the server's/);

		const swept = await ctl(database, 'erase', '--yes',
			'--session=party');
		assert.equal(swept.error, ERASED_WORDS);
		assert.equal(await daemon.stop(), 0);
	}));

test('a server is told to sweep up, by whom it lets',
	{ skip: unlessOn('postgresql', 'it is swept by VACUUM') }, () =>
	withPatience(async () => {
		const database = newDatabase();
		const daemon = await Daemon.start({ database });
		await makeParty(daemon, 'party');
		await makeParty(daemon, 'other');
		// Pages that VACUUM has seen, in files that hold no dead rows.
		const isSwept = () => query(database, 'SELECT relname FROM ' +
			'pg_catalog.pg_class WHERE relallvisible > 0 AND relname ' +
			"IN ('journal_body', 'customer') ORDER BY relname").length === 2;
		assert(!isSwept());

		const url = urlOf(database);
		server.query('CREATE ROLE auditor LOGIN');
		server.query('GRANT USAGE ON SCHEMA buddyshopping TO auditor; GRANT ' +
			'SELECT ON ALL TABLES IN SCHEMA buddyshopping TO auditor', url);
		const theirs = await ctl(database, '-d',
			url.replace(/user=.*/, 'user=auditor'), 'erase', '--yes',
			'--session=party');
		assert.equal(theirs.status, 0, theirs.error);
		assert.match(theirs.error, /what was erased stays in the server's/);
		assert(!isSwept());

		const ours = await ctl(database, 'erase', '--yes', '--session=other');
		assert.equal(ours.error, ERASED_WORDS);
		assert(isSwept());
		assert.equal(await daemon.stop(), 0);
	}));
