// What customers say to each other, and who is present: of the moment, so none of
// it is stored, but nothing is heard twice, and nothing lost that the daemon has.
// SEEDS says how many worlds to try, SEED a single one.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seeded } from './clock.mjs';
import { FakeNetwork } from './fake-network.mjs';
import { outcome, World } from './world.mjs';

const MINUTE = 60000, HOUR = 60 * MINUTE;
const features = ['presence', 'say'];
const stored = ({ sessionStorage, localStorage }) =>
	sessionStorage.text + localStorage.text;

// Ada, and a page with her friend Bob in it, whose network works.
async function started(options, world = new World()) {
	const { server, network, clock } = world;
	const page = world.page();
	const shop = page.open({ features, ...options });
	shop.startSession('Ada');
	await clock.advance(100);
	const friend = world.page(new FakeNetwork(clock, server));
	const guest = friend.open({ features });
	guest.joinSession('Bob');
	await clock.advance(1000);
	assert.equal(guest.state, 'online');
	return { world, page, shop, friend, guest, server, network, clock };
}

const heard = (page) => page.told('say').map(({ what }) => what);

for (const transport of ['websocket', 'polling']) {
	const options = { forcePolling: transport === 'polling' };

	test(`others hear what is said by ${transport}`, async () => {
		const { page, shop, friend, guest, network, clock } =
			await started(options);
		friend.network.latency = () => 1;
		let sent = 0;
		network.onPost = network.onSend = ({ event }) => {
			sent += event === 'say';
		};
		const said = [outcome(shop.say({ looks: 'at cheese' })),
			outcome(guest.say(['hello', 7, null, 'Ä']))];
		await clock.advance(1000);

		assert.deepEqual(said.map(({ is }) => is), ['resolved', 'resolved']);
		assert.deepEqual(friend.told('say'), [
			{ from: shop.customerId, what: { looks: 'at cheese' } }]);
		assert.deepEqual(page.told('say'), [
			{ from: guest.customerId, what: ['hello', 7, null, 'Ä'] }]);
		assert.equal(shop.pending, null);
		// What another says is no answer.
		assert.equal(sent, 1);
	});

	test(`one hears alone what is said to it by ${transport}`, async () => {
		const { world, page, shop, guest, clock } = await started(options);
		const other = world.page();
		other.open({ features }).joinSession('Cleo');
		await clock.advance(1000);
		guest.say('psst', { to: shop.customerId });
		await clock.advance(1000);

		assert.deepEqual(page.told('say'), [{ from: guest.customerId,
			what: 'psst', to: shop.customerId }]);
		assert.deepEqual(other.told('say'), []);
	});

	test(`who did not ask neither hears nor says by ${transport}`,
		async () => {
			for (const some of [undefined, ['lock', 'presence']]) {
				const { page, shop, friend, guest, network, clock } =
					await started({ ...options, features: some });
				const posts = network.posts.length;
				const said = outcome(shop.say('one'));
				guest.say('two');
				await clock.advance(1000);

				assert.equal(said.is, 'featureRequired');
				const [error] = page.told('error');
				assert.match(error.message, /features: \['say'\]/);
				assert.ok(network.posts.slice(posts).every(
					({ message }) => message.event !== 'say'));
				assert.deepEqual([heard(friend), heard(page)], [[], []]);
			}
		});

	test(`it is said in order, and carts meanwhile by ${transport}`,
		async () => {
			const { shop, friend, server, clock } = await started(options);
			const lines = Array.from({ length: 20 }, (_, i) => i);
			for (const i of lines)
				shop.say(i);
			const cart = outcome(shop.updateCart({ pears: 1 }));
			await clock.advance(2000);

			assert.equal(cart.is, 'resolved');
			assert.deepEqual(heard(friend), lines);
			const order = server.journal.map(([event]) => event);
			assert.ok(order.indexOf('updateCart') <
				order.lastIndexOf('say') - 15);
		});

	test(`carts that change all the time let one speak by ${transport}`,
		async () => {
			const { shop, friend, clock } = await started(options);
			shop.updateCart({ pears: -1 });
			const said = outcome(shop.say('hello'));
			const last = outcome(shop.say('you'));
			for (let pears = 0; pears < 200; pears++) {
				shop.updateCart({ pears });
				await clock.advance(1);
			}

			assert.deepEqual([said.is, last.is],
				['resolved', 'resolved']);
			assert.deepEqual(heard(friend), ['hello', 'you']);
		});

	test(`a refusal is its own by ${transport}`, async () => {
		const { page, shop, friend, guest, clock } = await started(options);
		const { customerId } = guest;
		guest.leave();
		await clock.advance(1000);
		const gone = outcome(shop.say('psst', { to: customerId }));
		const large = outcome(shop.say('x'.repeat(5000)));
		const nothing = outcome(shop.say(undefined));
		await clock.advance(1000);

		assert.deepEqual([gone.is, large.is, nothing.is],
			['unknownCustomer', 'messageTooLarge', 'invalidMessage']);
		assert.equal(shop.state, 'online');
		assert.equal(page.told('error').length, 3);
		assert.deepEqual(page.told('left'), []);
		assert.deepEqual(heard(friend), []);
	});

	test(`a daemon of before refuses it by ${transport}`, async () => {
		const world = new World();
		const { shop, page, server, network, clock } =
			await started(options, world);
		server.knows = ['lock'];
		const answer = { event: 'error', payload: { code: 'unknownEvent',
			message: 'There is no such event.' } };
		network.onPost = ({ event }) => event === 'say' ? { answer: {
			status: 400, body: { messages: [answer] } } } : {};
		network.onSend = ({ event }) => {
			if (event !== 'say')
				return {};
			[...server.peers].find(({ customer }) =>
				customer?.name === 'Ada').send(answer);
			return { lose: true };
		};
		const said = outcome(shop.say('hello'));
		await clock.advance(1000);

		assert.equal(said.is, 'unknownEvent');
		assert.equal(page.told('error').length, 1);
		assert.equal(shop.state, 'online');
	});

	test(`say-rate holds nothing else up by ${transport}`, async () => {
		const { shop, friend, server, clock } = await started(options);
		server.sayMoods.push('rateLimited');
		const said = outcome(shop.say('hello'));
		const cart = outcome(shop.updateCart({ pears: 1 }));
		await clock.advance(1000);
		assert.deepEqual([said.is, cart.is], ['pending', 'resolved']);
		await clock.advance(2000);

		assert.equal(said.is, 'resolved');
		assert.deepEqual(heard(friend), ['hello']);
	});

	test(`it waits for a network, for a while, by ${transport}`, async () => {
		const { page, shop, friend, network, clock } = await started(options);
		network.isUp = false;
		network.crash();
		await clock.advance(100);
		const said = outcome(shop.say('from a tunnel'));
		const late = outcome(shop.say('forget it', { timeout: 50 }));
		const controller = new AbortController();
		const withdrawn = outcome(shop.say('nor this',
			{ signal: controller.signal }));
		controller.abort(new RangeError('not now'));
		await clock.advance(5000);
		assert.deepEqual([said.is, late.is, withdrawn.is],
			['pending', 'timeout', 'RangeError']);
		assert.equal(shop.pending, null);
		assert.ok(!stored(page).includes('tunnel'));
		network.isUp = true;
		await clock.advance(14000);
		assert.equal(said.is, 'resolved');
		assert.deepEqual(heard(friend), ['from a tunnel']);

		network.isUp = false;
		network.crash();
		const lost = outcome(shop.say('too late'));
		await clock.advance(21000);
		network.isUp = true;
		await clock.advance(MINUTE);
		assert.equal(lost.is, 'timeout');
		assert.deepEqual(heard(friend), ['from a tunnel']);
	});

	test(`only so much waits by ${transport}`, async () => {
		const { shop, network, clock } = await started(options);
		network.isUp = false;
		network.crash();
		const said = Array.from({ length: 33 }, (_, i) =>
			outcome(shop.say(i)));
		await clock.advance(1);

		assert.equal(said[32].is, 'rateLimited');
		assert.equal(said[31].is, 'pending');
	});

	test(`who is not in says nothing by ${transport}`, async () => {
		const { shop, friend, clock } = await started(options);
		shop.say('well');
		shop.say('bye');
		shop.leave();
		const late = outcome(shop.say('too late'));
		await clock.advance(1000);
		const gone = outcome(shop.say('nobody'));
		await clock.advance(1000);
		shop.close();
		const closed = outcome(shop.say('nobody'));
		await clock.advance(1000);

		assert.deepEqual([late.is, gone.is, closed.is],
			['notJoined', 'notJoined', 'closed']);
		assert.deepEqual(heard(friend), ['well', 'bye']);
	});

	test(`what waits ends with the client by ${transport}`, async () => {
		for (const [act, code] of [['close', 'closed'],
			['end', 'leftSession']]) {
			const { shop, server, network, clock } = await started(options);
			network.isUp = false;
			network.crash();
			const said = [outcome(shop.say('one')), outcome(shop.say('two'))];
			await clock.advance(100);
			if (act === 'close')
				shop.close();
			else
				server.endSession('s1');
			network.isUp = true;
			await clock.advance(10000);

			assert.deepEqual(said.map(({ is }) => is), [code, code]);
		}
	});

	test(`an answer that is lost is no reason to say it twice by ${transport}`,
		async () => {
			const { shop, friend, network, clock } = await started(options);
			let lost = 0;
			network.onPost = ({ event }) =>
				({ loseAnswer: event === 'say' && lost++ < 2 });
			network.onDeliver = ({ event }) => {
				const isIt = event === 'say' && lost++ < 2;
				if (isIt)
					network.cut();
				return { lose: isIt };
			};
			const said = outcome(shop.say('once'));
			await clock.advance(10000);

			assert.ok(lost > 2);
			assert.equal(said.is, 'resolved');
			assert.deepEqual(heard(friend), ['once']);
		});

	test(`nobody knows what was said as the daemon went, by ${transport}`,
		async () => {
			const { page, shop, friend, server, network, clock } =
				await started(options);
			const lose = ({ event }) => event === 'say' ?
				{ lose: true, loseAnswer: true } : {};
			network.onPost = network.onDeliver = lose;
			const said = outcome(shop.say('one'));
			const next = outcome(shop.say('two'));
			await clock.advance(30);
			server.restart();
			network.crash();
			network.onPost = network.onDeliver = () => ({});
			await clock.advance(10000);

			assert.deepEqual([said.is, next.is], ['undelivered', 'resolved']);
			assert.equal(page.told('error').length, 1);
			assert.deepEqual(heard(friend), ['one', 'two']);
		});

	test(`what is said while one is away is heard by ${transport}`,
		async () => {
			const { page, shop, guest, network, clock } =
				await started(options);
			network.isUp = false;
			network.crash();
			for (let i = 0; i < 5; i++) {
				guest.say(i);
				await clock.advance(1000);
			}
			network.isUp = true;
			await clock.advance(20000);
			assert.deepEqual(heard(page), [0, 1, 2, 3, 4]);
			assert.deepEqual(page.told('missed'), []);

			network.isUp = false;
			network.crash();
			for (let i = 0; i < 50; i++) {
				guest.say(i);
				await clock.advance(150);
			}
			network.isUp = true;
			await clock.advance(20000);
			assert.deepEqual(page.told('missed'), [{ count: 18 }]);
			assert.deepEqual(heard(page).slice(5),
				Array.from({ length: 32 }, (_, i) => i + 18));
			assert.equal(shop.state, 'online');
		});

	test(`a number that is not new by ${transport}`, async () => {
		const { world, page, shop, friend, clock } = await started(options);
		shop.say('one');
		await clock.advance(1000);
		// The clock is set, and the page is reloaded.
		clock.set(-HOUR);
		const again = page.reload({ features, ...options });
		await clock.advance(1000);
		const said = outcome(again.say('two'));
		await clock.advance(5000);
		assert.equal(said.is, 'resolved');
		assert.deepEqual(heard(friend), ['one', 'two']);

		const twin = world.page();
		twin.sessionStorage = page.sessionStorage.copy();
		clock.set(HOUR);
		const other = twin.open({ features, ...options });
		await clock.advance(1000);
		for (let i = 0; i < 4; i++) {
			(i % 2 ? again : other).say(i);
			await clock.advance(1000);
		}
		assert.deepEqual(heard(friend).slice(-4), [0, 1, 2, 3]);
		assert.deepEqual(heard(page), []);
		assert.deepEqual(heard(twin), []);
	});

	test(`what a slower tab says is heard, too, by ${transport}`,
		async () => {
			const { world, page, shop, friend, network, clock } =
				await started(options);
			const twin = world.page(new FakeNetwork(clock, world.server));
			twin.sessionStorage = page.sessionStorage.copy();
			const other = twin.open({ features, ...options });
			await clock.advance(1000);
			let isOnce = true;
			const fate = ({ event }) => {
				const isIt = isOnce && event === 'say';
				isOnce = isOnce && !isIt;
				return isIt ? { delay: 250, cut: 1006 } : {};
			};
			network.onPost = network.onSend = fate;
			const said = [outcome(shop.say('one'))];
			await clock.advance(5);
			said.push(outcome(other.say('two')));
			await clock.advance(15000);

			assert.ok(!isOnce);
			assert.deepEqual(said.map(({ is }) => is),
				['resolved', 'resolved']);
			assert.deepEqual(heard(friend), ['two', 'one']);
		});

	test(`it is known who is present by ${transport}`, async () => {
		const { page, shop, friend, guest, server, network, clock } =
			await started(options);
		const both = [shop.customerId, guest.customerId];
		assert.deepEqual(shop.present, both);
		assert.deepEqual(page.told('presence').at(-1), both);
		const { present } = shop;
		friend.network.isUp = false;
		friend.network.crash();
		await clock.advance(2000);
		assert.equal(shop.present, present);
		await clock.advance(4000);
		assert.deepEqual(shop.present, [shop.customerId]);

		friend.network.isUp = true;
		await clock.advance(30000);
		assert.deepEqual(shop.present, both);
		// As it is after a restart, once.
		const count = page.told('presence').length;
		const before = shop.present;
		network.cut();
		await clock.advance(3000);
		assert.equal(shop.present, before);
		assert.equal(page.told('presence').length, count);
		server.restart();
		await clock.advance(30000);
		assert.deepEqual(shop.present, both);

		shop.leave();
		await clock.advance(1000);
		assert.equal(shop.present, null);
	});

	test(`a hidden page stays present by ${transport}`, async () => {
		const { page, shop, friend, guest, clock } = await started(options);
		page.show(false);
		await clock.advance(1000);
		const count = friend.told('presence').length;
		guest.say('hello');
		await clock.advance(1000);
		assert.deepEqual(heard(page), ['hello']);
		await clock.advance(3 * MINUTE);

		assert.deepEqual(guest.present, [shop.customerId, guest.customerId]);
		assert.equal(friend.told('presence').length, count);
	});
}

const hide = ({ window }, isPersisted) => window.dispatchEvent(Object.assign(
	new Event('pagehide'), { persisted: isPersisted }));

test('a page that goes says goodbye by a beacon', async () => {
	const { page, shop, guest, network, clock } =
		await started({ forcePolling: true });
	const { token } = network.posts.slice(-1)[0].message.payload;
	const count = network.posts.length;
	hide(page, false);
	await clock.advance(MINUTE);

	assert.deepEqual(guest.present, [guest.customerId]);
	assert.equal(network.posts.length, count);
	assert.deepEqual(network.beacons, [{
		url: 'https://shop.example/together/s1',
		message: { event: 'goodbye',
			payload: { token, customerId: shop.customerId } } }]);
});

test('who leaves has left, though a cart waits before that', async () => {
	const { page, shop, guest, network, clock } =
		await started({ forcePolling: true });
	network.onPost = ({ event }) =>
		event === 'updateCart' ? { delay: 5000 } : {};
	shop.updateCart({ pears: 1 });
	const left = outcome(shop.leave());
	await clock.advance(100);
	hide(page, true);
	await clock.advance(1000);
	assert.equal(guest.multicart.length, 1);
	assert.deepEqual(network.beacons.map(({ message: { event } }) => event),
		['leaveSession']);
	// A page that comes back finds that out.
	await clock.advance(10000);
	assert.equal(left.is, 'resolved');
});

test('a page that goes on after all is there again', async () => {
	for (const act of [({ page }) => page.show(true),
		({ page }) => page.document.dispatchEvent(new Event('resume')),
		({ page }) => page.window.dispatchEvent(new Event('online')),
		({ shop }) => shop.reconnect(),
		({ shop }) => shop.updateCart({ tea: 1 }),
		({ shop }) => shop.say('hello'),
		({ shop }) => shop.joinSession('Ada')]) {
		const all = await started({ forcePolling: true });
		hide(all.page, false);
		await all.clock.advance(1000);
		act(all);
		await all.clock.advance(2000);
		assert.equal(all.shop.state, 'online', act);
		assert.equal(all.guest.present.length, 2);
	}
});

test('a page that goes says goodbye, where that is of use', async () => {
	const { page, shop, guest, network, clock } =
		await started({ forcePolling: true });
	network.takesBeacons = false;
	hide(page, false);
	await clock.advance(100);
	assert.deepEqual(guest.present, [guest.customerId]);
	const { url, keepalive, credentials, headers, message } =
		network.posts.slice(-1)[0];
	assert.equal(message.event, 'goodbye');
	assert.deepEqual([url, keepalive, credentials, headers],
		['https://shop.example/together/s1', true, 'omit', undefined]);
	const count = network.posts.length;
	await clock.advance(MINUTE);
	assert.equal(network.posts.length, count);

	// A reloaded one never left.
	const again = page.reload({ features, forcePolling: true });
	await clock.advance(1000);
	assert.equal(again.customerId, shop.customerId);
	assert.deepEqual(guest.present, [shop.customerId, guest.customerId]);
});

test('a page that comes back is present again', async () => {
	const { page, shop, guest, clock } = await started({ forcePolling: true });
	hide(page, true);
	await clock.advance(HOUR);
	assert.deepEqual(guest.present, [guest.customerId]);
	guest.say('hello');
	page.window.dispatchEvent(Object.assign(new Event('pageshow'),
		{ persisted: true }));
	await clock.advance(1000);

	assert.equal(shop.state, 'online');
	assert.deepEqual(guest.present, [shop.customerId, guest.customerId]);
	assert.deepEqual(heard(page), ['hello']);
});

test('no goodbye from who has a WebSocket, leaves, or is not known',
	async () => {
		for (const [what, act, isPolling] of [
			['a WebSocket', () => {}, false],
			['leaving', ({ shop }) => {
				shop.leave();
			}, true],
			['a daemon of before', async ({ world, page }) => {
				world.server.knows = ['lock'];
				page.reload({ forcePolling: true });
				await world.clock.advance(1000);
			}, true],
			['nobody', async ({ shop, clock }) => {
				shop.leave();
				await clock.advance(1000);
			}, true],
		]) {
			const all = await started({ forcePolling: isPolling });
			const { page, network, clock, server } = all;
			await act(all);
			hide(page, false);
			await clock.advance(1000);
			const sent = [...network.posts, ...network.beacons];
			assert.ok(sent.every(({ message }) =>
				message.event !== 'goodbye'), what);
			// Nor is what is under way given up.
			if (what === 'leaving')
				assert.equal(server.multicart('s1').length, 1);
		}
	});

test('another tab of the customer stays', async () => {
	const { world, page, shop, friend, guest, clock } =
		await started({ forcePolling: true });
	world.server.graceMs = 50;
	const twin = world.page();
	twin.sessionStorage = page.sessionStorage.copy();
	twin.open({ features, forcePolling: true });
	await clock.advance(1000);
	// What it polls for has been held for a moment only.
	guest.updateCart({ pears: 1 });
	await clock.advance(100);
	hide(page, false);
	await clock.advance(100);
	assert.deepEqual(guest.present, [shop.customerId, guest.customerId]);
	const count = friend.told('presence').length;
	await clock.advance(MINUTE);
	assert.equal(friend.told('presence').length, count);
});

// Polls beside a WebSocket, one after the other: which tells first is chance.
test('nothing is heard twice by two lines', async () => {
	const { page, shop, guest, server, network, clock } = await started();
	for (let i = 0; i < 2; i++) {
		network.cut();
		await clock.advance(2000);
	}
	const polls = () => network.posts.filter(({ message }) =>
		message.event === 'poll').length;
	const before = polls();
	const said = [];
	for (let i = 0; i < 40; i++) {
		network.latency = () => i % 2 * 30 + 5;
		network.onPost = () => ({ answerDelay: i % 3 * 20 + 1 });
		guest.say(i);
		said.push(i);
		await clock.advance(50);
	}
	await clock.advance(1000);

	assert.ok(polls() > before + 5);
	assert.equal(shop.transport, 'websocket');
	assert.deepEqual(heard(page), said);
	assert.equal(server.present('s1').length, 2);
});

// Three who talk on a network that does its worst, but for what TCP does not let
// it do: what a connection brings is in order, and whole until it ends.
function fault(random) {
	const dice = random();
	return {
		// As what was under way to a daemon is.
		isBrittle: true,
		loseRequest: dice < 0.1,
		loseAnswer: dice > 0.1 && dice < 0.25,
		cut: dice < 0.03 ? 1006 : undefined,
		repeat: dice > 0.8,
		delay: random() < 0.2 ? 3000 * random() : 10,
		answerDelay: random() < 0.2 ? 3000 * random() : 10,
	};
}

class Talker {
	said = [];
	stored = [];

	constructor(world, name, random) {
		this.name = name;
		this.random = random;
		this.network = new FakeNetwork(world.clock, world.server);
		this.network.onPost = () => fault(random);
		this.network.onSend = ({ event }) =>
			({ ...fault(random), ...event !== 'say' && { repeat: false } });
		this.network.latency = () => 200 * random();
		this.page = world.page(this.network);
		this.shop = this.page.open({ features });
	}

	act() {
		switch (Math.floor(9 * this.random())) {
		case 0:
			this.network.upgrades = ['pass', 'drop', 'hang'][
				Math.floor(3 * this.random())];
			break;
		case 1:
			this.network.cut();
			break;
		case 2:
			this.network.isUp = !this.network.isUp;
			break;
		case 3:
			this.shop.forcePolling = this.random() < 0.5;
			break;
		case 4:
			this.shop.reconnect();
			break;
		case 5:
			this.shop.updateCart({ a: this.random() });
			break;
		default:
			this.say(`${this.name} ${this.said.length}`);
		}
	}

	say(line) {
		this.said.push([line, outcome(this.shop.say(line,
			{ timeout: 10 * MINUTE }))]);
	}

	heal() {
		this.network.onPost = this.network.onSend = () => ({});
		this.network.latency = () => 10;
		this.network.upgrades = 'pass';
		this.network.isUp = true;
		this.shop.forcePolling = false;
	}
}

async function talk(seed) {
	const world = new World(seed);
	const random = seeded(seed + 1000000);
	const talkers = [];
	for (const name of ['Ada', 'Bob', 'Cleo']) {
		const talker = new Talker(world, name, random);
		talkers.push(talker);
		talker.shop[name === 'Ada' ? 'startSession' : 'joinSession'](name);
		while (talker.shop.state !== 'online')
			await world.clock.advance(1000);
	}
	for (let step = 0; step < 60; step++) {
		talkers[Math.floor(3 * random())].act();
		if (random() < 0.03)
			world.server.restart();
		await world.clock.advance(random() < 0.1 ? 5000 * random() :
			500 * random());
	}
	for (const talker of talkers)
		talker.heal();
	await world.clock.advance(12 * MINUTE);
	for (const { network } of talkers)
		network.cut();
	await world.clock.advance(MINUTE);
	return { world, talkers };
}

function check({ world, talkers }) {
	const spoken = world.journal.filter(([event]) => event === 'say')
		.map(([, , what]) => what);
	assert.equal(new Set(spoken).size, spoken.length, 'it was said twice');
	assert.ok(spoken.length > 5);
	for (const { name, page, said, shop } of talkers) {
		const lines = heard(page);
		assert.equal(new Set(lines).size, lines.length,
			`${name} heard twice`);
		assert.deepEqual(lines, spoken.filter((line) =>
			lines.includes(line)), `${name} heard another order`);
		const missed = page.told('missed')
			.reduce((sum, { count }) => sum + count, 0);
		const others = spoken.filter((line) => !line.startsWith(name));
		assert.ok(lines.length + missed >= others.length -
			world.server.unheard, `${name} did not hear all`);
		for (const [line, { is }] of said)
			assert.equal(spoken.includes(line), is === 'resolved' ||
				(is === 'undelivered' && spoken.includes(line)), line);
		// What is undelivered may still be on its way, and arrive behind others.
		const taken = said.filter(([, { is }]) => is === 'resolved')
			.map(([line]) => line);
		assert.deepEqual(spoken.filter((line) => taken.includes(line)),
			taken);
		assert.equal(shop.transport, 'websocket');
		assert.equal(shop.present.length, 3);
	}
}

test('nothing is said or heard twice, nor lost', async () => {
	const only = process.env.SEED;
	const count = Number(process.env.SEEDS ?? 40);
	const seeds = only === undefined ?
		Array.from({ length: count }, (_, i) => i) : [Number(only)];
	for (const seed of seeds)
		try {
			check(await talk(seed));
		} catch (error) {
			error.message = `SEED=${seed}: ${error.message}`;
			throw error;
		}
});
