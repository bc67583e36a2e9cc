// Connections whose polls are held: the daemon takes them over from its HTTP
// library.  Whoever asks sees nothing of it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import test, { describe } from 'node:test';

import { message } from './lib/client.mjs';
import { makeFolder, withDaemon } from './lib/daemon.mjs';
import { pass, Shopper } from './lib/shopper.mjs';

// A connection on which requests are written as they are.
class Connection {
	text = '';
	#look = () => {};
	#before;

	constructor(daemon) {
		this.daemon = daemon;
		this.#before = new Set(socketsOf(daemon).map(({ inode }) => inode));
		this.socket = net.connect(daemon.path === undefined ?
			{ port: daemon.port, host: '127.0.0.1' } : { path: daemon.path });
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
				end ??= endOf(this.text);
				if (this.text.length >= end)
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

	// The descriptor that the daemon has of it.  To be asked first when no
	// other one was opened since.
	descriptor() {
		const now = socketsOf(this.daemon);
		this.inode ??= now.find(({ inode }) =>
			!this.#before.has(inode)).inode;
		return now.filter(({ inode }) => inode === this.inode)
			.map(({ name }) => name);
	}
}

const DATE = /^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/m;

// One may have been closed meanwhile.
const link = (name) => {
	try {
		return fs.readlinkSync(name);
	} catch {
		return undefined;
	}
};

// The sockets of a daemon: {name, inode}, name being that of the descriptor.
const socketsOf = ({ pid }) => fs.readdirSync(`/proc/${pid}/fd`)
	.map((name) => ({ name, inode: link(`/proc/${pid}/fd/${name}`) }))
	.filter(({ inode }) => inode?.startsWith('socket:'));

// Where the first answer in text ends, or will; undefined if not all of its head
// came.
const endOf = (text) => {
	const head = text.indexOf('\r\n\r\n') + 4;
	if (head < 4)
		return undefined;
	const length = text.slice(0, head).match(/^Content-Length: (\d+)\r$/m);
	return head + Number(length?.[1] ?? 0);
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

// Likewise, with connections that come to a UNIX-domain socket.
const withLocalDaemon = (settings, steps) => {
	const path = `${makeFolder()}/http.sock`;
	return withDaemon({ ...settings, listen: `*:0,unix:${path}` },
		(daemon) => steps(Object.assign(daemon, { path })));
};

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
		'a UNIX-domain socket': { start: withLocalDaemon },
	})) {
		test(name, () => (options.start ?? withDaemon)({}, async (daemon) => {
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

for (const [place, start] of Object.entries({ 'TCP': withDaemon,
	'a UNIX-domain socket': withLocalDaemon })) {
	describe(`what comes while a poll is held, over ${place}`,
		{ concurrency: true }, () => comesWhileHeld(start));
}

function comesWhileHeld(start) {
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
		test(`is read behind its answer: ${name}`, () => start({},
			async (daemon) => {
				const { ada, bob } = await enterPair(daemon);
				for (const connection of [await taken(daemon, ada),
					new Connection(daemon)]) {
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
		'resets': (socket) => socket.remoteAddress === undefined ?
			socket.destroy() : socket.resetAndDestroy(),
	})) {
		test(`a client that ${name} is gone`, () => start(
			{ 'max-held-polls': 1 }, async (daemon) => {
				const { ada } = await enterPair(daemon);
				for (const connection of [await taken(daemon, ada),
					new Connection(daemon)]) {
					await connection.send(poll(ada));
					end(connection.socket);
					await connection.closed;
					assert.equal(connection.text, '');
				}
			}));
	}
}

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

// As many as make libmicrohttpd read, and one whose request has come in part:
// the loop learns in one turn of the others, which have that one read to its
// end, and of its end.
test('requests that come at once', () => withDaemon({ 'max-held-polls': 0 },
	async (daemon) => {
		const { ada, bob } = await enterPair(daemon);
		const all = Array.from({ length: 40 }, () => new Connection(daemon));
		await Promise.all(all.map((one) => one.ask(poll(ada, { wait: 1 }))));
		const last = all.pop();
		for (let n = 1; n < 4; n++) {
			const request = poll(ada);
			await last.send(request.slice(0, 9));
			daemon.child.kill('SIGSTOP');
			const written = [...all, last].map(({ socket }) =>
				new Promise((resolve) => socket.write(socket === last.socket ?
					request.slice(9) : request, resolve)));
			await Promise.all(written);
			daemon.child.kill('SIGCONT');
			await pass(daemon);
			await change(bob);
			for (const one of [...all, last])
				ada.cursor = bodyOf(await one.next()).cursor;
			assert.equal(ada.cursor, `1.${2 + n}`);
		}
		for (const { socket } of [...all, last])
			socket.destroy();
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

// Such a socket takes all of a small answer, or nothing.
test('an answer begins when there is no room', () => withLocalDaemon(
	{ 'message-rate': 0 }, async (daemon) => {
		const { ada } = await enterPair(daemon);
		const connection = await taken(daemon, ada);
		await ada.post('updateCart', { cartContent: { pad: 'x'.repeat(2000) } });
		const resume = post(ada, 'resumeSession', { token: ada.token });
		const answer = await connection.ask(resume);
		const COUNT = 90;
		connection.socket.pause();
		for (let i = 0; i < COUNT; i++) {
			connection.socket.write(resume);
			// One that is done later.
			await ada.post('resumeSession', { token: ada.token });
		}
		connection.socket.resume();
		for (let i = 0; i < COUNT; i++)
			assert.equal(await connection.next(), answer);
		connection.socket.destroy();
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

// Two places are for those that are held, the others for requests beside them,
// of which one or two may not be over when the next one comes.  A connection
// that kept its place would soon have the others wait, and end the idle ones.
test('connections have their places, and no more', () => withDaemon(
	{ 'max-connections': 5 }, async (daemon) => {
		const { ada } = await enterPair(daemon);
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
		const idle = await taken(daemon, ada);
		const held = [await taken(daemon, ada), new Connection(daemon),
			new Connection(daemon)];
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
