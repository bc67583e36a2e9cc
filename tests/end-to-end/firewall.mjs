// The client in a browser, behind a proxy that refuses some of its messages:
// what a page of another origin is told of that, no other test can know.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { launchBrowser, whyNoBrowser } from './lib/browser.mjs';
import { skip, withDaemon } from './lib/daemon.mjs';

const reason = whyNoBrowser();
if (reason !== undefined)
	skip(reason);

const client = path.resolve(process.env.srcdir ?? '.', 'contrib/client');
const { Proxy } = await import(path.join(client, 'test/proxy.mjs'));

const FILES = {
	'/page.html': { headers: { 'Content-Type': 'text/html' },
		text: '<!DOCTYPE html><title>A shop</title>' },
	'/buddyshopping.js': { headers: { 'Content-Type': 'text/javascript' },
		text: readFileSync(path.join(client, 'buddyshopping.js')) },
};
const REFUSED = { status: 413, text: '<h1>413 Too Large</h1>',
	headers: { 'Content-Type': 'text/html' } };
const FORBIDDEN = { ...REFUSED, status: 403 };

const LARGE = 'x'.repeat(20000);
const LONG = 'x'.repeat(90);
const MAX_SAID = 10000;

const isLarge = ({ payload }) => payload.cartContent?.text === LARGE ||
	payload.customerName === LONG;

// Run steps with a daemon, the proxy before it and a page at host.
const withPage = (host, steps) => withDaemon({}, async (daemon) => {
	const proxy = new Proxy(daemon);
	proxy.files = FILES;
	await proxy.start();
	const browser = await launchBrowser();
	try {
		const page = await browser.newPage();
		const { port } = new URL(proxy.url);
		await page.goto(`http://${host}:${port}/page.html`);
		await steps(proxy, (script, options) => page.evaluate(script,
			{ url: `${proxy.url}/picnic`, LARGE, LONG, options }));
	} finally {
		await browser.close();
		await proxy.stop();
	}
});

// What a page goes through; all of its pauses are as short as can be.
const shopInPage = async ({ url, LARGE, options }) => {
	const { BuddyShopping } = await import('/buddyshopping.js');
	const shop = new BuddyShopping(url, { ...options,
		platform: { random: () => 0 } });
	const told = [];
	shop.addEventListener('error', ({ detail }) =>
		told.push(`${detail.code} ${detail.event}`));
	await shop.startSession('Ada');
	const [large] = await Promise.allSettled([
		shop.updateCart({ text: LARGE }), shop.setReady(true)]);
	const shown = new Promise((resolve) => {
		shop.addEventListener('multicart', ({ detail: [{ owner, content }] }) =>
			content.pears && resolve(owner.isReadyToCheckout));
	});
	await shop.updateCart({ pears: 1 });
	const isReady = await shown;
	await shop.leave();
	return { large: large.reason?.code, told, isReady, state: shop.state };
};

const startInPage = async ({ url, LONG, options }) => {
	const { BuddyShopping } = await import('/buddyshopping.js');
	const shop = new BuddyShopping(url, { ...options,
		platform: { random: () => 0 } });
	const code = await shop.startSession(LONG).catch((error) => error.code);
	await shop.startSession('Ada');
	return { code, state: shop.state };
};

const WHERE = { 'the daemon\'s': '127.0.0.1', 'another': 'localhost' };
for (const [whose, host] of Object.entries(WHERE))
	for (const forcePolling of [true, false]) {
		const what = `a page of ${whose} origin, ` +
			(forcePolling ? 'polling' : 'with WebSocket');

		test(`${what}: a cart that is refused is set aside`, () =>
			withPage(host, async (proxy, run) => {
				proxy.onPost = (message) => isLarge(message) ? { answer:
					host === '127.0.0.1' ? FORBIDDEN : REFUSED } : {};
				proxy.maxSaid = MAX_SAID;
				assert.deepEqual(await run(shopInPage,
					{ forcePolling }), {
					large: 'undelivered',
					told: ['undelivered updateCart'],
					isReady: true,
					state: 'idle',
				});
			}));
	}

for (const [whose, host] of Object.entries(WHERE))
	test(`a page of ${whose} origin: a name that is refused is told`, () =>
		withPage(host, async (proxy, run) => {
			proxy.onPost = (message) =>
				isLarge(message) ? { answer: FORBIDDEN } : {};
			assert.deepEqual(await run(startInPage,
				{ forcePolling: true }),
			{ code: 'undelivered', state: 'online' });
		}));

for (const [host, contentType, sent] of [
	['127.0.0.1', undefined, 'application/json'],
	['localhost', undefined, 'text/plain;charset=UTF-8'],
	['localhost', 'application/json', 'application/json'],
])
	test(`a page at ${host} that wants ${contentType} sends ${sent}`, () =>
		withPage(host, async (proxy, run) => {
			await run(shopInPage, { forcePolling: true, contentType });
			assert.deepEqual([...new Set(proxy.posts.map(({ type }) =>
				type))], [sent]);
		}));
