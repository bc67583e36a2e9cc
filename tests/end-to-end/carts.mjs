// Carts come through byte for byte, compressed or not, up to the limits.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Client, message, multicart } from './lib/client.mjs';
import { withDaemon } from './lib/daemon.mjs';

// Host and guest of a new session on connections of these options.
const enterPair = async (daemon, options = {}) => {
	const a = await Client.open(daemon, '/one', options);
	const b = await Client.open(daemon, '/one', options);
	const { customerId: ada } = await a.enter('startSession', 'Ada');
	const { customerId: bob } = await b.enter('joinSession', 'Bob');
	await a.next();
	await a.next();
	await b.next();
	return { a, b, show: (cart) => multicart([
		{ id: ada, name: 'Ada', isHost: true, isReady: false, cart },
		{ id: bob, name: 'Bob', isHost: false, isReady: false, cart: '{}' },
	]), ada };
};

const updateCart = (customerId, cart) =>
	`{"event":"updateCart","payload":{"customerId":"${customerId}",` +
	`"cartContent":${cart}}}`;

const CARTS = [
	'{}',
	'{"n":123456789012345678901234567890}',
	'{"n":[1.0,1e2,1E+2,-0,-0.0,0.1e-7,1.7976931348623157e999]}',
	'{"s":"\\u0000"}',
	'{"s":"\\ud800","t":"\\udc00\\ud800"}',
	'{"s":"\\/ \\b\\f\\n\\r\\t \\u00e4 \\u0041"}',
	'{"b":1,"a":2,"b":3,"":4}',
	'{"\\u0061":1,"a":2}',
	'{"s":"ä€🛒\u007f"}',
	`{"deep":${'['.repeat(28)}${']'.repeat(28)}}`,
];

test('carts come back byte for byte', () => withDaemon({}, async (daemon) => {
	const { a, b, show, ada } = await enterPair(daemon);
	for (const cart of CARTS) {
		a.sendText(updateCart(ada, cart));
		assert.equal(await a.next(), show(cart));
		assert.equal(await b.next(), show(cart));
	}
}));

test('space between tokens goes, space in strings stays', () => withDaemon({},
	async (daemon) => {
		const { a, show, ada } = await enterPair(daemon);
		a.sendText(updateCart(ada, ' { "a b" : [ 1 ,\r\n\t2 ] } '));
		assert.equal(await a.next(), show('{"a b":[1,2]}'));
	}));

const bigCart = (seed) => {
	const items = [];
	for (let i = 0, x = seed; i < 4600; i++) {
		x = (x * 1103515245 + 12345) % 2147483648;
		items.push(`{"sku":"${x.toString(36)}","quantity":${x % 10},` +
			`"price":"${x % 10000}"}`);
	}
	return `{"items":[${items.join(',')}]}`;
};

const DEFLATES = [
	['off at the daemon', 'no', true, ''],
	['off at the client', 'yes', false, ''],
	['on', 'yes', { threshold: 0 }, 'permessage-deflate'],
	['on without context takeover', 'yes', { threshold: 0,
		clientNoContextTakeover: true, serverNoContextTakeover: true },
		'permessage-deflate'],
	['on with small windows', 'yes', { threshold: 0,
		clientMaxWindowBits: 10, serverMaxWindowBits: 10 },
		'permessage-deflate'],
];

for (const [what, setting, perMessageDeflate, expected] of DEFLATES) {
	test(`carts of 200 KB, compression ${what}`, () => withDaemon(
		{ 'websocket-compression': setting }, async (daemon) => {
			const { a, b, show, ada } = await enterPair(daemon,
				{ perMessageDeflate });
			assert.equal(a.socket.extensions, expected);
			for (const cart of [bigCart(1), '{"x":1}', bigCart(2)]) {
				a.sendText(updateCart(ada, cart));
				assert.equal(await a.next(), show(cart));
				assert.equal(await b.next(), show(cart));
			}
		}));
}

const closeCode = async (settings, send, options) => {
	let code;
	await withDaemon(settings, async (daemon) => {
		const client = await Client.open(daemon, '/one', options);
		send(client.socket);
		code = await client.closed;
	});
	return code;
};

// A message of n bytes.
const sized = (n) => message('x', {}).padEnd(n);

test('a message larger than max-message closes with 1009', async () => {
	assert.equal(await closeCode({ 'max-message': 1000 },
		(socket) => socket.send(sized(1001))), 1009);
	assert.equal(await closeCode(
		{ 'max-message': 1000, 'websocket-compression': 'yes' },
		(socket) => socket.send(sized(100000)),
		{ perMessageDeflate: { threshold: 0 } }), 1009);
});

test('a message of max-message is read', () => withDaemon(
	{ 'max-message': 1000 }, async (daemon) => {
		const client = await Client.open(daemon, '/one');
		client.sendText(sized(1000));
		assert.equal(JSON.parse(await client.next()).payload.code,
			'unknownEvent');
	}));

test('a binary message closes with 1003', async () => {
	assert.equal(await closeCode({}, (socket) =>
		socket.send(Buffer.from('{}'), { binary: true })), 1003);
});

test('text that is not UTF-8 closes with 1007', async () => {
	for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xc3]])
		assert.equal(await closeCode({}, (socket) =>
			socket.send(Buffer.from(bytes), { binary: false })), 1007);
});

test('what is not JSON gets an error and a second chance', () => withDaemon({},
	async (daemon) => {
		const client = await Client.open(daemon, '/one');
		for (const text of ['', '{', '{"event":1e}', '{"a":"\u0001"}', 'NaN']) {
			client.sendText(text);
			assert.equal(JSON.parse(await client.next()).payload.code,
				'invalidJson');
		}
		await client.enter('startSession', 'Ada');
	}));
