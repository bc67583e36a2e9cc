// What the client does when the network is against it.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';

import { carts, outcome, World } from './world.mjs';

const MINUTE = 60000;
const HOURS = 1e7;
const FAILURE_KEY = 'buddyshopping shop.example';

async function started(options, prepare = () => {}) {
	const world = new World();
	prepare(world.network);
	const page = world.page();
	const shop = page.open(options);
	shop.startSession('Ada');
	await world.clock.advance(100);
	const { server, network, clock, journal } = world;
	return { world, page, shop, server, network, clock, journal };
}

// How many records the journal has of an event.
function count(journal, event) {
	return journal.filter(([name]) => name === event).length;
}

test('a dropped handshake lets polling start at once', async () => {
	const { shop, journal } = await started({}, (network) => {
		network.upgrades = 'drop';
	});

	assert.equal(shop.transport, 'polling');
	assert.equal(count(journal, 'startSession'), 1);
});

for (const upgrades of ['forbid', 'throw'])
	test(`a policy against WebSocket lets polling start: ${upgrades}`,
		async () => {
			const { page, shop, network, clock } = await started({},
				(hostile) => {
					hostile.upgrades = upgrades;
				});

			assert.equal(shop.transport, 'polling');
			assert.notEqual(page.localStorage.getItem(FAILURE_KEY), null);
			const { length } = network.handshakes;
			await clock.advance(9 * MINUTE);
			assert.equal(network.handshakes.length, length);
		});

test('a hanging handshake lets polling start after 3 s', async () => {
	const { shop, network, clock } = await started({}, (hostile) => {
		hostile.upgrades = 'hang';
	});

	await clock.advance(2899);
	assert.equal(network.posts.length, 0);
	assert.equal(shop.state, 'connecting');
	await clock.advance(200);

	assert.equal(shop.transport, 'polling');
	assert.equal(network.handshakes.length, 1);
});

test('a late WebSocket takes over, nothing lost or repeated', async () => {
	const { page, shop, network, clock, journal } = await started({},
		(hostile) => {
			hostile.upgradeMs = 5000;
		});
	// The change is stored, but its answer is still under way.
	network.onPost = ({ event }) =>
		event === 'updateCart' ? { answerDelay: 3000 } : {};

	await clock.advance(4850);
	assert.equal(shop.transport, 'polling');
	const stored = outcome(shop.updateCart({ pears: 1 }));
	await clock.advance(500);

	assert.equal(shop.transport, 'websocket');
	assert.equal(stored.is, 'resolved');
	assert.equal(count(journal, 'updateCart'), 1);
	assert.equal(count(journal, 'startSession'), 1);
	assert.deepEqual(network.pending, { poll: 0, other: 0 });
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
});

test('a start on both lines makes one customer', async () => {
	const { shop, network, clock, journal } = await started({},
		(hostile) => {
			hostile.upgradeMs = 3500;
			hostile.onPost = () => ({ answerDelay: 2000 });
		});

	await clock.advance(10000);

	assert.equal(shop.transport, 'websocket');
	assert.equal(count(journal, 'startSession'), 1);
	assert.equal(network.posts[0].message.payload.requestId.length, 24);
});

test('that WebSocket failed is remembered for 10 minutes', async () => {
	const { page, network, clock } = await started({}, (hostile) => {
		hostile.upgrades = 'drop';
	});
	await clock.advance(1000);
	const tried = network.handshakes.length;
	network.upgrades = 'pass';

	const shop = page.reload();
	await clock.advance(9 * MINUTE);
	assert.equal(network.handshakes.length, tried);
	assert.equal(shop.transport, 'polling');
	await clock.advance(MINUTE);

	assert.equal(shop.transport, 'websocket');
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
	assert.deepEqual(page.told('state').map(({ transport }) => transport),
		[null, 'polling', 'websocket'].slice(-2));
});

test('what is remembered is not forgotten over a lost poll', async () => {
	const { page, network, clock } = await started({}, (hostile) => {
		hostile.upgrades = 'drop';
	});
	await clock.advance(1000);
	const tried = network.handshakes.length;

	network.isUp = false;
	const shop = page.reload();
	await clock.advance(3000);
	network.isUp = true;
	await clock.advance(MINUTE);

	assert.equal(shop.transport, 'polling');
	assert.equal(network.handshakes.length, tried);
});

test('what is remembered from a wrong clock is ignored', async () => {
	const world = new World();
	const page = world.page();
	page.localStorage.setItem(FAILURE_KEY,
		String(world.clock.now() + 11 * MINUTE));

	const shop = page.open();
	shop.startSession('Ada');
	await world.clock.advance(100);

	assert.equal(shop.transport, 'websocket');
});

test('a network that is down says nothing about WebSocket', async () => {
	const { page, shop, network, clock } = await started();
	network.isUp = false;
	network.cut();

	await clock.advance(5 * MINUTE);
	assert.equal(shop.state, 'connecting');
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
	network.isUp = true;
	await clock.advance(41000);

	assert.equal(shop.transport, 'websocket');
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
});

test('a proxy that lets no poll pass does not clear WebSocket', async () => {
	for (const fate of [{ answer: { status: 403, body: 'No!' } },
		{ loseRequest: true }, { answer: { status: 200, body: 'Yes?' } }]) {
		const { network, clock } = await started();
		network.upgrades = 'drop';
		network.onPost = ({ event }) => event === 'poll' ? fate : {};
		network.handshakes.length = 0;
		network.cut();

		await clock.advance(9 * MINUTE);

		assert.ok(network.handshakes.length <= 2);
		assert.ok(network.posts.length > 20);
	}
});

test('a WebSocket that is cut again and again is done without', async () => {
	const { page, shop, network, clock } = await started();

	for (let i = 0; i < 3; i++) {
		await clock.advance(5000);
		assert.equal(shop.transport, 'websocket');
		network.cut();
	}
	await clock.advance(1000);

	assert.equal(shop.transport, 'polling');
	assert.notEqual(page.localStorage.getItem(FAILURE_KEY), null);
});

for (const lateMs of [-5, 0, 5])
	for (const downMs of [0, 300, 1500])
		test('a daemon that crashes is not WebSocket\'s fault: for ' +
			`${downMs} ms, polls ${lateMs} ms late`, async () => {
			const { page, shop, network, clock } = await started();

			for (let i = 0; i < 6; i++) {
				await clock.advance(4000);
				assert.equal(shop.transport, 'websocket');
				network.isUp = downMs === 0;
				network.crash(lateMs);
				await clock.advance(downMs);
				network.isUp = true;
			}
			await clock.advance(3000);

			assert.equal(shop.transport, 'websocket');
			assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
		});

test('lost polls do not clear a WebSocket that was cut', async () => {
	const { shop, network, clock } = await started();
	for (let i = 0; i < 3; i++) {
		await clock.advance(5000);
		network.cut();
	}
	await clock.advance(1000);
	assert.equal(shop.transport, 'polling');
	network.onPost = ({ event }) =>
		event === 'poll' ? { loseRequest: true } : {};
	const tried = network.handshakes.length;

	await clock.advance(9 * MINUTE);

	assert.equal(network.handshakes.length, tried);
});

test('a daemon that restarts is not WebSocket\'s fault', async () => {
	const { page, shop, server, network, clock } = await started();

	for (let i = 0; i < 3; i++) {
		await clock.advance(3000);
		server.restart();
		await clock.advance(2100);
		assert.equal(shop.transport, 'websocket');
	}

	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
	assert.equal(network.posts.length, 0);
});

test('what is under way with the last WebSocket is polled', async () => {
	const { shop, network, clock } = await started();
	for (let i = 0; i < 2; i++) {
		await clock.advance(4000);
		network.cut();
	}
	await clock.advance(4000);
	network.swallow();

	const stored = outcome(shop.updateCart({ pears: 1 }));
	network.cut();
	await clock.advance(1100);

	assert.equal(shop.transport, 'polling');
	assert.equal(stored.is, 'resolved');
});

test('a witness beside WebSocket is needed for 10 seconds only', async () => {
	const { shop, network, clock } = await started();
	for (let i = 0; i < 2; i++) {
		await clock.advance(3000);
		network.cut();
	}
	await clock.advance(3000);
	assert.equal(shop.transport, 'websocket');
	assert.deepEqual(network.pending, { poll: 1, other: 0 });

	await clock.advance(10000);

	assert.equal(shop.transport, 'websocket');
	assert.deepEqual(network.pending, { poll: 0, other: 0 });
});

test('a hidden tab, whose polls are not held, is no witness', async () => {
	const { page, shop, network, clock } = await started();
	page.show(false);

	for (let i = 0; i < 6; i++) {
		await clock.advance(5000);
		network.crash();
	}
	await clock.advance(21000);

	assert.equal(shop.transport, 'websocket');
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
});

test('one that is cut when it idles is taken up again', async () => {
	const { shop, network, clock, journal } = await started();

	for (let i = 0; i < 10; i++) {
		await clock.advance(MINUTE);
		network.cut();
		await clock.advance(1100);
		assert.equal(shop.transport, 'websocket');
	}

	assert.equal(network.posts.length, 0);
	assert.equal(journal.length, 1);
});

test('attempts spread over 0 to 20 s, twice as far each time', async () => {
	const world = new World();
	const { network, clock } = world;
	network.isUp = false;
	const page = world.page();
	// The latest moment that is possible, each time.
	page.open({ platform: { random: () => 1 } }).startSession('Ada');

	await clock.advance(90000);

	const pauses = (times) => times.slice(1)
		.map(({ at }, i) => at - times[i].at - 10);
	const spread = [500, 1000, 2000, 4000, 8000, 16000, 20000, 20000];
	assert.deepEqual(pauses(network.handshakes), spread);
	assert.deepEqual(pauses(network.posts), spread);
});

test('a mute WebSocket is found out by a probe', async () => {
	const { shop, network, clock } = await started();

	network.swallow();
	await clock.advance(MINUTE + 9000);
	assert.equal(network.handshakes.length, 1);
	await clock.advance(2000);

	assert.equal(network.handshakes.length, 2);
	assert.equal(shop.transport, 'websocket');
});

test('a mute WebSocket is found out by a change', async () => {
	const { shop, network, clock, journal } = await started();

	network.swallow();
	const stored = outcome(shop.updateCart({ pears: 1 }));
	await clock.advance(22000);

	assert.equal(stored.is, 'resolved');
	assert.equal(count(journal, 'updateCart'), 1);
});

for (const type of ['online', 'pageshow', 'visibilitychange'])
	test(`${type} finds a mute WebSocket out within 5 s`, async () => {
		const { page, shop, network, clock } = await started();
		network.swallow();

		const event = Object.assign(new Event(type), { persisted: true });
		(type === 'visibilitychange' ? page.document : page.window)
			.dispatchEvent(event);
		await clock.advance(6000);

		assert.equal(network.handshakes.length, 2);
		assert.equal(shop.transport, 'websocket');
	});

// What a page hears, and on which of its objects.
const SIGNS = [['window', 'online'], ['window', 'offline'],
	['window', 'pageshow'], ['document', 'visibilitychange'],
	['document', 'resume'], ['connection', 'change']];

function sign(page, [on, type]) {
	page[on].dispatchEvent(Object.assign(new Event(type),
		{ persisted: true }));
}

for (const transport of ['websocket', 'polling'])
	for (const one of SIGNS)
		test(`${one[1]} finds a mute line out, by ${transport}`, async () => {
			const { page, network, clock } = await started(
				{ forcePolling: transport === 'polling' });
			await clock.advance(20000);
			page.events.length = 0;
			network.swallow();
			network.onPost = () => ({ delay: HOURS });

			sign(page, one);
			await clock.advance(4900);
			assert.deepEqual(page.told('state'), []);
			await clock.advance(200);

			assert.equal(page.told('state')[0].state, 'connecting');
			network.onPost = () => ({});
			await clock.advance(21000);
			assert.deepEqual(page.told('state').map(({ state }) => state),
				['connecting', 'online']);
		});

for (const type of ['online', 'offline', 'resume'])
	test(`a hidden tab hears ${type}`, async () => {
		const { page, network, clock } = await started();
		page.show(false);
		await clock.advance(2.5 * MINUTE);
		network.swallow();

		sign(page, SIGNS.find(([, name]) => name === type));
		await clock.advance(5100);

		assert.equal(network.handshakes.length, 2);
		assert.equal(page.shop.state, 'online');
	});

test('a hidden tab with a mute WebSocket stays in the multicart', async () => {
	const { world, page, network, clock } = await started();
	const guest = await world.friend('joinSession', 'Bob');
	page.show(false);
	await clock.advance(5 * MINUTE);

	network.swallow();
	await clock.advance(MINUTE + 10000);
	assert.equal(page.told('state').pop().state, 'online');
	assert.equal(network.handshakes.length, 2);
	page.shop.updateCart({ pears: 1 });
	await clock.advance(100);

	assert.deepEqual(carts(guest).Ada, { pears: 1 });
});

for (const transport of ['websocket', 'polling'])
	test(`a line that works is checked once by ${transport}`, async () => {
		const { page, shop, network, clock } = await started(
			{ forcePolling: transport === 'polling' });
		const said = [];
		const hear = ({ event }) => {
			if (event !== 'poll')
				said.push(event);
		};
		network.onSend = network.onPost = hear;
		await clock.advance(20000);
		page.events.length = 0;

		for (const one of SIGNS)
			sign(page, one);
		await clock.advance(3000);
		assert.deepEqual(said, ['resumeSession']);
		shop.updateCart({ pears: 1 });
		await clock.advance(100);
		for (const one of SIGNS)
			sign(page, one);
		// Something that is heard later shows that the line lives.
		shop.setReady(true);
		await clock.advance(5000);

		assert.deepEqual(said, ['resumeSession', 'updateCart',
			'customerReadyToCheckout']);
		assert.deepEqual(page.told('state'), []);
	});

for (const transport of ['websocket', 'polling'])
	test(`what was heard just before shows nothing, by ${transport}`,
		async () => {
			const { page, shop, network, clock } = await started(
				{ forcePolling: transport === 'polling' });
			shop.updateCart({ pears: 1 });
			await clock.advance(100);
			network.swallow();
			network.onPost = () => ({ delay: HOURS });

			page.window.dispatchEvent(new Event('online'));
			await clock.advance(6000);

			assert.ok(page.told('state').some(({ state }, i, all) =>
				i > 0 && state === 'connecting' &&
				all[i - 1].state === 'online'));
		});

test('a sign of trouble shortens what is waited for already', async () => {
	const { page, shop, network, clock } = await started();
	await clock.advance(MINUTE / 2);
	network.swallow();
	const stored = outcome(shop.updateCart({ pears: 1 }));
	await clock.advance(1000);

	page.window.dispatchEvent(new Event('online'));
	await clock.advance(5200);

	assert.equal(stored.is, 'resolved');
});

test('signs of trouble do not keep polling from saying hello', async () => {
	const { page, shop, network, clock } = await started({ forcePolling:
		true }, (hostile) => {
		hostile.latency = () => 300;
	});

	for (let i = 0; i < 3; i++) {
		page.connection.dispatchEvent(new Event('change'));
		await clock.advance(250);
	}

	assert.equal(shop.state, 'online');
	assert.equal(network.posts.filter(({ message }) =>
		message.event === 'startSession').length, 1);
});

test('a hello that hangs at a sign of trouble gets 5 seconds', async () => {
	const { page, shop, network, clock } = await started({ forcePolling:
		true }, (hostile) => {
		hostile.onPost = () => ({ delay: HOURS });
	});
	await clock.advance(2000);
	network.onPost = () => ({});

	page.window.dispatchEvent(new Event('online'));
	await clock.advance(2000);
	page.window.dispatchEvent(new Event('online'));
	assert.equal(network.posts.length, 1);
	await clock.advance(1000);

	assert.equal(shop.state, 'online');
});

test('a handshake of before a sign of trouble is not WebSocket\'s', async () => {
	const { page, shop, network, clock } = await started({}, (hostile) => {
		hostile.upgrades = 'hang';
	});
	await clock.advance(3500);
	assert.equal(shop.transport, 'polling');

	page.window.dispatchEvent(new Event('online'));
	network.upgrades = 'pass';
	await clock.advance(5700);

	assert.equal(shop.transport, 'websocket');
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
});

for (const transport of ['websocket', 'polling'])
	test(`a sleep of the computer is noticed by ${transport}`, async () => {
		const { page, network, clock } = await started(
			{ forcePolling: transport === 'polling' });
		await clock.advance(12000);
		page.events.length = 0;

		network.swallow();
		network.onPost = () => ({ delay: HOURS });
		// Timers and the browser's own clock stand still meanwhile.
		clock.set(20 * MINUTE);
		await clock.advance(10000 + 5100);

		assert.equal(page.told('state')[0].state, 'connecting');
	});

test('waking up ends a pause between attempts', async () => {
	const { page, shop, network, clock } = await started();
	network.isUp = false;
	network.cut();
	await clock.advance(5 * MINUTE);
	network.isUp = true;

	page.window.dispatchEvent(new Event('online'));
	await clock.advance(100);

	assert.equal(shop.transport, 'websocket');
});

for (const transport of ['websocket', 'polling']) {
	const options = { forcePolling: transport === 'polling' };

	test(`a restart of the server is survived by ${transport}`, async () => {
		const { world, page, shop, server, network, clock } =
			await started(options);
		const guest = await world.friend('joinSession', 'Bob');
		const { customerId } = shop;

		network.isUp = false;
		server.restart();
		const stored = outcome(shop.updateCart({ pears: 1 }));
		await clock.advance(20000);
		assert.equal(stored.is, 'pending');
		network.isUp = true;
		await clock.advance(45000);

		assert.equal(stored.is, 'resolved');
		assert.equal(shop.customerId, customerId);
		assert.equal(shop.transport, transport);
		assert.deepEqual(carts(shop), { Ada: { pears: 1 }, Bob: {} });
		assert.deepEqual(guest.multicart, shop.multicart);
		assert.deepEqual(page.told('left'), []);
	});

	test(`a reload resumes by ${transport}`, async () => {
		const { page, shop, clock, journal } = await started(options);
		const { customerId } = shop;
		shop.updateCart({ pears: 1 });
		await clock.advance(100);

		const again = page.reload(options);
		const entered = outcome(again.startSession('Ada'));
		await clock.advance(100);
		again.updateCart({ pears: 2 });
		await clock.advance(100);

		assert.equal(entered.value, customerId);
		assert.deepEqual(carts(again), { Ada: { pears: 2 } });
		assert.equal(journal.length, 3);
	});

	test(`a reload says what was not stored by ${transport}`, async () => {
		const { page, shop, network, clock, journal } =
			await started(options);
		network.isUp = false;
		shop.updateCart({ pears: 1 });
		shop.setReady(true);
		await clock.advance(100);
		network.isUp = true;

		const again = page.reload(options);
		await clock.advance(200);

		assert.deepEqual(carts(again), { Ada: { pears: 1 } });
		assert.equal(again.multicart[0].owner.isReadyToCheckout, true);
		assert.equal(journal.length, 3);
	});

	test(`a reload during the start starts once by ${transport}`, async () => {
		const world = new World();
		const page = world.page();
		page.open(options).startSession('Ada');
		await world.clock.advance(transport === 'polling' ? 15 : 25);
		assert.equal(world.journal.length, 1);

		const shop = page.reload(options);
		await world.clock.advance(1000);

		assert.equal(shop.state, 'online');
		assert.deepEqual(Object.keys(carts(shop)), ['Ada']);
		assert.equal(world.journal.length, 1);
	});

	test(`a clock that was set back does not hurt by ${transport}`,
		async () => {
			const { page, shop, clock } = await started(options);
			shop.updateCart({ pears: 1 });
			await clock.advance(100);

			const again = page.reload({ ...options, platform: {
				now: () => clock.now() - 60 * MINUTE } });
			await clock.advance(200);
			const stored = outcome(again.updateCart({ pears: 2 }));
			await clock.advance(200);

			assert.equal(stored.is, 'resolved');
			assert.deepEqual(carts(again), { Ada: { pears: 2 } });
		});

	test(`the remembered customer's end lets join by ${transport}`,
		async () => {
			const { page, shop, server, clock } = await started(options);
			const { customerId } = shop;
			shop.close();
			server.endSession('s1');

			const again = page.reload(options);
			const entered = outcome(again.startSession('Ada'));
			const stored = outcome(again.updateCart({ pears: 1 }));
			await clock.advance(1000);

			assert.equal(entered.is, 'resolved');
			assert.equal(stored.is, 'resolved');
			assert.notEqual(again.customerId, customerId);
			assert.deepEqual(carts(again), { Ada: { pears: 1 } });
		});

	test(`who was away too long returns by ${transport}`, async () => {
		const { world, page, shop, server, network, clock } =
			await started(options);
		const guest = await world.friend('joinSession', 'Bob');
		shop.updateCart({ pears: 1 });
		await clock.advance(100);
		network.isUp = false;
		network.cut();
		await clock.advance(3 * MINUTE);
		server.expire('Ada');
		await clock.advance(100);
		assert.deepEqual(carts(guest), { Bob: {} });

		network.isUp = true;
		page.window.dispatchEvent(new Event('online'));
		await clock.advance(200);

		assert.deepEqual(carts(guest), { Ada: { pears: 1 }, Bob: {} });
		assert.deepEqual(shop.multicart, guest.multicart);
	});
}

test('an answer that is lost makes nothing happen twice', async () => {
	const { shop, network, clock, journal } =
		await started({ forcePolling: true });
	const losses = { updateCart: 2, customerReadyToCheckout: 2,
		leaveSession: 2 };
	network.onPost = ({ event }) =>
		losses[event]-- > 0 ? { loseAnswer: true } : {};

	const wishes = [shop.updateCart({ pears: 1 }), shop.setReady(true),
		shop.leave()].map(outcome);
	await clock.advance(2 * MINUTE);

	assert.deepEqual(wishes.map(({ is }) => is),
		['resolved', 'resolved', 'resolved']);
	assert.equal(journal.length, 4);
});

test('who leaves has left, whichever answer tells it first', async () => {
	for (const fate of [{ answerDelay: 500 }, { loseAnswer: true }]) {
		const { page, shop, network, clock } =
			await started({ forcePolling: true });
		network.onPost = ({ event }) =>
			event === 'leaveSession' ? fate : {};

		const left = outcome(shop.leave());
		await clock.advance(MINUTE);

		assert.equal(left.is, 'resolved');
		assert.deepEqual(page.told('left'), [{ code: null }]);
	}
});

test('a lost start makes no second customer', async () => {
	const { shop, clock, journal } = await started({ forcePolling: true },
		(network) => {
			let losses = 3;
			network.onPost = () => losses-- > 0 ?
				{ loseAnswer: true } : {};
		});

	await clock.advance(20000);

	assert.equal(shop.state, 'online');
	assert.equal(journal.length, 1);
});

test('requests that arrive twice act once', async () => {
	for (const forcePolling of [true, false]) {
		const { shop, clock, journal } = await started({ forcePolling },
			(network) => {
				network.onPost = () => ({ repeat: true });
				network.onSend = () => ({ repeat: true });
				network.onDeliver = () => ({ repeat: true });
			});

		const stored = [];
		for (let i = 0; i < 5; i++) {
			stored.push(outcome(shop.updateCart({ i })));
			await clock.advance(100);
		}
		const left = outcome(shop.leave());
		await clock.advance(100);

		assert.ok(stored.every(({ is }) => is === 'resolved'));
		assert.equal(left.is, 'resolved');
		assert.equal(journal.length, 7);
	}
});

test('an old request that comes late changes nothing', async () => {
	const { shop, server, network, clock } =
		await started({ forcePolling: true });
	shop.updateCart({ i: 1 });
	await clock.advance(100);
	const old = network.posts.find(({ message }) =>
		message.event === 'updateCart').message;
	shop.updateCart({ i: 2 });
	await clock.advance(100);

	await server.post('s1', JSON.stringify(old));
	await clock.advance(100);

	assert.deepEqual(carts(shop), { Ada: { i: 2 } });
});

function multicartOf(cursor, cart) {
	return { event: 'multicartUpdate', cursor, payload: {
		multicartContent: [{ owner: { name: 'Ada' }, content: cart }] } };
}

const OVERTAKEN = [['1.10', { i: 10 }], ['1.9', { i: 9 }], ['1.1', { i: 1 }],
	['1.10', { i: 10 }], ['1.11', { i: 11 }], ['2.3', { i: 23 }],
	['2.2', { i: 22 }]];
const IN_ORDER = [10, 11, 23];

test('an older multicart is dropped on WebSocket', async () => {
	const { page, server, clock } = await started();
	page.events.length = 0;

	for (const peer of server.peers)
		for (const [cursor, cart] of OVERTAKEN)
			peer.send(multicartOf(cursor, cart));
	await clock.advance(1000);

	assert.deepEqual(page.told('multicart')
		.map(([{ content }]) => content.i), IN_ORDER);
});

test('an older multicart that a poll brings is dropped', async () => {
	const { page, shop, network, clock } = await started();
	for (let i = 0; i < 2; i++) {
		network.cut();
		await clock.advance(2000);
	}
	const polls = [];
	network.onPost = ({ event, payload }) => {
		if (event === 'poll')
			polls.push(payload.cursor);
		return { answerDelay: 1000 };
	};
	page.events.length = 0;

	for (let i = 0; i < 20; i++) {
		shop.updateCart({ i });
		await clock.advance(300);
	}
	await clock.advance(2000);

	assert.equal(shop.transport, 'websocket');
	assert.ok(polls.length > 3);
	assert.deepEqual(page.told('multicart').map(([{ content }]) => content.i),
		Array.from({ length: 20 }, (_, i) => i));
});

// The revision that is shown then is less than one that was seen before.
for (const transport of ['websocket', 'polling']) {
	const forcePolling = transport === 'polling';
	const saved = async () => {
		const it = await started({ forcePolling });
		const bob = await it.world.friend('joinSession', 'Bob');
		it.shop.updateCart({ i: 0 });
		await it.clock.advance(1000);
		const restore = it.server.backup('s1');
		for (let i = 1; i < 10; i++) {
			it.shop.updateCart({ i });
			await it.clock.advance(100);
		}
		return { ...it, bob, restore };
	};

	test(`what came back from a backup is shown, by ${transport}`,
		async () => {
			const { shop, network, clock, restore } = await saved();
			network.posts.length = 0;
			restore();
			network.crash();
			await clock.advance(10000);

			assert.deepEqual(carts(shop), { Ada: { i: 0 }, Bob: {} });
			assert.equal(shop.transport, transport);
			assert.ok(network.posts.length < 5);

			shop.updateCart({ i: 20 });
			await clock.advance(1000);
			assert.deepEqual(carts(shop), { Ada: { i: 20 }, Bob: {} });
		});

	test(`a revision that comes back is another one, by ${transport}`,
		async () => {
			const { shop, bob, network, clock, restore } = await saved();
			network.isUp = false;
			restore();
			network.crash();
			await clock.advance(5000);
			for (let i = 1; i < 10; i++) {
				bob.updateCart({ i });
				await clock.advance(100);
			}
			network.isUp = true;
			await clock.advance(MINUTE);

			assert.deepEqual(carts(shop),
				{ Ada: { i: 0 }, Bob: { i: 9 } });
		});
}

test('of what came back from a backup the newest is shown', async () => {
	const { page, shop, server, network, clock } = await started();
	for (let i = 0; i < 2; i++) {
		network.cut();
		await clock.advance(2000);
	}
	for (let i = 0; i < 5; i++) {
		shop.updateCart({ i });
		await clock.advance(100);
	}
	// The poll beside WebSocket gets an answer that hello overtakes.
	const late = { delay: 1000, answer: { status: 200, body: {
		messages: [multicartOf('1.2', { i: 2 })], cursor: '1.2' } } };
	let isLate = true;
	network.onPost = ({ event }) => {
		const isIt = isLate && event === 'poll';
		isLate = isLate && !isIt;
		return isIt ? late : {};
	};
	shop.updateCart({ i: 5 });
	await clock.advance(100);
	assert.equal(isLate, false);

	const session = server.sessions.get('s1');
	session.revision = 3;
	session.customers[0].cart = { i: 3 };
	page.events.length = 0;
	network.cut();
	await clock.advance(2000);

	assert.deepEqual(page.told('multicart')
		.map(([{ content }]) => content.i), [3]);
});

test('an answer that shows nothing new is no storm', async () => {
	const { page, network, clock } = await started({ forcePolling: true });
	const [{ owner: { id } }] = page.shop.multicart;
	const answer = { status: 200, body: { messages: [multicartOf('1.0',
		{ id })], cursor: '1.0' } };
	network.onPost = ({ event }) => event === 'poll' ? { answer } : {};
	network.posts.length = 0;
	await clock.advance(MINUTE);

	assert.ok(network.posts.length < 60);
});

test('one POST that says something at a time, and one poll', async () => {
	const { shop, network, clock } = await started({ forcePolling: true });
	network.latency = () => 300;

	for (let i = 0; i < 50; i++) {
		shop.updateCart({ i });
		shop.setReady(i % 2 === 0);
		await clock.advance(50);
	}
	await clock.advance(5000);

	assert.deepEqual(network.most, { poll: 1, other: 1 });
	assert.deepEqual(carts(shop), { Ada: { i: 49 } });
});

test('a cut-off held poll makes the next ones shorter', async () => {
	const { shop, network, clock } = await started({
		forcePolling: true, platform: { random: () => 0 } });
	// A proxy gives up after 8 s of silence.
	network.onPost = ({ event, payload }) =>
		event === 'poll' && payload.wait > 7 ?
			{ delay: 8000, loseRequest: true } : {};

	await clock.advance(2 * MINUTE);

	const waits = network.posts
		.filter(({ message }) => message.event === 'poll')
		.map(({ message }) => message.payload.wait);
	assert.deepEqual([...new Set(waits)], [25, 12, 6]);
	assert.equal(shop.transport, 'polling');
});

test('polls that are released at once do not become a storm', async () => {
	const { network, clock } = await started({ forcePolling: true });
	network.onPost = ({ event }) => event === 'poll' ?
		{ answer: { status: 200, body: { messages: [] } } } : {};
	network.posts.length = 0;

	await clock.advance(MINUTE);

	assert.ok(network.posts.length < 60);
	assert.ok(network.posts.length > 10);
});

test('a hidden tab polls slowly, and at once when shown', async () => {
	const { world, page, shop, network, clock } =
		await started({ forcePolling: true });
	const guest = await world.friend('joinSession', 'Bob');
	page.show(false);
	await clock.advance(30000);
	network.posts.length = 0;

	await clock.advance(10 * MINUTE);
	assert.ok(network.posts.length >= 8 && network.posts.length <= 15);
	const pauses = network.posts.slice(1)
		.map(({ at }, i) => at - network.posts[i].at);
	assert.ok(Math.max(...pauses) < 75000);
	guest.updateCart({ pears: 1 });
	await clock.advance(100);
	page.show(true);
	await clock.advance(100);

	assert.deepEqual(carts(shop), { Ada: {}, Bob: { pears: 1 } });
});

test('a change of a hidden tab goes out at once', async () => {
	const { page, shop, network, clock } =
		await started({ forcePolling: true });
	page.show(false);
	await clock.advance(MINUTE);
	let losses = 1;
	network.onPost = ({ event }) =>
		event === 'updateCart' && losses-- > 0 ? { loseAnswer: true } : {};

	const stored = outcome(shop.updateCart({ pears: 1 }));
	await clock.advance(2000);

	assert.equal(stored.is, 'resolved');
});

test('polling can be forced and left at any time', async () => {
	const { world, page, shop, network, clock, journal } = await started();
	const guest = await world.friend('joinSession', 'Bob');

	for (let i = 0; i < 6; i++) {
		shop.forcePolling = i % 2 === 0;
		shop.updateCart({ i });
		await clock.advance(200);
		assert.equal(shop.transport,
			i % 2 === 0 ? 'polling' : 'websocket');
		assert.deepEqual(carts(guest), { Ada: { i }, Bob: {} });
	}

	assert.equal(count(journal, 'updateCart'), 6);
	assert.deepEqual(network.pending, { poll: 0, other: 0 });
	assert.deepEqual(page.told('error'), []);
});

test('what stands between is no daemon, and is waited out', async () => {
	for (const answer of [
		{ status: 502, body: '<html>Bad Gateway</html>' },
		{ status: 200, body: 'Welcome to our wireless network' },
		{ status: 200, body: '{"messages":[null]}' },
		{ status: 200, body: '{"messages":[]}' },
		{ status: 503, body: '', headers: { 'Retry-After': '10' } },
	]) {
		const { shop, network, clock } = await started(
			{ forcePolling: true }, (hostile) => {
				hostile.onPost = () => ({ answer });
			});
		await clock.advance(30000);
		assert.equal(shop.state, 'connecting');
		assert.ok(network.posts.length < 15);

		network.onPost = () => ({});
		await clock.advance(21000);

		assert.equal(shop.transport, 'polling');
	}
});

test('a gateway that finds a cart too large is believed', async () => {
	const { shop, network, clock } = await started({ forcePolling: true });
	network.onPost = ({ event }) => event === 'updateCart' ?
		{ answer: { status: 413, body: 'too large' } } : {};

	const stored = outcome(shop.updateCart({ pears: 1 }));
	await clock.advance(1000);

	assert.equal(stored.is, 'messageTooLarge');
	assert.equal(shop.transport, 'polling');
});

test('a page without WebSocket polls', async () => {
	const { shop } = await started({ platform: { WebSocket: undefined } });

	assert.equal(shop.transport, 'polling');
});

test('a refused hello is not WebSocket\'s fault', async () => {
	const { page, shop, server, network, clock } = await started();
	for (let i = 0; i < 8; i++)
		server.moods.push('storageUnavailable');

	network.cut();
	await clock.advance(2 * MINUTE);

	assert.equal(shop.transport, 'websocket');
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
});

test('after close nothing is heard or asked any more', async () => {
	for (const forcePolling of [true, false]) {
		const { world, page, shop, network, clock } =
			await started({ forcePolling });
		const guest = await world.friend('joinSession', 'Bob');
		shop.close();
		page.events.length = 0;
		assert.deepEqual(getEventListeners(page.window, 'online'), []);
		const said = network.posts.length + network.handshakes.length;

		guest.updateCart({ pears: 1 });
		page.window.dispatchEvent(new Event('online'));
		await clock.advance(30 * MINUTE);

		assert.deepEqual(page.events, []);
		assert.equal(network.posts.length + network.handshakes.length,
			said);
		assert.deepEqual(network.pending, { poll: 0, other: 0 });
	}
});

// Counts the timers of clock that are set, in timers.
function counted(clock, timers) {
	return {
		setTimeout: (ring, ms) => {
			const id = clock.setTimeout(() => {
				timers.delete(id);
				ring();
			}, ms);
			timers.add(id);
			return id;
		},
		clearTimeout: (id) => {
			timers.delete(id);
			clock.clearTimeout(id);
		},
	};
}

// A page that wants to start, and nobody answers.
function connecting(forcePolling) {
	const world = new World();
	const { network, clock } = world;
	const timers = new Set();
	network.onPost = () => ({ delay: HOURS });
	network.upgrades = 'hang';
	const page = world.page();
	const shop = page.open({ forcePolling,
		platform: counted(clock, timers) });
	shop.startSession('Ada');
	return { page, shop, network, clock, timers };
}

test('close ends all that goes on, whenever it comes', async () => {
	for (const forcePolling of [true, false])
		for (let ms = 100; ms < MINUTE; ms += 3000) {
			const { page, shop, network, clock, timers } =
				connecting(forcePolling);
			await clock.advance(ms);
			page.window.dispatchEvent(new Event('online'));
			shop.close();
			await clock.settle();

			assert.equal(timers.size, 0);
			assert.deepEqual(network.pending, { poll: 0, other: 0 });
		}
});

test('a gateway\'s Retry-After is respected', async () => {
	const { network, clock } = await started({ forcePolling: true,
		platform: { random: () => 0 } }, (hostile) => {
		hostile.onPost = () => ({ answer: { status: 503, body: '',
			headers: { 'Retry-After': '10' } } });
	});

	await clock.advance(25000);

	assert.equal(network.posts.length, 3);
});

for (const hours of [-5, 5])
	test(`Retry-After is that long, the clock set by ${hours} h`, async () => {
		const { network, clock } = await started({ forcePolling: true,
			platform: { random: () => 0 } }, (hostile) => {
			hostile.onPost = () => ({ answer: { status: 503, body: '',
				headers: { 'Retry-After': '10' } } });
		});

		await clock.advance(5000);
		clock.set(hours * 60 * MINUTE);
		await clock.advance(4000);
		assert.equal(network.posts.length, 1);
		await clock.advance(16000);

		assert.equal(network.posts.length, 3);
	});

for (const seconds of ['99999999', 'Infinity', '86400'])
	test(`a Retry-After of ${seconds} s is cut to 10 minutes`, async () => {
		const { shop, network, clock } = await started({
			forcePolling: true }, (hostile) => {
			hostile.onPost = () => ({ answer: { status: 503, body: '',
				headers: { 'Retry-After': seconds } } });
		});
		network.onPost = () => ({});

		await clock.advance(9 * MINUTE);
		assert.equal(network.posts.length, 1);
		await clock.advance(MINUTE + 1000);

		assert.equal(shop.state, 'online');
	});

for (const transport of ['websocket', 'polling'])
	test(`retryAfter by ${transport} outlives no clock`, async () => {
		const { shop, server, clock } = await started({
			forcePolling: transport === 'polling' });
		server.moods.push('storageUnavailable');

		const stored = outcome(shop.updateCart({ pears: 1 }));
		await clock.advance(1000);
		clock.set(-5 * 60 * MINUTE);
		await clock.advance(3000);

		assert.equal(stored.is, 'resolved');
	});

for (const hours of [-5, 5])
	test(`WebSocket is done without for 10 minutes, the clock set by ` +
		`${hours} h`, async () => {
		const { shop, network, clock } = await started({}, (hostile) => {
			hostile.upgrades = 'drop';
		});
		await clock.advance(1000);
		const tried = network.handshakes.length;
		network.upgrades = 'pass';

		clock.set(hours * 60 * MINUTE);
		await clock.advance(9 * MINUTE);
		assert.equal(network.handshakes.length, tried);
		await clock.advance(MINUTE);

		assert.equal(shop.transport, 'websocket');
	});

test('WebSocket is not to blame for what the daemon refuses', async () => {
	const { page, shop, server, clock } =
		await started({ forcePolling: true });

	server.moods.push('rateLimited');
	shop.forcePolling = false;
	await clock.advance(100);
	assert.equal(shop.transport, 'polling');
	await clock.advance(3000);

	assert.equal(shop.transport, 'websocket');
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
});

test('WebSocket is tried as soon as polling works again', async () => {
	const { page, shop, network, clock } =
		await started({ platform: { random: () => 1 } });
	network.isUp = false;
	network.cut();
	await clock.advance(2 * MINUTE);
	const tried = network.handshakes.length;
	while (network.handshakes.length === tried)
		await clock.advance(5);

	// This attempt fails yet, and the next would come after 20 seconds.
	await clock.advance(12);
	network.isUp = true;
	await clock.advance(1000);

	assert.equal(shop.transport, 'websocket');
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
});

test('an attempt of before an outage\'s end is made afresh', async () => {
	const { page, shop, network, clock } = await started({
		platform: { random: () => 0.1 } }, (hostile) => {
		hostile.upgrades = 'hang';
		hostile.onPost = () => ({ loseRequest: true });
	});
	await clock.advance(6000);
	assert.equal(shop.state, 'connecting');

	network.onPost = () => ({});
	network.upgrades = 'pass';
	await clock.advance(3900);

	assert.equal(shop.transport, 'websocket');
	assert.equal(page.localStorage.getItem(FAILURE_KEY), null);
});

test('a page that is shown for the first time needs no waking', async () => {
	const { page, network, clock } = await started({ forcePolling: true });
	const { length } = network.posts;

	page.window.dispatchEvent(new Event('pageshow'));
	await clock.advance(100);

	assert.equal(network.posts.length, length);
});

test('what is heard late of an old request harms no new one', async () => {
	const { page, shop, network, clock } = await started({
		forcePolling: true });
	const slow = network.fetch;
	const again = page.reload({ forcePolling: true, platform: {
		fetch: (url, request) => {
			const isChange = request.body.includes('updateCart');
			return slow(url, request).catch((error) => isChange ?
				new Promise((_, reject) => clock.setTimeout(() =>
					reject(error), 200)) : Promise.reject(error));
		} } });
	await clock.advance(100);
	network.onPost = ({ event }) => event === 'updateCart' ?
		{ answerDelay: 5000 } : {};
	again.updateCart({ pears: 1 });
	await clock.advance(100);
	network.onPost = () => ({});
	network.posts.length = 0;

	page.window.dispatchEvent(new Event('online'));
	await clock.advance(5000);

	const resumed = network.posts.filter(({ message }) =>
		message.event === 'resumeSession');
	assert.equal(resumed.length, 1);
	assert.equal(again.transport, 'polling');
	assert.equal(shop.state, 'closed');
});

test('after a long sleep a poll is a resume', async () => {
	const world = new World();
	const { clock, network } = world;
	const page = world.page();
	page.open({ forcePolling: true, platform: {
		// A browser that lets hidden tabs sleep.
		setTimeout: (ring, ms) =>
			clock.setTimeout(ring, ms === 45000 ? 200000 : ms) } });
	page.shop.startSession('Ada');
	page.show(false);
	await clock.advance(5000);
	network.posts.length = 0;

	await clock.advance(200000);

	assert.equal(network.posts[0].message.event, 'resumeSession');
});

test('an answer without an answer is asked for again', async () => {
	const { shop, network, clock } = await started({ forcePolling: true });
	let times = 1;
	network.onPost = ({ event }) => event === 'updateCart' && times-- > 0 ?
		{ answer: { status: 200, body: { messages: [] } } } : {};

	const stored = outcome(shop.updateCart({ pears: 1 }));
	await clock.advance(2000);

	assert.equal(stored.is, 'resolved');
});

test('to unforce polling is to try WebSocket at once', async () => {
	const { page, shop, network, clock } = await started({}, (hostile) => {
		hostile.upgrades = 'drop';
	});
	assert.notEqual(page.localStorage.getItem(FAILURE_KEY), null);
	network.upgrades = 'pass';

	shop.forcePolling = true;
	shop.forcePolling = false;
	await clock.advance(100);

	assert.equal(shop.transport, 'websocket');
});

test('a WebSocket that works is left alone', async () => {
	const { world, shop, network, clock } = await started();
	const guest = await world.friend('joinSession', 'Bob');
	const said = [];
	network.onSend = ({ event }) => {
		said.push(event);
	};

	shop.updateCart({ pears: 1 });
	for (let i = 0; i < 10; i++) {
		guest.updateCart({ i });
		await clock.advance(50000);
	}
	assert.deepEqual(said, ['updateCart']);
	await clock.advance(2 * MINUTE);

	assert.deepEqual(said, ['updateCart', 'resumeSession',
		'resumeSession']);
	assert.equal(network.handshakes.length, 1);
	assert.equal(shop.transport, 'websocket');
});
