// Where the shop says who may start and join: each entry brings a ticket, and
// no account gets another one's customer.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BuddyShoppingError } from '../buddyshopping.js';
import { FakeNetwork } from './fake-network.mjs';
import { outcome, World } from './world.mjs';

const MINUTE = 60000;
const isEntry = ({ event }) => event === 'startSession' ||
	event === 'joinSession';

// A server that takes tickets of accounts, each once.
function strictWorld() {
	const world = new World();
	const seen = new Set();
	world.server.accountOf = (ticket) => {
		const [account, number] = ticket.split(' ');
		if (number === undefined || seen.has(ticket))
			return undefined;
		seen.add(ticket);
		return account;
	};
	return world;
}

// A shop's server that gives tickets to whoever is logged in.
class Shop {
	account = 'account-1';
	given = 0;

	ticket = async () => `${this.account} ${++this.given}`;
}

const stored = ({ sessionStorage, localStorage }) =>
	sessionStorage.text + localStorage.text;

for (const forcePolling of [false, true]) {
	const by = forcePolling ? 'polling' : 'websocket';

	test(`start and join bring a ticket, by ${by}`, async () => {
		const world = strictWorld();
		const { server, clock } = world;
		const page = world.page();
		const shop = new Shop();
		const host = page.open({ forcePolling, ticket: shop.ticket });
		const started = outcome(host.startSession('Ada'));
		await clock.advance(100);
		assert.equal(started.is, 'resolved');
		assert.equal(shop.given, 1);
		assert(!stored(page).includes('account-1'));
		const [{ account }] = server.sessions.get('s1').customers;
		assert.equal(account, 'account-1');

		// Who resumes needs none.
		server.restart();
		await clock.advance(MINUTE);
		assert.equal(host.state, 'online');
		const resumed = page.reload({ forcePolling, ticket: shop.ticket });
		await clock.advance(MINUTE);
		assert.equal(resumed.state, 'online');
		assert.equal(shop.given, 1);
	});

	test(`a ticket can be a string, or missing, by ${by}`, async () => {
		const world = strictWorld();
		const enter = async (ticket) => {
			const shop = world.page().open({ forcePolling, ticket });
			const started = outcome(shop.startSession('Ada'));
			await world.clock.advance(100);
			shop.close();
			return started.is;
		};
		assert.equal(await enter(), 'ticketRequired');
		assert.equal(await enter(() => null), 'ticketRequired');
		assert.equal(await enter('nonsense'), 'invalidTicket');
		assert.equal(await enter('account-1 1'), 'resolved');
	});

	test(`an entry that is repeated has a fresh ticket, by ${by}`,
		async () => {
			const world = strictWorld();
			const { network, clock, journal } = world;
			const tickets = [];
			const lose = (message) => {
				if (isEntry(message))
					tickets.push(message.payload.ticket);
				return tickets.length < 3 ?
					{ loseRequest: true, cut: 1006 } : {};
			};
			network.onPost = network.onSend = lose;
			const shop = new Shop();
			const host = world.page().open({ forcePolling,
				ticket: shop.ticket });
			const started = outcome(host.startSession('Ada'));
			await clock.advance(MINUTE);
			assert.equal(started.is, 'resolved');
			assert(tickets.length >= 3);
			assert.equal(new Set(tickets).size, tickets.length);
			assert.deepEqual(journal, [['startSession', 'Ada']]);
		});

	test(`without a ticket an entry is rejected, by ${by}`, async () => {
		for (const ticket of [
			() => { throw new Error('logged out'); },
			() => Promise.reject(new Error('logged out')),
		]) {
			const world = strictWorld();
			const page = world.page();
			const shop = page.open({ forcePolling, ticket });
			const started = shop.startSession('Ada').catch((e) => e);
			await world.clock.advance(MINUTE);
			const error = await started;
			assert(error instanceof BuddyShoppingError);
			assert.deepEqual([error.code, error.event, error.message,
				error.cause.message], ['noTicket', 'startSession',
				'There is no ticket: logged out', 'logged out']);
			assert.deepEqual(page.told('error'), [error]);
			assert.equal(shop.state, 'idle');
			assert.deepEqual(world.journal, []);
		}
	});

	test(`a ticket that comes late harms nobody, by ${by}`, async () => {
		const world = strictWorld();
		const { clock, journal } = world;
		const page = world.page();
		const late = [];
		const closed = page.open({ forcePolling, ticket: () =>
			new Promise((_, reject) => {
				late.push(reject);
			}) });
		closed.joinSession('Ada');
		await clock.advance(100);
		const shop = new Shop();
		page.reload({ forcePolling, ticket: shop.ticket });
		const started = outcome(page.shop.startSession('Ada'));
		await clock.advance(100);
		const kept = stored(page);
		late.forEach((reject) => reject(new Error('late')));
		await clock.advance(MINUTE);
		assert(late.length > 0);
		assert.equal(started.is, 'resolved');
		assert.equal(stored(page), kept);
		assert.deepEqual(journal, [['startSession', 'Ada']]);
	});

	// The daemon has made the customer, and only its answer is lost.
	for (const [what, change] of [
		['after it was given up', async ({ shop }, { clock }) => {
			await clock.advance(5 * MINUTE);
			assert.equal(shop.state, 'idle');
		}],
		['after a reload', async (page, { clock }, options) => {
			await clock.advance(1000);
			page.reload(options);
		}],
		['after both', async (page, { clock }, options) => {
			await clock.advance(5 * MINUTE);
			page.reload(options);
		}],
	])
		test(`an account has no other's customer ${what}, by ${by}`,
			async () => {
				const world = strictWorld();
				const { server, network, clock } = world;
				const shop = new Shop();
				const options = { forcePolling, ticket: shop.ticket };
				const host = world.page().open(options);
				host.startSession('Eve');
				await clock.advance(1000);
				const page = world.page();
				network.onPost = (message) => isEntry(message) ?
					{ loseAnswer: true } : {};
				network.onDeliver = (message) => isEntry(message) ?
					{ lose: true } : {};
				page.open(options).joinSession('Ada');
				await change(page, world, options);
				network.onPost = network.onDeliver = () => ({});
				shop.account = 'account-2';
				const joined = outcome(page.shop.joinSession('Ada'));
				await clock.advance(MINUTE);
				assert.equal(joined.is, 'resolved');
				const { account } = server.sessions.get('s1').customers
					.find(({ id }) => id === page.shop.customerId);
				assert.equal(account, 'account-2');
			});
}

// Who leaves may be gone already when the next one is told: it is over, or a
// duplicate has left.
for (const [what, end] of [
	['ended', ({ server }) => server.endSession('s1')],
	['was left', (_, twin) => twin.leave()],
])
	for (const isReloaded of [false, true])
		test(`no cart goes to another account: the session ${what}${
			isReloaded ? ', after a reload' : ''}`, async () => {
			const world = strictWorld();
			const { server, network, clock } = world;
			const { ticket } = Object.assign(new Shop(), { account: 'host' });
			const friend = world.page(new FakeNetwork(clock, server));
			friend.open({ ticket }).startSession('Host');
			await clock.advance(100);
			const shop = new Shop();
			const page = world.page();
			page.open({ ticket: shop.ticket }).joinSession('Ada');
			await clock.advance(100);
			const twin = world.page(friend.network);
			twin.sessionStorage = page.sessionStorage.copy();
			twin.open();
			await clock.advance(100);
			network.isUp = false;
			network.crash();
			const stored = outcome(page.shop.updateCart({ by: 'Ada' }));
			const left = outcome(page.shop.leave());
			end(world, twin.shop);
			await clock.advance(1000);

			shop.account = 'account-2';
			if (isReloaded)
				page.reload({ ticket: shop.ticket });
			const entered = outcome(page.shop.enter('Bob'));
			network.isUp = true;
			await clock.advance(MINUTE);

			assert.equal(entered.is, 'resolved');
			assert.deepEqual(page.shop.cart, {});
			for (const { owner, content } of server.multicart('s1'))
				if (owner.name === 'Bob')
					assert.deepEqual(content, {});
			assert.equal(left.is, isReloaded ? 'closed' : 'resolved');
			assert.notEqual(stored.is, 'pending');
		});

test('a cart that is locked does not stay for the next account', async () => {
	const world = strictWorld();
	const { server, clock } = world;
	const { ticket } = Object.assign(new Shop(), { account: 'host' });
	const friend = world.page(new FakeNetwork(clock, server));
	friend.open({ ticket }).startSession('Host');
	await clock.advance(100);
	const account = new Shop();
	const page = world.page();
	const shop = page.open({ ticket: account.ticket });
	shop.joinSession('Ada');
	await clock.advance(100);
	server.lock('s1', true);
	await clock.advance(100);
	const stored = outcome(shop.updateCart({ by: 'Ada' }));
	await clock.advance(100);

	shop.leave();
	account.account = 'account-2';
	const joined = outcome(shop.joinSession('Bob'));
	await clock.advance(5);
	server.lock('s1', false);
	await clock.advance(MINUTE);

	assert.equal(joined.is, 'resolved');
	assert.equal(stored.is, 'leftSession');
	assert.deepEqual(shop.cart, {});
});

test('the next account is not shown the cart of who leaves', async () => {
	const world = strictWorld();
	const { network, clock } = world;
	const page = world.page();
	const { ticket } = new Shop();
	const shop = page.open({ ticket });
	shop.startSession('Ada');
	await clock.advance(100);
	shop.updateCart({ by: 'Ada' });
	await clock.advance(100);
	network.isUp = false;
	network.crash();
	shop.leave();
	assert.deepEqual([shop.cart, shop.isReady], [null, null]);

	const again = page.reload({ ticket });

	assert.deepEqual([again.cart, again.isReady], [null, null]);
});
