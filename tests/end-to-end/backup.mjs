// A copy made while the daemon is busy: it holds all that was acknowledged
// before, it verifies, and a daemon that gets it as its database goes on from
// there, with the tokens if the key was copied too.

import './lib/on-sqlite.mjs';	// a copy is a file of its own

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { ctl, startCtl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { replay } from './lib/journal.mjs';
import { needQuery } from './lib/storage.mjs';

const CUSTOMERS = 8;

needQuery();

// Update a cart for as long as nobody says stop.
const work = async (client, ada, load) => {
	const pad = 'x'.repeat(20000);
	for (let seq = 1; !load.isOver; seq++) {
		client.send('updateCart', { customerId: ada.customerId, seq,
			cartContent: { seq, pad } });
		await client.nextOf('updateCart');
		load.acknowledged.set(ada.customerId, seq);
		load.count++;
		load.reached?.();
	}
};

const startLoad = async (daemon) => {
	const load = { acknowledged: new Map(), hosts: [], count: 0 };
	load.workers = [];
	for (let i = 0; i < CUSTOMERS; i++) {
		const client = await Client.open(daemon, `/s${i}`);
		const ada = await client.enter('startSession', 'Ada',
			{ resumable: true });
		load.hosts.push({ session: `s${i}`, ...ada });
		load.workers.push(work(client, ada, load));
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

const LOOSE = { 'message-rate': 0, 'new-session-rate': 0 };

test('a copy made under load is whole and can be restored', () =>
	withPatience(async () => {
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const copy = path.join(folder, 'copy.db');
		const daemon = await Daemon.start({ database, settings: LOOSE });
		const load = await startLoad(daemon);
		await load.atLeast(500);

		const before = new Map(load.acknowledged);
		const made = await ctl(database, 'backup', '--key', copy);
		assert.equal(made.error, '');
		assert.equal(made.status, 0);
		await load.atLeast(50);
		await load.stop();
		await daemon.kill();

		const { applied } = replay(copy);
		for (const [customer, seq] of before)
			assert(applied.get(customer) >= seq);
		const head = await ctl(copy, 'audit', 'head');
		assert.equal(head.output, made.output);

		const restored = await ctl(database, 'restore', '--key', '--yes',
			copy);
		assert.equal(restored.error, '');
		assert.equal(restored.status, 0);
		const next = await Daemon.start({ database });
		for (const { session, customerId, token } of load.hosts) {
			const client = await Client.open(next, `/${session}`);
			client.send('resumeSession', { customerId, token });
			await client.nextOf('resumeSession');
			const { text } = await client.nextOf('multicartUpdate');
			assert(text.includes(`"seq":${applied.get(customerId)},`));
			await client.close();
		}
		assert.equal(await next.stop(), 0);
	}));

test('without the key tokens are void after a restore', () =>
	withPatience(async () => {
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const copy = path.join(folder, 'copy.db');
		const daemon = await Daemon.start({ database });
		const host = await Client.open(daemon, '/one');
		const { customerId, token } = await host.enter('startSession', 'Ada',
			{ resumable: true });
		assert.equal((await ctl(database, 'backup', copy)).status, 0);
		assert.equal(await daemon.stop(), 0);
		assert(!fs.existsSync(`${copy}.key`));

		const next = await Daemon.start({ database: copy });
		assert.match(next.log, /copy\.db\.key: was missing and is made anew/);
		const client = await Client.open(next, '/one');
		client.send('resumeSession', { customerId, token });
		await assert.rejects(client.nextOf('resumeSession'), /error/);
		assert.equal(await next.stop(), 0);
	}));

test('a database behind a symbolic link has its log and key where it is', () =>
	withPatience(async () => {
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const copy = path.join(folder, 'copy.db');
		const link = path.join(makeFolder(), 'link.db');
		const daemon = await Daemon.start({ database });
		const host = await Client.open(daemon, '/one');
		await host.enter('startSession', 'Ada');
		fs.symlinkSync(database, link);
		const { status } = await ctl(link, 'backup', '--key', copy);
		assert.equal(status, 0);
		assert.deepEqual(fs.readFileSync(`${copy}.key`),
			fs.readFileSync(`${database}.key`));
		assert.equal((await ctl(link, 'audit', 'verify')).status, 0);
		assert.equal(await daemon.stop(), 0);
	}));

test('a backup that is interrupted leaves nothing', () =>
	withPatience(async () => {
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const daemon = await Daemon.start({ database, settings: LOOSE });
		const load = await startLoad(daemon);
		await load.atLeast(1000);
		await load.stop();

		const copy = path.join(makeFolder(), 'copy.db');
		const watcher = fs.watch(path.dirname(copy));
		const { child, ended } = startCtl(database, 'backup', copy);
		watcher.once('change', () => child.kill('SIGINT'));
		const { status } = await ended;
		watcher.close();

		// It may have been faster than we; nothing is half done in any case.
		const left = fs.readdirSync(path.dirname(copy));
		if (status === 'SIGINT' && left.length === 0)
			console.log('# it was interrupted');
		else
			assert.deepEqual(left, ['copy.db']);
		assert.equal(await daemon.stop(), 0);
	}));
