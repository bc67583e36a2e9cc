// A customer with features on, by WebSocket, polling or FastCGI: whichever it
// is, it hears the same.

import assert from 'node:assert/strict';

import { Client, message } from './client.mjs';
import { Fastcgi } from './fastcgi.mjs';

export const TRANSPORTS = ['websocket', 'polling', 'fastcgi'];

// Whatever is told besides multicarts, in order; next() waits for it.
class Told {
	#messages = [];
	#waiting = [];

	add(told) {
		const waiter = this.#waiting.shift();
		if (waiter === undefined)
			this.#messages.push(told);
		else
			waiter(told);
	}

	next() {
		if (this.#messages.length > 0)
			return Promise.resolve(this.#messages.shift());
		return new Promise((resolve) => {
			this.#waiting.push(resolve);
		});
	}
}

const isTold = ({ event, payload }) => event === 'presenceUpdate' ||
	(event === 'say' && payload.seq === undefined);

class Talker {
	#client;
	told = new Told();

	constructor(daemon, features) {
		this.daemon = daemon;
		this.features = features;
	}

	async #open() {
		this.#client = await Client.open(this.daemon, '/one');
		this.closed = this.#client.closed;
	}

	async #read() {
		for (;;) {
			const told = JSON.parse(await this.#client.next());
			this.cursor = told.cursor ?? this.cursor;
			if (isTold(told))
				this.told.add(told);
		}
	}

	async #begin(event, payload) {
		await this.#open();
		this.#client.send(event, payload);
		const reply = (await this.#client.nextOf(event)).payload;
		assert.deepEqual(reply.features, this.features);
		Object.assign(this, { customerId: reply.customerId,
			token: reply.token ?? this.token });
		// It ends with the connection.
		this.#read().catch(() => {});
	}

	enter(event, customerName) {
		return this.#begin(event, { customerName, features: this.features });
	}

	// As another member that it was before, and heard what that heard.
	resume({ customerId, token, cursor, told }) {
		Object.assign(this, { token, told });
		return this.#begin('resumeSession', { customerId, token, cursor,
			features: this.features });
	}

	next() {
		return this.told.next();
	}

	async say(what, more) {
		this.#client.send('say', { customerId: this.customerId, what, ...more });
	}

	close() {
		return this.#client.close();
	}
}

class Poller {
	#fetch;
	told = new Told();
	#ending = new AbortController();

	constructor(fetch, features) {
		this.#fetch = fetch;
		this.features = features;
	}

	async #post(event, payload) {
		const response = await this.#fetch('/one', { method: 'POST',
			body: message(event, { token: this.token, ...payload }) });
		const text = await response.text();
		assert.equal(response.status, 200, text);
		return JSON.parse(text);
	}

	#take({ messages, cursor }) {
		this.cursor = cursor ?? this.cursor;
		for (const told of messages.filter(isTold)) {
			assert.equal(told.cursor, undefined);
			this.told.add(told);
		}
	}

	async #poll() {
		for (;;) {
			const query = new URLSearchParams({ customerId: this.customerId,
				cursor: this.cursor, features: this.features });
			const response = await this.#fetch(`/one?${query}`, {
				headers: { Authorization: `Bearer ${this.token}` },
				signal: this.#ending.signal });
			const answer = await response.json();
			if (this.#ending.signal.aborted)
				return;
			assert.equal(response.status, 200);
			this.#take(answer);
		}
	}

	#begin(answer) {
		this.#take(answer);
		this.polls = this.#poll().catch((error) => {
			if (!this.#ending.signal.aborted)
				throw error;
		});
	}

	async enter(event, customerName) {
		const answer = await this.#post(event, { customerName,
			features: this.features });
		const { customerId, token, features } = answer.messages[0].payload;
		assert.deepEqual(features, this.features);
		Object.assign(this, { customerId, token });
		this.#begin(answer);
	}

	async resume({ customerId, token, cursor, told }) {
		Object.assign(this, { customerId, token, cursor, told });
		this.#begin({ messages: [] });
	}

	next() {
		return this.told.next();
	}

	say(what, more) {
		return this.#post('say', { customerId: this.customerId, what, ...more });
	}

	async close() {
		this.#ending.abort();
		await this.polls;
	}
}

// Members of the session "one" of a daemon that serves FastCGI at socket, too.
export class Members {
	#daemon;
	#fastcgi;

	constructor(daemon, socket) {
		this.#daemon = daemon;
		this.#fastcgi = new Fastcgi(socket);
	}

	member(transport, features) {
		const { host, port } = this.#daemon;
		switch (transport) {
		case 'websocket':
			return new Talker(this.#daemon, features);
		case 'polling':
			return new Poller((target, options) =>
				fetch(`http://${host}:${port}${target}`, options), features);
		default:
			return new Poller((target, options) =>
				this.#fastcgi.fetch(target, options), features);
		}
	}

	async enter(transport, event, name, features) {
		const member = this.member(transport, features);
		await member.enter(event, name);
		return member;
	}

	// The same customer by another transport, from where it was.
	async goOver(member, transport) {
		const next = this.member(transport, member.features);
		await member.close();
		await next.resume(member);
		return next;
	}

	close() {
		this.#fastcgi.close();
	}
}
