// What a client goes through behind the hostile proxy, on real sockets. The
// client's time runs ten times as fast as the clock's, so that its patience is
// short; what is awaited are its events, never a time.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { BuddyShopping } from '../buddyshopping.js';
import { Proxy } from './proxy.mjs';
import { carts, FakeStorage } from './world.mjs';

const HASTE = 10;
const LIMIT = { timeout: 60000 };

const hasty = {
	setTimeout: (ring, ms) => setTimeout(ring, ms / HASTE),
	now: () => Math.floor(performance.timeOrigin +
		performance.now() * HASTE),
	uptime: () => performance.now() * HASTE,
	// Pauses between attempts are a part of what random() says.
	random: () => Math.random() / HASTE,
};

class Party {
	proxy;
	#daemon;
	#session = randomBytes(9).toString('base64url');
	#pages = [];
	#others = [];

	constructor(daemon) {
		this.#daemon = daemon;
		this.proxy = new Proxy(daemon);
	}

	// One with a proxy of its own in the same session, which stops with this.
	async another() {
		const other = new Party(this.#daemon);
		other.#session = this.#session;
		this.#others.push(other);
		await other.start();
		return other;
	}

	async start() {
		await this.proxy.start();
	}

	async stop() {
		for (const { shop } of this.#pages)
			shop.close();
		await this.proxy.stop();
		await Promise.all(this.#others.map((other) => other.stop()));
	}

	page(options = {}) {
		const page = { sessionStorage: new FakeStorage(),
			localStorage: new FakeStorage(), window: new EventTarget(),
			options, left: [], said: [] };
		this.#pages.push(page);
		this.open(page);
		return page;
	}

	open(page) {
		const { sessionStorage, localStorage } = page;
		page.shop?.close();
		page.shop = new BuddyShopping(`${this.proxy.url}/${this.#session}`, {
			...page.options,
			platform: { ...hasty, sessionStorage, localStorage,
				window: page.window, document: undefined,
				...page.options.platform } });
		page.shop.addEventListener('left',
			({ detail }) => page.left.push(detail));
		page.shop.addEventListener('say',
			({ detail }) => page.said.push(detail));
		return page.shop;
	}
}

// The next time that isTrue may have become true, by an event of shop.
function until(shop, isTrue) {
	return new Promise((resolve) => {
		const look = () => {
			if (!isTrue())
				return;
			for (const type of types)
				shop.removeEventListener(type, look);
			resolve();
		};
		const types = ['state', 'multicart', 'pending', 'presence', 'say'];
		for (const type of types)
			shop.addEventListener(type, look);
		look();
	});
}

function shows(shop, expected) {
	return until(shop, () => shop.state === 'online' &&
		JSON.stringify(carts(shop)) === JSON.stringify(expected));
}

const features = ['presence', 'say'];
// However slow this machine is: clocks are hasty here.
const patiently = { timeout: Infinity };
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// Ada and Bob change their lines, which lose answers, while she talks.
async function talk(party, ada, bob, friend) {
	await until(ada, () => ada.present?.length === 3);
	let dice = 0;
	party.proxy.onPost = ({ event }) => ({
		loseAnswer: event === 'say' && dice++ % 3 === 1,
		repeat: event === 'say' && dice % 4 === 1 });

	const lines = Array.from({ length: 30 }, (_, i) => i);
	for (const step of lines) {
		const said = ada.say(step, patiently);
		if (step % 3 === 0)
			ada.forcePolling = !ada.forcePolling;
		if (step % 4 === 0)
			bob.forcePolling = !bob.forcePolling;
		if (step % 7 === 0)
			party.proxy.cut();
		if (step % 5 === 0)
			bob.updateCart({ step });
		await said;
	}
	await until(bob, () => friend.said.length >= lines.length);

	assert.deepEqual(friend.said.map(({ what }) => what), lines);
}

// Define the tests; transports are those that the daemon is known to have.
export function scenarios(daemon, transports) {
	const title = (text) => `${daemon.name}: ${text}`;
	const scenario = (text, needsPolling, run) => test(title(text), LIMIT,
		async (t) => {
			if (needsPolling && !daemon.hasPolling) {
				t.skip('it does not answer POST');
				return;
			}
			const party = new Party(daemon);
			await party.start();
			try {
				await run(party);
			} finally {
				await party.stop();
			}
		});

	before(() => daemon.start());
	after(() => daemon.clean?.() ?? daemon.stop());

	for (const transport of transports) {
		const isPolling = transport === 'polling';
		const options = { forcePolling: isPolling };

		scenario(`a session by ${transport}`, isPolling, async (party) => {
			const { shop } = party.page(options);
			const { shop: guest } = party.page();
			await shop.startSession('Ada');
			await guest.joinSession('Bob');

			await Promise.all([shop.updateCart({ apples: 1 }),
				guest.updateCart({ pears: 2 }), guest.setReady(true)]);
			const expected = { Ada: { apples: 1 }, Bob: { pears: 2 } };
			await shows(shop, expected);
			await shows(guest, expected);
			assert.equal(shop.transport, transport);

			await guest.leave();
			await shows(shop, { Ada: { apples: 1 } });
			await assert.rejects(shop.updateCart([]),
				{ code: 'invalidMessage' });
			await assert.rejects(party.page(options).shop
				.startSession('Eve'), { code: 'sessionExists' });
		});

		scenario(`friends enter at once by ${transport}`, isPolling,
			async (party) => {
				const names = ['Ada', 'Bob', 'Cleo'];
				const shops = names.map(() => party.page(options).shop);
				const faults = [];
				for (const shop of shops)
					shop.addEventListener('error',
						({ detail }) => faults.push(detail));

				await Promise.all(shops.map((shop, i) =>
					shop.enter(names[i])));
				for (const shop of shops)
					await until(shop, () =>
						shop.multicart?.length === names.length);

				assert.equal(shops[0].multicart.filter(({ owner }) =>
					owner.isHost).length, 1);
				assert.deepEqual(faults, []);
			});

		scenario(`a reload hides no cart by ${transport}`, isPolling,
			async (party) => {
				const page = party.page(options);
				await page.shop.enter('Ada');
				await page.shop.updateCart({ pears: 2 });
				await daemon.kill();
				await until(page.shop, () =>
					page.shop.state !== 'online');
				page.shop.updateCart({ ...page.shop.cart, tea: 1 });

				const shop = party.open(page);
				assert.deepEqual(shop.cart, { pears: 2, tea: 1 });
				assert.deepEqual(shop.pending.what, ['cart']);
				shop.updateCart({ ...shop.cart, milk: 1 });
				await until(shop, () =>
					shop.pending.reason === 'offline');
				await daemon.start();
				await until(shop, () => shop.pending === null);

				await shows(shop,
					{ Ada: { pears: 2, tea: 1, milk: 1 } });
			});

		for (const end of ['stop', 'kill'])
			scenario(`${end} and start by ${transport}`, isPolling,
				async (party) => {
					const page = party.page(options);
					const { shop } = page;
					await shop.startSession('Ada');
					const { customerId } = shop;
					await shop.updateCart({ step: 1 });

					await daemon[end]();
					await until(shop, () => shop.state !== 'online');
					const stored = shop.updateCart({ step: 2 });
					await daemon.start();
					await stored;

					await shows(shop, { Ada: { step: 2 } });
					assert.equal(shop.customerId, customerId);
					assert.deepEqual(page.left, []);
				});

		scenario(`a reload by ${transport}`, isPolling, async (party) => {
			const page = party.page(options);
			await page.shop.startSession('Ada');
			const { customerId } = page.shop;
			party.proxy.isUp = false;
			party.proxy.cut();
			page.shop.updateCart({ pears: 1 });

			const shop = party.open(page);
			party.proxy.isUp = true;

			assert.equal(await shop.startSession('Ada'), customerId);
			await shows(shop, { Ada: { pears: 1 } });
			await shop.updateCart({ pears: 2 });
			await shows(shop, { Ada: { pears: 2 } });
		});

		scenario(`a duplicated tab, its clock behind, by ${transport}`,
			isPolling, async (party) => {
				const page = party.page(options);
				await page.shop.startSession('Ada');
				const twin = party.page({ ...options, platform: {
					now: () => hasty.now() - 3600000 } });
				twin.shop.close();
				twin.sessionStorage = page.sessionStorage.copy();
				const { shop } = page;
				const other = party.open(twin);

				for (let step = 0; step < 6; step += 2) {
					await shop.updateCart({ step });
					await other.updateCart({ step: step + 1 });
					await shows(shop, { Ada: { step: step + 1 } });
				}
			});

		scenario(`a firewall that refuses a cart by ${transport}`, true,
			async (party) => {
				const page = party.page(options);
				const { shop } = page;
				await shop.startSession('Ada');
				const text = '\'; DROP TABLE carts; --'.repeat(1000);
				party.proxy.onPost = ({ payload }) =>
					payload.cartContent?.text ?
						{ answer: { status: 403, text: 'No!' } } : {};
				party.proxy.maxSaid = text.length;

				await Promise.all([
					assert.rejects(shop.updateCart({ text }),
						{ code: 'undelivered' }),
					shop.setReady(true)]);
				await shop.updateCart({ pears: 1 });
				await shows(shop, { Ada: { pears: 1 } });
				await shop.leave();
				assert.deepEqual(page.left, [{ code: null }]);
			});

		scenario(`a firewall that refuses a name by ${transport}`, true,
			async (party) => {
				const { shop } = party.page(options);
				const name = 'Ada'.repeat(33);
				party.proxy.onPost = ({ payload }) =>
					payload.customerName === name ?
						{ loseRequest: true } : {};
				party.proxy.maxSaid = 170;

				await assert.rejects(shop.startSession(name),
					{ code: 'undelivered' });
				await shop.startSession('Ada');
				await shows(shop, { Ada: {} });
			});

		scenario(`friends talk by ${transport}`, isPolling, async (party) => {
			const page = party.page({ ...options, features });
			const friend = party.page({ features });
			const [ada, bob] = [page.shop, friend.shop];
			await ada.startSession('Ada');
			await bob.joinSession('Bob');
			const both = [ada.customerId, bob.customerId];
			for (const shop of [ada, bob])
				await until(shop, () => isSame(shop.present, both));

			const what = { looks: ['at', 'cheese', 'Ä', 1e3, null] };
			await Promise.all([ada.say(what, patiently),
				bob.say('hello', patiently),
				ada.updateCart({ pears: 1 }), ada.say(2, patiently),
				bob.say('psst', { to: ada.customerId, ...patiently })]);
			await until(ada, () => page.said.length === 2);
			await until(bob, () => friend.said.length === 2);
			assert.deepEqual(page.said, [{ from: both[1], what: 'hello' },
				{ from: both[1], what: 'psst', to: both[0] }]);
			assert.deepEqual(friend.said, [{ from: both[0], what },
				{ from: both[0], what: 2 }]);
			await shows(bob, { Ada: { pears: 1 }, Bob: {} });

			await bob.leave();
			await until(ada, () => isSame(ada.present, [both[0]]));
			await assert.rejects(ada.say('psst', { to: both[1], ...patiently }),
				{ code: 'unknownCustomer' });
			await assert.rejects(ada.say('x'.repeat(5000), patiently),
				{ code: 'messageTooLarge' });
			await shows(ada, { Ada: { pears: 1 } });
		});

		scenario(`what is said while one is away by ${transport}`, isPolling,
			async (party) => {
				const page = party.page({ ...options, features });
				const friend = await party.another();
				const { shop } = friend.page({ features });
				await page.shop.startSession('Ada');
				await shop.joinSession('Bob');
				await until(page.shop, () =>
					page.shop.present?.length === 2);
				party.proxy.isUp = false;
				party.proxy.cut();
				const lines = [0, 1, 2, 3];
				for (const i of lines)
					await shop.say(i, patiently);
				party.proxy.isUp = true;
				page.shop.reconnect();
				await until(page.shop, () =>
					page.said.length === lines.length);

				assert.deepEqual(page.said.map(({ what }) => what), lines);
			});

		scenario(`leaving in another tab by ${transport}`, isPolling,
			async (party) => {
				const page = party.page(options);
				await page.shop.startSession('Ada');
				const twin = party.page(options);
				twin.shop.close();
				twin.sessionStorage = page.sessionStorage.copy();

				await party.open(twin).leave();
				await until(page.shop, () => page.shop.state === 'idle');

				assert.deepEqual(page.left.length, 1);
			});
	}

	describe(title('patience'), { concurrency: true }, () => {
		scenario('connections that are cut or mute', false, async (party) => {
			const { shop } = party.page();
			await shop.startSession('Ada');
			for (let step = 0; step < 4; step++) {
				party.proxy[step % 2 === 0 ? 'cut' : 'swallow']();
				await shop.updateCart({ step });
				await shows(shop, { Ada: { step } });
			}
		});

		scenario('answers that are lost and requests repeated', true,
			async (party) => {
				let dice = 0;
				party.proxy.onPost = () => {
					dice++;
					return { loseAnswer: dice % 3 === 1,
						repeat: dice % 2 === 1,
						loseRequest: dice % 7 === 6 };
				};
				const { shop } = party.page({ forcePolling: true });

				await shop.startSession('Ada');
				for (let step = 0; step < 5; step++)
					await shop.updateCart({ step });
				await shows(shop, { Ada: { step: 4 } });
				await shop.leave();

				assert.equal(shop.state, 'idle');
			});
	});

	scenario('a page that goes, and comes back', true, async (party) => {
		const page = party.page({ features, forcePolling: true });
		const { shop } = page;
		const { shop: friend } = party.page({ features });
		await friend.startSession('Ada');
		await shop.joinSession('Bob');
		const count = (number) => until(friend, () =>
			friend.present?.length === number);
		await count(2);
		const go = (type) => page.window.dispatchEvent(
			Object.assign(new Event(type), { persisted: true }));

		// Nobody else is told who is not there any more, for an hour.
		go('pagehide');
		await count(1);
		await friend.say('hello', patiently);
		go('pageshow');
		await count(2);
		await until(shop, () => page.said.length === 1);

		// A reload is none that the multicart shows.
		go('pagehide');
		await count(1);
		const again = party.open(page);
		await count(2);
		assert.equal(again.customerId, friend.present[1]);
		assert.equal(friend.multicart.length, 2);
	});

	scenario('talking while lines change', true, async (party) => {
		const page = party.page({ features });
		const friend = party.page({ features });
		const [ada, bob] = [page.shop, friend.shop];
		await ada.startSession('Ada');
		await bob.joinSession('Bob');
		// Somebody is always there: before anything was said, a session that
		// all have left forgets how far they had heard.
		const quiet = await party.another();
		await quiet.page().shop.joinSession('Cleo');
		await talk(party, ada, bob, friend);
	});

	scenario('no WebSocket beside one that has it', true, async (party) => {
		const { shop } = party.page();
		await shop.startSession('Ada');
		party.proxy.upgrades = 'drop';
		const { shop: guest } = party.page();
		await guest.joinSession('Bob');

		for (let step = 0; step < 10; step++) {
			await shop.updateCart({ step });
			await guest.updateCart({ step });
		}

		const expected = { Ada: { step: 9 }, Bob: { step: 9 } };
		await shows(shop, expected);
		await shows(guest, expected);
		assert.equal(shop.transport, 'websocket');
		assert.equal(guest.transport, 'polling');
		assert.deepEqual(guest.multicart, shop.multicart);
	});

	scenario('a handshake that hangs', true, async (party) => {
		party.proxy.upgrades = 'hang';
		const { shop } = party.page();

		await shop.startSession('Ada');
		assert.equal(shop.transport, 'polling');
		party.proxy.release();
		await until(shop, () => shop.transport === 'websocket');

		await shop.updateCart({ pears: 1 });
		await shows(shop, { Ada: { pears: 1 } });
	});

	scenario('moving over while an answer is under way', true,
		async (party) => {
			let isStored;
			const stored = new Promise((resolve) => {
				isStored = resolve;
			});
			const { shop } = party.page({ forcePolling: true });
			await shop.startSession('Ada');
			party.proxy.onPost = ({ event }) => event === 'updateCart' ?
				{ after: new Promise(() => isStored()) } : {};

			const seen = until(shop, () => carts(shop).Ada?.pears === 1);
			const change = shop.updateCart({ pears: 1 });
			await Promise.all([stored, seen]);
			shop.forcePolling = false;
			await change;

			assert.equal(shop.transport, 'websocket');
			await shop.updateCart({ pears: 2 });
			await shows(shop, { Ada: { pears: 2 } });
		});

	scenario('switching at random', true, async (party) => {
		const { shop } = party.page();
		const { shop: guest } = party.page();
		await shop.startSession('Ada');
		await guest.joinSession('Bob');
		const shown = [];
		guest.addEventListener('multicart', () =>
			shown.push(carts(guest).Ada.step ?? -1));

		for (let step = 0; step < 40; step++) {
			const stored = shop.updateCart({ step });
			if (step % 3 === 0)
				shop.forcePolling = !shop.forcePolling;
			if (step % 5 === 0)
				guest.forcePolling = !guest.forcePolling;
			if (step % 7 === 0)
				party.proxy.cut();
			await stored;
		}

		await shows(guest, { Ada: { step: 39 }, Bob: {} });
		assert.deepEqual(shown, [...shown].sort((a, b) => a - b));
	});
}
