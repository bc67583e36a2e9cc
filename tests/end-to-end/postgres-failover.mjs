// Who writes to the database: a standby that takes over, whether it has all that
// was committed or not, and a second daemon.

import './lib/on-postgresql.mjs';

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { BusyShop } from './lib/busy-shop.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { Postgres } from './lib/postgres.mjs';
import { daemonOptions, move, server } from './lib/storage.mjs';

// PostgreSQL's programs refuse root.
const asUser = (program, ...words) => {
	const root = process.getuid() === 0 ? ['setpriv', '--reuid=nobody',
		'--regid=nogroup', '--clear-groups'] : [];
	const [command, ...args] = [...root, program, ...words];
	execFileSync(command, args, { cwd: '/', stdio: 'pipe' });
};

// Resolves to a standby of a server.
const makeStandby = async (primary) => {
	const standby = await Postgres.start();
	const data = path.join(standby.folder, 'data');
	await standby.stop();
	fs.rmSync(data, { recursive: true });
	asUser(path.join(primary.folder, 'bin/pg_basebackup'), '-D', data, '-R',
		'-c', 'fast', '--no-sync', '-d',
		`host=${primary.folder} user=postgres application_name=standby`);
	await standby.restart();
	return standby;
};

const setStandbys = (primary, names) => {
	primary.query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`);
	primary.query('SELECT pg_reload_conf()');
};

// A URL of a database on either server.
const onBoth = (url, one, other) => url.replace(/host=[^&]*/,
	`host=${one.folder},${other.folder}`);

const onOther = (url, other) => url.replace(/host=[^&]*/,
	`host=${other.folder}`);

const promote = (standby) =>
	assert.equal(standby.query('SELECT pg_promote(true)'), 't');

test('a standby takes over that has all of it', () => withPatience(async () => {
	const primary = await Postgres.start();
	const standby = await makeStandby(primary);
	setStandbys(primary, '*');
	const direct = primary.database();
	const shop = await BusyShop.open({ direct,
		url: (url) => onBoth(url, primary, standby) });
	await shop.work();

	await primary.kill();
	promote(standby);
	move(shop.database, onOther(direct, standby));
	await shop.progress();
	await shop.expect(true, 'ok');
	await shop.close();
	await standby.stop();
}));

test('a standby takes over that lacks some of it', () =>
	withPatience(async () => {
		const primary = await Postgres.start();
		const standby = await makeStandby(primary);
		const direct = primary.database();
		const shop = await BusyShop.open({ direct,
			url: (url) => onBoth(url, primary, standby) });
		await shop.work();
		await standby.stop();
		await shop.progress();
		await primary.kill();
		await standby.restart();
		promote(standby);
		shop.stopPolling();
		assert.equal(await shop.daemon.ended, 65);
		assert.match(shop.daemon.log, /<3>store: .*the database has gone back/);
		// What is there is whole.
		const next = await Daemon.start(shop.options);
		assert.equal(await next.stop(), 0);
		await standby.stop();
	}));

test('a standby is no database to write to', () => withPatience(async () => {
	const primary = await Postgres.start();
	const standby = await makeStandby(primary);
	const url = onOther(primary.database(), standby);
	const daemon = new Daemon([...daemonOptions(
		path.join(makeFolder(), 'shop.db'), url), '0'], {});
	assert.equal(await daemon.ended, 74, daemon.log);
	assert.match(daemon.log, /^<3>store: .*: .*(read-only|hot standby).*\n$/);
	await standby.stop();
	await primary.stop();
}));

const HOLDER = /<3>store: .*: another daemon, buddyshopping \(process \d+ of the server\), has it/;

test('a second daemon does not start', () => withPatience(async () => {
	const shop = await BusyShop.open();
	const second = new Daemon([...daemonOptions(shop.database), '0'], {});
	assert.equal(await second.ended, 75);
	assert.match(second.log, HOLDER);
	await shop.work();
	assert.equal(shop.refusals, 0);
	await shop.close();
}));

// Its machine stood still, and its connection was taken for lost.
test('a daemon that was stopped finds that another one has taken over', () =>
	withPatience(async () => {
		const shop = await BusyShop.open();
		await shop.work();
		const first = shop.daemon;
		first.child.kill('SIGSTOP');
		server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity ' +
			"WHERE application_name = 'buddyshopping'");
		shop.stopPolling();
		const second = await Daemon.start({ database: shop.database });
		first.child.kill('SIGCONT');
		assert.equal(await first.ended, 75);
		assert.match(first.log,
			/<3>store: .*another daemon has taken the database meanwhile/);
		assert.equal(await second.stop(), 0);
		await shop.check();
	}));
