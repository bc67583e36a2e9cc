// What tabs keep in a storage, where not all of them have the same options, and
// others write, too.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { outcome, World } from './world.mjs';

const KEY = 'buddyshopping https://shop.example/together/s1';
const MINUTE = 60000;
const shared = { storage: 'localStorage' };
const ticketed = { ...shared, ticket: () => 'a ticket' };

// One tab of a browser for each of these options. Whoever writes again and again
// is stopped, as the clock would never be.
function tabs(...all) {
	const world = new World();
	const browser = world.browser();
	const pages = all.map(() => world.tab(browser));
	for (const { localStorage } of pages) {
		const setItem = localStorage.setItem.bind(localStorage);
		localStorage.setItem = (key, text) => {
			if (browser.writes < 500)
				setItem(key, text);
		};
	}
	const shops = pages.map((page, i) => page.open(all[i]));
	return { browser, pages, shops, clock: world.clock };
}

for (const [title, options, isUp] of [
	['only one of which has a ticket', [shared, ticketed], false],
	['only one of which has a ticket, online', [shared, ticketed], true],
	['the other of which has a ticket', [ticketed, shared], false],
	['all of which have tickets', [ticketed, ticketed], false],
])
	test(`tabs ${title} leave one another alone`, async () => {
		const { browser, pages, shops, clock } = tabs(...options);
		for (const { network } of pages)
			network.isUp = isUp;
		for (const shop of shops) {
			shop.startSession('Ada');
			shop.updateCart({ pears: 1 });
			await clock.advance(10);
		}
		await clock.advance(MINUTE);
		assert.ok(browser.writes < 100);

		const hasPlain = options.includes(shared);
		if (!isUp)
			assert.equal(/requestId/.test(browser.text), hasPlain);
		for (const { network } of pages)
			network.isUp = true;
		await clock.advance(2 * MINUTE);
		const [a, b] = shops;
		assert.notEqual(a.customerId, null);
		assert.equal(a.customerId, b.customerId);
		assert.deepEqual([a.pending, b.pending], [null, null]);
		assert.ok(browser.writes < 100);
	});

// Each value in it, and itself, replaced by others.
function* spoiled(value) {
	yield* [null, 7, -1, 1e300, 'text', [], [null], {}, { length: 1e10 },
		{ valueOf: 1, toString: 1 }, true].map((one) => JSON.stringify(one));
	if (typeof value !== 'object' || value === null)
		return;
	for (const key of Object.keys(value))
		for (const text of spoiled(value[key])) {
			const copy = JSON.parse(JSON.stringify(value));
			copy[key] = JSON.parse(text);
			yield JSON.stringify(copy);
		}
}

async function noteOf(options, storage) {
	const { pages: [page], shops: [shop], clock } = tabs(options);
	shop.startSession('Ada');
	await clock.advance(1000);
	shop.updateCart({ pears: 1 });
	shop.setReady(true);
	await clock.advance(1000);
	page.network.isUp = false;
	page.network.crash();
	shop.setReady(false);
	await clock.advance(10);
	return JSON.parse(page[storage].getItem(KEY));
}

for (const storage of ['localStorage', 'sessionStorage'])
	test(`a broken note in a ${storage} stops no tab`, async () => {
		const options = { storage };
		const note = await noteOf(options, storage);
		for (const text of spoiled(note)) {
			const { pages: [page], clock } = tabs({});
			page.shop.close();
			page[storage].setItem(KEY, text);
			page.localStorage.setItem('buddyshopping shop.example', text);
			const shop = page.open(options);
			await clock.advance(1000);
			const entered = outcome(shop.enter('Ada'));
			await clock.advance(MINUTE);
			assert.notEqual(entered.is, 'pending', text);
			shop.close();
		}
	});

test('a note that is broken by others is written again', async () => {
	const note = await noteOf(shared, 'localStorage');
	for (const text of spoiled(note)) {
		const { browser, pages, shops: [a, b], clock } =
			tabs(shared, shared);
		a.startSession('Ada');
		await clock.advance(1000);
		const mine = JSON.parse(browser.text)[0][1];
		const { customer, generation, ended } = JSON.parse(mine);
		const broken = JSON.parse(text);
		if (broken?.customer?.requestId === note.customer.requestId)
			Object.assign(broken, { customer, generation, ended });
		pages[1].localStorage.setItem(KEY, JSON.stringify(broken));
		await clock.advance(1000);

		const stored = outcome(a.updateCart({ tea: 1 }));
		await clock.advance(MINUTE);
		assert.notEqual(stored.is, 'pending', text);
		assert.ok(browser.writes < 100, text);
		a.close();
		b.close();
	}
});
