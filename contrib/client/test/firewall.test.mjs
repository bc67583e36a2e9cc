// One message is refused on its way, and all others get through.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { carts, outcome, World } from './world.mjs';

const MINUTE = 60000;
const PAGE = '<html>Forbidden</html>';

// How a firewall refuses. Without CORS headers a browser tells a page of
// another origin no more than that there is no answer.
const SLOW = { delay: 1e9 };
const WAYS = {
	'a page with status 403': { answer: { status: 403, body: PAGE } },
	'a page with status 403, for an hour': { answer: { status: 403,
		body: PAGE, headers: { 'Retry-After': '3600' } } },
	'a page with status 200': { answer: { status: 200, body: PAGE } },
	'a page with status 503': { answer: { status: 503, body: PAGE } },
	'an answer without CORS headers': { loseRequest: true },
	'no answer at all': SLOW,
};

const isBad = ({ payload }) => payload.cartContent?.is === 'bad' ||
	payload.customerName === 'bad';

function refuse(network, fate, isRefused = isBad) {
	network.onPost = (message) => isRefused(message) ? fate : {};
	network.onSend = (message) => isRefused(message) ? { cut: 1006 } : {};
}

async function started(options, world = new World()) {
	const page = world.page();
	const shop = page.open(options);
	shop.startSession('Ada');
	await world.clock.advance(100);
	assert.equal(shop.state, 'online');
	const { server, network, clock, journal } = world;
	return { world, page, shop, server, network, clock, journal };
}

function sent(network, isMeant = isBad) {
	return network.posts.filter(({ message }) => isMeant(message)).length;
}

function checkTold(page, event) {
	assert.deepEqual(page.told('error').map((error) =>
		[error.code, error.event]), [['undelivered', event]]);
}

for (const forcePolling of [true, false]) {
	const by = forcePolling ? 'polling' : 'websocket';

	for (const [way, fate] of Object.entries(WAYS))
		test(`a cart refused by ${way} is set aside, by ${by}`, async () => {
			const { page, shop, network, clock } =
				await started({ forcePolling });
			refuse(network, fate);

			const bad = outcome(shop.updateCart({ is: 'bad' }));
			const ready = outcome(shop.setReady(true));
			await clock.advance(5 * MINUTE);
			assert.equal(bad.is, 'undelivered');
			assert.equal(ready.is, 'resolved');
			checkTold(page, 'updateCart');
			const tried = sent(network);
			if (forcePolling)
				assert.equal(tried, fate.answer?.status === 403 ? 3 : 6);
			else
				assert.ok(tried < 6);

			const good = outcome(shop.updateCart({ is: 'good' }));
			const left = outcome(shop.leave());
			await clock.advance(MINUTE);
			assert.equal(good.is, 'resolved');
			assert.equal(left.is, 'resolved');
			assert.equal(sent(network), tried);
		});

	test(`a newer cart takes a refused one's place by ${by}`, async () => {
		const { page, shop, network, clock } =
			await started({ forcePolling });
		refuse(network, WAYS['a page with status 403']);

		const bad = outcome(shop.updateCart({ is: 'bad' }));
		await clock.advance(500);
		const good = outcome(shop.updateCart({ is: 'good' }));
		await clock.advance(5000);

		assert.equal(bad.is, 'resolved');
		assert.equal(good.is, 'resolved');
		assert.deepEqual(carts(shop), { Ada: { is: 'good' } });
		assert.deepEqual(page.told('error'), []);
	});

	test(`who leaves waits for no cart in doubt, by ${by}`, async () => {
		const { page, shop, network, clock, journal } =
			await started({ forcePolling });
		network.onPost = (message) => isBad(message) ? SLOW : {};
		network.onSend = (message) => ({ lose: isBad(message) });

		const bad = outcome(shop.updateCart({ is: 'bad' }));
		const ready = outcome(shop.setReady(true));
		const left = outcome(shop.leave());
		await clock.advance(35000);

		assert.equal(left.is, 'resolved');
		assert.equal(bad.is, 'leftSession');
		assert.equal(ready.is, 'leftSession');
		assert.deepEqual(page.told('left'), [{ code: null }]);
		assert.deepEqual(page.told('error'), []);
		assert.deepEqual(journal.map(([event]) => event),
			['startSession', 'leaveSession']);
	});

	test(`no reload makes it be tried for ever by ${by}`, async () => {
		const { page, shop, network, clock } =
			await started({ forcePolling });
		refuse(network, WAYS['an answer without CORS headers']);
		shop.updateCart({ is: 'bad' });
		shop.setReady(true);

		for (let i = 0; i < 40 && page.told('error').length === 0; i++) {
			page.reload({ forcePolling });
			await clock.advance(4000);
		}

		checkTold(page, 'updateCart');
		assert.equal(page.shop.multicart[0].owner.isReadyToCheckout, true);
		page.reload({ forcePolling });
		await clock.advance(MINUTE);
		assert.deepEqual(page.told('error'), []);
	});

	test(`who may not leave stays by ${by}`, async () => {
		const { page, shop, network, clock } =
			await started({ forcePolling });
		refuse(network, WAYS['a page with status 403'],
			({ event }) => event === 'leaveSession');

		const { customerId } = shop;
		const left = outcome(shop.leave());
		const entered = outcome(shop.startSession('Ada'));
		await clock.advance(2 * MINUTE);
		const stored = outcome(shop.updateCart({ pears: 1 }));
		await clock.advance(1000);

		assert.equal(left.is, 'undelivered');
		checkTold(page, 'leaveSession');
		assert.equal(entered.value, customerId);
		assert.equal(stored.is, 'resolved');
		assert.deepEqual(page.told('left'), []);
	});

	for (const [way, fate] of Object.entries(WAYS))
		test(`a join refused by ${way} is told, by ${by}`, async () => {
			const world = new World();
			const { network, clock } = world;
			await world.friend('startSession', 'Bob');
			refuse(network, fate);
			const page = world.page();
			const shop = page.open({ forcePolling });

			const joined = outcome(shop.joinSession('bad'));
			const stored = outcome(shop.updateCart({ pears: 1 }));
			// Slowness may be the daemon's, and ends nothing soon.
			if (fate === SLOW) {
				await clock.advance(5 * MINUTE);
				assert.equal(joined.is, 'pending');
				await clock.advance(40 * MINUTE);
			}
			await clock.advance(5 * MINUTE);
			assert.equal(joined.is, 'undelivered');
			assert.equal(stored.is, 'undelivered');
			checkTold(page, 'joinSession');
			assert.equal(shop.state, 'idle');
			assert.ok(sent(network) <= (fate === SLOW ? 48 : 6));

			const again = outcome(shop.joinSession('Ada'));
			await clock.advance(1000);
			assert.equal(again.is, 'resolved');
		});

	for (const [way, fate] of Object.entries(WAYS))
		test(`a return refused by ${way} is told once, by ${by}`,
			async () => {
				const { page, network, clock, journal } =
					await started({ forcePolling });
				refuse(network, fate,
					({ event }) => event === 'resumeSession');
				const shop = page.reload({ forcePolling });
				const stored = outcome(shop.updateCart({ pears: 1 }));

				await clock.advance(30 * MINUTE);
				checkTold(page, 'resumeSession');
				assert.equal(shop.state, 'connecting');
				assert.equal(stored.is, 'pending');
				refuse(network, {}, () => false);
				await clock.advance(MINUTE);

				assert.equal(stored.is, 'resolved');
				assert.deepEqual(page.told('left'), []);
				assert.equal(journal.length, 2);
				checkTold(page, 'resumeSession');
			});

	// The daemon has it, but its storage stands still; or a proxy gives it up
	// first, with a page or without.
	for (const [way, fate] of Object.entries({
		'after minutes': { answerDelay: 200000 },
		'after a proxy\'s patience': { answerDelay: 15000,
			loseAnswer: true },
	}))
		test(`a start that is answered ${way} is waited for, by ${by}`,
			async () => {
				const world = new World();
				const { clock, network, journal } = world;
				network.onPost = ({ event }) =>
					event === 'startSession' ? fate : {};
				network.onDeliver = () => ({ lose: true });
				const page = world.page();
				const started = outcome(page.open({ forcePolling })
					.startSession('Ada'));

				await clock.advance(4 * MINUTE);
				assert.equal(started.is, 'pending');
				network.onPost = network.onDeliver = () => ({});
				await clock.advance(MINUTE);

				assert.equal(started.is, 'resolved');
				assert.equal(journal.length, 1);
				assert.deepEqual(page.told('error'), []);
			});

	test(`who was given up is who asks again, by ${by}`, async () => {
		for (const isReloaded of [false, true]) {
			const world = new World();
			const { clock, network, journal } = world;
			network.onPost = ({ event }) =>
				event === 'startSession' ? { loseAnswer: true } : {};
			network.onSend = ({ event }) =>
				event === 'startSession' ? { cut: 1006 } : {};
			const page = world.page();
			page.open({ forcePolling });
			const first = outcome(page.shop.startSession('Ada'));
			await clock.advance(5 * MINUTE);
			assert.equal(first.is, 'undelivered');
			network.onPost = network.onSend = () => ({});

			if (isReloaded)
				page.reload({ forcePolling });
			const other = outcome(page.shop.startSession('Eve'));
			await clock.advance(1000);
			const again = outcome(page.shop.startSession('Ada'));
			await clock.advance(1000);
			assert.equal(other.is, 'sessionExists');
			assert.equal(again.is, 'resolved');
			assert.deepEqual(journal, [['startSession', 'Ada']]);

			page.shop.leave();
			await clock.advance(100);
			const anew = outcome(page.shop.joinSession('Ada'));
			await clock.advance(100);
			assert.equal(anew.is, 'resolved');
		}
	});

	test(`nothing is set aside while nothing passes, by ${by}`, async () => {
		for (const fate of Object.values(WAYS)) {
			const { world, page, shop, network, clock } =
				await started({ forcePolling });
			refuse(network, fate, () => true);
			network.cut();

			const newcomer = world.page();
			const wishes = [shop.updateCart({ pears: 1 }),
				newcomer.open({ forcePolling }).joinSession('Bob'),
			].map(outcome);
			await clock.advance(30 * MINUTE);
			assert.deepEqual(wishes.map(({ is }) => is),
				['pending', 'pending']);
			refuse(network, {}, () => false);
			await clock.advance(MINUTE);

			assert.deepEqual(wishes.map(({ is }) => is),
				['resolved', 'resolved']);
			assert.deepEqual([...page.told('error'),
				...newcomer.told('error')], []);
		}
	});

	test(`a network that goes with each cart is to blame, by ${by}`,
		async () => {
			const { page, shop, network, clock } =
				await started({ forcePolling });
			const goDown = () => {
				network.isUp = false;
				network.cut();
				clock.setTimeout(() => {
					network.isUp = true;
				}, 1500);
			};
			let losses = 12;
			network.onPost = network.onSend = (message) => {
				if (isBad(message) && losses-- > 0)
					goDown();
			};

			const stored = outcome(shop.updateCart({ is: 'bad' }));
			await clock.advance(20 * MINUTE);

			assert.ok(losses < 0);
			assert.equal(stored.is, 'resolved');
			assert.deepEqual(page.told('error'), []);
		});
}

test('what is kept of a refused start tells no pause', async () => {
	const world = new World();
	const { clock, network } = world;
	refuse(network, WAYS['a page with status 403']);
	const page = world.page();
	page.open({ forcePolling: true }).startSession('bad');
	await clock.advance(100);

	const { customer } = JSON.parse(page.sessionStorage.getItem(
		`buddyshopping ${world.session}`));
	assert.deepEqual(Object.keys(customer).sort(),
		['at', 'customerName', 'doubt', 'event', 'failures', 'requestId']);
});

test('a cart that replaces a refused one on its way goes at once', async () => {
	const { shop, network, clock } = await started({ forcePolling: true,
		platform: { random: () => 1 } });
	refuse(network, { delay: 300, loseRequest: true });

	shop.updateCart({ is: 'bad' });
	await clock.advance(200);
	const good = outcome(shop.updateCart({ is: 'good' }));
	await clock.advance(200);

	assert.equal(good.is, 'resolved');
});

test('a return that is refused twice is told twice', async () => {
	const { page, network, clock } = await started();

	for (let i = 1; i <= 2; i++) {
		refuse(network, WAYS['a page with status 403'],
			({ event }) => event === 'resumeSession');
		network.cut();
		await clock.advance(MINUTE);
		assert.equal(page.told('error').length, i);
		refuse(network, {}, () => false);
		await clock.advance(MINUTE);
		assert.equal(page.shop.state, 'online');
	}
});

test('a return that is refused beside a WebSocket is no error', async () => {
	const { page, shop, network, clock } = await started({
		platform: { random: () => 0.3 } });
	network.onPost = ({ event }) => event === 'resumeSession' ?
		WAYS['a page with status 403'] : {};

	for (let i = 0; i < 2; i++) {
		network.cut();
		await clock.advance(4000);
	}
	assert.equal(shop.transport, 'websocket');
	await clock.advance(MINUTE);

	assert.ok(network.gets >= 3);
	assert.deepEqual(page.told('error'), []);
});

test('who returns asks for nothing while it has to wait', async () => {
	const { network, clock } = await started({ forcePolling: true });
	const answer = { status: 503, body: PAGE,
		headers: { 'Retry-After': '60' } };
	network.onPost = () => ({ answer });
	network.crash();
	await clock.advance(1000);
	network.posts.length = 0;

	await clock.advance(50000);

	assert.deepEqual([network.posts.length, network.gets], [0, 0]);
});

test('WebSocket alone finds out, too', async () => {
	const { page, shop, network, clock } = await started({});
	refuse(network, {});
	network.onPost = () => ({ loseRequest: true });

	const bad = outcome(shop.updateCart({ is: 'bad' }));
	const ready = outcome(shop.setReady(true));
	await clock.advance(60 * MINUTE);

	assert.equal(bad.is, 'undelivered');
	assert.equal(ready.is, 'resolved');
	checkTold(page, 'updateCart');
});

test('what WebSocket does not carry, polling may', async () => {
	const { page, shop, network, clock } = await started({});
	network.onSend = (message) => isBad(message) ? { cut: 1006 } : {};

	const stored = outcome(shop.updateCart({ is: 'bad' }));
	await clock.advance(MINUTE);

	assert.equal(stored.is, 'resolved');
	assert.equal(shop.transport, 'polling');
	assert.deepEqual(page.told('error'), []);
});

test('what WebSocket finds too large is told at once', async () => {
	const { page, shop, server, clock } = await started({});
	server.maxMessage = 500;

	const large = outcome(shop.updateCart({ text: 'x'.repeat(999) }));
	await clock.advance(100);

	assert.equal(large.is, 'messageTooLarge');
	assert.equal(page.told('error').length, 1);
});
