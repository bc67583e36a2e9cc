// Friends who share a link: whoever comes first is the host, and nobody is told
// of the refusals that belong to it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeNetwork } from './fake-network.mjs';
import { carts, outcome, World } from './world.mjs';

const refusal = (event, code) => ({ answer: { status: 404, body: {
	messages: [{ event: 'error', payload: { event, code } }] } } });

for (const transport of ['websocket', 'polling']) {
	const options = { forcePolling: transport === 'polling' };

	test(`the first starts and the next joins by ${transport}`, async () => {
		const { world, page, clock } = parts();
		const ada = page.open(options);
		const since = clock.now();

		const started = outcome(ada.enter('Ada'));
		await clock.advance(35);
		assert.deepEqual(ada.pending.what, ['enter']);
		assert.equal(ada.pending.since, since);
		ada.updateCart({ pears: 1 });
		await clock.advance(100);
		const other = world.page();
		const bob = other.open(options);
		const joined = outcome(bob.enter('Bob'));
		await clock.advance(100);

		assert.equal(started.value, ada.customerId);
		assert.equal(joined.value, bob.customerId);
		assert.deepEqual(carts(bob), { Ada: { pears: 1 }, Bob: {} });
		assert.deepEqual(bob.multicart.map(({ owner }) => owner.isHost),
			[true, false]);
		for (const one of [page, other]) {
			assert.deepEqual(one.told('error'), []);
			assert.deepEqual(one.told('left'), []);
			assert.deepEqual(one.told('state').map(({ state }) => state),
				['connecting', 'online']);
		}
	});

	test(`several press at once by ${transport}`, async () => {
		const { world, clock } = parts();
		const names = ['Ada', 'Bob', 'Cleo', 'Dan'];
		const pages = names.map(() =>
			world.page(new FakeNetwork(clock, world.server)));

		const entered = pages.map((page, i) =>
			outcome(page.open(options).enter(names[i])));
		await clock.advance(1000);

		assert.deepEqual(entered.map(({ is }) => is),
			names.map(() => 'resolved'));
		for (const page of pages) {
			assert.deepEqual(Object.keys(carts(page.shop)).sort(), names);
			assert.deepEqual(page.told('error'), []);
		}
		assert.equal(pages[0].shop.multicart.filter(({ owner }) =>
			owner.isHost).length, 1);
		assert.deepEqual(world.journal.map(([event]) => event),
			['startSession', ...Array(3).fill('joinSession')]);
	});

	test(`a reload goes on entering by ${transport}`, async () => {
		const { world, page, clock } = parts();
		page.open(options).enter('Ada');
		await clock.advance(25);

		const again = page.reload(options);
		const entered = outcome(again.enter('Ada'));
		await clock.advance(1000);

		assert.equal(entered.is, 'resolved');
		assert.equal(world.journal.length, 1);
		assert.deepEqual(page.told('error'), []);
	});
}

function parts() {
	const world = new World();
	return { world, page: world.page(), clock: world.clock };
}

test('a session that is over is begun anew by who was in it', async () => {
	const { world, page, clock } = parts();
	page.open().enter('Ada');
	await clock.advance(100);
	world.server.endSession('s1');

	const entered = outcome(page.reload().enter('Ada'));
	await clock.advance(1000);

	assert.equal(entered.is, 'resolved');
	assert.equal(page.shop.multicart[0].owner.isHost, true);
});

test('who gave up when it was the host is that again', async () => {
	const { world, page, clock } = parts();
	world.network.onPost = ({ event }) =>
		({ loseAnswer: event === 'startSession' });
	const shop = page.open({ forcePolling: true });
	const first = outcome(shop.enter('Ada', { timeout: 50 }));
	await clock.advance(100);
	assert.equal(first.is, 'timeout');
	assert.equal(world.journal.length, 1);
	world.network.onPost = () => ({});

	shop.enter('Ada');
	await clock.advance(1000);

	assert.deepEqual(shop.multicart.map(({ owner }) =>
		[owner.name, owner.isHost]), [['Ada', true]]);
});

test('other refusals are as for who joins', async () => {
	const { world, page, clock } = parts();
	await world.friend('startSession', 'Bob');
	world.server.maxCustomers = 1;

	const entered = outcome(page.open().enter('Ada'));
	await clock.advance(100);

	assert.equal(entered.is, 'sessionFull');
	assert.deepEqual(page.told('error').map(({ code }) => code),
		['sessionFull']);
});

test('who is sent to and fro gives up', async () => {
	const { world, page, clock } = parts();
	const codes = { joinSession: 'sessionNotFound',
		startSession: 'sessionExists' };
	world.network.onPost = ({ event }) => refusal(event, codes[event]);

	const entered = outcome(page.open({ forcePolling: true }).enter('Ada'));
	await clock.advance(1000);

	assert.equal(entered.is, 'sessionNotFound');
	assert.equal(page.told('error').length, 1);
	assert.equal(world.network.posts.length, 7);
	assert.equal(page.shop.state, 'idle');
});

test('who leaves meanwhile does not go the other way', async () => {
	const { world, page, clock } = parts();
	const shop = page.open();

	const entered = outcome(shop.enter('Ada'));
	const left = outcome(shop.leave());
	await clock.advance(1000);

	assert.equal(entered.is, 'sessionNotFound');
	assert.equal(left.is, 'resolved');
	assert.equal(world.journal.length, 0);
});

test('each turn brings a ticket of its own', async () => {
	const { page, clock } = parts();
	let given = 0;
	const ticket = async () => `${++given}`;

	const entered = outcome(page.open({ ticket }).enter('Ada'));
	await clock.advance(1000);

	assert.equal(entered.is, 'resolved');
	assert.equal(given, 2);
});

test('what the page asks for after a reload is the way to go', async () => {
	for (const call of ['joinSession', 'startSession']) {
		const { world, page, clock } = parts();
		page.open().enter('Ada');
		await clock.advance(5);

		const entered = outcome(page.reload()[call]('Bob'));
		await clock.advance(1000);

		const isHost = call === 'startSession';
		assert.equal(entered.is, isHost ? 'resolved' : 'sessionNotFound');
		assert.deepEqual(world.journal, isHost ? [[call, 'Bob']] : []);
	}
});
