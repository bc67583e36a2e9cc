// What a page sees of the client when all goes well, and when it is refused.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { FakeNetwork } from './fake-network.mjs';
import { carts, outcome, World } from './world.mjs';

const HOUR = 3600000;

async function started(options, world = new World()) {
	const page = world.page();
	const shop = page.open(options);
	const entered = outcome(shop.startSession('Ada'));
	await world.clock.advance(100);
	assert.equal(entered.is, 'resolved');
	const { server, network, clock, journal } = world;
	return { world, page, shop, server, network, clock, journal };
}

for (const transport of ['websocket', 'polling']) {
	const options = { forcePolling: transport === 'polling' };

	test(`host and guest see each other by ${transport}`, async () => {
		const { world, shop, clock } = await started(options);
		const guest = await world.friend('joinSession', 'Bob');

		guest.updateCart({ pears: 2 });
		shop.updateCart({ apples: 1 });
		await clock.advance(100);

		assert.equal(shop.transport, transport);
		assert.deepEqual(carts(shop), { Ada: { apples: 1 },
			Bob: { pears: 2 } });
		assert.deepEqual(shop.multicart, guest.multicart);
		assert.equal(shop.multicart[0].owner.id, shop.customerId);
	});

	test(`readiness is stored and shown by ${transport}`, async () => {
		const { shop, clock } = await started(options);

		const ready = outcome(shop.setReady(true));
		await clock.advance(100);

		assert.equal(ready.is, 'resolved');
		assert.equal(shop.multicart[0].owner.isReadyToCheckout, true);
	});

	test(`a cart waits for a locked session by ${transport}`, async () => {
		const { page, shop, server, clock } = await started(options);
		server.lock('s1', true);
		await clock.advance(100);

		const stored = outcome(shop.updateCart({ apples: 1 }));
		const ready = outcome(shop.setReady(true));
		await clock.advance(10000);
		assert.equal(stored.is, 'pending');
		assert.deepEqual(page.told('error').map(({ code }) => code),
			['sessionLocked']);
		server.lock('s1', false);
		await clock.advance(1000);

		assert.equal(stored.is, 'resolved');
		assert.equal(ready.is, 'resolved');
		assert.deepEqual(carts(shop), { Ada: { apples: 1 } });
		assert.equal(page.told('error').length, 1);
	});

	// With 'delta' on, too, which this one does not know.
	test(`who asks for it is told of a lock by ${transport}`, async () => {
		const world = new World();
		world.server.knows = ['lock'];
		const { page, shop, server, clock } = await started(
			{ ...options, features: ['lock'] }, world);
		const other = await world.friend('joinSession', 'Bob');
		server.lock('s1', true);
		await clock.advance(100);
		assert.deepEqual([shop.isLocked, other.isLocked], [true, false]);

		// So is who comes back meanwhile, and who was told before.
		server.restart();
		await clock.advance(60000);
		assert.deepEqual([shop.state, shop.isLocked], ['online', true]);
		const again = page.reload({ ...options, features: ['lock'] });
		await clock.advance(1000);
		assert.equal(again.isLocked, true);

		server.lock('s1', false);
		await clock.advance(1000);
		assert.deepEqual([again.isLocked, other.isLocked], [false, false]);
	});

	test(`a cart of before is no reason to stay by ${transport}`,
		async () => {
			const { page, shop, server, clock } = await started(options);
			server.lock('s1', true);
			shop.updateCart({ apples: 1 });
			await clock.advance(1000);

			const left = outcome(shop.leave());
			await clock.advance(1000);

			assert.equal(left.is, 'resolved');
			assert.deepEqual(page.told('left'), [{ code: null }]);
		});

	test(`who leaves by ${transport} can join again`, async () => {
		const { world, page, shop, clock } = await started(options);
		await world.friend('joinSession', 'Bob');
		const { customerId } = shop;

		const left = outcome(shop.leave());
		await clock.advance(100);
		assert.equal(left.is, 'resolved');
		assert.deepEqual(page.told('left'), [{ code: null }]);
		assert.equal(shop.state, 'idle');
		shop.joinSession('Ada');
		await clock.advance(100);

		assert.notEqual(shop.customerId, customerId);
		assert.deepEqual(Object.keys(carts(shop)), ['Bob', 'Ada']);
	});

	test(`a refused cart rejects by ${transport}, others go on`, async () => {
		const { page, shop, clock, journal } = await started(options);

		const bad = outcome(shop.updateCart(['no object']));
		const ready = outcome(shop.setReady(true));
		await clock.advance(100);

		assert.equal(bad.is, 'invalidMessage');
		assert.equal(ready.is, 'resolved');
		assert.deepEqual(page.told('error').map(({ code }) => code),
			['invalidMessage']);
		assert.equal(journal.length, 2);
	});

	test(`a cart that is too large rejects by ${transport}`, async () => {
		const { shop, server, clock } = await started(options);
		server.maxMessage = 500;

		const large = outcome(shop.updateCart({ text: 'x'.repeat(999) }));
		await clock.advance(2000);
		const small = outcome(shop.updateCart({ text: 'x' }));
		await clock.advance(2000);

		assert.equal(large.is, 'messageTooLarge');
		assert.equal(small.is, 'resolved');
		assert.equal(shop.transport, transport);
	});

	test(`a mood of the server is waited out by ${transport}`, async () => {
		for (const [code, seconds] of [['rateLimited', 2],
			['storageUnavailable', 3]]) {
			const { page, shop, server, clock } = await started(options);
			server.moods.push(code);

			const stored = outcome(shop.updateCart({ pears: 1 }));
			await clock.advance(seconds * 1000 - 100);
			assert.equal(stored.is, 'pending');
			await clock.advance(200);

			assert.equal(stored.is, 'resolved');
			assert.equal(page.told('error')[0].retryAfter, seconds);
		}
	});

	test(`retryAfter holds a join by ${transport}, even woken`, async () => {
		const world = new World();
		const { server, network, clock } = world;
		const page = world.page();
		server.moods.push('shuttingDown', 'storageUnavailable');

		const entered = outcome(page.open(options).startSession('Ada'));
		await clock.advance(50);
		const said = network.handshakes.length + network.posts.length;
		page.window.dispatchEvent(new Event('online'));
		await clock.advance(900);
		assert.equal(network.handshakes.length + network.posts.length, said);
		await clock.advance(6000);

		assert.equal(entered.is, 'resolved');
		assert.equal(page.localStorage.getItem(
			'buddyshopping shop.example'), null);
	});

	test(`what left elsewhere has left here, by ${transport}`, async () => {
		const { world, page, shop, clock } = await started(options);
		const twin = world.page();
		twin.sessionStorage = page.sessionStorage.copy();

		const other = twin.open();
		await clock.advance(100);
		assert.equal(other.customerId, shop.customerId);
		other.leave();
		await clock.advance(100);

		assert.equal(page.told('left').length, 1);
		assert.equal(shop.state, 'idle');
	});

	test(`the latest of two tabs wins by ${transport}`, async () => {
		const { world, page, shop, clock } = await started(options);
		for (let i = 0; i < 5; i++) {
			shop.updateCart({ i });
			await clock.advance(100);
		}
		const twin = world.page();
		twin.sessionStorage = page.sessionStorage.copy();
		const other = twin.open();
		await clock.advance(100);

		for (const [one, by] of [[other, 'other'], [shop, 'first'],
			[other, 'other again']]) {
			one.updateCart({ by });
			await clock.advance(100);
			assert.deepEqual(carts(shop), { Ada: { by } });
			assert.deepEqual(carts(other), { Ada: { by } });
		}
	});

	for (const [whose, hours] of [['another', -1], ['another', 1], ['no', -1]])
		test(`${whose} clock set by ${hours} h, and the latest wins by ` +
			transport, async () => {
			const { world, page, shop, clock, journal } =
				await started(options);
			shop.updateCart({ i: 0 });
			await clock.advance(100);
			const twin = world.page();
			twin.sessionStorage = page.sessionStorage.copy();
			if (whose === 'no')
				clock.set(hours * HOUR);
			const now = () => clock.now() +
				(whose === 'no' ? 0 : hours * HOUR);
			const other = twin.open({ ...options, platform: { now } });
			await clock.advance(100);

			for (let i = 1; i <= 20; i++) {
				const stored = outcome(
					(i % 2 ? other : shop).updateCart({ i }));
				await clock.advance(200);
				assert.equal(stored.is, 'resolved');
				assert.deepEqual(carts(shop), { Ada: { i } });
				assert.deepEqual(carts(other), { Ada: { i } });
			}
			assert.equal(journal.length, 22);
		});

	test(`two tabs never count alike by ${transport}`, async () => {
		const alike = { ...options, platform: { random: () => 0.5 } };
		const { world, page, shop, clock } = await started(alike);
		shop.updateCart({ i: 0 });
		await clock.advance(100);
		clock.set(-HOUR);
		const twin = world.page();
		twin.sessionStorage = page.sessionStorage.copy();
		const other = twin.open(alike);
		await clock.advance(100);

		shop.updateCart({ by: 'first' });
		await clock.advance(100);
		const stored = outcome(other.updateCart({ by: 'other' }));
		await clock.advance(2000);

		assert.equal(stored.is, 'resolved');
		assert.deepEqual(carts(shop), { Ada: { by: 'other' } });
	});

	test(`who counts without a clock is not ahead of it by ${transport}`,
		async () => {
			const { world, page, shop, network, clock } =
				await started(options);
			shop.updateCart({ i: 0 });
			await clock.advance(100);
			const twin = world.page(
				new FakeNetwork(clock, world.server));
			twin.sessionStorage = page.sessionStorage.copy();
			const other = twin.open({ ...options, platform: {
				random: () => 0.9, now: () => clock.now() - HOUR } });
			other.updateCart({ by: 'other' });
			await clock.advance(100);
			network.latency = () => 400;

			const stored = outcome(shop.updateCart({ by: 'first' }));
			await clock.advance(4000);

			assert.equal(stored.is, 'resolved');
			assert.deepEqual(carts(other), { Ada: { by: 'first' } });
		});

	test(`an ended session ends the client by ${transport}`, async () => {
		const { page, shop, server, clock, network } =
			await started(options);

		server.endSession('s1');
		network.cut();
		const lost = outcome(shop.updateCart({ pears: 1 }));
		await clock.advance(5000);

		assert.equal(lost.is, 'leftSession');
		assert.deepEqual(page.told('left'), [{ code: 'leftSession' }]);
		assert.equal(shop.state, 'idle');
	});

	test(`an invalid token ends with an error by ${transport}`, async () => {
		const { page, shop, clock } = await started(options);
		const key = 'buddyshopping https://shop.example/together/s1';
		const note = page.sessionStorage.getItem(key);
		shop.close();
		page.sessionStorage.setItem(key,
			note.replace('token-of-', 'forged-'));

		const forger = page.open(options);
		await clock.advance(100);

		assert.equal(forger.state, 'idle');
		assert.equal(page.told('error').pop().code, 'invalidToken');
		assert.deepEqual(page.told('left'), [{ code: 'invalidToken' }]);
		assert.equal(page.sessionStorage.getItem(key), null);
	});
}

test('a refused start or join rejects and leaves nothing', async () => {
	const world = new World();
	const page = world.page();
	const shop = page.open();

	const joined = outcome(shop.joinSession('Ada'));
	await world.clock.advance(100);
	assert.equal(joined.is, 'sessionNotFound');
	await world.friend('startSession', 'Bob');
	const begun = outcome(shop.startSession('Ada'));
	await world.clock.advance(100);

	assert.equal(begun.is, 'sessionExists');
	assert.equal(shop.state, 'idle');
	assert.deepEqual(page.told('left'), []);
});

test('a full session is final for who joins', async () => {
	const world = new World();
	await world.friend('startSession', 'Bob');
	world.server.maxCustomers = 1;

	const joined = outcome(world.page().open().joinSession('Ada'));
	await world.clock.advance(100);

	assert.equal(joined.is, 'sessionFull');
});

test('wishes before joining and after closing are refused', async () => {
	const world = new World();
	const page = world.page();
	const shop = page.open();

	const early = outcome(shop.updateCart({}));
	shop.startSession('Ada');
	const waiting = outcome(shop.updateCart({ pears: 1 }));
	shop.close();
	const late = outcome(shop.updateCart({}));
	await world.clock.advance(60000);

	assert.equal(early.is, 'notJoined');
	assert.equal(waiting.is, 'closed');
	assert.equal(late.is, 'closed');
	assert.equal(shop.state, 'closed');
	assert.equal(world.network.openSockets, 0);
});

test('a change that comes late undoes no newer one of another tab',
	async () => {
		const { world, page, shop, network, clock, journal } =
			await started({ forcePolling: true });
		const twin = world.page();
		twin.sessionStorage = page.sessionStorage.copy();
		const other = twin.open({ forcePolling: true });
		await clock.advance(100);
		network.onPost = ({ payload: { cartContent } }) =>
			cartContent?.by === 'other' ? { delay: 1000 } : {};

		const late = outcome(other.updateCart({ by: 'other' }));
		await clock.advance(10);
		shop.updateCart({ by: 'first' });
		await clock.advance(2000);

		assert.equal(late.is, 'resolved');
		assert.deepEqual(carts(other), { Ada: { by: 'first' } });
		assert.equal(journal.length, 2);
	});

test('a cart is taken as it was when it was given', async () => {
	const { shop, clock } = await started();
	const cart = { pears: 1 };

	shop.updateCart(cart);
	cart.pears = 2;
	await clock.advance(100);

	assert.deepEqual(carts(shop), { Ada: { pears: 1 } });
});

test('many changes become few, and the last one stays', async () => {
	const { shop, clock, journal } = await started();

	const stored = [];
	for (let i = 0; i < 100; i++)
		stored.push(outcome(shop.updateCart({ i })));
	await clock.advance(1000);

	assert.ok(stored.every(({ is }) => is === 'resolved'));
	assert.deepEqual(carts(shop), { Ada: { i: 99 } });
	assert.ok(journal.length <= 3);
});

test('wishes arrive in their order', async () => {
	const { shop, clock, journal } = await started();

	shop.updateCart({ i: 1 });
	shop.setReady(true);
	shop.updateCart({ i: 2 });
	shop.leave();
	await clock.advance(1000);

	assert.deepEqual(journal.map(([event]) => event), ['startSession',
		'updateCart', 'customerReadyToCheckout', 'updateCart',
		'leaveSession']);
});

test('the requestId is long, random and never the same', async () => {
	const { page, shop, clock, server } = await started();
	shop.leave();
	await clock.advance(100);
	server.endSession('s1');
	shop.startSession('Ada');
	await clock.advance(100);

	const ids = server.sessions.get('s1').customers
		.map(({ requestId }) => requestId);

	assert.equal(new Set(ids).size, 2);
	for (const id of ids)
		assert.match(id, /^[A-Za-z0-9_-]{22,64}$/);
	assert.equal(page.told('error').length, 0);
});

test('URLs, base paths and subprotocols', async () => {
	for (const [url, options, ws, http, protocols] of [
		['wss://a.example/s1', {}, 'wss://a.example/s1',
			'https://a.example/s1', []],
		['http://a.example:81/shop/s1#x', {}, 'ws://a.example:81/shop/s1',
			'http://a.example:81/shop/s1', []],
		['ws://a.example/s1', { protocol: 'k&y' }, 'ws://a.example/s1',
			'http://a.example/s1?protocol=k%26y', 'k&y'],
		['https://a.example/s1?x=1&protocol=key', {},
			'wss://a.example/s1?x=1',
			'https://a.example/s1?x=1&protocol=key', 'key'],
	]) {
		const world = new World();
		world.network.upgrades = 'drop';

		world.page().open(options, url).startSession('Ada');
		await world.clock.advance(1000);

		const [handshake] = world.network.handshakes;
		assert.equal(handshake.url, ws);
		assert.deepEqual(handshake.protocols, protocols);
		assert.equal(world.network.posts[0].url, http);
	}
});

// To the daemon these are one session; what it is not asked to read differs.
const SPELLINGS = ['https://shop.example/together/s1',
	'https://shop.example/together/s1/', 'wss://SHOP.example/together//s1//',
	'https://shop.example:443/together/s1?x=1&y#z',
	'https://shop.example/x/../together/%73%31',
	'https://shop.example/together/s1?protocol=key'];

test('one session has one customer, however its URL is written', async () => {
	const { world, page, shop, clock } = await started();
	const { customerId } = shop;

	for (const url of SPELLINGS) {
		const again = page.reload({}, url);
		assert.equal(again.customerId, customerId, url);
	}
	for (const url of ['https://shop.example/together/s2',
		'https://shop.example/Together/s1',
		'https://shop.example/together/%25s1',
		'https://shop.example:81/together/s1'])
		assert.equal(page.reload({}, url).state, 'idle', url);
	assert.equal(page.reload().customerId, customerId);
	await clock.advance(100);
	assert.equal(world.journal.length, 1);
});

// What the daemon makes of the paths that it gets, of which browsers do not send
// some as they are.
const FORMS = [...readFileSync(new URL('../../../tests/path_forms.h',
	import.meta.url), 'utf8').matchAll(/^\t\{ "(.*)", "(.*)", \w+ \},$/gm)]
	.filter(([, path]) =>
		new URL(`https://shop.example${path}`).pathname === path);

test('a session is known by the normal form that the daemon has', async () => {
	assert(FORMS.length >= 20);
	for (const [, path, form] of FORMS) {
		const world = new World();
		const page = world.page();
		outcome(page.open({}, `https://shop.example${path}`)
			.startSession('Ada'));

		assert(page.sessionStorage.getItem('buddyshopping https://' +
			`shop.example${form.replace(/\/$/, '')}`), path);
	}
});

test('a customer that was kept by its URL as written is found', async () => {
	const { page, shop } = await started();
	const { customerId } = shop;
	const now = 'buddyshopping https://shop.example/together/s1';
	const [url] = SPELLINGS.slice(-1);
	const before = `buddyshopping ${url}`;
	page.sessionStorage.setItem(before, page.sessionStorage.getItem(now));
	page.sessionStorage.removeItem(now);

	assert.equal(page.reload({}, url).customerId, customerId);
	assert.equal(page.reload().customerId, customerId);
	assert.equal(page.sessionStorage.getItem(before), null);
});

test('requests need no preflight and carry no cookies', async () => {
	const { network } = await started({ forcePolling: true });

	for (const { method, headers, credentials, cache } of network.posts) {
		assert.equal(method, 'POST');
		assert.equal(headers, undefined);
		assert.equal(credentials, 'omit');
		assert.equal(cache, 'no-store');
	}
});

test('pages of the daemon\'s origin send application/json', async () => {
	for (const [origin, contentType, sent] of [
		['https://shop.example', undefined, 'application/json'],
		['https://shop.example', 'text/plain', 'text/plain'],
		['https://www.shop.example', undefined, undefined],
		['http://shop.example', undefined, undefined],
		['https://shop.example:444', undefined, undefined],
		['null', undefined, undefined],
		['null', 'application/json', 'application/json'],
	]) {
		const { shop, network, clock } = await started({
			forcePolling: true, contentType, platform: { origin } });
		shop.leave();
		await clock.advance(100);

		assert.ok(network.posts.length >= 3);
		for (const { headers } of network.posts)
			assert.equal(headers?.['Content-Type'], sent);
	}
});

test('storage that throws is done without', async () => {
	const storage = new Proxy({}, { get() {
		throw new Error('forbidden');
	} });
	const { shop, page, network, clock } = await started({ platform: {
		sessionStorage: storage, localStorage: undefined } });

	shop.updateCart({ pears: 1 });
	network.upgrades = 'drop';
	network.cut();
	await clock.advance(20000);

	assert.equal(shop.transport, 'polling');
	assert.deepEqual(carts(shop), { Ada: { pears: 1 } });
	assert.deepEqual(page.told('left'), []);
});
