// Tabs of one customer on networks and in a browser that do their worst at
// random, and then heal: all of them and the daemon end on the cart and the
// readiness that were wished last, no tab's cart ever went back, and there is
// one customer, or none.
// SEEDS says how many worlds to try, SEED a single one.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seeded } from './clock.mjs';
import { FakeLocks } from './fake-browser.mjs';
import { hostileNetwork, heal } from './hostile-network.mjs';
import { carts, outcome, World } from './world.mjs';

const TABS = 3;
const STEPS = 40;
const HEALING_MS = 12 * 60000;
const shared = { storage: 'localStorage' };

class Tab {
	wishes = [];

	constructor(home) {
		this.home = home;
		this.network = hostileNetwork(home.world, home.random);
		this.page = home.world.tab(home.browser, this.network);
		this.use(this.page.open(shared));
	}

	use(shop) {
		this.shop = shop;
		this.isOpen = true;
		this.customerId = null;
		for (const type of ['multicart', 'pending', 'state'])
			shop.addEventListener(type, () => this.checkWished());
	}

	// What is wished in another tab may come late, but then it stays.
	checkWished() {
		if (this.customerId !== this.shop.customerId)
			this.step = -1;
		this.customerId = this.shop.customerId;
		const step = this.shop.cart?.step ?? -1;
		if (step < this.step && this.shop.cart !== null)
			this.home.wentBack = `from ${this.step} to ${step}`;
		this.step = Math.max(step, this.step);
	}

	async toggle() {
		if (this.isOpen)
			this.shop.close();
		else
			this.use(this.page.reload(shared));
		this.isOpen = this.shop.state !== 'closed';
	}

	reload() {
		if (this.isOpen)
			this.use(this.page.reload(shared));
	}

	wish(promise) {
		this.wishes.push(outcome(promise));
	}
}

class Home {
	isReady = false;
	cart = {};

	constructor(seed) {
		this.world = new World(seed);
		this.random = seeded(seed + 2000000);
		this.browser = this.world.browser();
		this.browser.locks = new FakeLocks();
		this.browser.latency = Math.floor(this.random() * 3) * 20;
		const deaf = this.random() < 0.3 ? 0.5 : 0;
		this.browser.isTold = () => this.random() >= deaf;
		this.tabs = Array.from({ length: TABS }, () => new Tab(this));
	}

	get open() {
		return this.tabs.filter(({ isOpen }) => isOpen);
	}

	// Who clicks sees one tab, and what the browser has told it.
	async change(tab, step) {
		await this.world.clock.advance(2 * this.browser.latency + 1);
		tab.page.show(true);
		if (!tab.isOpen || tab.shop.cart === null)
			return;
		if (this.random() < 0.3) {
			this.isReady = !this.isReady;
			tab.wish(tab.shop.setReady(this.isReady));
		} else {
			this.cart = { step };
			tab.wish(tab.shop.updateCart(this.cart));
		}
	}

	async act(tab, step) {
		const { random } = this;
		switch (Math.floor(10 * random())) {
		case 0:
			tab.network.upgrades = ['pass', 'drop', 'hang'][
				Math.floor(3 * random())];
			break;
		case 1:
			tab.network.cut();
			break;
		case 2:
			tab.network.swallow();
			break;
		case 3:
			tab.network.isUp = !tab.network.isUp;
			break;
		case 4:
			tab.shop.forcePolling = random() < 0.5;
			break;
		case 5:
			tab.reload();
			break;
		case 6:
			if (tab.isOpen || random() < 0.8)
				tab.toggle();
			break;
		default:
			await this.change(tab, step);
		}
	}

	async heal() {
		this.browser.isTold = () => true;
		for (const tab of this.tabs) {
			heal(tab.network);
			if (!tab.isOpen)
				tab.toggle();
			tab.shop.forcePolling = false;
			tab.page.show(true);
		}
		const { writes } = this.browser;
		await this.world.clock.advance(HEALING_MS);
		this.written = this.browser.writes - writes;
	}
}

function checkTogether({ tabs, written, wentBack }) {
	assert.equal(wentBack, undefined);
	for (const { shop } of tabs) {
		assert.equal(shop.pending, null);
		assert.equal(shop.customerId, tabs[0].shop.customerId);
		assert.deepEqual(shop.cart, tabs[0].shop.cart);
		assert.equal(shop.isReady, tabs[0].shop.isReady);
	}
	assert.ok(written < 100, `${written} notes`);
}

async function changes(seed) {
	const home = new Home(seed);
	const { world, tabs, random } = home;
	heal(tabs[0].network);
	tabs[0].shop.startSession('Ada');
	await world.clock.advance(1000);
	for (let step = 0; step < STEPS; step++) {
		await home.act(tabs[Math.floor(TABS * random())], step);
		if (random() < 0.03)
			world.server.restart();
		await world.clock.advance(random() < 0.2 ? 8000 * random() :
			300 * random());
	}
	await home.heal();

	checkTogether(home);
	const [{ owner, content }, ...others] = world.server.multicart('s1');
	assert.deepEqual(others, []);
	assert.deepEqual(content, home.cart);
	assert.equal(owner.isReadyToCheckout, home.isReady);
	for (const { shop, wishes } of tabs) {
		assert.deepEqual(carts(shop), { Ada: home.cart });
		assert.ok(wishes.every(({ is }) =>
			['resolved', 'closed'].includes(is)));
	}
	const steps = world.journal.filter(([event]) => event === 'updateCart')
		.map(([,, { step }]) => step);
	assert.deepEqual(steps, [...new Set(steps)].sort((a, b) => a - b));
}

async function comings(seed) {
	const home = new Home(seed);
	const { world, tabs, random } = home;
	world.friend('startSession', 'Bob');
	for (let step = 0; step < STEPS; step++) {
		const tab = tabs[Math.floor(TABS * random())];
		const dice = random();
		if (tab.isOpen && dice < 0.2)
			tab.shop.enter(['Ada', 'Eve'][Math.floor(2 * random())],
				random() < 0.3 ? { timeout: 2000 } : {});
		else if (tab.isOpen && dice < 0.3)
			tab.shop.leave();
		else
			await home.act(tab, step);
		await world.clock.advance(random() < 0.2 ? 8000 * random() :
			300 * random());
	}
	await home.heal();

	checkTogether(home);
	const [{ shop }] = tabs;
	const here = world.server.multicart('s1').filter(({ owner }) =>
		owner.id === shop.customerId);
	assert.equal(here.length, shop.customerId === null ? 0 : 1);
	if (here.length > 0)
		assert.deepEqual(shop.cart, here[0].content);
}

for (const [title, live] of [['tabs that change carts', changes],
	['tabs that come and go', comings]])
	test(title, async () => {
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
