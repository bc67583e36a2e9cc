// What a shop's server needs of buddyshopping: tickets, sessions, webhooks.
//
// Needs nothing but Node (18 or later): copy this file.  A ticket lets a
// customer of yours start or join a session (buddyshopping-protocol(7)); Api
// asks the daemon what is in the sessions and changes them, and checkWebhook()
// reads what the daemon tells (buddyshopping-api(7)).  A checkout: lock the
// session, so that no cart changes any more, make the order of the carts if
// everybody is ready, once for a session and incarnation however often it comes
// to that, and end the session, that one alone:
//
//     import { Api, ApiError } from './buddyshopping.mjs';
//
//     const { BUDDYSHOPPING_KEY } = process.env;
//     const api = new Api('http://127.0.0.1:9090', BUDDYSHOPPING_KEY);
//     try {
//         const { multicartContent: carts, incarnation } =
//             await api.lockSession('picnic');
//         if (carts.length > 0 &&
//             carts.every(({ owner }) => owner.isReadyToCheckout)) {
//             for (const { owner, content } of carts)
//                 console.log(owner.name, 'orders', content);
//             await api.endSession('picnic', { incarnation });
//         } else
//             await api.unlockSession('picnic', { incarnation });
//     } catch (error) {
//         if (!(error instanceof ApiError))
//             throw error;
//         console.log(error.code, error.message, 'again in', error.retryAfter);
//     }

import { createHmac, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';

// What was asked was refused, or got no answer.
//
// code: that of buddyshopping-api(7), or "noAnswer", where it is not known
//	whether it was done, or "invalidAnswer" of what is no buddyshopping.
// status: that of HTTP; 0 where there was no answer.
// retryAfter: in how many seconds to try again, or null.
export class ApiError extends Error {
	name = 'ApiError';

	constructor(code, status, message, { retryAfter = null, cause } = {}) {
		super(message, { cause });
		this.code = code;
		this.status = status;
		this.retryAfter = retryAfter;
	}
}

const encode = (value) => Buffer.from(JSON.stringify(value))
	.toString('base64url');

// The daemon takes one newline from the file's end, too.
const secretOf = (key) => {
	const secret = Buffer.from(key);
	return secret.at(-1) === 0x0a ? secret.subarray(0, -1) : secret;
};

// A ticket (a string) for a customer, signed with HS256.
//
// key: what is in the daemon's file KID.hs256, as bytes or text; kid: its name.
// name, session, role ("host" or "guest"): the only ones that the ticket is
//	good for; for any without them.
// account: whom of your customers you gave it to, for the daemon's journal.
// audience: the daemon's ticket-audience, if it has one.
// lifetime: how many seconds it is good for, as often as wanted.
export const makeTicket = (key, kid, { name, session, role, account, audience,
	lifetime = 300 } = {}) => {
	const secret = secretOf(key);
	if (secret.length < 32)
		throw new RangeError('the key of tickets has less than 32 bytes');
	const exp = Math.floor(Date.now() / 1000 + lifetime);
	// Members that are undefined do not come into JSON.
	const text = `${encode({ alg: 'HS256', kid })}.` +
		encode({ exp, name, session, role, sub: account, aud: audience });
	const signature = createHmac('sha256', secret).update(text)
		.digest('base64url');
	return `${text}.${signature}`;
};

// A request is no webhook of the daemon's, or not one of now.
export class WebhookError extends Error {
	name = 'WebhookError';
}

// What a field has that has to be there once.
const fieldOf = (headers, name) => {
	const pairs = headers[Symbol.iterator] ? [...headers] :
		Object.entries(headers);
	const values = pairs.filter(([key]) => key.toLowerCase() === name)
		.flatMap(([, value]) => value);
	if (values.length !== 1 || typeof values[0] !== 'string')
		throw new WebhookError(`there is not one ${name}`);
	return values[0];
};

const SECRET_BYTES_MIN = 24;

const webhookKeys = (secrets) => {
	const keys = secrets.split(/\s+/).filter(Boolean).map((secret) => {
		const [, text] = secret.match(/^whsec_([A-Za-z0-9+/]+=*)$/) ?? [];
		const key = Buffer.from(text ?? '', 'base64');
		if (key.length < SECRET_BYTES_MIN)
			throw new TypeError('no secret of webhooks, "whsec_..."');
		return key;
	});
	if (keys.length === 0)
		throw new TypeError('there is no secret of webhooks');
	return keys;
};

const isEqual = (one, other) => one.length === other.length &&
	timingSafeEqual(Buffer.from(one), Buffer.from(other));

// Versions and signatures; what proxies make of two fields is no such list.
const SIGNATURES = /^v\w+,[A-Za-z0-9+/=]+(?: v\w+,[A-Za-z0-9+/=]+)*$/;

// The event that a webhook tells; throws a WebhookError if it is none.
//
// body: that of the request, the bytes as they came: a Buffer, Uint8Array,
//	ArrayBuffer, or text.
// headers: those of the request, as in node:http or a Headers, in any case.
// secrets: the daemon's webhook-secret, "whsec_..."; while it is changed both,
//	with white space between.
// tolerance: how many seconds the sender's clock may be off, and the request
//	have been on its way.
//
// The same event may come more than once: know it by its id.  Answer with a
// status of 200 to 299 once it is kept, and with 401 where this throws.
export const checkWebhook = (body, headers, secrets,
	{ tolerance = 300 } = {}) => {
	const [id, stamp, signatures] = ['webhook-id', 'webhook-timestamp',
		'webhook-signature'].map((name) => fieldOf(headers, name));
	if (!/^[0-9]{1,15}$/.test(stamp) ||
	    Math.abs(Date.now() / 1000 - Number(stamp)) > tolerance)
		throw new WebhookError('the timestamp is not that of now');
	if (!SIGNATURES.test(signatures))
		throw new WebhookError('there is no list of signatures');
	const bytes = Buffer.from(body);
	const known = webhookKeys(secrets).map((key) => `v1,${createHmac('sha256',
		key).update(`${id}.${stamp}.`).update(bytes).digest('base64')}`);
	if (!known.some((one) => signatures.split(' ')
		.some((other) => isEqual(one, other))))
		throw new WebhookError('no signature is of the secret');
	try {
		return JSON.parse(bytes.toString());
	} catch (cause) {
		throw new WebhookError('the body is no JSON', { cause });
	}
};

// What tells where a value ends: strings, with their escapes, and brackets.
const TOKEN = /"multicartContent":|\\.|["[\]{}]/g;

// The text of the multicart in that of a session.
const multicartText = (text) => {
	let depth = 0, inString = false, start;
	for (const { 0: token, index } of text.matchAll(TOKEN)) {
		const end = index + token.length;
		if (token === '"')
			inString = !inString;
		else if (inString)
			continue;
		else if (token === '[' || token === '{')
			depth++;
		else if (token === ']' || token === '}') {
			if (--depth === 1 && start !== undefined)
				return text.slice(start, end);
		} else if (depth === 1)
			start = end;
	}
	throw new SyntaxError('there is no multicart');
};

// The value of an answer; throws the error that it is.
const read = ({ statusCode, headers }, text) => {
	const seconds = headers['retry-after'] ?? '';
	const retryAfter = /^\d+$/.test(seconds) ? Number(seconds) : null;
	let code, message;
	try {
		const value = JSON.parse(text);
		if (statusCode === 200) {
			if ('multicartContent' in value)
				value.multicartText = multicartText(text);
			return value;
		}
		({ code, message } = value.error);
		if (typeof code !== 'string')
			throw new TypeError('there is no code');
	} catch (cause) {
		throw new ApiError('invalidAnswer', statusCode,
			`no answer of buddyshopping: ${statusCode}`,
			{ retryAfter, cause });
	}
	throw new ApiError(code, statusCode, message, { retryAfter });
};

// The daemon's interface for the shop's server.
//
// url: where its api-listen is: "http://...", "https://..." or "unix:PATH".
// key: as "buddyshoppingctl api-key new" printed it.
// timeout: for how many seconds the daemon may say nothing.
export class Api {
	#transport = http;
	#place = {};
	#base = '';
	#key;
	#timeout;

	constructor(url, key, { timeout = 15 } = {}) {
		const { protocol, pathname, hostname, port } = new URL(url);
		if (protocol === 'unix:')
			this.#place = { socketPath: url.slice('unix:'.length) };
		else if (protocol === 'http:' || protocol === 'https:') {
			// An IPv6 address has no brackets there.
			this.#place = { host: hostname.replace(/^\[|\]$/g, ''),
				port: port || undefined };
			this.#base = pathname.replace(/\/$/, '');
			this.#transport = protocol === 'https:' ? https : http;
		} else
			throw new TypeError(`no URL of http, https or unix: ${url}`);
		this.#key = key.trim();
		this.#timeout = timeout * 1000;
	}

	// An asynchronous iterator of the sessions that run, or of those that are
	// "empty" or "ready".  They are asked for a page at a time, and have no
	// carts.
	async *sessions({ state = 'running', pageSize = 100 } = {}) {
		let next;
		do {
			const query = { state, limit: pageSize,
				...next === undefined ? {} : { after: next } };
			const page = await this.#call('GET', [], query);
			yield* page.sessions;
			({ next } = page);
		} while (next !== null);
	}

	// A session that runs, with the carts in multicartContent.  multicartText
	// has the carts as customers get them, byte for byte, for numbers that have
	// to stay as they were written.
	session(session) {
		return this.#call('GET', [session]);
	}

	// Let no cart change and nobody join, until it is unlocked or ended.
	// Only this incarnation of it if one is given.  Resolves to the revision
	// and the carts as they are now, as session() does.  It ends by itself after
	// the daemon's lock-time.
	lockSession(session, { incarnation } = {}) {
		return this.#change(session, 'lock', incarnation);
	}

	// Let carts change again, only of this incarnation if one is given.
	// Resolves to the id, incarnation and revision.
	unlockSession(session, { incarnation } = {}) {
		return this.#change(session, 'unlock', incarnation);
	}

	// End a session, only this incarnation of it if one is given.  Resolves to
	// the id and the incarnation, also if it has ended before.
	endSession(session, { incarnation } = {}) {
		return this.#change(session, 'end', incarnation);
	}

	// Let a customer leave; resolves to the ids and the incarnation.
	removeCustomer(session, customer) {
		return this.#call('DELETE', [session, 'customers', customer]);
	}

	// What happened behind the cursor after, waited for up to wait seconds, less
	// than the timeout.  Resolves to the events and the cursor to go on with;
	// without one, to no events and the cursor for those to come.
	events({ after, wait = 10, limit = 100 } = {}) {
		const query = { ...after === undefined ? {} : { after }, wait, limit };
		return this.#call('GET', [], query, '/v1/events');
	}

	#change(session, change, incarnation) {
		return this.#call('POST', [session, change],
			incarnation === undefined ? {} : { incarnation });
	}

	async #call(method, names, query = {}, begin = '/v1/sessions') {
		const path = [begin, ...names.map(encodeURIComponent)]
			.join('/');
		const parameters = new URLSearchParams(query).toString();
		const request = this.#transport.request({ ...this.#place, method,
			agent: false, timeout: this.#timeout,
			path: this.#base + path + (parameters && `?${parameters}`),
			headers: { Authorization: `Bearer ${this.#key}` } });
		request.on('timeout', () => request.destroy(
			new Error(`nothing was said for ${this.#timeout / 1000} s`)));
		try {
			const response = await new Promise((resolve, reject) => {
				request.on('response', resolve).on('error', reject).end();
			});
			const chunks = [];
			for await (const chunk of response)
				chunks.push(chunk);
			return read(response, Buffer.concat(chunks).toString());
		} catch (cause) {
			if (cause instanceof ApiError)
				throw cause;
			throw new ApiError('noAnswer', 0, `no answer: ${cause.message}`,
				{ cause });
		}
	}
}
