// A customer by long-polling, and the requests that it makes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';

import { message } from './client.mjs';

// A request on its way to a daemon or a front: `sent` resolves when all of it is
// with the kernel, `answer` to {status, fields, text} and what text says in
// JSON.
export const request = (daemon, method, target,
	{ fields, body, agent, from } = {}) => {
	const sending = http.request({ host: daemon.host, port: daemon.port,
		method, path: `${daemon.base}${target}`, agent: agent ?? false,
		headers: fields, localAddress: from });
	const sent = once(sending, 'finish');
	const answer = once(sending, 'response').then(async ([response]) => {
		const { statusCode: status, headers } = response;
		const text = (await response.toArray()).join('');
		const isJson = headers['content-type'] === 'application/json';
		return { ...isJson ? JSON.parse(text) : {}, text, status,
			fields: headers };
	});
	sending.end(body);
	return { sending, sent, answer };
};

export const ask = (...args) => request(...args).answer;

const passOnce = async (daemon) => {
	const { sending, answer } = request(daemon, 'OPTIONS', '/any');
	const [result] = await Promise.all([answer, once(sending, 'close')]);
	return result;
};

// Resolves once the daemon has done everything that was sent before, and the
// connections of the requests which show that are closed.  In one turn it may
// come to the first of them before the others; to the second one in a later turn.
export const PASSES = 2;

export const pass = async (daemon) => {
	for (let i = 1; i < PASSES; i++)
		await passOnce(daemon);
	return passOnce(daemon);
};

// A customer that polls.
export class Shopper {
	constructor(daemon, session = 'one') {
		this.daemon = daemon;
		this.target = `/${session}`;
	}

	get bearer() {
		return { Authorization: `Bearer ${this.token}` };
	}

	post(event, payload, { fields, agent } = {}) {
		return ask(this.daemon, 'POST', this.target, { agent,
			fields: { ...this.token && this.bearer, ...fields },
			body: message(event, { customerId: this.customerId,
				...payload }) });
	}

	// Start or join; resolves to the answer.
	async enter(event, customerName, more = {}) {
		const answer = await this.post(event, { customerName, ...more });
		assert.equal(answer.status, 200, answer.text);
		({ customerId: this.customerId, token: this.token } =
			answer.messages[0].payload);
		this.cursor = answer.cursor;
		return answer;
	}

	// A poll on its way; without a cursor where that is undefined.
	polling({ cursor = this.cursor, wait, features, agent } = {}) {
		const query = new URLSearchParams({ customerId: this.customerId });
		if (cursor !== null)
			query.set('cursor', cursor);
		if (wait !== undefined)
			query.set('wait', wait);
		if (features !== undefined)
			query.set('features', features);
		return request(this.daemon, 'GET', `${this.target}?${query}`,
			{ fields: this.bearer, agent });
	}

	async poll(options) {
		const answer = await this.polling(options).answer;
		this.cursor = answer.cursor ?? this.cursor;
		return answer;
	}

	// A poll that the daemon holds by now.
	async held(options) {
		const polling = this.polling(options);
		await polling.sent;
		await pass(this.daemon);
		return polling;
	}

	// Polls that are held by now, whatever is on their way: as many as the
	// daemon allows a customer.  Of one more, one is released, empty, when
	// all have come.
	async holdAll(limit) {
		const polls = Array.from({ length: limit + 1 },
			() => this.polling({ wait: 55 }));
		const released = await Promise.race(polls.map(({ answer }, i) =>
			answer.then(() => i)));
		const [{ answer }] = polls.splice(released, 1);
		const { status, messages, text } = await answer;
		assert.equal(status, 200, text);
		assert.deepEqual(messages, []);
		return polls;
	}
}
