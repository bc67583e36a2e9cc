// How long a page waits for a call, and what it sees of the client at work.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';

import { BuddyShoppingError } from '../buddyshopping.js';
import { carts, outcome, World } from './world.mjs';

const MINUTE = 60000;

async function started(options, world = new World()) {
	const page = world.page();
	const shop = page.open(options);
	shop.startSession('Ada');
	await world.clock.advance(100);
	const { server, network, clock } = world;
	return { world, page, shop, server, network, clock };
}

// A client that gets no answer, and what it says then.
function alone(options) {
	const world = new World();
	world.network.isUp = false;
	const page = world.page();
	return { ...world, page, shop: page.open(options) };
}

// Why a promise is rejected.
async function reasonOf(promise) {
	let reason = 'none';
	await promise.catch((error) => (reason = error));
	return reason;
}

const ENTRIES = ['startSession', 'joinSession', 'enter'];

for (const method of ENTRIES)
	test(`${method} has a timeout, and is withdrawn`, async () => {
		const { page, shop, clock, network } = alone();

		const entered = outcome(shop[method]('Ada', { timeout: 5000 }));
		const cart = outcome(shop.updateCart({ pears: 1 }));
		await clock.advance(4999);
		assert.equal(entered.is, 'pending');
		await clock.advance(1);

		assert.equal(entered.is, 'timeout');
		assert.equal(cart.is, 'leftSession');
		assert.equal(shop.state, 'idle');
		assert.deepEqual([shop.cart, shop.pending], [null, null]);
		for (const type of ['error', 'left'])
			assert.deepEqual(page.told(type), []);
		network.isUp = true;
		await clock.advance(MINUTE);
		assert.equal(page.reload().state, 'idle');
	});

test('what was withdrawn is the same request when it is made again',
	async () => {
		const { world, page, clock } = await started();
		const bob = world.page();
		world.network.onPost = () => ({ loseAnswer: true });
		const first = outcome(bob.open({ forcePolling: true })
			.joinSession('Bob', { timeout: 15 }));
		await clock.advance(100);
		assert.equal(first.is, 'timeout');
		world.network.onPost = () => ({});

		const again = outcome(bob.shop.joinSession('Bob'));
		await clock.advance(100);

		assert.equal(again.is, 'resolved');
		assert.equal(world.journal.length, 2);
		assert.equal(page.shop.multicart.length, 2);
	});

test('a start is not withdrawn while another call waits for it', async () => {
	const { shop, clock, network } = alone();

	const hasty = outcome(shop.startSession('Ada', { timeout: 1000 }));
	const patient = outcome(shop.startSession('Ada'));
	await clock.advance(2000);
	assert.equal(hasty.is, 'timeout');
	network.isUp = true;
	await clock.advance(MINUTE);

	assert.equal(patient.is, 'resolved');
});

test('who was in before a reload stays', async () => {
	const { page, network, clock } = await started();
	network.isUp = false;
	const shop = page.reload();

	const joined = outcome(shop.joinSession('Ada', { timeout: 1000 }));
	await clock.advance(1000);
	assert.equal(joined.is, 'timeout');
	assert.equal(shop.state, 'connecting');
	network.isUp = true;
	await clock.advance(MINUTE);

	assert.equal(shop.state, 'online');
});

test('who is to come back after leaving is withdrawn, too', async () => {
	const { page, shop, network, clock, world } = await started();
	network.isUp = false;
	network.crash();

	const left = outcome(shop.leave({ timeout: 1000 }));
	const back = outcome(shop.startSession('Ada', { timeout: 1000 }));
	await clock.advance(2000);
	assert.deepEqual([left.is, back.is], ['timeout', 'timeout']);
	network.isUp = true;
	await clock.advance(MINUTE);

	assert.deepEqual(page.told('left'), [{ code: null }]);
	assert.deepEqual(page.told('error'), []);
	assert.equal(shop.state, 'idle');
	assert.deepEqual(world.journal.map(([event]) => event),
		['startSession', 'leaveSession']);
});

for (const transport of ['websocket', 'polling'])
	test(`a cart stays wished by ${transport}`, async () => {
		const { shop, network, clock, server } = await started(
			{ forcePolling: transport === 'polling' });
		network.isUp = false;
		network.crash();
		const abort = new AbortController();

		const cart = outcome(shop.updateCart({ pears: 1 },
			{ timeout: 1000 }));
		const reason = reasonOf(shop.setReady(true,
			{ signal: abort.signal }));
		await clock.advance(1000);
		abort.abort('enough');
		const { code = await reason } = await reason;
		assert.equal(code, abort.signal.reason ?? 'aborted');
		assert.equal(cart.is, 'timeout');
		assert.equal(shop.pending.count, 2);
		assert.deepEqual(shop.cart, { pears: 1 });
		network.isUp = true;
		await clock.advance(MINUTE);

		assert.equal(shop.pending, null);
		const [{ owner, content }] = server.multicart('s1');
		assert.deepEqual(content, { pears: 1 });
		assert.equal(owner.isReadyToCheckout, true);
	});

test('a signal aborts, and with one that was nothing happens', async () => {
	const { shop, clock, network } = alone();
	const abort = new AbortController();
	const { signal } = abort;
	const entered = reasonOf(shop.startSession('Ada', { signal }));
	await clock.advance(100);
	const tried = network.handshakes.length;
	assert.ok(tried > 0);

	abort.abort();
	const first = await entered;
	assert.equal(shop.state, 'idle');
	const second = await reasonOf(shop.startSession('Ada', { signal }));
	assert.equal(shop.state, 'idle');
	shop.startSession('Ada');
	const third = await reasonOf(shop.updateCart({ pears: 1 }, { signal }));
	assert.equal(shop.cart, null);

	for (const error of [first, second, third])
		assert.equal(error, signal.reason ?? error);
	// Old browsers know no reason.
	if (signal.reason === undefined)
		for (const error of [first, second, third]) {
			assert.ok(error instanceof BuddyShoppingError);
			assert.equal(error.code, 'aborted');
		}
});

test('what is answered leaves neither timer nor listener', async () => {
	const { shop, clock } = await started();
	const { signal } = new AbortController();

	const stored = outcome(shop.updateCart({ pears: 1 },
		{ signal, timeout: 5000 }));
	assert.equal(getEventListeners(signal, 'abort').length, 1);
	await clock.advance(100);
	assert.equal(stored.is, 'resolved');
	assert.equal(getEventListeners(signal, 'abort').length, 0);
	const again = outcome(shop.updateCart({ pears: 2 },
		{ timeout: Infinity }));
	await clock.advance(10000);

	assert.equal(again.is, 'resolved');
	assert.deepEqual(carts(shop), { Ada: { pears: 2 } });
});

test('who begins anew is not told of the failures before', async () => {
	const world = new World();
	const shop = world.page().open();
	world.network.isUp = false;
	shop.startSession('Ada', { timeout: 5000 });
	await world.clock.advance(4900);
	assert.equal(shop.pending.reason, 'offline');
	await world.clock.advance(1000);
	assert.equal(shop.pending, null);

	shop.startSession('Bob');

	const { reason, retryAt } = shop.pending;
	assert.deepEqual([reason, retryAt], ['waiting', null]);
});

test('no timeout is none', async () => {
	const { shop, clock } = await started();
	const calls = [null, undefined].map((timeout) =>
		outcome(shop.setReady(true, { timeout, signal: timeout })));
	await clock.advance(100);

	assert.deepEqual(calls.map(({ is }) => is), ['resolved', 'resolved']);
});

for (const transport of ['websocket', 'polling'])
	test(`reconnect() waits for no attempt by ${transport}`, async () => {
		const { shop, network, clock } = await started({
			forcePolling: transport === 'polling',
			platform: { random: () => 1 } });
		network.isUp = false;
		network.crash();
		shop.updateCart({ pears: 1 });
		await clock.advance(5 * MINUTE);
		network.isUp = true;
		assert.ok(shop.pending.retryAt > clock.now() + 100);

		shop.reconnect();
		assert.equal(shop.pending.retryAt, null);
		await clock.advance(100);

		assert.equal(shop.transport, transport);
		assert.equal(shop.pending, null);
	});

for (const transport of ['websocket', 'polling'])
	test(`messages are told without secrets by ${transport}`, async () => {
		const said = [];
		const { page, network, clock } = await started({
			ticket: 'a-ticket', forcePolling: transport === 'polling',
			debug: (...traffic) => {
				said.push(traffic);
				throw new Error('a fault of the page');
			} });
		page.shop.updateCart({ token: 'of a game' });
		await clock.advance(100);
		network.crash();
		await clock.advance(MINUTE);

		const events = (wanted) => said.filter(([direction]) =>
			direction === wanted).map(([, , { event }]) => event);
		assert.ok(said.every(([, line]) => line === transport));
		for (const event of ['startSession', 'updateCart', 'resumeSession'])
			for (const direction of ['in', 'out'])
				assert.ok(events(direction).includes(event), event);
		assert.ok(events('in').includes('multicartUpdate'));
		const text = JSON.stringify(said);
		assert.ok(text.includes('"token":"of a game"'));
		assert.doesNotMatch(text, /token-of-|a-ticket|requestId":/);
		assert.match(page.sessionStorage.text, /token-of-/);
	});

test('true is console.debug', async (t) => {
	const debug = t.mock.method(console, 'debug', () => {});
	await started({ debug: true });

	const [direction, transport, { event }] = debug.mock.calls[0].arguments;
	assert.deepEqual([direction, transport, event],
		['out', 'websocket', 'startSession']);
});

// What refuses a start, by the code that it is told with.
const REFUSALS = {
	sessionNotFound: ({ shop }, signal) => shop.joinSession('Ada', { signal }),
	undelivered: ({ shop, network }, signal) => {
		network.onPost = ({ event, payload }) =>
			event === 'startSession' && payload.customerName === 'Ada' ?
				{ answer: { status: 403, body: 'No!' } } : {};
		return shop.startSession('Ada', { signal });
	},
	noTicket: ({ shop }, signal) => shop.startSession('Ada', { signal }),
};

for (const [code, enter] of Object.entries(REFUSALS))
	for (const isRestarted of [false, true])
		test(`a listener of ${code} may give up${
			isRestarted ? ' and begin anew' : ''}`, async () => {
			const world = new World();
			const page = world.page();
			let tickets = code === 'noTicket' ? 0 : 1;
			const shop = page.open({ forcePolling: true,
				ticket: () => tickets++ || Promise.reject(Error('no')) });
			const controller = new AbortController();
			let again = {};
			shop.addEventListener('error', () => {
				controller.abort();
				if (isRestarted)
					again = outcome(shop.startSession('Bob'));
			}, { once: true });

			const gone = outcome(enter(page, controller.signal));
			await world.clock.advance(30000);

			assert.equal(gone.is, controller.signal.reason?.code ??
				'aborted');
			assert.deepEqual(page.told('error').map((one) => one.code),
				[code]);
			assert.equal(shop.state, isRestarted ? 'online' : 'idle');
			if (isRestarted)
				assert.equal(again.is, 'resolved');
		});
