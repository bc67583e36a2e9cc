// A shop moves from SQLite to PostgreSQL as the README says, while people shop,
// and back again: sessions go on where they were, with their tokens.

import './lib/on-sqlite.mjs';	// from there it goes to a server of its own

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { Client } from './lib/client.mjs';
import { Daemon, makeFolder, PROGRAM, withPatience } from './lib/daemon.mjs';
import { blocksFor, COPY } from './lib/documents.mjs';
import { Postgres } from './lib/postgres.mjs';

const CUSTOMERS = 8;
const LOOSE = { 'message-rate': 0, 'new-session-rate': 0 };
const REQUEST = 'r'.repeat(32);

const server = await Postgres.start();
const blocks = blocksFor(COPY, 'README.md').map(({ text }) => text);

const block = (beginning) => {
	const found = blocks.filter((text) => text.startsWith(beginning));
	assert.equal(found.length, 1, beginning);
	return found[0];
};

const copy = (...words) => {
	const { status, stdout, stderr } = spawnSync(`${PROGRAM}ctl`,
		['copy', ...words], { encoding: 'utf8' });
	return { status, output: stdout, error: stderr };
};

const copyFine = (...words) => {
	const { status, output, error } = copy(...words);
	assert.deepEqual([status, error], [0, ''], output);
	return output;
};

// Update a cart for as long as nobody says stop.
const work = async (client, host, load) => {
	const pad = 'x'.repeat(3000);
	for (let seq = 1; !load.isOver; seq++) {
		client.send('updateCart', { customerId: host.customerId, seq,
			cartContent: { seq, pad } });
		await client.nextOf('updateCart');
		host.seq = seq;
		load.count++;
		load.reached?.();
	}
};

const startLoad = async (daemon) => {
	const load = { hosts: [], count: 0, workers: [] };
	for (let i = 0; i < CUSTOMERS; i++) {
		const client = await Client.open(daemon, `/s${i}`);
		const host = { session: `s${i}`,
			...await client.enter('startSession', 'Ada',
				{ resumable: true }) };
		load.hosts.push(host);
		load.workers.push(work(client, host, load));
	}
	// Resolves when n more carts were acknowledged.
	load.atLeast = (n) => new Promise((resolve) => {
		const wanted = load.count + n;
		load.reached = () => load.count >= wanted && resolve();
	});
	load.stop = () => {
		load.isOver = true;
		return Promise.all(load.workers);
	};
	return load;
};

// Who worked comes back, and works on: what was applied is, and is stale now.
const goOn = async (daemon, { session, customerId, token, seq }) => {
	const client = await Client.open(daemon, `/${session}`);
	client.send('resumeSession', { customerId, token });
	await client.nextOf('resumeSession');
	const { text } = await client.nextOf('multicartUpdate');
	assert(text.includes(`"seq":${seq},`));
	client.send('updateCart', { customerId, seq, cartContent: {} });
	const stale = JSON.parse(await client.next());
	assert.equal(stale.event, 'updateCart');
	client.send('updateCart', { customerId, seq: seq + 1,
		cartContent: { seq: seq + 1, pad: '' } });
	await client.nextOf('updateCart');
	const { text: changed } = await client.nextOf('multicartUpdate');
	assert(changed.includes(`"seq":${seq + 1},`));
	await client.close();
};

// The cursor of a session as it comes with a resumption.
const revisionOf = async (daemon, { session, customerId, token }) => {
	const client = await Client.open(daemon, `/${session}`);
	client.send('resumeSession', { customerId, token });
	await client.nextOf('resumeSession');
	const { payload } = await client.nextOf('multicartUpdate');
	await client.close();
	return payload.cursor;
};

// Commands of the README as who administers such a machine; ours are programs of
// the build.
const administer = (commands, folder, daemon) => {
	const bin = path.join(folder, 'bin');
	fs.mkdirSync(bin, { recursive: true });
	const program = (name, text) => fs.writeFileSync(path.join(bin, name),
		`#!/bin/sh\n${text}\n`, { mode: 0o755 });
	program('sudo', 'if [ "$1" = -u ]; then PGUSER=$2; export PGUSER; ' +
		'shift 2; fi\nexec "$@"');
	program('systemctl', `[ "$1" = start ] || { kill ${daemon.pid}; ` +
		`tail --pid=${daemon.pid} -f /dev/null; }`);
	program('systemd-run', 'while [ "${1#-}" != "$1" ]; do ' +
		'[ "$1" != -p ] || shift; shift; done\n' +
		'PGUSER=buddyshopping; export PGUSER; exec "$@"');
	program('buddyshoppingctl', `exec '${PROGRAM}ctl' "$@"`);
	return promisify(execFile)('sh', ['-euc', commands], {
		cwd: folder, encoding: 'utf8',
		env: { ...process.env, PGHOST: server.folder,
			PATH: `${bin}:${server.folder}/bin:${process.env.PATH}` },
	}).then(({ stdout }) => stdout);
};

// A daemon that is told all by its configuration, as on such a machine.
const startConfigured = async (configuration) => {
	const daemon = new Daemon(['-c', configuration, '-o', 'drain-time=0',
		'-o', 'message-rate=0', '0'],
	{ PGHOST: server.folder, PGUSER: 'buddyshopping' });
	const line = await daemon.logged(/listening on (?:\[::\]|0\.0\.0\.0):(\d+)/);
	daemon.port = Number(line[1]);
	return daemon;
};

const here = (text, folder) => text.replaceAll('/var/lib/buddyshopping', folder);

test('a shop grows up to PostgreSQL, and goes back', () =>
	withPatience(async () => {
		const folder = makeFolder();
		const database = path.join(folder, 'buddyshopping.db');
		const daemon = await Daemon.start({ database, settings: LOOSE });
		const load = await startLoad(daemon);
		const eve = await Client.open(daemon, '/eve');
		const entered = await eve.enter('startSession', 'Eve',
			{ resumable: true, requestId: REQUEST });
		await load.atLeast(300);

		// The server was made with the role.
		server.query('DROP ROLE buddyshopping');
		const first = here(block('sudo -u postgres'), folder);
		const made = await administer(first, folder, daemon);
		assert.match(made, /^copied: \d+ rows/);
		await load.atLeast(300);
		await load.stop();
		const before = new Map();
		for (const host of load.hosts)
			before.set(host, await revisionOf(daemon, host));
		const again = await administer(block('sudo systemctl stop') +
			first.slice(first.indexOf('sudo systemd-run')), folder, daemon);
		assert.match(again, /^copied: \d+ rows/);
		assert.match(again, /^proved: PostgreSQL, 9 sessions/m);

		const configuration = path.join(folder, 'shop.conf');
		fs.writeFileSync(configuration, here(block('database ='), folder));
		const next = await startConfigured(configuration);
		for (const host of load.hosts) {
			assert.equal(await revisionOf(next, host), before.get(host));
			await goOn(next, host);
		}
		const back = await Client.open(next, '/eve');
		const repeated = await back.enter('startSession', 'Eve',
			{ resumable: true, requestId: REQUEST });
		assert.equal(repeated.customerId, entered.customerId);
		assert.equal(await next.stop(), 0);

		const file = path.join(folder, 'back.db');
		const url = server.url('buddyshopping');
		copyFine('--key-file', `${database}.key`, url, file);
		const last = await Daemon.start({ database: file, settings: LOOSE });
		for (const host of load.hosts)
			await goOn(last, { ...host, seq: host.seq + 1 });
		assert.equal(await last.stop(), 0);
	}));

test('what cannot be is refused with a line', () => withPatience(async () => {
	const folder = makeFolder();
	const database = path.join(folder, 'shop.db');
	const daemon = await Daemon.start({ database });
	const client = await Client.open(daemon, '/one');
	await client.enter('startSession', 'Ada');
	const url = server.database();
	const refused = (status, pattern, ...words) => {
		const ended = copy(...words);
		assert.equal(ended.status, status, ended.error);
		assert.match(ended.error, pattern);
		assert.equal(ended.error.match(/\n/g).length, 1, ended.error);
		assert.equal(ended.output, '');
	};

	copyFine(database, url);
	refused(73, /: is the database itself$/m, url, `${url}&application_name=x`);
	refused(73, /: is the database itself$/m, database,
		path.join(folder, '.', 'shop.db'));
	refused(75, /: another daemon uses it$/m, url, database);
	refused(66, /No such file/, path.join(folder, 'none.db'), url);
	for (const [pattern, ...words] of [
		[/that of FROM by --key-file/, '--key', url, database],
		[/ TO: /, database, 'postgresql://a:secret@b/c@d'],
		[/ FROM: /, 'host=a password=\'secret', database]]) {
		const { status, output, error } = copy(...words);
		assert.deepEqual([status, output], [64, '']);
		assert.match(error, pattern);
		assert(!error.includes('secret'));
	}
	assert.equal(await daemon.stop(), 0);
}));
