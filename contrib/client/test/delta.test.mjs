// Whoever is told what changed knows what who is told all knows.
// SEEDS says how many worlds to try, SEED a single one.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seeded } from './clock.mjs';
import { FakeNetwork } from './fake-network.mjs';
import { carts, World } from './world.mjs';

const MINUTE = 60000;

async function started(options, world = new World()) {
	const page = world.page();
	const shop = page.open(options);
	shop.startSession('Ada');
	await world.clock.advance(100);
	const guest = await world.friend('joinSession', 'Bob');
	const { server, network, clock } = world;
	const { sent } = server;
	return { world, page, shop, guest, server, network, clock, sent };
}

for (const transport of ['websocket', 'polling']) {
	const options = { forcePolling: transport === 'polling' };

	test(`only what changed comes by ${transport}`, async () => {
		const { shop, guest, clock, sent } = await started(options);
		await clock.advance(1000);
		const whole = sent.multicartUpdate;
		const [ada, bob] = shop.multicart;

		guest.updateCart({ pears: 1 });
		await clock.advance(1000);

		assert.equal(sent.multicartUpdate, whole);
		assert.deepEqual(carts(shop), { Ada: {}, Bob: { pears: 1 } });
		// Who did not change is the same object.
		assert.equal(shop.multicart[0], ada);
		assert.notEqual(shop.multicart[1], bob);
		assert.equal(shop.multicart[1].owner, bob.owner);
	});

	test(`a daemon of before is as it was by ${transport}`, async () => {
		for (const knows of [null, ['lock']]) {
			const world = new World();
			world.server.knows = knows;
			const { page, shop, guest, clock, sent } =
				await started(options, world);
			guest.updateCart({ pears: 1 });
			await clock.advance(1000);

			assert.equal(sent.multicartDelta, undefined);
			assert.deepEqual(carts(shop), { Ada: {}, Bob: { pears: 1 } });
			assert.equal(shop.present, null);
			assert.deepEqual(page.told('error'), []);
		}
	});

	test(`changes of something else are dropped by ${transport}`, async () => {
		const { page, shop, guest, server, network, clock, sent } =
			await started(options);
		await clock.advance(1000);
		// It tells of two changes at once, but we have not got the first.
		const [, bob] = shop.multicart;
		const strange = { event: 'multicartDelta', from: '1.1',
			cursor: '1.9.0', payload: { changes: [
				{ owner: { id: bob.owner.id }, isGone: true }] } };
		page.events.length = 0;
		if (options.forcePolling) {
			let isOnce = true;
			network.onPost = ({ event }) => {
				const isIt = isOnce && event === 'poll';
				isOnce = isOnce && !isIt;
				return isIt ? { answer: { status: 200, body: {
					messages: [strange], cursor: strange.cursor } } } : {};
			};
			guest.setReady(true);
		} else {
			[...server.peers].find((peer) => peer.customer.name === 'Ada')
				.send(strange);
		}
		const whole = sent.multicartUpdate;
		await clock.advance(1000);

		// The whole was asked for, once.
		assert.equal(sent.multicartUpdate, whole + 1);
		assert.deepEqual(shop.multicart, server.multicart('s1'));
		assert.ok(page.told('multicart').every((all) => all.length === 2));
		assert.deepEqual(page.told('error'), []);

		const posts = network.posts.length;
		await clock.advance(MINUTE / 2);
		assert.ok(network.posts.length < posts + 10);
		assert.equal(sent.multicartUpdate, whole + 1);
	});

	test(`a lock comes and goes with what changed by ${transport}`,
		async () => {
			const { shop, server, clock, sent } = await started(options);
			await clock.advance(1000);
			const whole = sent.multicartUpdate;
			for (const isLocked of [true, false]) {
				server.lock('s1', isLocked);
				await clock.advance(1000);
				assert.equal(shop.isLocked, isLocked);
			}
			assert.equal(sent.multicartUpdate, whole);
		});
}

// Everybody comes and goes, whoever may.
class Crowd {
	#names = 0;
	#guests = [];

	constructor(world, random) {
		this.world = world;
		this.random = random;
	}

	#one() {
		return this.#guests[Math.floor(this.random() * this.#guests.length)];
	}

	act(step) {
		const { world, random } = this;
		const dice = Math.floor(8 * random());
		const guest = this.#one();
		if (dice === 0 || !guest) {
			const shop = world.page(new FakeNetwork(world.clock,
				world.server)).open();
			shop.name = `guest ${this.#names++}`;
			shop.joinSession(shop.name);
			this.#guests.push(shop);
		} else if (dice === 1) {
			guest.leave();
			this.#guests = this.#guests.filter((one) => one !== guest);
		} else if (dice === 2) {
			world.server.expire(guest.name);
		} else if (dice === 3) {
			// It comes back, if it was not there.
			guest.reconnect();
		} else if (dice === 4) {
			guest.setReady(random() < 0.5);
		} else if (dice === 5) {
			world.server.lock('s1', random() < 0.3);
		} else {
			guest.updateCart({ step });
		}
	}
}

// Each multicart that is told is the one of its cursor.
function watch(world, page, isPolling) {
	let revision;
	const debug = (direction, _, { event, cursor }) => {
		if (direction === 'in' && event.startsWith('multicart'))
			revision = cursor.split('.')[1];
	};
	const seen = [];
	const shop = page.open({ debug, forcePolling: isPolling });
	shop.addEventListener('multicart', ({ detail }) => {
		const { shown } = world.server.sessions.get('s1');
		seen.push([detail, shown[revision]].map((all) =>
			JSON.stringify(all)));
	});
	return { shop, seen };
}

async function live(seed) {
	const world = new World(seed);
	const random = seeded(seed + 1000000);
	world.server.usesDelta = () => random() < 0.9;
	const { shop, seen } = watch(world, world.page(), seed % 2 === 0);
	shop.startSession('Ada');
	await world.clock.advance(1000);
	const crowd = new Crowd(world, random);
	for (let step = 0; step < 60; step++) {
		crowd.act(step);
		if (random() < 0.05)
			shop.forcePolling = !shop.forcePolling;
		if (random() < 0.05)
			world.network.cut();
		await world.clock.advance(200 * random());
	}
	await world.clock.advance(1.5 * MINUTE);
	for (const [told, shown] of seen)
		assert.equal(told, shown);
	assert.deepEqual(shop.multicart, world.server.multicart('s1'));
	assert.ok(seen.length > 20);
	assert.ok(world.server.sent.multicartDelta > seen.length);
}

test('what changed adds up to the whole', async () => {
	const only = process.env.SEED;
	const count = Number(process.env.SEEDS ?? 40);
	const seeds = only === undefined ?
		Array.from({ length: count }, (_, i) => i) : [Number(only)];
	for (const seed of seeds)
		try {
			await live(seed);
		} catch (error) {
			error.message = `SEED=${seed}: ${error.message}`;
			throw error;
		}
});
