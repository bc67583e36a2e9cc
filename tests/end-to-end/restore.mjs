// A copy takes the database's place by the tool: who is asked, what is refused,
// and whom the daemon serves afterwards.

import './lib/on-sqlite.mjs';	// a copy is a file of its own

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { hasScript, toolOnTerminal } from './lib/tool.mjs';

const NOBODY = 65534;

const resume = async (daemon, { customerId, token }) => {
	const client = await Client.open(daemon, '/party');
	client.send('resumeSession', { customerId, token });
	await client.nextOf('resumeSession');
	const { text } = await client.nextOf('multicartUpdate');
	await client.close();
	return Number(text.match(/"n":(\d+)/)[1]);
};

// A database whose copy has the first cart of a customer, and its log the
// second.
const makePlace = async () => {
	const folder = makeFolder();
	const database = path.join(folder, 'shop.db');
	const copy = path.join(folder, 'copy.db');
	const daemon = await Daemon.start({ database });
	const client = await Client.open(daemon, '/party');
	const ada = await client.enter('startSession', 'Ada',
		{ resumable: true });
	const update = async (n) => {
		client.send('updateCart', { customerId: ada.customerId, seq: n,
			cartContent: { n } });
		await client.nextOf('updateCart');
	};
	await update(1);
	assert.equal((await ctl(database, 'backup', '--key', copy)).status, 0);
	await update(2);
	return { folder, database, copy, daemon, ada };
};

const makeStoppedPlace = async () => {
	const place = await makePlace();
	await place.daemon.kill();
	assert(fs.existsSync(`${place.database}-wal`));
	return place;
};

const serves = async ({ database, ada }, n) => {
	const daemon = await Daemon.start({ database });
	assert.equal(await resume(daemon, ada), n);
	assert.equal(await daemon.stop(), 0);
};

test('a database that a daemon uses stays', () => withPatience(async () => {
	const { database, copy, daemon, ada } = await makePlace();

	const { status, error } = await ctl(database, 'restore', '--yes', copy);

	assert.equal(status, 75);
	assert.match(error, /another daemon uses it/);
	assert.equal(await resume(daemon, ada), 2);
	assert.equal(await daemon.stop(), 0);
}));

test('what happens is said, and the old database can be brought back', () =>
	withPatience(async () => {
		const place = await makeStoppedPlace();

		const restored = await ctl(place.database, 'restore', '--yes',
			place.copy);
		assert.deepEqual([restored.error, restored.status], ['', 0]);
		const [, kept] = restored.output.match(/to be kept as (.*)\n/);
		assert.match(restored.output, /^copy: .*copy\.db, proved up to 2:/);
		assert.match(restored.output, /^key: .*\.key stays as it is$/m);
		assert.match(restored.output, /\nrestored\n$/);
		await serves(place, 1);

		// It has its log, which is not in the file.
		const bare = await ctl(place.database, 'restore', '--yes', kept);
		assert.equal(bare.status, 65);
		assert.match(bare.error, /has a log, without which it is not whole/);
		const whole = `${place.copy}.old`;
		assert.equal((await ctl(kept, 'backup', whole)).status, 0);
		const again = await ctl(place.database, 'restore', '--yes', whole);
		assert.equal(again.status, 0);
		await serves(place, 2);
	}));

test('without the right key nobody resumes until it is restored', () =>
	withPatience(async () => {
		const place = await makeStoppedPlace();
		fs.writeFileSync(`${place.database}.key`, 'k'.repeat(32));

		const without = await ctl(place.database, 'restore', '--yes',
			place.copy);
		assert.match(without.output, /^key: .* stays as it is$/m);
		const daemon = await Daemon.start({ database: place.database });
		await assert.rejects(resume(daemon, place.ada), /error/);
		assert.equal(await daemon.stop(), 0);
		const restored = await ctl(place.database, 'restore', '--key',
			'--yes', place.copy);
		const [, kept] = restored.output.match(
			/^key: .* becomes the copy's, now to be kept as (.*)$/m);
		assert.equal(fs.readFileSync(kept, 'utf8'), 'k'.repeat(32));
		await serves(place, 1);
	}));

test('a copy that is cut is refused', () => withPatience(async () => {
	const place = await makeStoppedPlace();
	fs.truncateSync(place.copy, fs.statSync(place.copy).size - 1);

	const { status, error } = await ctl(place.database, 'restore', '--yes',
		place.copy);

	assert.equal(status, 65);
	assert.match(error, /copy\.db: is truncated/);
	await serves(place, 2);
}));

test('whoever has no terminal has to say yes', () => withPatience(async () => {
	const place = await makeStoppedPlace();

	const { status, error } = await ctl(place.database, 'restore',
		place.copy);

	assert.equal(status, 64);
	assert.match(error, /say --yes/);
	await serves(place, 2);
}));

test('a person is asked', { skip: !hasScript && 'script(1) was not found' },
	() => withPatience(async () => {
		const place = await makeStoppedPlace();
		const restore = (reply) => toolOnTerminal(place.database,
			['restore', place.copy], {}, reply);

		fs.unlinkSync(`${place.database}.lock`);
		const before = fs.readdirSync(place.folder);
		assert.equal((await restore('n\n')).status, 1);
		// Control-C, where the terminal sends SIGINT.
		assert.equal((await restore('\x03')).status, 128 + 2);
		assert.deepEqual(fs.readdirSync(place.folder), before);

		assert.equal((await restore('y\n')).status, 0);
		await serves(place, 1);
	}));

test('root restores for the user of the daemon',
	{ skip: process.getuid() !== 0 && 'only root gives files away' },
	() => withPatience(async () => {
		const place = await makeStoppedPlace();
		fs.chownSync(place.folder, NOBODY, NOBODY);
		for (const name of fs.readdirSync(place.folder))
			fs.chownSync(path.join(place.folder, name), 0, 0);

		const { status } = await ctl(place.database, 'restore', '--key',
			'--yes', place.copy);

		assert.equal(status, 0);
		for (const name of [place.database, `${place.database}.key`]) {
			const { uid, mode } = fs.statSync(name);
			assert.deepEqual([uid, mode & 0o777], [NOBODY, 0o600]);
		}
		await serves(place, 1);
	}));
