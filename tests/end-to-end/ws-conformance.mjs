// Speaks WebSocket on raw sockets with tests/ws_echo: RFC 6455 and RFC 7692,
// case by case, well-formed or not, whole, fragmented and chopped.
// Usage: ws-conformance.mjs PATH-OF-WS_ECHO [WORD]: only cases with that word.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import zlib from 'node:zlib';

const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;
const MAX_MESSAGE = 16 * 1024 * 1024;
const FRAGMENT_MAX = 65536;	// of the server's
const CASE_LIMIT_MS = 120000;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = createHash('sha1')
	.update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

// Bytes that come from a socket, to be waited for.
class Stream {
	#chunks = [];
	#have = 0;
	#ended = false;
	#wake = () => {};

	constructor(socket) {
		socket.on('data', (chunk) => {
			this.#chunks.push(chunk);
			this.#have += chunk.length;
			this.#wake();
		});
		for (const event of ['end', 'error', 'close'])
			socket.on(event, () => {
				this.#ended = true;
				this.#wake();
			});
	}

	// n bytes, or null if the stream ends before.
	async read(n) {
		while (this.#have < n) {
			if (this.#ended)
				return null;
			await new Promise((wake) => { this.#wake = wake; });
		}
		if (this.#chunks.length !== 1)
			this.#chunks = [Buffer.concat(this.#chunks)];
		const [bytes] = this.#chunks;
		this.#chunks = [bytes.subarray(n)];
		this.#have -= n;
		return bytes.subarray(0, n);
	}

	async readHead() {
		let head = '';
		while (!head.endsWith('\r\n\r\n')) {
			const byte = await this.read(1);
			if (byte === null)
				return head;
			head += byte.toString('latin1');
		}
		return head;
	}
}

function headOf(fields, requestLine = 'GET /any/path?query HTTP/1.1') {
	const lines = Object.entries({
		Host: 'localhost',
		Connection: 'keep-alive, Upgrade',
		Upgrade: 'websocket',
		'Sec-WebSocket-Key': KEY,
		'Sec-WebSocket-Version': '13',
		...fields,
	}).filter(([, value]) => value !== null).flatMap(([name, value]) =>
		[value].flat().map((one) => `${name}: ${one}\r\n`));
	return Buffer.from(`${requestLine}\r\n${lines.join('')}\r\n`, 'latin1');
}

// Only browsers need masks that nobody can foresee, and those take long.
function someMask() {
	const mask = Buffer.allocUnsafe(4);
	mask.writeUInt32LE(Math.random() * 2 ** 32 >>> 0);
	return mask;
}

// One frame. A mask of null leaves it out, length overrides the true one.
function frame(opcode, payload = '', { fin = 1, rsv = 0, length,
	mask = someMask(), wide = 0 } = {}) {
	const data = Buffer.from(payload);
	const n = length ?? data.length;
	const header = [fin << 7 | rsv << 4 | opcode];
	const masked = mask === null ? 0 : 0x80;
	if (wide === 0 && n < 126)
		header.push(masked | n);
	else if (wide === 2 || (wide === 0 && n < 65536))
		header.push(masked | 126, n >> 8, n & 255);
	else {
		const long = Buffer.alloc(8);
		long.writeBigUInt64BE(BigInt(n));
		header.push(masked | 127, ...long);
	}
	if (mask === null)
		return Buffer.concat([Buffer.from(header), data]);
	for (let i = 0; i < data.length; i++)
		data[i] ^= mask[i & 3];
	return Buffer.concat([Buffer.from(header), mask, data]);
}

// A message in fragments of at most size bytes.
function fragments(opcode, payload, size, { rsv = 0 } = {}) {
	const data = Buffer.from(payload);
	const frames = [];
	let at = 0;
	do {
		const end = Math.min(at + size, data.length);
		frames.push(frame(at === 0 ? opcode : 0, data.subarray(at, end),
			{ fin: end === data.length ? 1 : 0,
				rsv: at === 0 ? rsv : 0 }));
		at = end;
	} while (at < data.length);
	return frames;
}

function closing(code, reason = '') {
	if (code === undefined)
		return frame(CLOSE);
	return frame(CLOSE, Buffer.concat([Buffer.from([code >> 8, code & 255]),
		Buffer.from(reason)]));
}

// zlib's streams with a message at a time, as RFC 7692, section 7.2 has them.
class Deflater {
	#bits;
	#keep;
	#stream = null;

	constructor(bits, keep) {
		this.#bits = bits;
		this.#keep = keep;
	}

	async message(data) {
		this.#stream ??= zlib.createDeflateRaw({ windowBits: this.#bits });
		const stream = this.#stream;
		const parts = [];
		const collect = (part) => parts.push(part);
		stream.on('data', collect);
		stream.write(data);
		await new Promise((done) =>
			stream.flush(zlib.constants.Z_SYNC_FLUSH, done));
		stream.off('data', collect);
		if (!this.#keep)
			this.#stream = null;
		const packed = Buffer.concat(parts);
		return packed.subarray(0, packed.length - 4);
	}
}

class Inflater {
	#bits;
	#keep;
	#stream = null;

	constructor(bits, keep) {
		this.#bits = bits;
		this.#keep = keep;
	}

	async message(data) {
		this.#stream ??= zlib.createInflateRaw({ windowBits: this.#bits });
		const stream = this.#stream;
		const parts = [];
		const collect = (part) => parts.push(part);
		const failed = once(stream, 'error').then(([e]) => { throw e; });
		failed.catch(() => {});
		stream.on('data', collect);
		stream.write(Buffer.concat([data,
			Buffer.from([0x00, 0x00, 0xff, 0xff])]));
		await Promise.race([failed, new Promise((done) =>
			stream.flush(zlib.constants.Z_SYNC_FLUSH, done))]);
		stream.removeAllListeners();
		if (!this.#keep)
			this.#stream = null;
		return Buffer.concat(parts);
	}
}

class Client {
	constructor(port) {
		this.socket = net.connect(port, '127.0.0.1');
		this.socket.setNoDelay(true);
		this.stream = new Stream(this.socket);
		this.compressedFrames = 0;
	}

	// Send whatever follows the head with it.
	async open(fields = {}, behind = Buffer.alloc(0)) {
		this.send(Buffer.concat([headOf(fields), behind]));
		this.head = await this.stream.readHead();
		assert.match(this.head, /^HTTP\/1\.1 101 /);
		assert.equal(this.field('Sec-WebSocket-Accept'), ACCEPT);
		assert.match(this.field('Upgrade'), /^websocket$/i);
		return this;
	}

	field(name) {
		return new RegExp(`^${name}: *(.*?) *\r$`, 'im')
			.exec(this.head)?.[1];
	}

	send(...pieces) {
		if (!this.socket.destroyed)
			for (const piece of pieces)
				this.socket.write(piece);
	}

	// Each piece is in the kernel before the next one is made.
	async chop(bytes, size) {
		for (let at = 0; at < bytes.length; at += size) {
			const piece = bytes.subarray(at, at + size);
			await new Promise((done) => this.socket.write(piece, done));
		}
	}

	async receive() {
		const start = await this.stream.read(2);
		if (start === null)
			return null;
		let n = start[1];
		assert.ok(n < 128, 'a server does not mask');
		if (n === 126)
			n = (await this.stream.read(2)).readUInt16BE();
		else if (n === 127)
			n = Number((await this.stream.read(8)).readBigUInt64BE());
		const payload = await this.stream.read(n);
		assert.notEqual(payload, null, 'the stream ends within a frame');
		return { fin: start[0] >> 7, rsv: start[0] >> 4 & 7,
			opcode: start[0] & 15, payload };
	}

	// One message or control frame; between its fragments, the frame
	// [opcode, payload] if that is given.
	async expect(opcode, payload, between) {
		const pieces = [];
		let got, first;
		do {
			got = await this.receive();
			assert.notEqual(got, null, 'the stream ended');
			if (between !== undefined && pieces.length > 0 &&
			    got.opcode === between[0]) {
				assert.equal(got.payload.toString(), between[1]);
				between = undefined;
				got.fin = 0;
				continue;
			}
			first ??= got;
			assert.equal(got.opcode, got === first ? opcode : 0,
				`frame ${got.opcode} ${got.payload.toString('hex', 0, 20)}`);
			assert.ok(got.payload.length <= FRAGMENT_MAX, 'a large frame');
			assert.ok(got === first || got.rsv === 0);
			pieces.push(got.payload);
		} while (got.fin === 0);
		assert.equal(between, undefined, 'nothing came between');
		let data = Buffer.concat(pieces);
		if (first.rsv === 4 && this.inflater !== undefined) {
			data = await this.inflater.message(data);
			this.compressedFrames++;
		} else
			assert.equal(first.rsv, 0);
		assert.ok(data.equals(Buffer.from(payload)), 'payload differs');
	}

	// The close frame, and then the server ends the stream.
	async expectClose(code) {
		await this.expect(CLOSE, code === undefined ? '' :
			Buffer.from([code >> 8, code & 255]));
		assert.equal(await this.stream.read(1), null, 'more follows');
	}

	async finish(code = 1000) {
		this.send(closing(code, 'bye'));
		await this.expectClose(code);
	}

	// Take what was agreed upon out of the server's answer.
	agree() {
		const answer = this.field('Sec-WebSocket-Extensions');
		assert.match(answer ?? '', new RegExp('^permessage-deflate; ' +
			'server_no_context_takeover; client_no_context_takeover'));
		const bits = (name) =>
			Number(new RegExp(`${name}=(\\d+)`).exec(answer)?.[1] ?? 15);
		this.deflater = new Deflater(
			Math.max(9, bits('client_max_window_bits')),
			!answer.includes('client_no_context_takeover'));
		this.inflater = new Inflater(bits('server_max_window_bits'),
			!answer.includes('server_no_context_takeover'));
		return answer;
	}
}

const cases = [];		// [name, server, function(port)]

function rawCase(name, run, server = 'plain') {
	cases.push([name, server, async (port) => {
		const client = new Client(port);
		try {
			await run(client);
		} finally {
			client.socket.destroy();
		}
	}]);
}

// The same on a connection without compression, to both servers.
function openCase(name, run) {
	for (const server of ['plain', 'deflate'])
		rawCase(`${name} (${server})`, async (client) => {
			await client.open();
			await run(client);
		}, server);
}

function echoCase(name, opcode, payload, bytes) {
	openCase(name, async (client) => {
		client.send(...bytes);
		await client.expect(opcode, payload);
		await client.finish();
	});
}

function failCase(name, code, ...bytes) {
	openCase(name, async (client) => {
		client.send(...bytes);
		await client.expectClose(code);
	});
}

const SIZES = [0, 1, 125, 126, 127, 128, 65535, 65536, 65537];

function framing() {
	for (const [word, opcode] of [['text', TEXT], ['binary', BINARY]])
		for (const size of SIZES) {
			const data = Buffer.alloc(size, '*');
			echoCase(`1 ${word} of ${size}`, opcode, data,
				[frame(opcode, data)]);
			echoCase(`1 ${word} of ${size} in fragments of 997`, opcode,
				data, fragments(opcode, data, 997));
			openCase(`1 ${word} of ${size} chopped`, async (client) => {
				await client.chop(frame(opcode, data),
					size > 1000 ? 997 : 1);
				await client.expect(opcode, data);
				await client.finish();
			});
		}
	for (const wide of [2, 8])
		failCase(`1 length in ${wide} bytes needlessly`, 1002,
			frame(TEXT, 'a', { wide }));
	failCase('1 length in 8 bytes needlessly (200)', 1002,
		frame(TEXT, 'a'.repeat(200), { wide: 8 }));
	failCase('1 length with the highest bit set', 1002,
		Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4]));
	failCase('1 unmasked', 1002, frame(TEXT, 'a', { mask: null }));
	failCase('1 unmasked close', 1002, frame(CLOSE, '', { mask: null }));
	echoCase('1 masked with zeros', TEXT, 'abc',
		[frame(TEXT, 'abc', { mask: Buffer.alloc(4) })]);
}

function pings() {
	const all = Buffer.from(Array.from({ length: 125 }, (_, i) => i + 131));
	for (const payload of ['', 'Hello', all]) {
		const n = payload.length;
		openCase(`2 ping of ${n}`, async (client) => {
			client.send(frame(PING, payload));
			await client.expect(PONG, payload);
			await client.finish();
		});
		openCase(`2 ping of ${n} chopped`, async (client) => {
			await client.chop(frame(PING, payload), 1);
			await client.expect(PONG, payload);
			await client.finish();
		});
		echoCase(`2 unsolicited pong of ${n}`, TEXT, 'a',
			[frame(PONG, payload), frame(TEXT, 'a')]);
	}
	for (const opcode of [PING, PONG, CLOSE]) {
		failCase(`2 control frame ${opcode} of 126`, 1002,
			frame(opcode, Buffer.alloc(126)));
		failCase(`2 control frame ${opcode} in fragments`, 1002,
			frame(opcode, '', { fin: 0 }));
	}
	openCase('2 ping while a large message is sent', async (client) => {
		const data = randomBytes(2 * 1024 * 1024);
		client.send(Buffer.concat([frame(BINARY, data),
			frame(PING, 'now')]));
		await client.expect(BINARY, data, [PONG, 'now']);
		await client.finish();
	});
	openCase('2 ten thousand pings, answered in order', async (client) => {
		const pending = Array.from({ length: 10000 }, (_, i) => `ping ${i}`);
		client.send(Buffer.concat(pending.map((p) => frame(PING, p))));
		for (const payload of pending)
			await client.expect(PONG, payload);
		await client.finish();
	});
}

function reserved() {
	for (let rsv = 1; rsv < 8; rsv++)
		for (const opcode of [TEXT, BINARY, PING, PONG, CLOSE])
			failCase(`3 reserved bits ${rsv} on ${opcode}`, 1002,
				frame(opcode, '', { rsv }));
	for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
		for (const payload of ['', 'payload'])
			openCase(`4 opcode ${opcode} with ${payload.length} bytes`,
				async (client) => {
					client.send(frame(TEXT, 'a'),
						frame(opcode, payload), frame(PING));
					await client.expect(TEXT, 'a');
					await client.expectClose(1002);
				});
}

function fragmentation() {
	const open = { fin: 0 };
	for (const opcode of [TEXT, BINARY]) {
		echoCase(`5 ${opcode} in two`, opcode, 'ab',
			[frame(opcode, 'a', open), frame(0, 'b')]);
		echoCase(`5 ${opcode} in empty fragments`, opcode, '',
			[frame(opcode, '', open), frame(0, '', open), frame(0)]);
		echoCase(`5 ${opcode} with something in the middle`, opcode, 'x',
			[frame(opcode, '', open), frame(0, 'x', open), frame(0)]);
		openCase(`5 ${opcode} around pings`, async (client) => {
			const bytes = Buffer.concat([frame(opcode, 'a', open),
				frame(PING, '1'), frame(0, 'b', open), frame(PING, '2'),
				frame(PONG, 'x'), frame(0, 'c')]);
			for (const size of [bytes.length, 1]) {
				await client.chop(bytes, size);
				await client.expect(PONG, '1');
				await client.expect(PONG, '2');
				await client.expect(opcode, 'abc');
			}
			await client.finish();
		});
		failCase(`5 ${opcode} within a message`, 1002,
			frame(TEXT, 'a', open), frame(opcode, 'b'));
	}
	for (const fin of [0, 1])
		failCase(`5 continuation of nothing, fin ${fin}`, 1002,
			frame(0, 'a', { fin }), frame(TEXT, 'b'));
	openCase('5 continuation behind a whole message', async (client) => {
		client.send(frame(TEXT, 'a'), frame(0, 'b'));
		await client.expect(TEXT, 'a');
		await client.expectClose(1002);
	});
	openCase('5 close within a message', async (client) => {
		client.send(frame(TEXT, 'a', open));
		await client.finish(1001);
	});
}

// RFC 3629: hexadecimal texts, and where the first wrong byte of those is that
// are none.
const VALID = ['', '00', '7f', 'c280', 'dfbf', 'e0a080', 'ed9fbf', 'ee8080',
	'efbfbe', 'efbfbf', 'f0908080', 'f48fbfbf', 'f48fbfbe', 'efbbbf41',
	'cebae1bdb9cf83cebcceb5', '48656c6c6f2dc2b540c39fc3b6c3a4c3bcc3a0c3a1'];
const INVALID = [['80', 0], ['bf', 0], ['8080', 0], ['c0', 0], ['c080', 0],
	['c1bf', 0], ['c241', 1], ['dfc0', 1], ['e080', 1], ['e09fbf', 1],
	['e0a041', 2], ['eda080', 1], ['edadbf', 1], ['edbfbf', 1],
	['eda080edb080', 1], ['f080', 1], ['f08fbfbf', 1], ['f0908041', 3],
	['f490', 1], ['f4908080', 1], ['f5', 0], ['f7bfbfbf', 0], ['f888808080', 0],
	['fbbfbfbfbf', 0], ['fc8480808080', 0], ['fdbfbfbfbfbf', 0], ['fe', 0],
	['ff', 0], ['fffe', 0], ['cebaf4908080656469746564', 3],
	['cebae1bdb9cf83cebcceb5eda080656469746564', 12]];
const CUT_OFF = ['c2', 'df', 'e0a0', 'ed9f', 'e1', 'f0', 'f09080', 'f48fbf',
	'cebae1bdb9cf83cebcceb5f0'];

function utf8() {
	for (const hex of VALID) {
		const text = Buffer.from(hex, 'hex');
		echoCase(`6 valid ${hex}`, TEXT, text, [frame(TEXT, text)]);
		echoCase(`6 valid ${hex} a byte a fragment`, TEXT, text,
			fragments(TEXT, text, 1));
		echoCase(`6 valid ${hex} behind much`, TEXT,
			Buffer.concat([Buffer.alloc(70000, 'x'), text]),
			[frame(TEXT, Buffer.concat([Buffer.alloc(70000, 'x'), text]))]);
	}
	for (const [hex, wrong] of INVALID) {
		const text = Buffer.from(hex, 'hex');
		failCase(`6 invalid ${hex}`, 1007, frame(TEXT, text));
		failCase(`6 invalid ${hex} a byte a fragment`, 1007,
			...fragments(TEXT, text, 1));
		// Nothing of the text follows its first wrong byte.
		failCase(`6 invalid ${hex}, fragment stays open`, 1007,
			frame(TEXT, text.subarray(0, wrong + 1), { fin: 0 }));
		failCase(`6 invalid ${hex}, frame stays open`, 1007,
			frame(TEXT, text.subarray(0, wrong + 1), { length: 4000 }));
	}
	for (const hex of CUT_OFF) {
		const text = Buffer.from(hex, 'hex');
		failCase(`6 cut off ${hex}`, 1007, frame(TEXT, text));
		failCase(`6 cut off ${hex}, empty last fragment`, 1007,
			frame(TEXT, text, { fin: 0 }), frame(0));
		echoCase(`6 binary ${hex}`, BINARY, text, [frame(BINARY, text)]);
	}
}

const GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
	1012, 1013, 1014, 3000, 3999, 4000, 4999];
const BAD_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999,
	5000, 65535];

function closes() {
	for (const code of GOOD_CODES)
		openCase(`7 close ${code}`, (client) => client.finish(code));
	for (const code of BAD_CODES) {
		failCase(`7 close ${code}`, 1002, closing(code));
		failCase(`7 close ${code} with a reason`, 1002, closing(code, 'why'));
	}
	failCase('7 close without a code', undefined, closing());
	failCase('7 close of one byte', 1002, frame(CLOSE, 'a'));
	failCase('7 close with the longest reason', 1000,
		closing(1000, 'x'.repeat(123)));
	failCase('7 close with too long a reason', 1002,
		closing(1000, 'x'.repeat(124)));
	failCase('7 close with a reason that is no text', 1007,
		closing(1000, Buffer.from('cebae1bdb9eda080', 'hex')));
	failCase('7 close with a reason cut off', 1007,
		closing(1000, Buffer.from('c2', 'hex')));
	failCase('7 two closes', 1000, closing(1000), closing(1001));
	failCase('7 ping behind a close', 1000, closing(1000), frame(PING));
	failCase('7 message behind a close', 1000, closing(1000),
		frame(TEXT, 'a'));
	failCase('7 garbage behind a close', 1000, closing(1000),
		randomBytes(200000));
	failCase('7 garbage', 1002, Buffer.alloc(200000, 0xff));
	openCase('7 message and close together', async (client) => {
		const data = 'x'.repeat(256 * 1024);
		client.send(frame(TEXT, data), closing(1000), frame(PING));
		await client.expect(TEXT, data);
		await client.expectClose(1000);
	});
	openCase('7 close chopped', async (client) => {
		await client.chop(closing(1000, 'reason'), 1);
		await client.expectClose(1000);
	});
}

function limits() {
	const sizes = [64, 256, 1024, 4096, MAX_MESSAGE / 1024].map((k) =>
		k * 1024);
	for (const [word, opcode] of [['text', TEXT], ['binary', BINARY]]) {
		for (const size of sizes) {
			const data = Buffer.alloc(size, 'BAsd7&jh23');
			echoCase(`9 ${word} of ${size}`, opcode, data,
				[frame(opcode, data)]);
		}
		for (const size of [64, 256, 1024, 4096, 16384, 65536, 1048576]) {
			const data = Buffer.alloc(4 * 1024 * 1024, 'BAsd7&jh23');
			echoCase(`9 ${word} of 4 MiB in fragments of ${size}`, opcode,
				data, [Buffer.concat(fragments(opcode, data, size))]);
		}
		for (const size of [64, 128, 256, 512, 1024, 2048])
			openCase(`9 ${word} of 1 MiB in chops of ${size}`,
				async (client) => {
					const data = Buffer.alloc(1024 * 1024, '*');
					await client.chop(frame(opcode, data), size);
					await client.expect(opcode, data);
					await client.finish();
				});
		for (const size of [0, 16, 64, 256, 1024, 4096])
			openCase(`9 a thousand times ${word} of ${size}`,
				async (client) => {
					const data = Buffer.alloc(size, '*');
					for (let i = 0; i < 1000; i++) {
						client.send(frame(opcode, data));
						await client.expect(opcode, data);
					}
					await client.finish();
				});
		failCase(`9 ${word} a byte too long`, 1009,
			frame(opcode, '', { length: MAX_MESSAGE + 1 }));
	}
	failCase('9 fragments a byte too long together', 1009,
		frame(BINARY, Buffer.alloc(MAX_MESSAGE), { fin: 0 }), frame(0, 'a'));
	failCase('9 length of 2^62', 1009,
		Buffer.from([0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]));
	echoCase('9 a hundred thousand fragments', BINARY,
		Buffer.alloc(100000, 'f'),
		[Buffer.concat(fragments(BINARY, Buffer.alloc(100000, 'f'), 1))]);
	openCase('9 a reader that comes late', async (client) => {
		const data = Buffer.alloc(1024 * 1024, 'l');
		client.socket.pause();
		for (let i = 0; i < 64; i++)
			client.send(frame(BINARY, data));
		client.socket.resume();
		for (let i = 0; i < 64; i++)
			await client.expect(BINARY, data);
		await client.finish();
	});
}

const samples = new Map();

// Text that compresses about as well as JSON does, the same in every run.
function sample(size, seed) {
	const key = `${size} ${seed}`;
	if (!samples.has(key))
		samples.set(key, makeSample(size, seed));
	return samples.get(key);
}

function makeSample(size, seed) {
	let state = seed >>> 0;
	let text = '';
	while (text.length < size) {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		text += `{"sku":"${state.toString(36)}","count":${state % 10}},`;
	}
	return Buffer.from(text.slice(0, size));
}

const OFFERS = ['', '; client_no_context_takeover',
	'; server_no_context_takeover',
	'; client_no_context_takeover; server_no_context_takeover',
	'; client_max_window_bits', '; client_max_window_bits=9',
	'; client_max_window_bits=15', '; server_max_window_bits=9',
	'; server_max_window_bits=12', '; server_max_window_bits=15',
	'; client_max_window_bits=9; server_max_window_bits=9',
	'; client_max_window_bits; server_max_window_bits=9; ' +
	'client_no_context_takeover; server_no_context_takeover'];

function deflateCase(name, offer, run) {
	rawCase(`12 ${name}`, async (client) => {
		await client.open({ 'Sec-WebSocket-Extensions': offer });
		await run(client, client.agree());
	}, 'deflate');
}

async function compressedEcho(client, opcode, data, size = data.length + 64) {
	const packed = await client.deflater.message(data);
	client.send(...fragments(opcode, packed, size, { rsv: 4 }));
	await client.expect(opcode, data);
}

function compression() {
	for (const params of OFFERS) {
		const offer = `permessage-deflate${params}`;
		for (const size of [0, 16, 64, 256, 1024, 4096, 8192, 16384, 32768,
			65536, 131072])
			deflateCase(`${size} bytes with "${offer}"`, offer,
				async (client) => {
					for (let i = 0; i < 30; i++)
						await compressedEcho(client,
							i % 2 ? TEXT : BINARY, sample(size, i));
					assert.equal(client.compressedFrames, size < 256 ? 0 : 30);
					await client.finish();
				});
		deflateCase(`fragments with "${offer}"`, offer, async (client) => {
			for (const size of [1, 2, 3, 100, 1000])
				await compressedEcho(client, TEXT, sample(20000, size), size);
			client.send(...fragments(TEXT, 'plain', 2));
			await client.expect(TEXT, 'plain');
			await client.finish();
		});
		deflateCase(`random bytes with "${offer}"`, offer, async (client) => {
			for (const size of [1, 1000, 100000])
				await compressedEcho(client, BINARY, randomBytes(size));
			await client.finish();
		});
	}
}

function compressionFaults() {
	const plain = 'permessage-deflate';
	const zeros = (size) => zlib.deflateRawSync(Buffer.alloc(size),
		{ finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
	deflateCase('16 MiB', plain, async (client) => {
		await compressedEcho(client, BINARY, sample(MAX_MESSAGE, 1));
		await client.finish();
	});
	deflateCase('a bomb', plain, async (client) => {
		client.send(frame(BINARY, zeros(64 * 1024 * 1024), { rsv: 4 }));
		await client.expectClose(1009);
	});
	deflateCase('corrupt', plain, async (client) => {
		client.send(frame(TEXT, Buffer.from('ffffffff', 'hex'), { rsv: 4 }));
		await client.expectClose(1002);
	});
	deflateCase('text that is none', plain, async (client) => {
		const packed = await client.deflater.message(Buffer.from([0xff]));
		client.send(frame(TEXT, packed, { rsv: 4 }));
		await client.expectClose(1007);
	});
	deflateCase('final block within a message', plain, async (client) => {
		const final = zlib.deflateRawSync(Buffer.from('Hello'));
		client.send(frame(TEXT,
			Buffer.concat([final, Buffer.from([0])]), { rsv: 4 }));
		await client.expect(TEXT, 'Hello');
		await client.finish();
	});
	for (const [name, ...bytes] of [
		['RSV1 on a continuation', frame(TEXT, 'a', { fin: 0 }),
			frame(0, 'b', { rsv: 4 })],
		['RSV1 on a ping', frame(PING, '', { rsv: 4 })],
		['RSV2', frame(TEXT, 'a', { rsv: 2 })]])
		deflateCase(name, plain, async (client) => {
			client.send(...bytes);
			await client.expectClose(1002);
		});
	rawCase('12 the second offer is taken', async (client) => {
		await client.open({ 'Sec-WebSocket-Extensions': [
			'x-unknown; a=1, permessage-deflate; server_max_window_bits=20',
			'permessage-deflate; server_max_window_bits=10'] });
		assert.match(client.agree(), /server_max_window_bits=10/);
		await compressedEcho(client, TEXT, sample(5000, 1));
		await client.finish();
	}, 'deflate');
	rawCase('12 nobody asked for it', async (client) => {
		await client.open({ 'Sec-WebSocket-Extensions': plain });
		assert.equal(client.field('Sec-WebSocket-Extensions'), undefined);
		client.send(frame(TEXT, 'a', { rsv: 4 }));
		await client.expectClose(1002);
	});
}

function refusedCase(name, status, head, pattern = /(?:)/) {
	rawCase(`0 refused: ${name}`, async (client) => {
		client.send(head);
		client.head = await client.stream.readHead();
		assert.match(client.head, new RegExp(`^HTTP/1\\.1 ${status} `));
		assert.match(client.head, pattern);
		// The connection ends; libmicrohttpd's own answers have a body.
		while (await client.stream.read(1) !== null)
			;
	});
}

function handshakes() {
	rawCase('0 head byte by byte', async (client) => {
		await client.chop(headOf({}), 1);
		assert.match(await client.stream.readHead(), /^HTTP\/1\.1 101 /);
		client.send(frame(TEXT, 'a'));
		await client.expect(TEXT, 'a');
	});
	rawCase('0 the first subprotocol is selected', async (client) => {
		await client.open({ 'Sec-WebSocket-Protocol': ['one, two', 'three'] });
		assert.equal(client.field('Sec-WebSocket-Protocol'), 'one');
		await client.finish();
	});
	rawCase('0 frames behind the head', async (client) => {
		await client.open({}, Buffer.concat([frame(TEXT, 'a'), frame(PING),
			frame(TEXT, 'b', { fin: 0 })]));
		await client.expect(TEXT, 'a');
		await client.expect(PONG, '');
		client.send(frame(0, 'c'));
		await client.expect(TEXT, 'bc');
		await client.finish();
	});
	rawCase('0 close behind the head', async (client) => {
		await client.open({}, closing(1001));
		await client.expectClose(1001);
	});
	rawCase('0 half a frame behind the head, then the end', async (client) => {
		await client.open({}, Buffer.from([0x81]));
		client.socket.end();
		assert.equal(await client.receive(), null);
	});
	refusedCase('another version', 426,
		headOf({ 'Sec-WebSocket-Version': '12' }),
		/^Sec-WebSocket-Version: 13\r$/m);
	for (const [name, fields, line] of [
		['no version', { 'Sec-WebSocket-Version': null }],
		['two versions', { 'Sec-WebSocket-Version': ['13', '13'] }],
		['no key', { 'Sec-WebSocket-Key': null }],
		['two keys', { 'Sec-WebSocket-Key': [KEY, KEY] }],
		['a short key', { 'Sec-WebSocket-Key': 'abc=' }],
		['no Host', { Host: null }],
		['two Hosts', { Host: ['localhost', 'localhost'] }],
		['no Upgrade', { Upgrade: null }],
		['no Connection', { Connection: null }],
		['a body', { 'Content-Length': '5' }],
		['a chunked body', { 'Transfer-Encoding': 'chunked' }],
		['POST', {}, 'POST / HTTP/1.1'],
		['HTTP/1.0', {}, 'GET / HTTP/1.0'],
		['subprotocols that are none',
			{ 'Sec-WebSocket-Protocol': 'a b;c' }]])
		refusedCase(name, 400, headOf(fields, line));
	refusedCase('a head that is too large', '(431|413|414)',
		headOf({ 'X-Much': 'x'.repeat(9000) }));
}

// Messages of all sizes by a client that others wrote.
function independentPeer(WebSocket) {
	for (const server of ['plain', 'deflate'])
		for (const perMessageDeflate of [false, true])
			cases.push([`npm ws, compression ${perMessageDeflate} (${server})`,
				server, (port) =>
					exchange(WebSocket, port, perMessageDeflate)]);
}

async function exchange(WebSocket, port, perMessageDeflate) {
	const socket = new WebSocket(`ws://127.0.0.1:${port}/`,
		{ perMessageDeflate, maxPayload: 2 * MAX_MESSAGE });
	await once(socket, 'open');
	for (const size of [0, 1, 125, 126, 65535, 65536, 100000, 1000000,
		MAX_MESSAGE])
		for (const data of [randomBytes(size), sample(size, size)]) {
			const isBinary = data.length % 2 === 0 || !isText(data);
			socket.send(data, { binary: isBinary });
			const [echo, gotBinary] = await once(socket, 'message');
			assert.equal(gotBinary, isBinary);
			assert.ok(echo.equals(data), `message of ${size}`);
		}
	socket.close(4321, 'done');
	const [code] = await once(socket, 'close');
	assert.equal(code, 4321);
}

function isText(data) {
	return Buffer.from(data.toString()).equals(data);
}

async function findPeer() {
	for (const from of [import.meta.url, path.join(process.cwd(), 'x')]) {
		try {
			return createRequire(from)('ws');
		} catch (error) {
			assert.equal(error.code, 'MODULE_NOT_FOUND');
		}
	}
	return null;
}

async function start(command, ...args) {
	const child = spawn(command, ['0', ...args],
		{ stdio: ['ignore', 'pipe', 'inherit'] });
	child.ended = once(child, 'exit');
	const [line] = await Promise.race([once(child.stdout, 'data'),
		child.ended.then(() => assert.fail(`${command} ended`))]);
	child.port = Number(/listening on (\d+)/.exec(line)[1]);
	return child;
}

// A server has to survive every case and to end cleanly.
async function stop(child) {
	child.kill('SIGTERM');
	const [status, signal] = await child.ended;
	assert.equal(status, 0, `exit status ${status}, signal ${signal}`);
}

async function runCase(run, port) {
	let timer;
	try {
		await Promise.race([run(port), new Promise((_, reject) => {
			timer = setTimeout(() => reject(new Error('no answer')),
				CASE_LIMIT_MS);
		})]);
	} finally {
		clearTimeout(timer);
	}
}

async function main(command, word = '') {
	const counts = { passed: 0, failed: 0, skipped: 0 };
	const peer = await findPeer();
	for (const define of [handshakes, framing, pings, reserved, fragmentation,
		utf8, closes, limits, compression, compressionFaults])
		define();
	if (peer === null) {
		console.log('skipped: npm ws is not installed');
		counts.skipped++;
	} else
		independentPeer(peer);

	const servers = { plain: await start(command),
		deflate: await start(command, 'deflate') };
	cases.push(['plain server ends cleanly', 'plain',
		() => stop(servers.plain)]);
	cases.push(['deflate server ends cleanly', 'deflate',
		() => stop(servers.deflate)]);
	const runCases = async (kind) => {
		for (const [name, server, run] of cases) {
			if (server !== kind || (!name.includes(word) &&
				!name.endsWith('ends cleanly')))
				continue;
			try {
				await runCase(run, servers[server].port);
				counts.passed++;
			} catch (error) {
				counts.failed++;
				console.log(`failed: ${name}: ` +
					error.message.split('\n')[0]);
			}
		}
	};
	// Client and server take turns; two pairs leave no processor idle.
	await Promise.all(Object.keys(servers).map(runCases));
	console.log(`${counts.passed} passed, ${counts.failed} failed, ` +
		`${counts.skipped} skipped`);
	return counts.failed === 0 ? 0 : 1;
}

process.exit(await main(...process.argv.slice(2)));
