// What contrib/server has for the shop's server, in its three languages: the
// daemon takes their tickets, and they understand what it answers.  A driver in
// shop-servers/ does with each what it is told, in a process of its own.

import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { KEY, withApi } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { lacking, makeFolder, withPatience } from './lib/daemon.mjs';
import { SERVER, blocksFor, readSource } from './lib/documents.mjs';
import { TicketKey } from './lib/ticket.mjs';

const run = promisify(execFile);
const drivers = fileURLToPath(new URL('shop-servers', import.meta.url));
const AUDIENCE = 'https://shop.example';

// How each is run, what its file has before a line of the example in its head,
// and what the example says of a cart.  Python is to leave nothing beside it, and
// to be no script that looks for it each time.
const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'],
	{ encoding: 'utf8' }).stdout?.trim();
const languages = {
	php: { program: 'php', args: ['-d', 'error_reporting=-1'], mark: ' *     ',
		begin: '<?php\n', hasUnix: false, cart: '{"tea":2}', none: 'null' },
	py: { program: python || 'python3', args: ['-B'], mark: '    ', begin: '',
		hasUnix: true, cart: '{\'tea\': 2}', none: 'None' },
	mjs: { program: process.execPath, args: [], mark: '//     ', begin: '',
		hasUnix: true, cart: '{ tea: 2 }', none: 'null' },
};

const missing = new Map();
const isMissing = (program) => {
	if (!missing.has(program))
		missing.set(program,
			spawnSync(program, ['--version']).error?.code === 'ENOENT');
	return missing.get(program);
};

class Driver {
	#child;
	#ended;
	#lines;

	constructor({ program, args }, suffix, env) {
		this.#child = spawn(program,
			[...args, path.join(drivers, `driver.${suffix}`)],
			{ env: { ...process.env, ...env },
				stdio: ['pipe', 'pipe', 'inherit'] });
		this.#lines = createInterface({ input: this.#child.stdout })[
			Symbol.asyncIterator]();
		this.#ended = once(this.#child, 'close');
	}

	async ask(task) {
		this.#child.stdin.write(`${JSON.stringify(task)}\n`);
		const { value, done } = await this.#lines.next();
		assert(!done, 'the driver ended');
		return JSON.parse(value);
	}

	async end() {
		this.#child.stdin.end();
		assert.deepEqual(await this.#ended, [0, null]);
	}

	kill() {
		this.#child.kill('SIGKILL');
	}
}

// A test with each language, where needed programs are: steps get a function
// that calls something there, and resolves to what a driver with that
// environment says of it.
const testWithEach = (name, steps, ...needed) => {
	for (const [suffix, language] of Object.entries(languages))
		test(`${name} (${suffix})`, async (t) => {
			const lacks = [language.program, ...needed].find(isMissing);
			if (lacks !== undefined) {
				t.skip(lacking('all', `${lacks} was not found`));
				return;
			}
			const running = new Map();
			const ask = ({ env, ...place }, call, ...args) => {
				if (!running.has(env))
					running.set(env, new Driver(language, suffix, env));
				return running.get(env).ask({ key: KEY, timeout: 60, ...place,
					call, args });
			};
			try {
				await steps(ask, language, suffix);
				for (const driver of running.values())
					await driver.end();
			} finally {
				for (const driver of running.values())
					driver.kill();
			}
		});
};

const at = (port) => ({ url: `http://127.0.0.1:${port}` });

// With a daemon that wants tickets of a key; sign() makes some by the language.
const withTickets = (ask, steps) => {
	const folder = makeFolder();
	const { file } = new TicketKey('HS256', '2026a', folder);
	const secret = fs.readFileSync(file, 'utf8');
	const sign = async (options = {}, key = secret, kid = '2026a') =>
		(await ask({}, 'ticket', key, kid,
			{ audience: AUDIENCE, ...options })).value;
	return withApi({ 'require-tickets': 'yes', 'ticket-keys': file,
		'ticket-audience': AUDIENCE },
	(api) => steps(api, sign));
};

const enter = async (daemon, session, event, name, ticket) => {
	const client = await Client.open(daemon, `/${session}`);
	const { customerId } = await client.enter(event, name, { ticket });
	return Object.assign(client, { customerId });
};

const errorOf = async (answer) => (await answer).error;

testWithEach('the daemon takes tickets for what they say', (ask) =>
	withTickets(ask, async ({ daemon }, sign) => {
		const host = await sign({ name: 'Zoë "/"', session: 'one',
			role: 'host', account: 'konto-4711' });
		const claims = JSON.parse(Buffer.from(host.split('.')[1], 'base64url'));
		assert.equal(claims.sub, 'konto-4711');
		await enter(daemon, 'one', 'startSession', 'Zoë "/"', host);
		const guest = await sign({ session: 'one', role: 'guest' });
		await enter(daemon, 'one', 'joinSession', 'Bob', guest);
		await enter(daemon, 'two', 'startSession', 'Cid', await sign());
		const bad = [
			['two', 'Zoë "/"', host],
			['one', 'Zoe', host],
			['one', 'Bob', await sign({ lifetime: -61 })],
			['one', 'Bob', await sign({ audience: 'another' })],
			['one', 'Bob', await sign({}, 'x'.repeat(32))],
			['one', 'Bob', await sign({}, undefined, '2026b')],
		];
		for (const [session, name, ticket] of bad)
			await assert.rejects(enter(daemon, session, 'joinSession', name,
				ticket), /invalidTicket/);
		await assert.rejects(enter(daemon, 'three', 'startSession', 'Bob',
			await sign({ session: 'three', role: 'guest' })),
		/invalidTicket/);
		// The limits of a life, to the second.
		const now = () => Math.floor(Date.now() / 1000);
		const before = now();
		const { exp } = JSON.parse(Buffer.from((await sign({ lifetime: 7 }))
			.split('.')[1], 'base64url'));
		assert(before + 7 <= exp && exp <= now() + 7);
		const { wrong } = await ask({}, 'ticket', `${'x'.repeat(31)}\n`, 'a',
			{});
		assert.match(wrong, /less than 32 bytes/);
	}));

// What a parser changes, or stumbles over, and what looks as the carts' end.
const CART = '{"tea":2,"a":1.50,"a":2e99,"b":123456789012345678901234567890,' +
	'"c":"\\u0000\\ud800\\\\\\u0041\\ud83d\\ude00\\uDC00é","\\"d]}":[[],{}],' +
	`"multicartContent":{"]":"\\\\"},"e":${'9'.repeat(5000)}}`;

testWithEach('sessions are paged, read, and ended', (ask, { hasUnix }) =>
	withTickets(ask, async ({ daemon, port, socket }, sign) => {
		const ticket = await sign();
		const names = ['e', 'd', 'c', 'b', 'multicartContent'];
		const customers = {};
		for (const name of names)
			customers[name] = await enter(daemon, name, 'startSession',
				`${name}"]`, ticket);
		const here = at(port);
		const list = async (options) =>
			(await ask(here, 'sessions', options)).value;
		for (const pageSize of [1, 2, 5, 100])
			assert.deepEqual(await list({ pageSize }), names);
		assert.deepEqual(await list({}), names);
		assert.deepEqual(await list({ state: 'ready' }), []);

		const id = 'multicartContent';
		const ada = customers[id];
		const { customerId } = ada;
		const bob = await enter(daemon, id, 'joinSession', 'Bob', ticket);
		ada.sendText('{"event":"updateCart","payload":{"customerId":' +
			`"${customerId}","seq":1,"cartContent":${CART}}}`);
		await ada.nextOf('updateCart');
		const { text } = await ada.nextOf('multicartUpdate');
		assert(text.includes(CART));
		const places = [here, ...hasUnix ? [{ url: `unix:${socket}` }] : []];
		for (const place of places)
			assert.deepEqual((await ask(place, 'session', id)).value, {
				incarnation: 1, revision: 3,
				carts: [[`${id}"]`, 2], ['Bob', null]],
				text: text.match(/"multicartContent":(.*)\}\}$/)[1],
			});

		const notFound = { code: 'sessionNotFound', status: 404,
			retryAfter: null };
		assert.deepEqual(await errorOf(ask(here, 'lock', id, 2)), notFound);
		const { revision, ...locked } = (await ask(here, 'lock', id, 1)).value;
		assert.deepEqual([revision, locked.carts, locked.text], [4,
			[[`${id}"]`, 2], ['Bob', null]],
			text.match(/"multicartContent":(.*)\}\}$/)[1]]);
		bob.send('updateCart', { customerId: bob.customerId, seq: 1,
			cartContent: {} });
		await assert.rejects(bob.nextOf('updateCart'), /sessionLocked/);
		assert.deepEqual(await errorOf(ask(here, 'unlock', id, 2)), notFound);
		assert.deepEqual((await ask(here, 'unlock', id, 1)).value,
			{ id, incarnation: 1, revision: 5 });
		assert.deepEqual((await ask(here, 'lock', 'b')).value.carts.length, 1);
		assert.deepEqual((await ask(here, 'unlock', 'b')).value,
			{ id: 'b', incarnation: 1, revision: 3 });

		const removed = await ask(here, 'remove', id, bob.customerId);
		assert.deepEqual(removed.value,
			{ id, incarnation: 1, customer: bob.customerId });
		assert.equal(await bob.closed, 1008);
		ada.send('customerReadyToCheckout', { customerId, seq: 2,
			customerReadyToCheckout: true });
		await ada.nextOf('customerReadyToCheckout');
		assert.deepEqual(await list({ state: 'ready' }), [id]);

		assert.deepEqual(await errorOf(ask(here, 'end', id, 2)),
			{ code: 'sessionNotFound', status: 404, retryAfter: null });
		for (let i = 0; i < 2; i++)
			assert.deepEqual((await ask(here, 'end', id, 1)).value,
				{ id, incarnation: 1 });
		await ada.nextOf('leaveSession');
		assert.deepEqual((await ask(here, 'end', 'b')).value,
			{ id: 'b', incarnation: 1 });
		assert.deepEqual(await list({}), ['e', 'd', 'c']);
		assert.deepEqual(await errorOf(ask(here, 'session', id)),
			{ code: 'sessionNotFound', status: 404, retryAfter: null });
	}));

testWithEach('what happens is followed from cursor to cursor',
	(ask, { hasUnix }) => withApi({}, async ({ daemon, port, socket }) => {
		const here = at(port);
		const events = async (...args) =>
			(await ask(here, 'events', ...args)).value;
		assert.deepEqual(await events(), { events: [], cursor: '0' });
		await enter(daemon, 'one', 'startSession', 'Ada');
		const first = await events('0', 10);
		assert.deepEqual([first.cursor, first.events.map(({ type }) => type)],
			['1', ['session.started']]);
		if (hasUnix)
			assert.deepEqual((await ask({ url: `unix:${socket}` }, 'events',
				'0')).value, first);
		assert.deepEqual(await events('1', 0), { events: [], cursor: '1' });
		const waiting = events('1', 10);
		await enter(daemon, 'one', 'joinSession', 'Bob');
		assert.deepEqual((await waiting).events.map(({ type }) => type),
			['customer.joined']);
		assert.deepEqual(await errorOf(ask(here, 'events', '7')),
			{ code: 'cursorGone', status: 410, retryAfter: null });
	}));

testWithEach('what the daemon refuses is an error with its code', (ask) =>
	withApi({}, async ({ daemon, port, call }) => {
		const here = at(port);
		assert.deepEqual(await errorOf(ask(here, 'session', 'a b')),
			{ code: 'invalidSession', status: 400, retryAfter: null });
		const client = await enter(daemon, 'one', 'startSession', 'Ada');
		assert.deepEqual(await errorOf(ask(here, 'remove', 'one',
			'0'.repeat(24))),
		{ code: 'unknownCustomer', status: 404, retryAfter: null });
		assert.deepEqual(await errorOf(ask(here, 'sessions',
			{ pageSize: 1001 })),
		{ code: 'invalidMessage', status: 400, retryAfter: null });
		await client.close();
		const wrong = await ask({ ...here, key: 'bsk_x' }, 'sessions', {});
		assert.deepEqual(wrong.error,
			{ code: 'invalidKey', status: 401, retryAfter: null });
		assert(wrong.message.length > 0);
		// A key as it was read from a file.
		assert.deepEqual((await ask({ ...here, key: `${KEY}\n` }, 'sessions',
			{})).value, ['one']);
		const fail = () => call('GET', '/v1/sessions', { key: 'x' });
		for (let i = 0; i < 10; i++)
			await fail();
		// Until it has asked, too, or it is allowed again meanwhile.
		let isAsking = true;
		const failing = (async () => {
			while (isAsking)
				await fail();
		})();
		const { code, status, retryAfter } = await errorOf(
			ask({ ...here, key: 'bsk_x' }, 'sessions', {}));
		isAsking = false;
		await failing;
		assert.deepEqual([code, status], ['rateLimited', 429]);
		assert(Number.isInteger(retryAfter) && retryAfter > 0);
	}));

// Run steps with the port of a server, which is closed afterwards.
const withServer = async (server, steps) => {
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	try {
		await steps(server.address().port);
	} finally {
		server.close();
	}
};

testWithEach('no daemon, or something else, is an error too',
	(ask, { hasUnix }) => withPatience(async () => {
		const NOBODY = { code: 'noAnswer', status: 0, retryAfter: null };
		let port;
		await withServer(net.createServer(), (free) => (port = free));
		const nobody = await ask(at(port), 'sessions', {});
		assert.deepEqual(nobody.error, NOBODY);
		assert(nobody.message.startsWith('no answer: '));
		if (hasUnix)
			assert.deepEqual(await errorOf(ask({ url: 'unix:/nowhere' },
				'sessions', {})), NOBODY);

		// It hears, and says nothing, or half of it and then nothing, or ends.
		const half = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}';
		const chunk = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n' +
			'\r\n2\r\n{}\r\n';
		for (const [said, ends] of [['', false], [half, false],
			[chunk, false], ['', true], [half, true]]) {
			const server = net.createServer((connection) => {
				connection.on('error', () => {}).once('data', () =>
					connection[ends ? 'end' : 'write'](said));
			});
			await withServer(server, async (silent) => {
				assert.deepEqual(await errorOf(ask({ ...at(silent),
					timeout: 0.2 }, 'end', 'one')), NOBODY);
			});
		}

		// A web server in front of it that has an answer of its own.
		const targets = [];
		const pages = [[502, '<html>'], [200, '<html>'], [200, '[]\n{'],
			[404, '{"error":{"code":404}}'], [302, '']];
		const front = http.createServer((request, response) => {
			const [status, text] = pages[targets.length] ?? [500, ''];
			targets.push(`${request.method} ${request.url}`);
			response.writeHead(status, { 'Retry-After': '7',
				Location: '/elsewhere' }).end(text);
		});
		await withServer(front, async (there) => {
			for (const [status] of pages)
				assert.deepEqual(await errorOf(ask({
					url: `${at(there).url}/base/` }, 'remove', 'a/ä', 'b c?')),
				{ code: 'invalidAnswer', status, retryAfter: 7 });
		});
		assert.deepEqual(targets, Array(pages.length).fill(
			'DELETE /base/v1/sessions/a%2F%C3%A4/customers/b%20c%3F'));
		assert.match((await ask({ url: 'ftp://x' }, 'sessions', {})).wrong,
			/no URL of http/);
	}));

// A web server with TLS in front of it, whose certificate is its own.
const withTls = (port, steps) => {
	const folder = makeFolder();
	const [key, cert] = ['key.pem', 'cert.pem'].map((name) =>
		path.join(folder, name));
	spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
		'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=shop.example',
		'-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out',
		cert]);
	const server = https.createServer({ key: fs.readFileSync(key),
		cert: fs.readFileSync(cert) }, ({ method, url, headers }, response) =>
		http.request({ host: '127.0.0.1', port, method, path: url, headers },
			(answer) => {
				response.writeHead(answer.statusCode, answer.headers);
				answer.pipe(response);
			}).end());
	return withServer(server, (there) => steps(there, cert));
};

testWithEach('https is trusted with the certificate alone', (ask) =>
	withApi({}, async ({ daemon, port }) => {
		await enter(daemon, 'one', 'startSession', 'Ada');
		await withTls(port, async (there, cert) => {
			const url = `https://127.0.0.1:${there}`;
			const list = (env, place = url) =>
				ask({ url: place, env }, 'sessions', {});
			const known = { SSL_CERT_FILE: cert, NODE_EXTRA_CA_CERTS: cert };
			assert.deepEqual((await list(known)).value, ['one']);
			const { value } = await ask({ url, env: known }, 'lock', 'one');
			assert.equal(value.carts.length, 1);
			const strange = { SSL_CERT_FILE: '/dev/null',
				NODE_EXTRA_CA_CERTS: '' };
			assert.equal((await list(strange)).error.code, 'noAnswer');
			// The certificate is of the address, not of this name.
			assert.equal((await list(known,
				url.replace('127.0.0.1', 'localhost'))).error.code, 'noAnswer');
		});
	}), 'openssl');

const SECRETS = ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
	'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'].map((text) => `whsec_${text}`);

// The fields of a webhook with a signature for each secret.
const signedBy = (secrets, body, { id = '1742', at: time = Date.now() } = {}) => {
	const stamp = String(Math.floor(time / 1000));
	const signatures = secrets.map((secret) => `v1,${createHmac('sha256',
		Buffer.from(secret.slice('whsec_'.length), 'base64'))
		.update(`${id}.${stamp}.`).update(body).digest('base64')}`);
	return { 'webhook-id': id, 'webhook-timestamp': stamp,
		'webhook-signature': signatures.join(' ') };
};

const EVENT = '{"id":"1742","type":"session.ready","timestamp":' +
	'"2026-11-30T13:10:00.123Z","data":{"session":"picnic","incarnation":1,' +
	'"revision":7}}';

// What comes of webhooks, each of which is its body, fields, and secrets.
const readWebhooks = async (ask, ...all) => (await ask({}, 'webhooks',
	...all.map(([body, ...rest]) =>
		[Buffer.from(body).toString('base64'), ...rest]))).value;

const MINUTE = 60000;

testWithEach('a webhook is read if its signature is the secret\'s',
	async (ask) => {
		const event = JSON.parse(EVENT);
		const text = '{"a":"é\u{1f600}"}';
		const [one, other] = SECRETS;
		const fields = signedBy([one], EVENT);
		const both = signedBy(SECRETS, EVENT);
		const { 'webhook-signature': signature, ...rest } = fields;
		const [reference, accents, ...all] = await readWebhooks(ask,
			// Of the specification's own libraries.
			['{"test": 2432232314}', {
				'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
				'webhook-timestamp': '1614265330',
				'webhook-signature':
					'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
			}, one, { tolerance: 1e12 }],
			[text, signedBy([one], text), one],
			...[
				[fields, one],
				[fields, `${other} ${one}\n`],
				[both, one],
				[both, other],
				[signedBy([one], EVENT, { at: Date.now() - 4 * MINUTE }), one],
				[signedBy([one], EVENT, { at: Date.now() + 4 * MINUTE }), one],
				[signedBy([one], EVENT, { id: '1742.r' }), one],
				[{ ...rest, 'Webhook-Signature': `v1a,AA== ${signature}` },
					one],
			].map((args) => [EVENT, ...args]));
		assert.deepEqual(reference, { value: { test: 2432232314 } });
		assert.deepEqual(accents, { value: JSON.parse(text) });
		assert.deepEqual(all, Array(all.length).fill({ value: event }));
	});

testWithEach('a webhook that was changed, is old or not signed is refused',
	async (ask) => {
		const [one, other] = SECRETS;
		const good = signedBy([one], EVENT);
		const { 'webhook-id': id, 'webhook-timestamp': stamp,
			'webhook-signature': signature } = good;
		const cases = [];
		const refuse = (why, headers, body = EVENT, secrets = one) =>
			cases.push([why, [body, headers, secrets]]);
		for (const name of Object.keys(good)) {
			const { [name]: missing, ...others } = good;
			refuse(RegExp(`there is not one ${name}`), others);
			refuse(RegExp(`there is not one ${name}`),
				{ ...good, [name]: [missing, missing] });
			// Sent twice, in the form that PHP and Node make of it.
			refuse(/signature|timestamp/,
				{ ...good, [name]: `${missing}, ${missing}` });
		}
		for (const at of [Date.now() - 6 * MINUTE, Date.now() + 6 * MINUTE])
			refuse(/timestamp/, signedBy([one], EVENT, { at }));
		for (const wrong of ['', 'now', '-1', `${stamp}.5`, `${stamp}\n`,
			'9'.repeat(30)])
			refuse(/timestamp/, { ...good, 'webhook-timestamp': wrong });
		for (const wrong of ['', signature.slice(3), `v1,${'A'.repeat(43)}=`,
			signature.slice(0, -2), signature.replace('v1,', 'v1a,'), 'v1,',
			`${signature}\n`, signature.toLowerCase()])
			refuse(/signature/, { ...good, 'webhook-signature': wrong });
		refuse(/no signature/, { ...good, 'webhook-id': `${id}1` });
		refuse(/no signature/, { ...good,
			'webhook-timestamp': String(Number(stamp) + 1) });
		refuse(/no signature/, signedBy([other], EVENT));
		for (const body of [EVENT.replace('7', '8'), `${EVENT}\n`, ''])
			refuse(/no signature/, good, body);
		refuse(/no JSON/, signedBy([one], 'tea'), 'tea');
		const told = await readWebhooks(ask, ...cases.map(([, webhook]) =>
			webhook));
		told.forEach(({ WebhookError }, i) => {
			const [why, webhook] = cases[i];
			assert.match(WebhookError ?? 'read', why, JSON.stringify(webhook));
		});
		// Without a secret nothing is anybody's.
		for (const answer of await readWebhooks(ask, ...['', ' ', 'whsec_',
			'whsec_AAAA', one.slice(6), 'whsec_*', `${one} whsec_AAAA`]
			.map((secrets) => [EVENT, good, secrets])))
			assert.deepEqual([answer.value, answer.WebhookError], [undefined,
				undefined], JSON.stringify(answer));
	});

// The lines of the example in a file's head, from the first that has its mark.
const exampleOf = (file, { mark, begin }) => {
	const lines = readSource(`contrib/server/${file}`).split('\n');
	const blank = mark.trimEnd();
	const first = lines.findIndex((line) => line.startsWith(mark));
	const inside = (line) => line.startsWith(mark) || line === blank ||
		line === blank.slice(0, 2).trimEnd();
	const end = lines.findIndex((line, i) => i > first && !inside(line));
	return begin + lines.slice(first, end)
		.map((line) => `${line.slice(mark.length)}\n`).join('');
};

testWithEach('the example is a checkout', (ask, language, suffix) =>
	withApi({}, async ({ daemon, port, call }) => {
		const file = `buddyshopping.${suffix}`;
		const folder = makeFolder();
		const program = path.join(folder, `checkout.${suffix}`);
		const address = 'http://127.0.0.1:9090';
		const example = exampleOf(file, language);
		assert.equal(example.split(address).length, 2);
		fs.writeFileSync(program, example.replace(address, at(port).url));
		fs.writeFileSync(path.join(folder, file),
			readSource(`contrib/server/${file}`));
		const checkOut = async () => (await run(language.program,
			[...language.args, program], { cwd: folder,
				env: { ...process.env, BUDDYSHOPPING_KEY: KEY } })).stdout;

		const ada = await enter(daemon, 'picnic', 'startSession', 'Ada');
		const { customerId } = ada;
		ada.send('updateCart', { customerId, seq: 1, cartContent: { tea: 2 } });
		await ada.nextOf('updateCart');
		// Not everybody is ready: it is unlocked again.
		assert.equal(await checkOut(), '');
		// And where nobody is, nobody is ready.
		const bob = await enter(daemon, 'picnic-2', 'startSession', 'Bob');
		bob.send('leaveSession', { customerId: bob.customerId });
		await bob.nextOf('leaveSession');
		const nobody = example.replaceAll('\'picnic\'', '\'picnic-2\'');
		fs.writeFileSync(program, nobody.replace(address, at(port).url));
		assert.equal(await checkOut(), '');
		assert.equal((await call('GET', '/v1/sessions/picnic-2')).isLocked,
			false);
		fs.writeFileSync(program, example.replace(address, at(port).url));
		ada.send('customerReadyToCheckout', { customerId, seq: 2,
			customerReadyToCheckout: true });
		await ada.nextOf('customerReadyToCheckout');
		assert.equal(await checkOut(), `Ada orders ${language.cart}\n`);
		await ada.nextOf('leaveSession');
		const refused = await checkOut();
		assert(refused.startsWith('sessionNotFound '), refused);
		assert(refused.endsWith(` again in ${language.none}\n`), refused);
	}));

// README's answer to a webhook, which is called with one and prints the order.
const answerOf = (port, { body, headers }) => `
KEY, SECRET = ${JSON.stringify(KEY)}, ${JSON.stringify(SECRETS[0])}

def make_order(session, incarnation, carts):
    print(session, incarnation, [cart['content'] for cart in carts])

${blocksFor(SERVER, 'README.md')[0].text
		.replace('http://127.0.0.1:9090', at(port).url)}
on_webhook(${JSON.stringify(body)}.encode(), ${JSON.stringify(headers)})
`;

test('README\'s answer to a webhook makes an order', (t) => {
	const { program, args } = languages.py;
	if (isMissing(program)) {
		t.skip(lacking('all', `${program} was not found`));
		return undefined;
	}
	return withApi({}, async ({ daemon, port, call }) => {
		const ada = await enter(daemon, 'picnic', 'startSession', 'Ada');
		const { customerId } = ada;
		let body = EVENT;
		const answer = async () => (await run(program, [...args, '-c',
			answerOf(port, { body, headers: signedBy([SECRETS[0]], body) })],
		{ env: { ...process.env,
			PYTHONPATH: path.join(drivers, '../../../contrib/server') } }))
			.stdout;
		assert.equal(await answer(), '');
		assert.equal((await call('GET', '/v1/sessions/picnic')).isLocked, false);
		ada.send('customerReadyToCheckout', { customerId, seq: 1,
			customerReadyToCheckout: true });
		await ada.nextOf('customerReadyToCheckout');
		assert.equal(await answer(), 'picnic 1 [{}]\n');
		await ada.nextOf('leaveSession');
		// It is told once more.
		assert.equal(await answer(), '');
		// And late: all of the next one have left.
		const bob = await enter(daemon, 'picnic', 'startSession', 'Bob');
		bob.send('leaveSession', { customerId: bob.customerId });
		await bob.nextOf('leaveSession');
		body = EVENT.replace('"incarnation":1', '"incarnation":2');
		assert.equal(await answer(), '');
		assert.equal((await call('GET', '/v1/sessions/picnic')).isLocked, false);
		// And later still, while others shop there who are ready.
		const cid = await enter(daemon, 'picnic', 'startSession', 'Cid');
		cid.send('customerReadyToCheckout', { customerId: cid.customerId,
			seq: 1, customerReadyToCheckout: true });
		await cid.nextOf('customerReadyToCheckout');
		body = EVENT;
		assert.equal(await answer(), '');
		assert.equal((await call('GET', '/v1/sessions/picnic')).isLocked, false);
	});
});
