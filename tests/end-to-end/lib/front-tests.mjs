// What a web server in front of the daemon must let through, and what must not
// go wrong with it: the same for all of them.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import './browser-globals.mjs';
import { launchBrowser, whyNoBrowser } from './browser.mjs';
import { Client, WebSocket } from './client.mjs';
import { skip, withPatience } from './daemon.mjs';
import { checkScripts, runScripts } from './equivalence.mjs';
import { Front } from './front.mjs';
import { meetOnAllPaths } from './front-paths.mjs';
import { readAddresses } from './journal.mjs';
import { ask, Shopper } from './shopper.mjs';
import { needQuery } from './storage.mjs';

const SEEDS = 4;
const MAX_HELD = 4;		// the daemon's default, per customer
const CUSTOMERS = 15;

// Longer than servers keep idle connections, by a poll's tenth of chance too.
const LONG_WAIT_S = 6;
// How long the daemon holds a poll at the most.
const WAIT_MAX_S = 55;

// More than the daemon's max-message, less than the servers' limits.
const LARGE_BYTES = 300000;

// A large shop's cookies.
const COOKIES_BYTES = 16384;
const COOKIE_COUNT = 20;

const CLIENT_ADDRESS = '127.0.0.77';
const FORGED = { 'X-Forwarded-For': '203.0.113.9' };

const cartsOf = ({ payload }) =>
	payload.multicartContent.map(({ content }) => content);

const expectOk = (answer) => assert.equal(answer.status, 200, answer.text);

const meet = async (front) => {
	const ada = await Client.open(front, '/meet');
	await ada.enter('startSession', 'Ada', { resumable: true });
	const bob = new Shopper(front, 'meet');
	await bob.enter('joinSession', 'Bob');
	await ada.nextOf('multicartUpdate');
	await ada.nextOf('multicartUpdate');
	return { ada, bob };
};

export const shopTogether = async (front) => {
	const { ada, bob } = await meet(front);
	const polls = await bob.holdAll(MAX_HELD);
	expectOk(await bob.post('updateCart', { cartContent: { n: 1 }, seq: 1 }));
	for (const { answer } of polls) {
		const { messages: [shown] } = await answer;
		assert.deepEqual(cartsOf(shown), [{}, { n: 1 }]);
	}
	assert.deepEqual(cartsOf(await ada.nextOf('multicartUpdate')),
		[{}, { n: 1 }]);
	const refused = await ask(front, 'GET',
		`/meet?customerId=${bob.customerId}`);
	assert.equal(refused.status, 401);
	assert.equal(refused.messages[0].payload.code, 'invalidToken');
	await ada.close();
};

// A customer of the session, by the browser's client; `shown` resolves once
// the carts are those.
const enterPage = (BuddyShopping, front, options) => {
	const page = new BuddyShopping(`${front.url}/page`, options);
	const shown = (wanted) => new Promise((resolve) => {
		const look = () => {
			const carts = page.multicart?.map(({ content }) => content);
			if (JSON.stringify(carts) !== JSON.stringify(wanted))
				return;
			page.removeEventListener('multicart', look);
			resolve();
		};
		page.addEventListener('multicart', look);
		look();
	});
	return { page, shown };
};

const shopInPages = async (front) => {
	const { BuddyShopping } = await import(path.resolve(
		process.env.srcdir ?? '.', 'contrib/client/buddyshopping.js'));
	const ada = enterPage(BuddyShopping, front, { platform: { WebSocket,
		fetch: () => Promise.reject(new Error('no polling')) } });
	const bob = enterPage(BuddyShopping, front, { forcePolling: true });
	await ada.page.startSession('Ada');
	await bob.page.joinSession('Bob');
	assert.equal(ada.page.transport, 'websocket');
	assert.equal(bob.page.transport, 'polling');

	await bob.page.updateCart({ pears: 2 });
	await Promise.all([ada, bob].map(({ shown }) => shown([{}, { pears: 2 }])));
	await ada.page.updateCart({ figs: 1 });
	await Promise.all([ada, bob].map(({ shown }) =>
		shown([{ figs: 1 }, { pears: 2 }])));
	await bob.page.leave();
	await ada.shown([{ figs: 1 }]);
	ada.page.close();
	bob.page.close();
};

// The demonstration in two windows of a browser, one without WebSocket.
const shopInBrowser = async (front) => {
	const browser = await launchBrowser();
	try {
		const pages = [await browser.newPage(), await browser.newPage()];
		await pages[1].addInitScript(() => { delete globalThis.WebSocket; });
		let url = `${front.url}/`;
		for (const [i, transport] of ['WebSocket', 'Long-polling'].entries()) {
			await pages[i].goto(url);
			await pages[i].fill('#name', `Visitor ${i}`);
			await pages[i].press('#name', 'Enter');
			await pages[i].locator('#connection-transport',
				{ hasText: transport }).waitFor();
			url = await pages[i].inputValue('#link');
		}
		for (const page of pages) {
			await page.click('#products [data-key=cheese] .add');
			for (const other of pages)
				await other.locator('#total, #carts',
					{ hasText: '€8.90' }).first().waitFor();
		}
	} finally {
		await browser.close();
	}
};

const comeFrom = async (front) => {
	const options = { headers: FORGED, localAddress: CLIENT_ADDRESS };
	const ada = await Client.open(front, '/addresses', options);
	await ada.enter('startSession', 'Ada');
	await ada.close();
	const bob = await ask(front, 'POST', '/addresses', {
		fields: FORGED, from: CLIENT_ADDRESS,
		body: '{"event":"joinSession","payload":{"customerName":"Bob"}}' });
	expectOk(bob);
};

// The shop's, which browsers send along to all paths of its site.
const COOKIES = { Cookie: Array.from({ length: COOKIE_COUNT }, (_, i) =>
	`cookie${i}=`.padEnd(COOKIES_BYTES / COOKIE_COUNT, 'x')).join('; ') };

const bringCookies = async (front) => {
	const ada = await Client.open(front, '/cookies', { headers: COOKIES });
	await ada.enter('startSession', 'Ada');
	const bob = new Shopper(front, 'cookies');
	expectOk(await bob.post('joinSession', { customerName: 'Bob' },
		{ fields: COOKIES }));
	await ada.nextOf('multicartUpdate');
	await ada.close();
};

// The daemon ends its connection with each; the server connects anew.
const sendChunks = async (front) => {
	const ada = new Shopper(front, 'chunks');
	await ada.enter('startSession', 'Ada');
	for (const n of [1, 2, 3])
		expectOk(await ada.post('updateCart', { cartContent: { n } },
			{ fields: { 'Transfer-Encoding': 'chunked' } }));
};

const sendTooMuch = async (front) => {
	const answer = await ask(front, 'POST', '/large', {
		fields: { Origin: 'https://shop.example' },
		body: 'x'.repeat(LARGE_BYTES) });
	assert.equal(answer.status, 413);
	assert.equal(answer.messages[0].payload.code, 'messageTooLarge');
	assert.equal(answer.fields['access-control-allow-origin'], '*');
};

const wakeMany = async (front) => {
	const customers = await Promise.all(Array.from({ length: CUSTOMERS },
		async (_, i) => {
			const shopper = new Shopper(front, `many-${i}`);
			await shopper.enter('startSession', 'Ada');
			return { shopper, polls: await shopper.holdAll(MAX_HELD) };
		}));
	await Promise.all(customers.map(async ({ shopper, polls }, n) => {
		expectOk(await shopper.post('updateCart', { cartContent: { n } }));
		for (const { answer } of polls) {
			const { status, messages } = await answer;
			assert.equal(status, 200);
			assert.deepEqual(cartsOf(messages[0]), [{ n }]);
		}
	}));
};

const vanish = async (front) => {
	const ada = new Shopper(front, 'vanish');
	await ada.enter('startSession', 'Ada');
	for (const { sending, answer } of await ada.holdAll(MAX_HELD)) {
		sending.destroy();
		await assert.rejects(answer);
	}
	const polls = await ada.holdAll(MAX_HELD);
	expectOk(await ada.post('updateCart', { cartContent: { n: 1 } }));
	for (const { answer } of polls)
		assert.deepEqual(cartsOf((await answer).messages[0]), [{ n: 1 }]);
};

const restartDaemon = async (front) => {
	const ada = await Client.open(front, '/restart');
	await ada.enter('startSession', 'Ada', { resumable: true });
	const bob = new Shopper(front, 'restart');
	await bob.enter('joinSession', 'Bob');
	const polls = await bob.holdAll(MAX_HELD);
	assert.equal(await front.daemon.stop(), 0);
	for (const { answer } of polls) {
		const { status, messages } = await answer;
		assert.equal(status, 503);
		assert.equal(messages[0].payload.code, 'shuttingDown');
	}
	assert.equal(await ada.closed, 1012);
	// Some servers wait for the daemon to come back, the others say no.
	const between = front.sulks ? { status: 503 } : bob.poll({ wait: 0 });
	await front.startDaemon();
	assert([200, 502, 503].includes((await between).status));
	expectOk(await bob.poll({ wait: 0 }));
	await (await Client.open(front, '/restart')).close();
};

const restartServer = async (front) => {
	const ada = new Shopper(front, 'stop');
	await ada.enter('startSession', 'Ada');
	const answers = (await ada.holdAll(MAX_HELD)).map(({ answer }) =>
		answer.catch(() => undefined));
	const stopped = front.stopServer();
	// Some servers wait for what they have begun.
	const direct = new Shopper(front.daemon, 'stop');
	Object.assign(direct, ada, { daemon: front.daemon });
	expectOk(await direct.post('updateCart', { cartContent: { n: 1 } }));
	await Promise.all(answers);
	await stopped;

	await front.startServer();
	const { messages: [shown] } = await ada.poll();
	assert.deepEqual(cartsOf(shown), [{ n: 1 }]);
	const polls = await ada.holdAll(MAX_HELD);
	expectOk(await ada.post('updateCart', { cartContent: { n: 2 } }));
	for (const { answer } of polls)
		expectOk(await answer);
};

// With these changes to its sample the server lets four polls wait, of one
// customer here; how they are sent is poll's business.
const POLLS_LET = 4;
export const crowdOut = (name, changes, poll) => async () => {
	const front = new Front(name, { 'max-held-polls': 0 }, changes);
	await front.start();
	const ada = new Shopper(front, 'crowd');
	await ada.enter('startSession', 'Ada');
	const answers = Array.from({ length: POLLS_LET + 2 }, () => poll(ada));
	await new Promise((resolve) => {
		let refused = 0;
		for (const answer of answers)
			answer.then(() => ++refused === 2 && resolve());
	});
	expectOk(await ada.post('updateCart', { cartContent: { n: 1 } }));
	const statuses = (await Promise.all(answers)).map(({ status }) => status);
	assert.deepEqual(statuses.sort(), [200, 200, 200, 200, 503, 503]);
	assert.equal(await front.stop(), 0);
};

// Declare the tests of a server with its sample; `inBrowser` for one of the
// demonstration, too, and in `more` those of this server alone: title -> steps.
export const testFront = async (name,
	{ inBrowser = false, more = {} } = {}) => {
	const reason = Front.whyNot(name);
	if (reason !== undefined)
		skip(reason);
	needQuery();
	const front = new Front(name, { 'message-rate': 0,
		'new-session-rate': 0, 'absence-window': 86400, demo: 'yes' });
	await withPatience(() => front.start());
	const lena = new Shopper(front, 'long');
	await lena.enter('startSession', 'Lena');
	const long = lena.polling({ wait: LONG_WAIT_S });
	const check = (title, steps) => test(title, async () => {
		try {
			await withPatience(() => steps(front));
		} catch (error) {
			console.log(`${front.log()}${front.daemon.log}`);
			throw error;
		}
	});
	let runs;

	check('both transports meet in a session', shopTogether);
	check(`${SEEDS} scripts end alike over all transports`, async () => {
		runs = await runScripts([front, front.daemon], 1, SEEDS);
	});
	check('the browser\'s client needs no change', shopInPages);
	if (inBrowser)
		test('the demonstration works in a browser',
			{ skip: whyNoBrowser() }, () => shopInBrowser(front));
	for (const [title, steps] of Object.entries(more))
		check(title, steps);
	check('clients cannot say where they come from', comeFrom);
	check('cookies of the shop harm nobody', bringCookies);
	check('bodies in chunks go through', sendChunks);
	check('a path is one session, whichever way it goes', meetOnAllPaths);
	check('what is too large is refused by the daemon', sendTooMuch);
	check(`${CUSTOMERS * MAX_HELD} held polls are all answered`, wakeMany);
	check('clients that vanish harm nobody', vanish);
	check('no timeout is shorter than a poll may take', () => {
		for (const seconds of front.timeouts)
			assert(seconds >= WAIT_MAX_S + 10, `${seconds} s`);
	});
	check('a poll waits for longer than idle connections are kept',
		async () => {
			const { status, messages, cursor } = await long.answer;
			assert.equal(status, 200);
			assert.deepEqual(messages, []);
			assert.equal(cursor, lena.cursor);
		});
	check('the daemon may be restarted', restartDaemon);
	check('the server may be restarted', restartServer);
	check('the daemon knew all that was seen, and who came from where',
		async () => {
			assert.equal(await front.stop(), 0);
			checkScripts(front.database, runs);
			assert.deepEqual([...readAddresses(front.database, 'addresses')],
				[['Ada', CLIENT_ADDRESS], ['Bob', CLIENT_ADDRESS]]);
		});
};
