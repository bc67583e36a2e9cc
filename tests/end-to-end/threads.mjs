// The daemon under load from WebSockets and polls, while it is asked for its
// state, reloads, erases and is copied; and its journal verified by two threads.
// Short: it is for a build with the thread sanitizer, which speaks up wherever
// the threads share what they must not, and then the exit status is not 0.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { get } from './lib/exposition.mjs';
import { Shopper } from './lib/shopper.mjs';
import { STORAGE } from './lib/storage.mjs';

const SESSIONS = 6, CARTS = 60, ROUNDS = 2;

// A member by WebSocket that sends its carts and reads whatever comes.
const shop = async (daemon, session, name) => {
	const client = await Client.open(daemon, `/${session}`);
	const { customerId } = await client.enter('joinSession', name);
	for (let seq = 1; seq <= CARTS; seq++) {
		client.send('updateCart', { customerId, seq,
			cartContent: { n: seq, padding: 'x'.repeat(seq % 97 * 40) } });
		await client.nextOf('updateCart');
	}
	return client.close();
};

// One that polls until the host's cart says so.
const poll = async (daemon, session, name) => {
	const shopper = new Shopper(daemon, session);
	await shopper.enter('joinSession', name);
	for (let text = ''; !text.includes('"last"');)
		({ text } = await shopper.poll({ wait: 5 }));
};

const serve = async (daemon, session) => {
	const host = await Client.open(daemon, `/${session}`);
	const { customerId } = await host.enter('startSession', 'Ada');
	const polls = [poll(daemon, session, 'Eve'), poll(daemon, session, 'Fay')];
	await Promise.all([shop(daemon, session, 'Bob'),
		shop(daemon, session, 'Cid')]);
	host.send('updateCart', { customerId, cartContent: { last: true } });
	await Promise.all(polls);
	return host.close();
};

// What an administrator may do meanwhile.
const operate = async (daemon, database, round) => {
	const victim = `victim${round}`;
	const client = await Client.open(daemon, `/${victim}`);
	await client.enter('startSession', 'Mallory');
	for (const words of [['reload'], ['status'], ['sessions'],
		...STORAGE === 'sqlite' ? [['backup', `${database}.copy${round}`]] : [],
		['erase', '--yes', '--session', victim],
		['log-level', 'debug'], ['log-level', 'info'],
		['audit', 'verify']]) {
		const { status, error } = await ctl(database, ...words);
		assert.equal(status, 0, `${words}: ${error}`);
	}
};

// Figures of the storage thread, asked for without a pause.
const watch = async (database, state) => {
	while (!state.isOver)
		assert.equal((await get(`${database}.admin`, '/metrics')).status, 200);
};

test('threads share only what they may', () => withPatience(async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const configuration = `${database}.conf`;
	fs.writeFileSync(configuration, '');
	const daemon = await Daemon.start({ database, configuration, settings: {
		'message-rate': 0, 'session-write-rate': 0 } });
	const load = Array.from({ length: SESSIONS }, (_, i) =>
		serve(daemon, `s${i}`));
	const state = { isOver: false };
	const watching = watch(database, state);
	for (let round = 0; round < ROUNDS; round++) {
		fs.writeFileSync(configuration,
			`max-remembered = ${100 + round}\n`);
		await operate(daemon, database, round);
	}
	await Promise.all(load);
	state.isOver = true;
	await watching;
	assert.equal(await daemon.stop(), 0, daemon.log);
	const { status, error } = await ctl(database, 'audit', 'verify');
	assert.equal(status, 0, error);
}));
