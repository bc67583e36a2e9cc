// What clients of the daemon see: the seed's conversation byte for byte, and
// everything that protocol(7) adds to it.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Client, message, multicart } from './lib/client.mjs';
import { withDaemon } from './lib/daemon.mjs';

const member = (id, name, isHost, more = {}) =>
	({ id, name, isHost, isReady: false, cart: '{}', ...more });

const expectAll = async (clients, text) => {
	for (const client of clients)
		assert.equal(await client.next(), text);
};

const readId = async (client, event) => {
	const reply = await client.next();
	const { customerId } = JSON.parse(reply).payload;
	assert.match(customerId, /^[0-9a-f]{24}$/);
	assert.equal(reply, message(event, { customerId }));
	return customerId;
};

test('the seed\'s conversation, byte for byte', () => withDaemon({},
	async (daemon) => {
		const a = await Client.open(daemon, '/one');
		const b = await Client.open(daemon, '/one');
		a.sendText('{"event":"startSession",' +
			'"payload":{"customerName":"Ada"}}');
		const ada = member(await readId(a, 'startSession'), 'Ada', true);
		await expectAll([a], multicart([ada]));
		b.sendText('{"event":"joinSession",' +
			'"payload":{"customerName":"Bob"}}');
		const bob = member(await readId(b, 'joinSession'), 'Bob', false);
		await expectAll([a, b], multicart([ada, bob]));
		bob.cart = '{"items":[{"sku":"tea","n":2}]}';
		b.sendText(`{"event":"updateCart","payload":{"customerId":` +
			`"${bob.id}","cartContent":${bob.cart}}}`);
		await expectAll([a, b], multicart([ada, bob]));
		bob.isReady = true;
		b.sendText(`{"event":"customerReadyToCheckout","payload":` +
			`{"customerId":"${bob.id}","customerReadyToCheckout":true}}`);
		await expectAll([a, b], multicart([ada, bob]));
		bob.isReady = false;
		b.sendText(`{"event":"customerReadyToCheckout","payload":` +
			`{"customerId":"${bob.id}","customerReadyToCheckout":false}}`);
		await expectAll([a, b], multicart([ada, bob]));
	}));

test('sessions do not see one another', () => withDaemon({},
	async (daemon) => {
		const a = await Client.open(daemon, '/one');
		const b = await Client.open(daemon, '//two/');
		await a.enter('startSession', 'Ada');
		await a.next();
		b.send('joinSession', { customerName: 'Bob' });
		assert.equal(JSON.parse(await b.next()).payload.code,
			'sessionNotFound');
		await b.enter('startSession', 'Bob');
		const { payload } = await b.nextOf('multicartUpdate');
		assert.deepEqual(payload.multicartContent.map(({ owner }) =>
			owner.name), ['Bob']);
	}));

for (const signal of ['SIGTERM', 'SIGKILL']) {
	test(`a token takes the seat again after ${signal}`, () => withDaemon({},
		async (daemon, restart) => {
			const a = await Client.open(daemon, '/one');
			const { customerId, token } = await a.enter('startSession',
				'Ada', { resumable: true });
			assert.match(token, /^[A-Za-z0-9_-]{43}$/);
			a.send('updateCart',
				{ customerId, cartContent: { n: 1 }, seq: 7 });
			await a.nextOf('updateCart');
			const before = await a.nextOf('multicartUpdate');
			assert.equal(before.cursor, '1.2');
			await daemon.kill(signal);
			assert.equal(await a.closed, signal === 'SIGTERM' ? 1012 : 1006);

			const next = await restart();
			const again = await Client.open(next, '/one');
			again.send('resumeSession', { customerId, token });
			assert.equal(await again.next(),
				message('resumeSession', { customerId, seq: 7 }));
			assert.equal(await again.next(), before.text);
			assert.equal(await next.stop(), 0);
		}));
}

test('a wrong token takes no seat', () => withDaemon({}, async (daemon) => {
	const a = await Client.open(daemon, '/one');
	const { customerId, token } = await a.enter('startSession', 'Ada',
		{ resumable: true });
	const b = await Client.open(daemon, '/one');
	const wrong = (token[0] === 'A' ? 'B' : 'A') + token.slice(1);
	b.send('resumeSession', { customerId, token: wrong });
	assert.equal(JSON.parse(await b.next()).payload.code, 'invalidToken');
}));

test('a repeated requestId makes no second customer', () => withDaemon({},
	async (daemon, restart) => {
		const requestId = 'abcdefghijklmnopqrstuvwxyz012345';
		const a = await Client.open(daemon, '/one');
		const first = await a.enter('startSession', 'Ada',
			{ requestId, resumable: true });
		await daemon.kill();
		const next = await restart();
		const again = await Client.open(next, '/one');
		assert.deepEqual(await again.enter('startSession', 'Eve',
			{ requestId, resumable: true }), first);
		const { payload } = await again.nextOf('multicartUpdate');
		assert.equal(payload.multicartContent.length, 1);
		assert.equal(payload.multicartContent[0].owner.name, 'Ada');
		assert.equal(await next.stop(), 0);
	}));

test('an overtaken seq changes nothing', () => withDaemon({},
	async (daemon) => {
		const a = await Client.open(daemon, '/one');
		const { customerId } = await a.enter('startSession', 'Ada');
		await a.next();
		a.send('updateCart', { customerId, cartContent: { n: 2 }, seq: 2 });
		assert.equal(await a.next(), message('updateCart', { seq: 2 }));
		const shown = await a.next();
		for (const seq of [1, 2]) {
			a.send('updateCart', { customerId, cartContent: { n: 1 }, seq });
			assert.equal(await a.next(),
				message('updateCart', { seq, stale: true }));
		}
		a.send('customerReadyToCheckout',
			{ customerId, customerReadyToCheckout: false, seq: 1 });
		assert.equal(await a.next(),
			message('customerReadyToCheckout', { seq: 1 }));
		assert.equal(await a.next(), shown);
	}));

test('who leaves is out of the multicart and may join again', () => withDaemon(
	{}, async (daemon) => {
		const a = await Client.open(daemon, '/one');
		const b = await Client.open(daemon, '/one');
		const ada = (await a.enter('startSession', 'Ada')).customerId;
		const bob = (await b.enter('joinSession', 'Bob')).customerId;
		await b.next();
		b.send('leaveSession', { customerId: bob });
		assert.equal(await b.next(),
			message('leaveSession', { customerId: bob }));
		const left = multicart([member(ada, 'Ada', true)]);
		await a.next();
		while (await a.next() !== left)
			continue;
		const id = (await b.enter('joinSession', 'Bo')).customerId;
		assert.notEqual(id, bob);
		assert.equal(await b.next(), multicart([member(ada, 'Ada', true),
			member(id, 'Bo', false)]));
	}));

const echoed = async (daemon, protocols) =>
	(await Client.open(daemon, '/one', { protocols })).socket.protocol;

test('without a subprotocol of ours the first offered is echoed', () =>
	withDaemon({}, async (daemon) => {
		assert.equal(await echoed(daemon, ['x', 'y']), 'x');
		assert.equal(await echoed(daemon, []), '');
	}));

test('a subprotocol of ours has to be offered', async () => {
	const steps = async (daemon) => {
		assert.equal(await echoed(daemon, ['x', 'shop']), 'shop');
		await assert.rejects(echoed(daemon, ['x']), { status: 400 });
		await assert.rejects(echoed(daemon, []), { status: 400 });
	};
	await withDaemon({ subprotocol: 'shop' }, steps);
	await withDaemon({}, steps, { PROTOCOL: 'shop' });
	await withDaemon({ subprotocol: 'shop' }, steps, { PROTOCOL: 'x' });
});

test('sessions are behind the base path only', () => withDaemon(
	{ 'base-path': '/buddies/at/' }, async (daemon) => {
		const a = await Client.open(daemon, '/buddies/at/one');
		await a.enter('startSession', 'Ada');
		const b = await Client.open(daemon, '/buddies/at/one/');
		await b.enter('joinSession', 'Bob');
		await assert.rejects(Client.open(daemon, '/one'), { status: 404 });
		await assert.rejects(Client.open(daemon, '/buddies/at/'),
			{ status: 404 });
		await assert.rejects(Client.open(daemon, '/buddies/at/a%20b'),
			{ status: 400 });
	}));
