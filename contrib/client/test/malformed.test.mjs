// What something between the daemon and a page may make of messages: none of it may
// throw where nobody catches it, nor be repeated as fast as the network carries it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { carts, outcome, World } from './world.mjs';

const features = ['presence', 'say'];
const id = (multicart, i) => ({ id: multicart[i].owner.id });

// Changes of the multicart of now, to a newer one.
const delta = (...changes) => ({ from, cursor, multicart }) => ({
	event: 'multicartDelta', from, cursor,
	payload: { changes: changes.map((make) => make(multicart)) } });
const update = (payload, cursor) => () =>
	({ event: 'multicartUpdate', payload, cursor });

const MALFORMED = {
	'no event': () => ({ payload: {} }),
	'an event that is none': () => ({ event: 7, payload: { seq: 1 } }),
	'a payload that is none': () => ({ event: 'say', payload: 'text' }),
	'a cursor that is a number': () => ({ event: 'say', cursor: 5,
		payload: { what: 1 } }),
	'a cursor that is an object': () => ({ event: 'presenceUpdate',
		cursor: {}, payload: { present: [] } }),
	'from what is a number': ({ cursor }) => ({ event: 'multicartDelta',
		from: 1.2, cursor, payload: { changes: [] } }),
	'no changes': ({ from, cursor }) =>
		({ event: 'multicartDelta', from, cursor, payload: {} }),
	'a change that is none': delta(() => null),
	'a change of nobody': delta(() => ({})),
	'a newcomer without a name': delta(() => ({ owner: { id: 'z' },
		content: {} })),
	'a newcomer without a cart': delta(() => ({
		owner: { id: 'z', name: 'Zoe' } })),
	'a newcomer before who is not there': delta(() => ({
		owner: { id: 'z', name: 'Zoe' }, content: {}, before: 'y' })),
	'no multicart': update({}),
	'a multicart of nobody': update({ multicartContent: [{}] }),
	'a multicart of nothing': update({ multicartContent: [null] }),
};

async function started(options) {
	const world = new World();
	const page = world.page();
	const shop = page.open({ features, ...options });
	shop.startSession('Ada');
	await world.clock.advance(1000);
	const guest = await world.friend('joinSession', 'Bob');
	guest.updateCart({ pears: 1 });
	await world.clock.advance(6000);
	const { server, network, clock } = world;
	const { incarnation, revision } = server.sessions.get('s1');
	const known = `${incarnation}.${revision}`;
	const next = `${incarnation}.${revision + 1}.1.0.9`;
	// Send it, by whichever line there is.
	const tell = async (make) => {
		const message = make({ from: known, cursor: next,
			multicart: shop.multicart });
		const peer = [...server.peers].find(({ customer }) =>
			customer.name === 'Ada');
		if (peer) {
			peer.send(message);
		} else {
			let isOnce = true;
			network.onPost = ({ event }) => {
				const isIt = isOnce && event === 'poll';
				isOnce = isOnce && !isIt;
				return isIt ? { answer: { status: 200,
					body: { messages: [message] } } } : {};
			};
			shop.reconnect();
		}
		await clock.advance(1000);
	};
	return { world, page, shop, guest, server, network, clock, tell };
}

for (const transport of ['websocket', 'polling']) {
	const options = { forcePolling: transport === 'polling' };

	for (const [what, make] of Object.entries(MALFORMED))
		test(`${what} by ${transport}`, async () => {
			const { page, shop, guest, clock, tell } =
				await started(options);
			await tell(make);
			assert.equal(shop.state, 'online');
			guest.updateCart({ pears: 2 });
			const said = outcome(shop.say('hello'));
			await clock.advance(20000);

			assert.equal(said.is, 'resolved');
			assert.deepEqual(carts(shop), { Ada: {}, Bob: { pears: 2 } });
			assert.deepEqual(page.told('error'), []);
		});

	test(`what is known already is no matter by ${transport}`, async () => {
		const { shop, tell } = await started(options);
		await tell(delta(() => ({ owner: { id: 'z' }, isGone: true }),
			(multicart) => ({ owner: id(multicart, 0), content: {} })));
		assert.deepEqual(carts(shop), { Ada: {}, Bob: { pears: 1 } });
	});

	test(`whenever it is to be said again, not at once, by ${transport}`,
		async () => {
			for (const retryAfter of ['soon', null, -7, 0, {}, 1e300])
				for (const event of ['say', 'updateCart']) {
					const { shop, server, network, clock } =
						await started(options);
					let count = 0;
					const answer = ({ payload: { seq } }) => ({
						event: 'error', payload: {
							code: 'rateLimited', event, seq,
							retryAfter } });
					network.onPost = (message) => {
						if (message.event !== event)
							return {};
						count++;
						return { answer: { status: 429, body: {
							messages: [answer(message)] } } };
					};
					network.onSend = (message) => {
						if (message.event !== event)
							return {};
						count++;
						[...server.peers].find(({ customer }) =>
							customer?.name === 'Ada')
							.send(answer(message));
						return { lose: true };
					};
					const said = outcome(event === 'say' ?
						shop.say('hello', { timeout: 5000 }) :
						shop.updateCart({ tea: 1 }));
					await clock.advance(4000);
					assert.ok(count > 0 && count <= 9,
						`${event} ${retryAfter}: ${count}`);
					assert.equal(said.is, 'pending');
					network.onPost = network.onSend = () => ({});
					await clock.advance(11 * 60000);
					assert.equal(said.is, event === 'say' &&
						retryAfter === 1e300 ? 'timeout' : 'resolved');
				}
		});
}
