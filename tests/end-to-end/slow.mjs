// Clients that take nothing, or do not answer, cost little and harm nobody.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import test, { describe } from 'node:test';

import { Client, message } from './lib/client.mjs';
import { withDaemon } from './lib/daemon.mjs';

const UPDATES = 2000;
const CART_BYTES = 100 * 1024;
const MEMORY_MAX = 64 * 1024 * 1024;

const UNLIMITED = { 'message-rate': 0, 'session-write-rate': 0,
	'ping-interval': 0 };

// A host that works and a guest that takes nothing from now on.
const enterPair = async (daemon) => {
	const host = await Client.open(daemon, '/one');
	const guest = await Client.open(daemon, '/one');
	const { customerId } = await host.enter('startSession', 'Ada');
	await guest.enter('joinSession', 'Bob');
	await guest.nextOf('multicartUpdate');
	guest.socket.pause();
	return { host, guest, customerId };
};

const update = async (host, customerId, seq, bytes = CART_BYTES) => {
	host.send('updateCart', { customerId, seq,
		cartContent: { seq, pad: 'x'.repeat(bytes) } });
	await host.nextOf('updateCart');
};

// A session of so many bytes: more than the kernel takes for who reads none.
const LARGE_BYTES = 16 * 1024 * 1024;
const LARGE = { ...UNLIMITED, 'max-message': 0, 'max-session-carts': 0,
	'session-output-rate': 0, 'stall-timeout': 0 };

// Until the host has been sent all of it, which counts as well.
const growLarge = async (host, seq) => {
	host.send('updateCart', { customerId: host.customerId, seq,
		cartContent: { seq, pad: 'x'.repeat(LARGE_BYTES) } });
	await host.nextOf('updateCart');
	await host.nextOf('multicartUpdate');
};

const startLarge = async (daemon) => {
	const host = await Client.open(daemon, '/one');
	host.send('startSession', { customerName: 'Ada', resumable: true });
	const { payload } = await host.nextOf('startSession');
	Object.assign(host, payload);
	await host.nextOf('multicartUpdate');
	await growLarge(host, 1);
	return host;
};

// A client that asks over HTTP and reads no more than the answer's begin.  Its
// rest() is how many bytes of it came in the end, the last of which end() has.
const ask = async ({ host, port }, event, payload) => {
	const body = message(event, payload);
	const socket = connect(port, host);
	socket.on('error', () => {});	// it may be reset
	socket.write('POST /one HTTP/1.1\r\nHost: a\r\nConnection: close\r\n' +
		`Content-Length: ${body.length}\r\n\r\n${body}`);
	await once(socket, 'readable');
	let end = '';
	return {
		rest: async () => {
			let bytes = 0;
			socket.on('data', (data) => {
				bytes += data.length;
				end = (end + data.toString('latin1', data.length - 200))
					.slice(-200);
			});
			await once(socket, 'close');
			return bytes;
		},
		end: () => end,
	};
};

const resume = (daemon, { customerId, token }) =>
	ask(daemon, 'resumeSession', { customerId, token });

// Guests whose carts are as large as they may be, together.
const GUESTS = 8;
const fillCarts = async (daemon, session) => {
	for (let i = 0; i < GUESTS; i++) {
		const guest = await Client.open(daemon, session);
		const { customerId } = await guest.enter('joinSession', `Bob${i}`);
		guest.send('updateCart', { customerId, seq: 1,
			cartContent: { pad: 'x'.repeat(2 * 1024 * 1024 / GUESTS - 1024) } });
		await guest.nextOf('updateCart');
		guest.socket.pause();
	}
};

// Let a WebSocket that is paused take a chunk now and then.
const readSlowly = (socket) => setInterval(() => {
	socket._socket.once('data', () => socket.pause());
	socket.resume();
}, 200).unref();

describe('slow clients', { concurrency: true }, () => {
	test('a stalled reader keeps memory flat and gets the newest state', () =>
		withDaemon({ ...UNLIMITED, 'stall-timeout': 0 }, async (daemon) => {
			const { host, guest, customerId } = await enterPair(daemon);
			await update(host, customerId, 1);
			const before = daemon.memory();
			let most = 0;
			for (let seq = 2; seq <= UPDATES; seq++) {
				await update(host, customerId, seq);
				most = Math.max(most, daemon.memory());
			}
			console.log(`# memory grew by ${(most - before) >> 10} KiB`);
			assert(most - before < MEMORY_MAX);

			guest.socket.resume();
			let shown = 0, count = 0;
			while (shown < UPDATES) {
				const { payload } = await guest.nextOf('multicartUpdate');
				const { seq } = payload.multicartContent[0].content;
				assert(seq > shown);
				shown = seq;
				count++;
			}
			console.log(`# the guest was sent ${count} of ${UPDATES} states`);
			assert(count < UPDATES);
		}));

	test('what large carts need is not fetched from the system each time', (t) =>
		withDaemon(UNLIMITED, async (daemon) => {
			if (daemon.isSanitized())
				return t.skip('it allocates in another way');
			const host = await Client.open(daemon, '/one');
			const { customerId } = await host.enter('startSession', 'Ada');
			let seq = 0;
			const updates = async (n) => {
				for (let i = 0; i < n; i++)
					await update(host, customerId, ++seq, 200 * 1024);
				return daemon.pageFaults();
			};
			const before = await updates(20);
			const each = (await updates(50) - before) / 50;
			console.log(`# ${each} page faults for each`);
			// A cart of 200 KiB alone has 50 pages.
			assert(each < 50);
		}));

	test('a client that takes nothing is closed with 1008', () => withDaemon(
		{ ...UNLIMITED, 'stall-timeout': 1, 'log-level': 'debug' },
		async (daemon) => {
			const { host, guest, customerId } = await enterPair(daemon);
			let isStalled = false;
			const stalled = daemon.logged(/peer takes nothing/)
				.then(() => { isStalled = true; });
			for (let seq = 1; !isStalled; seq++)
				await update(host, customerId, seq);
			await stalled;
			guest.socket.resume();
			assert.equal(await guest.closed, 1008);
			host.send('customerReadyToCheckout', { customerId,
				customerReadyToCheckout: true, seq: 1 });
			await host.nextOf('customerReadyToCheckout');
		}));

	test('a host that reads slowly keeps its seat', () => withDaemon(
		UNLIMITED, async (daemon) => {
			const host = await Client.open(daemon, '/one');
			await host.enter('startSession', 'Ada');
			host.socket.pause();
			await fillCarts(daemon, '/one');
			const reload = await Client.open(daemon, '/one');
			const reading = readSlowly(host.socket);
			await assert.rejects(reload.enter('startSession', 'Ada'),
				/"sessionExists"/);
			clearInterval(reading);
			host.socket.resume();
			let shown = 1;
			while (shown <= GUESTS) {
				const { payload } = await host.nextOf('multicartUpdate');
				shown = payload.multicartContent.filter(({ content }) =>
					Object.hasOwn(content, 'pad')).length + 1;
			}
		}));
});

// One after the other: what they are sent keeps this process busy, and each has
// to take its own within five seconds.
describe('clients of large answers', () => {
	test('an answer that is never taken to its end is cut off', () =>
		withDaemon({ ...LARGE, 'send-timeout': 5, 'log-level': 'debug' },
			async (daemon) => {
				const host = await startLarge(daemon);
				const slow = await resume(daemon, host);
				await daemon.logged(/client is too slow/);
				assert(await slow.rest() < LARGE_BYTES);
			}));

	test('too much that is not taken ends who takes nothing', () => withDaemon(
		{ ...LARGE, 'max-unsent': LARGE_BYTES * 3 / 2, 'log-level': 'debug' },
		async (daemon) => {
			const host = await startLarge(daemon);
			// Both are sent the same bytes, which count once.
			const slow = [await resume(daemon, host),
				await resume(daemon, host)];
			await growLarge(host, 2);
			const last = await resume(daemon, host);
			await daemon.logged(/client is too slow/);
			await daemon.logged(/client is too slow/);
			for (const one of slow)
				assert(await one.rest() < LARGE_BYTES);
			assert(await last.rest() >= LARGE_BYTES);
		}));

	test('what each of them was told besides makes no other bytes', () =>
		withDaemon({ ...LARGE, 'max-unsent': LARGE_BYTES * 3 / 2 },
			async (daemon) => {
				const { customerId, token } = await startLarge(daemon);
				const poll = { customerId, token,
					features: ['presence', 'say'] };
				const first = await ask(daemon, 'poll', poll);
				await first.rest();
				const [, epoch] = first.end()
					.match(/\],"cursor":"1\.2\.(\d+\.\d+)\.0"\}$/);
				const slow = [];
				for (const present of [0, 1])
					slow.push(await ask(daemon, 'poll', { ...poll,
						cursor: `1.1.${epoch}.${present}` }));
				for (const [present, one] of slow.entries()) {
					assert(await one.rest() >= LARGE_BYTES);
					const cursor = `,"cursor":"1.2.${epoch}.${present}"}`;
					assert(one.end().endsWith(`${cursor}]${cursor}`));
				}
			}));
});

// Apart from those, beside which this process may not answer within a second.
describe('silent clients', { concurrency: true }, () => {
	test('a message that does not end is closed with 1008', () => withDaemon(
		{ 'body-timeout': 1, 'ping-interval': 0 }, async (daemon) => {
			const client = await Client.open(daemon, '/one');
			client.socket.send('{"event":', { fin: false });
			client.socket.ping();
			assert.equal(await client.closed, 1008);
		}));

	test('who answers no ping is cut off, who does stays', () => withDaemon(
		{ 'ping-interval': 1, 'pong-timeout': 1 }, async (daemon) => {
			const host = await Client.open(daemon, '/one');
			const guest = await Client.open(daemon, '/one');
			// The option autoPong came with version 8.16 of ws only.
			guest.socket.pong = () => {};
			let pings = 0;
			host.socket.on('ping', () => pings++);
			const { customerId } = await host.enter('startSession', 'Ada');
			await guest.enter('joinSession', 'Bob');
			assert.equal(await guest.closed, 1006);
			assert(pings > 0);
			host.send('leaveSession', { customerId });
			await host.nextOf('leaveSession');
		}));

	test('who never joins is closed with 1008, who does stays', () => withDaemon(
		{ 'join-timeout': 1, 'ping-interval': 1 }, async (daemon) => {
			const host = await Client.open(daemon, '/one');
			const { customerId } = await host.enter('startSession', 'Ada');
			const stranger = await Client.open(daemon, '/one');
			assert.equal(await stranger.closed, 1008);
			host.send('leaveSession', { customerId });
			await host.nextOf('leaveSession');
			assert.equal(await host.closed, 1008);
		}));

	test('who goes on talking is not pinged', () => withDaemon(
		{ 'ping-interval': 1, 'pong-timeout': 1 }, async (daemon) => {
			const busy = await Client.open(daemon, '/one');
			const quiet = await Client.open(daemon, '/one');
			let pings = 0, isPinged = false;
			busy.socket.on('ping', () => pings++);
			quiet.socket.once('ping', () => { isPinged = true; });
			while (!isPinged) {
				busy.sendText('');
				await busy.next();
			}
			assert.equal(pings, 0);
		}));
});
