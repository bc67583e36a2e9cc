// The interface for the shop's server: what it tells, to whom, and that nobody
// is harmed by it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

import { KEY, callAt, lineOf, startApi, withApi } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { ctl } from './lib/ctl.mjs';
import { Daemon, PROGRAM, makeFolder, withPatience } from './lib/daemon.mjs';
import { API, blocksFor } from './lib/documents.mjs';
import { Shopper } from './lib/shopper.mjs';

const content = ({ text }) => text.match(/"multicartContent":(.*)\}\n$/)[1];

test('a session is told as its customers see it', () => withApi({},
	async ({ daemon, call, socket }) => {
		const ada = await Client.open(daemon, '/one');
		const bob = await Client.open(daemon, '/one');
		const { customerId } = await ada.enter('startSession', 'Ada');
		await bob.enter('joinSession', 'B"\\\u00e9b');
		ada.sendText('{"event":"updateCart","payload":{"customerId":' +
			`"${customerId}","seq":1,"cartContent":{"n":1.50,"n":2e99,` +
			'"s":"\\u0000\\ud800"}}}');
		await ada.nextOf('updateCart');
		ada.send('customerReadyToCheckout', { customerId, seq: 1,
			customerReadyToCheckout: true });
		await ada.nextOf('customerReadyToCheckout');
		const { text } = await ada.nextOf('multicartUpdate');
		for (const place of [undefined, socket]) {
			const one = await (place === undefined ? call :
				(...args) => callAt(place, ...args))('GET', '/v1/sessions/one');
			assert.equal(one.status, 200, one.text);
			assert.equal(content(one),
				text.match(/"multicartContent":(.*)\}\}$/)[1]);
			const { id, incarnation, revision, cursor, customers, present,
				ready, isEmpty, isReady, presentCustomers, readyCustomers,
				activeAt } = one;
			assert.deepEqual({ id, incarnation, revision, cursor, customers,
				present, ready, isEmpty, isReady },
			{ id: 'one', incarnation: 1, revision: 4, cursor: '1.4',
				customers: 2, present: 2, ready: 1, isEmpty: false,
				isReady: false });
			assert.equal(presentCustomers.length, 2);
			assert.deepEqual(readyCustomers, [customerId]);
			assert.equal(new Date(activeAt).toISOString(), activeAt);
		}
	}));

test('sessions are listed by what is the matter with them', () => withApi({},
	async ({ daemon, call }) => {
		const [ada, bob, cid] = await Promise.all(['ada', 'bob', 'cid'].map(
			async (name) => {
				const client = await Client.open(daemon, `/${name}`);
				const { customerId } = await client.enter('startSession', name,
					{ resumable: true });
				return Object.assign(client, { customerId });
			}));
		ada.send('customerReadyToCheckout', { seq: 1,
			customerId: ada.customerId, customerReadyToCheckout: true });
		await ada.nextOf('customerReadyToCheckout');
		await bob.close();
		const ids = async (query) => (await call('GET',
			`/v1/sessions${query}`)).sessions.map(({ id }) => id).sort();
		while ((await ids('?state=empty')).length === 0)
			;
		assert.deepEqual(await ids(''), ['ada', 'bob', 'cid']);
		assert.deepEqual(await ids('?state=running'), ['ada', 'bob', 'cid']);
		assert.deepEqual(await ids('?state=empty'), ['bob']);
		assert.deepEqual(await ids('?state=ready&limit=1000'), ['ada']);
		await cid.close();
	}));

test('what nobody has in memory is read from the disk', () =>
	withPatience(async () => {
		const { daemon, call } = await startApi();
		const ada = new Shopper(daemon, 'one');
		await ada.enter('startSession', 'Ada');
		await ada.post('updateCart', { cartContent: { a: 1 } });
		const before = await call('GET', '/v1/sessions/one');
		assert.equal(before.present, 1);
		await daemon.kill();
		const again = await startApi({}, daemon.database);
		const after = await again.call('GET', '/v1/sessions/one');
		assert.equal(after.present, 0);
		assert.equal(content(after), content(before));
		assert.equal(after.cursor, before.cursor);
		const { sessions } = await again.call('GET', '/v1/sessions');
		assert.deepEqual(sessions.map(({ id, customers, isEmpty }) =>
			[id, customers, isEmpty]), [['one', 1, true]]);
		assert.equal(await again.daemon.stop(), 0);
	}));

// Requests and how they are refused.
const REFUSED = [
	['GET', '/v1/sessions/none', 404, 'sessionNotFound'],
	['GET', '/v1/sessions/a!b', 400, 'invalidSession'],
	['GET', `/v1/sessions/${'a'.repeat(129)}`, 400, 'invalidSession'],
	['GET', '/', 404, 'notFound'],
	['GET', '/one', 404, 'notFound'],
	['GET', '/v1/sessions/', 404, 'notFound'],
	['GET', `/${'a'.repeat(2000)}`, 404, 'notFound'],
	['GET', '/v1/sessions?limit=0', 400, 'invalidMessage'],
	['GET', '/v1/sessions?limit=1001', 400, 'invalidMessage'],
	['GET', '/v1/sessions?after=x', 400, 'invalidMessage'],
	['GET', '/v1/sessions?state=all', 400, 'invalidMessage'],
	['GET', '/v1/sessions?limit=1&limit=1', 400, 'invalidMessage'],
	['GET', '/v1/sessions/one?limit=1', 400, 'invalidMessage'],
	['POST', '/v1/sessions', 405, 'methodNotAllowed', { allow: 'GET' }],
	['OPTIONS', '/v1/sessions', 405, 'methodNotAllowed', { allow: 'GET' }],
	['PROPFIND', '/v1/sessions', 501, 'methodNotAllowed'],
	['GET', '/v1/sessions/one/end', 405, 'methodNotAllowed',
		{ allow: 'POST' }],
	['POST', '/v1/sessions/none/end', 404, 'sessionNotFound'],
	['POST', '/v1/sessions/a!b/end', 400, 'invalidSession'],
	['POST', '/v1/sessions/none/end?incarnation=0', 400, 'invalidMessage'],
	['GET', `/v1/sessions/one/customers/${'0'.repeat(24)}`, 405,
		'methodNotAllowed', { allow: 'DELETE' }],
	['DELETE', `/v1/sessions/none/customers/${'0'.repeat(24)}`, 404,
		'sessionNotFound'],
	['DELETE', '/v1/sessions/none/customers/x', 404, 'unknownCustomer'],
	['DELETE', '/v1/sessions/none/customers', 404, 'notFound'],
];
const JSON_TYPE = { 'Content-Type': 'application/json' };
const BODIES = [
	['[]', JSON_TYPE, 400, 'invalidMessage'],
	['{"a":1}', JSON_TYPE, 400, 'invalidMessage'],
	['{}{}', JSON_TYPE, 400, 'invalidMessage'],
	['[]', {}, 400, 'invalidMessage'],
	['{}', { 'Content-Type': 'text/plain' }, 415, 'unsupportedMediaType'],
	[' '.repeat(2000), JSON_TYPE, 413, 'messageTooLarge'],
];

test('what cannot be done is told in one form', () => withApi({},
	async ({ call, port }) => {
		for (const [method, target, status, code, fields] of REFUSED) {
			const answer = await call(method, target);
			assert.equal(answer.status, status, `${target} ${answer.text}`);
			assert.equal(answer.error.code, code, target);
			assert.equal(typeof answer.error.message, 'string');
			assert.equal(answer.fields.allow, fields?.allow);
		}
		for (const [body, fields, status, code] of BODIES) {
			const answer = await call('GET', '/v1/sessions', { body,
				fields: { ...fields, 'Content-Length': body.length } });
			assert.equal(answer.status, status, body);
			assert.equal(answer.error.code, code, body);
		}
		const { status } = await call('GET', '/v1/sessions', { body: ' {\n} ',
			fields: { ...JSON_TYPE, 'Content-Length': 5 } });
		assert.equal(status, 200);
		// What is no request has no key, either.
		const socket = net.connect(port, '127.0.0.1');
		socket.end('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
		const text = (await socket.toArray()).join('');
		assert.match(text, /^HTTP\/1\.1 400 [^]*\{"error":\{"code":"invalid/);
		assert.doesNotMatch(text, /Access-Control/);
	}));

test('no page may read it, and nobody keeps it', () => withApi({},
	async ({ call }) => {
		const fields = { Origin: 'https://shop.example' };
		for (const [target, options] of [['/v1/sessions', {}],
			['/none', {}], ['/v1/sessions', { key: 'x' }]]) {
			const answer = await call('GET', target, { fields, ...options });
			assert.equal(answer.fields['cache-control'], 'no-store');
			assert.equal(Object.keys(answer.fields).find((name) =>
				/^access-control/.test(name)), undefined);
		}
	}));

test('without a key nothing is told, and soon to wait', () => withApi({},
	async ({ daemon, call, socket }) => {
		const wrong = [null, 'x', '', `${KEY}x`, 'tests'];
		for (const key of [...wrong, ...wrong]) {
			const answer = await call('GET', '/nowhere', { key });
			assert.equal(answer.status, 401);
			assert.equal(answer.error.code, 'invalidKey');
			assert.equal(answer.fields['www-authenticate'], 'Bearer');
		}
		const late = await call('GET', '/v1/sessions', { key: 'x' });
		assert.equal(late.status, 429);
		assert.equal(late.error.code, 'rateLimited');
		assert(Number(late.fields['retry-after']) > 0);
		// Of this machine all have one count, and the right key has none.
		assert.equal((await callAt(socket, 'GET', '/v1/sessions',
			{ key: 'x' })).status, 429);
		assert.equal((await call('GET', '/v1/sessions')).status, 200);
		assert.match(daemon.log,
			/<6>api: requests without a valid key: 1, the last one from 127/);
		assert(!daemon.log.includes(KEY));
	}));

// All that comes on a connection for what is sent there in one piece.
const answersTo = async (port, text) => {
	const socket = net.connect(port, '127.0.0.1');
	socket.write(text);
	return (await socket.toArray()).join('');
};

// They keep none of the places that right keys need.
test('wrong keys lose their connections', () => withApi({},
	async ({ port }) => {
		const request = (key, more = '') => 'GET /v1/sessions HTTP/1.1\r\n' +
			`Host: a\r\nAuthorization: Bearer ${key}\r\n${more}\r\n`;
		const last = request(KEY, 'Connection: close\r\n');
		const statuses = async (text) => (await answersTo(port, text))
			.match(/^HTTP\/1\.1 \d+|^Connection: close/gm);
		assert.deepEqual(await statuses(request(KEY) + last),
			['HTTP/1.1 200', 'HTTP/1.1 200', 'Connection: close']);
		for (let i = 0; i < 10; i++)
			assert.deepEqual(await statuses(request('x') + last),
				['HTTP/1.1 401', 'Connection: close']);
		assert.deepEqual(await statuses(request('x') + last),
			['HTTP/1.1 429', 'Connection: close']);
	}));

test('a proxy is believed about who tries', () => withApi(
	{ 'trusted-proxies': '127.0.0.1' }, async ({ call }) => {
		const from = (address) => ({ key: 'x',
			fields: { 'X-Forwarded-For': address } });
		for (let i = 0; i < 10; i++)
			await call('GET', '/', from('192.0.2.1'));
		assert.equal((await call('GET', '/', from('192.0.2.1'))).status, 429);
		assert.equal((await call('GET', '/', from('192.0.2.2'))).status, 401);
	}));

test('keys are read again on a reload, all or none', () => withApi({},
	async ({ daemon, call, keys }) => {
		const status = async (key) =>
			(await call('GET', '/v1/sessions', { key })).status;
		fs.writeFileSync(keys, lineOf('other', 'new'));
		assert.equal(await status(KEY), 200);
		const good = await ctl(daemon.database, 'reload');
		assert.equal(good.status, 0, good.error);
		assert.equal(good.output, 'api-keys: changed\n');
		assert.equal(await status(KEY), 401);
		assert.equal(await status('new'), 200);
		fs.writeFileSync(keys, `${lineOf('tests', KEY)}oops\n`);
		const bad = await ctl(daemon.database, 'reload');
		assert.equal(bad.status, 78);
		assert.match(bad.error, /shop\.db\.keys:2: not "NAME SHA256"/);
		assert.match(bad.error, /nothing was changed\n$/);
		assert.equal(await status(KEY), 401);
		assert.equal(await status('new'), 200);
	}));

const run = promisify(execFile);

// What the daemon says that does not start.
const refusal = (...options) => run(PROGRAM,
	options.flatMap((option) => ['-o', option])).then(assert.fail,
	({ code, stderr }) => {
		assert.equal(code, 78, stderr);
		return stderr;
	});

test('without a usable key it does not start', async () => {
	const folder = makeFolder();
	const keys = path.join(folder, 'keys');
	const listen = `api-listen=unix:${folder}/api`;
	assert.match(await refusal(listen),
		/api-listen: nobody has a key: api-keys has to name a file\n/);
	assert.match(await refusal(listen, `api-keys=${keys}`),
		/keys: No such file or directory\n/);
	fs.writeFileSync(keys, '# none yet\n');
	assert.match(await refusal(listen, `api-keys=${keys}`),
		/keys: has no key\n/);
	fs.writeFileSync(keys, 'a b c\n');
	assert.match(await refusal(listen, `api-keys=${keys}`),
		/keys:1: not "NAME SHA256"/);
});

test('api-key makes a key that counts after a reload', () => withApi({},
	async ({ daemon, call, keys, configuration }) => {
		const make = (...words) =>
			ctl(daemon.database, '-c', configuration, 'api-key', 'new', ...words);
		fs.writeFileSync(keys, lineOf('tests', KEY).trim());
		const { status, output, error } = await make('back-end');
		assert.equal(status, 0, error);
		assert.match(output, /^bsk_[A-Za-z0-9_-]{43}\n$/);
		const key = output.trim();
		assert.equal(fs.readFileSync(keys, 'utf8'),
			lineOf('tests', KEY) + lineOf('back-end', key));
		assert.equal((await ctl(daemon.database, 'reload')).status, 0);
		assert.equal((await call('GET', '/v1/sessions', { key })).status, 200);
		const again = await make('back-end');
		assert.equal(again.status, 64);
		assert.match(again.error, /there is a key back-end already\n$/);
		assert.equal((await make('a b')).status, 64);
		const alone = await ctl(daemon.database, 'api-key', 'new', 'x');
		assert.equal(alone.output, `${alone.output.split('\n')[0]}\n` +
			lineOf('x', alone.output.split('\n')[0]));
	}));

test('api-key makes a file that the daemon can read, of whole lines',
	() => withPatience(async () => {
		const keys = path.join(makeFolder(), 'keys');
		const configuration = `${keys}.conf`;
		fs.writeFileSync(configuration, `api-keys = "${keys}"\n`);
		const make = (before, name) => run('sh', ['-ec',
			`${before}; exec "$@"`, 'sh', path.join(path.dirname(PROGRAM),
				'buddyshoppingctl'), '-c', configuration, 'api-key', 'new', name]);
		await make('umask 077', 'one');
		assert.equal(fs.statSync(keys).mode & 0o777, 0o644);
		// Of the second line there is room for a part.
		fs.appendFileSync(keys, `#${'-'.repeat(1000 -
			fs.statSync(keys).size)}\n`);
		const before = fs.readFileSync(keys, 'utf8');
		const { code, stderr } = await make('ulimit -f 2', 'two')
			.then(assert.fail, (error) => error);
		assert.equal(code, 74, stderr);
		assert.match(stderr, /keys: No space left on device\n/);
		assert.equal(fs.readFileSync(keys, 'utf8'), before);
	}));

// The rows of the journal as they are exported, with these columns, without those
// of refused messages.
const journal = async (database, ...columns) =>
	(await ctl(database, 'audit', 'export')).output.trim().split('\n')
		.map((line) => JSON.parse(line))
		.filter(({ event }) => event !== 'refused')
		.map((row) => columns.map((column) => row[column]));

test('a session is locked for an order, and it is on record whose doing',
	() => withPatience(async () => {
		const { daemon, call } = await startApi();
		const ada = await Client.open(daemon, '/one');
		const { customerId } = await ada.enter('startSession', 'Ada');
		await ada.nextOf('multicartUpdate');
		assert.equal((await call('POST', '/v1/sessions/one/lock?incarnation=2'))
			.error.code, 'sessionNotFound');
		const locked = await call('POST',
			'/v1/sessions/one/lock?incarnation=1');
		assert.equal(locked.status, 200, locked.text);
		const { text } = await ada.nextOf('multicartUpdate');
		assert.equal(content(locked),
			text.match(/"multicartContent":(.*)\}\}$/)[1]);
		const { id, incarnation, revision, cursor } = locked;
		assert.deepEqual({ id, incarnation, revision, cursor },
			{ id: 'one', incarnation: 1, revision: 2, cursor: '1.2' });
		ada.send('updateCart', { customerId, cartContent: {} });
		assert.equal(JSON.parse(await ada.next()).payload.code,
			'sessionLocked');
		await daemon.kill();

		const again = await startApi({}, daemon.database);
		assert.equal((await again.call('GET', '/v1/sessions/one')).isLocked,
			true);
		assert.equal((await again.call('POST',
			'/v1/sessions/one/unlock?incarnation=2')).error.code,
		'sessionNotFound');
		for (const query of ['?incarnation=1', ''])
			assert.deepEqual(JSON.parse((await again.call('POST',
				`/v1/sessions/one/unlock${query}`)).text),
			{ id: 'one', incarnation: 1, revision: 3 });
		assert.equal((await again.call('GET', '/v1/sessions/one')).isLocked,
			false);
		assert.equal((await again.call('POST', '/v1/sessions/two/lock'))
			.error.code, 'sessionNotFound');
		assert.deepEqual((await journal(daemon.database, 'event', 'message',
			'name', 'revision')).filter(([event]) => event !== 'refused'), [
			['start', undefined, 'Ada', 1],
			['call', 'lockSession', 'tests', 0],
			['lock', undefined, undefined, 2],
			['call', 'unlockSession', 'tests', 0],
			['unlock', undefined, undefined, 3]]);
		const show = await ctl(daemon.database, 'audit', 'show', 'one',
			'--color=never');
		assert.match(show.output, /the shop's server tests locks the session\n/);
		const verified = await ctl(daemon.database, 'audit', 'verify');
		assert.equal(verified.status, 0, verified.error);
		assert.equal(await again.daemon.stop(), 0);
	}));

test('a session that is ended stays so, and it is on record whose doing',
	() => withPatience(async () => {
		const { daemon, call } = await startApi();
		const ada = await Client.open(daemon, '/one');
		const { customerId } = await ada.enter('startSession', 'Ada');
		await ada.nextOf('multicartUpdate');
		const bob = new Shopper(daemon, 'one');
		await bob.enter('joinSession', 'Bob');
		await ada.nextOf('multicartUpdate');
		const poll = await bob.held();
		const target = '/v1/sessions/one/end?incarnation=1';
		const ended = await call('POST', target);
		assert.equal(ended.status, 200, ended.text);
		assert.deepEqual(JSON.parse(ended.text), { id: 'one', incarnation: 1 });
		assert.deepEqual(JSON.parse(await ada.next()),
			{ event: 'leaveSession', payload: { customerId } });
		const { status, messages } = await poll.answer;
		assert.equal(status, 410);
		assert.equal(messages[0].payload.code, 'leftSession');
		assert.match(daemon.log,
			/<6>api: end of a session: asked for by tests\n/);
		await daemon.kill();

		const again = await startApi({}, daemon.database);
		assert.equal((await again.call('GET', '/v1/sessions/one')).error.code,
			'sessionNotFound');
		assert.equal((await bob.post.call(Object.assign(bob,
			{ daemon: again.daemon }), 'updateCart', { cartContent: {} })).status,
		410);
		// Repeated, it does nothing, to nobody.
		assert.equal((await again.call('POST', target)).text, ended.text);
		const cid = await Client.open(again.daemon, '/one');
		await cid.enter('startSession', 'Cid');
		assert.equal((await again.call('POST', target)).text, ended.text);
		assert.equal((await again.call('GET', '/v1/sessions/one')).incarnation,
			2);
		const { incarnation } = await again.call('POST', '/v1/sessions/one/end',
			{ body: '{}', fields: JSON_TYPE });
		assert.equal(incarnation, 2);
		assert.deepEqual(await journal(daemon.database, 'event', 'message',
			'name', 'address', 'transport', 'revision'), [
			['start', undefined, 'Ada', '127.0.0.1', 'websocket', 1],
			['join', undefined, 'Bob', '127.0.0.1', 'http', 2],
			['call', 'endSession', 'tests', '127.0.0.1', 'http', 0],
			['end', undefined, undefined, undefined, 'none', 3],
			['start', undefined, 'Cid', '127.0.0.1', 'websocket', 1],
			['call', 'endSession', 'tests', '127.0.0.1', 'http', 0],
			['end', undefined, undefined, undefined, 'none', 2]]);
		const verified = await ctl(daemon.database, 'audit', 'verify');
		assert.equal(verified.status, 0, verified.error);
		assert.equal(await again.daemon.stop(), 0);
	}));

test('a customer that is removed has left, and it is on record whose doing',
	() => withPatience(async () => {
		const { daemon, call, socket } = await startApi();
		const ada = await Client.open(daemon, '/one');
		const bob = await Client.open(daemon, '/one');
		await ada.enter('startSession', 'Ada');
		await ada.nextOf('multicartUpdate');
		const { customerId, token } = await bob.enter('joinSession', 'Bob',
			{ resumable: true });
		await ada.nextOf('multicartUpdate');
		const target = `/v1/sessions/one/customers/${customerId}`;
		const gone = await callAt(socket, 'DELETE', target);
		assert.equal(gone.status, 200, gone.text);
		assert.deepEqual(JSON.parse(gone.text), { id: 'one', incarnation: 1,
			customer: customerId });
		assert.equal(await bob.closed, 1008);
		const { payload } = await ada.nextOf('multicartUpdate');
		assert.deepEqual(payload.multicartContent.map(({ owner }) =>
			owner.name), ['Ada']);
		await daemon.kill();

		const again = await startApi({}, daemon.database);
		const back = await Client.open(again.daemon, '/one');
		back.send('resumeSession', { customerId, token });
		assert.equal(JSON.parse(await back.next()).payload.code,
			'leftSession');
		assert.equal((await again.call('DELETE', target)).text, gone.text);
		assert.equal((await again.call('DELETE',
			`/v1/sessions/one/customers/${'0'.repeat(24)}`)).error.code,
		'unknownCustomer');
		assert.deepEqual((await journal(daemon.database, 'event', 'message',
			'name', 'customer', 'address')).slice(2), [
			['call', 'removeCustomer', 'tests', customerId, undefined],
			['leave', undefined, undefined, customerId, undefined]]);
		const shown = await ctl(daemon.database, 'audit', 'show', 'one');
		assert.match(shown.output,
			/ Bob +the shop's server tests removes this customer\n/);
		const verified = await ctl(daemon.database, 'audit', 'verify');
		assert.equal(verified.status, 0, verified.error);
		assert.equal(await again.daemon.stop(), 0);
	}));

// Calls of fn for all items, so many at a time.
const eachOf = async (items, n, fn) => {
	const left = [...items];
	await Promise.all(Array.from({ length: n }, async () => {
		while (left.length > 0)
			await fn(left.shift());
	}));
};

test('10000 sessions are paged without gap or double, whatever comes and goes',
	() => withApi({ 'new-session-rate': 0, 'join-rate': 0,
		'session-write-rate': 0, 'address-write-rate': 0 },
	async ({ daemon, call }) => {
		const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
		const shoppers = Array.from({ length: 10000 }, (_, i) =>
			new Shopper(daemon, `s${i}`));
		const start = (shopper) =>
			shopper.enter("startSession", "Ada", {}, { agent });
		await eachOf(shoppers, 32, start);
		const seen = [];
		let next = '', n = 0;
		do {
			const page = await call('GET',
				`/v1/sessions?limit=997${next && `&after=${next}`}`, { agent });
			assert.equal(page.status, 200);
			seen.push(...page.sessions.map(({ id }) => id));
			next = page.next;
			// Sessions change, and others begin, before and behind.
			n++;
			await shoppers[n].post('updateCart', { cartContent: { n } },
				{ agent });
			await start(new Shopper(daemon, `0${n}`));
		} while (next !== null);
		assert.equal(new Set(seen).size, seen.length);
		assert.deepEqual(seen.filter((id) => id.startsWith('s')).sort(),
			shoppers.map(({ target }) => target.slice(1)).sort());
		agent.destroy();
	}));

test('a page of a state looks at 100 sessions', () => withApi({},
	async ({ daemon, call }) => {
		const agent = new http.Agent({ keepAlive: true });
		for (let i = 0; i < 101; i++)
			await new Shopper(daemon, `s${i}`).enter('startSession', 'Ada', {},
				{ agent });
		const page = await call('GET', '/v1/sessions?state=ready&limit=1000');
		assert.deepEqual(page.sessions, []);
		const { sessions } = await call('GET', `/v1/sessions?after=${page.next}`);
		assert.deepEqual(sessions.map(({ id }) => id), ['s100']);
		const { next } = await call('GET',
			`/v1/sessions?state=ready&after=${page.next}`);
		assert.equal(next, null);
		agent.destroy();
	}));

// Nobody has to wait until it is too late for them.
test('who keeps the daemon waiting harms nobody', () => withApi(
	{ 'head-timeout': 0 },
	async ({ daemon, call, port }) => {
		const ada = await Client.open(daemon, '/one');
		const { customerId } = await ada.enter('startSession', 'Ada');
		const slow = Array.from({ length: 70 }, () => {
			const socket = net.connect(port, '127.0.0.1');
			socket.on('error', () => {});	// it may be ended
			socket.write('GET /v1/sessions HTTP/1.1\r\nHost: x\r\n');
			return socket;
		});
		ada.send('updateCart', { customerId, seq: 1, cartContent: {} });
		await ada.nextOf('updateCart');
		assert.equal((await call('GET', '/v1/sessions/one')).status, 200);
		for (const socket of slow)
			socket.destroy();
	}));

test('a caller that is gone is forgotten', () => withApi({},
	async ({ daemon, call, port }) => {
		const ada = await Client.open(daemon, '/one');
		await ada.enter('startSession', 'Ada');
		daemon.child.kill('SIGSTOP');
		const sockets = Array.from({ length: 20 }, (_, i) => {
			const socket = net.connect(port, '127.0.0.1');
			socket.write(`GET /v1/sessions/${i % 2 ? 'one' : 'none'} ` +
				`HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\n\r\n`);
			return socket;
		});
		await Promise.all(sockets.map((socket) =>
			new Promise((resolve) => socket.write('', resolve))));
		for (const socket of sockets)
			socket.resetAndDestroy();
		daemon.child.kill('SIGCONT');
		assert.equal((await call('GET', '/v1/sessions/one')).status, 200);
	}));

test('who asks while it stops is told so', () => withApi(
	{ 'drain-time': 3600 }, async ({ daemon, call }) => {
		const ada = await Client.open(daemon, '/one');
		ada.socket._socket.pause();
		daemon.child.kill('SIGTERM');
		await daemon.logged(/stopping on SIGTERM/);
		const answer = await call('GET', '/v1/sessions');
		assert.equal(answer.status, 503);
		assert.equal(answer.error.code, 'shuttingDown');
		assert.equal(answer.fields['retry-after'], '5');
		ada.socket.terminate();
		assert.equal(await daemon.ended, 0);
	}));

// Nothing is begun when the body comes at last.
test('who still sends a body while it stops is told so', () => withApi({},
	async ({ daemon, port }) => {
		const ada = new Shopper(daemon, 'one');
		await ada.enter('startSession', 'Ada');
		const socket = net.connect(port, '127.0.0.1');
		socket.write('POST /v1/sessions/one/end HTTP/1.1\r\nHost: a\r\n' +
			`Authorization: Bearer ${KEY}\r\nContent-Length: 2\r\n` +
			'Expect: 100-continue\r\n\r\n');
		const [head] = await once(socket, 'data');
		assert.match(String(head), /^HTTP\/1\.1 100 /);
		daemon.child.kill('SIGTERM');
		await daemon.logged(/stopping on SIGTERM/);
		socket.write('{}');
		const text = (await socket.toArray()).join('');
		assert.match(text, /^HTTP\/1\.1 503 [^]*"code":"shuttingDown"/);
		assert.equal(await daemon.ended, 0);
		assert.deepEqual((await journal(daemon.database, 'event')).flat(),
			['start']);
	}));

const metricsOf = (daemon) => new Promise((resolve) =>
	http.get({ socketPath: `${daemon.database}.admin`, path: '/metrics',
		agent: false }, async (response) =>
		resolve((await response.toArray()).join(''))));

test('answers and connections are counted', () => withApi({},
	async ({ daemon, call, port }) => {
		await call('GET', '/v1/sessions');
		await call('GET', '/v1/sessions/none');
		await call('GET', '/v1/sessions/none');
		await call('GET', '/', { key: null });
		await answersTo(port, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
		const text = await metricsOf(daemon);
		for (const [status, n] of [[200, 1], [404, 2], [401, 1], [503, 0]])
			assert.match(text, new RegExp('^buddyshopping_api_answers_total' +
				`\\{status="${status}"\\} ${n}$`, 'm'));
		assert.match(text, new RegExp('^buddyshopping_malformed_requests_total' +
			'\\{transport="api",status="400"\\} 1$', 'm'));
		assert.match(text, /^buddyshopping_api_connections 0$/m);
	}));

test('none of it is there until it is wanted', () => withPatience(async () => {
	const daemon = await Daemon.start({
		database: path.join(makeFolder(), 'shop.db') });
	assert.doesNotMatch(daemon.log, /shop's server/);
	const answer = await fetch(`http://127.0.0.1:${daemon.port}/v1/sessions`);
	assert.equal((await answer.json()).messages[0].payload.code,
		'invalidSession');
	assert.equal(await daemon.stop(), 0);
}));

test('its connections are kept free only where it listens', () =>
	withPatience(async () => {
		const database = path.join(makeFolder(), 'shop.db');
		const configuration = `${database}.conf`, keys = `${database}.keys`;
		const most = async ({ daemon }) => Number((await metricsOf(daemon))
			.match(/^buddyshopping_connections_max (\d+)$/m)[1]);
		const settings = { 'max-connections': 0 };
		fs.writeFileSync(configuration, '');
		const daemon = await Daemon.start({ database, configuration, settings });
		const before = await most({ daemon });
		fs.writeFileSync(keys, lineOf('tests', KEY));
		fs.writeFileSync(configuration, `api-keys = "${keys}"\n`);
		const { output } = await ctl(database, 'reload');
		assert.equal(output, 'api-keys: changed\n');
		assert.equal(await most({ daemon }), before);
		assert.equal(await daemon.stop(), 0);
		const api = await startApi(settings, database);
		assert.equal(await most(api), before === 0 ? 0 : before - 64);
		assert.equal(await api.daemon.stop(), 0);
	}));

// What the manual says, with this daemon's place and file for the printed ones.
test('the manual\'s examples are so', () => withApi({},
	async ({ daemon, port, configuration, keys }) => {
		const [settings, make, ask, lock, end, follow] =
			blocksFor(API, 'man/buddyshopping-api.7').map(({ text }) => text);
		const ada = new Shopper(daemon, 'picnic');
		await ada.enter('startSession', 'Ada');
		fs.writeFileSync(configuration, settings
			.replace('/etc/buddyshopping/api-keys', `"${keys}"`));
		await run(PROGRAM, ['-t', '-c', configuration]);
		const [, words] = make.match(/^buddyshoppingctl (.*)\n/);
		const { output } = await ctl(daemon.database, '-c', configuration,
			...words.split(' '));
		await ctl(daemon.database, 'reload');
		const { stdout } = await run('sh', ['-ec',
			(ask + lock + end + follow).replace('127.0.0.1:9090', `127.0.0.1:${port}`)],
		{ env: { ...process.env, KEY: output.trim(), no_proxy: '*' } });
		const [ready, one, locked, ended, happened] = stdout.trim().split('\n').map(JSON.parse);
		assert.deepEqual(ready, { sessions: [], next: null });
		assert.equal(one.id, 'picnic');
		assert.equal(locked.revision, 2);
		assert.deepEqual(locked.multicartContent, one.multicartContent);
		assert.deepEqual(ended, { id: 'picnic', incarnation: 1 });
		assert.deepEqual(happened.events.map(({ type }) => type),
			['session.started', 'session.locked', 'session.ended']);
	}));

test('what README says is so', () => withApi({}, async ({ daemon, port }) => {
	const [{ text }] = blocksFor(API, 'README.md');
	const ada = new Shopper(daemon, 'party');
	await ada.enter('startSession', 'Ada');
	await ada.post('customerReadyToCheckout',
		{ customerReadyToCheckout: true });
	const { stdout } = await run('sh', ['-ec',
		text.replaceAll('127.0.0.1:9090', `127.0.0.1:${port}`)],
	{ env: { ...process.env, KEY, no_proxy: '*' } });
	const [page, locked, ended] = stdout.trim().split('\n').map(JSON.parse);
	assert.deepEqual(page.sessions.map(({ id }) => id), ['party']);
	assert.equal(locked.multicartContent.length, 1);
	assert.equal(ended.incarnation, 1);
}));
