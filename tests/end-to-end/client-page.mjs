// The client in a page of a real browser: what a policy forbids, and what is told
// of the network. Its pages are never hidden, and so never frozen.

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

// The page's client: patient, as timers of more than `longest` ms never ring,
// and hasty, as others are ten times as fast.
const open = async ([url, longest]) => {
	const { BuddyShopping } = await import('/client.js');
	const shop = new BuddyShopping(url, { platform: {
		setTimeout: (ring, ms) => ms > longest ? null :
			setTimeout(ring, ms / 10),
	} });
	globalThis.shop = shop;
	globalThis.told = [];
	for (const type of ['online', 'offline'])
		addEventListener(type, () => told.push(type));
	shop.addEventListener('state', ({ detail }) =>
		told.push(detail.transport ?? detail.state));
	await shop.startSession('Ada');
};

// Run steps with a page below the daemon's URL, behind a hostile proxy.
const withPage = async (policy, steps) => {
	const daemon = await Daemon.start({
		database: path.join(makeFolder(), 'page.db'),
		settings: { 'presence-grace': 3600 } });
	const proxy = new Proxy(daemon);
	const browser = await launchBrowser();
	try {
		await proxy.start();
		const context = await browser.newContext();
		const page = await context.newPage();
		proxy.files = {
			'/page': { text: '<title>shop</title>', headers: {
				'Content-Type': 'text/html',
				'Content-Security-Policy': policy(proxy.url) } },
			'/client.js': { text: CLIENT, headers: {
				'Content-Type': 'text/javascript' } },
		};
		await page.goto(`${proxy.url}/page`);
		await steps({ page, context, proxy, url: `${proxy.url}/s1` });
	} finally {
		await browser.close();
		await proxy.stop();
		await daemon.stop();
	}
};

// Wait for what the page tells, and forget what was told until then.
const told = (page, ...events) => page.waitForFunction((wanted) => {
	const rest = [...wanted];
	const end = globalThis.told.findIndex((event) => {
		if (event === rest[0])
			rest.shift();
		return rest.length === 0;
	});
	return end >= 0 && globalThis.told.splice(0, end + 1);
}, events);

test('where a policy forbids WebSocket it is polled at once', () =>
	withPage((url) => `connect-src ${url}; script-src ${url}`,
		async ({ page, proxy, url }) => {
			// Neither patience nor an attempt's time ever ends.
			await page.evaluate(open, [url, 500]);

			await told(page, 'polling');
			assert.equal(proxy.handshakes, 0);
			assert.equal(await page.evaluate(() => shop.state), 'online');
		}));

// What the browser does to a page, and what it tells it then.
const SIGNS = [
	['losing the network', 'offline', (context) => context.setOffline(true)],
	['getting it back', 'online', async (context) => {
		await context.setOffline(true);
		await context.setOffline(false);
	}],
];

for (const [what, event, act] of SIGNS)
	test(`${what} finds a mute WebSocket out`, () => withPage(() => '',
		async ({ page, context, proxy, url }) => {
			// A minute of silence never ends, nor does a clock tick.
			await page.evaluate(open, [url, 5000]);
			await told(page, 'websocket');
			proxy.swallow();

			await act(context);
			await told(page, event, 'connecting');
			await context.setOffline(false);
			await told(page, 'websocket');
			// One or more: each sign may begin an attempt anew.
			assert(proxy.handshakes > 1);
		}));

// In a page: its client, in a session together.
const enter = async ([url, name, forcePolling]) => {
	const { BuddyShopping } = await import('/client.js');
	globalThis.shop = new BuddyShopping(url,
		{ features: ['presence'], forcePolling });
	await shop.enter(name);
};

// Wait until a page knows that so many are present.
const sees = (page, count) => page.waitForFunction((wanted) =>
	shop.present?.length === wanted, count);

// How a page can go; who is not there any more is missed after an hour only.
const ENDS = [
	['closed', (page) => page.close({ runBeforeUnload: true })],
	['left for another', (page, url) => page.goto(`${url}/page?other`)],
];

for (const [what, end] of ENDS)
	test(`a page that is ${what} says goodbye`, () => withPage(() => '',
		async ({ page, context, proxy, url }) => {
			const other = await context.newPage();
			await other.goto(`${proxy.url}/page`);
			await page.evaluate(enter, [url, 'Ada', false]);
			await other.evaluate(enter, [url, 'Bob', true]);
			await sees(page, 2);

			await end(other, proxy.url);

			await sees(page, 1);
		}));

test('a page that is reloaded is present again, as the same', () => withPage(
	() => '', async ({ page, context, proxy, url }) => {
		const other = await context.newPage();
		await other.goto(`${proxy.url}/page`);
		await page.evaluate(enter, [url, 'Ada', false]);
		await other.evaluate(enter, [url, 'Bob', true]);
		await sees(page, 2);
		const { posts } = proxy;

		await other.reload();
		await sees(page, 1);
		await other.evaluate(enter, [url, 'Bob', true]);

		await sees(page, 2);
		assert.equal(await page.evaluate(() => shop.multicart.length), 2);
		assert.equal(posts.filter(({ event }) => event === 'goodbye').length,
			1);
	}));
