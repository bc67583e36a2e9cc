// A client: npm's ws, with messages to be waited for.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

import { lacking, skip } from './daemon.mjs';

const findWebSocket = () => {
	try {
		return createRequire(import.meta.url)('ws');
	} catch (error) {
		if (error.code !== 'MODULE_NOT_FOUND')
			throw error;
		return skip(lacking('test', 'npm\'s package ws was not found'));
	}
};

export const WebSocket = findWebSocket();

export const message = (event, payload) => JSON.stringify({ event, payload });

// The text of the multicartUpdate that shows these carts: {id, name, isHost,
// isReady, cart}, where cart is JSON text.  cursor is for those with tokens.
export const multicart = (members, cursor) => {
	const content = members.map(({ id, name, isHost, isReady, cart }) =>
		`{"owner":{"id":"${id}","name":${JSON.stringify(name)},` +
		`"isHost":${isHost},"isReadyToCheckout":${isReady}},` +
		`"content":${cart}}`);
	return `{"event":"multicartUpdate","payload":{"multicartContent":[` +
		`${content.join(',')}]}` +
		`${cursor === undefined ? '' : `,"cursor":"${cursor}"`}}`;
};

export class Client {
	#messages = [];
	#waiting = [];

	// To a daemon or a front.  Resolves once the connection is open; rejects
	// with an error that has the status of a refused handshake.
	static open({ host, port, base }, target,
		{ protocols, ...options } = {}) {
		const client = new Client();
		const url = `ws://${host}:${port}${base}${target}`;
		const socket = new WebSocket(url, protocols ?? [],
			{ perMessageDeflate: false, ...options });
		client.socket = socket;
		client.#listen();
		return new Promise((resolve, reject) => {
			socket.once('open', () => resolve(client));
			socket.once('unexpected-response', (request, response) => {
				request.destroy();
				reject(Object.assign(new Error('refused'),
					{ status: response.statusCode }));
			});
			socket.once('error', reject);
		});
	}

	#listen() {
		this.socket.on('message', (data, isBinary) => {
			assert(!isBinary);
			this.#deliver(data.toString());
		});
		// What a connection error means shows in its close.
		this.socket.on('error', () => {});
		// Resolves to the code of the close, 1006 without one.
		this.closed = new Promise((resolve) => {
			this.socket.once('close', (code) => {
				resolve(code);
				for (const waiter of this.#waiting)
					waiter.reject(new Error(`closed with ${code}`));
			});
		});
	}

	#deliver(text) {
		const waiter = this.#waiting.shift();
		if (waiter === undefined)
			this.#messages.push(text);
		else
			waiter.resolve(text);
	}

	// Resolves to the text of the next message.
	next() {
		if (this.#messages.length > 0)
			return Promise.resolve(this.#messages.shift());
		if (this.socket.readyState === WebSocket.CLOSED)
			return Promise.reject(new Error('closed'));
		return new Promise((resolve, reject) => {
			this.#waiting.push({ resolve, reject });
		});
	}

	// The next message of that event, parsed; `text` is its text.
	async nextOf(event) {
		for (;;) {
			const text = await this.next();
			const parsed = JSON.parse(text);
			if (parsed.event === event)
				return { ...parsed, text };
			if (parsed.event === 'error')
				throw new Error(text);
		}
	}

	send(event, payload) {
		this.socket.send(message(event, payload));
	}

	sendText(text) {
		this.socket.send(text);
	}

	// Start or join a session; resolves to the payload of the reply.
	async enter(event, customerName, more = {}) {
		this.send(event, { customerName, ...more });
		return (await this.nextOf(event)).payload;
	}

	close() {
		this.socket.close();
		return this.closed;
	}
}
