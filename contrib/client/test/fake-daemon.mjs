// FakeServer behind real sockets: HTTP and a minimal RFC 6455.
import { createHash } from 'node:crypto';
import http from 'node:http';

import { FakeServer } from './fake-server.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 1, CLOSE = 8, PING = 9, PONG = 10;

const HEADERS = {
	'Access-Control-Allow-Origin': '*',
	'Cache-Control': 'no-store',
	'Content-Type': 'application/json',
};

function frame(opcode, payload) {
	const head = payload.length < 126 ? [payload.length] :
		payload.length < 65536 ?
			[126, payload.length >> 8, payload.length & 255] :
			[127, 0, 0, 0, 0, ...new Uint8Array(new Uint32Array(
				[payload.length]).buffer).reverse()];
	return Buffer.concat([Buffer.from([0x80 | opcode, ...head]), payload]);
}

// The first frame of bytes, and what follows it; null if it is not whole.
function unframe(bytes) {
	if (bytes.length < 2)
		return null;
	const short = bytes[1] & 0x7f;
	const at = { 126: 4, 127: 10 }[short] ?? 2;
	if (bytes.length < at + 4)
		return null;
	const length = short === 126 ? bytes.readUInt16BE(2) :
		short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
	const end = at + 4 + length;
	if (bytes.length < end)
		return null;
	const payload = Buffer.from(bytes.subarray(at + 4, end));
	for (let i = 0; i < length; i++)
		payload[i] ^= bytes[at + (i & 3)];
	return { isFinal: (bytes[0] & 0x80) !== 0, opcode: bytes[0] & 0xf,
		payload, rest: bytes.subarray(end) };
}

// Calls hear with each text message that comes out of socket.
function listen(socket, head, hear) {
	let bytes = head;
	let parts = [];
	const take = () => {
		for (let one; (one = unframe(bytes)) !== null;) {
			bytes = one.rest;
			if (one.opcode === CLOSE)
				socket.end(frame(CLOSE, one.payload));
			else if (one.opcode === PING)
				socket.write(frame(PONG, one.payload));
			else if (one.opcode <= TEXT)
				parts.push(one.payload);
			if (one.opcode <= TEXT && one.isFinal)
				hear(Buffer.concat(parts.splice(0)).toString());
		}
	};
	socket.on('data', (chunk) => {
		bytes = Buffer.concat([bytes, chunk]);
		take();
	});
	take();
}

export class FakeDaemon {
	name = 'the fake daemon';
	hasPolling = true;
	#server = new FakeServer({ clearTimeout, now: Date.now,
		setTimeout: (ring, ms) => setTimeout(ring, ms).unref() });
	#http = null;
	#sockets = new Set();
	port = 0;

	async start() {
		this.#server.graceMs = 3600000;
		this.#http = http.createServer((request, response) =>
			this.#answer(request, response));
		this.#http.on('upgrade', (request, socket, head) =>
			this.#upgrade(request, socket, head));
		await new Promise((resolve) =>
			this.#http.listen(this.port, '127.0.0.1', resolve));
		this.port = this.#http.address().port;
	}

	async stop() {
		this.#server.restart();
		for (const socket of this.#sockets)
			socket.end();
		const stopped = new Promise((resolve) => this.#http.close(resolve));
		this.#http.closeAllConnections();
		await stopped;
	}

	async kill() {
		for (const socket of this.#sockets)
			socket.destroy();
		this.#http.closeAllConnections();
		await this.stop();
	}

	async #answer(request, response) {
		const sessionId = request.url.split('?')[0].slice(1);
		const parts = [];
		for await (const part of request)
			parts.push(part);
		const { status, body } = await this.#server.post(sessionId,
			Buffer.concat(parts).toString());
		response.writeHead(status, HEADERS);
		response.end(JSON.stringify(body));
	}

	#upgrade(request, socket, head) {
		const key = request.headers['sec-websocket-key'];
		const accept = createHash('sha1').update(key + GUID)
			.digest('base64');
		socket.write('HTTP/1.1 101 Switching Protocols\r\n' +
			'Connection: Upgrade\r\nUpgrade: websocket\r\n' +
			`Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
		this.#sockets.add(socket);
		const peer = this.#server.connect(request.url.slice(1), {
			send: (message) => socket.write(frame(TEXT,
				Buffer.from(JSON.stringify(message)))),
			close: (code) => socket.end(frame(CLOSE,
				Buffer.from([code >> 8, code & 255]))),
		});
		socket.on('error', () => {});
		socket.on('close', () => {
			this.#sockets.delete(socket);
			peer.closed();
		});
		listen(socket, head, (text) => peer.receive(text));
	}
}
