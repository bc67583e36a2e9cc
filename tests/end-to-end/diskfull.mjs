// A full disk: changes are refused and leave no trace, everything else goes
// on, and the service is whole again as soon as there is room.  And room that
// is kept, so that it does not come to this.

import './lib/on-sqlite.mjs';	// the disk is that of a file

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client, message } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, skip, withPatience } from './lib/daemon.mjs';

const DISK = '4m';
const CART = { pad: 'x'.repeat(100000) };

const NAMESPACE = ['--user', '--map-root-user', '--mount'];

// Whoever may not mount may do so in a namespace of their own, if the system
// lets them have one: this script is run again in it.
const enterNamespace = () => {
	if (spawnSync('unshare', [...NAMESPACE, 'true']).status !== 0)
		return skip('no file system can be mounted: it takes root or ' +
			'user namespaces');
	const { status } = spawnSync('unshare', [...NAMESPACE,
		process.execPath, ...process.argv.slice(1)],
	{ stdio: 'inherit', env: { ...process.env, DISKFULL_AGAIN: '1' } });
	return process.exit(status ?? 1);
};

const mountDisk = () => {
	const folder = makeFolder();
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs',
			folder], { stdio: 'pipe' });
	} catch (error) {
		if (process.env.DISKFULL_AGAIN !== undefined)
			throw error;
		return enterNamespace();
	}
	process.prependListener('exit', () =>
		execFileSync('umount', ['-l', folder]));
	return folder;
};

const folder = mountDisk();
const database = path.join(folder, 'shop.db');
const filler = path.join(folder, 'filler');

const fillDisk = () => {
	const fd = fs.openSync(filler, 'w');
	const block = Buffer.alloc(4096);
	try {
		for (;;)
			fs.writeSync(fd, block);
	} catch (error) {
		assert.equal(error.code, 'ENOSPC');
	} finally {
		fs.closeSync(fd);
	}
};

// The next answer; a multicart before it shows nothing of what was refused.
const nextAnswer = async (client) => {
	for (;;) {
		const text = await client.next();
		const { event, payload } = JSON.parse(text);
		if (event !== 'multicartUpdate')
			return { answer: event, payload };
		assert(!text.includes(CART.pad));
	}
};

const expectUnavailable = async (client, event, seq) => {
	const { answer, payload } = await nextAnswer(client);
	assert.equal(answer, 'error');
	assert.equal(payload.code, 'storageUnavailable');
	assert.equal(payload.event, event);
	assert.equal(payload.seq, seq);
	assert(Number.isInteger(payload.retryAfter) && payload.retryAfter > 0);
};

// What somebody sees who comes to the session of host now.
const look = async (daemon, { customerId, token }) => {
	const client = await Client.open(daemon, '/one');
	client.send('resumeSession', { customerId, token });
	await client.nextOf('resumeSession');
	const { text } = await client.nextOf('multicartUpdate');
	await client.close();
	return text;
};

// Every change is refused while the disk is full; what changes nothing is not.
const expectRefusals = async (host, guest, customerId) => {
	for (let seq = 1; seq <= 3; seq++) {
		host.send('updateCart', { customerId, cartContent: CART, seq });
		await expectUnavailable(host, 'updateCart', seq);
	}
	guest.sendText('{}');
	assert.equal((await nextAnswer(guest)).payload.code, 'invalidMessage');
};

const FAILED = /: database or disk is full/g;
const RECOVERED = /store: .*: is written again\n/g;
const count = (daemon, pattern) => [...daemon.log.matchAll(pattern)].length;

// What the tool says of the storage.
const storage = async () => {
	const { status, output, error } = await ctl(database, 'status');
	assert.equal(status, 0, error);
	return output.match(/^storage +(.*)$/m)[1];
};

test('a full disk', () => withPatience(async () => {
	const daemon = await Daemon.start({ database,
		settings: { 'min-free-space': 0 } });
	const host = await Client.open(daemon, '/one');
	const guest = await Client.open(daemon, '/one');
	const ada = await host.enter('startSession', 'Ada', { resumable: true });
	const { customerId } = ada;
	await guest.enter('joinSession', 'Bob');
	const before = await look(daemon, ada);
	assert.equal(await storage(), 'ok');

	fillDisk();
	await expectRefusals(host, guest, customerId);
	assert.equal(await look(daemon, ada), before);
	assert.equal(await storage(),
		'full: no room on the disk, changes are refused');
	assert.equal(count(daemon, RECOVERED), 0);

	fs.unlinkSync(filler);
	host.send('updateCart', { customerId, cartContent: CART, seq: 1 });
	const { answer, payload } = await nextAnswer(host);
	assert.equal(message(answer, payload), message('updateCart', { seq: 1 }));
	const { text } = await host.nextOf('multicartUpdate');
	assert(text.includes(JSON.stringify(CART)));
	assert.equal(await storage(), 'ok');
	await daemon.logged(RECOVERED);
	assert.equal(count(daemon, FAILED), 1);
	assert.equal(count(daemon, RECOVERED), 1);
	await daemon.kill();

	const next = await Daemon.start({ database,
		settings: { 'min-free-space': 0 } });
	assert.equal(await look(next, ada), text);
	assert.equal(await next.stop(), 0);
	fs.rmSync(database);
}));

const SMALL = { pad: 'y'.repeat(4000) }, LARGE = { pad: 'y'.repeat(20000) };
const LOW = /space: .* less than min-free-space/;
const ENOUGH = /space: .* everything is accepted again\n/;

const fillUpTo = (free) => {
	const { bsize, bavail } = fs.statfsSync(folder);
	fs.writeFileSync(filler, Buffer.alloc(bavail * bsize - free),
		{ flag: 'a' });
};

let seq = 0;
const changeUntilRefused = async (host, customerId, cartContent) => {
	for (;;) {
		host.send('updateCart', { customerId, cartContent, seq: ++seq });
		const { answer, payload } = await nextAnswer(host);
		if (answer !== 'error')
			continue;
		assert.equal(payload.code, 'storageUnavailable');
		return;
	}
};

const expectChange = async (host, customerId, cartContent) => {
	host.send('updateCart', { customerId, cartContent, seq: ++seq });
	const { answer, payload } = await nextAnswer(host);
	assert.equal(message(answer, payload), message('updateCart', { seq }));
};

test('room is kept on the disk', () => withPatience(async () => {
	const daemon = await Daemon.start({ database,
		settings: { 'min-free-space': 2 << 20, 'message-rate': 0 } });
	const host = await Client.open(daemon, '/one');
	const { customerId } = await host.enter('startSession', 'Ada');
	const guest = await Client.open(daemon, '/one');
	const { customerId: bob } = await guest.enter('joinSession', 'Bob');

	// Large carts end first, far from the disk's end; small ones go on.
	for (let i = 0; i < 10; i++)
		await expectChange(host, customerId, LARGE);
	fillUpTo(1800000);
	await changeUntilRefused(host, customerId, LARGE);
	await daemon.logged(LOW);
	await expectChange(host, customerId, SMALL);
	assert.match(await storage(), /^low: /);
	const late = await Client.open(daemon, '/two');
	late.send('startSession', { customerName: 'Eve' });
	await expectUnavailable(late, 'startSession');

	// Then all changes, but not what makes room: leaving and erasing.
	fillUpTo(900000);
	await changeUntilRefused(host, customerId, SMALL);
	guest.send('leaveSession', { customerId: bob });
	await guest.nextOf('leaveSession');
	const erased = await ctl(database, 'erase', '--yes', '--session', 'one');
	assert.equal(erased.status, 0, erased.error);
	assert.equal(count(daemon, FAILED), 0);

	fs.unlinkSync(filler);
	await daemon.logged(ENOUGH);
	late.send('startSession', { customerName: 'Eve' });
	await late.nextOf('startSession');
	assert.equal(await storage(), 'ok');
	assert.equal(count(daemon, /less than min-free-space/g), 1);
	assert.equal(await daemon.stop(), 0);
}));
