// A full disk: changes are refused and leave no trace, everything else goes
// on, and the service is whole again as soon as there is room.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client, message } from './lib/client.mjs';
import { Daemon, makeFolder, skip, withPatience } from './lib/daemon.mjs';

const DISK = '4m';
const CART = { pad: 'x'.repeat(100000) };

const mountDisk = () => {
	const folder = makeFolder();
	try {
		execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs',
			folder], { stdio: 'pipe' });
	} catch {
		return skip('no file system can be mounted (it takes root)');
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

test('a full disk', () => withPatience(async () => {
	const daemon = await Daemon.start({ database });
	const host = await Client.open(daemon, '/one');
	const guest = await Client.open(daemon, '/one');
	const ada = await host.enter('startSession', 'Ada', { resumable: true });
	const { customerId } = ada;
	await guest.enter('joinSession', 'Bob');
	const before = await look(daemon, ada);

	fillDisk();
	await expectRefusals(host, guest, customerId);
	assert.equal(await look(daemon, ada), before);

	fs.unlinkSync(filler);
	host.send('updateCart', { customerId, cartContent: CART, seq: 1 });
	const { answer, payload } = await nextAnswer(host);
	assert.equal(message(answer, payload), message('updateCart', { seq: 1 }));
	const { text } = await host.nextOf('multicartUpdate');
	assert(text.includes(JSON.stringify(CART)));
	await daemon.kill();

	const next = await Daemon.start({ database });
	assert.equal(await look(next, ada), text);
	assert.equal(await next.stop(), 0);
}));
