// A client in Vue's components and scopes.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { findPackage, importBinding, whyWithout } from './packages.mjs';
import { carts, outcome, World } from './world.mjs';

const skip = whyWithout('vue', 'vue/server-renderer');
const vue = findPackage('vue');
const { useBuddyShopping } = skip ? {} : await importBinding('vue.js');

function inBrowser(name, steps) {
	test(name, { skip }, async () => {
		const world = new World();
		globalThis.window = new EventTarget();
		try {
			await steps(world);
			await nextTurn();
			assert.equal(world.network.openSockets, 0);
		} finally {
			delete globalThis.window;
		}
	});
}

// What is closed is closed in the next turn.
function nextTurn() {
	return new Promise((resolve) => setTimeout(resolve));
}

// What is shown in a document of texts: { text, children }.
function mount(component) {
	const node = (text = '') => ({ text, children: [] });
	const { createApp } = vue.createRenderer({
		createElement: node, createText: node, createComment: node,
		setText: (one, text) => Object.assign(one, { text }),
		setElementText: (one, text) => Object.assign(one, { text }),
		patchProp() {},
		insert(child, parent) {
			child.parent = parent;
			parent.children.push(child);
		},
		remove: (child) => child.parent.children.splice(
			child.parent.children.indexOf(child), 1),
		parentNode: (one) => one.parent ?? null,
		nextSibling: () => null,
	});
	const app = createApp(component);
	app.mount(node());
	return app;
}

inBrowser('a scope has a client, and ends with it', async (world) => {
	const scope = vue.effectScope();
	const { shop, state, cart, multicart, pending } = scope.run(() =>
		useBuddyShopping(world.session, world.page().optionsWith({})));
	const client = shop.value;
	const told = [];
	vue.watch(multicart, () => told.push(carts(client)), { flush: 'sync' });
	const entered = outcome(client.startSession('Ada'));
	await world.clock.advance(100);

	assert.equal(entered.is, 'resolved');
	assert.equal(state.value, 'online');
	assert.ok(!vue.isReactive(shop.value));
	told.length = 0;
	client.updateCart({ pears: 1 });
	assert.deepEqual(cart.value, { pears: 1 });
	assert.equal(pending.value.count, 1);
	await world.clock.advance(100);
	assert.equal(pending.value, null);
	for (const type of ['multicart', 'pending', 'state', 'left'])
		client.dispatchEvent(new Event(type));
	assert.deepEqual(told, [{ Ada: { pears: 1 } }]);
	scope.stop();
	assert.equal(client.state, 'online');
	await nextTurn();
	assert.equal(client.state, 'closed');
	assert.deepEqual(world.journal.map(([event]) => event),
		['startSession', 'updateCart']);
});

inBrowser('components of a URL share its client', async (world) => {
	const seen = { shown: [] };
	const Inner = { setup() {
		seen.inner = useBuddyShopping(world.session);
		return () => null;
	} };
	const options = world.page().optionsWith({});
	const app = mount({ setup() {
		seen.outer = useBuddyShopping(new URL(world.session), options);
		return () => {
			seen.shown.push(seen.outer.state.value);
			return vue.h(Inner);
		};
	} });
	const shop = seen.outer.shop.value;
	assert.equal(seen.inner.shop.value, shop);
	shop.startSession('Ada');
	await world.clock.advance(100);

	assert.deepEqual(seen.shown, ['idle', 'connecting', 'online']);
	assert.equal(world.network.handshakes.length, 1);
	app.unmount();
	await nextTurn();
	assert.equal(shop.state, 'closed');
});

for (const hook of ['onBeforeMount', 'onMounted'])
	inBrowser(`first used in ${hook} it is open, too`, async (world) => {
		const options = world.page().optionsWith({});
		let shop;
		const app = mount({ setup() {
			vue[hook](() => {
				({ shop } = useBuddyShopping(world.session, options));
			});
			return () => null;
		} });
		await vue.nextTick();

		const client = shop.value;
		assert.equal(client?.state, 'idle');
		app.unmount();
		await nextTurn();
		assert.equal(client.state, 'closed');
	});

inBrowser('a ref says which session it is', async (world) => {
	const scope = vue.effectScope();
	const options = world.page().optionsWith({});
	const url = vue.ref(null);
	const { shop, state, multicart } = scope.run(() =>
		useBuddyShopping(url, options));
	assert.equal(shop.value, null);

	url.value = world.session;
	const first = shop.value;
	first.startSession('Ada');
	await world.clock.advance(100);
	url.value = `${world.session}-too`;
	await nextTurn();
	assert.notEqual(shop.value, first);
	assert.equal(first.state, 'closed');
	assert.equal(multicart.value, null);
	assert.equal(state.value, 'idle');
	scope.stop();
});

inBrowser('a client that was made elsewhere stays open', async (world) => {
	const client = vue.reactive(world.page().open());
	const scope = vue.effectScope();
	const { shop, state } = scope.run(() => useBuddyShopping(() => client));
	client.startSession('Ada');
	await world.clock.advance(100);

	assert.equal(shop.value, client);
	assert.equal(state.value, 'online');
	scope.stop();
	await nextTurn();
	assert.equal(client.state, 'online');
	client.updateCart({ pears: 1 });
	client.close();
	assert.equal(state.value, 'online');
});

test('a server shows that there is nobody yet', { skip }, async () => {
	const { renderToString } = findPackage('vue/server-renderer');
	const View = { setup() {
		const { state, shop } = useBuddyShopping('/together/s1', {});
		return () => `${state.value} ${shop.value}`;
	} };

	assert.equal(await renderToString(vue.createSSRApp(View)), 'idle null');
	// As a store does, outside of components.
	const { shop } = vue.effectScope().run(() =>
		useBuddyShopping('https://shop.example/s1', {}));
	assert.equal(shop.value, null);
});
