// The demonstration's page in a browser: two people shop together, one of them
// without WebSocket, and the daemon is killed and restarted in between; and they
// check out by its shop's server.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';

import { KEY, startApi } from './lib/api.mjs';
import { launchBrowser, whyNoBrowser } from './lib/browser.mjs';
import { Daemon, lacking, makeFolder, skip } from './lib/daemon.mjs';
import { daemonOptions } from './lib/storage.mjs';

const SOURCES = path.resolve(process.env.srcdir ?? '.');

const reason = whyNoBrowser();
if (reason !== undefined)
	skip(reason);

const findModule = (name) => {
	try {
		return createRequire(import.meta.url).resolve(name);
	} catch {
		return undefined;
	}
};

// A daemon with the page, which can be killed and comes back on its port.
class Shop {
	hosts = [];
	#database = path.join(makeFolder(), 'shop.db');

	async open(settings = {}) {
		this.settings = { demo: 'yes', ...settings };
		this.daemon = await Daemon.start({ database: this.#database,
			settings: this.settings });
		this.port = this.daemon.port;
		this.url = `http://127.0.0.1:${this.port}` +
			`${settings['base-path'] ?? '/'}`;
		this.hosts.push(new URL(this.url).host);
	}

	kill() {
		return this.daemon.kill('SIGKILL');
	}

	async restart() {
		const settings = Object.entries({ 'core-dumps': 'yes',
			...this.settings })
			.flatMap(([key, value]) => ['-o', `${key}=${value}`]);
		this.daemon = new Daemon([...daemonOptions(this.#database), ...settings,
			String(this.port)], {});
		await this.daemon.logged(/listening on/);
	}

	async close() {
		assert.equal(await this.daemon.stop(), 0);
	}
}

// Everybody's cart as the page shows it: name -> its lines, total and badges.
// The page's own customer is not called by its name there.
const readCarts = (own) => {
	const textOf = (element, selector) =>
		element.querySelector(selector).textContent;
	const badgesOf = (element) =>
		[...element.querySelectorAll('.badge')].map((badge) =>
			badge.textContent.trim());
	const mine = document.getElementById('mine');
	const carts = [[own, {
		lines: [...mine.querySelectorAll('.item')].map((line) =>
			`${textOf(line, '.times')} × ${textOf(line, 'h3')} ` +
			textOf(line, '.price')),
		total: textOf(mine, '#total'),
		badges: badgesOf(mine),
	}]];
	for (const cart of document.querySelectorAll('#carts > li'))
		carts.push([textOf(cart, 'h3'), {
			lines: [...cart.querySelectorAll('.picks li')].map((line) =>
				`${textOf(line, '.times')} ${textOf(line, '.pick')} ` +
				textOf(line, '.price')),
			total: textOf(cart, '.all'),
			badges: badgesOf(cart),
		}]);
	return Object.fromEntries(carts.sort(([a], [b]) => a < b ? -1 : 1));
};

// Run steps with a shop and a function that makes pages, each that of another
// person; whatever the browser found fault with fails the test.
const withShop = async (settings, steps, shop = new Shop()) => {
	browser ??= await launchBrowser(
		['--host-resolver-rules=MAP shop.example 127.0.0.1']);
	const faults = [];
	const contexts = [];
	const newPage = async (options = {}) => {
		const context = await browser.newContext(options);
		contexts.push(context);
		// The page's policy forbids what is evaluated later.
		await context.addInitScript(
			`globalThis.readCarts = ${readCarts}`);
		const page = await context.newPage();
		page.on('pageerror', (error) => faults.push(error.message));
		page.on('console', (message) => {
			if (/Content Security|TrustedHTML/.test(message.text()))
				faults.push(message.text());
		});
		page.on('request', (request) => {
			const { protocol, host } = new URL(request.url());
			if (protocol !== 'data:' && !shop.hosts.includes(host))
				faults.push(`a request of ${request.url()}`);
		});
		return page;
	};
	try {
		await shop.open(settings);
		await steps(shop, newPage);
		assert.deepEqual(faults, []);
		await shop.close();
	} finally {
		for (const context of contexts)
			await context.close();
	}
};

let browser;
test.after(() => browser?.close());

const withoutWebSocket = (page) => page.addInitScript(() => {
	delete globalThis.WebSocket;
});

const enter = async (page, name) => {
	await page.fill('#name', name);
	await page.press('#name', 'Enter');
	await page.waitForSelector('#people li');
};

const add = (page, product) =>
	page.click(`#products [data-key=${product}] .add`);

const cart = (lines, total, ...badges) => ({ lines, total, badges });

// Wait until the page shows these carts.
const expectCarts = async (page, own, carts) => {
	try {
		await page.waitForFunction(([name, wanted]) =>
			JSON.stringify(globalThis.readCarts(name)) === wanted,
		[own, JSON.stringify(carts)]);
	} catch (error) {
		assert.deepEqual(await page.evaluate(readCarts, own), carts);
		throw error;
	}
};

const expectText = (page, selector, text) =>
	page.locator(selector, { hasText: text }).waitFor();

const expectConnection = (page, transport) =>
	page.waitForFunction((wanted) =>
		document.getElementById('connection').dataset.state === 'online' &&
		document.getElementById('connection-transport').textContent ===
			wanted, transport);

const isEnabled = async (page) =>
	await page.getAttribute('#ready', 'aria-disabled') === 'false';

// A reader of QR codes at level M of the versions 2 to 6, whose blocks are of
// one length.

const BLOCKS = { 2: 1, 3: 1, 4: 2, 5: 2, 6: 4 };
const CHECKS = { 2: 16, 3: 26, 4: 18, 5: 24, 6: 16 };

const isData = (size, x, y) => {
	const isFinder = (x < 9 && y < 9) || (x < 9 && y >= size - 8) ||
		(x >= size - 8 && y < 9);
	const isSmall = Math.abs(x - size + 7) < 3 && Math.abs(y - size + 7) < 3;
	return !isFinder && !isSmall && x !== 6 && y !== 6;
};

const isFlipped = [
	(x, y) => (x + y) % 2 === 0,
	(x, y) => y % 2 === 0,
	(x) => x % 3 === 0,
	(x, y) => (x + y) % 3 === 0,
	(x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
	(x, y) => (x * y) % 6 === 0,
	(x, y) => (x * y) % 6 < 3,
	(x, y) => (x + y + (x * y) % 3) % 2 === 0,
];

const readBytes = (rows) => {
	const size = rows.length;
	const format = [0, 1, 2, 3, 4, 5, 7, 8].map((x) => rows[8][x] ? 1 : 0)
		.join('');
	const mask = (parseInt(format.slice(0, 5), 2) ^ 0b10101) & 7;
	assert.equal((parseInt(format.slice(0, 5), 2) ^ 0b10101) >> 3, 0);
	let bits = '';
	for (let pair = 0, right = size - 1; right > 0; pair++, right -= 2) {
		right -= right === 6 ? 1 : 0;
		for (let i = 0; i < size; i++) {
			const y = pair % 2 === 0 ? size - 1 - i : i;
			for (const x of [right, right - 1])
				if (isData(size, x, y))
					bits += rows[y][x] !== isFlipped[mask](x, y) ? 1 : 0;
		}
	}
	return bits.match(/.{8}/g).map((byte) => parseInt(byte, 2));
};

const times = (a, b) => {
	let product = 0;
	for (let bit = 128; bit > 0; bit >>= 1) {
		product = product << 1 ^ (product & 128 ? 0x11d : 0);
		product ^= b & bit ? a : 0;
	}
	return product;
};

// Whether a block is a multiple of the generator: zero at all its roots.
const assertBlock = (block, checks) => {
	for (let i = 0, root = 1; i < checks; i++, root = times(root, 2))
		assert.equal(block.reduce((sum, byte) =>
			times(sum, root) ^ byte, 0), 0);
};

const readQr = (rows) => {
	const version = (rows.length - 17) / 4;
	const bytes = readBytes(rows);
	const count = BLOCKS[version];
	const length = bytes.length / count;
	const data = [];
	for (let i = 0; i < count; i++) {
		const block = bytes.filter((_, at) => at % count === i);
		assertBlock(block, CHECKS[version]);
		data.push(...block.slice(0, length - CHECKS[version]));
	}
	const hex = Buffer.from(data).toString('hex');
	assert.equal(hex[0], '4');
	const end = 3 + 2 * parseInt(hex.slice(1, 3), 16);
	return Buffer.from(hex.slice(3, end), 'hex').toString();
};

const qrRows = async (page) => {
	const drawing = await page.getAttribute('#qr path', 'd');
	const size = await page.$eval('#qr', (qr) => qr.viewBox.baseVal.width - 8);
	const rows = Array.from({ length: size }, () => Array(size).fill(false));
	for (const [, x, y] of drawing.matchAll(/M(\d+) (\d+)h1v1h-1z/g))
		rows[y][x] = true;
	return rows;
};

test('the page has a policy that lets only its own script run', () =>
	withShop({}, async (shop) => {
		const response = await fetch(shop.url);
		assert.equal(response.status, 200);
		assert.match(response.headers.get('Content-Type'), /^text\/html/);
		const policy = response.headers.get('Content-Security-Policy');
		assert.match(policy, /script-src 'sha256-[^']+';/);
		assert.doesNotMatch(policy, /unsafe/);
		assert.doesNotMatch(await response.text(), /https?:\/\/(?!www\.w3)/);
	}));

test('the invite link and its QR code say the same, for who can reach it', () =>
	withShop({}, async (shop, newPage) => {
		// A name that every browser of this test finds here.
		const far = shop.url.replace('127.0.0.1', 'shop.example');
		shop.hosts.push(new URL(far).host);
		const ada = await newPage();
		for (const url of [far, shop.url]) {
			await ada.goto(url);
			await enter(ada, 'Ada');
			const link = await ada.inputValue('#link');
			assert.equal(ada.url(), link);
			assert.ok(link.startsWith(`${url}#session=`));
			const isFar = url === far;
			assert.equal(await ada.isVisible('#qr'), isFar);
			assert.equal(await ada.isVisible('#local-hint'), !isFar);
			if (isFar)
				assert.equal(readQr(await qrRows(ada)), link);
		}
	}));

test('the page finds its sessions however base-path is written', () =>
	withShop({ 'base-path': '/a/b' }, async (shop, newPage) => {
		for (const spelling of ['a/b%2F', '/a//b/', 'a/b/x%2f..']) {
			const ada = await newPage();
			await ada.goto(new URL('/', shop.url) + spelling);
			await enter(ada, 'Ada');
			await expectConnection(ada, 'WebSocket');
			const bob = await newPage();
			await bob.goto(await ada.inputValue('#link'));
			await enter(bob, 'Bob');
			await expectCarts(bob, 'Bob', { Ada: cart([], '€0.00', 'Host'),
				Bob: cart([], '€0.00') });
		}
	}));

const startPair = async (shop, newPage) => {
	const ada = await newPage();
	const bob = await newPage({ viewport: { width: 390, height: 844 } });
	await withoutWebSocket(bob);
	await ada.goto(shop.url);
	await add(ada, 'cheese');
	await enter(ada, 'Ada');
	await bob.goto(await ada.inputValue('#link'));
	await enter(bob, 'Bob');
	await expectConnection(ada, 'WebSocket');
	await expectConnection(bob, 'Long-polling');
	return { ada, bob, expectBoth: async (carts) => {
		await expectCarts(ada, 'Ada', carts);
		await expectCarts(bob, 'Bob', carts);
	} };
};

// In sight wherever the page is.
const expectUnsent = async (page, text) => {
	await expectText(page, '#unsent', text);
	for (const end of [0, 1e6]) {
		await page.evaluate((y) => scrollTo({ top: y, behavior: 'instant' }),
			end);
		assert.equal(await page.$eval('#unsent', (element) => {
			const { top, bottom } = element.getBoundingClientRect();
			return top >= 0 && bottom <= innerHeight;
		}), true);
	}
};

test('what is not sent is neither hidden nor lost by a reload', () =>
	withShop({}, async (shop, newPage) => {
		const { ada, bob } = await startPair(shop, newPage);
		await add(bob, 'olives');
		await expectText(ada, '#carts', 'Green olives');
		// Of the daemon nothing gets through but the page.
		let isCut = true;
		await bob.route('**/*', (route) => isCut &&
			!route.request().isNavigationRequest() ? route.abort() :
			route.continue());
		await add(bob, 'mug');
		await expectUnsent(bob, '1 change not sent yet');

		await bob.reload();
		await expectUnsent(bob, '1 change not sent yet');
		const lines = ['1 × Green olives €5.40', '1 × Enamel mug €12.00'];
		await expectCarts(bob, 'Bob', { Bob: cart(lines, '€17.40') });
		await add(bob, 'loaf');
		await expectUnsent(bob, '2 changes not sent yet');
		// The ear is told once.
		assert.equal(await bob.locator('#announcer p',
			{ hasText: 'Your changes are not sent yet' }).count(), 1);
		isCut = false;

		await expectText(ada, '#carts', 'Sourdough loaf');
		await expectCarts(ada, 'Ada', {
			Ada: cart(['1 × Alpine cheese €8.90'], '€8.90', 'Host'),
			Bob: cart(['1 × Sourdough loaf €6.50', ...lines], '€23.90') });
	}));

const shopTogether = async (shop, newPage) => {
	const { ada, bob, expectBoth } = await startPair(shop, newPage);
	const hers = cart(['1 × Alpine cheese €8.90'], '€8.90', 'Host');
	await expectBoth({ Ada: hers, Bob: cart([], '€0.00') });
	await add(bob, 'lemonade');
	await add(bob, 'lemonade');
	await expectBoth({ Ada: hers,
		Bob: cart(['2 × Lemonade €6.40'], '€6.40') });

	await shop.kill();
	await expectText(ada, '#connection-state', 'Reconnecting');
	await expectText(bob, '#connection-state', 'Reconnecting');
	await ada.click('#lines .more');
	await add(bob, 'loaf');
	await add(bob, 'loaf');
	await bob.click('#lines [data-key=loaf] .less');
	await expectUnsent(ada, '1 change not sent yet');
	await expectUnsent(bob, '3 changes not sent yet');
	await shop.restart();
	const host = cart(['2 × Alpine cheese €17.80'], '€17.80', 'Host');
	const lines = ['1 × Sourdough loaf €6.50', '2 × Lemonade €6.40'];
	await expectBoth({ Ada: host, Bob: cart(lines, '€12.90') });

	for (const page of [ada, bob])
		await page.waitForSelector('#unsent', { state: 'hidden' });
	await bob.reload();
	await expectBoth({ Ada: host, Bob: cart(lines, '€12.90') });
	return { ada, bob, expectBoth, lines };
};

const checkOut = async ({ ada, bob, expectBoth, lines }) => {
	await expectText(ada, '#ready-hint', 'Waiting for \u2068Bob\u2069');
	assert.equal(await isEnabled(ada), false);
	await bob.focus('#ready');
	await bob.keyboard.press('Space');
	await expectText(ada, '#ready-hint', 'Everyone else is ready');
	assert.equal(await isEnabled(ada), true);
	await expectBoth({ Ada: cart(['2 × Alpine cheese €17.80'], '€17.80',
		'Host'), Bob: cart(lines, '€12.90', 'Ready') });
	await ada.click('#ready');
	for (const page of [ada, bob]) {
		await page.waitForSelector('#done[open]');
		await expectText(page, '#done-total', '€30.70');
	}
	await ada.click('#reopen');
	await bob.waitForSelector('#done', { state: 'hidden' });
};

const changeLine = async ({ ada, bob, expectBoth }) => {
	await ada.click('#show-scenes');
	await ada.check('#polling', { force: true });
	await expectConnection(ada, 'Long-polling');
	await add(bob, 'mug');
	// Who changes the cart is not ready any more.
	await expectBoth({ Ada: cart(['2 × Alpine cheese €17.80'], '€17.80',
		'Host'), Bob: cart(['1 × Sourdough loaf €6.50',
		'2 × Lemonade €6.40', '1 × Enamel mug €12.00'], '€24.90') });
	await ada.uncheck('#polling', { force: true });
	await expectConnection(ada, 'WebSocket');
	await bob.click('#leave');
	await expectText(ada, '#feed', '\u2068Bob\u2069 left');
	await expectCarts(ada, 'Ada', { Ada:
		cart(['2 × Alpine cheese €17.80'], '€17.80', 'Host') });
};

test('two shop together, whatever their lines and the daemon do', () =>
	withShop({}, async (shop, newPage) => {
		const pair = await shopTogether(shop, newPage);
		await checkOut(pair);
		await changeLine(pair);
	}));

test('a guest can be the host after the host has left', () => withShop(
	{ 'base-path': '/buddies/at/' }, async (shop, newPage) => {
		const { ada, bob } = await startPair(shop, newPage);
		await add(bob, 'olives');
		await ada.click('#leave');
		await bob.click('#take-over');
		await expectCarts(bob, 'Bob', { Bob:
			cart(['1 × Green olives €5.40'], '€5.40', 'Host') });
		await enter(ada, 'Ada');
		await expectCarts(ada, 'Ada', {
			Ada: cart(['1 × Alpine cheese €8.90'], '€8.90'),
			Bob: cart(['1 × Green olives €5.40'], '€5.40', 'Host') });
	}));

const post = async (url, event, payload) => {
	const response = await fetch(url, { method: 'POST',
		body: JSON.stringify({ event, payload }) });
	return (await response.json()).messages[0]?.payload;
};

test('what others write is text, and of carts only what is sold', () =>
	withShop({}, async (shop, newPage) => {
		const ada = await newPage();
		await ada.goto(shop.url);
		await enter(ada, 'Ada');
		const url = shop.url +
			new URL(await ada.inputValue('#link')).hash.split('=')[1];
		const customerName = '<img src=x onerror=alert(1)> \u202eabc';
		const eve = await post(url, 'joinSession', { customerName });
		const show = async (cartContent, lines, total) => {
			await post(url, 'updateCart', { ...eve, cartContent });
			await expectCarts(ada, 'Ada', { [customerName]:
				cart(lines, total), Ada: cart([], '€0.00', 'Host') });
		};
		await show({ items: [{ id: 'mug', quantity: 2 }] },
			['2 × Enamel mug €24.00'], '€24.00');
		await show({ items: [{ id: '__proto__', quantity: 1 },
			{ id: 'mug', quantity: -1 }, null, 7,
			{ id: 'loaf', quantity: 1, price: 1, name: 'x' }] },
		['1 × Sourdough loaf €6.50'], '€6.50');
		await show({ items: 'mug' }, [], '€0.00');
	}));

test('who is the first at a link is the host, and who left comes back', () => withShop({},
	async (shop, newPage) => {
		const ada = await newPage();
		await ada.goto(`${shop.url}#session=never-was`);
		await expectText(ada, '#headline', 'You are invited');
		await enter(ada, 'Ada');
		await expectCarts(ada, 'Ada', { Ada: cart([], '€0.00', 'Host') });
		await ada.click('#leave');
		await expectText(ada, '#headline', 'Goodbye');
		await enter(ada, 'Ada');
		await expectConnection(ada, 'WebSocket');
		await ada.click('#leave');
		await ada.click('#anew');
		assert.equal(ada.url(), shop.url);
		await enter(ada, 'Ada');
		await expectConnection(ada, 'WebSocket');
	}));

const isInSight = (page, selector) => page.$eval(selector, (element) => {
	const { top, bottom } = element.getBoundingClientRect();
	return top >= 0 && bottom <= innerHeight;
});

test('friends see each other, speak, and look behind the scenes', () =>
	withShop({}, async (shop, newPage) => {
		const { ada, bob } = await startPair(shop, newPage);
		await add(bob, 'olives');
		await expectText(ada, '[data-key=olives] .others', 'Bob\u2069 has 1');
		await expectText(ada, '#people [data-present=yes]', 'Bob');
		// Nobody scrolls for them, and the invitation is out of the way.
		for (const [width, height] of [[1280, 800], [640, 800], [390, 844]]) {
			await bob.setViewportSize({ width, height });
			await bob.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
			assert.equal(await isInSight(bob, '#carts .picks'), true);
			assert.equal(await bob.isVisible('#link'), false);
			assert.deepEqual(await bob.evaluate(() =>
				[document.getElementById('shop').clientWidth,
					document.documentElement.scrollWidth]),
			[width - 32, width]);
		}
		assert.equal(await bob.locator('[aria-live], [role=status], ' +
			'[role=alert], [role=log], output').count(), 1);

		await ada.click('[data-key=cheese] .look');
		await expectText(bob, '[data-key=cheese] .looks', 'look at this');
		await expectText(bob, '#announcer', 'is looking at: Alpine cheese');
		await ada.fill('#words', '<b>nice</b>');
		await ada.press('#words', 'Enter');
		await expectText(ada, '#feed .said', 'You: <b>nice</b>');
		await expectText(bob, '#feed .said', 'Ada\u2069: <b>nice</b>');

		await ada.click('#show-scenes');
		await expectText(ada, '#wire', '"chat":"<b>nice</b>"');
		await ada.check('#cut', { force: true });
		await expectText(ada, '#connection-state', 'Reconnecting');
		await add(ada, 'mug');
		await expectText(ada, '#waiting', 'there is no connection');
		await ada.uncheck('#cut', { force: true });
		await expectText(bob, '#carts', 'Enamel mug');
		await expectText(ada, '#waiting', 'All that you did is stored');
	}));

test('of what a friend says there is no more than a page can bear', () =>
	withShop({ 'say-rate': '0' }, async (shop, newPage) => {
		const ada = await newPage();
		await ada.goto(shop.url);
		await enter(ada, 'Ada');
		const url = shop.url +
			new URL(await ada.inputValue('#link')).hash.split('=')[1];
		const eve = await post(url, 'joinSession', { customerName: 'Eve' });
		await expectText(ada, '#carts', 'Eve');
		const long = 'x'.repeat(3000);
		for (const what of [null, 7, [], {}, { chat: 7 }, { look: {} },
			{ look: '__proto__' }, { chat: '\n\u2028' }, { look: 'mug' },
			...Array.from({ length: 40 }, () => ({ chat: long })),
			{ chat: 'the end' }])
			await post(url, 'say', { ...eve, what });
		await expectText(ada, '#feed', 'the end');
		const lines = await ada.$$eval('#feed li', (all) =>
			all.map(({ textContent }) => textContent.length));
		assert.equal(lines.length, 30);
		assert.ok(Math.max(...lines) < 230);
		assert.equal(await ada.locator('#announcer p').count(), 5);
	}));

// What axe-core finds fault with in what is on show, by the rules that it has.
const expectAccessible = async (page, state) => {
	const found = await page.evaluate(async () => {
		await Promise.all(document.getAnimations().map((animation) =>
			animation.effect.getComputedTiming().iterations === Infinity ?
				null : animation.finished.catch(() => {})));
		const { violations } = await globalThis.axe.run();
		return violations.map(({ id, nodes }) =>
			`${id}: ${nodes.map(({ html }) => html.slice(0, 99))}`);
	});
	assert.deepEqual(found, [], state);
};

const AXE = findModule('axe-core/axe.min.js');

test('everybody can use the page, whatever it shows', {
	skip: AXE === undefined && lacking('all', 'npm\'s axe-core was not found'),
}, () => withShop({}, async (shop, newPage) => {
	const open = async (url, options) => {
		const page = await newPage(options);
		await page.addInitScript({ path: AXE });
		await page.goto(url);
		return page;
	};
	const ada = await open(shop.url);
	await expectAccessible(ada, 'start');
	await enter(ada, 'Ada');
	await expectAccessible(ada, 'alone');
	const bob = await open(await ada.inputValue('#link'), {
		colorScheme: 'dark', viewport: { width: 390, height: 844 } });
	await expectAccessible(bob, 'invited');
	await enter(bob, 'Bob');
	await add(bob, 'mug');
	await add(ada, 'mug');
	await expectText(bob, '#carts', 'Enamel mug');
	await ada.click('[data-key=mug] .look');
	await ada.fill('#words', 'Nice');
	await ada.press('#words', 'Enter');
	await expectText(bob, '#feed', 'Nice');
	await ada.click('#show-scenes');
	await ada.check('#cut', { force: true });
	await add(ada, 'loaf');
	await expectText(ada, '#unsent', 'not sent yet');
	await expectAccessible(bob, 'with a friend who speaks');
	await expectAccessible(ada, 'cut off, behind the scenes');
	await ada.uncheck('#cut', { force: true });
	await expectText(bob, '#carts', 'Sourdough loaf');
	await bob.click('#ready');
	await expectText(ada, '#ready-hint', 'Everyone else is ready');
	await ada.click('#ready');
	for (const page of [ada, bob]) {
		await page.waitForSelector('#done[open]');
		await expectAccessible(page, 'checked out');
		await page.click('#done-close');
		await expectAccessible(page, 'locked');
	}
	await bob.click('#leave');
	await expectText(bob, '#headline', 'Goodbye');
	await expectAccessible(bob, 'left');
}));

// A shop with a server that lets the host check out.
class ShopWithServer extends Shop {
	async open(settings) {
		const api = await startApi({ demo: 'yes', ...settings });
		this.daemon = api.daemon;
		this.call = api.call;
		this.server = spawn('python3', [
			path.join(SOURCES, 'contrib/demo/checkout.py'),
			`unix:${api.socket}`, '0'], { stdio: ['pipe', 'pipe', 'pipe'] });
		this.said = '';
		this.server.stderr.on('data', (data) => (this.said += data));
		this.ended = once(this.server, 'close');
		// As long as this is open, it serves.
		this.server.stdin.write(`${KEY}\n`);
		const [port] = await once(this.server.stdout, 'data');
		this.checkout = `127.0.0.1:${String(port).trim()}`;
		this.hosts.push(this.checkout, `127.0.0.1:${this.daemon.port}`);
		this.url = `http://127.0.0.1:${this.daemon.port}/?checkout=` +
			this.checkout.split(':')[1];
	}

	async close() {
		this.server.stdin.end();
		assert.deepEqual(await this.ended, [0, null]);
		await super.close();
	}
}

const testCheckout = (name, steps) => test(name, async (t) => {
	if (spawnSync('python3', ['--version']).error)
		t.skip(lacking('all', 'python3 was not found'));
	else
		await withShop({}, steps, new ShopWithServer());
});

// Both are ready; resolves to the page that the host goes to.
const goToCheckout = async (ada, bob) => {
	await bob.click('#ready');
	await expectText(ada, '#ready-hint', 'Everyone else is ready');
	await ada.click('#ready');
	await bob.waitForSelector('#done[open]');
	await ada.waitForSelector('#done-pay:visible');
	const [checkout] = await Promise.all([ada.waitForEvent('popup'),
		ada.click('#done-pay')]);
	await expectText(checkout, 'h1', 'Your order');
	for (const page of [ada, bob])
		await expectText(page, '#done-title', 'Checkout in progress');
	return checkout;
};

const rowsOf = (page) => page.$$eval('tr', (rows) => rows.map((row) =>
	[...row.children].map(({ textContent }) => textContent).join(' ')));

const ORDER = ['Ada €17.80', '2 × Alpine cheese €17.80', 'Bob €3.20',
	'1 × Lemonade €3.20', 'Together €21.00'];

testCheckout('the host checks out for all', async (shop, newPage) => {
	const { ada, bob } = await startPair(shop, newPage);
	await ada.click('#lines .more');
	await add(bob, 'lemonade');
	await expectText(ada, '#carts', 'Lemonade');
	const first = await goToCheckout(ada, bob);
	assert.deepEqual(await rowsOf(first), ORDER);
	// Nothing can be changed, by nobody.
	await bob.click('#done-close');
	assert.equal(await isEnabled(bob), false);
	assert.equal(await bob.getAttribute('#lines .more', 'aria-disabled'),
		'true');

	await first.click('text=Back to the carts');
	await expectText(first, 'h1', 'Nothing was ordered');
	await ada.click('#reopen');
	await bob.waitForSelector('#done', { state: 'hidden' });
	await add(bob, 'mug');
	await expectText(ada, '#carts', 'Enamel mug');
	await bob.click('#lines [data-key=mug] .less');

	// The page is loaded anew, and knows still that it is the host's.
	await ada.reload();
	await expectConnection(ada, 'WebSocket');
	const second = await goToCheckout(ada, bob);
	await ada.reload();
	await expectText(ada, '#done-title', 'Checkout in progress');
	await ada.waitForSelector('#done-pay:visible');
	assert.deepEqual(await rowsOf(second), ORDER);
	await second.click('text=Place the order');
	await expectText(second, 'h1', 'Ordered');
	await expectText(second, 'p', '€21.00');
	for (const page of [ada, bob]) {
		await expectText(page, '#done-title', 'The checkout is over');
		await expectText(page, '#done-total', '€21.00');
		assert.equal(await page.textContent('#total'), '€0.00');
	}
	assert.equal(shop.said, 'shop\'s server: ordered: 2 carts, €21.00\n');
	await second.reload();
	await expectText(second, 'h1', 'This picnic is over');
});

testCheckout('a checkout takes nobody\'s cart but by an order',
	async (shop, newPage) => {
		const { ada, bob } = await startPair(shop, newPage);
		const session = new URL(ada.url()).hash.split('=')[1];
		await ada.click('#leave');
		await bob.waitForSelector('#take-over:visible');
		const { multicartContent: [{ owner }] } = await shop.call('POST',
			`/v1/sessions/${session}/lock`);
		await bob.waitForSelector('#take-over', { state: 'hidden' });
		await expectText(bob, '#done-title', 'Checkout in progress');
		// Nothing was ordered for whom the shop removes.
		await shop.call('DELETE',
			`/v1/sessions/${session}/customers/${owner.id}`);
		await expectText(bob, '#done-title', 'The checkout is over');
	});

testCheckout('a proof that is refused is made again', async (shop, newPage) => {
	const bob = await newPage();
	const ada = await newPage();
	await withoutWebSocket(ada);
	let refused = 0;
	await ada.route('**/*', async (route) => {
		const said = route.request().postDataJSON();
		if (refused > 0 || said?.payload.cartContent?.checkout === undefined) {
			await route.continue();
			return;
		}
		refused++;
		await route.fulfill({ json: { messages: [{ event: 'error',
			payload: { code: 'messageTooLarge', message: 'That is too much',
				seq: said.payload.seq } }] } });
	});
	await ada.goto(shop.url);
	await enter(ada, 'Ada');
	await bob.goto(await ada.inputValue('#link'));
	await enter(bob, 'Bob');
	await bob.click('#ready');
	await expectText(ada, '#ready-hint', 'Everyone else is ready');
	await ada.click('#ready');
	await expectText(ada, '#problem', 'That is too much');
	await ada.click('#reopen');
	await ada.click('#ready');
	await ada.waitForSelector('#done-pay:visible');
	assert.equal(refused, 1);
});

// What the shop's server answers to a form: its title.
const ask = async (shop, action, fields) => {
	const response = await fetch(`http://${shop.checkout}/${action}`,
		{ method: 'POST', body: new URLSearchParams(fields) });
	return (await response.text()).match(/<h1>([^<]*)/)[1];
};

testCheckout('nobody but the host can check out', async (shop, newPage) => {
	const { ada, bob } = await startPair(shop, newPage);
	const session = new URL(ada.url()).hash.split('=')[1];
	const isLocked = async () =>
		(await shop.call('GET', `/v1/sessions/${session}`)).isLocked;
	const hash = async () => (await shop.call('GET',
		`/v1/sessions/${session}`)).multicartContent[0].content.checkout;
	const refused = 'Only the host of a picnic can check out.';

	await bob.click('#ready');
	await ada.click('#ready');
	await ada.waitForSelector('#done-pay:visible');
	// What everybody sees of the secret is no secret.
	for (const secret of ['', 'undefined', 'None', await hash()])
		for (const action of ['lock', 'order', 'cancel'])
			assert.equal(await ask(shop, action, { session, secret }),
				refused);
	assert.equal(await isLocked(), false);
	const { secret } = Object.fromEntries(new URLSearchParams(
		new URL(await ada.getAttribute('#done-pay', 'href')).hash.slice(1)));
	// An order that was not shown is not placed, but shown.
	assert.equal(await ask(shop, 'order', { session, secret, revision: '1' }),
		'Your order');
	assert.equal(await isLocked(), true);
	assert.equal(await ask(shop, 'cancel', { session, secret }),
		'Nothing was ordered.');
	assert.equal(await isLocked(), false);
	await ada.click('#reopen');
	await bob.waitForSelector('#done', { state: 'hidden' });
	assert.equal(await ask(shop, 'lock', { session, secret }),
		'Not everybody is ready.');
	assert.equal(await isLocked(), false);

	assert.equal(await ask(shop, 'lock', { session: 'never-was', secret }),
		'This picnic is over.');
	assert.equal(await ask(shop, 'lock', { session: 'x'.repeat(2048) }),
		'There is nothing here.');
	assert.equal(await ask(shop, 'elsewhere', {}), 'There is nothing here.');
});
