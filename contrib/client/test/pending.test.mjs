// What a page can see of that which is not acknowledged yet, so that nobody
// overwrites by accident what the customer has wished before.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { FakeNetwork } from './fake-network.mjs';
import { outcome, World } from './world.mjs';

const MINUTE = 60000;

async function started(options, world = new World()) {
	const page = world.page();
	const shop = page.open(options);
	shop.startSession('Ada');
	await world.clock.advance(100);
	const { server, network, clock } = world;
	return { world, page, shop, server, network, clock };
}

// Another tab of the same customer, with a network of its own.
function twinOf({ world, page, clock }, options) {
	const twin = world.page(new FakeNetwork(clock, world.server));
	twin.sessionStorage = page.sessionStorage.copy();
	return twin.open(options);
}

function cutOff(network) {
	network.isUp = false;
	network.crash();
}

// The objects that a page saw, each time that it was told of anything.
function watch(shop, name) {
	const seen = [shop[name]];
	for (const type of ['multicart', 'state', 'pending'])
		shop.addEventListener(type, () => {
			if (seen[seen.length - 1] !== shop[name])
				seen.push(shop[name]);
		});
	return seen;
}

for (const transport of ['websocket', 'polling']) {
	const options = { forcePolling: transport === 'polling' };

	test(`what is pending is seen after a reload by ${transport}`,
		async () => {
			const { page, shop, network, clock, world } =
				await started(options);
			shop.updateCart({ pears: 2 });
			await clock.advance(100);
			cutOff(network);
			await clock.advance(100);
			const since = clock.now();
			shop.updateCart({ ...shop.cart, tea: 1 });
			shop.updateCart({ ...shop.cart, tea: 2 });
			shop.setReady(true);

			const again = page.reload(options);
			const { what, count, since: told } = again.pending;
			assert.deepEqual(again.cart, { pears: 2, tea: 2 });
			assert.equal(again.isReady, true);
			assert.deepEqual([what, count, told],
				[['cart', 'isReady'], 3, since]);
			again.updateCart({ ...again.cart, milk: 1 });
			assert.equal(again.pending.count, 4);
			network.isUp = true;
			await clock.advance(MINUTE);

			assert.equal(again.pending, null);
			const [{ owner, content }] = world.server.multicart('s1');
			assert.deepEqual(content, { pears: 2, tea: 2, milk: 1 });
			assert.equal(owner.isReadyToCheckout, true);
		});

	test(`what was stored is seen after a reload by ${transport}`,
		async () => {
			const { page, shop, network, clock } = await started(options);
			shop.updateCart({ pears: 2 });
			shop.setReady(true);
			await clock.advance(100);
			network.isUp = false;

			const again = page.reload(options);
			assert.equal(again.multicart, null);
			assert.equal(again.pending, null);
			assert.deepEqual(again.cart, { pears: 2 });
			assert.equal(again.isReady, true);
		});

	test(`one cart is one object by ${transport}`, async () => {
		const { world, shop, clock } = await started(options);
		const friend = await world.friend('joinSession', 'Bob');
		const carts = watch(shop, 'cart');
		const readiness = watch(shop, 'isReady');

		shop.updateCart({ pears: 1 });
		shop.setReady(true);
		await clock.advance(100);
		friend.updateCart({ apples: 1 });
		await clock.advance(1000);
		assert.equal(shop.multicart[1].content.apples, 1);

		assert.deepEqual(carts, [{}, { pears: 1 }]);
		assert.deepEqual(readiness, [false, true]);
	});

	test(`another tab's cart is seen by ${transport}`, async () => {
		const first = await started(options);
		const { shop, clock } = first;
		shop.updateCart({ by: 'first' });
		await clock.advance(100);
		const other = twinOf(first, options);
		await clock.advance(100);
		assert.deepEqual(other.cart, { by: 'first' });

		for (const [one, by] of [[other, 'other'], [shop, 'first'],
			[other, 'other']]) {
			one.updateCart({ by });
			await clock.advance(100);
			assert.deepEqual(shop.cart, { by });
			assert.deepEqual(other.cart, { by });
		}
		first.network.isUp = false;
		assert.deepEqual(first.page.reload(options).cart,
			{ by: 'other' });
	});

	test(`a refused cart gives way to the stored one by ${transport}`,
		async () => {
			const { shop, clock } = await started(options);
			shop.updateCart({ pears: 1 });
			await clock.advance(100);
			const { cart } = shop;

			shop.updateCart(['no object']);
			assert.deepEqual(shop.cart, ['no object']);
			await clock.advance(100);

			assert.equal(shop.cart, cart);
			assert.equal(shop.pending, null);
		});

	test(`who leaves has no cart by ${transport}`, async () => {
		const { shop, clock } = await started(options);
		shop.updateCart({ pears: 1 });
		await clock.advance(100);

		shop.leave();
		assert.deepEqual(shop.pending.what, ['leave']);
		await clock.advance(100);

		assert.deepEqual([shop.cart, shop.isReady, shop.pending],
			[null, null, null]);
	});

	test(`pending tells what becomes of a cart by ${transport}`, async () => {
		const { page, shop, network, clock } = await started(options);
		page.events.length = 0;

		shop.updateCart({ pears: 1 });
		assert.equal(shop.pending.reason, 'waiting');
		await clock.advance(100);
		assert.equal(shop.pending, null);
		cutOff(network);
		await clock.advance(10);
		const { pending } = shop;
		assert.equal(pending, null);
		const since = clock.now();
		shop.updateCart({ pears: 2 });
		await clock.advance(MINUTE);
		assert.equal(shop.pending.reason, 'offline');
		assert.equal(shop.pending.since, since);
		const { retryAt } = shop.pending;
		const { length } = network[transport === 'polling' ?
			'posts' : 'handshakes'];
		await clock.advance(Math.max(0, retryAt - clock.now()) + 20);
		assert.ok(network[transport === 'polling' ? 'posts' :
			'handshakes'].length > length);
		network.isUp = true;
		await clock.advance(MINUTE);

		assert.equal(shop.pending, null);
		const told = page.told('pending');
		assert.equal(told[told.length - 1], null);
		assert.deepEqual(told.filter((one, i) => i > 0 &&
			JSON.stringify(one) === JSON.stringify(told[i - 1])), []);
	});

	test(`what the daemon puts off is refused by ${transport}`, async () => {
		const { shop, server, clock } = await started(options);
		server.moods.push('storageUnavailable');

		shop.updateCart({ pears: 1 });
		const now = clock.now();
		await clock.advance(100);
		assert.equal(shop.pending.reason, 'refused');
		assert.ok(shop.pending.retryAt > now + 3000 &&
			shop.pending.retryAt < now + 3100);
		await clock.advance(3000);

		assert.equal(shop.pending, null);
	});

	test(`what waits for an order is locked by ${transport}`, async () => {
		const { shop, server, clock } = await started(options);
		server.lock('s1', true);
		await clock.advance(100);

		shop.updateCart({ pears: 1 });
		await clock.advance(100);
		assert.equal(shop.pending.reason, 'locked');
		assert.deepEqual(shop.cart, { pears: 1 });
		server.lock('s1', false);
		await clock.advance(100);

		assert.equal(shop.pending, null);
	});
}

test('nothing is known before anything is', async () => {
	const world = new World();
	const shop = world.page().open();
	assert.deepEqual([shop.cart, shop.isReady, shop.pending],
		[null, null, null]);

	shop.startSession('Ada');
	const { pending } = shop;
	assert.deepEqual(pending, { what: ['enter'], count: 1,
		since: world.clock.now(), reason: 'waiting', retryAt: null });
	shop.updateCart({ pears: 1 });
	assert.deepEqual(shop.pending.what, ['enter', 'cart']);
	await world.clock.advance(100);

	assert.equal(shop.pending, null);
	assert.deepEqual(shop.cart, { pears: 1 });
	assert.equal(shop.isReady, false);
});

test('an older multicart after the answer takes no cart back', async () => {
	const first = await started({ forcePolling: true });
	const { world, shop, network, clock } = first;
	const friend = await world.friend('joinSession', 'Bob');
	shop.updateCart({ i: 1 });
	await clock.advance(100);
	const carts = watch(shop, 'cart');
	// What tells of the friend comes after what was stored later.
	network.onPost = ({ event }) =>
		event === 'poll' ? { answerDelay: 500 } : {};
	await clock.advance(30000);

	friend.updateCart({ apples: 1 });
	await clock.advance(50);
	shop.updateCart({ i: 2 });
	await clock.advance(2000);

	assert.deepEqual(shop.multicart.map(({ content }) => content),
		[{ i: 2 }, { apples: 1 }]);
	assert.deepEqual(carts, [{ i: 1 }, { i: 2 }]);

	// But another tab's does, whose change came later.
	const other = twinOf(first, { forcePolling: true });
	await clock.advance(30000);
	friend.updateCart({ apples: 2 });
	await clock.advance(50);
	shop.updateCart({ i: 3 });
	await clock.advance(100);
	other.updateCart({ i: 4 });
	await clock.advance(2000);
	assert.deepEqual(carts.slice(2), [{ i: 3 }, { i: 4 }]);
});

test('who comes back believes the multicart, not the last answer', async () => {
	const first = await started();
	const { shop, network, clock } = first;
	const other = twinOf(first);
	await clock.advance(100);
	network.onDeliver = ({ event }) => ({ lose: event === 'multicartUpdate' });

	const stored = outcome(shop.updateCart({ by: 'first' }));
	await clock.advance(100);
	assert.equal(stored.is, 'resolved');
	cutOff(network);
	network.onDeliver = () => ({});
	other.updateCart({ by: 'other' });
	await clock.advance(100);
	network.isUp = true;
	await clock.advance(MINUTE);

	assert.deepEqual(shop.cart, { by: 'other' });
});

test('a cart that something on the way refuses is told so', async () => {
	const { page, shop, network, clock } = await started(
		{ forcePolling: true });
	network.onPost = ({ event }) => event === 'updateCart' ?
		{ answer: { status: 403, body: 'No!' } } : {};

	shop.updateCart({ is: 'bad' });
	await clock.advance(10000);

	assert.equal(page.told('error').pop().code, 'undelivered');
	const reasons = page.told('pending').map((one) => one?.reason);
	assert.ok(reasons.includes('refused'));
	assert.equal(shop.pending, null);
	assert.deepEqual(shop.cart, {});
});

test('an older tab\'s answer does not hide a newer change', async () => {
	const first = await started({ forcePolling: true });
	const { shop, network, clock } = first;
	const other = twinOf(first, { forcePolling: true });
	await clock.advance(100);
	network.onPost = ({ payload: { cartContent } }) =>
		cartContent ? { delay: 1000 } : {};

	const late = outcome(shop.updateCart({ by: 'first' }));
	await clock.advance(10);
	other.updateCart({ by: 'other' });
	await clock.advance(2000);

	assert.equal(late.is, 'resolved');
	assert.deepEqual(shop.cart, { by: 'other' });
});

test('a full storage keeps what is pending first', async () => {
	const { page, shop, network, clock } = await started();
	shop.setReady(true);
	await clock.advance(100);
	cutOff(network);
	await clock.advance(100);
	const { setItem } = page.sessionStorage;
	page.sessionStorage.setItem = function (key, text) {
		if (text.includes('"known":[['))
			throw new Error('full');
		setItem.call(this, key, text);
	};

	shop.updateCart({ pears: 1 });
	const again = page.reload();

	assert.deepEqual(again.cart, { pears: 1 });
	assert.equal(again.isReady, null);
});

test('what an older client kept is pending, too', async () => {
	const { page, shop, network, clock, world } = await started();
	cutOff(network);
	await clock.advance(100);
	shop.updateCart({ pears: 1 });
	const key = `buddyshopping ${world.session}`;
	const { wishes, customer, ...note } =
		JSON.parse(page.sessionStorage.getItem(key));
	delete note.known;
	page.sessionStorage.setItem(key, JSON.stringify({ ...note,
		customer: { ...customer, at: undefined },
		wishes: wishes.map((wish) => wish.slice(0, 4)) }));

	const again = page.reload();

	assert.deepEqual(again.pending, { what: ['cart'], count: 1,
		since: clock.now(), reason: 'waiting', retryAt: null });
});

// A duplicate's change that is made while ours is on its way, or just after it.
test('a late answer hides no change that is shown already', async () => {
	const options = { forcePolling: true };
	const first = await started(options);
	const { shop, network, clock } = first;
	shop.updateCart({ i: 1 });
	await clock.advance(100);
	const other = twinOf(first, options);
	await clock.advance(100);
	network.onPost = ({ event }) => ({
		answerDelay: event === 'updateCart' ||
			event === 'customerReadyToCheckout' ? 1000 : undefined });

	shop.updateCart({ i: 2 });
	await clock.advance(200);
	other.updateCart({ ...other.cart, tea: 1 });
	await clock.advance(3000);
	assert.deepEqual(shop.cart, { i: 2, tea: 1 });

	shop.setReady(true);
	await clock.advance(200);
	other.setReady(false);
	await clock.advance(3000);
	assert.equal(shop.isReady, false);
	assert.equal(shop.pending, null);
});

test('a poll that was on its way tells of a later change', async () => {
	const options = { forcePolling: true };
	const first = await started(options);
	const { shop, network, clock } = first;
	const other = twinOf(first, options);
	const carts = watch(shop, 'cart');
	network.onPost = ({ event }) => event === 'poll' ? { delay: 300 } : {};
	const { length } = network.posts;
	while (network.posts.length === length)
		await clock.advance(10);

	shop.updateCart({ i: 2 });
	await clock.advance(60);
	other.updateCart({ i: 3 });
	await clock.advance(2000);

	assert.deepEqual(carts, [{}, { i: 2 }, { i: 3 }]);
	assert.equal(shop.state, 'online');
});

test('one multicart of two changes tells of the later one', async () => {
	const first = await started();
	const { shop, network, clock } = first;
	const other = twinOf(first);
	await clock.advance(100);
	let lost = 0;
	network.onDeliver = ({ event }) =>
		({ lose: event.startsWith('multicart') && lost++ === 0 });
	const seen = watch(shop, 'isReady');

	shop.setReady(true);
	await clock.advance(15);
	other.setReady(false);
	await clock.advance(1000);

	assert.ok(lost > 1);
	assert.deepEqual(seen, [false, true, false]);
});

test('who waits to enter is pending, however it came to that', async () => {
	const { page, shop, network, clock } = await started();
	cutOff(network);
	await clock.advance(100);
	const atLeave = clock.now();
	shop.leave();
	await clock.advance(100);
	shop.startSession('Bob');
	shop.enter('Bob');
	const { what, count, since, reason } = shop.pending;
	assert.deepEqual([what, count, since, reason],
		[['leave', 'enter'], 3, atLeave, 'offline']);

	// The remembered customer is in as far as anybody knows.
	const again = page.reload();
	assert.deepEqual(again.pending.what, ['leave']);
	network.isUp = true;
	await clock.advance(MINUTE);
	assert.equal(again.pending, null);
});

test('who comes back and enters waits until it is in', async () => {
	const { page, network, clock } = await started();
	network.isUp = false;
	const shop = page.reload();
	await clock.advance(MINUTE);
	const since = clock.now();
	const ended = outcome(shop.enter('Ada', { timeout: 5000 }));
	shop.enter('Ada', { timeout: 6000 });

	assert.deepEqual({ ...shop.pending, retryAt: null },
		{ what: ['enter'], count: 2, since, reason: 'offline', retryAt: null });
	await clock.advance(5000);
	assert.equal(ended.is, 'timeout');
	assert.equal(shop.pending.count, 1);
	await clock.advance(1000);
	assert.equal(shop.pending, null);
	assert.equal(page.told('pending').pop(), null);
});

test('nothing is pending for who has closed', async () => {
	const { page, shop, network } = await started();
	cutOff(network);
	shop.updateCart({ pears: 1 });
	shop.close();

	assert.equal(shop.pending, null);
	assert.equal(page.told('pending').pop(), null);
	assert.deepEqual(page.reload().pending.what, ['cart']);
});

test('a cart too large for the storage is lost alone', async () => {
	const { page, shop, network, clock } = await started();
	shop.updateCart({ pears: 1 });
	await clock.advance(100);
	cutOff(network);
	await clock.advance(100);
	const { setItem } = page.sessionStorage;
	page.sessionStorage.setItem = function (key, text) {
		if (text.length > 1000)
			throw new Error('full');
		setItem.call(this, key, text);
	};

	shop.setReady(true);
	shop.updateCart({ pears: 'x'.repeat(1000) });
	const again = page.reload();

	assert.deepEqual(again.cart, { pears: 1 });
	assert.equal(again.isReady, true);
	assert.deepEqual(again.pending.what, ['isReady']);
});

test('every listener is told the newest last', async () => {
	const { shop, clock } = await started();
	shop.addEventListener('pending', () => shop.setReady(true),
		{ once: true });
	const counts = [];
	shop.addEventListener('pending', ({ detail }) =>
		counts.push(detail?.count));

	shop.updateCart({ pears: 1 });
	assert.deepEqual(counts, [1, 2]);
	assert.equal(shop.pending.count, 2);
	await clock.advance(100);
	assert.deepEqual(counts, [1, 2, 1, undefined]);
});

test('what is unlocked is not told to wait', async () => {
	const { page, shop, server, clock } = await started();
	server.lock('s1', true);
	await clock.advance(100);
	shop.updateCart({ pears: 1 });
	await clock.advance(100);
	assert.ok(shop.pending.retryAt > clock.now());
	page.events.length = 0;

	server.lock('s1', false);
	await clock.advance(1000);

	assert.deepEqual(page.told('pending').map((one) => one?.retryAt),
		[null, undefined]);
});

test('an older answer by the other line shows no older cart', async () => {
	const world = new World();
	const page = world.page();
	const { clock } = world;
	// By polling while a WebSocket is slow.
	page.network.upgradeMs = 4000;
	page.network.latency = () => 500;
	page.network.onPost = ({ event }) => ({ delay: 10,
		answerDelay: event === 'poll' ? 5000 : 10 });
	const shop = page.open();
	shop.startSession('Ada');
	await clock.advance(4600);
	assert.equal(shop.transport, 'polling');
	const seen = watch(shop, 'cart');

	shop.updateCart({ pears: 1 });
	await clock.advance(MINUTE);

	assert.equal(shop.transport, 'websocket');
	assert.deepEqual(seen.slice(1), [{ pears: 1 }]);
});

test('a change that arrived twice is not taken back', async () => {
	const all = await started({ forcePolling: true });
	const { shop, network, clock } = all;
	const twin = twinOf(all);
	await clock.advance(1000);
	network.onPost = ({ event }) => event === 'updateCart' ?
		{ repeat: true, answerDelay: 200 } : {};
	const seen = watch(shop, 'cart');

	shop.updateCart({ pears: 1 });
	await clock.advance(50);
	twin.setReady(true);
	await clock.advance(MINUTE);

	assert.deepEqual(seen.slice(1), [{ pears: 1 }]);
	assert.equal(shop.pending, null);
});

test('what a restored daemon has forgotten is known no more', async () => {
	const { shop, network, server, clock } =
		await started({ forcePolling: true });
	await clock.advance(1000);
	const restore = server.backup('s1');
	network.onPost = () => ({ delay: 10, answerDelay: 10 });
	network.latency = () => 500;
	const stored = outcome(shop.updateCart({ pears: 1 }));
	await clock.advance(25);
	assert.equal(stored.is, 'resolved');
	restore();
	network.crash();
	const before = network.posts.length;

	await clock.advance(MINUTE);

	assert.deepEqual(shop.cart, {});
	assert.ok(network.posts.length - before < 30);
});
