// Three customers on a network that does its worst at random, and then heals:
// whatever happened, everybody ends on the same newest state, nobody ever saw
// an older multicart after a newer one, or another own cart than was wished last,
// and no change happened twice.
// SEEDS says how many worlds to try, SEED a single one.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seeded } from './clock.mjs';
import { heal, hostileNetwork } from './hostile-network.mjs';
import { carts, outcome, World } from './world.mjs';

const STEPS = 40;
const HEALING_MS = 12 * 60000;

class Shopper {
	wishes = [];
	isReady = false;
	cart = {};

	constructor(world, name, random) {
		this.random = random;
		this.name = name;
		this.network = hostileNetwork(world, random);
		this.page = world.page(this.network);
		this.use(this.page.open());
	}

	// Whatever arrives when, the cart is the one that was wished last.
	use(shop) {
		this.shop = shop;
		for (const type of ['multicart', 'pending', 'state'])
			shop.addEventListener(type, () => this.checkWished());
		this.checkWished();
	}

	checkWished() {
		const { cart, isReady } = this.shop;
		if (JSON.stringify(cart ?? {}) !== JSON.stringify(this.cart) ||
		    (isReady ?? false) !== this.isReady)
			this.isWrong = true;
	}

	act(world, step) {
		switch (Math.floor(10 * this.random())) {
		case 0:
			this.isReady = !this.isReady;
			this.wishes.push(outcome(this.shop.setReady(this.isReady)));
			break;
		case 1:
			this.network.upgrades = ['pass', 'drop', 'hang'][
				Math.floor(3 * this.random())];
			break;
		case 2:
			this.network.cut();
			break;
		case 3:
			this.network.swallow();
			break;
		case 4:
			this.network.isUp = !this.network.isUp;
			break;
		case 5:
			this.shop.forcePolling = this.random() < 0.5;
			break;
		case 6:
			this.reloadOrHide(world);
			break;
		default:
			this.cart = { step };
			this.wishes.push(outcome(this.shop.updateCart(this.cart)));
		}
	}

	reloadOrHide(world) {
		if (this.random() < 0.5) {
			this.page.show(this.random() < 0.5);
			return;
		}
		this.checkShown();
		// What is refused with 'closed' is said by the next page.
		this.wishes = [];
		this.use(this.page.reload());
		if (world.journal.length > 2)
			this.shop.joinSession(this.name);
	}

	heal() {
		heal(this.network);
		this.shop.forcePolling = false;
		this.page.show(true);
	}

	// Each multicart shows at least what the one before it showed.
	checkShown() {
		const steps = this.page.told('multicart').map((multicart) =>
			Object.fromEntries(multicart.map(({ owner, content }) =>
				[owner.name, content.step ?? -1])));
		for (let i = 1; i < steps.length; i++)
			for (const [name, step] of Object.entries(steps[i - 1]))
				assert.ok((steps[i][name] ?? -1) >= step,
					`${name} went back from ${step}`);
	}
}

function checkJournal(journal) {
	const carts = journal.filter(([event]) => event === 'updateCart')
		.map(([, name, { step }]) => `${name} ${step}`);
	assert.equal(new Set(carts).size, carts.length, 'a cart came twice');
	const entries = journal.filter(([event]) => event.endsWith('Session'));
	assert.equal(entries.length, 3, 'somebody came twice');
}

async function live(seed) {
	const world = new World(seed);
	const random = seeded(seed + 1000000);
	const shoppers = [];
	for (const name of ['Ada', 'Bob', 'Cleo']) {
		const shopper = new Shopper(world, name, random);
		shoppers.push(shopper);
		shopper.shop[name === 'Ada' ? 'startSession' : 'joinSession'](name);
		while (shopper.shop.state !== 'online')
			await world.clock.advance(1000);
	}
	for (let step = 0; step < STEPS; step++) {
		shoppers[Math.floor(3 * random())].act(world, step);
		if (random() < 0.03)
			world.server.restart();
		await world.clock.advance(random() < 0.2 ? 8000 * random() :
			300 * random());
	}
	for (const shopper of shoppers)
		shopper.heal();
	await world.clock.advance(HEALING_MS);
	return { world, shoppers };
}

function check({ world, shoppers }) {
	const expected = Object.fromEntries(
		shoppers.map(({ name, cart }) => [name, cart]));
	for (const shopper of shoppers) {
		const { shop, wishes } = shopper;
		assert.equal(shop.transport, 'websocket');
		assert.equal(shop.pending, null);
		assert.equal(shopper.isWrong, undefined);
		assert.deepEqual(carts(shop), expected);
		assert.deepEqual(shop.multicart, world.server.multicart('s1'));
		assert.ok(wishes.every(({ is }) => is === 'resolved'));
		shopper.checkShown();
	}
	assert.deepEqual(world.server.multicart('s1')
		.map(({ owner }) => owner.isReadyToCheckout),
	shoppers.map(({ isReady }) => isReady));
	checkJournal(world.journal);
}

test('everybody ends on the newest state', async () => {
	const only = process.env.SEED;
	const count = Number(process.env.SEEDS ?? 40);
	const seeds = only === undefined ?
		Array.from({ length: count }, (_, i) => i) : [Number(only)];
	for (const seed of seeds)
		try {
			check(await live(seed));
		} catch (error) {
			error.message = `SEED=${seed}: ${error.message}`;
			throw error;
		}
});
