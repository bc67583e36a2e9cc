// A session that the shop locks while it makes an order: nobody changes it,
// whatever the transport, and whatever happens to the daemon.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Client, message } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, makeFolder, withPatience } from './lib/daemon.mjs';
import { Fastcgi } from './lib/fastcgi.mjs';
import { Shopper } from './lib/shopper.mjs';

const succeed = async (database, ...words) => {
	const { status, output, error } = await ctl(database, ...words);
	assert.equal(status, 0, error);
	return output;
};

const lines = (output) => output.trimEnd().split('\n').map(JSON.parse);

const codeOf = async (client) => JSON.parse(await client.next()).payload.code;

const cartOf = ({ customerId }, n) => ({ customerId, cartContent: { n } });

// Ada by WebSocket with a token, Bob by polling, Eve by WebSocket without one,
// each with a cart; nothing is left to be heard.
const enterAll = async (daemon) => {
	const ada = await Client.open(daemon, '/one');
	const bob = new Shopper(daemon);
	const eve = await Client.open(daemon, '/one');
	Object.assign(ada, await ada.enter('startSession', 'Ada',
		{ resumable: true }));
	await ada.nextOf('multicartUpdate');
	await bob.enter('joinSession', 'Bob');
	await ada.nextOf('multicartUpdate');
	Object.assign(eve, await eve.enter('joinSession', 'Eve'));
	for (const client of [ada, eve])
		await client.nextOf('multicartUpdate');
	for (const [i, client] of [ada, eve].entries()) {
		client.send('updateCart', cartOf(client, i));
		for (const other of [ada, eve])
			await other.nextOf('multicartUpdate');
	}
	await bob.poll();
	return { ada, bob, eve };
};

const expectAllRefused = async (daemon, { ada, bob, eve }) => {
	for (const client of [ada, eve]) {
		client.send('updateCart', cartOf(client, 7));
		assert.equal(await codeOf(client), 'sessionLocked');
		client.send('customerReadyToCheckout', {
			customerId: client.customerId, customerReadyToCheckout: true });
		assert.equal(await codeOf(client), 'sessionLocked');
	}
	const { status, messages } = await bob.post('updateCart',
		{ cartContent: { n: 7 }, seq: 1 });
	assert.equal(status, 409);
	assert.deepEqual(Object.keys(messages[0].payload),
		['code', 'message', 'event', 'seq']);
	const joining = await new Shopper(daemon).post('joinSession',
		{ customerName: 'Zoe' });
	assert.equal(joining.status, 409);
	assert.equal(joining.messages[0].payload.code, 'sessionLocked');
};

const checkJournal = async (database) => {
	const show = await succeed(database, 'audit', 'show', 'one',
		'--color=never');
	assert.match(show, / the session was locked\n/);
	assert.match(show, / the session was unlocked\n/);
	assert.match(show, /updateCart was refused: sessionLocked/);
	const events = lines(await succeed(database, 'audit', 'export'))
		.filter(({ event }) => event.endsWith('lock'));
	assert.deepEqual(events.map(({ event, timed_out }) =>
		[event, timed_out]), [['lock', undefined], ['unlock', false]]);
	await succeed(database, 'audit', 'verify');
};

test('a locked session stays as it is, though the daemon is killed', () =>
	withPatience(async () => {
		const database = path.join(makeFolder(), 'shop.db');
		let daemon = await Daemon.start({ database });
		const { ada, bob, eve } = await enterAll(daemon);
		const poll = await bob.held();
		const [locked] = lines(await succeed(database, 'lock', 'one'));
		const shown = await ada.nextOf('multicartUpdate');
		assert.equal(shown.cursor, `1.${locked.revision}`);
		assert.equal(JSON.stringify(shown.payload),
			JSON.stringify(locked.payload));
		assert.deepEqual(locked.payload.multicartContent.map(({ content }) =>
			content), [{ n: 0 }, {}, { n: 1 }]);
		assert.equal((await poll.answer).cursor, shown.cursor);
		await eve.nextOf('multicartUpdate');
		await expectAllRefused(daemon, { ada, bob, eve });
		const [{ state, locked: since }] = lines(await succeed(database,
			'audit', 'sessions', '--json'));
		assert.equal(state, 'running');
		assert(!Number.isNaN(Date.parse(since)));

		await daemon.kill();
		daemon = await Daemon.start({ database });
		const again = await Client.open(daemon, '/one');
		again.send('resumeSession', { customerId: ada.customerId,
			token: ada.token });
		assert.equal((await again.nextOf('multicartUpdate')).text,
			shown.text);
		bob.daemon = daemon;
		assert.equal((await bob.poll({ cursor: null })).cursor, shown.cursor);
		again.send('updateCart', cartOf(ada, 7));
		assert.equal(await codeOf(again), 'sessionLocked');
		const [session] = lines(await succeed(database, 'sessions', '--json'));
		assert.equal(session.locked, true);
		assert.match(await succeed(database, 'session', 'one'),
			/^The session is locked\.\n/);

		const unlocking = await bob.held();
		assert.equal(await succeed(database, 'unlock', 'one'), '');
		assert.equal((await again.nextOf('multicartUpdate')).cursor,
			`1.${locked.revision + 1}`);
		assert.equal((await unlocking.answer).cursor,
			`1.${locked.revision + 1}`);
		assert.equal((await bob.post('updateCart',
			{ cartContent: { n: 7 }, seq: 1 })).status, 200);
		assert.equal(await succeed(database, 'unlock', 'one'), '');
		assert.equal(await daemon.stop(), 0);
		await checkJournal(database);
	}));

const enter = async (ask, name, features) => {
	const { messages } = await ask('POST', '', message(
		name === 'Ada' ? 'startSession' : 'joinSession',
		{ customerName: name, ...features && { features } }));
	const { customerId, token, features: on } = messages[0].payload;
	assert.deepEqual(on, features);
	return { customerId, token };
};

// What a customer who polls gets by `ask` once the session is locked.
const lockedPoll = async (ask, { customerId, token }, query) => {
	const { text } = await ask('GET', `?customerId=${customerId}${query}`,
		undefined, token);
	return text;
};

test('who asked for it sees the lock, by whatever transport', () =>
	withPatience(async () => {
		const folder = makeFolder();
		const database = path.join(folder, 'shop.db');
		const socket = path.join(folder, 'fastcgi.sock');
		const daemon = await Daemon.start({ database,
			settings: { 'fastcgi-listen': `unix:${socket}` } });
		await daemon.logged(/ for FastCGI\n/);
		const fastcgi = new Fastcgi(socket);
		const askBy = (get) => async (method, query, body, token) => {
			const response = await get(query, { method, body,
				headers: token ? { Authorization: `Bearer ${token}` } : {} });
			const text = await response.text();
			assert.equal(response.status, 200, text);
			return { ...JSON.parse(text), text };
		};
		const byHttp = askBy((query, options) => fetch(
			`http://${daemon.host}:${daemon.port}/one${query}`, options));
		const byFastcgi = askBy((query, options) =>
			fastcgi.fetch(`/one${query}`, options));
		const ada = await enter(byHttp, 'Ada', ['lock']);
		const bob = await enter(byFastcgi, 'Bob', ['lock']);
		const eve = await enter(byHttp, 'Eve');
		const zoe = await Client.open(daemon, '/one');
		const { features } = await zoe.enter('joinSession', 'Zoe',
			{ features: ['more', 'lock'] });
		assert.deepEqual(features, ['lock']);
		const { cursor } = await zoe.nextOf('multicartUpdate');
		assert.equal(cursor, '1.4.0');

		const held = [lockedPoll(byHttp, ada,
			`&cursor=${cursor}&features=lock`),
		lockedPoll(byFastcgi, bob, `&cursor=${cursor}&features=more%2Clock`),
		lockedPoll(byHttp, eve, '&cursor=1.4')];
		await succeed(database, 'lock', 'one');
		const { text } = await zoe.nextOf('multicartUpdate');
		const [http, fcgi, plain] = await Promise.all(held);
		const tail = '],"isLocked":true},"cursor":"1.5.0"}';
		assert(text.endsWith(tail), text);
		assert.equal(http, `{"messages":[${text}],"cursor":"1.5.0"}`);
		assert.equal(fcgi, http);
		const seed = text.replace(tail, ']},"cursor":"1.5"}');
		assert.equal(plain, `{"messages":[${seed}],"cursor":"1.5"}`);
		// Whoever has a cursor without a third part has seen less.
		assert.equal(await lockedPoll(byFastcgi, bob,
			'&cursor=1.5&features=lock'), http);
		assert.equal(await lockedPoll(byHttp, ada,
			'&cursor=1.5.0&features=lock&wait=0'),
		'{"messages":[],"cursor":"1.5.0"}');
		fastcgi.close();
		assert.equal(await daemon.stop(), 0);
	}));

test('a lock that nobody ends ends by itself', { concurrency: true }, () =>
	withPatience(async () => {
		const database = path.join(makeFolder(), 'shop.db');
		const configuration = `${database}.conf`;
		fs.writeFileSync(configuration, 'lock-time = 0\n');
		const daemon = await Daemon.start({ database, configuration });
		const ada = await Client.open(daemon, '/one');
		await ada.enter('startSession', 'Ada');
		await ada.nextOf('multicartUpdate');
		await succeed(database, 'lock', 'one');
		await ada.nextOf('multicartUpdate');
		fs.writeFileSync(configuration, 'lock-time = 1\n');
		await succeed(database, 'reload');
		await ada.nextOf('multicartUpdate');
		const unlock = lines(await succeed(database, 'audit', 'export'))
			.at(-1);
		assert.equal(unlock.event, 'unlock');
		assert.equal(unlock.timed_out, true);
		assert.equal(await daemon.stop(), 0);
	}));

test('a session ends for everybody in it', () => withPatience(async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const daemon = await Daemon.start({ database });
	const { ada, bob, eve } = await enterAll(daemon);
	const poll = await bob.held();
	assert.equal(await succeed(database, 'end', 'one'), '');
	for (const client of [ada, eve])
		assert.equal((await client.nextOf('leaveSession')).payload.customerId,
			client.customerId);
	assert.equal((await poll.answer).status, 410);
	assert.equal(await succeed(database, 'end', 'one'), '');
	assert.equal((await ctl(database, 'end', 'a b')).status, 64);
	assert.equal((await ctl(database, 'end', 'two')).status, 2);
	for (const deed of ['lock', 'unlock']) {
		const { status, error } = await ctl(database, deed, 'one');
		assert.equal(status, 2);
		assert.match(error, /^buddyshoppingctl: one: no such session runs\n$/);
		assert.equal((await ctl(database, deed, 'a b')).status, 64);
	}
	await ada.enter('startSession', 'Ada');
	assert.equal(await daemon.stop(), 0);
}));
