// Two tabs of a real browser that are one customer, by its own localStorage, its
// events and its locks.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { Proxy } from '../../contrib/client/test/proxy.mjs';
import { launchBrowser, whyNoBrowser } from './lib/browser.mjs';
import { Daemon, makeFolder, skip } from './lib/daemon.mjs';

const reason = whyNoBrowser();
if (reason !== undefined)
	skip(reason);

const CLIENT = fs.readFileSync(new URL(
	'../../contrib/client/buddyshopping.js', import.meta.url), 'utf8');

// What a page does first.
const open = async (url) => {
	const { BuddyShopping } = await import('/client.js');
	globalThis.shop = new BuddyShopping(url, { storage: 'localStorage' });
	globalThis.left = [];
	shop.addEventListener('left', ({ detail }) => left.push(detail.code));
};

const enter = (page, name) => page.evaluate((it) => shop.enter(it), name);

// When a page's client is what is asked for, a function of shop.
const until = (page, isTrue) => page.waitForFunction(isTrue);

// Run steps with count tabs of one browser.
const withTabs = async (count, steps) => {
	const daemon = await Daemon.start({
		database: path.join(makeFolder(), 'tabs.db') });
	const proxy = new Proxy(daemon);
	const browser = await launchBrowser();
	try {
		await proxy.start();
		const context = await browser.newContext();
		proxy.files = {
			'/page': { text: '<title>shop</title>',
				headers: { 'Content-Type': 'text/html' } },
			'/client.js': { text: CLIENT, headers: {
				'Content-Type': 'text/javascript' } },
		};
		const newTab = async () => {
			const page = await context.newPage();
			await page.goto(`${proxy.url}/page`);
			await page.evaluate(open, `${proxy.url}/s1`);
			return page;
		};
		const pages = [];
		while (pages.length < count)
			pages.push(await newTab());
		await steps({ pages, newTab, context, proxy });
	} finally {
		await browser.close();
		await proxy.stop();
		await daemon.stop();
	}
};

test('tabs that enter at the same time are one customer', () =>
	withTabs(4, async ({ pages }) => {
		const ids = await Promise.all(pages.map((page, i) =>
			enter(page, `Ada ${i}`)));

		assert.equal(new Set(ids).size, 1);
		for (const page of pages) {
			await until(page, () => shop.multicart !== null);
			assert.equal(await page.evaluate(() =>
				shop.multicart.length), 1);
		}
	}));

test('tabs are in step, with a network and without', () =>
	withTabs(2, async ({ pages: [one, other], newTab, context }) => {
		await enter(one, 'Ada');
		await until(other, () => shop.state === 'online');
		await one.evaluate(() => shop.updateCart({ pears: 1 }));
		await until(other, () => shop.cart.pears === 1);

		await context.setOffline(true);
		await other.evaluate(() => {
			shop.setReady(true);
			shop.updateCart({ ...shop.cart, tea: 1 });
		});
		await until(one, () => shop.cart.tea === 1 && shop.isReady);
		await one.evaluate(() => {
			shop.updateCart({ ...shop.cart, milk: 1 });
		});
		await until(other, () => shop.cart.milk === 1);
		await other.close();
		await context.setOffline(false);
		await one.evaluate(() => shop.reconnect());
		await until(one, () => shop.pending === null);

		const third = await newTab();
		const seen = await third.evaluate(() => shop.cart);
		assert.deepEqual(seen, { pears: 1, tea: 1, milk: 1 });
		await until(third, () => shop.multicart?.[0].owner.isReadyToCheckout &&
			shop.multicart[0].content.milk === 1);
	}));

test('who leaves has left in all tabs, and comes back in all', () =>
	withTabs(2, async ({ pages: [one, other] }) => {
		const first = await enter(one, 'Ada');
		await until(other, () => shop.state === 'online');

		await one.evaluate(() => shop.leave());
		await until(other, () => shop.state === 'idle');
		assert.deepEqual(await other.evaluate(() => left), [null]);
		const second = await enter(other, 'Ada');
		await until(one, () => shop.state === 'online');

		assert.notEqual(second, first);
		assert.equal(await one.evaluate(() => shop.customerId), second);
	}));
