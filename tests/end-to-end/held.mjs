// Connections whose polls are held: the daemon takes them over from its HTTP
// library.  Whoever asks sees nothing of it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import test, { describe } from 'node:test';

import { message } from './lib/client.mjs';
import { withDaemon } from './lib/daemon.mjs';
import { pass, Shopper } from './lib/shopper.mjs';

// A connection on which requests are written as they are.
class Connection {
	text = '';
	#look = () => {};

	constructor(daemon) {
		this.daemon = daemon;
		this.socket = net.connect(daemon.port, '127.0.0.1');
		this.socket.setNoDelay();
		this.socket.on('data', (data) => {
			this.text += data.toString('latin1');
			this.#look();
		});
		this.socket.on('error', () => {});
		// Resolves when the daemon has closed it.
		this.closed = new Promise((resolve) => {
			this.socket.once('close', resolve);
		});
		this.closed.then(() => this.#look());
	}

	// Resolves once the daemon has read bytes, and what was sent before.
	async send(bytes) {
		await new Promise((resolve) => {
			this.socket.write(bytes, 'latin1', resolve);
		});
		await pass(this.daemon);
	}

	// The next answer, head and body, as it came but for the date.
	async next() {
		let end;
		await new Promise((resolve, reject) => {
			this.#look = () => {
				end = endOf(this.text);
				if (end !== undefined)
					resolve();
				else if (this.socket.closed)
					reject(new Error(`closed: ${this.text}`));
			};
			this.#look();
		});
		const answer = this.text.slice(0, end);
		this.text = this.text.slice(end);
		assert.match(answer, DATE);
		return answer.replace(DATE, '');
	}

	async ask(bytes) {
		this.socket.write(bytes, 'latin1');
		return this.next();
	}

	// The descriptor that the daemon has of it.
	descriptor() {
		const table = ['tcp', 'tcp6'].map((name) =>
			fs.readFileSync(`/proc/net/${name}`, 'utf8')).join('');
		const row = table.split('\n').map((line) => line.trim().split(/\s+/))
			.find(([, local, remote]) => portOf(local) === this.daemon.port &&
				portOf(remote) === this.socket.localPort);
		const folder = `/proc/${this.daemon.pid}/fd`;
		return fs.readdirSync(folder).filter((name) =>
			link(`${folder}/${name}`) === `socket:[${row[9]}]`);
	}
}

const DATE = /^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/m;

// Of an address in /proc/net.
const portOf = (address) => parseInt(address?.split(':')[1], 16);

// One may have been closed meanwhile.
const link = (name) => {
	try {
		return fs.readlinkSync(name);
	} catch {
		return undefined;
	}
};

// Where the first answer in text ends; undefined if not all of it came.
const endOf = (text) => {
	const head = text.indexOf('\r\n\r\n') + 4;
	if (head < 4)
		return undefined;
	const length = text.slice(0, head).match(/^Content-Length: (\d+)\r$/m);
	const end = head + Number(length?.[1] ?? 0);
	return text.length < end ? undefined : end;
};

const bodyOf = (answer) =>
	JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
const statusOf = (answer) => Number(answer.split(' ')[1]);

// The bytes of a request.
const bytes = (line, fields = [], body) => [line, 'Host: shop', ...fields,
	...body === undefined ? [] : [`Content-Length: ${body.length}`],
	'', body ?? ''].join('\r\n');

// Of one by shopper.
const post = ({ target, customerId, token }, event, payload = {}, ...fields) =>
	bytes(`POST ${target} HTTP/1.1`,
		[`Authorization: Bearer ${token}`, ...fields],
		message(event, { customerId, ...payload }));
const poll = ({ target, customerId, token, cursor },
	{ version = '1.1', wait = 55, fields = [] } = {}) =>
	bytes(`GET ${target}?customerId=${customerId}&cursor=${cursor}` +
		`&wait=${wait} HTTP/${version}`,
	[`Authorization: Bearer ${token}`, ...fields]);

const OPTIONS = bytes('OPTIONS /any HTTP/1.1');

const enterPair = async (daemon) => {
	const ada = new Shopper(daemon), bob = new Shopper(daemon);
	await ada.enter('startSession', 'Ada');
	await bob.enter('joinSession', 'Bob');
	ada.cursor = bob.cursor;
	return { ada, bob };
};

let count = 0;
const change = (bob) => bob.post('updateCart',
	{ cartContent: { n: ++count } });

// A connection that was taken over, and idles.
const taken = async (daemon, shopper) => {
	const connection = new Connection(daemon);
	await connection.ask(OPTIONS);
	const before = connection.descriptor();
	await connection.send(poll(shopper, { wait: 1 }));
	assert.notDeepEqual(connection.descriptor(), before);
	assert.equal(statusOf(await connection.next()), 200);
	return connection;
};

describe('answers are the same, byte for byte', { concurrency: true }, () => {
	for (const [name, options] of Object.entries({
		'HTTP/1.1': {},
		'keep-alive': { fields: ['Connection: Keep-Alive'] },
		'close': { fields: ['Connection: close'] },
		'close among others': { fields: ['Connection: x, close'] },
		'HTTP/1.0': { version: '1.0' },
		'HTTP/1.0, keep-alive': { version: '1.0',
			fields: ['Connection: keep-alive'] },
	})) {
		test(name, () => withDaemon({}, async (daemon) => {
			const { ada, bob } = await enterPair(daemon);
			// Bytes behind a request keep the connection with the library.
			const ours = new Connection(daemon), theirs = new Connection(daemon);
			await ours.send(poll(ada, options));
			await theirs.send(poll(ada, options) + OPTIONS);
			await change(bob);
			const answers = [await ours.next(), await theirs.next()];
			assert.equal(bodyOf(answers[0]).cursor, '1.3');
			assert.equal(answers[0], answers[1]);
			if (name.startsWith('close') || name === 'HTTP/1.0')
				await Promise.all([ours.closed, theirs.closed]);
			else
				assert.equal(await ours.ask(OPTIONS), await theirs.next());
			ours.socket.destroy();
			theirs.socket.destroy();
		}));
	}

	test('whatever it is', () => withDaemon({}, async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const ours = await taken(daemon, ada);
		const other = { ...ada, target: '/other' };
		const wrong = { ...ada, token: 'A'.repeat(ada.token.length) };
		for (const request of [
			post(ada, 'resumeSession', { token: ada.token }),
			post(ada, 'updateCart', { cartContent: 1 }),
			post(ada, 'updateCart', { cartContent: { n: 1 } }),
			poll({ ...ada, cursor: '1.1' }),
			poll(wrong), poll(other), post(wrong, 'leaveSession'),
			post(ada, 'poll', { cursor: ada.cursor, wait: 0 }),
			bytes('POST /one HTTP/1.1', [], '{'),
			bytes('POST /one HTTP/1.1', ['Content-Type: text/html'], '{}'),
			bytes(`GET /one?customerId=${ada.customerId} HTTP/1.1`, [], '{}'),
			bytes('GET /a/b/c HTTP/1.1'),
			bytes('BREW /one HTTP/1.1'), OPTIONS,
		]) {
			const fresh = new Connection(daemon);
			const theirs = await fresh.ask(request);
			const mine = await ours.ask(request);
			assert.equal(mine, theirs, request);
			fresh.socket.destroy();
		}
		// Its polls are held as before behind all of these.
		const before = ours.descriptor();
		ada.cursor = bodyOf(await ours.ask(poll({ ...ada, cursor: '' })))
			.cursor;
		await ours.send(poll(ada));
		assert.notDeepEqual(ours.descriptor(), before);
		await change(bob);
		assert.equal(statusOf(await ours.next()), 200);
		ours.socket.destroy();
	}));
});

describe('what comes while a poll is held', { concurrency: true }, () => {
	const tries = {
		'with it': async (connection, request, next) => {
			await connection.send(request + next);
		},
		'behind it': async (connection, request, next) => {
			await connection.send(request);
			await connection.send(next);
		},
		'behind it, in parts': async (connection, request, next) => {
			await connection.send(request);
			await connection.send(next.slice(0, 9));
			await connection.send(next.slice(9, 30));
			return next.slice(30);
		},
		'in part with it': async (connection, request, next) => {
			await connection.send(request + next.slice(0, 9));
			return next.slice(9);
		},
	};
	for (const [name, send] of Object.entries(tries)) {
		test(`is read behind its answer: ${name}`, () => withDaemon({},
			async (daemon) => {
				const { ada, bob } = await enterPair(daemon);
				for (const connection of [new Connection(daemon),
					await taken(daemon, ada)]) {
					const rest = await send(connection, poll(ada), OPTIONS);
					assert.equal(connection.text, '');
					await change(bob);
					ada.cursor = bodyOf(await connection.next()).cursor;
					if (rest !== undefined)
						connection.socket.write(rest);
					assert.equal(statusOf(await connection.next()), 204);
					assert.equal(statusOf(await connection.ask(
						poll({ ...ada, cursor: '' }))), 200);
					connection.socket.destroy();
				}
			}));
	}

	for (const [name, end] of Object.entries({
		'closes': (socket) => socket.end(),
		'resets': (socket) => socket.resetAndDestroy(),
	})) {
		test(`a client that ${name} is gone`, () => withDaemon(
			{ 'max-held-polls': 1 }, async (daemon) => {
				const { ada } = await enterPair(daemon);
				for (const connection of [new Connection(daemon),
					await taken(daemon, ada)]) {
					await connection.send(poll(ada));
					end(connection.socket);
					await connection.closed;
					assert.equal(connection.text, '');
				}
			}));
	}
});

test('requests come whole or in parts', () => withDaemon({},
	async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const connection = await taken(daemon, ada);
		for (const at of [undefined, 1, 20, -3, undefined]) {
			const request = poll(ada);
			if (at !== undefined)
				await connection.send(request.slice(0, at));
			await connection.send(request.slice(at ?? 0));
			await change(bob);
			ada.cursor = bodyOf(await connection.next()).cursor;
		}
		connection.socket.destroy();
	}));

// An answer of so many bytes is more than the kernel takes for who reads none.
const LARGE_BYTES = 16 * 1024 * 1024;
const LARGE = { 'max-message': 0, 'max-session-carts': 0,
	'session-write-rate': 0, 'address-write-rate': 0,
	'session-output-rate': 0 };
const fillCart = (bob) => bob.post('updateCart',
	{ cartContent: { pad: 'x'.repeat(LARGE_BYTES) } });

test('a large answer goes out as it is taken', () => withDaemon(LARGE,
	async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const ours = await taken(daemon, ada), theirs = new Connection(daemon);
		for (const connection of [ours, theirs]) {
			connection.socket.pause();
			await connection.send(poll(ada));
		}
		await theirs.send(OPTIONS);
		await fillCart(bob);
		await pass(daemon);
		const resume = post(ada, 'resumeSession', { token: ada.token });
		const fresh = new Connection(daemon);
		for (const [one, other] of [[ours, theirs], [ours, fresh]]) {
			one.socket.resume();
			other.socket.resume();
			const answer = await one.next();
			assert(answer.length > LARGE_BYTES);
			assert(answer === await other.next());
			one.socket.pause();
			// A reply and a multicart make up the next one.
			await one.send(resume);
			fresh.socket.write(resume);
		}
		ours.socket.resume();
		assert(await ours.next() === await fresh.next());
		assert.equal(statusOf(await ours.ask(OPTIONS)), 204);
		for (const { socket } of [ours, theirs, fresh])
			socket.destroy();
	}));

test('a large answer that is not taken is cut off', () => withDaemon(
	{ ...LARGE, 'send-timeout': 1, 'log-level': 'debug' }, async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const slow = await taken(daemon, ada);
		slow.socket.pause();
		await slow.send(poll(ada));
		await fillCart(bob);
		await daemon.logged(/client is too slow/);
		slow.socket.resume();
		await slow.closed;
		assert(slow.text.length < LARGE_BYTES);
	}));

test('connections have their places, and no more', () => withDaemon(
	{ 'max-connections': 3 }, async (daemon) => {
		const { ada } = await enterPair(daemon);
		// Each of them is closed when another one waits long enough.
		for (let i = 0; i < 4; i++) {
			const idle = [await taken(daemon, ada), await taken(daemon, ada)];
			await Promise.all(idle.map((connection) => {
				connection.socket.end(OPTIONS);
				return connection.closed;
			}));
			for (const { text } of idle)
				assert.equal(statusOf(text), 204);
		}
	}));

test('who wants a place gets that of an idle one', () => withDaemon(
	{ 'max-connections': 2 }, async (daemon) => {
		const { ada } = await enterPair(daemon);
		const idle = await taken(daemon, ada);
		const others = [new Connection(daemon), new Connection(daemon)];
		const answers = await Promise.all(others.map((connection) =>
			connection.ask(bytes('OPTIONS /any HTTP/1.1',
				['Connection: close']))));
		assert.deepEqual(answers.map(statusOf), [204, 204]);
		idle.socket.destroy();
	}));

test('a held poll is answered when the daemon stops', () => withDaemon({},
	async (daemon) => {
		const { ada } = await enterPair(daemon);
		const held = [new Connection(daemon), await taken(daemon, ada),
			new Connection(daemon)];
		const idle = await taken(daemon, ada);
		for (const connection of held)
			await connection.send(poll(ada));
		// The library has the last one.
		await held[2].send(OPTIONS);
		const ended = daemon.stop();
		const answers = await Promise.all(held.map((one) => one.next()));
		assert.equal(statusOf(answers[0]), 503);
		assert.equal(answers[1], answers[0]);
		assert.equal(answers[2], answers[0]);
		await Promise.all([...held, idle].map(({ closed }) => closed));
		assert.equal(await ended, 0);
	}));

test('out of descriptors, connections live on', () => withDaemon({},
	async (daemon) => {
		const { ada } = await enterPair(daemon);
		const connections = [await taken(daemon, ada),
			await taken(daemon, ada), new Connection(daemon)];
		await connections[2].ask(OPTIONS);
		const used = new Set(fs.readdirSync(`/proc/${daemon.pid}/fd`));
		let free = 0;
		while (used.has(String(free)))
			free++;
		const limit = (n) => execFileSync('prlimit',
			['--pid', daemon.pid, `--nofile=${n}:`]);
		limit(free);
		for (const connection of connections) {
			ada.cursor = bodyOf(await connection.ask(
				poll({ ...ada, cursor: '' }))).cursor;
			connection.socket.write(poll(ada, { wait: 1 }));
		}
		for (const connection of connections) {
			assert.equal(statusOf(await connection.next()), 200);
			assert.equal(statusOf(await connection.ask(OPTIONS)), 204);
		}
		limit(1024);
		for (const connection of connections)
			connection.socket.destroy();
	}));
