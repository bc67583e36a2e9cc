// The shop's server that webhooks are sent to: it checks them, keeps them, and
// answers as a test says.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';

import { Daemon, makeFolder, withPatience } from './daemon.mjs';

export const SECRET = Buffer.from('the first secret of these tests').toString('base64');
export const OTHER = Buffer.from('another secret of these tests...').toString('base64');

// By the Standard Webhooks specification.
export const signatureOf = (secret, { id, timestamp, body }) => 'v1,' +
	createHmac('sha256', Buffer.from(secret, 'base64'))
		.update(`${id}.${timestamp}.${body}`).digest('base64');

export class Receiver {
	events = [];		// accepted, in order: parsed, with their session
	attempts = [];		// all of them: { event, status, signatures }
	#waiting = [];

	// answer(event, response, attempt) may return a status or answer by
	// itself; it is asked before anything is accepted.
	constructor(answer, options) {
		this.answer = answer ?? (() => 200);
		const server = options === undefined ? http.createServer() :
			https.createServer(options);
		server.on('request', (request, response) =>
			this.#read(request, response));
		this.server = server;
	}

	static async start(answer, options) {
		const receiver = new Receiver(answer, options);
		receiver.server.listen(0, '127.0.0.1').unref();
		await once(receiver.server, 'listening');
		receiver.port = receiver.server.address().port;
		const scheme = options === undefined ? 'http' : 'https';
		receiver.url = `${scheme}://127.0.0.1:${receiver.port}/hook?shop=1`;
		return receiver;
	}

	async #read(request, response) {
		const parts = await request.toArray().catch(() => null);
		if (parts === null)
			return;		// whoever sent it was killed
		const body = Buffer.concat(parts).toString();
		const { headers } = request;
		const event = JSON.parse(body);
		assert.equal(request.method, 'POST');
		assert.equal(request.url, '/hook?shop=1');
		assert.equal(headers['content-type'], 'application/json');
		assert.equal(headers['webhook-id'], event.id);
		assert(Math.abs(headers['webhook-timestamp'] - Date.now() / 1000) < 60);
		const signatures = headers['webhook-signature'].split(' ');
		assert(signatures.includes(signatureOf(this.secret ?? SECRET, {
			id: event.id, timestamp: headers['webhook-timestamp'], body })));
		const attempt = { event, signatures };
		this.attempts.push(attempt);
		this.#look();
		const status = await this.answer(event, response, attempt);
		attempt.status = status;
		// Accepted before the answer goes out: at least once.
		if (status >= 200 && status <= 299)
			this.events.push(event);
		if (status !== undefined) {
			response.writeHead(status);
			response.end('thanks');
		}
		this.#look();
	}

	#look() {
		this.#waiting = this.#waiting.filter(({ condition, resolve }) => {
			if (!condition(this))
				return true;
			resolve();
			return false;
		});
	}

	// Resolves once condition(this) holds.
	until(condition) {
		return new Promise((resolve) => {
			this.#waiting.push({ condition, resolve });
			this.#look();
		});
	}

	// Resolves to the events of a session once one of a type is among them.
	async untilTold(session, type) {
		const told = () => this.of(session).some((e) => e.type === type);
		await this.until(told);
		return this.of(session);
	}

	of(session) {
		return this.events.filter(({ data }) => data.session === session);
	}

	stop() {
		this.server.closeAllConnections();
		this.server.close();
		return once(this.server, 'close');
	}
}

// Each event once, in order of their ids: what a receiver has that knows by
// their ids what comes again.
export const distinct = (events) => {
	const seen = new Set();
	return events.filter(({ id }) => !seen.has(id) && seen.add(id));
};

export const seqOf = ({ id }) => Number.parseInt(id, 10);

// The settings of a webhook to a receiver, with its secrets in a file.
export const webhookSettings = (receiver, secrets = [SECRET], folder = makeFolder()) => {
	const file = path.join(folder, 'webhook.secret');
	fs.writeFileSync(file, secrets.map((s) => `whsec_${s}\n`).join(''));
	fs.chmodSync(file, 0o600);
	return { 'webhook-url': receiver.url, 'webhook-secret': file,
		'webhook-allow-private': 'yes' };
};

// Settings as a configuration file has them.
export const linesOf = (settings) => Object.entries(settings).map(([key, value]) =>
	`${key} = ${key.endsWith('private') ? value : `"${value}"`}\n`).join('');

// Run steps with a receiver, a daemon that sends to it, and a function that
// starts another daemon on its database.
export const withWebhook = (answer, settings, steps) => withPatience(async () => {
	const receiver = await Receiver.start(answer);
	const database = path.join(makeFolder(), 'shop.db');
	const all = { ...webhookSettings(receiver), ...settings };
	const start = (more = {}) =>
		Daemon.start({ database, settings: { ...all, ...more } });
	const daemon = await start();
	await steps({ receiver, daemon, start, database, settings: all });
	if (daemon.child.exitCode === null && daemon.child.signalCode === null)
		assert.equal(await daemon.stop(), 0);
	await receiver.stop();
});
