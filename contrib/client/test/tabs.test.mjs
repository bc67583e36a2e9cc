// Tabs that keep their customer in localStorage are one customer, in step,
// whichever of them is there, and whatever they hear of one another.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { FakeLocks } from './fake-browser.mjs';
import { carts, outcome, World } from './world.mjs';

const MINUTE = 60000;
const DAY = 24 * 60 * MINUTE;
const shared = { storage: 'localStorage' };

// Tabs of one browser, open, and what is around them.
function tabs(count = 2, options = shared, world = new World()) {
	const browser = world.browser();
	const pages = Array.from({ length: count }, () => world.tab(browser));
	const shops = pages.map((page) => page.open(options));
	return { world, browser, pages, shops, clock: world.clock,
		server: world.server, journal: world.journal };
}

// The same, with Ada in both.
async function started(options = shared) {
	const all = tabs(2, options);
	const [a, b] = all.shops;
	a.startSession('Ada');
	b.startSession('Ada');
	await all.clock.advance(1000);
	return { ...all, a, b };
}

function setUp(pages, isUp) {
	for (const { network } of pages) {
		network.isUp = isUp;
		if (!isUp)
			network.crash();
	}
}

function seated(server) {
	return server.multicart('s1').map(({ owner }) => owner.name);
}

// Every cart that a page was told of, one after the other.
function watchCart(shop) {
	const seen = [];
	for (const type of ['multicart', 'state', 'pending'])
		shop.addEventListener(type, () => {
			const text = JSON.stringify(shop.cart);
			if (seen[seen.length - 1] !== text)
				seen.push(text);
		});
	return seen;
}

for (const forcePolling of [false, true]) {
	const options = { ...shared, forcePolling };
	const by = forcePolling ? 'polling' : 'websocket';

	test(`a tab that is opened is that customer at once by ${by}`, async () => {
		const { world, browser, shops: [first], clock } = tabs(1, options);
		const entered = outcome(first.startSession('Ada'));
		await clock.advance(1000);
		first.updateCart({ pears: 1 });
		await clock.advance(1000);

		const page = world.tab(browser);
		const second = page.open(options);
		assert.equal(second.customerId, first.customerId);
		assert.deepEqual(second.cart, { pears: 1 });
		const same = outcome(second.joinSession('Ben'));
		await clock.advance(1000);

		assert.equal(same.value, entered.value);
		assert.equal(second.state, 'online');
		assert.deepEqual(world.journal.filter(([event]) =>
			event.endsWith('Session')), [['startSession', 'Ada']]);
	});

	test(`a tab that is there becomes that customer by ${by}`, async () => {
		const { shops: [a, b], pages, clock } = tabs(2, options);

		a.startSession('Ada');
		await clock.advance(1000);

		assert.equal(b.state, 'online');
		assert.equal(b.customerId, a.customerId);
		assert.deepEqual(pages[1].told('error'), []);
	});

	test(`a change is seen in both by ${by}`, async () => {
		const { a, b, clock, browser, server } = await started(options);

		a.updateCart({ pears: 1 });
		await clock.advance(1000);
		b.setReady(true);
		b.updateCart({ ...b.cart, tea: 1 });
		await clock.advance(1000);

		for (const shop of [a, b]) {
			assert.deepEqual(shop.cart, { pears: 1, tea: 1 });
			assert.equal(shop.isReady, true);
			assert.equal(shop.pending, null);
		}
		assert.deepEqual(server.multicart('s1')[0].content,
			{ pears: 1, tea: 1 });
		assert.equal(JSON.parse(JSON.parse(browser.text)[0][1])
			.wishes.length, 0);
	});

	test(`a tab says what one that was closed could not by ${by}`,
		async () => {
			const { a, b, clock, pages, server } = await started(options);
			setUp(pages, false);
			await clock.advance(100);
			const closed = outcome(a.updateCart({ pears: 1 }));
			a.close();
			await clock.advance(100);
			assert.deepEqual(b.cart, { pears: 1 });
			assert.deepEqual(b.pending.what, ['cart']);

			setUp(pages, true);
			await clock.advance(MINUTE);

			assert.equal(closed.is, 'closed');
			assert.equal(b.pending, null);
			assert.deepEqual(server.multicart('s1')[0].content,
				{ pears: 1 });
		});

	test(`who leaves in one has left in both by ${by}`, async () => {
		const { a, b, clock, pages, server } = await started(options);

		const left = outcome(a.leave());
		await clock.advance(1000);

		assert.equal(left.is, 'resolved');
		for (const page of pages)
			assert.deepEqual(page.told('left'), [{ code: null }]);
		assert.deepEqual([a.state, b.state], ['idle', 'idle']);
		assert.deepEqual(pages[1].told('error'), []);

		b.enter('Ben');
		await clock.advance(1000);
		assert.equal(a.customerId, b.customerId);
		assert.deepEqual(seated(server), ['Ben']);
	});
}

describe('two that begin at the same time are one', () => {
	const ticket = { ...shared, ticket: () => 'a ticket' };
	for (const [title, options, latency, locks, names] of [
		['in a storage that all see', shared, 0, undefined, ['Ada', 'Ada']],
		['with two names', shared, 0, undefined, ['Ada', 'Ben']],
		['with locks', shared, 50, new FakeLocks(), ['Ada', 'Ben']],
		['with tickets', ticket, 50, new FakeLocks(), ['Ada', 'Ada']],
	])
		for (const method of ['enter', 'startSession'])
			test(`${title}, by ${method}`, async () => {
				const world = new World();
				const browser = world.browser();
				Object.assign(browser, { latency, locks });
				const pages = [0, 1].map(() => world.tab(browser));
				const [a, b] = pages.map((page) => page.open(options));

				const entered = [a, b].map((shop, i) =>
					outcome(shop[method](names[i])));
				await world.clock.advance(MINUTE);

				for (const { value } of entered)
					assert.equal(value, a.customerId);
				assert.notEqual(a.customerId, null);
				assert.equal(seated(world.server).length, 1);
				assert.equal(world.journal.length, 1);
				for (const page of pages)
					assert.deepEqual(page.told('error'), []);
			});
});

test('who enters looks who is entering', async () => {
	for (let seed = 0; seed < 8; seed++) {
		const { shops: [a, b], clock, journal } =
			tabs(2, shared, new World(seed));

		// One is said, and has no answer yet.
		a.startSession('Ada');
		await clock.advance(25);
		b.startSession('Ben');
		await clock.advance(MINUTE);

		assert.notEqual(a.customerId, null);
		assert.equal(a.customerId, b.customerId);
		assert.deepEqual(journal, [['startSession', 'Ada']]);
	}
});

test('who asked for nothing is told of no refusal', async () => {
	const { shops: [a], pages, clock } = tabs();

	const entered = outcome(a.joinSession('Ada'));
	await clock.advance(MINUTE);

	assert.equal(entered.is, 'sessionNotFound');
	assert.deepEqual(pages[1].events, []);
});

test('a tab that has a change leaves it to that tab for a while', async () => {
	const { a, clock, pages } = await started();
	await clock.advance(MINUTE);
	const said = [];
	pages.forEach(({ network }, i) => {
		network.onSend = ({ event }) => said.push([i, event]) && {};
	});
	pages[0].network.latency = () => 500;

	a.updateCart({ pears: 1 });
	await clock.advance(2000);

	assert.deepEqual(said, [[0, 'updateCart']]);
});

test('without locks, too, they are one in the end', async () => {
	const world = new World();
	const browser = world.browser();
	browser.latency = 300;
	const pages = [0, 1].map(() => world.tab(browser));
	const [a, b] = pages.map((page) => page.open(shared));

	const entered = [a, b].map((shop) => outcome(shop.enter('Ada')));
	await world.clock.advance(MINUTE);

	assert.deepEqual(entered.map(({ is }) => is), ['resolved', 'resolved']);
	assert.equal(a.customerId, b.customerId);
	a.updateCart({ pears: 1 });
	await world.clock.advance(MINUTE);
	assert.deepEqual(b.cart, { pears: 1 });
});

test('a tab that waits for its turn waits for no frozen one', async () => {
	const { pages, shops, browser, clock } = tabs(1);
	browser.locks = pages[0].locks = new FakeLocks();
	shops[0].close();
	browser.locks.request('buddyshopping https://shop.example/together/s1',
		() => new Promise(() => {}));
	const shop = pages[0].open(shared);

	const entered = outcome(shop.startSession('Ada'));
	await clock.advance(MINUTE);

	assert.equal(entered.is, 'resolved');
});

test('a turn ends with who gives up, or is in', async () => {
	const world = new World();
	const browser = world.browser();
	browser.locks = new FakeLocks();
	const [a, b, c] = [0, 1, 2].map(() => world.tab(browser)
		.open({ ...shared, ticket: () => 'a ticket' }));
	const gone = outcome(a.joinSession('Ada'));
	await world.clock.advance(100);
	assert.equal(gone.is, 'sessionNotFound');

	outcome(b.startSession('Ada'));
	await world.clock.advance(1000);
	const entered = outcome(c.startSession('Ada'));
	await world.clock.advance(1000);

	assert.equal(b.state, 'online');
	assert.equal(entered.value, b.customerId);
});

test('the README\'s tabs are one customer', async () => {
	const [, block] = /```js\n([^`]*storage: [^`]*)```/.exec(
		readFileSync(new URL('../README.md', import.meta.url), 'utf8'));
	const { pages, shops, clock } = tabs(2, {});
	shops.forEach((shop) => shop.close());
	const use = new Function('BuddyShopping', 'url',
		`${block} return shop;`);
	const [a, b] = pages.map((page) => use(function open(_, options) {
		return page.open(options);
	}));

	a.startSession('Ada');
	await clock.advance(1000);

	assert.equal(b.state, 'online');
	assert.equal(b.customerId, a.customerId);
});

test('an offline change is the wish of both', async () => {
	const { a, b, clock, pages, server, journal } = await started();
	setUp(pages, false);
	await clock.advance(100);

	const one = outcome(a.updateCart({ pears: 1 }));
	await clock.advance(10);
	assert.deepEqual(b.cart, { pears: 1 });
	assert.deepEqual(b.pending.what, ['cart']);
	assert.equal(b.pending.count, 1);
	assert.equal(b.pending.since, a.pending.since);
	const two = outcome(b.updateCart({ ...b.cart, tea: 1 }));
	await clock.advance(10);
	assert.deepEqual(a.cart, { pears: 1, tea: 1 });
	assert.equal(a.pending.count, 2);
	setUp(pages, true);
	await clock.advance(MINUTE);

	assert.deepEqual([one.is, two.is], ['resolved', 'resolved']);
	assert.deepEqual([a.pending, b.pending], [null, null]);
	assert.deepEqual(server.multicart('s1')[0].content,
		{ pears: 1, tea: 1 });
	assert.equal(journal.filter(([event]) => event === 'updateCart').length, 1);
});

test('of changes at the same time the newest wins, for good', async () => {
	for (const slow of [0, 1]) {
		const { a, b, clock, pages, server, browser } = await started();
		pages[slow].network.onSend = () => ({ delay: 2000 });
		const seen = [a, b].map(watchCart);
		const before = browser.writes;

		a.updateCart({ of: 'a' });
		await clock.advance(1);
		b.updateCart({ of: 'b' });
		await clock.advance(MINUTE);

		assert.deepEqual(server.multicart('s1')[0].content, { of: 'b' });
		assert.deepEqual(seen[0], ['{"of":"a"}', '{"of":"b"}']);
		assert.equal(seen[1].pop(), '{"of":"b"}');
		assert.ok(seen[1].length <= 1);
		assert.ok(browser.writes - before < 10);
	}
});

test('what was changed before a tab hears of it is nothing it overwrites',
	async () => {
		const { a, b, clock, browser, pages, server } = await started();
		browser.isTold = () => false;
		setUp(pages, false);
		await clock.advance(100);
		a.updateCart({ pears: 1 });

		// Nobody told it, but it has to look.
		const error = outcome(b.setReady(true));
		assert.deepEqual(b.cart, { pears: 1 });
		b.updateCart({ ...b.cart, tea: 1 });
		setUp(pages, true);
		await clock.advance(MINUTE);

		assert.equal(error.is, 'resolved');
		assert.deepEqual(server.multicart('s1')[0].content,
			{ pears: 1, tea: 1 });
		assert.deepEqual(carts(a), { Ada: { pears: 1, tea: 1 } });
		assert.equal(a.pending, null);
	});

test('without events the multicart tells', async () => {
	const { a, b, clock, browser, pages } = await started();
	browser.isTold = () => false;

	a.updateCart({ pears: 1 });
	await clock.advance(1000);
	assert.deepEqual(b.cart, { pears: 1 });
	b.updateCart({ ...b.cart, tea: 1 });
	await clock.advance(1000);
	assert.deepEqual(a.cart, { pears: 1, tea: 1 });
	a.leave();
	await clock.advance(1000);

	assert.deepEqual(pages[1].told('left'), [{ code: null }]);
});

for (const isTold of [true, false])
	test(`leaving is known without the daemon, events ${isTold ? 'come' :
		'do not'}`, async () => {
		const { a, b, clock, browser, pages, server } = await started();
		browser.isTold = () => isTold;
		setUp(pages.slice(1), false);
		await clock.advance(100);

		a.leave();
		await clock.advance(1000);
		if (!isTold)
			pages[1].show(true);
		assert.equal(b.state, 'idle');
		assert.deepEqual(pages[1].told('left'), [{ code: null }]);

		setUp(pages, true);
		const entered = outcome(b.enter('Ada'));
		await clock.advance(1000);
		assert.equal(entered.is, 'resolved');
		assert.equal(a.customerId, isTold ? b.customerId : null);
		assert.equal(seated(server).length, 1);
	});

test('a frozen tab finds the next customer', async () => {
	const { a, b, clock, browser, pages, journal } = await started();
	const isBack = { value: false };
	browser.isTold = (page) => page !== pages[1] || isBack.value;
	setUp(pages.slice(1), false);
	const lost = outcome(b.setReady(true));
	a.leave();
	await clock.advance(1000);
	a.joinSession('Ben');
	await clock.advance(1000);
	a.updateCart({ pears: 1 });
	await clock.advance(1000);

	isBack.value = pages[1].network.isUp = true;
	pages[1].window.dispatchEvent(Object.assign(new Event('pageshow'),
		{ persisted: true }));
	assert.deepEqual(pages[1].told('left'), [{ code: null }]);
	assert.equal(lost.is, 'pending');
	assert.equal(b.customerId, a.customerId);
	assert.deepEqual(b.cart, { pears: 1 });
	await clock.advance(MINUTE);

	assert.equal(lost.is, 'leftSession');
	assert.equal(b.state, 'online');
	assert.equal(a.customerId, b.customerId);
	assert.equal(journal.filter(([event]) => /^(start|join)/.test(event))
		.length, 2);
});

test('an offline leave is that of both, and of who comes later', async () => {
	const { a, b, clock, pages, world, browser } = await started();
	setUp(pages, false);
	await clock.advance(100);

	a.leave();
	await clock.advance(10);
	assert.equal(b.cart, null);
	assert.deepEqual(b.pending.what, ['leave']);
	assert.equal(outcome(b.updateCart({})).is, 'pending');
	a.close();
	b.close();
	await clock.advance(DAY);
	const page = world.tab(browser);
	page.open(shared);
	await clock.advance(MINUTE);

	assert.deepEqual(page.told('left'), [{ code: null }]);
	assert.deepEqual(seated(world.server), []);
});

test('a reload, a close and a restart of the browser keep the customer',
	async () => {
		const { a, b, clock, pages, world, browser } = await started();
		const { customerId } = a;
		a.updateCart({ pears: 1 });
		await clock.advance(1000);

		const again = pages[0].reload(shared);
		assert.equal(again.customerId, customerId);
		await clock.advance(1000);
		assert.equal(again.state, 'online');
		again.close();
		await clock.advance(1000);
		assert.equal(b.state, 'online');
		b.close();
		await clock.advance(3 * DAY);

		const page = world.tab(browser);
		const later = page.open(shared);
		assert.deepEqual(later.cart, { pears: 1 });
		await clock.advance(1000);
		assert.equal(later.state, 'online');
		assert.equal(later.customerId, customerId);
	});

test('a session that ended meanwhile has a new customer', async () => {
	for (const isAsked of [false, true]) {
		const { a, b, clock, server, world, browser } = await started();
		const { customerId } = a;
		a.close();
		b.close();
		server.endSession('s1');
		await clock.advance(3 * DAY);

		const pages = [0, 1].map(() => world.tab(browser));
		const shops = pages.map((page) => page.open(shared));
		if (isAsked)
			shops.forEach((shop) => shop.enter('Ada'));
		await clock.advance(MINUTE);

		for (const page of pages)
			if (isAsked)
				assert.equal(page.shop.customerId,
					shops[0].customerId);
			else
				assert.deepEqual(page.told('left'),
					[{ code: 'leftSession' }]);
		assert.notEqual(shops[0].customerId, customerId);
		assert.equal(seated(server).length, isAsked ? 1 : 0);
	}
});

test('a cart that is refused is taken back in both', async () => {
	const { a, b, clock, pages, browser } = await started();
	a.updateCart({ pears: 1 });
	await clock.advance(1000);
	setUp(pages, false);
	await clock.advance(100);
	const refused = outcome(a.updateCart([]));
	await clock.advance(10);
	const older = outcome(b.setReady(true));
	assert.deepEqual(b.cart, []);

	setUp(pages, true);
	await clock.advance(MINUTE);

	assert.equal(refused.is, 'invalidMessage');
	assert.equal(older.is, 'resolved');
	for (const shop of [a, b]) {
		assert.deepEqual(shop.cart, { pears: 1 });
		assert.equal(shop.pending, null);
	}
	assert.equal(JSON.parse(JSON.parse(browser.text)[0][1])
		.wishes.length, 0);
});

test('who gives up does not give up for another tab', async () => {
	const { shops: [a, b], pages, clock, server, journal } = tabs();
	setUp(pages, false);
	const one = outcome(a.startSession('Ada', { timeout: 5000 }));
	const other = outcome(b.startSession('Ada'));
	await clock.advance(6000);
	assert.equal(one.is, 'timeout');
	assert.equal(other.is, 'pending');

	setUp(pages, true);
	await clock.advance(MINUTE);

	assert.equal(other.is, 'resolved');
	assert.equal(a.customerId, b.customerId);
	assert.deepEqual([seated(server), journal.length], [['Ada'], 1]);
});

test('a clock that is set keeps the order of changes', async () => {
	const { a, b, clock, pages, server } = await started();
	setUp(pages, false);
	await clock.advance(100);
	a.updateCart({ pears: 1 });
	clock.set(-DAY);
	await clock.advance(10);
	b.updateCart({ ...b.cart, tea: 1 });
	await clock.advance(10);
	assert.deepEqual(a.cart, { pears: 1, tea: 1 });

	setUp(pages, true);
	await clock.advance(MINUTE);

	assert.deepEqual(server.multicart('s1')[0].content,
		{ pears: 1, tea: 1 });
	assert.deepEqual([a.pending, b.pending], [null, null]);
});

test('a change of what does not share the storage is seen', async () => {
	const { a, b, clock, world } = await started();
	a.updateCart({ pears: 1 });
	await clock.advance(1000);
	// A copy of the note in a sessionStorage, as none but a test makes it.
	const other = world.page();
	const { customers } = world.server.sessions.get('s1');
	other.sessionStorage.setItem(
		'buddyshopping https://shop.example/together/s1',
		JSON.stringify({ customer: { event: 'startSession',
			customerName: 'Ada', requestId: customers[0].requestId,
			customerId: customers[0].id, token: customers[0].token } }));
	const third = other.open();
	await clock.advance(1000);

	third.updateCart({ pears: 2 });
	await clock.advance(1000);

	assert.deepEqual([a.cart, b.cart], [{ pears: 2 }, { pears: 2 }]);
	assert.equal(a.customerId, third.customerId);
});

describe('a localStorage', () => {
	test('that forbids is as none', async () => {
		const world = new World();
		const forbidden = { getItem() {
			throw new Error('SecurityError');
		}, setItem() {
			throw new Error('SecurityError');
		} };
		for (const storage of [forbidden, undefined]) {
			const shop = world.page().open({ ...shared,
				platform: { localStorage: storage } });
			const entered = outcome(shop.enter('Ada'));
			await world.clock.advance(1000);
			const stored = outcome(shop.updateCart({ pears: 1 }));
			await world.clock.advance(1000);
			const left = outcome(shop.leave());
			await world.clock.advance(1000);
			assert.deepEqual([entered.is, stored.is, left.is],
				['resolved', 'resolved', 'resolved']);
		}
	});

	for (const limit of [0, 1000])
		test(`that is full at ${limit} ends no tab's rest`, async () => {
			const all = tabs();
			const { shops: [a, b], browser, clock, pages, server } = all;
			a.startSession('Ada');
			await clock.advance(1000);
			browser.limit = limit;
			const large = { text: 'x'.repeat(1000) };
			const before = browser.writes;

			a.updateCart({ ...large, of: 'a' });
			b.updateCart({ ...large, of: 'b' });
			await clock.advance(1000);
			setUp(pages, false);
			await clock.advance(100);
			a.updateCart({ ...large, of: 'c' });
			await clock.advance(10);
			b.updateCart({ ...large, of: 'd' });
			b.setReady(true);
			await clock.advance(MINUTE);
			setUp(pages, true);
			await clock.advance(MINUTE);

			assert.deepEqual([a.pending, b.pending], [null, null]);
			assert.equal(server.multicart('s1')[0].content.of, 'd');
			assert.deepEqual(a.cart, b.cart);
			assert.ok(browser.writes - before < 50);
		});

	test('that is emptied is filled again', async () => {
		const { a, b, clock, browser, pages, world } = await started();
		browser.clear();

		pages[1].window.dispatchEvent(new Event('storage'));
		await clock.advance(1000);

		assert.equal(b.customerId, a.customerId);
		const third = world.tab(browser).open(shared);
		assert.equal(third.customerId, a.customerId);
	});
});

test('a sessionStorage has what it had', async () => {
	const world = new World();
	const page = world.page();
	const shop = page.open();
	shop.startSession('Ada');
	await world.clock.advance(1000);
	shop.updateCart({ pears: 1 });
	await world.clock.advance(1000);
	setUp([page], false);
	shop.setReady(true);
	await world.clock.advance(10);

	const [[, text]] = JSON.parse(page.sessionStorage.text);
	const { customer, ...rest } = JSON.parse(text);
	assert.deepEqual(Object.keys(customer), ['at', 'event', 'customerName',
		'requestId', 'customerId', 'token', 'doubt', 'failures']);
	assert.deepEqual(Object.keys(rest),
		['ghost', 'stripe', 'wishes', 'known']);
	const [[, value]] = rest.known;
	assert.deepEqual(value, { pears: 1 });
	assert.equal(page.localStorage.text, '[]');
	shop.leave();
	setUp([page], true);
	await world.clock.advance(MINUTE);
	assert.equal(page.sessionStorage.text, '[]');
});
