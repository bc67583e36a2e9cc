// Frameworks put proxies before what they are given: it must work through them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findPackage, whyWithout } from './packages.mjs';
import { carts, outcome, World } from './world.mjs';

// What they do with any object, and with all that is reached through it.
function deep(object) {
	return new Proxy(object, {
		get(target, key, receiver) {
			const value = Reflect.get(target, key, receiver);
			return typeof value === 'object' && value !== null ?
				deep(value) : value;
		},
		set: (...assignment) => Reflect.set(...assignment),
	});
}

async function use(shop, { clock }, makeCart) {
	const told = [];
	const listener = ({ type, detail }) => told.push([type, detail]);
	shop.addEventListener('state', listener);
	shop.addEventListener('own', listener);
	const entered = outcome(shop.startSession('Ada'));
	await clock.advance(100);
	assert.equal(entered.value, shop.customerId);
	assert.equal(shop.state, 'online');
	assert.equal(shop.transport, 'websocket');
	assert.deepEqual(told.pop(), ['state',
		{ state: 'online', transport: 'websocket' }]);

	const cart = makeCart({ pears: [{ ripe: true }] });
	const stored = outcome(shop.updateCart(cart));
	cart.pears.push('unripe');
	const ready = outcome(shop.setReady(true));
	await clock.advance(100);
	assert.equal(stored.is, 'resolved');
	assert.equal(ready.is, 'resolved');
	assert.equal(JSON.stringify(carts(shop)),
		'{"Ada":{"pears":[{"ripe":true}]}}');

	shop.forcePolling = true;
	await clock.advance(100);
	assert.equal(shop.forcePolling, true);
	assert.equal(shop.transport, 'polling');
	shop.removeEventListener('state', listener);
	told.length = 0;
	const left = outcome(shop.leave());
	await clock.advance(100);
	assert.equal(left.is, 'resolved');
	assert.equal(shop.dispatchEvent(new Event('own')), true);
	assert.deepEqual(told.map(([type]) => type), ['own']);
	shop.close();
	assert.equal(shop.state, 'closed');
}

test('a plain proxy', async () => {
	const world = new World();

	await use(new Proxy(world.page().open(), {}), world,
		(cart) => new Proxy(cart, {}));
});

test('proxies of proxies of all that is inside', async () => {
	const world = new World();

	await use(deep(deep(world.page().open())), world, deep);
});

test('a frozen client', async () => {
	const world = new World();

	await use(Object.freeze(world.page().open()), world, (cart) => cart);
});

const vue = findPackage('vue');

for (const way of ['reactive', 'shallowReactive', 'readonly'])
	test(`Vue's ${way}()`, { skip: whyWithout('vue') }, async () => {
		const world = new World();
		const state = vue[way]({ shop: world.page().open() });

		await use(vue[way](state.shop), world, vue.reactive);
	});
