// What one stranger can have written: by a socket that sends the largest carts
// without end, by joining and leaving, and without any proof.  Addresses are
// those that a web server tells of.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Client } from './lib/client.mjs';
import { withDaemon } from './lib/daemon.mjs';
import { Shopper } from './lib/shopper.mjs';

const BEHIND_PROXY = { 'trusted-proxies': '127.0.0.1,::1' };
const from = (address) => ({ 'X-Forwarded-For': address });
const CART = { pad: 'x'.repeat(250000) };
const ROW = 512;

const connect = (daemon, session, address) =>
	Client.open(daemon, `/${session}`, { headers: from(address) });

// A host with a connection of that address; `change` resolves to the answer.
const enter = async (daemon, session, address) => {
	const client = await connect(daemon, session, address);
	const { customerId } = await client.enter('startSession', 'Ada');
	let seq = 0;
	const change = async (cartContent) => {
		client.send('updateCart', { customerId, cartContent, seq: ++seq });
		for (;;) {
			const { event, payload } = JSON.parse(await client.next());
			if (event === 'multicartUpdate')
				continue;
			assert.equal(payload.seq, seq);
			return { event, payload };
		}
	};
	return { client, customerId, change };
};

// Change the cart until that is refused; resolves to how many were accepted,
// and what the refusal says.
const changeUntilRefused = async ({ change }) => {
	for (let n = 0;; n++) {
		const { event, payload } = await change(CART);
		if (event === 'error')
			return { n, payload };
	}
};

const BYTES = CART.pad.length + ROW;

test('a session has so much written', () => withDaemon(BEHIND_PROXY,
	async (daemon) => {
		const begun = performance.now();
		const ada = await enter(daemon, 'one', '203.0.113.1');
		const { n, payload } = await changeUntilRefused(ada);
		const seconds = (performance.now() - begun) / 1000;
		assert.equal(payload.code, 'rateLimited');
		assert(payload.retryAfter >= 1);
		assert(n * BYTES > 5000000, `${n} carts`);
		assert(n * BYTES < (10 + seconds) * 524288 + BYTES, `${n} carts`);
		// Little is soon possible again, and leaving always.
		ada.client.send('leaveSession', { customerId: ada.customerId });
		await ada.client.nextOf('leaveSession');
		const bob = await enter(daemon, 'two', '203.0.113.1');
		assert.equal((await bob.change(CART)).event, 'updateCart');
	}));

// Otherwise each of them would be the proxy itself, which has no limits here.
test('clients whose address is unreadable have the limits of one', () =>
	withDaemon({ ...BEHIND_PROXY, 'new-session-rate': 2,
		'max-connections-per-address': 3 }, async (daemon) => {
		const start = (session, address) => new Shopper(daemon, session)
			.post('startSession', { customerName: 'Eve' },
				{ fields: from(address) });
		const seen = [];
		for (const [i, address] of ['unknown', '_hidden', 'fe80::x%eth0',
			'203.0.113.1, "', 'fe80::1%eth0', '203.0.113.1'].entries())
			seen.push((await start(`s${i}`, address)).status);
		assert.deepEqual(seen, [200, 200, 429, 429, 200, 200]);
		await Promise.all(['a', 'b', 'c'].map((garbage) =>
			connect(daemon, 's0', garbage)));
		await assert.rejects(connect(daemon, 's0', 'd'));
		await connect(daemon, 's0', '127.0.0.1');
	}));

test('an address has so much written, in many sessions', () => withDaemon({
	...BEHIND_PROXY, 'session-write-rate': 0, 'address-write-day': 10000000 },
async (daemon) => {
	const [ada, bob, eve] = [
		await enter(daemon, 'one', '203.0.113.1'),
		await enter(daemon, 'two', '203.0.113.1'),
		await enter(daemon, 'three', '203.0.113.2'),
	];
	const { n } = await changeUntilRefused(ada);
	assert(n >= 38 && n <= 41, `${n} carts`);
	assert.equal((await bob.change(CART)).payload.code, 'rateLimited');
	assert.equal((await eve.change(CART)).event, 'updateCart');
}));

test('an address joins so often', () => withDaemon(BEHIND_PROXY,
	async (daemon) => {
		await enter(daemon, 'one', '203.0.113.2');
		const join = async (address) => {
			const shopper = new Shopper(daemon);
			const fields = from(address);
			const answer = await shopper.post('joinSession',
				{ customerName: 'Bob' }, { fields });
			if (answer.status !== 200)
				return answer;
			({ customerId: shopper.customerId, token: shopper.token } =
				answer.messages[0].payload);
			const left = await shopper.post('leaveSession', {}, { fields });
			assert.equal(left.status, 200, left.text);
			return answer;
		};
		const begun = performance.now();
		let n = 0, answer;
		while ((answer = await join('203.0.113.1')).status === 200)
			n++;
		const minutes = (performance.now() - begun) / 60000;
		assert.equal(answer.status, 429);
		assert.equal(answer.messages[0].payload.code, 'rateLimited');
		assert(Number(answer.fields['retry-after']) >= 1);
		assert(n >= 600 && n <= 600 * (1 + minutes) + 1, `${n} joins`);
		assert.equal((await join('203.0.113.2')).status, 200);
	}));

test('so do requests that prove nothing', () => withDaemon({
	...BEHIND_PROXY, 'join-rate': 3 }, async (daemon) => {
	const ask = (address, token) => {
		const shopper = new Shopper(daemon);
		shopper.customerId = '0'.repeat(24);
		shopper.token = token;
		return shopper.post('leaveSession', {}, { fields: from(address) });
	};
	for (const token of [undefined, 'wrong', undefined])
		assert.equal((await ask('2001:db8::1', token)).status, 401);
	// Of IPv6 it is the network that counts.
	assert.equal((await ask('2001:db8::2')).status, 429);
	assert.equal((await ask('2001:db8:0:1::1')).status, 401);
}));
