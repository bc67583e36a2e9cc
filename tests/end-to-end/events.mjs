// GET /v1/events: a follower is told everything that is on the disk, once and in
// order, whatever becomes of the daemon meanwhile.  What it should be told is
// made of "audit export".

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';

import { KEY, startApi, withApi } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { makeFolder, withPatience } from './lib/daemon.mjs';
import { expectedOf } from './lib/journal-events.mjs';
import { Shopper } from './lib/shopper.mjs';
import { TicketKey } from './lib/ticket.mjs';
import { toolObjects } from './lib/tool.mjs';

const HELD_MAX = 32;
const KILLS = Number(process.env.KILLS ?? 5);
const OF_KILLS = { 'message-rate': 0, 'new-session-rate': 0 };

const eventsOf = async (call, query) => {
	const answer = await call('GET', `/v1/events?${query}`);
	assert.equal(answer.status, 200, answer.text);
	return answer;
};

// All that is told behind a cursor, a page after the other.
const readAll = async (call, { after = '0', limit = 1000 } = {}) => {
	const all = [];
	for (let cursor = after;;) {
		const page = await eventsOf(call,
			`after=${cursor}&wait=0&limit=${limit}`);
		if (page.events.length === 0)
			return all;
		assert(page.events.length <= limit + 2);
		all.push(...page.events);
		({ cursor } = page);
	}
};

const compareWithJournal = async (events, database) =>
	assert.deepEqual(events, expectedOf(await toolObjects(database,
		['audit', 'export'])));

const setReady = async (client, customerId, isReady, seq) => {
	client.send('customerReadyToCheckout', { customerId, seq,
		customerReadyToCheckout: isReady });
	await client.nextOf('customerReadyToCheckout');
};

const enter = async (daemon, event, name, more) => {
	const client = await Client.open(daemon, '/one');
	return Object.assign(client, await client.enter(event, name, more));
};

const settingsOfAll = { 'absence-window': 1, 'absence-window-tokenless': 3600,
	'lock-time': 1 };

test('everything that happens is told in order', () => withApi(settingsOfAll,
	async ({ daemon, call }) => {
		const ada = await enter(daemon, 'startSession', 'Ada');
		await setReady(ada, ada.customerId, true, 1);
		const bob = await enter(daemon, 'joinSession', 'Bob',
			{ resumable: true });
		await setReady(bob, bob.customerId, true, 1);
		bob.send('updateCart', { customerId: bob.customerId, seq: 2,
			cartContent: {} });
		await bob.nextOf('updateCart');
		await setReady(ada, ada.customerId, false, 2);
		await setReady(ada, ada.customerId, true, 3);
		const cid = await enter(daemon, 'joinSession', 'Cid');
		cid.send('leaveSession', { customerId: cid.customerId });
		await cid.nextOf('leaveSession');
		const dan = await enter(daemon, 'joinSession', 'Dan');
		await call('DELETE', `/v1/sessions/one/customers/${dan.customerId}`);
		const eve = await enter(daemon, 'joinSession', 'Eve',
			{ resumable: true });
		const { cursor } = await eventsOf(call, '');
		await eve.close();
		const expired = await eventsOf(call, `after=${cursor}&wait=55`);
		const back = await Client.open(daemon, '/one');
		back.send('resumeSession', { customerId: eve.customerId,
			token: eve.token });
		await back.nextOf('resumeSession');
		await ada.close();
		await enter(daemon, 'startSession', 'Fay');
		await call('POST', '/v1/sessions/one/lock');
		await call('POST', '/v1/sessions/one/unlock');
		const { cursor: unlocked } = await eventsOf(call, '');
		await call('POST', '/v1/sessions/one/lock');
		const { cursor: locked } = await eventsOf(call,
			`after=${unlocked}&wait=55`);
		const timedOut = await eventsOf(call, `after=${locked}&wait=55`);
		await call('POST', '/v1/sessions/one/end');

		const events = await readAll(call);
		await compareWithJournal(events, daemon.database);
		assert.deepEqual(events.map(({ type, data: { reason } }) =>
			reason === undefined ? type : `${type}: ${reason}`), [
			'session.started', 'customer.ready', 'session.ready',
			'customer.joined', 'session.unready',
			'customer.ready', 'session.ready', 'cart.changed',
			'customer.unready', 'session.unready',
			'customer.ready', 'session.ready',
			'customer.joined', 'session.unready',
			'customer.left: left', 'session.ready',
			'customer.joined', 'session.unready',
			'customer.left: removed', 'session.ready',
			'customer.joined', 'session.unready',
			'customer.left: expired', 'session.ready',
			'customer.returned', 'session.unready',
			'customer.left: replaced', 'customer.joined',
			'session.locked', 'session.unlocked',
			'session.locked', 'session.unlocked', 'session.ended']);
		assert.deepEqual(expired.events.map(({ type }) => type),
			['customer.left', 'session.ready']);
		assert.deepEqual(timedOut.events.map(({ data }) => data.timedOut),
			[true]);
		for (const limit of [1, 2, 3])
			assert.deepEqual(await readAll(call, { limit }), events);
		assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
	}));

test('without anything to tell the answer comes when its time is up',
	() => withApi({}, async ({ daemon, call }) => {
		const empty = await eventsOf(call, '');
		assert.equal(empty.text, '{"events":[],"cursor":"0"}\n');
		const begun = process.hrtime.bigint();
		assert.deepEqual((await eventsOf(call, 'after=0&wait=1')).events, []);
		assert(process.hrtime.bigint() - begun >= 990000000n);
		await new Shopper(daemon).enter('startSession', 'Ada');
		const { events, cursor } = await eventsOf(call, 'after=0');
		assert.deepEqual([events.length, cursor], [1, '1']);
		assert.equal((await eventsOf(call, '')).cursor, '1');
	}));

test('wrong parameters are named', () => withApi({}, async ({ call }) => {
	for (const [query, text] of [
		['after=x', 'after is not a cursor of an answer before'],
		['after=', 'after is not a cursor of an answer before'],
		['wait=-1', 'wait is not a whole number of seconds'],
		['limit=0', 'limit is not a number from 1 to 1000'],
		['state=ready', 'unknown parameter, or one that was there before']]) {
		const { status, error } = await call('GET', `/v1/events?${query}`);
		assert.deepEqual([status, error], [400,
			{ code: 'invalidMessage', message: text }]);
	}
	const { status, error } = await call('GET', '/v1/events?after=1');
	assert.deepEqual([status, error], [410, { code: 'cursorGone',
		message: 'the journal ends before this cursor' }]);
	assert.equal((await call('POST', '/v1/events')).status, 405);
	assert.equal((await call('GET', '/v1/events', { key: 'x' })).status, 401);
}));

// Requests that are held by the time that this resolves.
const hold = async (port, count, query) => {
	const held = Array.from({ length: count }, () => {
		const request = http.request({ host: '127.0.0.1', port, agent: false,
			path: `/v1/events?${query}`,
			headers: { Authorization: `Bearer ${KEY}` } });
		const answer = once(request, 'response').then(async ([response]) => ({
			status: response.statusCode,
			...JSON.parse((await response.toArray()).join('')) }));
		answer.catch(() => {});	// of one that is destroyed
		request.end();
		return { request, answer };
	});
	await Promise.all(held.map(async ({ request }) =>
		request.writableFinished || once(request, 'finish')));
	return held;
};

// The daemon has seen all that was sent, and who went.
const pass = (call) => call('GET', '/v1/sessions');

test('many followers are told the same, and too many are refused',
	() => withApi({}, async ({ daemon, port, call }) => {
		const held = await hold(port, HELD_MAX, 'after=0&wait=55');
		await pass(call);
		for (let i = 0; i < 50; i++) {
			const answers = await Promise.all(Array.from({ length: 20 },
				() => call('GET', '/v1/events?after=0&wait=55')));
			for (const { status, error, fields } of answers) {
				assert.deepEqual([status, error.code], [429, 'rateLimited']);
				assert.equal(fields['retry-after'], '5');
			}
		}
		// Who goes away makes room.
		const [gone, ...rest] = held;
		gone.request.on('error', () => {});	// that it was cut off
		gone.request.destroy();
		await new Promise((resolve) => gone.request.on('close', resolve));
		await pass(call);
		const [another] = await hold(port, 1, 'after=0&wait=55');
		await pass(call);
		await new Shopper(daemon).enter('startSession', 'Ada');
		const texts = await Promise.all([another, ...rest].map(
			async ({ answer }) => JSON.stringify(await answer)));
		assert.equal(new Set(texts).size, 1);
		const { status, events } = JSON.parse(texts[0]);
		assert.deepEqual([status, events.length], [200, 1]);
	}));

test('rows that are no events move the cursor on', () => withApi({},
	async ({ daemon, port, call }) => {
		const ada = new Shopper(daemon);
		await ada.enter('startSession', 'Ada');
		// Each call has a row of its own, which is no event.
		await call('POST', '/v1/sessions/one/lock');
		const locked = await eventsOf(call, 'after=1');
		assert.deepEqual(locked.events.map(({ id }) => id), ['3']);
		const [held] = await hold(port, 1, 'after=3&wait=55');
		await pass(call);
		await ada.post('updateCart', { cartContent: {}, seq: 1 });
		await call('POST', '/v1/sessions/one/unlock');
		const { events, cursor } = await held.answer;
		const rows = await toolObjects(daemon.database, ['audit', 'export']);
		const unlock = rows.find(({ event }) => event === 'unlock');
		assert.deepEqual(events.map(({ id, type }) => [id, type]),
			[[String(unlock.seq), 'session.unlocked']]);
		assert.equal(cursor, String(unlock.seq));
	}));

test('an account is told until it is erased', () => {
	const key = new TicketKey('HS256', '2026a', makeFolder());
	return withApi({ 'ticket-keys': key.file }, async ({ daemon, call }) => {
		await enter(daemon, 'startSession', 'Ada',
			{ ticket: key.sign({ sub: 'konto "4711"' }) });
		await enter(daemon, 'joinSession', 'Bob');
		const before = await readAll(call);
		await compareWithJournal(before, daemon.database);
		assert.deepEqual(before.map(({ data }) => data.account),
			['konto "4711"', undefined]);
		const { status } = await ctl(daemon.database, 'erase', '--yes',
			'--session', 'one');
		assert.equal(status, 0);
		const after = await readAll(call);
		delete before[0].data.account;
		assert.deepEqual(after.slice(0, 2), before);
		assert.deepEqual(after.slice(2).map(({ type }) => type),
			['session.ended']);
	});
});

test('what is deleted is no silent gap', () => withApi(
	{ 'audit-retention': 1, 'journal-retention': 1, 'clock-grace': 0 },
	async ({ daemon, call }) => {
		const ada = new Shopper(daemon);
		await ada.enter('startSession', 'Ada');
		await call('POST', '/v1/sessions/one/end');
		// Something happens until they are deleted.
		let answer = await call('GET', '/v1/events?after=1&wait=0');
		for (let i = 0; answer.status === 200; i++) {
			await call('POST', `/v1/sessions/one/end`);
			await new Shopper(daemon, `s${i % 3}`)
				.post(i < 3 ? 'startSession' : 'joinSession',
					{ customerName: 'Bob' });
			answer = await call('GET', '/v1/events?after=1&wait=0');
		}
		assert.deepEqual([answer.status, answer.error], [410,
			{ code: 'cursorGone',
				message: 'rows behind this cursor were deleted' }]);
		const { events } = await eventsOf(call, 'after=0');
		assert(Number(events[0].id) > 2);
	}));

test('who is held is answered when the daemon stops', () => withApi({},
	async ({ daemon, port, call }) => {
		await new Shopper(daemon).enter('startSession', 'Ada');
		const held = await hold(port, 3, 'after=1&wait=55');
		await pass(call);
		assert.equal(await daemon.stop(), 0);
		for (const { answer } of held)
			assert.deepEqual(await answer,
				{ status: 200, events: [], cursor: '1' });
	}));

// Follows over whatever happens to the daemon, until it has seen a session.
class Follower {
	events = [];
	cursor = '0';

	constructor(last) {
		this.last = last;
	}

	async #ask(call) {
		try {
			return await call('GET',
				`/v1/events?after=${this.cursor}&wait=55&limit=50`);
		} catch {
			return null;		// it was killed
		}
	}

	// Until the daemon is killed, or the last session was started.
	async follow(call) {
		for (;;) {
			const answer = await this.#ask(call);
			if (answer === null)
				return;
			assert.equal(answer.status, 200, answer.text);
			this.events.push(...answer.events);
			({ cursor: this.cursor } = answer);
			if (this.events.some(({ data }) => data.session === this.last))
				return;
		}
	}
}

// Change things in a session until the daemon is killed.
const work = async (daemon, session, acknowledge) => {
	const client = await Client.open(daemon, `/${session}`);
	const { customerId } = await client.enter('startSession', 'Ada');
	for (let seq = 1;; seq++) {
		client.send(...seq % 3 === 0 ? ['customerReadyToCheckout',
			{ customerId, seq, customerReadyToCheckout: seq % 2 === 0 }] :
			['updateCart', { customerId, seq, cartContent: { seq } }]);
		for (let event; event !== 'updateCart' &&
			event !== 'customerReadyToCheckout';)
			({ event } = JSON.parse(await client.next()));
		acknowledge();
	}
};

const runUntilKilled = async (database, round, follower) => {
	const { daemon, call } = await startApi(OF_KILLS, database);
	let left = 100 + 50 * round;
	const acknowledge = () => {
		if (left-- === 0)
			daemon.kill();
	};
	const working = [0, 1, 2].map((i) =>
		work(daemon, `s${round}.${i}`, acknowledge).catch(() => {}));
	await Promise.all([follower.follow(call), ...working]);
	assert.equal(await daemon.ended, 'SIGKILL');
};

test(`${KILLS} kills lose nothing and repeat nothing`, async () => {
	const database = path.join(makeFolder(), 'shop.db');
	const follower = new Follower('last');
	for (let round = 0; round < KILLS; round++)
		await withPatience(() => runUntilKilled(database, round, follower));
	await withPatience(async () => {
		const { daemon, call } = await startApi(OF_KILLS, database);
		await new Shopper(daemon, 'last').enter('startSession', 'Bob');
		await follower.follow(call);
		await compareWithJournal(follower.events, database);
		assert.equal(await daemon.stop(), 0);
		assert(!fs.existsSync(`${database}-wal`));
	});
});
