// Does with contrib/server/buddyshopping.mjs what shop-servers.mjs says, a line
// of JSON each, and prints what came of it in another.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';

import { Api, ApiError, checkWebhook, makeTicket } from
	'../../../contrib/server/buddyshopping.mjs';

const cartsOf = ({ incarnation, revision, multicartText, multicartContent }) =>
	({ incarnation, revision, text: multicartText,
		carts: multicartContent.map(({ owner, content }) =>
			[owner.name, content.tea ?? null]) });

const calls = (url, key, timeout) => ({
	ticket: (...all) => makeTicket(...all),
	webhooks: (...all) => all.map(([body, ...rest]) => {
		const bytes = Buffer.from(body, 'base64');
		// As servers have it that are like node:http, and others.
		const array = Uint8Array.from(bytes);
		const outcomes = [bytes, array, array.buffer].map((form) => {
			try {
				return { value: checkWebhook(form, ...rest) };
			} catch ({ name, message }) {
				return { [name]: message };
			}
		});
		assert.deepEqual(outcomes, Array(3).fill(outcomes[0]));
		return outcomes[0];
	}),
	sessions: async (options) => {
		const ids = [];
		for await (const { id } of new Api(url, key, { timeout })
			.sessions(options))
			ids.push(id);
		return ids;
	},
	session: async (name) => cartsOf(
		await new Api(url, key, { timeout }).session(name)),
	lock: async (name, incarnation) => cartsOf(
		await new Api(url, key, { timeout }).lockSession(name,
			{ incarnation })),
	unlock: (name, incarnation) => new Api(url, key, { timeout })
		.unlockSession(name, { incarnation }),
	end: (name, incarnation) => new Api(url, key, { timeout })
		.endSession(name, { incarnation }),
	events: (after, wait) => new Api(url, key, { timeout })
		.events({ after, wait }),
	remove: (...names) => new Api(url, key, { timeout })
		.removeCustomer(...names),
});

for await (const line of createInterface({ input: process.stdin })) {
	const { url, key, timeout, call, args } = JSON.parse(line);
	let answer;
	try {
		answer = { value: await calls(url, key, timeout)[call](...args) };
	} catch (error) {
		answer = error instanceof ApiError ? { error: { code: error.code,
			status: error.status, retryAfter: error.retryAfter },
		message: error.message } : { wrong: error.message };
	}
	console.log(JSON.stringify(answer));
}
