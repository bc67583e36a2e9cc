// A client in React's components: in StrictMode, which mounts all twice, unless
// something else is said.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BuddyShopping } from '../buddyshopping.js';
import { Store } from '../store.js';
import { findPackage, importBinding, whyWithout } from './packages.mjs';
import { carts, outcome, World } from './world.mjs';

const skip = whyWithout('react', 'react-test-renderer', 'react-dom/server');
const react = findPackage('react');
const renderer = findPackage('react-test-renderer');
const { useBuddyShopping } = skip ? {} : await importBinding('react.js');

const roots = [];

// It says otherwise that there are better ways, which need a document.
globalThis.IS_REACT_NATIVE_TEST_ENVIRONMENT = true;

// Resolves when all is rendered that the steps lead to.
async function act(steps) {
	globalThis.IS_REACT_ACT_ENVIRONMENT = true;
	const result = await renderer.act(steps);
	globalThis.IS_REACT_ACT_ENVIRONMENT = false;
	return result;
}

// What a browser has, for those tests that are in one.
function inBrowser(name, steps) {
	test(name, { skip }, async () => {
		const world = new World();
		globalThis.window = new EventTarget();
		try {
			await steps(world);
		} finally {
			for (const root of roots.splice(0))
				await act(async () => root.unmount());
			await nextTurn();
			delete globalThis.window;
		}
		assert.equal(world.network.openSockets, 0);
	});
}

// A component that keeps what it was rendered with.
function makeView(options) {
	const View = ({ what, children = null }) => {
		const shopping = useBuddyShopping(what, options);
		react.useEffect(() => {
			View.effects++;
		}, [shopping]);
		View.now = shopping;
		return children;
	};
	View.effects = 0;
	return View;
}

function element(...args) {
	return react.createElement(...args);
}

// A tree in StrictMode; show() replaces it, which unmounts what is not in it.
async function mount(tree) {
	let root;
	const strict = (inner) => element(react.StrictMode, null, inner);
	await act(async () => {
		root = renderer.create(strict(tree));
	});
	roots.push(root);
	return {
		show: (inner) => act(async () => {
			root.update(strict(inner));
			await null;
		}),
	};
}

function pass({ clock }, ms = 100) {
	return act(() => clock.advance(ms));
}

// What is closed is closed in the next turn.
function nextTurn() {
	return act(() => new Promise((resolve) => setTimeout(resolve)));
}

inBrowser('mounted twice it is one client, which stays', async (world) => {
	const page = world.page();
	const View = makeView(page.optionsWith({}));
	await mount(element(View, { what: world.session }));
	const { shop } = View.now;
	const entered = outcome(shop.startSession('Ada'));
	await pass(world);
	await nextTurn();
	await pass(world);

	assert.equal(entered.is, 'resolved');
	assert.equal(View.now.shop, shop);
	assert.equal(View.now.state, 'online');
	assert.equal(View.now.customerId, entered.value);
	assert.equal(world.network.handshakes.length, 1);
	assert.deepEqual(world.journal, [['startSession', 'Ada']]);
});

inBrowser('a customer comes back after a reload, once', async (world) => {
	const page = world.page();
	page.open().startSession('Ada');
	await world.clock.advance(100);
	page.shop.updateCart({ pears: 1 });
	await world.clock.advance(100);
	const { customerId } = page.shop;
	page.shop.close();
	const { handshakes } = world.network;
	handshakes.length = 0;

	const View = makeView(page.optionsWith({}));
	const { show } = await mount(element(View, { what: world.session }));
	assert.equal(View.now.customerId, customerId);
	assert.deepEqual(View.now.cart, { pears: 1 });
	await pass(world);
	assert.equal(handshakes.length, 1);
	const { shop } = View.now;
	await show(null);
	await nextTurn();
	await pass(world);
	assert.equal(shop.state, 'closed');
	assert.equal(world.network.openSockets, 0);
	assert.deepEqual(world.journal, [['startSession', 'Ada'],
		['updateCart', 'Ada', { pears: 1 }]]);
});

inBrowser('it is rendered when something changed', async (world) => {
	const View = makeView(world.page().optionsWith({}));
	await mount(element(View, { what: world.session }));
	const { shop } = View.now;
	shop.startSession('Ada');
	await pass(world);
	const friend = await act(() =>
		world.friend('joinSession', 'Bob'));

	const seen = View.now;
	View.effects = 0;
	await act(async () => {
		for (const type of ['multicart', 'pending', 'state', 'left'])
			shop.dispatchEvent(new Event(type));
	});
	await pass(world, 120000);
	assert.equal(View.effects, 0);
	assert.equal(View.now, seen);

	friend.updateCart({ pears: 1 });
	await pass(world);
	assert.equal(View.effects, 1);
	assert.deepEqual(carts(View.now), { Ada: {}, Bob: { pears: 1 } });
	await act(async () => {
		shop.updateCart({ tea: 1 });
	});
	assert.equal(View.effects, 2);
	assert.deepEqual(View.now.cart, { tea: 1 });
	assert.equal(View.now.pending.count, 1);
	await pass(world);
	assert.equal(View.now.pending, null);
	shop.leave();
	await pass(world);
	assert.equal(View.now.state, 'idle');
	assert.equal(View.now.cart, null);
	assert.equal(View.now.multicart, null);
});

inBrowser('all who name a URL share its client', async (world) => {
	const options = world.page().optionsWith({});
	const [Outer, Inner] = [makeView(options), makeView()];
	const { show } = await mount(element(Outer, { what: world.session },
		element(Inner, { what: new URL(world.session) })));
	const { shop } = Outer.now;

	assert.ok(shop instanceof BuddyShopping);
	shop.startSession('Ada');
	await pass(world);
	assert.equal(Inner.now, Outer.now);
	// Mounted anew, in the place of the other.
	await show(element(Outer, { what: world.session, key: 2 }));
	await nextTurn();
	assert.equal(Outer.now.shop, shop);
	await pass(world);
	assert.equal(shop.state, 'online');
	assert.equal(world.network.handshakes.length, 1);
	await show(null);
	await nextTurn();
	assert.equal(shop.state, 'closed');
});

inBrowser('another URL is another client', async (world) => {
	const View = makeView(world.page().optionsWith({}));
	const { show } = await mount(element(View, { what: null }));
	assert.equal(View.now.shop, null);
	assert.equal(View.now.state, 'idle');

	await show(element(View, { what: world.session }));
	const { shop } = View.now;
	shop.startSession('Ada');
	await pass(world);
	await show(element(View, { what: `${world.session}-too` }));
	await nextTurn();
	assert.notEqual(View.now.shop, shop);
	assert.equal(View.now.multicart, null);
	assert.equal(shop.state, 'closed');
	await show(element(View, { what: undefined }));
	await nextTurn();
	assert.equal(View.now.shop, null);
	assert.equal(world.network.openSockets, 0);
});

inBrowser('a client that was made elsewhere stays open', async (world) => {
	const shop = world.page().open();
	const listeners = new Set();
	for (const [name, act] of [['addEventListener', 'add'],
		['removeEventListener', 'delete']]) {
		const original = shop[name];
		shop[name] = function (type, listener) {
			listeners[act](listener);
			original.call(this, type, listener);
		};
	}
	const View = makeView();
	const { show } = await mount(element(View, { what: shop }));
	shop.startSession('Ada');
	await pass(world);

	assert.equal(View.now.shop, shop);
	assert.equal(View.now.customerId, shop.customerId);
	assert.equal(listeners.size, 1);
	await show(null);
	await nextTurn();
	assert.equal(shop.state, 'online');
	assert.equal(listeners.size, 0);
	shop.close();
});

// Whoever comes says the options when it is committed, and opens the client when
// its effects run, which may be in a later turn.
inBrowser('who comes when the last has just gone has its options', async (world) => {
	const options = world.page().optionsWith({ forcePolling: true });
	const [first, second, third] = [0, 0, 0].map(() =>
		new Store(world.session));
	first.configure(options);
	first.subscribe(() => {})();
	second.configure(options);
	await nextTurn();

	// Effects run from the inside to the outside.
	const ends = [third, second].map((store) => store.subscribe(() => {}));
	const { shop } = second.read();
	assert.equal(shop.forcePolling, true);
	assert.equal(third.read().shop, shop);

	// As React does with what it hides and shows again.
	ends.forEach((end) => end());
	await nextTurn();
	assert.equal(shop.state, 'closed');
	const end = second.subscribe(() => {});
	assert.notEqual(second.read().shop, shop);
	assert.equal(second.read().shop.forcePolling, true);
	end();
});

inBrowser('no ticket is none until there is one', async (world) => {
	const page = world.page();
	const store = new Store(world.session);
	world.network.isUp = false;
	store.configure(page.optionsWith({ ticket: undefined }));
	const end = store.subscribe(() => {});
	const { shop } = store.read();
	shop.startSession('Ada');
	assert.match(page.sessionStorage.text, /Ada/);

	const sent = [];
	world.server.accountOf = (ticket) => sent.push(ticket) && ticket;
	store.configure(page.optionsWith({ ticket: 'a ticket' }));
	world.network.isUp = true;
	await pass(world, 60000);
	assert.equal(shop.state, 'online');
	assert.deepEqual(sent, ['a ticket']);
	end();
});

inBrowser('the newest function fetches a ticket', async (world) => {
	const asked = [];
	const page = world.page();
	world.server.accountOf = (ticket) => ticket;
	const View = ({ name }) => {
		const ticket = () => {
			asked.push(name);
			return name;
		};
		View.now = useBuddyShopping(world.session,
			page.optionsWith({ ticket }));
		return null;
	};
	const { show } = await mount(element(View, { name: 'first' }));
	const { shop } = View.now;
	await show(element(View, { name: 'second' }));
	shop.startSession('Ada');
	await pass(world);

	assert.equal(View.now.shop, shop);
	assert.deepEqual(asked, ['second']);
	assert.equal(shop.state, 'online');
});

test('a server shows that there is nobody yet', { skip }, () => {
	const { renderToString } = findPackage('react-dom/server');
	const View = ({ what }) => {
		const { state, shop, multicart } = useBuddyShopping(what);
		return `${state} ${shop} ${multicart}`;
	};

	for (const what of ['/together/s1', 'https://shop.example/s1', null])
		assert.equal(renderToString(element(View, { what })),
			'idle null null');
});
