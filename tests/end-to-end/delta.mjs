// Deltas: what changed in place of the whole multicart, over all transports,
// for who asks for it.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { makeFolder, withDaemon } from './lib/daemon.mjs';
import { applyDelta, isDelta, withoutFeatures } from './lib/delta.mjs';
import { Fastcgi } from './lib/fastcgi.mjs';
import { Shopper } from './lib/shopper.mjs';

const FEATURES = ['delta'];
// A session as large as many get, and how much less a change of it has to be.
const CUSTOMERS = 50;
const CART_BYTES = 1500;
const TIMES_LESS = 30;

const cartOf = (n, bytes) => ({ n, pad: 'x'.repeat(bytes) });

// A member by WebSocket who takes deltas; `whole` is the text of its multicart.
class Taker {
	static async enter(daemon, event, name, options) {
		const client = await Client.open(daemon, '/one', options);
		const taker = Object.assign(new Taker(), { client },
			await client.enter(event, name, { features: FEATURES }));
		assert.deepEqual(taker.features, FEATURES);
		taker.whole = await client.next();
		assert(!isDelta(taker.whole));
		return taker;
	}

	// The delta that comes next, which is applied.
	async take() {
		const text = await this.client.next();
		assert(isDelta(text), text);
		this.whole = applyDelta(this.whole, text);
		return text;
	}
}

// Bob, who knows nothing of them.
const enterBob = async (daemon) => {
	const client = await Client.open(daemon, '/one');
	Object.assign(client, await client.enter('joinSession', 'Bob',
		{ resumable: true }));
	await client.nextOf('multicartUpdate');
	return client;
};

const change = async (client, cartContent) => {
	client.send('updateCart', { customerId: client.customerId, cartContent });
	return client.nextOf('multicartUpdate');
};

test('who asks gets deltas by WebSocket', () => withDaemon({},
	async (daemon) => {
		const ada = await Taker.enter(daemon, 'startSession', 'Ada');
		const bob = await enterBob(daemon);
		assert.equal(await ada.take(), '{"event":"multicartDelta","payload":' +
			`{"changes":[{"owner":{"id":"${bob.customerId}","name":"Bob",` +
			'"isHost":false,"isReadyToCheckout":false},"content":{}}]},' +
			'"from":"1.1","cursor":' +
			`${JSON.stringify(JSON.parse(ada.whole).cursor)}}`);
		const shown = await change(bob, { pears: 1 });
		assert.match(await ada.take(), new RegExp('^{"event":"multicartDelta",' +
			`"payload":{"changes":\\[{"owner":{"id":"${bob.customerId}"},` +
			'"content":{"pears":1}}\\]},"from":"1.2","cursor":"1.3\\.[0-9.]+"}$'));
		assert.equal(withoutFeatures(ada.whole), shown.text);
		const eve = await Taker.enter(daemon, 'joinSession', 'Eve');
		await ada.take();
		assert.equal(withoutFeatures(eve.whole), withoutFeatures(ada.whole));
	}));

test('a compressed delta is the same', () => withDaemon(
	{ 'websocket-compression': 'yes' }, async (daemon) => {
		const options = { perMessageDeflate: true };
		const ada = await Taker.enter(daemon, 'startSession', 'Ada', options);
		const eve = await Taker.enter(daemon, 'joinSession', 'Eve', options);
		const bob = await enterBob(daemon);
		await ada.take();
		await ada.take();
		await eve.take();
		for (let n = 0; n < 3; n++) {
			const { text } = await change(bob, cartOf(n, CART_BYTES));
			await ada.take();
			await eve.take();
			assert.equal(withoutFeatures(ada.whole), text);
			assert.equal(eve.whole, ada.whole);
		}
	}));

test('who resumes gets the whole', () => withDaemon({}, async (daemon) => {
	const ada = await Taker.enter(daemon, 'startSession', 'Ada');
	const bob = await enterBob(daemon);
	await ada.take();
	const { customerId, token } = ada;
	ada.client.send('resumeSession', { customerId, token, features: FEATURES });
	await ada.client.nextOf('resumeSession');
	const text = await ada.client.next();
	assert(!isDelta(text), text);
	ada.whole = text;
	await change(bob, {});
	await ada.take();
}));

// The messages of an answer, of which the body is text, and its cursor.
const read = (text) => {
	const { messages, cursor } = JSON.parse(text);
	assert.equal(messages.length, 1, text);
	assert.equal(messages[0].cursor, cursor);
	const at = '{"messages":['.length;
	return { text: text.slice(at, text.lastIndexOf('],"cursor":"')), cursor };
};

// poll resolves to the body of the answer to a poll with a cursor, or none.
const pollsGetDeltas = async (daemon, poll) => {
	const ada = new Shopper(daemon);
	await ada.enter('startSession', 'Ada', { features: FEATURES });
	const bob = await enterBob(daemon);
	let { text: whole, cursor } = read(await poll(ada, null));
	assert(!isDelta(whole), whole);
	for (let n = 0; n < 3; n++) {
		const held = poll(ada, cursor);
		const shown = await change(bob, cartOf(n, n * CART_BYTES));
		const answer = read(await held);
		assert(isDelta(answer.text), answer.text);
		whole = applyDelta(whole, answer.text);
		assert.equal(withoutFeatures(whole), shown.text);

		// From any other revision, and without a third part, the whole.
		const [incarnation, revision, ...number] = cursor.split('.');
		for (const other of [`${incarnation}.${revision}`,
			[incarnation, revision - 1, ...number].join('.')])
			assert.equal(withoutFeatures(read(await poll(ada, other)).text),
				shown.text);
		({ cursor } = answer);
	}
};

for (const [method, poll] of Object.entries({
	GET: (shopper, cursor) => shopper.polling({ cursor, features: FEATURES })
		.answer,
	POST: (shopper, cursor) => shopper.post('poll',
		{ cursor: cursor ?? '', features: FEATURES }) }))
	test(`polls get deltas by ${method}`, () => withDaemon({}, (daemon) =>
		pollsGetDeltas(daemon, async (...args) => (await poll(...args)).text)));

test('polls get deltas by FastCGI', () => {
	const socket = path.join(makeFolder(), 'fastcgi.sock');
	return withDaemon({ 'fastcgi-listen': `unix:${socket}` },
		async (daemon) => {
			const fastcgi = new Fastcgi(socket);
			await pollsGetDeltas(daemon, async (shopper, cursor) => {
				const response = await fastcgi.fetch(`${shopper.target}?` +
					`customerId=${shopper.customerId}&features=delta` +
					`${cursor === null ? '' : `&cursor=${cursor}`}`,
				{ headers: shopper.bearer });
				return response.text();
			});
			fastcgi.close();
		});
});

test('a lock is told by a delta', () => withDaemon({}, async (daemon) => {
	const ada = await Taker.enter(daemon, 'startSession', 'Ada');
	const { customerId } = ada;
	ada.client.send('updateCart', { customerId,
		cartContent: cartOf(0, CART_BYTES) });
	await ada.take();
	for (const [word, isLocked] of [['lock', true], ['unlock', undefined]]) {
		const { status, error } = await ctl(daemon.database, word, 'one');
		assert.equal(status, 0, error);
		await ada.take();
		assert.equal(JSON.parse(ada.whole).payload.isLocked, isLocked);
	}
}));

test(`of ${CUSTOMERS} carts a change is ${TIMES_LESS} times less`, () =>
	withDaemon({}, async (daemon) => {
		const ada = await Taker.enter(daemon, 'startSession', 'Ada');
		const shoppers = [];
		for (let i = 1; i < CUSTOMERS; i++) {
			const shopper = new Shopper(daemon);
			await shopper.enter('joinSession', `shopper ${i}`);
			await shopper.post('updateCart',
				{ cartContent: cartOf(i, CART_BYTES) });
			shoppers.push(shopper);
		}
		const { customerId, token } = ada;
		ada.client.send('resumeSession',
			{ customerId, token, features: FEATURES });
		await ada.client.nextOf('resumeSession');
		ada.whole = (await ada.client.nextOf('multicartUpdate')).text;
		await shoppers[7].post('updateCart',
			{ cartContent: cartOf(0, CART_BYTES) });
		const delta = await ada.take();
		console.log(`# ${ada.whole.length} bytes, or ${delta.length}`);
		assert(delta.length * TIMES_LESS < ada.whole.length);
	}));
